"""The rendered Dockerfiles before their judges: hadolint and buildah."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace

API = "ops/packaging/services/api.Dockerfile"
TARGET = """
    [[service]]
    name = "api"
    base = "localhost/python:1"
    port = 80
    health_path = "/up"
    build_args = { VERSION = "1.2" }
    labels = { "a.b" = '$x "q"' }
    env = { GREETING = 'costs $HOME, "says" she \\o/ #x' }
    """
FILES = {
    "services/api/TARGETS.toml": TARGET,
    "services/api/main.py": "print(1)\n",
    "services/api/requirements.txt": "flask\n",
    "services/api/[id]/(g)/a b.txt": "",
    "services/api/.env": "TOKEN=x\n",
    "services/other/x.py": "",
}
# As much of Debian and of Python as the steps of the template call for.
APT_GET = "#!/bin/sh\ncp /bin/busybox /usr/bin/tini-static\n"
PYTHON = """\
#!/bin/sh
mkdir -p $3/bin
printf '#!/bin/sh\\necho "$@" > /opt/venv/log; ls >> /opt/venv/log\\n' > $3/bin/pip
chmod +x $3/bin/pip
"""


FIELDS = """
    port = 3000
    health_path = "/up"
    entrypoint = ["/bin/x", "$y"]
    command = ["z"]
    platforms = ["linux/arm64"]
    env = { GREETING = 'costs $HOME, "says" she #x', EMPTY = "" }
    labels = { "a.b" = '$x "q"' }
    build_args = { VERSION = "1.2", MIRROR = "https://example.org/$x" }
    """
MODULES: dict[str, dict[str, str]] = {
    "python": {"main.py": ""},
    "python-requirements": {"requirements.txt": "./wheels/x.whl\n", "wheels/x.whl": "", "app.py": ""},
    "python-project": {"pyproject.toml": '[project]\nname = "c"\ndependencies = ["x"]\n'},
    "python-package": {"pyproject.toml": '[project]\nname = "c"\ndependencies = ["x"]\n[build-system]\n'},
    "node": {"server.js": "", "package.json": "{}"},
    "node-lock": {"server.js": "", "package.json": "{}", "package-lock.json": "{}", ".npmrc": ""},
    "node-build": {"package.json": '{"scripts": {"build": "tsc"}}', "package-lock.json": "{}"},
    "go": {"go.mod": "module b\n", "main.go": ""},
    "go-vendored": {"go.mod": "module b\n", "go.sum": "", "main.go": "", "vendor/modules.txt": ""},
    "go-program": {"go.mod": "module b\n", "go.sum": "", "cmd/x/main.go": ""},
}
VARIANTS = {"least": "", "port": "port = 3000\n", "most": FIELDS}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every template, in every variant that a module's files ask for, least and most; as any of the types."""
    ws = Workspace(tmp_path_factory.mktemp("rendered") / "repo")
    ws.write({"TARGETS.toml": "[workspace]\n"})
    for number, (name, files) in enumerate(MODULES.items()):
        for variant, fields in VARIANTS.items():
            rule = ("service", "job", "app")[number % 3]
            entry = f'[[{rule}]]\nname = "{name}-{variant}"\n{textwrap.dedent(fields)}'
            ws.write({f"{variant}/{name}/{path}": text for path, text in files.items()})
            ws.write({f"{variant}/{name}/TARGETS.toml": entry})
    run = ws.build()
    assert run.exit_code == 0, run.output
    paths = [path for path in ws.paths("ops") if path.endswith(".Dockerfile")]
    assert len(paths) == len(MODULES) * len(VARIANTS)
    return {path.rpartition("/")[2].removesuffix(".Dockerfile"): ws.path(path) for path in paths}


