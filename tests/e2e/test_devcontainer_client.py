"""The judge of what is published: the reference client of Dev Containers, with Debian's registry, podman and runc.

DEVCONTAINER names the client, or it is on PATH: npm install @devcontainers/cli
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from registries.docker import docker_registry, free_port

from packaging_targets.adapters.testing import Workspace

CLIENT = os.environ.get("DEVCONTAINER") or shutil.which("devcontainer") or ""
ENGINE = [shutil.which(name) for name in ("podman", "runc", "busybox")]
BASE = "localhost/base:1"

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not CLIENT, reason="@devcontainers/cli is not installed"),
    pytest.mark.skipif(shutil.which("docker-registry") is None, reason="docker-registry is not installed"),
]
with_engine = pytest.mark.skipif(None in ENGINE, reason="podman, runc or busybox is not installed")

# An engine without a daemon, which needs no rights that a container of a CI may lack.
PODMAN = """\
#!/bin/sh
set -- "$@"
options="--root {root}/root --runroot {root}/run --storage-driver vfs --cgroup-manager cgroupfs --events-backend file"
options="$options --tmpdir {root}/tmp --runtime {runc}"
limits="--ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
case "$1" in
    build) shift; exec podman $options build --isolation chroot --network host --pull=never --format docker "$@" 2>&1 ;;
    run) shift; exec podman $options run --network none --pull=never $limits "$@" ;;
    *) exec podman $options "$@" ;;
esac
"""

ALPHA = """\
    {
        // The client installs this one first.
        "id": "alpha",
        "version": "1.2.3",
        "name": "Alpha, größer",
        "options": { "who": { "type": "string", "default": "nobody", "description": "whom to greet" } },
    }
    """
INSTALL = """\
    #!/bin/sh
    set -e
    echo "$WHO" > /etc/greeted
    cp lib/words.txt /etc/words
    """
TESTED = """\
    #!/bin/sh
    set -e
    grep -q nobody /etc/greeted
    grep -q hello /etc/words
    """


@dataclass
class Client:
    """The reference client, in a folder of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: PLW1510  # what it says is shown
            ["node", CLIENT, *words] if CLIENT.endswith(".js") else [CLIENT, *words],
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder), "TMPDIR": str(self.folder), **self.environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0 or not check, done.stderr[-3000:] + done.stdout[-3000:]
        return done

    def json(self, *words: str) -> Any:
        text = self.run(*words).stdout
        return json.loads(text[text.index("{") :])


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


def collection(root: Path, host: str) -> Workspace:
    """Return a workspace with a collection: beta depends on alpha, gamma comes after it."""
    ws = Workspace(root)
    publish = f'publish = {{ registry = "{host}", namespace = "acme/features" }}'
    ws.write({"TARGETS.toml": f'[workspace]\n[[feature_collection]]\nname = "features"\n{publish}\n'})
    ws.write({"src/alpha/devcontainer-feature.json": ALPHA, "src/alpha/lib/words.txt": "hello\n"})
    ws.write({"src/alpha/install.sh": INSTALL}, executable=True)
    for name, key, value in (("beta", "dependsOn", {f"{host}/acme/features/alpha": {"who": "beta"}}), ("gamma", "installsAfter", [f"{host}/acme/features/alpha"])):  # fmt: skip
        metadata = {"id": name, "version": "2.0.0", "name": name, key: value}
        ws.write({f"src/{name}/devcontainer-feature.json": json.dumps(metadata)})
        ws.write({f"src/{name}/install.sh": f"#!/bin/sh\ntouch /etc/{name}\n"})
    ws.write({"test/alpha/test.sh": TESTED}, executable=True)
    return ws


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[tuple[str, Workspace]]:
    folder = tmp_path_factory.mktemp("published")
    with docker_registry(folder / "registry", port=port) as host:
        ws = collection(folder / "repo", host)
        run = ws.packaging("publish")
        assert run.exit_code == 0, run.output
        yield host, ws


def using(folder: Path, host: str) -> Path:
    """Write a project that uses the published features."""
    features: dict[str, dict[str, str]] = {
        f"{host}/acme/features/{name}:{tag}": {} for name, tag in (("alpha", "1"), ("beta", "2"), ("gamma", "latest"))
    }
    (folder / ".devcontainer").mkdir(parents=True)
    config = {"image": BASE, "features": features}
    (folder / ".devcontainer" / "devcontainer.json").write_text(json.dumps(config))
    return folder / ".devcontainer" / "devcontainer-lock.json"


def test_info_shows_what_was_published(published: tuple[str, Workspace], tmp_path: Path) -> None:
    host, _ = published
    client = Client(tmp_path)
    told = client.json("features", "info", "tags", f"{host}/acme/features/alpha", "--output-format", "json")
    assert sorted(told["publishedTags"]) == ["1", "1.2", "1.2.3", "latest"]
    told = client.json("features", "info", "manifest", f"{host}/acme/features/alpha:1", "--output-format", "json")
    assert told["manifest"]["annotations"]["dev.containers.metadata"].startswith('{"id":"alpha","version":"1.2.3"')
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", told["canonicalId"].partition("@")[2])


