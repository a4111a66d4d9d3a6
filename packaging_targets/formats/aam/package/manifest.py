"""Checks `package.agent.json`, and makes a manifest of it: all that is wrong is told at once, each at its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, raise_all
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.package.members import MEMBERS, vendor_member
from packaging_targets.formats.aam.package.shapes import Fault, called, must_be, record
from packaging_targets.formats.jsonc import JsoncError
from packaging_targets.formats.plain_json import parse_json, shown
from packaging_targets.model.versions.semver import SemanticVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEEDED = ("dependencies", "optionalDependencies", "peerDependencies")
_SHAPE = record(MEMBERS, required=("name", "version"))


@dataclass(frozen=True, slots=True)
class ManifestFindings:
    """What was found in a manifest; `manifest` is None where there is an error."""

    manifest: AgentManifest | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def check_manifest(data: bytes, where: str) -> ManifestFindings:
    """Return the manifest that `data` holds, and all that is wrong with it; `where` is its path, for messages.

    Members that nobody knows are passed over, as a later version of the format may have them.
    """
    try:
        parsed = parse_json(data)
    except JsoncError as error:
        what = f"this is no JSON: {error.what}"
        return ManifestFindings(None, (Problem(f"{where}:{error.line}", what),))
    faults = list(_faults(parsed.value))
    severe: list[Problem] = []
    mild: list[Problem] = []
    for fault in faults:
        field = shown(fault.path) if fault.path else ""
        told = Problem(f"{where}:{parsed.line(fault.path)}", fault.what, fault.fix, field=field)
        (severe if fault.severe else mild).append(told)
    if severe:
        return ManifestFindings(None, tuple(severe), tuple(mild))
    value = parsed.value
    manifest = AgentManifest(PackageName.parse(value["name"]), SemanticVersion.parse(value["version"]), value)
    return ManifestFindings(manifest, (), tuple(mild))


def parse_manifest(data: bytes, where: str) -> AgentManifest:
    """Return the manifest that `data` holds; raises RequestError with all that is wrong with it."""
    findings = check_manifest(data, where)
    if findings.manifest is None:
        raise_all(findings.errors, warnings=findings.warnings)
        raise AssertionError  # a manifest that is none has errors
    return findings.manifest


def _faults(value: Any) -> Iterator[Fault]:
    """Yield what is wrong with the value of a manifest, part by part, and then what does not go together."""
    if not isinstance(value, dict):
        yield must_be((), value, "an object")
        return
    yield from _SHAPE((), value)
    for name, one in value.items():
        if name.startswith("x-"):
            yield from vendor_member((name,), one)
    if value.get("private") is True:
        what = "`private` says nothing to registries: the package can be published"
        yield Fault(("private",), what, "do not publish it, and take `private` out", severe=False)
    yield from _faults_of_needs(value)
    yield from _faults_of_artifacts(value)
    yield from _faults_of_grants(value)


def _faults_of_needs(value: dict[str, Any]) -> Iterator[Fault]:
    members = {name: one for name in _NEEDED if isinstance(one := value.get(name), dict)}
    for member, needs in members.items():
        name = value.get("name")
        if isinstance(name, str) and name in needs:
            yield Fault((member, name), "a package cannot need itself", "remove it")
        for other in _NEEDED[: _NEEDED.index(member)]:
            for both in members.get(other, {}).keys() & needs.keys():
                what = f"{called((member, both))} stands in `{other}` too"
                yield Fault((member, both), what, f"keep it in one of them: `{other}` counts", severe=False)


def _faults_of_artifacts(value: dict[str, Any]) -> Iterator[Fault]:
    """Yield the names that two artifacts of one kind have."""
    artifacts = value.get("artifacts")
    for kind, items in artifacts.items() if isinstance(artifacts, dict) else ():
        seen: set[str] = set()
        for at, item in enumerate(items if isinstance(items, list) else ()):
            name = item.get("name") if isinstance(item, dict) else None
            if isinstance(name, str) and name in seen:
                yield Fault(("artifacts", kind, at, "name"), f"two artifacts in `{kind}` are called `{name}`")
            elif isinstance(name, str):
                seen.add(name)


def _faults_of_grants(value: dict[str, Any]) -> Iterator[Fault]:
    grants, needs = value.get("permissionGrants"), value.get("dependencies", {})
    if isinstance(grants, dict) and isinstance(needs, dict):
        for name in grants.keys() - needs.keys():
            yield Fault(("permissionGrants", name), f"`{name[:140]}` is granted permissions, and is no dependency")
