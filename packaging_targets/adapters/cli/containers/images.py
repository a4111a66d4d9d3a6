"""`build` and `build-all`: bring the targets up to date, then build the images of those that changed."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.containers.verbs import build_targets, tell
from packaging_targets.adapters.cli.telling import output_as_notes
from packaging_targets.errors import BuildError, PackagingError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from packaging_targets.services.containers.images.building import Images, Job, Outcome, Plan


def build(options: argparse.Namespace) -> int:
    """Build an image, or all where no `target` is named; return 1 where any failed."""
    from packaging_targets.services.containers.catalogue import root_of
    from packaging_targets.services.containers.images.building import Images, plan_images

    root = root_of(options.repo_root)
    asked = Images((options.target,) if options.target else (), options.tag, options.builder, options.dry_run)
    plan = plan_images(root, asked)
    if options.dry_run:
        lines = [_line(plan, job) for job in plan.jobs]
        return tell(options, {"commands": [list(plan.engine.command(job.order)) for job in plan.jobs]}, lines)
    with output_as_notes() if options.format == "json" else contextlib.nullcontext():
        outcomes = list(_outcomes(options, root, asked, plan))
    failed = [one.id for one in outcomes if one.outcome == "failed"]
    summary = [] if options.target else [_summary(outcomes, failed)]
    tell(options, {"images": [dataclasses.asdict(one) for one in outcomes]}, summary)
    return 1 if failed else 0


def _outcomes(options: argparse.Namespace, root: str, asked: Images, plan: Plan) -> Iterator[Outcome]:
    """Yield what becomes of each image, and tell of it as it happens."""
    from packaging_targets.services.containers.images.building import Outcome, build_image, plan_images

    stale = _stale(root, plan)
    plan = plan_images(root, asked)  # what was just rendered says more
    for job in plan.jobs:
        try:
            if job.label in stale:
                raise BuildError.one(f"{job.label} could not be built")
            outcome = build_image(plan, job, partial(_say, options, _line(plan, job)), force=options.force)
        except PackagingError as error:
            reason = "; ".join(one.what for one in error.problems)
            outcome = Outcome(job.id, job.image, job.tag, "failed", reason=reason)
        told = f" ({outcome.digest or outcome.reason})" if outcome.digest or outcome.reason else ""
        _say(options, f"{outcome.outcome:9} {outcome.image}:{outcome.tag}{told}")
        yield outcome


def _stale(root: str, plan: Plan) -> set[str]:
    """Bring the targets up to date; return those for which that failed."""
    labels = [job.label for job in plan.jobs if job.label]
    if build_targets(root, labels) == 0:
        return set()
    return {label for label in labels if build_targets(root, [label])}


def _line(plan: Plan, job: Job) -> str:
    return shlex.join(plan.engine.command(job.order))


def _say(options: argparse.Namespace, line: str) -> None:
    stream: Any = sys.stdout if options.format == "text" else sys.stderr
    stream.write(f"{line}\n")
    stream.flush()  # the engine writes next, to the same place


def _summary(outcomes: list[Outcome], failed: list[str]) -> str:
    counts = [(sum(one.outcome == kind for one in outcomes), kind) for kind in ("built", "unchanged", "failed")]
    text = ", ".join(f"{count} {kind}" for count, kind in counts if count) or "no containers"
    return f"{text}: {', '.join(failed)}" if failed else text
