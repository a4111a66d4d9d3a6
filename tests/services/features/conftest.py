"""Folders of features for tests, and the verbs on them: as functions, and as the program that people run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rights import WITHOUT_RIGHTS

from packaging_targets.errors import PackagingError
from packaging_targets.services.features.package import FeaturePackaging, Result, package

CHECKOUT = Path(__file__).parents[3]
PROGRAM = (sys.executable, "-m", "packaging_targets.adapters.cli.features")


@dataclass(frozen=True)
class Ran:
    """What the program came to."""

    exit_code: int
    out: str
    err: str


@dataclass(frozen=True)
class Features:
    """A folder, which is the current one."""

    root: Path

    def path(self, name: str) -> Path:
        return self.root / name

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def feature(self, folder: str, /, **metadata: Any) -> None:
        """Write a valid feature into a folder, with other metadata; None drops a key."""
        name = folder.rpartition("/")[2] or "color"
        described = {"id": name, "version": "1.0.0", "name": name.title(), **metadata}
        kept = {key: value for key, value in described.items() if value is not None}
        start = f"{folder}/" if folder else ""
        self.write({f"{start}devcontainer-feature.json": json.dumps(kept), f"{start}install.sh": "#!/bin/sh\n"})
        self.path(f"{start}install.sh").chmod(0o755)

    def rest(self) -> None:
        """Let all files become so old that their stat can be trusted."""
        time.sleep(0.03)

    def package(self, target: str = ".", **options: Any) -> Result:
        return package(FeaturePackaging(target, **options))

    def refusal(self, target: str = ".", *, code: int = 1, **options: Any) -> str:
        """Return what is said when the request is refused."""
        with pytest.raises(PackagingError) as caught:
            package(FeaturePackaging(target, **options))
        assert caught.value.exit_code == code
        return str(caught.value)

    def output(self, folder: str = "output") -> dict[str, bytes]:
        """Return the bytes of all files below a folder; folders end in a slash and have none."""
        found = sorted(self.path(folder).rglob("*"))
        names = ((path, path.relative_to(self.path(folder)).as_posix()) for path in found)
        return {
            name + ("/" if path.is_dir() else ""): b"" if path.is_dir() else path.read_bytes() for path, name in names
        }

    def run(self, *arguments: str, before: tuple[str, ...] = (), **environment: str) -> Ran:
        """Run the program in a process of its own; `before` are words such as `setpriv …`."""
        paths = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH", ""))))
        env = {**os.environ, "PYTHONPATH": paths, **environment}
        done = subprocess.run([*before, *PROGRAM, *arguments], cwd=self.root, env=env, capture_output=True, check=False)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Features:
    """An empty folder, with an action cache of its own."""
    root = tmp_path / "work"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Features(root)


@pytest.fixture
def unprivileged() -> tuple[str, ...]:
    """Words before a command that make permissions count, for root too."""
    if WITHOUT_RIGHTS and not shutil.which(WITHOUT_RIGHTS[0]):
        pytest.skip("permissions do not count for root, and there is no setpriv")
    return tuple(WITHOUT_RIGHTS)
