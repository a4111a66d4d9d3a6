"""JSON with comments, as people write it in configuration files.

On top of RFC 8259: `//` and `/* */` comments, a comma after the last element, and a UTF-8 byte order mark.
Nothing else is let through: a key that stands twice, half a surrogate pair, `NaN` and a number without a
finite value are errors, because two programs would read them differently. Bytes meet the size limit first,
then values meet the depth limit.
"""

from __future__ import annotations

import re
from math import isinf
from typing import Any

MAX_BYTES = 1 << 20
MAX_DEPTH = 64

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_CHUNK = re.compile(r'([^"\\\x00-\x1f]*)(?:\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt])))?')
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DIGITS = 1000


class JsoncError(ValueError):
    """What is wrong with a text, and where: `line` and `column` count characters from 1."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what, line, column)
        self.what = what
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.what}"


def parse_jsonc(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Return the value that `data` holds; objects keep the order of their keys. Raises JsoncError."""
    return _Parser(decode(data, max_bytes), max_depth).document()


def decode(data: bytes, max_bytes: int) -> str:
    """Return the text that `data` is, without a byte order mark. Raises JsoncError."""
    if len(data) > max_bytes:
        raise JsoncError(f"the file has {len(data):,} bytes, and the limit is {max_bytes:,}", 1, 1)
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        line, column = _place(before, len(before))
        raise JsoncError(f"the byte 0x{data[error.start]:02x} is not UTF-8", line, column) from None


def _place(text: str, at: int) -> tuple[int, int]:
    line, start = 1, 0
    for match in _LINE_END.finditer(text, 0, at):
        line, start = line + 1, match.end()
    return line, at - start + 1


class _Parser:
    """Recursive descent: methods take the position where they start and return the one where they ended."""

    def __init__(self, text: str, max_depth: int) -> None:
        self.text = text
        self.max_depth = max_depth

    def document(self) -> Any:
        value, at = self.value(self.skip(0), 0)
        at = self.skip(at)
        if at < len(self.text):
            raise self.wrong("the end of the file", at)
        return value

    def error(self, what: str, at: int) -> JsoncError:
        return JsoncError(what, *_place(self.text, at))

    def wrong(self, expected: str, at: int) -> JsoncError:
        if at >= len(self.text):
            return self.error(f"expected {expected}, but the file ends", at)
        if self.text.startswith("/*", at):
            return self.error("this comment has no end", at)
        word = _WORD.match(self.text, at)
        found = word[0][:40] if word else self.text[at]
        shown = f"`{found}`" if found.isprintable() and found != "`" else f"U+{ord(found[0]):04X}"
        return self.error(f"expected {expected}, but found {shown}", at)

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        char = self.text[at : at + 1]
        if char == '"':
            return self.string(at)
        if char in {"{", "["} and depth >= self.max_depth:
            raise self.error(f"values are nested deeper than {self.max_depth}", at)
        if char == "{":
            return self.object(at + 1, depth + 1)
        if char == "[":
            return self.array(at + 1, depth + 1)
        if number := _NUMBER.match(self.text, at):
            return self.number(number)
        word = _WORD.match(self.text, at)
        if word and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        raise self.wrong("a value", at)

    def object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        result: dict[str, Any] = {}
        at = self.skip(at)
        while not self.text.startswith("}", at):
            if not self.text.startswith('"', at):
                raise self.wrong('`}` or a key in `"`', at)
            key, end = self.string(at)
            if key in result:
                raise self.error(f"the key `{key[:40]}` stands twice in one object", at)
            at = self.skip(end)
            if not self.text.startswith(":", at):
                raise self.wrong("`:`", at)
            result[key], at = self.value(self.skip(at + 1), depth)
            at = self.separator(at, "}")
        return result, at + 1

    def array(self, at: int, depth: int) -> tuple[list[Any], int]:
        result: list[Any] = []
        at = self.skip(at)
        while not self.text.startswith("]", at):
            item, at = self.value(at, depth)
            result.append(item)
            at = self.separator(at, "]")
        return result, at + 1

    def separator(self, at: int, end: str) -> int:
        """Return where the next element or the closing bracket `end` starts."""
        at = self.skip(at)
        if self.text.startswith(",", at):
            return self.skip(at + 1)
        if self.text.startswith(end, at):
            return at
        raise self.wrong(f"`,` or `{end}`", at)

    def string(self, at: int) -> tuple[str, int]:
        if plain := _STRING.match(self.text, at):
            return plain[1], plain.end()
        parts: list[str] = []
        end = at + 1
        while chunk := _CHUNK.match(self.text, end):
            parts.append(chunk[1])
            if chunk[2]:
                parts.append(chr(int(chunk[2], 16)))
            elif chunk[3]:
                parts.append(_ESCAPES.get(chunk[3], chunk[3]))
            else:
                end = chunk.end()
                break
            end = chunk.end()
        if not self.text.startswith('"', end):
            raise self.broken_string(at, end)
        return self.whole("".join(parts), at), end + 1

    def broken_string(self, start: int, at: int) -> JsoncError:
        if at >= len(self.text) or self.text[at] in "\r\n":
            return self.error("this string has no end", start)
        if self.text[at] == "\\":
            return self.error(f"`{self.text[at : at + 2].rstrip()}` starts no escape sequence", at)
        return self.error(f"the control character U+{ord(self.text[at]):04X} must be written as an escape sequence", at)

    def whole(self, text: str, at: int) -> str:
        """Join surrogate pairs, which JSON writes as two escape sequences."""
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise self.error("this string holds half a surrogate pair", at) from None

    def number(self, match: re.Match[str]) -> tuple[int | float, int]:
        whole, fraction, exponent = match.groups()
        if fraction is None and exponent is None and len(whole) <= _MAX_DIGITS:
            return int(whole), match.end()
        value = float(match[0])
        if isinf(value) or (fraction is None and exponent is None):
            raise self.error(f"the number `{match[0][:20]}` is out of range", match.start())
        return value, match.end()
