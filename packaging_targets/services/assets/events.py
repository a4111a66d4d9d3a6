"""What happens, told to any front end through one callback.

An operation is one call of a service; its events are numbered from 1. Nothing depends on whether anybody listens.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "asset_discovered",
    "asset_changed",
    "diagnostics_updated",
    "build_started",
    "build_finished",
    "cache_hit",
    "cache_miss",
    "preview_ready",
    "action_applied",
    "action_failed",
    "progress_updated",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    `project` is the project's folder, `timestamp` in seconds since 1970, `progress` how many of how many are done, and
    `affected_assets` the folders of the assets that it is about.
    """

    kind: Kind
    project: str
    operation: str
    sequence: int
    timestamp: float
    summary: str
    progress: tuple[int, int] | None = None
    affected_assets: tuple[str, ...] = ()


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
    del event


@dataclass(slots=True)
class Operation:
    """One call of a service, which tells `listener` what happens."""

    project: str
    listener: Listener = ignore
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    _told: int = 0

    def tell(
        self, kind: Kind, summary: str, assets: Iterable[str] = (), progress: tuple[int, int] | None = None
    ) -> None:
        """Tell what happened."""
        self._told += 1
        event = Event(kind, self.project, self.name, self._told, time.time(), summary, progress, tuple(assets))
        self.listener(event)
