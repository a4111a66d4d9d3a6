"""Checks `package.agent.json`, and makes a manifest of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem, raise_all

if TYPE_CHECKING:
    from packaging_targets.formats.aam.manifest import AgentManifest


@dataclass(frozen=True, slots=True)
class ManifestFindings:
    """What was found in a manifest; `manifest` is None where there is an error."""

    manifest: AgentManifest | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def check_manifest(data: bytes, where: str) -> ManifestFindings:
    """Return the manifest that `data` holds, and all that is wrong with it; `where` is its path, for messages."""
    raise NotImplementedError


def parse_manifest(data: bytes, where: str) -> AgentManifest:
    """Return the manifest that `data` holds; raises RequestError with all that is wrong with it."""
    findings = check_manifest(data, where)
    raise_all(findings.errors, warnings=findings.warnings)
    assert findings.manifest is not None
    return findings.manifest
