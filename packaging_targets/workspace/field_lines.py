"""On which line of a target file a field stands, or an item of it: for problems alone, so nothing here is fast.

The TOML reader of the standard library tells no lines. Where a text is unusual enough to mislead what is done here, the
line of the field or of its entry is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = re.compile(r"\s*(\[\[?)\s*([\w-]+)\s*\]\]?\s*(#.*)?$")
_FIELD = re.compile(r"\$\.([^.\[]+)(?:\[(\d+)\])?")
_TEXT = r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
_TOKEN = re.compile(rf"(?s:{_TEXT})|#[^\n]*|\S")
_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")


def field_line(text: str, header: int, path: str) -> int:
    """Return the line of the field at `path`, as in `$.tags[0]`, of the entry whose header is at the line `header`.

    Of an item in an array it is the item's. Where `path` names no field, or none that is there, it is the header's.
    """
    field = _FIELD.match(path)
    lines = list(_lines_of(text, header, field[1])) if field else []
    if field is None or not lines:
        return max(header, 1)
    place = int(field[2] or 0)
    if _is_header(text, lines[0]):  # [[rule.field]], once for each item
        return lines[min(place, len(lines) - 1)]
    return _item_line(text, lines[0], place) if field[2] else lines[0]


def _lines_of(text: str, header: int, name: str) -> Iterator[int]:
    """Yield the lines on which `name` is set in an entry."""
    key = re.compile(rf"""\s*(?:\[+[\w\s-]+\.\s*)?["']?{re.escape(name)}["']?\s*[=.\]]""")
    for at, line in enumerate(text.splitlines()[header:], header + 1):
        if key.match(line):
            yield at
        if HEADER.match(line):
            break


def _is_header(text: str, line: int) -> bool:
    return text.splitlines()[line - 1].lstrip().startswith("[[")


def _item_line(text: str, line: int, place: int) -> int:
    """Return the line on which an item of the array begins that is set on a line, or that line."""
    start = sum(len(one) for one in text.splitlines(keepends=True)[: line - 1])
    tokens = (token for token in _TOKEN.finditer(text, text.find("=", start) + 1) if token[0][0] != "#")
    opening = next(tokens, None)
    depth, passed, due = 1, 0, place == 0
    for token in tokens if opening and opening[0] == "[" else ():
        said = token[0]
        if due and said not in _CLOSING:
            return line + text.count("\n", start, token.start())
        depth += (said in _OPENING) - (said in _CLOSING)
        if depth == 0:
            break
        passed += depth == 1 and said == ","
        due = depth == 1 and said == "," and passed == place
    return line