def test_dependencies_are_resolved_and_locked(published: tuple[str, Workspace], tmp_path: Path) -> None:
    host, _ = published
    client = Client(tmp_path)
    lock = using(tmp_path, host)
    order = client.json("features", "resolve-dependencies", "--workspace-folder", str(tmp_path))["installOrder"]
    assert [one["id"].partition("@")[0].rpartition("/")[2] for one in order] == ["alpha", "alpha", "beta", "gamma"]
    client.run("upgrade", "--workspace-folder", str(tmp_path))
    locked = json.loads(lock.read_text())["features"]
    versions = {key.rpartition("/")[2]: one["version"] for key, one in locked.items()}
    assert versions == {"alpha": "1.2.3", "alpha:1": "1.2.3", "beta:2": "2.0.0", "gamma:latest": "2.0.0"}


def test_the_same_sources_published_again_elsewhere_keep_a_lock(
    published: tuple[str, Workspace], tmp_path: Path
) -> None:
    """The reference client's own packer gives other digests each time, and a frozen lock file fails on them."""
    host, _ = published
    client = Client(tmp_path)
    lock = using(tmp_path / "project", host)
    client.run("upgrade", "--workspace-folder", str(tmp_path / "project"))
    before = json.loads(lock.read_text())
    with docker_registry(tmp_path / "another") as other:
        # Metadata names the registry where features depend on each other, so it is the same text that is published.
        ws = collection(tmp_path / "repo", host)
        ws.build()
        run = ws.packaging("features", "publish", "dist/features", "-r", other, "-n", "acme/features")
        assert run.exit_code == 0, run.output
        for key, one in before["features"].items():
            name = key.rpartition("/")[2]
            told = client.json(
                "features", "info", "manifest", f"{other}/acme/features/{name}", "--output-format", "json"
            )
            assert told["canonicalId"].partition("@")[2] == one["integrity"]


@pytest.fixture(scope="module")
def short_folder() -> Iterator[Path]:
    """A folder with a short name: podman takes no more than 50 characters, and pytest's own are longer in a worker."""
    folder = Path(tempfile.mkdtemp(prefix="pt-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def engine(short_folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Give a program that is called as docker is, with an image of busybox to build upon."""
    root = short_folder
    (root / "tmp").mkdir()
    program = root / "docker"
    program.write_text(PODMAN.format(root=root, runc=ENGINE[1]))
    program.chmod(0o755)
    rootfs = root / "rootfs"
    for name in ("bin", "etc", "tmp", "root", "usr/bin", "var", "proc", "sys", "dev"):
        (rootfs / name).mkdir(parents=True)
    shutil.copy(str(ENGINE[2]), rootfs / "bin" / "busybox")
    for applet in subprocess.run([str(ENGINE[2]), "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet != "busybox":
            (rootfs / "bin" / applet).symlink_to("busybox")
    (rootfs / "bin" / "bash").write_text('#!/bin/sh\nexec sh "$@"\n')
    (rootfs / "bin" / "bash").chmod(0o755)
    (rootfs / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (rootfs / "etc" / "group").write_text("root:x:0:\n")
    tar = subprocess.run(["tar", "-C", str(rootfs), "-c", "."], capture_output=True, check=True).stdout
    done = subprocess.run([str(program), "import", "-", BASE], input=tar, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"podman does not work here: {done.stderr.decode()[-200:]}")
    yield root, {"PATH": f"{root}:{os.environ['PATH']}"}
    subprocess.run([str(program), "system", "reset", "--force"], capture_output=True, check=False)


@with_engine
def test_a_frozen_lock_file_builds_after_publishing_again(
    published: tuple[str, Workspace], engine: tuple[Path, dict[str, str]], tmp_path: Path, port: int
) -> None:
    host, ws = published
    root, environment = engine
    client = Client(tmp_path, environment)
    lock = using(tmp_path / "project", host)
    client.run("upgrade", "--workspace-folder", str(tmp_path / "project"))
    before = lock.read_bytes()
    # The registry loses everything; the same sources, in another folder, are published again.
    shutil.rmtree(ws.root.parent / "registry" / "store")
    again = collection(tmp_path / "again", host)
    run = again.packaging("publish")
    assert run.output.splitlines()[-1] == "published: 4"
    words = ("--docker-path", str(root / "docker"), "--buildkit", "never", "--frozen-lockfile")
    built = client.run(
        "build", "--workspace-folder", str(tmp_path / "project"), *words, "--image-name", "localhost/out:1"
    )
    assert json.loads(built.stdout.splitlines()[-1])["outcome"] == "success"
    assert lock.read_bytes() == before
    command = [
        str(root / "docker"),
        "run",
        "--rm",
        "localhost/out:1",
        "sh",
        "-c",
        "cat /etc/greeted /etc/words; ls /etc/beta /etc/gamma",
    ]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert seen.split()[-3:] == ["hello", "/etc/beta", "/etc/gamma"]


@with_engine
def test_the_clients_own_tests_of_a_feature_pass(
    published: tuple[str, Workspace], engine: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    _, ws = published
    _, environment = engine
    client = Client(tmp_path, environment)
    done = client.run(
        "features", "test", "-f", "alpha", "-i", BASE, "--skip-scenarios", "--skip-duplicated", str(ws.root)
    )
    assert "Passed" in done.stdout + done.stderr
