"""Globs, as every field means them: `*` and `?` match within a path segment, `[abc]` a character, `**` any segments."""

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
    text = ""
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part == "**":
            text += ".+" if last else "(?:[^/]+/)*"
        else:
            text += _segment(part) + ("" if last else "/")
    return re.compile(text, re.DOTALL)  # a name may have line breaks


def _segment(part: str) -> str:
    text, at = "", 0
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            text += "[^/]*"
        elif char == "?":
            text += "[^/]"
        elif char == "[" and (end := part.find("]", at + 1)) > 0:
            text += _characters(part[at:end])
            at = end + 1
        else:
            text += re.escape(char)
    return text


def _characters(inside: str) -> str:
    """Return the regular expression of a set of characters."""
    negated = inside.startswith("!")
    members = _SPECIAL.sub(r"\\\1", inside[negated:])
    try:
        re.compile(f"[{members}]")
    except re.error as error:
        raise ValueError(f"`[{inside}]` is no set of characters: {error}") from None
    return f"[^/{members}]" if negated else f"[{members}]"


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
