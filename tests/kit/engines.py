"""A container engine in a folder of its own, and images made of this machine's own Python, Node and Go.

buildah builds and podman runs, as root but with as few other rights as they get along with, and never with a network.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TOOLS = {name: shutil.which(name) or "" for name in ("buildah", "podman", "runc", "busybox", "unshare")}
MANYLINUX = (
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
)
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")  # what is always allowed
APT_GET = """\
#!/bin/sh
# Debian's registry of packages is out of reach: the one package that is asked for lies here.
[ "$*" = update ] || [ "$*" = "install -y --no-install-recommends tini" ] || exit 1
cp /opt/tini-static /usr/bin/tini-static
"""


class Engine:
    """An engine whose images and containers all lie in `folder`, which has a name of few letters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tmp").mkdir()
        # podman would look for a network of its own and for systemd
        (folder / "containers.conf").write_text('[engine]\nevents_logger = "file"\n')
        self._own = {"TMPDIR": f"{folder}/tmp", "CONTAINERS_CONF": f"{folder}/containers.conf"}
        self._environment = {**os.environ, **self._own}
        self._storage = ("--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs")

    def settings(self) -> dict[str, str]:
        """Return the environment in which programs find these images by themselves."""
        storage = f'driver = "vfs"\ngraphroot = "{self.folder}/root"\nrunroot = "{self.folder}/run"\n'
        (self.folder / "storage.conf").write_text(f"[storage]\n{storage}")
        return {**self._own, "CONTAINERS_STORAGE_CONF": f"{self.folder}/storage.conf"}

    def build(self, *words: str, context: Path) -> str:
        """Build an image; return what the build said."""
        options = ("--isolation", "chroot", "--network", "host", "--pull-never", "--format", "docker")
        return self._run("unshare", "--net", "buildah", *self._storage, "bud", *options, *words, ".", cwd=context)

    def podman(self, *words: str) -> str:
        """Run podman; return what it printed."""
        return self._run(*self._podman(), *words)

    def log(self, container: str) -> str:
        """Return what the program of a container has said so far."""
        command = [*self._podman(), "logs", container]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def start(self, image: str, *words: str) -> str:
        """Start a container in the background, with the network of this machine; return its id."""
        return self.podman("run", "--detach", "--network", "host", "--pull=never", *LIMITS, image, *words)

    def stopped(self, container: str) -> tuple[int, float]:
        """Stop a container as engines do; return its exit code, and how many seconds that took."""
        before = time.monotonic()
        self.podman("kill", "--signal", "TERM", container)
        return int(self.podman("wait", container)), time.monotonic() - before

    def about(self, image: str) -> dict[str, Any]:
        """Return what the engine knows of an image."""
        found: dict[str, Any] = json.loads(self.podman("image", "inspect", image))[0]
        return found

    def make(self, files: Path, *tags: str, env: str = "PATH=/usr/local/bin:/usr/bin:/bin") -> None:
        """Make an image of nothing but the files in a folder."""
        (files.parent / f"{files.name}.Dockerfile").write_text(f"FROM scratch\nCOPY {files.name} /\nENV {env}\n")
        for tag in tags:
            self.build("--file", f"{files.name}.Dockerfile", "--tag", tag, context=files.parent)

    def close(self) -> None:
        """Stop and remove everything."""
        self.podman("system", "reset", "--force")

    def _podman(self) -> tuple[str, ...]:
        mode = ("--cgroup-manager", "cgroupfs", "--runtime", TOOLS["runc"], "--tmpdir", f"{self.folder}/tmp")
        return "podman", *self._storage, *mode

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        done = subprocess.run(command, cwd=cwd, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()


def system(root: Path) -> Path:
    """Make a file system with a shell and the smallest tools."""
    for name in ("bin", "dev", "etc", "opt", "proc", "root", "sbin", "sys", "usr/bin", "usr/local/bin", "var"):
        (root / name).mkdir(parents=True)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    shutil.copy(TOOLS["busybox"], root / "bin/busybox")
    for applet in _said(TOOLS["busybox"], "--list"):
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    return root


def debian(root: Path, tini: str) -> Path:
    """Make a file system from which `tini` can be installed."""
    system(root)
    shutil.copy(tini, root / "opt/tini-static")
    (root / "usr/bin/apt-get").write_text(APT_GET)
    (root / "usr/bin/apt-get").chmod(0o755)
    return root


def python(root: Path) -> Path:
    """Make a file system with the Python that runs this, as far as a service needs it, with venv and pip."""
    system(root)
    program = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    junk = ("__pycache__", "test", "tests", "site-packages", "dist-packages", "config-*", "idlelib", "tkinter", "*.a")
    _place(root, [program])
    shutil.copytree(library, root / library.relative_to("/"), ignore=shutil.ignore_patterns(*junk))
    _libraries(root, [program, *map(str, library.glob("lib-dynload/*.so"))])
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to(program)
    wheels = Path("/usr/share/python-wheels")  # where Debian keeps the pip of `ensurepip`
    if wheels.is_dir():
        shutil.copytree(wheels, root / wheels.relative_to("/"))
    return root


def add_wheels(root: Path, wheels: Path) -> None:
    """Let pip of a file system with Python install from a folder, and have the libraries that all wheels expect."""
    shutil.copytree(wheels, root / "opt/wheels")
    (root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /opt/wheels\n")
    home = _home_of_libraries(os.path.realpath(sys.executable))
    _place(root, [path for path in (f"{home}/{name}" for name in MANYLINUX) if os.path.exists(path)])


def node(root: Path) -> Path:
    """Make a file system with the Node and the npm of this machine."""
    system(root)
    program = os.path.realpath(str(shutil.which("node")))
    cli = Path(os.path.realpath(str(shutil.which("npm"))))
    package = cli.parents[1] if cli.parents[2].name != "nodejs" else cli.parents[2]  # Debian's npm lies among others
    _place(root, [program])
    _libraries(root, [program])
    shutil.copytree(package, root / package.relative_to("/"), symlinks=True)
    (root / "usr/local/bin/node").symlink_to(program)
    (root / "usr/local/bin/npm").symlink_to(cli)
    (root / "usr/bin/env").symlink_to("/bin/busybox")
    return root


def go(root: Path) -> Path:
    """Make a file system with the Go of this machine."""
    system(root)
    home = Path(_said(str(shutil.which("go")), "env", "GOROOT")[0])
    shutil.copytree(home, root / "usr/local/go", ignore=shutil.ignore_patterns("testdata", "*_test.go", "test"))
    (root / "usr/local/bin/go").symlink_to("/usr/local/go/bin/go")
    return root


def _place(root: Path, files: Iterable[str]) -> None:
    for file in files:
        target = root / file.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def _libraries(root: Path, programs: Iterable[str]) -> None:
    """Copy the shared libraries of programs to where the C library is, which is looked for without a cache too."""
    programs = list(programs)
    found = {path for program in programs for path in _needed(program)}
    home = _home_of_libraries(*programs)
    for path in sorted(found):
        is_loader = os.path.basename(path).startswith("ld-")
        target = root / (path if is_loader else os.path.join(home, os.path.basename(path))).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def _home_of_libraries(*programs: str) -> str:
    found = (path for program in programs for path in _needed(program))
    return next(os.path.dirname(path) for path in found if re.search(r"/libc\.[\w.]+$", path))


def _needed(program: str) -> list[str]:
    """Return the paths of the shared libraries that a program is linked with."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


def _said(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
