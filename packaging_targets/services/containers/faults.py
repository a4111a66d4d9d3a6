"""What can be wrong with what is said of a container, wherever it is said: in the index or in a request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem
from packaging_targets.formats.container.ids import MEANING, nearest_container_id
from packaging_targets.services.containers.places import TYPES, dockerfile_of, workspace_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from packaging_targets.services.containers.catalogue import Catalogue, Entry

    Fault = tuple[str, str, str]
    """The key to blame, what is wrong with its value, and the fix."""

BUILD = "run packaging build, which brings it in step"
PATHS = ("module", "context", "dockerfile")


def entry_problems(catalogue: Catalogue, entry: Entry, there: Collection[str] = PATHS) -> Iterator[Problem]:
    """Yield what is wrong with an entry, at the index; see `faults`."""
    for _, what, fix in faults(catalogue.root, entry, there):
        yield Problem(catalogue.index_path, what, fix, entry.label or entry.id)


def faults(root: str, entry: Entry, there: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong with type, id and paths of a container; what the paths `there` lead to has to exist."""
    if entry.type not in TYPES:
        what = f"`{entry.type}` is no type of a container" if entry.type else "the container has no `type`"
        yield "type", what, f"write one of {', '.join(TYPES)}"
    near = nearest_container_id(entry.id)
    if near != entry.id:
        yield "id", f"the id `{entry.id}` is no image name: {MEANING}", f"write {near}"
    yield from path_faults(root, entry, there)


def path_faults(root: str, entry: Entry, there: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong with the paths of a container."""
    for key, path in entry.paths.items():
        found = workspace_path(root, path)
        if found is None:
            yield key, f"`{key}` leads out of the repository: `{path}`", "name a path inside it"
        elif key not in there:
            continue
        elif key == "dockerfile" and not os.path.isfile(os.path.join(root, found)):
            yield key, f"there is no Dockerfile `{path}`", _written(entry)
        elif key != "dockerfile" and not os.path.isdir(os.path.join(root, found)):
            yield key, f"there is no folder `{path}`, which `{key}` names", "correct the path, or make the folder"


def _written(entry: Entry) -> str:
    """Return what brings a Dockerfile that is missing."""
    if entry.label and entry.is_rendered:
        return BUILD
    if entry.dockerfile == dockerfile_of(entry.type, entry.id) and not entry.label:
        return "write it, or let ctl-packaging adopt render it"
    return "write it, or leave `dockerfile` out to have one rendered"
