"""`adopt`: target files for the containers that only the index knows. What else the index says of them stays in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, raise_all
from packaging_targets.formats.container.ids import MEANING, nearest_container_id
from packaging_targets.model.label import is_package
from packaging_targets.services.containers.adding import field_problems, free_name, outputs_of, text_of
from packaging_targets.services.containers.catalogue import TYPES, dockerfile_of, open_catalogue, workspace_path
from packaging_targets.services.containers.entries import Prepared, appended
from packaging_targets.store.change import Change
from packaging_targets.store.layout import target_file_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.services.containers.catalogue import Entry

_PATHS = ("module", "context", "dockerfile")


@dataclass(frozen=True, slots=True)
class Adopted:
    """The targets that are declared now, by the id of their container, and the files that say so."""

    labels: dict[str, str]
    target_files: tuple[str, ...]


def prepare_adopting(root: str) -> tuple[Adopted, Prepared]:
    """Return what is to be written; raises RequestError with every reason why an entry cannot be a target."""
    catalogue = open_catalogue(root)
    registry = catalogue.demand_registry()
    entries = [entry for entry in catalogue.entries if not entry.label]
    raise_all(problem for entry in entries for problem in _problems(root, entry, catalogue.index_path))
    texts: dict[str, bytes] = {}
    labels: dict[str, str] = {}
    problems: list[Problem] = []
    for entry in entries:
        module = workspace_path(root, entry.text("module")) or "."
        package = "" if module == "." else module
        path = target_file_of(package)
        text = texts.get(path, text_of(root, path))
        fields = _fields(root, entry, free_name(text, path, entry.id, entry.type))
        problems += field_problems(root, entry.type, fields)
        texts[path] = appended(text, path, entry.type, fields)
        labels[entry.id] = f"//{package}:{fields['name']}"
    raise_all(problems)
    change = Change(root)
    for path, text in texts.items():
        change.write(path, text)
    outputs = (catalogue.index_path, *(path for entry in entries for path in outputs_of(entry.type, entry.id)))
    build = (*labels.values(), str(registry)) if labels else ()
    return Adopted(labels, tuple(sorted(texts))), Prepared(change, build, outputs)


def _fields(root: str, entry: Entry, name: str) -> dict[str, Any]:
    """Return the fields of the target. What a field cannot hold stays a further key of the index."""
    dockerfile = workspace_path(root, entry.dockerfile)
    exists = os.path.isfile(os.path.join(root, entry.dockerfile))
    context = workspace_path(root, entry.context)
    fields: dict[str, Any] = {
        "name": name,
        "id": entry.id if name != entry.id else "",
        "context": f"//{context}" if context != "." else "",
        "image": entry.image if entry.image != entry.id else "",
        "dockerfile": f"//{dockerfile}" if exists else "",
    }
    port = {"port": entry.values.get("port")}
    health = {"health_path": entry.values.get("healthPath")}
    for more in (port, health if "port" in entry.values else {}):
        if None not in more.values() and not list(field_problems(root, entry.type, {"name": name, **more})):
            fields |= more
    return {key: value for key, value in fields.items() if value}


def _problems(root: str, entry: Entry, where: str) -> Iterator[Problem]:
    about = f"{where}: {entry.id}"
    fix = "correct the index"
    if entry.type not in TYPES:
        yield Problem(about, f"`{entry.type}` is no type", f"write one of {', '.join(TYPES)}")
    near = nearest_container_id(entry.id)
    if near != entry.id:
        yield Problem(about, f"the id `{entry.id}` is no image name: {MEANING}", f"write {near}")
    for key in _PATHS:
        if workspace_path(root, entry.text(key)) is None:
            yield Problem(about, f"`{key}` leads out of the repository: `{entry.text(key)}`", fix)
    module = workspace_path(root, entry.text("module"))
    if module is not None and not os.path.isdir(os.path.join(root, module)):
        yield Problem(about, f"there is no module `{module}`", "make the folder, or run ctl-packaging remove")
    elif module not in {None, "."} and not is_package(str(module)):
        yield Problem(about, f"`{module}` can be no folder of a target", "letters, digits and `_.+@~-` name one")
    usual = dockerfile_of(entry.type, entry.id)
    if entry.dockerfile != usual and not os.path.isfile(os.path.join(root, entry.dockerfile)):
        yield Problem(about, f"there is no Dockerfile `{entry.dockerfile}`", f"write it, or name {usual}")
