"""`verify`: everything about the containers of a repository that a person would want to know of, at once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging_targets.build.kinds.dockerfile import rendered
from packaging_targets.build.session import planned
from packaging_targets.errors import IntegrityError, PackagingError, Problem, RequestError
from packaging_targets.formats.container.dockerfile import Standing, standing
from packaging_targets.formats.container.outline import LIMIT, outline
from packaging_targets.formats.container.registry_index import merge
from packaging_targets.services.containers.catalogue import catalogue_of
from packaging_targets.services.containers.credentials import concealed, find_credentials
from packaging_targets.services.containers.faults import BUILD, entry_problems
from packaging_targets.services.containers.places import HOME, TYPES, content_of, is_workspace, workspace_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.build.session import Session
    from packaging_targets.model.action import Action
    from packaging_targets.services.containers.catalogue import Catalogue, Entry


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
        problems += entry_problems(catalogue, entry)
        problems += _whatever(_dockerfile_problems(catalogue, entry))
    problems += _shared_images(catalogue)
    problems += _undeclared(catalogue)
    for path in (catalogue.index_path, HOME):
        problems += find_credentials(root, path)
    told = (
        replace(one, where=concealed(one.where), what=concealed(one.what), fix=concealed(one.fix)) for one in problems
    )
    return len(catalogue.entries), PackagingError(*told).problems


def _whatever(found: Iterator[Problem]) -> Iterator[Problem]:
    """Yield what is found, and what keeps from finding more."""
    try:
        yield from found
    except PackagingError as error:
        yield from error.problems


def _missing(catalogue: Catalogue) -> Iterator[Problem]:
    if not os.path.isdir(os.path.join(catalogue.root, HOME)):
        yield Problem(HOME, f"there is no folder `{HOME}`", "run ctl-packaging init")
    if catalogue.index is None and not catalogue.is_workspace:
        yield Problem(catalogue.index_path, "there is no index of containers", "run ctl-packaging init")


# Entries --------------------------------------------------------------------------------------------------------------


def _dockerfile_problems(catalogue: Catalogue, entry: Entry) -> Iterator[Problem]:
    path, about = workspace_path(catalogue.root, entry.dockerfile), entry.label or entry.id
    if path is None or not os.path.isfile(os.path.join(catalogue.root, path)):
        return
    data = content_of(catalogue.root, path, LIMIT) or b""
    found = outline(data.decode("utf-8", "replace"))
    if not found.stages:
        yield Problem(path, "this Dockerfile has no FROM", "begin it with one", about)
    for number, stage in enumerate(found.stages, 1):
        where = f"{path}:{stage.line}"
        if stage.base == "scratch":
            if number == len(found.stages) and not stage.fills:
                yield Problem(where, "`FROM scratch` with nothing in it is a placeholder", "write the image", about)
        elif stage.base and not stage.is_pinned:
            yield Problem(where, f"the base `{stage.base}` has no tag", f"write {stage.base}:TAG", about)
    if standing(data) is not Standing.RENDERED:
        yield from (
            Problem(f"{path}:{line}", *told, about)
            for line, source in found.copied
            if (told := _elsewhere(catalogue.root, entry, source))
        )


def _elsewhere(root: str, entry: Entry, source: str) -> tuple[str, str] | None:
    """Return what is wrong, and the fix, where what is copied is not in the context, but plainly in another one.

    What is in neither may be made before the build.
    """
    context, module = workspace_path(root, entry.context), workspace_path(root, entry.text("module"))
    name = source.strip("/")
    if context is None or module is None or os.path.lexists(os.path.join(root, context, name)):
        return None
    others = [one for one in (module, ".") if one != context and os.path.lexists(os.path.join(root, one, name))]
    if not others:
        return None
    what = f"`{source}` is not in the context `{context}`, but in `{others[0]}`"
    return what, f"let the context be {others[0]}, or copy it by its path in {context}"


def _shared_images(catalogue: Catalogue) -> Iterator[Problem]:
    """Yield the names of images that the build of one container would take from another."""
    first: dict[str, Entry] = {}
    for entry in catalogue.entries:
        one = first.setdefault(entry.image, entry)
        if one.id != entry.id:
            what = f"`{one.id}` and `{entry.id}` have the same image `{entry.image}`"
            yield Problem(catalogue.index_path, what, "give one of them another name", entry.label or entry.id)


def _undeclared(catalogue: Catalogue) -> Iterator[Problem]:
    """Yield the Dockerfiles that nobody declares; where the index cannot be read, that cannot be told."""
    if catalogue.defects:
        return
    known = {workspace_path(catalogue.root, entry.dockerfile) for entry in catalogue.entries}
    for kind in TYPES:
        folder = f"{HOME}/{kind}s"
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
                yield from _whatever(_stale_dockerfile(session, action, label))
            elif action.kind.startswith("registry_index/"):
                yield from _stale_index(catalogue, action, label)


def _stale_index(catalogue: Catalogue, action: Action, label: str) -> Iterator[Problem]:
    try:
        meant = merge(catalogue.index, action.params["entries"], catalogue.index_path)
    except IntegrityError:
        return  # its defects are told as such
    if meant != catalogue.index:
        what = "there is no index" if catalogue.index is None else "the index is not what the targets say"
        yield Problem(catalogue.index_path, what, BUILD, label)


def _stale_dockerfile(session: Session, action: Action, label: str) -> Iterator[Problem]:
    root = session.layout.root

    def read(path: str) -> bytes:
        data = content_of(root, session.rulebook.on_disk(path), LIMIT + 1)
        if data is None:
            raise RequestError.one(f"there is no template `{path}`", path, "write it, or name another")
        return data

    meant = rendered(action, read)
    for path, data in meant.items():
        now = content_of(root, path)
        if now is None:
            if path != action.outputs[0]:  # that one is told as an entry's
                yield Problem(path, f"there is no `{path}`", BUILD, label)
        elif standing(now) is not Standing.RENDERED:
            fix = f'write dockerfile = "//{action.outputs[0]}" to keep it, or delete the file to drop it'
            yield Problem(path, f"`{path}` was written or changed by hand", fix, label)
        elif now.replace(b"\r\n", b"\n") != data.replace(b"\r\n", b"\n"):
            yield Problem(path, f"`{path}` is not what its target says", BUILD, label)
