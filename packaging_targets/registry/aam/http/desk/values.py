"""What a registry answers at its desk, read under limits: tokens, and requests for approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.formats.aam.documents.reading import Reading, load_object
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.http.answers import (
    MAX_ANSWER,
    MAX_PAGE,
    Granted,
    cursor_in,
    grants_in,
    name_in,
    objects_in,
)


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token without its secret; times are seconds since 1970, and None for never."""

    number: str
    person: str
    label: str
    grants: tuple[Granted, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class AskedApproval:
    """A request for approval: of which archive, by whom, and what became of it; times are seconds since 1970.

    `state` is `pending`, `approving`, `approved`, `rejected` or `failed`, or what a newer registry may say.
    """

    number: str
    name: PackageName
    version: SemanticVersion
    tag: str
    integrity: str
    size: int
    description: str
    publisher: str
    created_at: int
    state: str
    decided_by: str = ""
    decided_at: int | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nothing is decided yet, so that its archive is kept."""
        return self.state in {"pending", "approving"}


def entries_of(data: bytes, where: str, name: str) -> tuple[tuple[Mapping[str, Any], ...], str]:
    """Return a part of the list of this name, as it came, and the cursor of the next one, empty on the last."""
    value = load_object(data, where, MAX_PAGE)
    reading = Reading(where)
    if name not in value:  # something else answers, and nobody is told that there is nothing
        reading.wrong(f"$.{name}", f"`{name}` must be a list of objects, but is missing")
    found = objects_in(reading, value, name)
    following = cursor_in(reading, value)
    reading.done()
    return found, following


def token_of(data: bytes, where: str) -> HeldToken:
    """Return a token."""
    return token_in(load_object(data, where, MAX_ANSWER), where)


def token_in(value: Mapping[str, Any], where: str) -> HeldToken:
    """Return the token that a value is; raises RegistryError with all that is wrong with it."""
    reading = Reading(where)
    reading.text(value, "id", "$", needed=True)
    number, person, label = (reading.line(value, key, "$") for key in ("id", "person", "label"))
    made, expires, revoked = (reading.time(value, key, "$") for key in ("created_at", "expires_at", "revoked_at"))
    found = HeldToken(number, person, label, grants_in(reading, value), made, expires or None, revoked or None)
    reading.done()
    return found


def approval_of(data: bytes, where: str) -> AskedApproval:
    """Return a request for approval."""
    return approval_in(load_object(data, where, MAX_ANSWER), where)


def approval_in(value: Mapping[str, Any], where: str) -> AskedApproval:
    """Return the request for approval that a value is; raises RegistryError with all that is wrong with it."""
    reading = Reading(where)
    name, version = name_in(reading, value, "$"), _version(reading, value)
    number, tag, description, publisher, state, decided_by, reason = (
        reading.line(value, key, "$")
        for key in ("id", "tag", "description", "publisher", "state", "decided_by", "reason")
    )
    integrity, size = _integrity(reading, value), reading.number(value, "size", "$")
    created_at, decided_at = reading.time(value, "created_at", "$"), reading.time(value, "decided_at", "$")
    reading.done()
    assert name is not None  # or something was wrong
    assert version is not None
    asked = number, name, version, tag, integrity, size, description, publisher, created_at
    return AskedApproval(*asked, state, decided_by, decided_at or None, reason)


def _version(reading: Reading, value: Mapping[str, Any]) -> SemanticVersion | None:
    try:
        return SemanticVersion.parse(reading.text(value, "version", "$", needed=True))
    except ValueError as error:
        reading.wrong("$.version", str(error))
        return None


def _integrity(reading: Reading, value: Mapping[str, Any]) -> str:
    text = reading.text(value, "integrity", "$", needed=True)
    try:
        parse_integrity(text)
    except ValueError as error:
        reading.wrong("$.integrity", str(error))
    return text
