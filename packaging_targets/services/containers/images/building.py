"""`build` and `build-all`: images from Dockerfiles. What changed is built, and every image is written down.

An image is unchanged where the log has its name and tag with the same inputs, and the engine still has that image.
Inputs are the Dockerfile, its `.dockerignore`, and what the build sees: of a rendered Dockerfile the declared sources,
of any other one the whole context. What the name of a base image stands for is not looked at.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.build.session import planned
from packaging_targets.errors import IntegrityError, RequestError, raise_all
from packaging_targets.model.digest import Digest
from packaging_targets.services.containers.catalogue import catalogue_of, is_workspace, workspace_path
from packaging_targets.services.containers.images.engines import Engine, Order, find_engine, reference_of
from packaging_targets.services.containers.images.history import LOG, Record, append, last_record
from packaging_targets.services.git import revision
from packaging_targets.store.layout import STATE_FOLDER
from packaging_targets.store.states import examine_all
from packaging_targets.workspace.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from packaging_targets.services.containers.catalogue import Catalogue, Entry

_NO_INPUT = frozenset({".git", ".hg", ".svn", STATE_FOLDER})


@dataclass(frozen=True, slots=True)
class Images:
    """What is asked for: `targets` are ids, or nothing for all."""

    targets: Sequence[str] = ()
    tag: str | None = None
    builder: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """An image to build: `order` is for the engine, `seen` what the build sees, None for all of its context."""

    id: str
    label: str
    image: str
    tag: str
    order: Order
    seen: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All images to build, and the engine that does it."""

    root: str
    engine: Engine
    revision: str
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an image: `outcome` is built, unchanged or failed; `reason` says why it failed."""

    id: str
    image: str
    tag: str
    outcome: str
    digest: str = ""
    reason: str = ""


def plan_images(root: str, asked: Images) -> Plan:
    """Return what is to be built; raises RequestError where the request, or what an entry says, cannot be built."""
    engine = find_engine(asked.builder, demanded=not asked.dry_run)
    catalogue, seen = _open(root)
    head = revision(root, besides=LOG)
    jobs = tuple(_job(root, entry, asked.tag, head, seen.get(entry.label)) for entry in _chosen(catalogue, asked))
    return Plan(root, engine, head, jobs)


def build_image(plan: Plan, job: Job, starting: Callable[[], None], *, force: bool = False) -> Outcome:
    """Build an image, unless it is there already and nothing changed; write it down.

    `starting` is called before the engine is.
    """
    dockerfile = job.order.dockerfile
    if not os.path.isfile(os.path.join(plan.root, dockerfile)):
        return Outcome(job.id, job.image, job.tag, "failed", reason=f"there is no Dockerfile `{dockerfile}`")
    inputs = _inputs(plan.root, job)
    known = None if force else last_record(plan.root, job.id, job.image, job.tag)
    if known and known.inputs == inputs and known.digest == (plan.engine.digest_of(job.order.reference) or None):
        return Outcome(job.id, job.image, job.tag, "unchanged", known.digest)
    starting()
    code = plan.engine.build(plan.root, job.order)
    if code:
        reason = f"{plan.engine.name} ended with exit code {code}"
        return Outcome(job.id, job.image, job.tag, "failed", reason=reason)
    digest = plan.engine.digest_of(job.order.reference)
    append(plan.root, Record(job.id, job.image, job.tag, digest, plan.revision, inputs, plan.engine.name))
    return Outcome(job.id, job.image, job.tag, "built", digest)


def _open(root: str) -> tuple[Catalogue, Mapping[str, tuple[str, ...]]]:
    """Return the containers, and for each label with a rendered Dockerfile what its build sees."""
    seen: dict[str, tuple[str, ...]] = {}
    if is_workspace(root):
        with planned(root) as session:
            catalogue = catalogue_of(root, session)
            for entry in catalogue.entries:
                for _, action in session.records.actions.plain(entry.label) if entry.label else ():
                    seen[entry.label] = tuple(action.params["sources"])
    else:
        catalogue = catalogue_of(root, None)
    raise_all(catalogue.defects, IntegrityError)
    return catalogue, seen


def _chosen(catalogue: Catalogue, asked: Images) -> list[Entry]:
    return [catalogue[name] for name in asked.targets] if asked.targets else list(catalogue.entries)


def _job(root: str, entry: Entry, tag: str | None, head: str, seen: tuple[str, ...] | None) -> Job:
    context, dockerfile = workspace_path(root, entry.context), workspace_path(root, entry.dockerfile)
    if context is None or dockerfile is None:
        what = f"`{entry.id}` has a path that leads out of the repository"
        raise RequestError.one(what, entry.label, "ctl-packaging verify tells more")
    name, found = reference_of(entry.image, tag)
    for _, what, fix in Rulebook(root).checker("service").problems({"name": "image", "image": name}):
        raise RequestError.one(what, entry.label or entry.id, fix)
    ignore = f"{dockerfile}.dockerignore"
    order = Order(
        dockerfile,
        f"{name}:{found}",
        context,
        ignore if seen is not None or os.path.isfile(os.path.join(root, ignore)) else "",
        entry.platforms,
        dict(_arguments(root, entry, dockerfile, found if tag else "", head)),
    )
    return Job(entry.id, entry.label, name, found, order, seen)


def _arguments(root: str, entry: Entry, dockerfile: str, version: str, head: str) -> Iterator[tuple[str, str]]:
    """Yield what the Dockerfile has an ARG for: the tag and the revision, for labels, and what its target gives."""
    try:
        with open(os.path.join(root, dockerfile), encoding="utf-8", errors="replace") as file:
            asked = set(re.findall(r"(?mi)^\s*ARG\s+(\w+)", file.read()))
    except FileNotFoundError:
        return  # it is not rendered yet, or told later
    for name, value in {"VERSION": version, "REVISION": head, **entry.build_args}.items():
        if value and name in asked:
            yield name, value


def _inputs(root: str, job: Job) -> str:
    order = job.order
    prefix = "" if order.context == "." else f"{order.context}/"
    seen = sorted(_files(root, prefix)) if job.seen is None else [prefix + path for path in job.seen]
    ignores = [f"{order.dockerfile}.dockerignore", f"{prefix}.dockerignore", f"{prefix}.containerignore"]
    paths = [order.dockerfile, *ignores, *seen]
    states = [state for state, _ in examine_all([os.path.join(root, path) for path in paths])]
    arguments = {name: value for name, value in (order.arguments or {}).items() if name != "REVISION"}
    value = [list(zip(paths, states, strict=True)), list(order.platforms), arguments]
    return str(Digest.of_value(value))


def _files(root: str, prefix: str) -> Iterator[str]:
    """Yield the files of a context, but for what no build reads and what changes with each build."""
    for folder, folders, names in os.walk(os.path.join(root, prefix)):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = [name for name in folders if name not in _NO_INPUT]
        for name in (*names, *links):
            path = os.path.relpath(os.path.join(folder, name), root)
            if path != LOG:
                yield path
