"""Images without a daemon before their judges: skopeo, podman, buildah, umoci and a real registry.

The images are made of this machine's busybox, which is linked statically.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engines
import pytest
from registries.docker import docker_registry

from packaging_targets.adapters.testing import Workspace

SKOPEO, UMOCI = shutil.which("skopeo") or "", shutil.which("umoci") or ""

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif("" in engines.TOOLS.values(), reason="buildah, podman, runc or busybox is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may unpack what belongs to others"),
]

TARGETS = """
    [[oci_image]]
    name = "base"
    image = "localhost/busybox:1"
    layers = [{ srcs = ["bin/**"] }]
    env = { PATH = "/bin" }

    [[oci_image]]
    name = "web"
    base = ":base"
    image = "localhost/web:1.0"
    layers = [
        { srcs = ["lib/**"], prefix = "/app" },
        { srcs = ["src/**"], prefix = "/app", owner = "1000:1000", executable = ["src/*.sh"] },
    ]
    user = "1000:1000"
    workdir = "/app"
    entrypoint = ["/bin/sh", "/app/src/answer.sh"]
    command = ["nobody"]
    env = { GREETING = "hello" }
    labels = { "org.opencontainers.image.title" = "web" }
    ports = [8080]
"""
SOURCES = {
    "lib/words.txt": "of all that is packed\n" * 400,
    "lib/deep/er/data.txt": "deep\n",
    "src/answer.sh": 'echo "$GREETING, $1: $(id -u) in $(pwd), $(wc -l <lib/words.txt) lines"\n',
}
ANSWER = "hello, nobody: 1000 in /app, 400 lines"


def repository(folder: Path, *, cache: Path | None = None) -> Workspace:
    """Write a repository whose images are small, and build it."""
    ws = Workspace(folder, cache=cache)
    ws.write({"images/TARGETS.toml": TARGETS, **{f"images/{path}": text for path, text in SOURCES.items()}})
    shutil.copy(engines.TOOLS["busybox"], ws.path("images/src").parent / "busybox")
    ws.path("images/bin").mkdir()
    ws.path("images/busybox").rename(ws.path("images/bin/busybox"))
    for name in ("sh", "id", "wc", "cat"):
        ws.path(f"images/bin/{name}").symlink_to("busybox")
    return ws


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    ws = repository(tmp_path_factory.mktemp("images") / "repo")
    run = ws.build()
    assert run.exit_code == 0, run.output
    return ws


@pytest.fixture(scope="module")
def engine() -> Iterator[engines.Engine]:
    with tempfile.TemporaryDirectory(prefix="e", dir="/tmp") as folder:
        found = engines.Engine(Path(folder))
        yield found
        found.close()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Run a registry; give its host."""
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not installed")
    with docker_registry(tmp_path / "registry") as host:
        yield host


def said(*command: str | Path) -> str:
    """Run a program; return what it said."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def layout(ws: Workspace, name: str = "web") -> Path:
    return ws.path(f"dist/images/{name}")


def led_to(folder: Path) -> dict[str, Any]:
    """Return the one descriptor of a layout's index."""
    (found,) = json.loads((folder / "index.json").read_text())["manifests"]
    return dict(found)


@pytest.mark.skipif(not SKOPEO, reason="skopeo is not installed")
def test_skopeo_inspects_and_copies_it(built: Workspace, tmp_path: Path) -> None:
    source = f"oci:{layout(built)}:1.0"
    about = json.loads(said(SKOPEO, "inspect", source))
    config = json.loads(said(SKOPEO, "inspect", "--config", source))
    assert about["Digest"] == led_to(layout(built))["digest"]
    assert (about["Os"], about["Architecture"], len(about["Layers"])) == ("linux", "amd64", 3)
    assert config["config"]["User"] == "1000:1000"
    assert config["config"]["Env"] == ["PATH=/bin", "GREETING=hello"]
    assert config["config"]["ExposedPorts"] == {"8080/tcp": {}}
    said(SKOPEO, "--insecure-policy", "copy", "--preserve-digests", source, f"oci:{tmp_path}/copy:1.0")
    assert led_to(tmp_path / "copy")["digest"] == about["Digest"]
    said(SKOPEO, "--insecure-policy", "copy", source, f"docker-archive:{tmp_path}/docker.tar:localhost/web:1.0")


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_podman_loads_and_runs_it(built: Workspace, engine: engines.Engine, tmp_path: Path, compression: str) -> None:
    ws = repository(tmp_path / "repo")
    text = ws.path("images/TARGETS.toml").read_text()
    more = f'tar = true\ncompression = "{compression}"\nbase = ":base"'
    ws.write({"images/TARGETS.toml": text.replace('base = ":base"', more)})
    run = ws.build()
    assert run.exit_code == 0, run.output
    engine.podman("load", "--input", str(ws.path("dist/images/web.tar")))
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
    told = engine.podman("run", "--rm", "--network", "none", "--pull=never", *limits, "localhost/web:1.0")
    assert told == ANSWER
    assert engine.about("localhost/web:1.0")["Config"]["Labels"]["org.opencontainers.image.title"] == "web"
    engine.podman("rmi", "--force", "localhost/web:1.0")


