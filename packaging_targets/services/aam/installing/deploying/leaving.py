"""Takes back what a bundle brought: what somebody has changed stays, and so does what another bundle has too."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from packaging_targets.errors import Problem, legible
from packaging_targets.formats.aam.bundle.shared.documents import Added, without
from packaging_targets.formats.aam.bundle.shared.instructions import digest_of, parts_of, without_parts
from packaging_targets.services.aam.installing.deploying.changes import Deployed
from packaging_targets.services.aam.installing.deploying.records import Record
from packaging_targets.services.aam.installing.deploying.standing import Standing


def take_back(
    standing: Standing, done: Deployed, record: Record, kept: Collection[str], others: Sequence[Record]
) -> None:
    """Take all of a record out of the project but the paths that are `kept`, and what `others` have."""
    for path, digest in record.files.items():
        if path not in kept and not any(path in other.files for other in others):
            _file(standing, done, path, digest)
    for path, parts in record.parts.items():
        if path not in kept:
            _parts(standing, done, path, parts, parts_known(standing, path, others))
    for path, added in record.members.items():
        if path not in kept:
            _members(standing, done, path, [one for one in added if one not in members_known(path, others)])


def parts_known(standing: Standing, path: str, records: Sequence[Record]) -> Mapping[str, set[str]]:
    """Return the digests of the parts that records have in a file of instructions, by mark."""
    place, found = standing.place(path), dict[str, set[str]]()
    for record in records:
        for other, parts in record.parts.items():
            for mark, digest in parts.items() if standing.place(other) == place else ():
                found.setdefault(mark, set()).add(digest)
    return found


def members_known(path: str, records: Sequence[Record]) -> list[Added]:
    """Return what records have in a document."""
    return [one for record in records for one in record.members.get(path, ())]


def document_bytes(value: Any) -> bytes:
    """Return a document as it is written into a project."""
    return f"{json.dumps(value, ensure_ascii=False, indent=2)}\n".encode()


def _file(standing: Standing, done: Deployed, path: str, digest: str) -> None:
    found = standing.digest(path)
    if found == digest:
        done.put(standing, path, None)
    elif found:
        done.warn(path, f"`{legible(path)}` was changed by somebody, and stays", "remove it")


def _parts(
    standing: Standing, done: Deployed, path: str, parts: Mapping[str, str], others: Mapping[str, set[str]]
) -> None:
    text = standing.text(path)
    if text is None:
        return
    there = parts_of(text)
    ours = [mark for mark in parts if mark in there and mark not in others]
    gone = {mark for mark in ours if digest_of(there[mark]) == parts[mark]}
    new = without_parts(text, gone)
    done.put(standing, path, None if new is None else new.encode())
    _stay(done, path, [mark for mark in ours if mark not in gone])


def _members(standing: Standing, done: Deployed, path: str, added: Sequence[Added]) -> None:
    problems: list[Problem] = []
    value = standing.document(path, problems)
    done.warnings += problems
    if value is None:
        return
    rest, stays = without(value, added)
    if rest != value:
        done.put(standing, path, document_bytes(rest) if rest else None)
    _stay(done, path, stays)


def _stay(done: Deployed, path: str, names: Sequence[str]) -> None:
    for name in names:
        done.warn(path, f"`{name}` of `{path}` was changed by somebody, and stays", "remove it")
