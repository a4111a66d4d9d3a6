"""Front matter: the YAML between two lines `---` at the start of a Markdown file, and what comes behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.artifacts.yaml_text import read_yaml
from packaging_targets.formats.aam.artifacts.yaml_writer import write_yaml

_FENCE = "---"
_KEY = re.compile(r"""(?!-\s)(["']?)([^\s"'#:][^"':]*?)\1\s*:(?:\s|$)""")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that describes an artifact: its fields, the YAML that they stand in, and the text behind that."""

    where: str
    fields: Mapping[str, Any]
    front: str = ""
    body: str = ""
    first: int = 1

    def place(self, field: str = "") -> str:
        """Return file and line of a field, or of the file's first line where it is not there."""
        lines = (at for at, line in enumerate(self.front.split("\n"), self.first) if field and _key_of(line) == field)
        return f"{self.where}:{next(lines, 1)}"

    @property
    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines of the body, with their numbers in the file."""
        return enumerate(self.body.split("\n"), self.first + (self.front.count("\n") + 1 if self.first > 1 else 0))


def as_document(data: bytes, where: str) -> Document:
    """Return a text as a document that has a body alone; raises RequestError where it is not UTF-8."""
    return Document(where, {}, body=_text(data, where))


def read_document(data: bytes, where: str) -> Document:
    """Return a Markdown file with its front matter, which may be missing; raises RequestError with its line."""
    text = _text(data, where)
    first, _, rest = text.partition("\n")
    if first.rstrip() != _FENCE:
        return Document(where, {}, body=text)
    lines = rest.split("\n")
    end = next((at for at, line in enumerate(lines) if line.rstrip() == _FENCE), None)
    if end is None:
        raise RequestError.one("front matter begins and never ends", f"{where}:1", "close it with a line `---`")
    front = "".join(f"{line}\n" for line in lines[:end])
    return Document(where, _table(front, where, 2), front, "\n".join(lines[end + 1 :]), 2)


def read_yaml_document(data: bytes, where: str) -> Document:
    """Return a file that is YAML as a whole."""
    text = _text(data, where)
    return Document(where, _table(text, where, 1), text)


def edited(front: str, changes: Mapping[str, Any]) -> str:
    """Return front matter with other values for some keys, None for those that go; all else stays as it is written.

    Where the text cannot be edited a line at a time, it is written anew.
    """
    wanted = {key: value for key, value in _table(front, "", 1).items() if key not in changes}
    wanted |= {key: value for key, value in changes.items() if value is not None}
    done: set[str] = set()
    parts: list[str] = []
    for key, lines in _blocks(front):
        if key not in changes:
            parts.append(lines)
        elif changes[key] is not None:
            parts.append(write_yaml({key: changes[key]}))
        done.add(key)
    parts += [write_yaml({key: value}) for key, value in changes.items() if key not in done and value is not None]
    text = "".join(parts)
    try:
        kept = _table(text, "", 1) == wanted
    except RequestError:
        kept = False
    return text if kept else write_yaml(wanted)


def _blocks(front: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before the first key, with an empty key, and then each key with its lines."""
    key, lines = "", ""
    for line in front.splitlines(keepends=True):
        if found := _key_of(line):
            yield key, lines
            key, lines = found, ""
        lines += line
    yield key, lines


def _key_of(line: str) -> str:
    found = _KEY.match(line)
    return found[2] if found else ""


def _table(front: str, where: str, line: int) -> Mapping[str, Any]:
    value = read_yaml(front.encode(), where, line=line)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestError.one("must be a table of names and values", f"{where}:{line}", "write `name: value` lines")
    return value


def _text(data: bytes, where: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = 1 + data[: error.start].count(b"\n")
        raise RequestError.one("is not UTF-8", f"{where}:{at}", "save it as UTF-8") from None
    return text.replace("\r\n", "\n")
