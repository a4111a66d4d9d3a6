"""What is asked for becomes jobs: which images are built of what, under which name, by which engine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem, RequestError, raise_all
from packaging_targets.formats.container.outline import LIMIT, outline
from packaging_targets.model.label import Label, LabelPattern
from packaging_targets.services.containers.catalogue import opened_catalogue
from packaging_targets.services.containers.faults import path_faults
from packaging_targets.services.containers.images.engines import Engine, Order, find_engine, reference_of
from packaging_targets.services.containers.images.history import LOG, last_records
from packaging_targets.services.containers.places import content_of, workspace_path
from packaging_targets.services.git import revision
from packaging_targets.store.layout import package_at
from packaging_targets.workspace.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging_targets.build.session import Session
    from packaging_targets.services.containers.catalogue import Catalogue, Entry
    from packaging_targets.services.containers.images.history import Record
    from packaging_targets.workspace.rules.schema import Checker


@dataclass(frozen=True, slots=True)
class Images:
    """What is asked for: `targets` are ids, labels, or patterns of labels; or nothing for all.

    With `force`, what is unchanged is built too; in a `dry_run`, no engine has to be there.
    """

    targets: Sequence[str] = ()
    tag: str | None = None
    builder: str | None = None
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """An image to build: `order` is for the engine, `needs` are the targets that have to be up to date before.

    `sources` is what the build sees, relative to the context, None for all of that; `known` is the newest line of the
    log about the image.
    """

    id: str
    image: str
    tag: str
    order: Order
    needs: tuple[str, ...]
    sources: tuple[str, ...] | None
    known: Record | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All images to build, and the engine that does it; `revision` is that of the repository at `root`."""

    root: str
    engine: Engine
    revision: str
    jobs: tuple[Job, ...]


def plan_images(root: str, asked: Images) -> Plan:
    """Return what is to be built; raises RequestError with all that cannot be, of the request and of what is said."""
    here = os.getcwd()  # which a session changes
    engine = find_engine(asked.builder, demanded=not asked.dry_run)
    head = revision(root, besides=LOG)
    built = last_records(root)
    image_names = Rulebook(root).checker("service")
    with opened_catalogue(root) as (catalogue, session):
        chosen = _chosen(catalogue, asked.targets, package_at(here, root))
        raise_all(problem for entry in chosen for problem in _problems(root, entry, image_names))
        circumstances = _Circumstances(root, asked.tag, head, built, session)
        jobs = tuple(map(circumstances.job, chosen))
    return Plan(root, engine, head, jobs)


def _chosen(catalogue: Catalogue, targets: Sequence[str], package: str) -> list[Entry]:
    """Return the containers that are asked for, each once; all where nothing is."""
    if not targets:
        return list(catalogue.entries)
    found = {entry.id: entry for text in targets for entry in _named(catalogue, text, package)}
    return list(found.values())


def _named(catalogue: Catalogue, text: str, package: str) -> list[Entry]:
    if not text.startswith(("//", ":", "...")):
        return [catalogue[text]]
    try:
        pattern = LabelPattern.parse(text, package)
    except ValueError as error:
        raise RequestError.one(f"`{text}` is no label: {error}", "", "write //folder:name, or an id") from error
    found = [entry for entry in catalogue.entries if entry.label and pattern.matches(Label.parse(entry.label))]
    if not found:
        raise RequestError.one(f"`{text}` is no target of a container", "", "ctl-packaging list tells which there are")
    return found


def _problems(root: str, entry: Entry, image_names: Checker) -> Iterator[Problem]:
    about = entry.label or entry.id
    for _, what, fix in path_faults(root, entry, {"context"}):
        yield Problem(about, what, fix)
    # What a target calls its image has been looked at.
    name = "" if entry.label else reference_of(entry.image, None)[0]
    for _, what, fix in image_names.problems({"name": "x", "image": name}) if name else ():
        yield Problem(about, what, fix)


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What all jobs of a plan share."""

    root: str
    tag: str | None
    head: str
    built: Mapping[tuple[str, str, str], Record]
    session: Session | None

    def job(self, entry: Entry) -> Job:
        """Return what is to be done for a container whose paths are sound."""
        name, tag = reference_of(entry.image, self.tag)
        order = self._order(entry, f"{name}:{tag}", {"VERSION": tag if self.tag else "", "REVISION": self.head})
        known = self.built.get((entry.id, name, tag))
        if self.session is None or not entry.label:
            return Job(entry.id, name, tag, order, (), None, known)
        records = self.session.records
        needs = (entry.label, *records.targets.deps(entry.label))
        actions = [action for _, action in records.actions.plain(entry.label)]
        sources = tuple(path for action in actions for path in action.params["sources"])
        return Job(entry.id, name, tag, order, needs, sources if entry.is_rendered else None, known)

    def _order(self, entry: Entry, reference: str, ours: Mapping[str, str]) -> Order:
        dockerfile = str(workspace_path(self.root, entry.dockerfile))
        text = outline((content_of(self.root, dockerfile, LIMIT) or b"").decode("utf-8", "replace"))
        given = {**ours, **entry.build_args}
        if entry.is_rendered:  # which holds what its target gives already
            given = {name: value for name, value in ours.items() if name not in entry.build_args}
        ignore = f"{dockerfile}.dockerignore"
        return Order(
            dockerfile,
            reference,
            str(workspace_path(self.root, entry.context)),
            ignore if entry.is_rendered or os.path.isfile(os.path.join(self.root, ignore)) else "",
            entry.platforms,
            {name: value for name, value in given.items() if value and name in text.arguments},
            text.checks_health,
        )
