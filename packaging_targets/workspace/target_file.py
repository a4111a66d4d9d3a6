"""Target files: TOML in, entries with their lines out.

    [[service]]
    name = "api"

is an entry of the rule `service`. The TOML reader of the standard library tells no lines, so a scan of the text
finds the headers; it only serves to say where something stands.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.errors import Problem
from packaging_targets.workspace.field_lines import HEADER, field_line

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as it was written: not yet checked. `line` is its header's, from 1."""

    rule: str
    fields: dict[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class TargetFile:
    """One parsed target file; `problems` are what its form gets wrong."""

    path: str
    entries: tuple[RawEntry, ...] = ()
    workspace: dict[str, Any] | None = None
    workspace_line: int = 0
    problems: tuple[Problem, ...] = ()
    text: str = field(default="", repr=False)


def parse_target_file(path: str, data: bytes) -> TargetFile:
    """Parse a target file at the workspace path `path`; what is wrong with it is in `problems`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(f"{path}:{line}", f"`{path}` is not UTF-8 (byte {error.start})", "save the file as UTF-8")
        return TargetFile(path, problems=(problem,))
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return TargetFile(path, problems=(_bad_toml(path, str(error), text),), text=text)
    return _entries(path, text, tables)


def _entries(path: str, text: str, tables: dict[str, Any]) -> TargetFile:
    lines = _header_lines(text)
    entries: list[RawEntry] = []
    problems: list[Problem] = []
    for rule, value in tables.items():
        at = lines.get(rule, [])
        if rule == "workspace":
            continue
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            entries.extend(RawEntry(rule, item, _nth(at, place)) for place, item in enumerate(value))
        elif isinstance(value, dict):
            problems.append(
                Problem(f"{path}:{_nth(at, 0)}", f"`[{rule}]` must be an entry of an array", f"write [[{rule}]]")
            )
        else:
            line = field_line(text, 0, f"$.{rule}")
            problems.append(
                Problem(f"{path}:{line}", f"`{rule}` stands in no entry", "write it below a header such as [[archive]]")
            )
    workspace = tables.get("workspace")
    workspace_line = _nth(lines.get("workspace", []), 0)
    if workspace is not None and not isinstance(workspace, dict):
        problems.append(Problem(f"{path}:{workspace_line}", "`workspace` must be a table", "write [workspace]"))
        workspace = None
    entries.sort(key=lambda entry: entry.line)
    return TargetFile(path, tuple(entries), workspace, workspace_line, tuple(problems), text)


def field_where(file: TargetFile, line: int, path: str) -> str:
    """Return `file:line` of the field at `path`, as in `$.tags[0]`, of the entry whose header is at `line`.

    Where `path` names an item, it is the item's line; where it names nothing that is there, it is the header's.
    """
    return f"{file.path}:{field_line(file.text, line, path)}"


def _header_lines(text: str) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    if "[" in text:
        for at, line in enumerate(text.splitlines(), 1):
            if "[" in line and (match := HEADER.match(line)):
                lines.setdefault(match[2], []).append(at)
    return lines


def _nth(lines: list[int], place: int) -> int:
    return lines[place] if place < len(lines) else 1


def _bad_toml(path: str, message: str, text: str) -> Problem:
    match = _PLACE.search(message)
    line, column = (int(match[1]), int(match[2])) if match else _end_of(text)
    what = _PLACE.sub("", message).removesuffix(" (at end of document)")
    return Problem(f"{path}:{line}:{column}", f"this is not TOML: {what[:1].lower()}{what[1:]}", "")


def _end_of(text: str) -> tuple[int, int]:
    """Return line and column just behind the last line that says something, from 1."""
    lines = text.rstrip().splitlines() or [""]
    return len(lines), len(lines[-1]) + 1
