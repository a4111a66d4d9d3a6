"""What a registry on a server answers, read under limits: whoever answers may be anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.documents.meta import read_release
from packaging_targets.formats.aam.documents.reading import Reading, load_object
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.protocol import Published, Summary

MAX_PAGE = 8 << 20
MAX_ANSWER = 1 << 20
_MAX_CURSOR = 2000
_MAX_SECRET = 16384
_MAX_WARNINGS = 50


@dataclass(frozen=True, slots=True)
class ListPage:
    """A part of a list, and the cursor of the next one, empty on the last."""

    packages: tuple[Summary, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was made: the secret, whose it is where that is told, and until when (seconds since 1970)."""

    token: str = field(repr=False)
    person: str = ""
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """Actions that are allowed on packages whose names fit one of the patterns."""

    actions: tuple[str, ...]
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Who a registry takes somebody for; `token` is the number of the token that they came with."""

    person: str
    token: str
    grants: tuple[Granted, ...]
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a registry says of itself: where people sign in, empty for nowhere."""

    issuer: str
    client: str


def page_of(data: bytes, where: str) -> ListPage:
    """Return a page of the list of packages."""
    value = load_object(data, where, MAX_PAGE)
    reading = Reading(where)
    found = tuple(_summaries(reading, objects_in(reading, value, "packages")))
    following = cursor_in(reading, value)
    reading.done()
    return ListPage(found, following)


def published_of(data: bytes, where: str) -> Published:
    """Return what a publishing came to."""
    return published_in(load_object(data, where, MAX_ANSWER), where)


def published_in(value: Mapping[str, Any], where: str) -> Published:
    """Return what a publishing came to, as a value tells it; raises RegistryError with all that is wrong with that."""
    reading = Reading(where)
    name = name_in(reading, value, "$")
    release = _release(reading, value)
    tags = reading.texts(value, "tags", "$")
    pending = reading.line(value, "id", "$") if value.get("approval_status") == "pending" else ""
    warnings = tuple(
        Problem(*(reading.line(one, key, "$.warnings") for key in ("where", "what", "fix", "label", "field")))
        for one in objects_in(reading, value, "warnings")[:_MAX_WARNINGS]
    )
    reading.done()
    assert name is not None  # or something was wrong
    assert release is not None
    warnings = tuple(replace(one, where=one.where or f"{name}@{release.version}") for one in warnings)
    return Published(name, release, tags, warnings, pending)


def version_of(data: bytes, where: str) -> tuple[Release, tuple[str, ...]]:
    """Return one version, and the tags that lead to it."""
    value = load_object(data, where, MAX_ANSWER)
    reading = Reading(where)
    tags = reading.texts(value, "tags", "$")
    entry = {key: one for key, one in value.items() if key not in {"name", "tags"}}
    release = _release(reading, {"version": value.get("version"), "release": entry})
    reading.done()
    assert release is not None  # or something was wrong
    return release, tags


def issued_of(data: bytes, where: str) -> Issued:
    """Return a token that was made."""
    value = load_object(data, where, MAX_ANSWER)
    reading = Reading(where)
    token = value.get("token")
    if not isinstance(token, str) or not token or len(token) > _MAX_SECRET:
        reading.wrong("$.token", "there is no token in the answer")  # what is there may be half a secret
    issued = Issued(str(token), reading.line(value, "person", "$"), _expiry(reading, value))
    reading.done()
    return issued


def person_of(data: bytes, where: str) -> Person:
    """Return who the registry takes somebody for."""
    value = load_object(data, where, MAX_ANSWER)
    reading = Reading(where)
    texts = reading.line(value, "person", "$"), reading.line(value, "token", "$")
    found = Person(*texts, grants_in(reading, value), _expiry(reading, value))
    reading.done()
    return found


def greeting_of(data: bytes, where: str) -> Greeting:
    """Return what a registry says of itself."""
    value = load_object(data, where, MAX_ANSWER)
    reading = Reading(where)
    told = reading.mapping(value, "oidc", "$") if value.get("oidc") is not None else {}
    found = Greeting(reading.text(told, "issuer", "$.oidc"), reading.text(told, "client_id", "$.oidc"))
    reading.done()
    return found


def grants_in(reading: Reading, value: Mapping[str, Any]) -> tuple[Granted, ...]:
    """Return what a value says that somebody may do."""
    return tuple(
        Granted(reading.texts(one, "actions", "$.grants"), reading.texts(one, "patterns", "$.grants"))
        for one in objects_in(reading, value, "grants")
    )


def objects_in(reading: Reading, value: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    """Return a member that is a list of objects; an empty one where there is none, or another thing."""
    found = value.get(key, [])
    if isinstance(found, list) and all(isinstance(one, dict) for one in found):
        return tuple(found)
    reading.wrong(f"$.{key}", f"`{key}` must be a list of objects")
    return ()


def cursor_in(reading: Reading, value: Mapping[str, Any]) -> str:
    """Return the cursor of the part of a list that comes next, empty on the last one."""
    following = reading.text(value, "next", "$")
    if len(following) > _MAX_CURSOR:
        reading.wrong("$.next", f"`next` has more than {_MAX_CURSOR:,} characters")
    return following


def _summaries(reading: Reading, packages: tuple[Mapping[str, Any], ...]) -> Iterator[Summary]:
    for number, one in enumerate(packages):
        place = f"$.packages[{number}]"
        name = name_in(reading, one, place)
        versions = reading.texts(one, "versions", place)
        latest, description = reading.line(one, "latest", place), reading.text(one, "description", place)
        if name is not None:
            yield Summary(name, latest, versions, description)


def name_in(reading: Reading, value: Mapping[str, Any], place: str) -> PackageName | None:
    """Return the name of a package, or None where there is none that could be one."""
    try:
        return PackageName.parse(reading.text(value, "name", place, needed=True))
    except ValueError as error:
        reading.wrong(f"{place}.name", f"the name of a package {error}")
        return None


def _release(reading: Reading, value: Mapping[str, Any]) -> Release | None:
    try:
        version = SemanticVersion.parse(reading.text(value, "version", "$", needed=True))
    except ValueError as error:
        reading.wrong("$.version", str(error))
        return None
    return read_release(reading, version, reading.mapping(value, "release", "$", needed=True), "$.release")


def _expiry(reading: Reading, value: Mapping[str, Any]) -> int | None:
    return reading.time(value, "expires_at", "$") or None
