"""`verify`: everything about the containers of a repository that a person would want to know of, at once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging_targets.build.kinds.dockerfile import rendered
from packaging_targets.build.session import planned
from packaging_targets.errors import BuildError, IntegrityError, PackagingError, Problem, RequestError
from packaging_targets.formats.container.dockerfile import Standing, standing
from packaging_targets.formats.container.ids import MEANING, nearest_container_id
from packaging_targets.formats.container.registry_index import merge
from packaging_targets.formats.container.stages import stages
from packaging_targets.model.action import RULE_FILE
from packaging_targets.services.containers.catalogue import TYPES, catalogue_of, is_workspace, workspace_path
from packaging_targets.services.containers.credentials import concealed, find_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.build.session import Session
    from packaging_targets.model.action import Action
    from packaging_targets.services.containers.catalogue import Catalogue, Entry

_HOME = "ops/packaging"
_LIMIT = 1 << 20  # bytes of a Dockerfile
_BUILD = "run packaging build, which brings it in step"


def verify(root: str) -> tuple[int, tuple[Problem, ...]]:
    """Return how many containers there are, and all that is wrong with them, sorted, without any credential."""
    problems: list[Problem] = []
    catalogue = None
    if is_workspace(root):
        try:
            with planned(root) as session:
                catalogue = catalogue_of(root, session)
                problems += _drift(session, catalogue)
        except RequestError as error:
            problems += error.problems
    catalogue = catalogue or catalogue_of(root, None)
    problems += catalogue.defects
    problems += _missing(catalogue)
    for entry in catalogue.entries:
        problems += _entry_problems(catalogue, entry)
    problems += _undeclared(catalogue)
    for path in (catalogue.index_path, _HOME):
        problems += find_credentials(root, path)
    told = (
        replace(one, where=concealed(one.where), what=concealed(one.what), fix=concealed(one.fix)) for one in problems
    )
    return len(catalogue.entries), PackagingError(*told).problems


def _missing(catalogue: Catalogue) -> Iterator[Problem]:
    if not os.path.isdir(os.path.join(catalogue.root, _HOME)):
        yield Problem(_HOME, f"there is no folder `{_HOME}`", "run ctl-packaging init")
    if catalogue.index is None and not catalogue.is_workspace:
        yield Problem(catalogue.index_path, "there is no index of containers", "run ctl-packaging init")


# Entries --------------------------------------------------------------------------------------------------------------


def _entry_problems(catalogue: Catalogue, entry: Entry) -> Iterator[Problem]:
    where, about = catalogue.index_path, entry.label or entry.id
    if entry.type not in TYPES:
        yield Problem(where, f"`{entry.type}` is no type of a container", f"write one of {', '.join(TYPES)}", about)
    near = nearest_container_id(entry.id)
    if near != entry.id:
        yield Problem(where, f"the id `{entry.id}` is no image name: {MEANING}", f"write {near}", about)
    places = {"module": entry.text("module"), "context": entry.context, "dockerfile": entry.dockerfile}
    for key, path in places.items():
        found = workspace_path(catalogue.root, path)
        if found is None:
            yield Problem(where, f"`{key}` leads out of the repository: `{path}`", "name a path inside it", about)
        elif key != "dockerfile" and not os.path.isdir(os.path.join(catalogue.root, found)):
            yield Problem(where, f"there is no folder `{path}`, which `{key}` names", "correct the path", about)
        elif key == "dockerfile" and not os.path.isfile(os.path.join(catalogue.root, found)):
            fix = _BUILD if entry.label else "write it, or let adopt render it"
            yield Problem(where, f"there is no Dockerfile `{path}`", fix, about)
        elif key == "dockerfile":
            yield from _dockerfile_problems(catalogue.root, found, about)


def _dockerfile_problems(root: str, path: str, about: str) -> Iterator[Problem]:
    with open(os.path.join(root, path), "rb") as file:
        found = stages(file.read(_LIMIT).decode("utf-8", "replace"))
    if not found:
        yield Problem(path, "this Dockerfile has no FROM", "begin it with one", about)
    for number, stage in enumerate(found, 1):
        where = f"{path}:{stage.line}"
        if stage.base == "scratch":
            if number == len(found) and not stage.fills:
                yield Problem(where, "`FROM scratch` with nothing in it is a placeholder", "write the image", about)
        elif stage.base and not stage.is_pinned:
            yield Problem(where, f"the base `{stage.base}` has no tag", f"write {stage.base}:TAG", about)


def _undeclared(catalogue: Catalogue) -> Iterator[Problem]:
    """Yield the Dockerfiles that nobody declares; where the index cannot be read, that cannot be told."""
    if catalogue.defects:
        return
    known = {workspace_path(catalogue.root, entry.dockerfile) for entry in catalogue.entries}
    for kind in TYPES:
        folder = f"{_HOME}/{kind}s"
        for name in sorted(_names(os.path.join(catalogue.root, folder))):
            path = f"{folder}/{name}"
            if name.endswith("Dockerfile") and path not in known:
                fix = f"ctl-packaging add-{kind} --id ID --dockerfile {path}, or delete it"
                yield Problem(path, "nobody declares this Dockerfile", fix)


def _names(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


# Drift ----------------------------------------------------------------------------------------------------------------


def _drift(session: Session, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield what differs from what the targets say. What stands on disk counts, not what was built here before."""
    labels = [entry.label for entry in catalogue.entries if entry.label]
    for label in (*labels, *([str(catalogue.registry)] if catalogue.registry else [])):
        for _, action in session.records.actions.plain(label):
            if action.kind.startswith("dockerfile/"):
                yield from _stale_dockerfile(session, action, label)
            elif action.kind.startswith("registry_index/"):
                yield from _stale_index(catalogue, action, label)


def _stale_index(catalogue: Catalogue, action: Action, label: str) -> Iterator[Problem]:
    try:
        meant = merge(catalogue.index, action.params["entries"], catalogue.index_path)
    except IntegrityError:
        return  # its defects are told as such
    if meant != catalogue.index:
        what = "there is no index" if catalogue.index is None else "the index is not what the targets say"
        yield Problem(catalogue.index_path, what, _BUILD, label)


def _stale_dockerfile(session: Session, action: Action, label: str) -> Iterator[Problem]:
    def read(path: str) -> bytes:
        with open(session.rulebook.path_of(path) if path[0] == RULE_FILE else path, "rb") as file:
            return file.read(_LIMIT + 1)

    try:
        meant = rendered(action, read)
    except BuildError as error:
        yield from error.problems
        return
    except OSError as error:
        yield Problem(str(error.filename), "the template cannot be read", _BUILD, label)
        return
    for path, data in meant.items():
        if not os.path.isfile(path):
            if path != action.outputs[0]:  # that one is told as an entry's
                yield Problem(path, f"there is no `{path}`", _BUILD, label)
            continue
        with open(path, "rb") as file:
            stands = file.read()
        if standing(stands) is not Standing.RENDERED:
            fix = f'write dockerfile = "//{action.outputs[0]}" to keep it, or delete the file to drop it'
            yield Problem(path, f"`{path}` was written or changed by hand", fix, label)
        elif stands.replace(b"\r\n", b"\n") != data.replace(b"\r\n", b"\n"):
            yield Problem(path, f"`{path}` is not what its target says", _BUILD, label)
