"""Files that bundles share with people and with each other: what a bundle adds to one, and taking that out again.

A file of instructions holds a block between two marks, with a marked part for each package and rule. A JSON document is
merged two levels deep (`mcpServers.NAME`, `hooks.EVENT`), and lists item by item. Whatever else stands in a file is its
owner's, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging_targets.formats.aam.bundle.output import BEGIN, END
from packaging_targets.model.digest import Digest

DOCUMENTS = frozenset(
    {".claude/settings.json", ".cursor/hooks.json", ".cursor/mcp.json", ".mcp.json", ".vscode/mcp.json"}
)
"""JSON files of a project that several bundles, and people, add to."""

_PART = re.compile(r"<!-- aam:([^\n]*):begin -->\n.*?<!-- aam:\1:end -->\n", re.DOTALL)
_BEGIN = re.compile(r"<!-- aam:begin[^\n]*-->\n")
_HEAD = re.compile(r"(?:<!-- [^\n]*-->\s*)*")
_DEEP = 2


def has_parts(data: bytes) -> bool:
    """Tell whether a file of a bundle is one of instructions, with marked parts."""
    return _BEGIN.search(data.decode("utf-8", "replace")) is not None


def parts_of(text: str) -> Mapping[str, str]:
    """Return the marked parts of a file of instructions by their marks."""
    return {found[1]: found[0] for found in _PART.finditer(text)}


def digest_of(part: str) -> str:
    """Return what a part is known by, to tell whether somebody has edited it."""
    return Digest.of(part.encode()).hex


def with_parts(text: str | None, bundle: str) -> str:
    """Return a file of instructions with the parts of a bundle's; those that are there are replaced."""
    if text is None:
        return bundle
    parts = parts_of(bundle)
    missing = [part for mark, part in parts.items() if mark not in parts_of(text)]
    text = _PART.sub(lambda found: parts.get(found[1], found[0]), text)
    if not missing:
        return text
    added = "\n".join(missing)
    at = text.rfind(END)
    if _BEGIN.search(text) and at >= 0:
        return f"{text[:at]}{added}\n{text[at:]}"
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    return f"{before}{BEGIN}\n\n{added}\n{END}\n"


def without_parts(text: str, marks: Sequence[str]) -> str | None:
    """Return a file of instructions without some parts, or None where nothing of anybody is left."""
    text = re.sub(_PART.pattern + r"\n?", lambda found: "" if found[1] in marks else found[0], text, flags=re.DOTALL)
    if not parts_of(text):
        start, end = _BEGIN.search(text), text.rfind(END)
        if start and end >= 0:
            text = text[: start.start()].rstrip("\n") + "\n" + text[end + len(END) :].lstrip("\n")
    return text if _HEAD.sub("", text, count=1).strip() else None


@dataclass(frozen=True, slots=True)
class Added:
    """What a bundle added to a document: a member at `path`, or an item of the list there."""

    path: tuple[str, ...]
    value: Any
    is_item: bool = False


def merged(document: Any, bundle: Any, *, force: bool = False) -> tuple[Any, list[Added], list[str]]:
    """Return a document with what a bundle's has, what of that is new, and which members it has otherwise.

    With `force` these become what the bundle's are.
    """
    added: list[Added] = []
    clashes: list[str] = []
    value = _merged(document, bundle, (), added, clashes, force=force)
    return value, added, clashes


def _merged(old: Any, new: Any, path: tuple[str, ...], added: list[Added], clashes: list[str], *, force: bool) -> Any:
    if isinstance(old, list) and isinstance(new, list):
        items = [one for one in new if one not in old]
        added += [Added(path, one, is_item=True) for one in items]
        return old + items
    if isinstance(old, dict) and isinstance(new, dict) and len(path) < _DEEP:
        value = dict(old)
        for name, member in new.items():
            start = value.get(name, _empty(member, len(path) + 1))
            if start is None:
                added.append(Added((*path, name), member))
                value[name] = member
            else:
                value[name] = _merged(start, member, (*path, name), added, clashes, force=force)
        return value
    if old != new:
        clashes.append(".".join(path))
        if force:
            added.append(Added(path, new))
    return new if force else old


def _empty(value: Any, depth: int) -> Any:
    """Return what a member that is merged into starts as where it is missing, or None where it is taken whole."""
    if isinstance(value, list):
        return []
    return {} if isinstance(value, dict) and depth < _DEEP else None


def without(document: Any, added: Sequence[Added]) -> tuple[Any, list[str]]:
    """Return a document without what was added, and which members somebody has changed since, and keep."""
    changed: list[str] = []
    for one in added:
        document = _without(document, one, 0, changed)
    return document, changed


def _without(value: Any, one: Added, depth: int, changed: list[str]) -> Any:
    if depth == len(one.path):
        return [item for item in value if item != one.value] if isinstance(value, list) else value
    name = one.path[depth]
    if not isinstance(value, dict) or name not in value:
        return value
    rest = {key: member for key, member in value.items() if key != name}
    if depth + 1 == len(one.path) and not one.is_item:
        if value[name] == one.value:
            return rest
        changed.append(".".join(one.path))
        return value
    inner = _without(value[name], one, depth + 1, changed)
    return {**value, name: inner} if inner or inner == value[name] else rest


def as_values(added: Sequence[Added]) -> list[dict[str, Any]]:
    """Return what was added as JSON values."""
    return [{"path": list(one.path), "value": one.value, "item": one.is_item} for one in added]


def from_values(values: Sequence[Mapping[str, Any]]) -> Iterator[Added]:
    """Yield what `as_values` wrote."""
    for one in values:
        yield Added(tuple(one["path"]), one["value"], one["item"])
