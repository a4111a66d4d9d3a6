"""`add-service`, `add-job` and `add-app`: a container's entry in the target file beside its module."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, near_miss, raise_all
from packaging_targets.formats.container.dockerfile import Standing, standing
from packaging_targets.formats.container.ids import MEANING, nearest_container_id
from packaging_targets.model.label import is_package
from packaging_targets.services.containers.catalogue import dockerfile_of, open_catalogue, workspace_path
from packaging_targets.services.containers.entries import Prepared, appended
from packaging_targets.store.change import Change
from packaging_targets.store.layout import TARGET_FILE, target_file_of
from packaging_targets.store.states import is_junk
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.target_file import parse_target_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.services.containers.catalogue import Catalogue

TEMPLATES = ("go", "node", "python")
_ASSUMED = "node"


@dataclass(frozen=True, slots=True)
class Addition:
    """What is asked for: `type` is `service`, `job` or `app`; paths are relative to the root, an empty text is none."""

    id: str
    type: str
    module: str = "."
    template: str = ""
    context: str = ""
    image: str = ""
    dockerfile: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """What is declared: the target and its file, the Dockerfile, and the module's folder where it has to be made.

    `assumed` is the template that was chosen for a module without any file.
    """

    id: str
    label: str
    target_file: str
    dockerfile: str
    made: str
    assumed: str


def prepare_adding(root: str, asked: Addition) -> tuple[Added, Prepared]:
    """Return what is to be written; raises RequestError with all that is wrong with the request."""
    catalogue = open_catalogue(root)
    registry = catalogue.demand_registry()
    raise_all(_problems(catalogue, asked))
    module = workspace_path(root, asked.module) or "."
    package = "" if module == "." else module
    target_file = target_file_of(package)
    text = text_of(root, target_file)
    empty = not asked.template and not asked.dockerfile and not _has_files(os.path.join(root, module))
    fields = _fields(root, asked, free_name(text, target_file, asked.id, asked.type))
    note = ""
    if empty:
        fields["template"] = _ASSUMED
        note = f"assumed: no file of {module} told; without this line, its files do"
    raise_all(field_problems(root, asked.type, fields))
    change = Change(root).folder(module).write(target_file, appended(text, target_file, asked.type, fields, note))
    label = f"//{package}:{fields['name']}"
    dockerfile = workspace_path(root, asked.dockerfile) if asked.dockerfile else dockerfile_of(asked.type, asked.id)
    made = "" if os.path.isdir(os.path.join(root, module)) else module
    outputs = (catalogue.index_path, *outputs_of(asked.type, asked.id))
    added = Added(asked.id, label, target_file, dockerfile or "", made, _ASSUMED if empty else "")
    return added, Prepared(change, (label, str(registry)), outputs)


def outputs_of(kind: str, name: str) -> tuple[str, ...]:
    """Return what is rendered for a container."""
    dockerfile = dockerfile_of(kind, name)
    return (dockerfile, f"{dockerfile}.dockerignore")


def text_of(root: str, path: str) -> bytes:
    """Return the bytes of a target file, none where it does not exist."""
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def free_name(text: bytes, path: str, name: str, kind: str) -> str:
    """Return a name that no target of the target file has: the id, or one made of id and type."""
    taken = {entry.fields.get("name") for entry in parse_target_file(path, text).entries}
    choices = (name, f"{name}-{kind}", *(f"{name}-{kind}-{number}" for number in range(2, len(taken) + 2)))
    return next(choice for choice in choices if choice not in taken)


def field_problems(root: str, rule: str, fields: dict[str, Any]) -> Iterator[Problem]:
    """Yield what the rule's schema has against the fields."""
    for path, what, fix in Rulebook(root).checker(rule).problems(fields):
        yield Problem(str(fields.get("id", fields["name"])), what, fix, field=path)


def _fields(root: str, asked: Addition, name: str) -> dict[str, Any]:
    template = asked.template if asked.template in TEMPLATES else _rooted(root, asked.template)
    fields = {
        "name": name,
        "id": asked.id if name != asked.id else "",
        "template": template,
        "context": _rooted(root, asked.context),
        "image": asked.image,
        "dockerfile": _rooted(root, asked.dockerfile),
    }
    return {key: value for key, value in fields.items() if value}


def _rooted(root: str, path: str) -> str:
    found = workspace_path(root, path) if path else None
    return "" if found is None else "//" if found == "." else f"//{found}"


def _problems(catalogue: Catalogue, asked: Addition) -> Iterator[Problem]:
    near = nearest_container_id(asked.id)
    if near != asked.id:
        yield Problem("--id", f"the id `{asked.id}` is no image name: {MEANING}", f"--id {near}")
    elif asked.id in catalogue:
        entry = catalogue[asked.id]
        fix = "choose another id" if entry.label else "run ctl-packaging adopt, or choose another id"
        yield Problem("--id", f"there is a container `{asked.id}` already: {entry.label or catalogue.index_path}", fix)
    yield from _path_problems(catalogue.root, asked)
    if asked.template and asked.dockerfile:
        yield Problem("--template", "a hand-written Dockerfile has no template", "leave one of the two out")
    yield from _template_problems(catalogue.root, asked.template)
    if near == asked.id and not asked.dockerfile:
        yield from _overwritten(catalogue.root, outputs_of(asked.type, asked.id)[0])


def _path_problems(root: str, asked: Addition) -> Iterator[Problem]:
    for flag, path in (("--module", asked.module), ("--context", asked.context), ("--dockerfile", asked.dockerfile)):
        found = workspace_path(root, path)
        if found is None:
            yield Problem(flag, f"`{path}` leads out of the repository", "name a path below its root")
            continue
        place = os.path.join(root, found)
        if flag == "--module" and (_is_blocked(place) or not is_package("" if found == "." else found)):
            yield Problem(flag, f"`{path}` can be no folder of a target", "letters, digits and `_.+@~-` name one")
        elif flag == "--context" and path and not os.path.isdir(place):
            yield Problem(flag, f"there is no folder `{path}`", "make it, or leave it out: it is the root then")
        elif flag == "--dockerfile" and path and not os.path.isfile(place):
            yield Problem(flag, f"there is no Dockerfile `{path}`", "write it first, or leave it out to have one made")


def _is_blocked(place: str) -> bool:
    """Tell whether a folder cannot be made, since there is a file in its way."""
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    return not os.path.isdir(place)


def _template_problems(root: str, template: str) -> Iterator[Problem]:
    if not template or template in TEMPLATES:
        return
    choices = f"one of {', '.join(TEMPLATES)}, or the path of your own"
    if "/" not in template and not template.endswith((".j2", ".Dockerfile")):
        yield Problem(
            "--template", f"there is no template `{template}`", near_miss(template.lower(), TEMPLATES) or choices
        )
    elif workspace_path(root, template) is None or not os.path.isfile(os.path.join(root, template)):
        yield Problem("--template", f"there is no template `{template}` in the repository", choices)


def _overwritten(root: str, dockerfile: str) -> Iterator[Problem]:
    data = text_of(root, dockerfile)
    if data and standing(data) is not Standing.RENDERED:
        what = f"`{dockerfile}` was written by hand, and is not rendered over"
        yield Problem("--dockerfile", what, f"--dockerfile {dockerfile}")


def _has_files(folder: str) -> bool:
    return any(name != TARGET_FILE and not is_junk(name) for _, _, names in os.walk(folder) for name in names)
