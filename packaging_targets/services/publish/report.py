"""What came of publishing: each artifact, where it is now, and which tags lead to it; as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from packaging_targets.errors import Problem

PUBLISHED, PLANNED, PRESENT, DIFFERENT = "published", "planned", "present", "different"
"""Outcomes: it is there now; it would be; it was there, the same; it was there, as another, and stays so."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What goes with an artifact, such as its SBOM, and what became of it: published, planned or present."""

    type: str
    digest: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of one thing: `place` is its repository with the host, `tags` are those written, or to be written.

    `key` is how a report for programs calls it where that is not its place alone.
    """

    id: str
    place: str
    version: str
    digest: str
    outcome: str
    tags: tuple[str, ...] = ()
    attached: tuple[Attached, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a publishing came to. What has `problems` is not whole; publishing again completes it."""

    artifacts: tuple[Artifact, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    untried: int = 0

    @classmethod
    def together(cls, reports: Iterable[Report]) -> Report:
        """Return several reports as one."""
        every = list(reports)
        return cls(
            tuple(artifact for one in every for artifact in one.artifacts),
            tuple(warning for one in every for warning in one.warnings),
            tuple(problem for one in every for problem in one.problems),
            sum(one.untried for one in every),
        )


def differs(artifact: Artifact, where: str) -> Problem:
    """Return what to say of a version that is there with other content, and stays so."""
    what = f"`{artifact.id}` {artifact.version} is published already, and with other content than is here"
    return Problem(where, what, "raise `version`: what is published under one never changes")


def as_text(report: Report) -> str:
    """Return a line for each artifact and for what is attached to it, and one that sums up."""
    lines = [line for artifact in report.artifacts for line in _lines(artifact)]
    counts = dict.fromkeys((PUBLISHED, PLANNED, PRESENT, DIFFERENT), 0)
    for artifact in report.artifacts:
        counts[artifact.outcome] += 1
    words = {
        PUBLISHED: "published: {}",
        PLANNED: "to be published: {}",
        PRESENT: "already there: {}",
        DIFFERENT: "already there with other content: {}",
    }
    told = [words[outcome].format(count) for outcome, count in counts.items() if count]
    told += [f"failed: {len(report.problems)}"] if report.problems else []
    told += [f"not tried: {report.untried}"] if report.untried else []
    return "\n".join([*lines, ", ".join(told) or "nothing to publish"]) + "\n"


def as_json(report: Report) -> str:
    """Return an object for each artifact by its id, with the keys that Dev Container clients print."""
    value: dict[str, Any] = {}
    for artifact in report.artifacts:
        entry: dict[str, Any] = {
            "version": artifact.version,
            "digest": artifact.digest,
            "publishedTags": list(artifact.tags),
        }
        if artifact.attached:
            entry["attached"] = [asdict(one) for one in artifact.attached]
        value[artifact.key or artifact.place] = {"id": artifact.id, "outcome": artifact.outcome, **entry}
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _lines(artifact: Artifact) -> Iterator[str]:
    words = {PUBLISHED: "published", PLANNED: "would publish", PRESENT: "is there:", DIFFERENT: "KEPT, and differs:"}
    tags = f" as {', '.join(artifact.tags)}" if artifact.tags else f":{artifact.version}" if artifact.version else ""
    yield f"{words[artifact.outcome]} {artifact.place}{tags}  {artifact.digest}"
    words = {PUBLISHED: "attached", PLANNED: "would attach", PRESENT: "is attached:"}
    for one in artifact.attached:
        yield f"  {words[one.outcome]} {one.type}  {one.digest}"
