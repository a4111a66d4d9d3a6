"""`${PACKAGE_ROOT}`: how hooks, servers and texts name files of their own package.

A path ends where a word does. Between quotes it may have spaces, where the package has a file that is called so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

_REFERENCE = re.compile(r"\$\{PACKAGE_ROOT\}(?:/([^\s\"'`$<>|;&()\\]*[^\s\"'`$<>|;&()\\.,:!?*_\]}]))?")
_QUOTED = re.compile(r"\$\{PACKAGE_ROOT\}/([^\"'`$\n]+)(?=[\"'])")


def references(text: str, files: Collection[str]) -> Iterator[str]:
    """Yield the paths that a text names below the root of the package with `files`; the root is the empty path."""
    for path, _, _ in _found(text, files):
        yield path


def relocated(text: str, files: Collection[str], place: Callable[[str], str]) -> str:
    """Return a text with `place(path)` for every path below the root of the package with `files`."""
    parts, done = [], 0
    for path, start, end in _found(text, files):
        parts += [text[done:start], place(path)]
        done = end
    return "".join((*parts, text[done:]))


def _found(text: str, files: Collection[str]) -> Iterator[tuple[str, int, int]]:
    for found in _REFERENCE.finditer(text):
        is_quoted = text[found.start() - 1 : found.start()] in {'"', "'"}
        quoted = _QUOTED.match(text, found.start()) if is_quoted else None
        taken = quoted if quoted and quoted[1] in files else found
        yield taken[1] or "", *taken.span()


def exists(path: str, files: Iterable[str]) -> bool:
    """Tell whether a package has a file, or a folder with files in it, at a path that was referred to."""
    plain = _plain(path)
    return not plain or any(is_at(file, plain) for file in files)


def is_at(file: str, path: str) -> bool:
    """Tell whether a file is what a path names, or lies below it; all lies below the root, the empty path."""
    plain = _plain(path)
    return not plain or file == plain or file.startswith(f"{plain}/")


def brought_by(path: str, files: Iterable[str]) -> Iterator[str]:
    """Yield the files that have to come along for a path to work: all of the folder at the root that it lies in.

    Of a skill it is the skill's folder, and a file at the root comes alone; the root itself means all files.
    """
    parts = _plain(path).split("/")
    folder = "/".join(parts[: 2 if parts[0] == "skills" else 1])
    for file in files:
        if is_at(file, folder):
            yield file


def _plain(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in {"", "."})
