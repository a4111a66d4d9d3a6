"""Entries of target files as text: appended and taken out, with every other byte as people wrote it.

The TOML reader of the standard library keeps no places. So a text is cut by its headers, and what comes out is read
again: unless that says what was meant, and nothing else, the file is left to its people.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.store.change import Change
    from packaging_targets.workspace.target_file import RawEntry

_ANY_HEADER = re.compile(r"\s*\[\[?[^\[\]]+\]\]?\s*(#.*)?$")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change of declarations: what is written, the labels to build then, and the files that their build writes."""

    change: Change
    labels: tuple[str, ...]
    outputs: tuple[str, ...]


def appended(text: bytes, where: str, rule: str, fields: Mapping[str, Any], note: str = "") -> bytes:
    """Return the target file `text` with one more entry; `note` becomes a comment on its last line.

    Raises RequestError where `text` cannot take one.
    """
    newline = "\r\n" if b"\r\n" in text else "\n"
    lines = [f"[[{rule}]]", *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())]
    block = newline.join(lines) + (f"  # {note}" if note else "") + newline
    between = "" if not text else newline if text.endswith(b"\n") else newline * 2
    result = text + (between + block).encode()
    before, after = _tables(text), _tables(result)
    if before is None or after != {**before, rule: [*before.get(rule, []), dict(fields)]}:
        raise RequestError.one(f"`{where}` takes no further [[{rule}]]", where, f"write it there:\n{block}".rstrip())
    return result


def taken_out(text: bytes, entry: RawEntry, where: str) -> bytes:
    """Return the target file `text` without an entry of it; raises RequestError where that leaves something else."""
    lines = text.decode().splitlines(keepends=True)
    start = entry.line - 1
    end = next((at for at in range(entry.line, len(lines)) if _is_another(lines[at], entry.rule)), len(lines))
    while end < len(lines) and end > entry.line and _is_silent(lines[end - 1]):
        end -= 1  # what stands right above the next header is about that
    while end < len(lines) and not lines[end].strip() and not (start and lines[start - 1].strip()):
        end += 1
    if end == len(lines):
        while start and not lines[start - 1].strip():
            start -= 1
    result = "".join(lines[:start] + lines[end:]).encode()
    before = _tables(text) or {}
    rest = [fields for fields in before.get(entry.rule, []) if fields != entry.fields]
    meant = {**before, entry.rule: rest} if rest else {name: one for name, one in before.items() if name != entry.rule}
    if len(before.get(entry.rule, [])) != len(rest) + 1 or _tables(result) != meant:
        what = f"the entry `{entry.fields.get('name')}` cannot be told from what stands around it"
        raise RequestError.one(what, f"{where}:{entry.line}", "take it out by hand")
    return result


def _tables(text: bytes) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None


def _is_another(line: str, rule: str) -> bool:
    """Tell whether a line begins a table that is no part of the entry; `[rule.env]` is."""
    return _ANY_HEADER.match(line) is not None and not re.match(rf"\s*\[\s*{re.escape(rule)}\s*\.", line)


def _is_silent(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
