"""`add-service`, `add-job` and `add-app`: a container's entry in the target file beside its module."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, near_miss, raise_all
from packaging_targets.formats.container.dockerfile import Standing, standing
from packaging_targets.model.label import is_package
from packaging_targets.services.containers.catalogue import Entry, open_catalogue
from packaging_targets.services.containers.declaring.declarations import Declarations, Prepared
from packaging_targets.services.containers.faults import PATHS, faults
from packaging_targets.services.containers.places import content_of, dockerfile_of, workspace_path
from packaging_targets.services.containers.templates import template_names
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from packaging_targets.services.containers.catalogue import Catalogue

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
    declarations = Declarations(catalogue)
    templates = template_names(root, declarations.rules)
    raise_all(_problems(catalogue, asked, templates))
    module = workspace_path(root, asked.module) or "."
    place = os.path.join(root, module)
    assumed = "" if asked.template or asked.dockerfile or _has_files(place) else _ASSUMED
    template = asked.template if asked.template in templates else _rooted(root, asked.template)
    fields: dict[str, Any] = {
        "template": assumed or template,
        "context": _rooted(root, asked.context),
        "image": asked.image,
        "dockerfile": _rooted(root, asked.dockerfile),
    }
    note = f"assumed: no file of {module} told; without this line, its files do" if assumed else ""
    target_file = declarations.declare(asked.type, asked.id, module, fields, note)
    prepared = declarations.prepared()
    prepared.change.folder(module)
    dockerfile = fields["dockerfile"].removeprefix("//") or dockerfile_of(asked.type, asked.id)
    made = "" if os.path.isdir(place) else module
    return Added(asked.id, declarations.labels[asked.id], target_file, dockerfile, made, assumed), prepared


def _rooted(root: str, path: str) -> str:
    found = workspace_path(root, path) if path else None
    return "" if found is None else "//" if found == "." else f"//{found}"


def _problems(catalogue: Catalogue, asked: Addition, templates: Collection[str]) -> Iterator[Problem]:
    if asked.id in catalogue:
        entry = catalogue[asked.id]
        fix = "choose another id" if entry.label else "run ctl-packaging adopt, or choose another id"
        yield Problem("--id", f"there is a container `{asked.id}` already: {entry.label or catalogue.index_path}", fix)
    yield from _entry_problems(catalogue.root, asked)
    if asked.template and asked.dockerfile:
        yield Problem("--template", "a hand-written Dockerfile has no template", "leave one of the two out")
    if asked.template and asked.template not in templates:
        yield from _template_problems(catalogue.root, asked.template, templates)
    if not asked.dockerfile:
        yield from _overwritten(catalogue.root, asked)


def _entry_problems(root: str, asked: Addition) -> Iterator[Problem]:
    said = {key: getattr(asked, key) for key in ("type", *PATHS) if getattr(asked, key)}
    # A module that is not there is made, and so is a Dockerfile that nobody names.
    for key, what, fix in faults(root, Entry(asked.id, said), said.keys() - {"module"}):
        yield Problem(f"--{key}", what, fix)
    module = workspace_path(root, asked.module)
    if module and (_is_blocked(os.path.join(root, module)) or not is_package("" if module == "." else module)):
        what = f"`{asked.module}` can be no folder of a target"
        yield Problem("--module", what, "letters, digits and `_.+@~-` name one")


def _is_blocked(place: str) -> bool:
    """Tell whether a folder cannot be made, since there is a file in its way."""
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    return not os.path.isdir(place)


def _template_problems(root: str, template: str, templates: Collection[str]) -> Iterator[Problem]:
    choices = f"one of {', '.join(templates)}, or the path of your own"
    if "/" not in template and not template.endswith((".j2", ".Dockerfile")):
        fix = near_miss(template.lower(), templates) or choices
        yield Problem("--template", f"there is no template `{template}`", fix)
    elif workspace_path(root, template) is None or not os.path.isfile(os.path.join(root, template)):
        yield Problem("--template", f"there is no template `{template}` in the repository", choices)


def _overwritten(root: str, asked: Addition) -> Iterator[Problem]:
    dockerfile = dockerfile_of(asked.type, asked.id)
    data = content_of(root, dockerfile) if workspace_path(root, dockerfile) == dockerfile else None
    if data and standing(data) is not Standing.RENDERED:
        what = f"`{dockerfile}` was written by hand, and is not rendered over"
        yield Problem("--dockerfile", what, f"--dockerfile {dockerfile}")


def _has_files(folder: str) -> bool:
    return any(name != TARGET_FILE and not is_junk(name) for _, _, names in os.walk(folder) for name in names)
