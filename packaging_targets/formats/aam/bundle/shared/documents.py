"""JSON documents that bundles share with people and each other: what a bundle adds to one, and taking that out again.

A document is merged two levels deep (`mcpServers.NAME`, `hooks.EVENT`), and lists item by item. Whatever else stands
there is its owner's, and stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DOCUMENTS: Mapping[str, frozenset[str]] = {
    ".claude/settings.json": frozenset({"hooks"}),
    ".cursor/hooks.json": frozenset({"hooks", "version"}),
    ".cursor/mcp.json": frozenset({"mcpServers"}),
    ".mcp.json": frozenset({"mcpServers"}),
    ".vscode/mcp.json": frozenset({"inputs", "servers"}),
}
"""JSON files of a project that several bundles, and people, add to, and which members a bundle may bring to each."""

_DEEP = 2


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


def lacking(document: Any, added: Sequence[Added]) -> list[str]:
    """Return which members of what was added a document has no more, or has otherwise."""
    return [".".join(one.path) for one in added if not _has(document, one)]


def _has(value: Any, one: Added) -> bool:
    for name in one.path:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return isinstance(value, list) and one.value in value if one.is_item else bool(value == one.value)


def as_values(added: Sequence[Added]) -> list[dict[str, Any]]:
    """Return what was added as JSON values."""
    return [{"path": list(one.path), "value": one.value, "item": one.is_item} for one in added]


def from_values(values: Sequence[Mapping[str, Any]]) -> Iterator[Added]:
    """Yield what `as_values` wrote; raises ValueError, LookupError or TypeError where it is something else."""
    for one in values:
        path, is_item = tuple(one["path"]), one["item"]
        if not all(isinstance(name, str) for name in path) or not isinstance(is_item, bool) or not path:
            raise ValueError(path)
        yield Added(path, one["value"], is_item)
