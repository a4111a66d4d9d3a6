"""Writes YAML that every reader means the same by: block style, texts in double quotes wherever a word could be more.

What is written is YAML 1.1 and 1.2 alike, and `strictyaml` reads it too: no flow style, but for lists and tables that
are empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _.,/()'+*@!?;&=<>~%$^|\[\]{}-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})  # no texts, to one version of YAML
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SPECIAL = re.compile('["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')


def write_yaml(value: Mapping[str, Any]) -> str:
    """Return a table as YAML, in the order of its members: texts, numbers, booleans, None, lists and tables."""
    return "".join(f"{line}\n" for line in _table(value, "")) if value else "{}\n"


def write_front_matter(fields: Mapping[str, Any], body: str) -> str:
    """Return a Markdown text with front matter; one empty line stands before a body, and a line feed ends it."""
    text = body.strip("\n")
    return f"---\n{write_yaml(fields)}---\n" + (f"\n{text}\n" if text else "")


def _table(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, member in value.items():
        yield from _member(f"{indent}{_text(key)}:", member, indent)


def _member(start: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield start
        yield from _table(value, f"{indent}  ")
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        yield start
        yield from _list(value, f"{indent}  ")
    else:
        yield f"{start} {_scalar(value)}"


def _list(value: Sequence[Any], indent: str) -> Iterator[str]:
    for item in value:
        if isinstance(item, Mapping) and item:
            first, *rest = _table(item, f"{indent}  ")
            yield f"{indent}- {first.lstrip(' ')}"
            yield from rest
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            yield f"{indent}-"
            yield from _list(item, f"{indent}  ")
        else:
            yield f"{indent}- {_scalar(item)}"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    return str(value) if isinstance(value, int) else "{}" if isinstance(value, Mapping) else "[]"


def _number(value: float) -> str:
    """Return a number with a point in it, which YAML 1.1 wants before an exponent, and a sign behind that."""
    mantissa, letter, exponent = repr(value).partition("e")
    point = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{point}e{int(exponent):+03d}" if letter else point


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text[-1] != " " and text.lower() not in _WORDS:
        return text
    return f'"{_SPECIAL.sub(_escaped, text)}"'


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return _ESCAPES.get(char) or f"\\u{ord(char):04x}"
