"""Images from Dockerfiles: what changed is built, and every image is written down.

An image is unchanged where the log has its name and tag with the same inputs, and the engine still has that image.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError
from packaging_targets.services.containers.images.history import Record, append
from packaging_targets.services.containers.images.inputs import inputs_of
from packaging_targets.services.containers.images.planning import plan_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from packaging_targets.services.containers.images.planning import Images, Job, Plan

_UNKNOWN = "its inputs changed while it was built"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an image: `outcome` is built, unchanged or failed; `reason` says why it failed, or what is odd."""

    id: str
    image: str
    tag: str
    outcome: str
    digest: str = ""
    reason: str = ""


def command_lines(plan: Plan) -> list[list[str]]:
    """Return what engines are told to build everything."""
    return [list(words) for job in plan.jobs for words in plan.engine.commands(job.order)]


def build_images(
    root: str, asked: Images, build: Callable[[Sequence[str]], int], tell: Callable[[str], None]
) -> Iterator[Outcome]:
    """Bring the targets of containers up to date, and yield what becomes of the image of each, as it happens.

    `build` makes targets by their labels and returns an exit code; `tell` is given each command line before it runs.
    Raises RequestError with all that is wrong with the request.
    """
    plan = plan_images(root, asked)
    late = _late(plan, build)
    # What was just rendered says more. Words that were meant in the folder of the first plan are not read again.
    settled = replace(asked, builder=plan.engine.name, targets=tuple(job.id for job in plan.jobs))
    plan = plan_images(root, settled)
    for job in plan.jobs:
        if late & {*job.needs}:
            yield _failed(job, f"{job.needs[0]} could not be built")
        else:
            yield _outcome(plan, job, tell, force=asked.force)


def _late(plan: Plan, build: Callable[[Sequence[str]], int]) -> set[str]:
    """Bring the targets up to date; return the labels of containers for which that failed."""
    labels = dict.fromkeys(label for job in plan.jobs for label in job.needs)
    if not labels or build(list(labels)) == 0:
        return set()
    return {job.needs[0] for job in plan.jobs if job.needs and build(job.needs)}


def _outcome(plan: Plan, job: Job, tell: Callable[[str], None], *, force: bool) -> Outcome:
    try:
        return _built(plan, job, tell, force=force)
    except PackagingError as error:
        return _failed(job, "; ".join(one.what for one in error.problems))


def _built(plan: Plan, job: Job, tell: Callable[[str], None], *, force: bool) -> Outcome:
    """Build an image, unless it is there already and nothing changed, and write it down."""
    engine, order, known = plan.engine, job.order, job.known
    if not os.path.isfile(os.path.join(plan.root, order.dockerfile)):
        return _failed(job, f"there is no Dockerfile `{order.dockerfile}`")
    inputs = inputs_of(plan.root, job)
    if known and not force and known.inputs == inputs.digest and engine.has(order.reference, known.digest):
        return Outcome(job.id, job.image, job.tag, "unchanged", known.digest)
    for command in engine.commands(order):
        tell(shlex.join(command))
    if reason := engine.build(plan.root, order):
        silence = engine.silence()
        return _failed(job, f"{engine.name} does not answer: {silence}" if silence else reason)
    digest = engine.digest_of(order.reference)
    still = inputs.held_still(inputs_of(plan.root, job))
    record = Record(job.id, job.image, job.tag, digest, plan.revision, inputs.digest if still else "", engine.name)
    append(plan.root, record, known)
    return Outcome(job.id, job.image, job.tag, "built", digest, "" if still else _UNKNOWN)


def _failed(job: Job, reason: str) -> Outcome:
    return Outcome(job.id, job.image, job.tag, "failed", reason=reason)
