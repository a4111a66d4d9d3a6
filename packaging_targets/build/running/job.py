"""What is to be run and what it came to, as data that crosses to worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.model.action import Action
    from packaging_targets.store.sweep import Signature


@dataclass(frozen=True, slots=True)
class Job:
    """All that running an action takes, as picklable data.

    `inputs` maps each declared input to where it is on disk, its state, and its signature when that state was
    taken. `root` is absolute; everything else may be relative to it.
    """

    id: str
    root: str
    staging: str
    cache: str
    log: str
    action: Action
    shot: Mapping[str, Any]
    inputs: Mapping[str, tuple[str, str, Signature]]


@dataclass(frozen=True, slots=True)
class Done:
    """What running an action came to: `outcome` is `built` or `restored`, `states` those of all files that it made.

    `warnings` are texts for people.
    """

    key: str
    outcome: str
    states: dict[str, str]
    seconds: float
    log: str = ""
    warnings: tuple[str, ...] = ()
