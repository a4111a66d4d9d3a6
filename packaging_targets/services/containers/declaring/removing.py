"""`remove`: a container's entry goes, from the target file that declares it, or from the index that alone has it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from packaging_targets.errors import RequestError
from packaging_targets.formats.container.registry_index import without
from packaging_targets.model.label import Label
from packaging_targets.services.containers.catalogue import open_catalogue
from packaging_targets.services.containers.declaring.declarations import Prepared
from packaging_targets.services.containers.declaring.target_text import taken_out
from packaging_targets.services.containers.places import content_of, rendered_for
from packaging_targets.store.change import Change
from packaging_targets.store.layout import target_file_of
from packaging_targets.workspace.target_file import parse_target_file


@dataclass(frozen=True, slots=True)
class Removed:
    """What goes: the entry of the file `source`; `kept` is a hand-written Dockerfile that nobody declares then."""

    id: str
    label: str
    source: str
    kept: str


def prepare_removing(root: str, name: str) -> tuple[Removed, Prepared]:
    """Return what is to be written; raises RequestError where there is no such container, or no entry to be seen."""
    catalogue = open_catalogue(root)
    entry = catalogue[name]
    kept = entry.dockerfile if os.path.isfile(os.path.join(root, entry.dockerfile)) else ""
    if not entry.label:
        text = without(catalogue.index or b"", name, catalogue.index_path)
        change = Change(root).write(catalogue.index_path, text)
        return Removed(name, "", catalogue.index_path, kept), Prepared(change, (), ())
    label = Label.parse(entry.label)
    path = target_file_of(label.package)
    text = content_of(root, path) or b""
    found = [
        one
        for one in parse_target_file(path, text).entries
        if one.rule == entry.type and one.fields.get("name", "") == label.name
    ]
    if len(found) != 1:
        raise RequestError.one(f"`{entry.label}` is no entry of its own", path, "take it out by hand")
    rest = taken_out(text, found[0], path)
    change = Change(root).write(path, rest if rest.strip() else None)
    written = "dockerfile" in found[0].fields
    removed = Removed(name, entry.label, path, kept if written else "")
    outputs = (catalogue.index_path, *rendered_for(entry.type, entry.id))
    return removed, Prepared(change, (str(catalogue.demand_registry()),), outputs)
