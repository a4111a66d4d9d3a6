"""JSON as RFC 8259 has it, for files that programs read: as strict as `jsonc`, and without comments.

What was parsed knows the line of each value, so that whoever finds a fault in one can tell where it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.formats.jsonc import MAX_BYTES, MAX_DEPTH, JsoncError, _Parser, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\r\n]*")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class JsonText:
    """A value, and where each part of it starts in `text`: in the order in which they stand there."""

    value: Any
    text: str
    starts: tuple[int, ...]

    def line(self, path: Path) -> int:
        """Return the line, from 1, of the value at a path of keys and positions, or of the nearest one around it."""
        found = 1
        for start, place in zip(self.starts, _paths((), self.value), strict=True):
            if path[: len(place)] == place:
                found = self.text.count("\n", 0, start) + 1
        return found


def parse_json(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonText:
    """Return what `data` holds; objects keep the order of their keys. Raises JsoncError."""
    text = decode(data, max_bytes)
    if data.startswith(b"\xef\xbb\xbf"):
        raise JsoncError("a byte order mark stands before the JSON", 1, 1)
    parser = _PlainParser(text, max_depth)
    value = parser.document()
    return JsonText(value, text, tuple(parser.starts))


def shown(path: Path) -> str:
    """Return a path of keys and positions as people write it: `$.dependencies["@acme/review"]`, `$.files[0]`."""
    return "$" + "".join(_step(part) for part in path)


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _KEY.fullmatch(part) else f'["{part[:140]}"]'


def _paths(path: Path, value: Any) -> Iterator[Path]:
    """Yield the path of each value in the order in which they stand in a file."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths((*path, key), part)


class _PlainParser(_Parser):
    def __init__(self, text: str, max_depth: int) -> None:
        super().__init__(text, max_depth)
        self.starts: list[int] = []

    def wrong(self, expected: str, at: int) -> JsoncError:
        if self.text.startswith(("//", "/*"), at):
            return self.error("JSON has no comments", at)
        return super().wrong(expected, at)

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        self.starts.append(at)
        return super().value(at, depth)

    def separator(self, at: int, end: str) -> int:
        comma = self.skip(at)
        at = super().separator(at, end)
        if at > comma and self.text.startswith(end, at):
            raise self.error(f"a comma stands before `{end}`", comma)
        return at
