"""The verbs that make what is below `build/`: `build` and `watch`."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.assets.telling import (
    diagnose,
    event_line,
    failed,
    project_of,
)
from packaging_targets.adapters.cli.progress import Progress
from packaging_targets.adapters.output import counted, tell
from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets.diagnostics import AssetsError

if TYPE_CHECKING:
    from argparse import Namespace

    from packaging_targets.services.assets.building.build import Built
    from packaging_targets.services.assets.events import Event


def build(options: Namespace) -> int:
    """Build the assets."""
    from packaging_targets.services.assets.building.build import build as build_all

    project = project_of(options)
    listener = _Listener(options)
    try:
        outcome: Built | PackagingError = build_all(project, listener, _waiting)
    except PackagingError as error:
        outcome = error
    finally:
        listener.progress.end()
    return _tell(options, outcome, listener.seconds())


def watch(options: Namespace) -> int:
    """Build the assets again and again, until Ctrl-C."""
    from packaging_targets.services.assets.building.watch import watch as watch_all

    project = project_of(options)
    listener = _Listener(options)
    if not options.quiet:
        sys.stderr.write("watching assets/; Ctrl-C ends\n")
    try:
        for outcome in watch_all(project, threading.Event(), listener):
            listener.progress.end()
            _tell(options, outcome, listener.seconds())
            sys.stdout.flush()
    finally:
        listener.progress.end()
    return 0


class _Listener:
    """Tells events as they come: as lines of JSON, or as one line of a terminal."""

    def __init__(self, options: Namespace) -> None:
        self._as_json = options.events
        self._silent = options.quiet
        self._began = time.monotonic()
        self.progress = Progress()

    def __call__(self, event: Event) -> None:
        if event.kind == "build_started":
            self._began = time.monotonic()
        if self._as_json:
            sys.stdout.write(event_line(event))
            sys.stdout.flush()
        elif not self._silent:
            self.progress.show(event.summary)

    def seconds(self) -> float:
        """Return how long the build has taken."""
        return time.monotonic() - self._began


def _waiting() -> None:
    sys.stderr.write("another command is at work in this project; waiting for it\n")


def _tell(options: Namespace, outcome: Built | PackagingError, seconds: float) -> int:
    """Tell what a build came to; return the exit code."""
    if isinstance(outcome, PackagingError):
        return _tell_failure(options, outcome)
    if options.format == "text":
        diagnose(outcome.advisories, advisory=not options.quiet)
    if options.events:
        return _event(outcome.to_json(), 0)
    if options.quiet and options.format == "text":
        return 0
    return tell(options, outcome.to_json(), [f"{_line(outcome)}  ({seconds:.2f} s)"])


def _tell_failure(options: Namespace, error: PackagingError) -> int:
    """Tell why nothing was built: diagnostics of assets, or, in plain words, what the system refused."""
    diagnostics = error.diagnostics if isinstance(error, AssetsError) else ()
    if not diagnostics:
        sys.stderr.write(f"{error}\n")
    if options.events:
        return _event({"ok": False, "diagnostics": [one.to_json() for one in diagnostics]}, error.exit_code)
    if isinstance(error, AssetsError):
        failed(options, error)
    if options.format == "text" and not options.quiet:
        sys.stderr.write("nothing was built; the last good outputs are as they were\n")
    return error.exit_code


def _event(value: dict[str, Any], code: int) -> int:
    sys.stdout.write(json.dumps({"event": "result", **value}, ensure_ascii=False) + "\n")
    return code


def _line(built: Built) -> str:
    count = counted(len(built.assets), "asset")
    if not built.changed:
        return f"up to date: {count}"
    return f"built build/assets.pa: {count}, {len(built.encoded):,} encoded, {counted(built.size, 'byte')}"
