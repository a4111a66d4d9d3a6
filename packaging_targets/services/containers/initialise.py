"""`init`: what a repository needs for containers. What is missing is written, and nothing that is there is touched.

A root target file that stands already gets the tables that it lacks at its end.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from packaging_targets.build.session import planned
from packaging_targets.errors import PackagingError, RequestError
from packaging_targets.formats.container.registry_index import merge
from packaging_targets.services.containers.declaring.target_text import extended, free_name
from packaging_targets.services.containers.places import content_of, is_workspace
from packaging_targets.services.containers.templates import FOLDER, built_in_templates
from packaging_targets.store.change import Change
from packaging_targets.store.layout import CONTAINER_INDEX, TARGET_FILE
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.target_file import parse_target_file

_SKELETON = Path(__file__).parent / "skeleton"

_WORKSPACE = """\
# The root of the workspace. Targets stand in a TARGETS.toml beside their module.
[workspace]
"""
_REGISTRY = f"""\
# The index of all containers: {CONTAINER_INDEX}
[[packaging_registry]]
name = "{{}}"
"""
_DODO = '''\
"""What doit builds here: the targets of this repository."""

from packaging_targets.adapters.doit import *  # noqa: F403  # the one line that a dodo.py needs
'''


@dataclass(frozen=True, slots=True)
class Initialised:
    """The files that were written, and those that were there and are as they were.

    `added` are the headers of the tables that a root target file got which was there; `lacks` is what people must add.
    """

    wrote: tuple[str, ...]
    left: tuple[str, ...]
    added: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def initialise(root: str, *, dry_run: bool = False) -> Initialised:
    """Write what is missing in the repository at `root`, all or nothing; raises BuildError where that is impossible."""
    files = _files(root)
    missing = {path: data for path, data in files.items() if not os.path.lexists(os.path.join(root, path))}
    added: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    change = Change(root)
    for path, data in missing.items():
        change.write(path, data)
    if TARGET_FILE not in missing:
        try:
            text, added = _completed(root)
            if added:
                change.write(TARGET_FILE, text)
        except RequestError as error:
            lacks = tuple(f"{one.what}: {one.fix}" for one in error.problems)
    if not dry_run:
        change.apply()
    left = files.keys() - missing.keys() - ({TARGET_FILE} if added else set())
    return Initialised(tuple(sorted(missing)), tuple(sorted(left)), added, lacks)


def _files(root: str) -> dict[str, bytes]:
    found = {
        path.relative_to(_SKELETON).as_posix(): path.read_bytes() for path in _SKELETON.rglob("*") if path.is_file()
    }
    for name, source in built_in_templates(Rulebook(root)).items():
        found[f"{FOLDER}/Dockerfile.{name}"] = Path(source).read_bytes()
    targets = _with_registry(_with_workspace(b""))
    return {**found, CONTAINER_INDEX: merge(None, [], CONTAINER_INDEX), TARGET_FILE: targets, "dodo.py": _DODO.encode()}


def _completed(root: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the root's target file with what it lacks, and the headers of that.

    Raises RequestError where it cannot take that, or where its workspace does not tell.
    """
    text = content_of(root, TARGET_FILE) or b""
    added = []
    if not is_workspace(root):
        text = _with_workspace(text)
        added.append("[workspace]")
    if not _has_registry(root, text):
        text = _with_registry(text)
        added.append("[[packaging_registry]]")
    return text, tuple(added)


def _has_registry(root: str, text: bytes) -> bool:
    """Tell whether a target keeps the index: one of the root, or any that there is in a workspace."""
    if any(entry.rule == "packaging_registry" for entry in parse_target_file(TARGET_FILE, text).entries):
        return True
    if not is_workspace(root):
        return False
    try:
        with planned(root) as session:
            return bool(session.records.targets.labels_of("packaging_registry"))
    except PackagingError as error:
        what = f"{TARGET_FILE} may lack [[packaging_registry]], which nobody can tell while targets are wrong"
        raise RequestError.one(what, "", "correct them, and run ctl-packaging init again") from error


def _with_workspace(text: bytes) -> bytes:
    return extended(text, TARGET_FILE, _WORKSPACE, {"workspace": {}})


def _with_registry(text: bytes) -> bytes:
    name = free_name(text, TARGET_FILE, "registry", "packaging")
    return extended(text, TARGET_FILE, _REGISTRY.format(name), {"packaging_registry": [{"name": name}]})
