"""The one spelling of a header, gone through a row at a time.

    {"asset_table":[ row , row … ],"preload":[ row , row … ]}

A header is never a JSON value as a whole: of what a hostile one holds, no more than one row stands in memory as
objects. Its bytes are read as Latin-1, a character each, which leaves the structure of UTF-8 and the order of names as
they are, and costs a byte a character. So strings of a row are not text yet: `text_of` makes text of them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROW_LIMIT = 1 << 19
"""The longest row, in bytes."""
DEPTH_LIMIT = 32
"""How deep objects and lists may nest; the header itself is depth 1."""

_ROW_DEPTH = 3
_CONTAINERS = (dict, list)
_INTEGER_LIMIT = 1 << 63
_DIGITS = 19  # of the largest integer of 64 bits
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_WINDOW = ROW_LIMIT + 32  # a row, and what may stand behind it
_SHOWN = 24  # characters of what stands where something else must

_CHOICE = re.compile(r"[\\\s]|-0")  # where none of these stands, JSON with members in order has one spelling
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


T = TypeVar("T")
Piece = tuple[Any, str]
"""The value of a row, and its spelling in Latin-1."""


class SpellingError(ValueError):
    """Bytes that are no header; `place` is a JSON path, or a byte of the header."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(place, what)
        self.place = place
        self.what = what


def text_of(latin: str) -> str:
    """Return the text of a string that was read as Latin-1."""
    return latin if latin.isascii() else latin.encode("latin-1").decode()


class HeaderText:
    """The bytes of a header, which must be UTF-8, from their start to their end."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._base = 0  # where the window starts
        self._window = raw[:_WINDOW].decode("latin-1")
        self._at = 0  # in the window
        # Python is called for each integer only where one could be too long for 64 bits.
        is_long = b"0" * _DIGITS in raw.translate(_AS_ZEROS)
        self._scan = json.JSONDecoder(
            object_pairs_hook=_in_order,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer if is_long else None,
        ).raw_decode

    def expect(self, due: str) -> None:
        """Pass over `due`. Raises SpellingError where something else stands there."""
        if not self._take(due):
            raise self._other(f"`{due}`")

    def expect_end(self) -> None:
        """Raise SpellingError where anything is left."""
        if self._base + self._at != len(self._raw):
            raise self._other("the end")

    def rows(
        self, place: str, plain: re.Pattern[str], made: Callable[[re.Match[str]], T | None]
    ) -> Iterator[T | Piece]:
        """Yield each row of a list, from behind its bracket to its end.

        Where `plain` fits and `made` makes something of the match, that is the row; else it is its value and spelling.
        """
        if self._take("]"):
            return
        index = 0
        while True:
            match = plain.match(self._window, self._at)
            if match is not None and (row := made(match)) is not None:
                self._at = match.end()
                yield row
            else:
                yield self._row(f"{place}[{index}]")
            index += 1
            if self._window[self._at : self._at + 1] == ",":
                self._at += 1
            elif self._take("]"):
                return
            else:
                raise self._other("`,` or `]`")

    def metadata(self, spelling: str) -> Any:
        """Return the value of the metadata of a row. Raises ValueError where it is not canonical JSON."""
        value, end = self._scan(spelling)
        if end != len(spelling):
            raise ValueError("is not JSON")
        _check(value, spelling, "", _ROW_DEPTH + 1)
        return value

    def _take(self, due: str) -> bool:
        if self._at + len(due) > len(self._window) and self._is_cut:
            self._slide()
        found = self._window.startswith(due, self._at)
        self._at += len(due) if found else 0
        return found

    def _row(self, place: str) -> tuple[Any, str]:
        try:
            value, end = self._scan(self._window, self._at)
        except (json.JSONDecodeError, RecursionError) as error:
            if self._at and self._is_cut:
                self._slide()
                return self._row(place)
            raise self._refusal(place, error) from None
        except ValueError as error:
            raise SpellingError(place, str(error)) from None
        if self._at and self._is_cut and end == len(self._window):
            self._slide()
            return self._row(place)
        spelling = self._window[self._at : end]
        self._at = end
        _check(value, spelling, place, _ROW_DEPTH)
        return value, spelling

    @property
    def _is_cut(self) -> bool:
        return self._base + len(self._window) < len(self._raw)

    def _slide(self) -> None:
        """Let the window start where we are."""
        self._base += self._at
        self._at = 0
        self._window = self._raw[self._base : self._base + _WINDOW].decode("latin-1")

    def _refusal(self, place: str, error: json.JSONDecodeError | RecursionError) -> SpellingError:
        if isinstance(error, RecursionError):
            return SpellingError(place, _too_deep())
        if self._is_cut:
            return SpellingError(place, f"is no JSON value of at most {ROW_LIMIT} bytes")
        # What Python says of the reason differs from one version to the next.
        return SpellingError(f"{place}, byte {self._base + error.pos} of the header", "is not JSON")

    def _other(self, due: str) -> SpellingError:
        found = text_of(_whole(self._window[self._at : self._at + _SHOWN]))
        shown = f"`{found}`" if found else "nothing"
        return SpellingError(f"byte {self._base + self._at} of the header", f"has {shown} where {due} must stand")


def _check(value: Any, spelling: str, place: str, depth: int) -> None:
    """Raise SpellingError for what is too long or deep, or spelt as canonical JSON would not be."""
    if len(spelling) > ROW_LIMIT:
        raise SpellingError(place, f"is longer than {ROW_LIMIT} bytes")
    levels = DEPTH_LIMIT - depth + 1
    if spelling.count("{") + spelling.count("[") > levels and is_deeper(value, levels):
        raise SpellingError(place, _too_deep())
    if _CHOICE.search(spelling) and _canonical(value) != spelling:
        raise SpellingError(place, "is not canonical JSON: it has white space, an escape that need not be, or `-0`")


def is_deeper(value: Any, levels: int) -> bool:
    """Tell whether a value nests deeper than so many levels; a level at a time, so that leaves cost next to nothing."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if outer
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def _too_deep() -> str:
    return f"nests deeper than {DEPTH_LIMIT} levels"


def _whole(latin: str) -> str:
    """Return what is left of a piece of Latin-1 when the part of a character at its end is taken away."""
    return latin.encode("latin-1").decode("utf-8", "ignore").encode().decode("latin-1")


def _in_order(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(members) > 1:
        names = list(value)
        if len(names) != len(members) or names != sorted(names):
            raise ValueError("is not canonical JSON: the members of an object are not sorted, or one stands twice")
    return value


def _no_float(text: str) -> Any:
    raise ValueError(f"holds `{text[:40]}`, and only integers are allowed")


def _integer(text: str) -> int:
    if len(text) > _DIGITS + 1 or not -_INTEGER_LIMIT <= int(text) < _INTEGER_LIMIT:
        raise ValueError(f"holds `{text[:40]}`, which is no 64-bit integer")
    return int(text)
