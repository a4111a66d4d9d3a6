"""What is known of bundles that were deployed: `.agent-packages/.deployed.json`.

It may have come with a repository of somebody else, so that all of it is checked: it can only name what a bundle of
that platform may write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.formats.aam.bundle.archive import may_write
from packaging_targets.formats.aam.bundle.shared.documents import DOCUMENTS, Added, as_values, from_values
from packaging_targets.formats.aam.bundle.shared.instructions import is_instructions
from packaging_targets.formats.aam.package.paths import path_faults
from packaging_targets.services.aam.installing.project import Project, damaged, state_bytes
from packaging_targets.store.aam.places import DEPLOYED

Key = tuple[str, str]
"""A package and a platform: there is one bundle of each."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a bundle brought: files of its own, and its parts of instructions, by their SHA-256 in hex; its members."""

    version: str
    files: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    members: Mapping[str, tuple[Added, ...]] = field(default_factory=dict)


def records_of(project: Project) -> dict[Key, Record]:
    """Return what is known of all bundles; raises IntegrityError where it is nothing that we write."""
    try:
        return dict(_records(project.deployed))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise damaged(DEPLOYED) from None


def records_bytes(records: Mapping[Key, Record]) -> bytes:
    """Return what the file of records holds."""
    state: dict[str, dict[str, Any]] = {}
    for (name, target), one in records.items():
        members = {path: as_values(added) for path, added in one.members.items()}
        value = {"version": one.version, "files": one.files, "parts": one.parts, "members": members}
        state.setdefault(name, {})[target] = value
    return state_bytes(state)


def _records(state: Mapping[str, Any]) -> Iterator[tuple[Key, Record]]:
    for name, targets in state.items():
        for target, value in targets.items():
            one = Record(
                _text(value["version"]),
                {path: _text(digest) for path, digest in value["files"].items()},
                {path: {_text(m): _text(digest) for m, digest in of.items()} for path, of in value["parts"].items()},
                {path: tuple(from_values(added)) for path, added in value["members"].items()},
            )
            for path in (*one.files, *one.parts, *one.members):
                if any(path_faults(path)) or not may_write(target, path):
                    raise ValueError(path)
            if not (one.members.keys() <= DOCUMENTS.keys() and all(map(is_instructions, one.parts))):
                raise ValueError(name)
            if one.files.keys() & DOCUMENTS.keys():
                raise ValueError(name)
            yield (name, target), one


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
