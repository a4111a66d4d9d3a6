"""A monorepo as it lies in a folder, and what builds make of it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from monorepo import Monorepo, Source

from packaging_targets.adapters.testing import Workspace

_OUTPUT_FOLDERS = ("dist", "ops", "docs")


class Checkout:
    """A folder that holds what a Monorepo says: only what differs is written, as an editor would."""

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        root.mkdir(parents=True)
        (root / "TARGETS.toml").write_text("[workspace]\n")
        self.ws = Workspace(root, cache=cache)
        self._held: dict[str, Source] = {}

    def take(self, repo: Monorepo) -> None:
        files = repo.files()
        for path in self._held.keys() - files.keys():
            self.ws.path(path).unlink()
            _remove_empty(self.ws.path(path).parent)
        for path in sorted(files):
            if files[path] != self._held.get(path):
                self._put(path, files[path])
        self._held = files

    def _put(self, path: str, source: Source) -> None:
        place = self.ws.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.link:
            place.symlink_to(source.link)
            return
        same_size = place.exists() and place.stat().st_size == len(source.data)
        times = place.stat() if same_size else None
        place.write_bytes(source.data)
        place.chmod(0o755 if source.executable else 0o644)
        if times:  # the edit that mtimes do not show
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))

    def outputs(self) -> dict[str, tuple[bytes, bool]]:
        """Return bytes and executable bit of every output, by path."""
        return dict(self._outputs())

    def _outputs(self) -> Iterator[tuple[str, tuple[bytes, bool]]]:
        for folder in _OUTPUT_FOLDERS:
            for name in self.ws.paths(folder):
                path = self.ws.path(name)
                yield name, (path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))

    def forget(self) -> None:
        """Remove outputs, state and cache: the next build starts from nothing."""
        for folder in (*_OUTPUT_FOLDERS, ".packaging"):
            shutil.rmtree(self.ws.path(folder), ignore_errors=True)
        shutil.rmtree(self.ws.cache, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def rounds(default: int) -> int:
    """Return how many rounds a slow test goes: `PACKAGING_ROUNDS`, or all of them."""
    return int(os.environ.get("PACKAGING_ROUNDS", default))


def clean_outputs(repo: Monorepo, folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Build `repo` from nothing in `folder`, without any cache; return the outputs."""
    checkout = Checkout(folder / "clean")
    checkout.take(repo)
    run = checkout.ws.build()
    assert run.exit_code == 0, run.output
    outputs = checkout.outputs()
    shutil.rmtree(folder)
    return outputs


def differing(found: dict[str, tuple[bytes, bool]], wanted: dict[str, tuple[bytes, bool]]) -> list[str]:
    """Return the paths at which two sets of outputs part."""
    return sorted(path for path in found.keys() | wanted.keys() if found.get(path) != wanted.get(path))
