"""`${PACKAGE_ROOT}`: how hooks, servers and texts name files of their own package."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

_REFERENCE = re.compile(r"\$\{PACKAGE_ROOT\}(?:/([^\s\"'`$<>|;&()]*[^\s\"'`$<>|;&().,:!?*_\]}]))?")


def references(text: str) -> Iterator[str]:
    """Yield the paths that a text names below the package's root; the root itself is the empty path."""
    for found in _REFERENCE.finditer(text):
        yield found[1] or ""


def relocated(text: str, place: Callable[[str], str]) -> str:
    """Return a text with `place(path)` for every path below the package's root."""
    return _REFERENCE.sub(lambda found: place(found[1] or ""), text)


def exists(path: str, files: Iterable[str]) -> bool:
    """Tell whether a package has a file, or a folder with files in it, at a path that was referred to."""
    plain = "/".join(part for part in path.split("/") if part not in {"", "."})
    return not plain or any(file == plain or file.startswith(f"{plain}/") for file in files)


def brought_by(path: str, files: Iterable[str]) -> Iterator[str]:
    """Yield the files that have to come along for a path to work: all of the folder at the root that it lies in.

    Of a skill it is the skill's folder, and a file at the root comes alone; the root itself means all files.
    """
    parts = [part for part in path.split("/") if part not in {"", "."}]
    depth = 2 if parts[:1] == ["skills"] else 1
    folder = "/".join(parts[:depth]) + "/" if parts else ""
    for file in files:
        if file.startswith(folder) or file == "/".join(parts):
            yield file