@pytest.mark.skipif(not UMOCI, reason="umoci is not installed")
def test_umoci_unpacks_it(built: Workspace, tmp_path: Path) -> None:
    said(UMOCI, "unpack", "--image", f"{layout(built)}:1.0", tmp_path / "bundle")
    root = tmp_path / "bundle/rootfs"
    assert (root / "app/lib/words.txt").read_text() == SOURCES["lib/words.txt"]
    assert os.readlink(root / "bin/sh") == "busybox"
    answer = (root / "app/src/answer.sh").stat()
    assert (answer.st_uid, answer.st_gid, answer.st_mode & 0o777) == (1000, 1000, 0o755)
    assert (root / "app/lib/words.txt").stat().st_uid == 0
    (bundle,) = [json.loads(path.read_text()) for path in (tmp_path / "bundle").glob("config.json")]
    assert bundle["process"]["args"] == ["/bin/sh", "/app/src/answer.sh", "nobody"]


def test_the_same_bytes_in_two_folders_under_two_umasks_with_any_number_of_workers(
    built: Workspace, tmp_path: Path
) -> None:
    wanted = built.contents("dist/images")
    for number, (umask, jobs) in enumerate([(0o077, 1), (0o002, 2)]):
        before = os.umask(umask)
        try:
            ws = repository(tmp_path / f"elsewhere-{number}" / "another name", cache=tmp_path / f"cache-{number}")
            assert ws.build(jobs=jobs).restored == []
        finally:
            os.umask(before)
        assert ws.contents("dist/images") == wanted


def test_what_is_published_is_pulled_and_run(
    built: Workspace, engine: engines.Engine, registry: str, tmp_path: Path
) -> None:
    ws = repository(tmp_path / "repo")
    text = ws.path("images/TARGETS.toml").read_text()
    place = f'publish = {{ registry = "http://{registry}", repository = "acme/web" }}'
    ws.write({"images/TARGETS.toml": text.replace('base = ":base"', f'base = ":base"\nsbom = ["spdx"]\n{place}')})
    first = ws.packaging("publish", "//images:web")
    assert first.exit_code == 0, first.output
    again = ws.packaging("publish", "//images:web", "--format", "json")
    assert again.exit_code == 0, again.output
    name = f"{registry}/acme/web:1.0"
    engine.podman("pull", "--tls-verify=false", name)
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
    assert engine.podman("run", "--rm", "--network", "none", *limits, name) == ANSWER
    digest = led_to(layout(ws))["digest"]
    assert engine.about(name)["Digest"] == digest
    # A base out of the registry, by its digest, comes down once.
    pulled = f"{registry}/acme/web@{digest}"
    ws.write({"more/TARGETS.toml": f'[[oci_image]]\nname = "on"\nbase = "{pulled}"\nsrcs = ["x"]', "more/x": "x"})
    run = ws.build("//more:on")
    assert run.exit_code == 0, run.output
    blobs = {path.name for path in ws.path("dist/more/on/blobs/sha256").iterdir()}
    layers = json.loads((layout(ws) / "blobs/sha256" / digest[7:]).read_text())["layers"]
    assert {layer["digest"][7:] for layer in layers} <= blobs


@pytest.mark.skipif(not SKOPEO, reason="skopeo is not installed")
def test_an_index_of_several_platforms(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write(
        {
            "TARGETS.toml": """
                [workspace]

                [[oci_image]]
                name = "both"
                image = "both:2"
                platforms = ["linux/amd64", "linux/arm64"]
                layers = [
                    { srcs = ["shared"] },
                    { srcs = ["x86"], platform = "linux/amd64", rename = { x86 = "program" } },
                    { srcs = ["arm"], platform = "linux/arm64", rename = { arm = "program" } },
                ]
                entrypoint = ["/program"]
            """,
            "shared": "for both",
            "x86": "one",
            "arm": "other",
        }
    )
    run = ws.build()
    assert run.exit_code == 0, run.output
    found = {}
    for architecture in ("amd64", "arm64"):
        words = (SKOPEO, "--override-os", "linux", "--override-arch", architecture, "inspect")
        found[architecture] = json.loads(said(*words, f"oci:{ws.path('dist/both')}:2"))
        assert found[architecture]["Architecture"] == architecture
    assert found["amd64"]["Layers"][0] == found["arm64"]["Layers"][0]
    assert found["amd64"]["Layers"][1] != found["arm64"]["Layers"][1]
    said(SKOPEO, "--insecure-policy", "copy", "--all", f"oci:{ws.path('dist/both')}:2", f"oci:{tmp_path}/copy:2")
    assert led_to(tmp_path / "copy")["digest"] == led_to(ws.path("dist/both"))["digest"]


def seen(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of each blob: what is the same was not written again."""
    stats = {path.name: path.stat() for path in (folder / "blobs/sha256").iterdir()}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


@pytest.mark.parametrize("change", ["images/src/answer.sh", "images/src/new.sh"])
def test_a_change_in_the_top_layer_writes_that_layer_only(tmp_path: Path, change: str) -> None:
    ws = repository(tmp_path / "repo")
    ws.build()
    before = seen(layout(ws))
    ws.write({change: "echo changed\n"})
    run = ws.build()
    assert run.built == ["//images:web#image", "//images:web#layer-2"]
    after = seen(layout(ws))
    kept = before.items() & after.items()
    assert len(before) == len(after) == 5  # three layers, a config and a manifest
    assert len(kept) == 2
    assert ws.build().built == []
