"""Globs, as every field means them: `*` and `?` match within a path segment, `[abc]` a character, `**` any segments.

Whoever writes a glob may be a stranger, so matching one takes no more time than its length times that of the path.
What stands between two wildcards is taken where it comes first, which leaves the most to what follows: no other place
has to be tried, and none is, as the expressions are atomic.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_SPECIAL = re.compile(r"([\\\[\]^&~|]|(?<=-)-)")


@lru_cache(maxsize=4096)
def compile_glob(glob: str) -> re.Pattern[str]:
    """Return the regular expression of a glob; raises ValueError with what is wrong about it."""
    if glob.startswith("/") or not glob:
        raise ValueError("a glob is relative to its package")
    parts = glob.split("/")
    if ".." in parts or "." in parts:
        raise ValueError("a glob never leaves its package: it has no `.` or `..` parts")
    first, *others = _runs(parts)
    text = "/".join(map(_segment, first)) + ("/" if first and others else "")
    for run in others[:-1]:
        text += "(?>(?:[^/]++/)*?" + "".join(f"{_segment(part)}/" for part in run) + ")"
    if others:
        text += "(?:[^/]++/)*" + "/".join(map(_segment, others[-1])) if others[-1] else ".+"
    return re.compile(text, re.DOTALL)  # a name may have line breaks


def _runs(parts: Sequence[str]) -> list[list[str]]:
    """Return what stands before, between and behind the `**`; several of them in a row are one."""
    runs: list[list[str]] = [[]]
    for at, part in enumerate(parts):
        if part != "**":
            runs[-1].append(part)
        elif at == 0 or parts[at - 1] != "**":
            runs.append([])
    return runs


def _segment(part: str) -> str:
    pieces, at = [""], 0  # what stands before, between and behind the `*`
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            if len(pieces) == 1 or pieces[-1]:
                pieces.append("")
        elif char == "?":
            pieces[-1] += "[^/]"
        elif char == "[" and (end := part.find("]", at + 1)) > 0:
            pieces[-1] += _characters(part[at:end])
            at = end + 1
        else:
            pieces[-1] += re.escape(char)
    if len(pieces) == 1:
        return pieces[0]
    return pieces[0] + "".join(f"(?>[^/]*?{piece})" for piece in pieces[1:-1]) + f"[^/]*{pieces[-1]}"


def _characters(inside: str) -> str:
    """Return the regular expression of a set of characters."""
    negated = inside.startswith("!")
    members = _SPECIAL.sub(r"\\\1", inside[negated:])
    try:
        re.compile(f"[{members}]")
    except re.error as error:
        raise ValueError(f"`[{inside}]` is no set of characters: {error}") from None
    return f"[^/{members}]" if negated else f"(?!/)[{members}]"


def fixed_prefix(glob: str) -> str:
    """Return the folder below which all that a glob matches lies, empty for the package itself."""
    parts = glob.split("/")
    fixed: list[str] = []
    for part in parts[:-1]:
        if any(char in part for char in "*?["):
            break
        fixed.append(part)
    return "/".join(fixed)


def match_any(globs: Sequence[str]) -> Callable[[str], bool]:
    """Return a predicate: does any of the globs match the path? Raises ValueError with what is wrong about a glob."""
    patterns = [compile_glob(glob).fullmatch for glob in globs]
    if len(patterns) == 1:
        only = patterns[0]
        return lambda path: only(path) is not None
    return lambda path: any(match(path) for match in patterns)
