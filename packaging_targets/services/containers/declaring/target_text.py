"""The text of target files: entries appended and taken out, with every other byte as people wrote it.

The TOML reader of the standard library keeps no places. So a text is cut by its headers, and what comes out is read
again: unless that says what was meant, and nothing else, the file is left to its people.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import RequestError
from packaging_targets.workspace.target_file import parse_target_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.workspace.target_file import RawEntry

_ANY_HEADER = re.compile(r"\s*\[\[?[^\[\]]+\]\]?\s*(#.*)?$")


def free_name(text: bytes, where: str, name: str, rule: str) -> str:
    """Return a name that no target of the target file `text` has: `name`, or one made of that and the rule."""
    taken = {entry.fields.get("name") for entry in parse_target_file(where, text).entries}
    choices = (name, f"{name}-{rule}", *(f"{name}-{rule}-{number}" for number in range(2, len(taken) + 2)))
    return next(choice for choice in choices if choice not in taken)


def appended(text: bytes, where: str, rule: str, fields: Mapping[str, Any], note: str = "") -> bytes:
    """Return the target file `text` with one more entry; `note` becomes a comment on its last line.

    Raises RequestError where `text` cannot take one.
    """
    lines = [f"[[{rule}]]", *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())]
    return extended(text, where, "\n".join(lines) + (f"  # {note}" if note else "") + "\n", {rule: [dict(fields)]})


def extended(text: bytes, where: str, block: str, meant: Mapping[str, Any]) -> bytes:
    """Return the target file `text` with the lines `block` at its end, which mean the tables `meant`.

    Raises RequestError where they would mean something else there.
    """
    newline = "\r\n" if b"\r\n" in text else "\n"
    between = "" if not text else newline if text.endswith(b"\n") else newline * 2
    # What UTF-8 cannot hold comes out as another text, and so is refused.
    result = text + (between + block.replace("\n", newline)).encode("utf-8", "replace")
    before = _tables(text)
    if before is None or _tables(result) != _joined(before, meant):
        header = next(line for line in block.splitlines() if line.startswith("["))
        raise RequestError.one(f"`{where}` takes no further {header}", where, f"write it there:\n{block}".rstrip())
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


def _joined(before: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of two texts, one behind the other: those of arrays add up."""
    grown = {key: [*before.get(key, []), *one] if isinstance(one, list) else one for key, one in more.items()}
    return {**before, **grown}


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
