"""What a person sees of a build, and what a program reads of it.

On a terminal there is one live line: how many are done of how many, what runs now and for how long. Elsewhere, and
where `NO_COLOR` or `CI` is set, there are plain lines. Either way a line stays for each action that ran or failed, and
a summary ends the run. With `--log-json FILE` every event is also one JSON object a line.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO

from doit.exceptions import InvalidTask

from packaging_targets.adapters.doit.turns import GROUP, Build, chosen, close_build, end_ahead
from packaging_targets.errors import reason
from packaging_targets.services.up_to_date import up_to_date_text

if TYPE_CHECKING:
    from doit.task import Task

_REFRESH = 0.2
_COUNTED = ("built", "restored", "up to date", "ignored", "failed")


class PackagingReporter:
    """doit's reporter interface; one object a run."""

    desc = "what was built, restored and removed, with a live line on a terminal"

    def __init__(self, outstream: TextIO, options: dict[str, Any]) -> None:
        del options  # failures are always shown whole
        self._out = outstream
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._started = time.monotonic()
        self._running: dict[str, float] = {}
        self._total = 0
        self._errors: list[str] = []
        self._events: TextIO | None = None
        self._live = _LiveLine(outstream, self._status) if _is_live(outstream) else None

    def initialize(self, tasks: dict[str, Task], selected_tasks: list[str]) -> None:
        """Called before the first task."""
        if self._live:
            self._live.start()
        Build.order = tuple(chosen(tasks, selected_tasks))
        self._total = sum(1 for task in tasks.values() if task.actions)
        path = Build.log_json or os.environ.get("PACKAGING_LOG_JSON")
        if path:
            try:
                self._events = open(path, "w", encoding="utf-8")  # noqa: SIM115  # closed by complete_run
            except OSError as error:
                what = f"the log `{path}` cannot be written: {reason(error)}"
                raise InvalidTask(what) from error
        self._event("start", "", total=self._total)

    def get_status(self, task: Task) -> None:
        """Called before a task is looked at."""

    def execute_task(self, task: Task) -> None:
        """Called when a task starts."""
        if task.actions:
            self._running[task.name] = time.monotonic()
            self._event("running", task.name)
            if not _is_ours(task):
                self._line(f".  {task.title()}")

    def add_success(self, task: Task) -> None:
        """Called when a task has succeeded."""
        if not task.actions:
            return
        self._running.pop(task.name, None)
        if not _is_ours(task):
            self._counts["built"] += 1
            self._event("succeeded", task.name)
            return
        outcome, seconds = task.values["outcome"], task.values["seconds"]
        if outcome == "up to date":
            self.skip_uptodate(task)
        else:
            for warning in task.values["warnings"]:
                self._line(warning)
            self._done(task.name, outcome, seconds, task.values["key"])

    def _done(self, name: str, outcome: str, seconds: float, key: str) -> None:
        self._counts[outcome] += 1
        self._event(outcome, name, seconds=round(seconds, 3), key=key)
        self._line(f"{outcome:<9} {name.removeprefix(f'{GROUP}:')}  ({seconds:.2f} s)")

    def add_failure(self, task: Task, fail: Any) -> None:
        """Called when a task has failed; a group has, where one of its parts has."""
        if not task.actions:
            return
        self._running.pop(task.name, None)
        self._counts["failed"] += 1
        message = fail.get_msg().rstrip()
        self._event("failed", task.name, message=message)
        if _is_ours(task) and type(fail).__name__ == "TaskFailed":
            self._line(f"failed    {_label(task)}\n{message}\n  to run it alone: {Build.alone.format(_label(task))}")
        elif _is_ours(task) and type(fail).__name__ == "UnmetDependency":
            needed = ", ".join(name.removeprefix(f"{GROUP}:") for name in message.split())
            self._line(f"failed    {_label(task)}  (it needs {needed})")
        else:
            self._line(f"failed    {task.name}: {message}")

    def skip_uptodate(self, task: Task) -> None:
        """Called for a task that need not run."""
        if task.actions:
            self._counts["up to date"] += 1
            self._event("up to date", task.name)
            if not _is_ours(task):
                self._line(f"-- {task.title()}")

    def skip_ignore(self, task: Task) -> None:
        """Called for a task that the user ignores."""
        if task.actions:
            self._counts["ignored"] += 1
            self._event("ignored", task.name)
            self._line(f"ignored   {_label(task) if _is_ours(task) else task.name}")

    def cleanup_error(self, exception: Any) -> None:
        """Called when a user's teardown fails."""
        sys.stderr.write(exception.get_msg())

    def runtime_error(self, msg: str) -> None:
        """Called when doit itself cannot go on."""
        self._errors.append(msg)

    def teardown_task(self, task: Task) -> None:
        """Called when a user's teardown starts."""

    def complete_run(self) -> None:
        """Called after the last task: close the build, and sum up."""
        if self._live:
            self._live.stop()
        for action, done in end_ahead():
            self._done(f"{GROUP}:{action}", done.outcome, done.seconds, done.key)
        if (removal := close_build()) is not None:
            for path in removal.replaced:
                self._event("removed", path)
            for path in removal.removed:
                self._event("removed", path)
                self._line(f"removed   {path}  (no target makes it any longer)")
            for path in removal.kept:
                self._event("kept", path)
                self._line(f"kept      {path}  (no target makes it any longer, but somebody wrote in it)")
            Build.session = None
        for message in self._errors:
            self._line(f"error: {message}")
        self._line(self._summary())
        self._event("end", "", **{name.replace(" ", "_"): count for name, count in self._counts.items()})
        if self._events:
            self._events.close()

    def _summary(self) -> str:
        if Build.up_to_date is not None and not any(self._counts.values()):
            return up_to_date_text(Build.up_to_date)
        told = [f"{count} {name}" for name, count in self._counts.items() if count]
        return f"{', '.join(told) or 'nothing to do'}  ({time.monotonic() - self._started:.2f} s)"

    def _status(self) -> str:
        done = sum(self._counts.values())
        now = time.monotonic()
        running = [
            f"{name.removeprefix(f'{GROUP}:')} {now - since:.0f} s" for name, since in list(self._running.items())
        ]
        counts = ", ".join(f"{count} {name}" for name, count in self._counts.items() if count)
        return f"[{done}/{self._total}] {counts}  {' · '.join(running[:3])}"

    def _line(self, text: str) -> None:
        if self._live:
            self._live.clear()
        self._out.write(f"{text}\n")

    def _event(self, kind: str, task: str, **more: Any) -> None:
        if self._events:
            event = {"event": kind, "task": task, "time": round(time.time(), 3), **more}
            self._events.write(json.dumps(event, ensure_ascii=False) + "\n")


class _LiveLine:
    """One line at the bottom of a terminal, written anew a few times a second by a thread of its own."""

    def __init__(self, out: TextIO, status: Any) -> None:
        self._out = out
        self._status = status
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._out.write("\r\x1b[K")

    def _run(self) -> None:
        while not self._stopped.wait(_REFRESH):
            width = os.get_terminal_size(self._out.fileno()).columns
            with self._lock:
                self._out.write("\r\x1b[K" + self._status()[: width - 1])
                self._out.flush()


def _is_live(out: TextIO) -> bool:
    return out.isatty() and not os.environ.get("CI") and "NO_COLOR" not in os.environ


def _is_ours(task: Task) -> bool:
    return str(task.name).startswith(f"{GROUP}:")


def _label(task: Task) -> str:
    return str(task.name).removeprefix(f"{GROUP}:")
