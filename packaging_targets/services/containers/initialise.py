"""`init`: what a repository needs for containers. What is missing is written, and nothing that is there is touched."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from packaging_targets.formats.container.registry_index import merge
from packaging_targets.services.containers.catalogue import INDEX, is_workspace
from packaging_targets.store.change import Change
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.workspace.rules.rulebook import Rulebook

_SKELETON = Path(__file__).parent / "skeleton"
_TEMPLATES = ("go", "node", "python")

_TARGETS = """\
# The root of the workspace. Targets stand in a TARGETS.toml beside their module.
[workspace]

# The index of all containers: docs/packaging/registry.json
[[packaging_registry]]
name = "registry"
"""
_DODO = '''\
"""What doit builds here: the targets of this repository."""

from packaging_targets.adapters.doit import *  # noqa: F403  # the one line that a dodo.py needs
'''


@dataclass(frozen=True, slots=True)
class Initialised:
    """The files that were written, and those that were there and are as they were; `lacks` is what people must add."""

    wrote: tuple[str, ...]
    left: tuple[str, ...]
    lacks: tuple[str, ...] = ()


def initialise(root: str, *, dry_run: bool = False) -> Initialised:
    """Write what is missing in the repository at `root`, all or nothing; raises BuildError where that is impossible."""
    files = _files(root)
    missing = {path: data for path, data in files.items() if not os.path.lexists(os.path.join(root, path))}
    if not dry_run:
        change = Change(root)
        for path, data in missing.items():
            change.write(path, data)
        change.apply()
    lacks: tuple[str, ...] = ()
    if TARGET_FILE not in missing and not is_workspace(root):
        lacks = (f"{TARGET_FILE} has no [workspace] table: write one, and below it [[packaging_registry]]",)
    return Initialised(tuple(sorted(missing)), tuple(sorted(files.keys() - missing.keys())), lacks)


def _files(root: str) -> dict[str, bytes]:
    found = {
        path.relative_to(_SKELETON).as_posix(): path.read_bytes() for path in _SKELETON.rglob("*") if path.is_file()
    }
    rules = Rulebook(root)
    for language in _TEMPLATES:
        source = rules.path_of(f"@service/{language}.Dockerfile.j2")
        found[f"ops/packaging/templates/Dockerfile.{language}"] = Path(source).read_bytes()
    return {**found, INDEX: merge(None, [], INDEX), TARGET_FILE: _TARGETS.encode(), "dodo.py": _DODO.encode()}
