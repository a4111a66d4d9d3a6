"""The actions of a build, as the records have them, and what they come to.

Actions are read when they are asked for. Results are written in batches: a kill loses half a second of them, and what
they told is found out again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.store.records import Records, dumps, loads

if TYPE_CHECKING:
    from packaging_targets.build.explain import Difference

_FLUSH_AFTER = 0.5  # seconds of results that a kill may lose
_SELECT = "select id, label, body, stale, result from action"


@dataclass(slots=True)
class Pending:
    """An action of a build. `stale` tells that the records say so; `result` is what its last run came to."""

    id: str
    label: str
    body: dict[str, Any]
    stale: bool
    result: dict[str, Any] | None


class Actions:
    """The action table of the records, and the state column of the outputs."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._read: dict[str, Pending] = {}
        self._maker: dict[str, str] = {}
        self._indexed = 0
        self._consumers: dict[str, dict[str, list[str]]] = {}
        self._unwritten: list[tuple[Pending, dict[str, Any], tuple[Difference, ...]]] = []
        self._written = time.monotonic()

    def __getitem__(self, name: str) -> Pending:
        if name not in self._read:
            row = self._records.row(f"{_SELECT} where id = ?", name)
            if row is None:
                raise KeyError(name)
            self._read[name] = _pending(row)
        return self._read[name]

    def every(self) -> list[Pending]:
        """Return every action of the workspace."""
        rows = self._records.rows(f"{_SELECT} order by label, place")
        for row in rows:
            self._read.setdefault(row[0], _pending(row))
        return [self._read[row[0]] for row in rows]

    def makers_of(self, pending: Pending) -> list[str]:
        """Return the actions read so far that make what `pending` uses, sorted."""
        if self._indexed != len(self._read):
            self._maker = {path: one.id for one in self._read.values() for path in one.body["outputs"]}
            self._indexed = len(self._read)
        return sorted({self._maker[path] for path in pending.body["inputs"] if path in self._maker} - {pending.id})

    def is_fresh(self, pending: Pending) -> None:
        """Note that an action need not run."""
        if pending.stale:
            self._records.run("update action set stale = 0 where id = ?", pending.id)
            pending.stale = False

    def record(self, pending: Pending, result: dict[str, Any], reasons: tuple[Difference, ...]) -> None:
        """Note what running an action came to, and why it ran."""
        self._unwritten.append((pending, result, reasons))
        if time.monotonic() - self._written > _FLUSH_AFTER:
            self.flush()

    def flush(self) -> None:
        """Write results to the records; what uses an output that is another one now is stale from then on."""
        if not self._unwritten:
            return
        with self._records.transaction():
            for pending, result, reasons in self._unwritten:
                self._write(pending, result, reasons)
        self._unwritten = []
        self._written = time.monotonic()

    def _write(self, pending: Pending, result: dict[str, Any], reasons: tuple[Difference, ...]) -> None:
        before = pending.result["states"] if pending.result else {}
        pending.result, pending.stale = result, False
        told = dumps([[one.what, one.subject, one.old, one.new] for one in reasons])
        query = "update action set stale = 0, result = ?, reason = ? where id = ?"
        self._records.run(query, dumps(result), told, pending.id)
        states = ((state, path) for path, state in result["states"].items())
        self._records.run_many("update output set state = ? where path = ?", states)
        if before != result["states"]:
            self._mark_dependants(pending)

    def _mark_dependants(self, pending: Pending) -> None:
        """Mark the actions stale that use what an action has made: its own target's, and those of dependants."""
        dependants = self._records.column("select label from edge where dep = ?", pending.label)
        for label in (pending.label, *dependants):
            users = self._consumers_of(label)
            for name in {name for path in pending.body["outputs"] for name in users.get(path, ())}:
                self._records.run("update action set stale = 1 where id = ?", name)

    def _consumers_of(self, label: str) -> dict[str, list[str]]:
        """Return which actions of a target use what."""
        if label not in self._consumers:
            found: dict[str, list[str]] = {}
            for name, body in self._records.rows("select id, body from action where label = ?", label):
                for path in loads(body)["inputs"]:
                    found.setdefault(path, []).append(name)
            self._consumers[label] = found
        return self._consumers[label]


def _pending(row: tuple[Any, ...]) -> Pending:
    name, label, body, stale, result = row
    return Pending(name, label, loads(body), bool(stale), loads(result) if result else None)