@pytest.mark.service
@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_has_nothing_to_say(rendered: dict[str, Path], tmp_path: Path) -> None:
    command = ["hadolint", *map(str, rendered.values())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""
    (tmp_path / "Dockerfile").write_text("FROM x\nRUN cd /tmp\n")  # it does look
    done = subprocess.run(["hadolint", str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False)
    assert {"DL3006", "DL3003"} <= set(done.stdout.split())


def test_every_rendered_file_keeps_what_hadolint_does_not_look_for(rendered: dict[str, Path]) -> None:
    """The last user by number, a tag on every image, a health check where there is a port, and no shell to start."""
    for name, path in rendered.items():
        text = path.read_text()
        last = text.rpartition("\nFROM ")[2]
        assert "\nUSER 65532:65532\n" in last, name
        assert "\nSTOPSIGNAL SIGTERM\n" in last, name
        has_port = not name.endswith("-least")
        assert ("\nHEALTHCHECK " in last, "\nEXPOSE 3000\n" in last) == (has_port, has_port), name
        for line in text.splitlines():
            word, _, rest = line.strip().partition(" ")
            if word == "FROM":
                image = rest.removeprefix("--platform=$BUILDPLATFORM ").partition(" ")[0]
                assert re.search(r":(?!latest$)[\w.-]+$", image), (name, line)
            if word in {"CMD", "ENTRYPOINT"}:
                assert isinstance(json.loads(rest), list), (name, line)
            assert word not in {"ADD", "VOLUME", "MAINTAINER"}, (name, line)


class Buildah:
    """Builds without a daemon, root file systems in a folder of their own, and never the network."""

    def __init__(self, folder: Path) -> None:
        self.storage = [
            "--root",
            f"{folder}/storage",
            "--runroot",
            f"{folder}/run",
            "--storage-driver",
            "vfs",
        ]

    def __call__(self, *words: str, cwd: Path | None = None) -> str:
        command = ["buildah", *self.storage, *words]
        return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()

    def make_base(self, folder: Path, *tags: str) -> None:
        for name in ("bin", "usr/bin", "var/lib/apt/lists", "sbin", "tmp"):
            (folder / "root" / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", folder / "root/bin/busybox")
        for name in ("sh", "ls", "cp", "mkdir", "rm", "chmod"):
            (folder / "root/bin" / name).symlink_to("busybox")
        for name, text in (("apt-get", APT_GET), ("python", PYTHON)):
            (folder / "root/usr/bin" / name).write_text(text)
            (folder / "root/usr/bin" / name).chmod(0o755)
        (folder / "Dockerfile").write_text("FROM scratch\nCOPY root /\nENV PATH=/usr/bin:/bin\n")
        for tag in tags:
            self("bud", "--isolation", "chroot", "--tag", tag, ".", cwd=folder)


@pytest.mark.service
def test_buildah_builds_what_is_declared_and_means_what_was_written(ws: Workspace, tmp_path: Path) -> None:
    buildah = Buildah(tmp_path)
    buildah.make_base(tmp_path / "base", "localhost/python:1", "docker.io/library/debian:13-slim")
    ws.write(FILES)
    assert ws.build().exit_code == 0
    options = ["--isolation", "chroot", "--pull-never", "--format", "docker", "--build-arg", "REVISION=abc"]
    buildah("bud", *options, "--file", API, "--tag", "localhost/api:1", ".", cwd=ws.root)
    config = json.loads(buildah("inspect", "--type", "image", "localhost/api:1"))["Docker"]["config"]
    assert 'GREETING=costs $HOME, "says" she \\o/ #x' in config["Env"]
    labels = {name: text for name, text in config["Labels"].items() if "buildah" not in name}
    oci = {"title": "api", "version": "1.2", "revision": "abc", "source": ""}
    assert labels == {f"org.opencontainers.image.{name}": text for name, text in oci.items()} | {"a.b": '$x "q"'}
    assert (config["User"], config["WorkingDir"], config["StopSignal"]) == ("65532:65532", "/app", "SIGTERM")
    assert config["Entrypoint"] + config["Cmd"] == ["/sbin/tini", "--", "python", "main.py"]
    assert config["Healthcheck"]["Test"][-1] == "http://127.0.0.1:80/up"
    root = buildah("mount", buildah("from", "--pull-never", "localhost/api:1"))
    found = {path.relative_to(root).as_posix() for path in Path(root, "app").rglob("*") if path.is_file()}
    assert found == {"app/main.py", "app/requirements.txt", "app/[id]/(g)/a b.txt"}
    log = Path(root, "opt/venv/log").read_text()
    assert log == "install --requirement requirements.txt\nrequirements.txt\n"
