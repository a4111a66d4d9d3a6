"""`package.agent.lock`: which version of each package a project has, where it came from, and which bytes it is.

    {"lockVersion": 2, "requested": {"@acme/review": "^2.0.0"},
     "resolved": {"@acme/review": {"version": "2.0.0", "source": {"type": "registry", …}, "integrity": "sha256-…",
                                   "dependencies": {…}}}}

The same packages give the same bytes: members are sorted, and there is no time. Version 1, in which a source is a text,
is read too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.errors import IntegrityError, Problem, raise_all
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.names import name_faults
from packaging_targets.formats.jsonc import JsoncError
from packaging_targets.formats.plain_json import parse_json
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import is_semantic_version

FILE = "package.agent.lock"
VERSION = 2
MAX_BYTES = 32 << 20
_FIX = "restore it from version control, or remove it and run `aam install`"
_URLS = ("file:///", "https://", "http://")
_REGISTRY, _FILE = "registry", "file"


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package of a lock: `registry` is a URL, and empty where it came from the file or folder `path`."""

    version: str
    integrity: str
    registry: str = ""
    path: str = ""
    dependencies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentLock:
    """A lock: what the project wants, as ranges by name, and what that was resolved to, by name.

    `resolutions` are versions that the project lets go before whatever anybody wants.
    """

    requested: Mapping[str, str] = field(default_factory=dict)
    resolved: Mapping[str, LockedPackage] = field(default_factory=dict)
    resolutions: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the only bytes that the lock has."""
        resolved = {name: _value(name, one) for name, one in self.resolved.items()}
        value = {"lockVersion": VERSION, "requested": dict(self.requested), "resolved": resolved}
        if self.resolutions:
            value["resolutions"] = dict(self.resolutions)
        return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _value(name: str, one: LockedPackage) -> dict[str, Any]:
    if one.path:
        source = {"type": _FILE, "path": one.path}
    else:
        source = {"type": _REGISTRY, "registry": one.registry, "name": name, "version": one.version}
    return {
        "version": one.version,
        "source": source,
        "integrity": one.integrity,
        "dependencies": dict(one.dependencies),
    }


def parse_lock(data: bytes, where: str = FILE) -> AgentLock:
    """Return the lock that `data` holds; raises IntegrityError with all that is wrong with it."""
    try:
        value = parse_json(data, max_bytes=MAX_BYTES).value
    except JsoncError as error:
        raise IntegrityError.one(f"it is no JSON: {error.what}", f"{where}:{error.line}", _FIX) from None
    reading = _Reading(where)
    lock = reading.lock(value)
    raise_all(reading.problems, IntegrityError)
    return lock


class _Reading:
    def __init__(self, where: str) -> None:
        self._where = where
        self.problems: list[Problem] = []

    def lock(self, value: Any) -> AgentLock:
        version = value.get("lockVersion") if isinstance(value, dict) else None
        if type(version) is not int or version not in {1, VERSION}:
            fix = "update packaging-targets" if type(version) is int and version > VERSION else _FIX
            what = "`lockVersion` must be 1 or 2" if isinstance(value, dict) else "it must be an object"
            self._refuse("$.lockVersion", what, fix)
            return AgentLock()
        resolved = self._members("$.resolved", value.get("resolved"))
        found = {name: self._package(f"$.resolved.{name}", name, one) for name, one in resolved.items()}
        requested = self._ranges("$.requested", value.get("requested", {}))
        lock = AgentLock(requested, found, self._ranges("$.resolutions", value.get("resolutions", {})))
        self.problems += self._dangling(lock)
        return lock

    def _package(self, place: str, name: str, value: Any) -> LockedPackage:
        members = self._members(place, value, names=False)
        self._names(place, name)
        version, integrity = members.get("version"), members.get("integrity")
        if not isinstance(version, str) or not is_semantic_version(version):
            self._refuse(f"{place}.version", "`version` must be a semantic version")
        try:
            parse_integrity(integrity if isinstance(integrity, str) else "")
        except ValueError:
            self._refuse(f"{place}.integrity", "`integrity` must be sha256- and a digest in base64")
        registry, path = self._source(f"{place}.source", members.get("source"), name, version)
        needs = self._ranges(f"{place}.dependencies", members.get("dependencies", {}))
        return LockedPackage(str(version), str(integrity), registry, path, needs)

    def _source(self, place: str, value: Any, name: str, version: Any) -> tuple[str, str]:
        """Return the registry's URL and the path, of which one is empty; version 1 has either as a text."""
        if isinstance(value, str) and value:
            if value.startswith(("file:.", "./", "../")):
                return "", value.removeprefix("file:")
            return self._url(place, value), ""
        members = self._members(place, value, names=False)
        kind = members.get("type")
        if kind == _FILE and isinstance(path := members.get("path"), str) and path:
            return "", path
        if kind == _REGISTRY and isinstance(url := members.get("registry"), str) and url:
            for key, expected in (("name", name), ("version", version)):
                if members.get(key, expected) != expected:
                    self._refuse(f"{place}.{key}", f"`{key}` is not that of the package, which is {expected}")
            return self._url(f"{place}.registry", url), ""
        self._refuse(place, "`source` must have a `type` of registry, with its `registry`, or file, with its `path`")
        return "", ""

    def _url(self, place: str, text: str) -> str:
        """Return the URL of a registry, which leads to the same place wherever it is read from."""
        if not text.startswith(_URLS):
            self._refuse(place, f"`{text[:200]}` is no URL of a registry: one starts with {', '.join(_URLS)}")
        return text

    def _ranges(self, place: str, value: Any) -> Mapping[str, str]:
        found = {}
        for name, text in self._members(place, value).items():
            self._names(place, name)
            try:
                found[name] = VersionRange.parse(text if isinstance(text, str) else "").text
            except ValueError:
                self._refuse(f"{place}.{name}", "it must be a range of versions")
        return found

    def _names(self, place: str, name: str) -> None:
        for fault in name_faults(name):
            self._refuse(place, f"the name `{name}` {fault}")

    def _members(self, place: str, value: Any, *, names: bool = True) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._refuse(place, "it must be an object" + (" with a member for each package" if names else ""))
        return {}

    def _dangling(self, lock: AgentLock) -> Iterator[Problem]:
        for name, one in lock.resolved.items():
            for needed in one.dependencies:
                if needed not in lock.resolved:
                    place = f"$.resolved.{name}.dependencies.{needed}"
                    yield Problem(self._where, f"`{needed}` is needed, but not locked", _FIX, field=place)

    def _refuse(self, place: str, what: str, fix: str = _FIX) -> None:
        self.problems.append(Problem(self._where, what, fix, field=place))


def misfits(lock: AgentLock, wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield what of `wanted`, or of what locked packages need, the lock does not have in a version that fits."""
    demands = [("the project", wanted), *((f"`{name}`", one.dependencies) for name, one in lock.resolved.items())]
    for who, ranges in demands:
        for name, text in ranges.items():
            found = lock.resolved.get(name)
            if found is None:
                yield f"{who} wants `{name}` {text}, which is not locked"
            elif not _fits(found.version, lock.resolutions.get(name, text)):
                yield f"{who} wants `{name}` {text}, but {found.version} is locked"


def _fits(version: str, text: str) -> bool:
    from packaging_targets.model.versions.semver import SemanticVersion

    return VersionRange.parse(text).allows(SemanticVersion.parse(version))


def reachable(lock: AgentLock, wanted: Mapping[str, str]) -> set[str]:
    """Return the names of the lock that `wanted` needs, at any distance."""
    waiting, found = list(wanted), set[str]()
    while waiting:
        name = waiting.pop()
        if name in lock.resolved and name not in found:
            found.add(name)
            waiting += lock.resolved[name].dependencies
    return found
