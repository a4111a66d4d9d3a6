"""`build`, `build-all` and `doit image`: bring the targets up to date, then build the images of those that changed."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING

from packaging_targets.adapters.output import output_as_notes, tell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from packaging_targets.services.containers.images.building import Outcome
    from packaging_targets.services.containers.images.planning import Images


def build(options: argparse.Namespace, build_targets: Callable[[str, Sequence[str]], int]) -> int:
    """Build the images of `targets`, or all where none is named; return 1 where any failed.

    `build_targets` makes targets of the workspace at a root, by their labels, and returns an exit code.
    """
    from packaging_targets.services.containers.images.building import command_lines
    from packaging_targets.services.containers.images.planning import Images, plan_images
    from packaging_targets.services.containers.places import root_of

    root = root_of(options.repo_root)
    targets = tuple(options.targets or ())
    asked = Images(targets, options.tag, options.builder, options.force, options.dry_run)
    if options.dry_run:
        commands = command_lines(plan_images(root, asked))
        return tell(options, {"commands": commands}, list(map(shlex.join, commands)))
    with output_as_notes() if options.format == "json" else contextlib.nullcontext():
        outcomes = list(_outcomes(options, root, asked, partial(build_targets, root)))
    failed = [one.id for one in outcomes if one.outcome == "failed"]
    summary = [] if targets and len(outcomes) == 1 else [_summary(outcomes, failed)]
    tell(options, {"images": [dataclasses.asdict(one) for one in outcomes]}, summary)
    return 1 if failed else 0


def _outcomes(
    options: argparse.Namespace, root: str, asked: Images, build_targets: Callable[[Sequence[str]], int]
) -> Iterator[Outcome]:
    """Yield what becomes of each image, and tell of it as it happens."""
    from packaging_targets.services.containers.images.building import build_images

    say = partial(_say, options)
    for one in build_images(root, asked, build_targets, say):
        told = ", ".join(filter(None, (one.digest, one.reason)))
        say(f"{one.outcome:9} {one.image}:{one.tag}{f' ({told})' if told else ''}")
        yield one


def _say(options: argparse.Namespace, line: str) -> None:
    stream = sys.stdout if options.format == "text" else sys.stderr
    stream.write(f"{line}\n")
    stream.flush()  # the engine writes next, to the same place


def _summary(outcomes: list[Outcome], failed: list[str]) -> str:
    counts = [(sum(one.outcome == kind for one in outcomes), kind) for kind in ("built", "unchanged", "failed")]
    text = ", ".join(f"{count} {kind}" for count, kind in counts if count) or "no containers"
    return f"{text}: {', '.join(failed)}" if failed else text
