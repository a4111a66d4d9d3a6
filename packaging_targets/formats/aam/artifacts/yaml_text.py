"""YAML as JSON's types, for front matter, `agent.yaml` and configs: one meaning, whoever reads it.

Scalars are those of YAML 1.2's core schema: `yes`, `no`, `on`, `off` and dates are texts. Refused are anchors, aliases,
tags, merge keys, directives, keys that are no texts or stand twice, several documents, and numbers that JSON lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

from packaging_targets.errors import Problem, RequestError

MAX_BYTES = 1 << 20
MAX_DEPTH = 32

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DIGITS = 300
_LETTERS = frozenset({"y", "n"})  # booleans of YAML 1.1, though not of every reader


def read_yaml(data: bytes, where: str, *, line: int = 1) -> Any:
    """Return the JSON value that a YAML text is; `line` is what its first line is called in errors.

    Raises RequestError with file and line for what is no YAML or refused, and where PyYAML is missing.
    """
    if len(data) > MAX_BYTES:
        raise RequestError.one(f"has {len(data):,} bytes of YAML, and {MAX_BYTES:,} is the most", f"{where}:{line}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        at = line + data[: error.start].count(b"\n")
        raise RequestError.one("is not UTF-8", f"{where}:{at}", "save it as UTF-8") from None
    return _Reading(where, line).value_of(text.removeprefix("\ufeff"))


def misread(text: str) -> frozenset[str]:
    """Return the first keys of a table in YAML under which readers of YAML 1.1 take a text for something else.

    Such are `no`, which they take for false, and `2024-01-01`, a date. The text is one that `read_yaml` reads.
    """
    yaml = _library()
    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    members = node.value if isinstance(node, yaml.MappingNode) else ()
    return frozenset(key.value for member in members for key in member[:1] if any(map(_is_misread, member)))


def _is_misread(node: Any) -> bool:
    if not isinstance(node.value, str):
        return any(
            _is_misread(one) for member in node.value for one in (member if type(member) is tuple else (member,))
        )
    is_more = not node.tag.endswith(":str") or node.value.lower() in _LETTERS
    return not node.style and is_more and _is_plain_text(node.value)


def _is_plain_text(text: str) -> bool:
    known = text in _NULL or text in _BOOLEANS
    return not (known or any(one.fullmatch(text) for one in (_NO_JSON, _INTEGER, _FLOAT)))


class _Reading:
    """One reading of a text: parser events become values."""

    def __init__(self, where: str, first: int) -> None:
        self._where = where
        self._first = first
        self._events: Iterator[Any] = iter(())

    def value_of(self, text: str) -> Any:
        yaml = _library()
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self._events = yaml.parse(text, Loader=loader)
            return self._document()
        except yaml.YAMLError as error:
            raise self._not_yaml(error, text) from None

    def _document(self) -> Any:
        next(self._events)  # the start of the stream
        start = next(self._events)
        if type(start).__name__ == "StreamEndEvent":
            return None
        if start.version or start.tags:
            self._refuse(start, "a directive (`%…`) is not allowed", "remove the line")
        value = self._value(next(self._events), 0)
        next(self._events)  # the end of the document
        following = next(self._events)
        if type(following).__name__ != "StreamEndEvent":
            self._refuse(following, "a second document begins, and one is all there may be", "remove the line `---`")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event).__name__
        if kind == "AliasEvent":
            self._refuse(event, f"an alias (`*{event.anchor}`) is not allowed", f'quote it, as in "*{event.anchor}"')
        if event.anchor:
            self._refuse(event, f"an anchor (`&{event.anchor}`) is not allowed", "write the value out where it is used")
        if event.tag:
            self._refuse(event, f"a tag (`{event.tag}`) is not allowed", "remove it, or quote the value")
        if depth > MAX_DEPTH:
            self._refuse(event, f"values are nested deeper than {MAX_DEPTH} levels")
        if kind == "ScalarEvent":
            return self._scalar(event)
        return self._mapping(depth) if kind == "MappingStartEvent" else self._sequence(depth)

    def _sequence(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while type(event := next(self._events)).__name__ != "SequenceEndEvent":
            found.append(self._value(event, depth + 1))
        return found

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                self._refuse(event, "a key must be a text", "quote it")
            if key == "<<" and not event.style:
                self._refuse(event, "a merge key (`<<`) is not allowed", "write the members out")
            if key in found:
                self._refuse(event, f"the key `{key}` stands twice", "remove one of them")
            found[key] = self._value(next(self._events), depth + 1)
        return found

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.style or not event.implicit[0]:
            return text
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _NO_JSON.fullmatch(text) or (len(text) > _DIGITS and (_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text))):
            self._refuse(event, f"`{text[:40]}` is no number that JSON has", "quote it")
        if _INTEGER.fullmatch(text):
            return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
        if _FLOAT.fullmatch(text):
            return self._float(event, text)
        return text

    def _float(self, event: Any, text: str) -> float:
        value = float(text)
        if value in {float("inf"), float("-inf")}:
            self._refuse(event, f"`{text[:40]}` is no number that JSON has", "quote it")
        return value

    def _refuse(self, event: Any, what: str, fix: str = "") -> NoReturn:
        raise RequestError(Problem(f"{self._where}:{self._first + event.start_mark.line}", what, fix))

    def _not_yaml(self, error: Any, text: str) -> RequestError:
        mark = getattr(error, "problem_mark", None)
        line = mark.line if mark else text.encode()[: getattr(error, "position", 0)].count(b"\n")
        reason = getattr(error, "problem", "") or getattr(error, "reason", "") or str(error)
        where = f"{self._where}:{self._first + line}"
        return RequestError.one(f"is no YAML: {reason}", where, "quote what is meant as text")


def _library() -> Any:
    try:
        import yaml
    except ImportError:
        raise RequestError.one(
            "YAML needs the package `pyyaml`, which is not installed",
            fix="pip install 'packaging-targets[agents]'",
        ) from None
    return yaml
