"""`adopt`: target files for the containers that only the index knows. What else the index says of them stays in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, raise_all
from packaging_targets.model.label import is_package
from packaging_targets.services.containers.catalogue import open_catalogue
from packaging_targets.services.containers.declaring.declarations import Declarations, Prepared
from packaging_targets.services.containers.faults import PATHS, entry_problems
from packaging_targets.services.containers.places import dockerfile_of, workspace_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.services.containers.catalogue import Catalogue, Entry


@dataclass(frozen=True, slots=True)
class Adopted:
    """The targets that are declared now, by the id of their container, and the files that say so."""

    labels: dict[str, str]
    target_files: tuple[str, ...]


def prepare_adopting(root: str) -> tuple[Adopted, Prepared]:
    """Return what is to be written; raises RequestError with every reason why an entry cannot be a target."""
    catalogue = open_catalogue(root)
    declarations = Declarations(catalogue)
    entries = [entry for entry in catalogue.entries if not entry.label]
    raise_all(problem for entry in entries for problem in _problems(catalogue, entry))
    for entry in entries:
        module = workspace_path(root, entry.text("module")) or "."
        declarations.declare(entry.type, entry.id, module, _fields(root, entry, declarations))
    prepared = declarations.prepared()
    return Adopted(declarations.labels, tuple(sorted(declarations.texts))), prepared


def _fields(root: str, entry: Entry, declarations: Declarations) -> dict[str, Any]:
    """Return the fields of the target. What a field cannot hold stays a further key of the index."""
    exists = os.path.isfile(os.path.join(root, entry.dockerfile))
    context = workspace_path(root, entry.context)
    fields: dict[str, Any] = {
        "context": f"//{context}" if context != "." else "",
        "image": entry.image if entry.image != entry.id else "",
        "dockerfile": f"//{workspace_path(root, entry.dockerfile)}" if exists else "",
    }
    port = {"port": entry.values.get("port")}
    health = {"health_path": entry.values.get("healthPath")}
    for more in (port, health if "port" in entry.values else {}):
        if None not in more.values() and declarations.accepts(entry.type, more):
            fields |= more
    return fields


def _problems(catalogue: Catalogue, entry: Entry) -> Iterator[Problem]:
    # A Dockerfile that is not where one would be rendered is a person's, and has to be there.
    rendered = {"dockerfile"} if entry.dockerfile == dockerfile_of(entry.type, entry.id) else set()
    yield from entry_problems(catalogue, entry, {*PATHS} - rendered)
    module = workspace_path(catalogue.root, entry.text("module"))
    if module is not None and not is_package("" if module == "." else module):
        what = f"`{module}` can be no folder of a target"
        yield Problem(catalogue.index_path, what, "letters, digits and `_.+@~-` name one", entry.id)
