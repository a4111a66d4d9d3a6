"""Finds what a package gives to agents, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from packaging_targets.formats.aam.artifacts.values import Artifacts

if TYPE_CHECKING:
    from packaging_targets.formats.aam.manifest import AgentManifest


def find_artifacts(manifest: AgentManifest, files: Mapping[str, bytes], folder: str = "") -> Artifacts:
    """Return what the files of a package give to agents, with errors and warnings that name file and line.

    `files` are the packed files by path; only those that describe an artifact are read. `folder` is what the
    package's folder is called in messages. Raises RequestError where YAML has to be read and PyYAML is missing.
    """
    raise NotImplementedError
