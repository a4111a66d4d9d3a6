"""The actions of a workspace, and what they came to.

Actions are read when they are asked for. Results are written in batches: a kill loses half a second of them, and what
they told is found out again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.model.action import FOLDER, Action
from packaging_targets.store.records.database import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging_targets.model.label import Label
    from packaging_targets.store.records.database import Database
    from packaging_targets.store.records.outputs import Outputs
    from packaging_targets.store.records.targets import Targets

    Reasons = Sequence[Sequence[str]]  # why an action ran, as rows of texts

_FLUSH_AFTER = 0.5  # seconds of results that a kill may lose
_SELECT = "select id, label, body, stale, result from action"


@dataclass(frozen=True, slots=True)
class Result:
    """What running an action came to.

    `shot` is all that it depended on and `key` the digest of that; `states` are those of the outputs, `outcome` is
    `built` or `restored`, and `at` is in seconds since 1970.
    """

    key: str
    shot: Mapping[str, Any]
    states: Mapping[str, str]
    outcome: str
    seconds: float
    at: int


@dataclass(slots=True)
class KnownAction:
    """An action of a workspace. `stale` tells that it may have to run; `result` is what its last run came to."""

    id: str
    label: str
    action: Action
    stale: bool
    result: Result | None

    @property
    def has_folders(self) -> bool:
        """Whether some of its outputs are folders."""
        return any(path.endswith(FOLDER) for path in self.action.outputs)


def action_id(label: Label | str, action: Action) -> str:
    """Return what names an action among all: the label, and the action's name where it has one."""
    return f"{label}#{action.name}" if action.name else str(label)


class Actions:
    """The table `action`."""

    def __init__(self, database: Database, targets: Targets, outputs: Outputs) -> None:
        self._database = database
        self._targets = targets
        self._outputs = outputs
        self._read: dict[str, KnownAction] = {}
        self._users: dict[str, dict[str, list[str]]] = {}
        self._unwritten: list[tuple[KnownAction, Result, Reasons]] = []
        self._written = time.monotonic()

    # Reading ------------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> KnownAction:
        if name not in self._read:
            row = self._database.row(f"{_SELECT} where id = ?", name)
            if row is None:
                raise KeyError(name)
            self._read[name] = _known(row)
        return self._read[name]

    def every(self) -> list[KnownAction]:
        """Return every action, by label."""
        return self._kept(self._database.rows(f"{_SELECT} order by label, place"))

    def of_target(self, label: str) -> list[KnownAction]:
        """Return the actions of a target, in their order."""
        return self._kept(self._database.rows(f"{_SELECT} where label = ? order by place", label))

    def _kept(self, rows: Iterable[tuple[Any, ...]]) -> list[KnownAction]:
        return [self._read.get(row[0]) or self._read.setdefault(row[0], _known(row)) for row in rows]

    def plain(self, label: str) -> list[tuple[str, Action]]:
        """Return id and action of each action of a target, in their order, whatever they came to."""
        rows = self._database.rows("select id, body from action where label = ? order by place", label)
        return [(name, Action.from_json(loads(body))) for name, body in rows]

    def ids(self) -> list[str]:
        """Return the ids of all actions."""
        return self._database.column("select id from action")

    def kinds(self, label: str) -> list[tuple[str, str]]:
        """Return id and kind of each action of a target."""
        return [(row[0], row[1]) for row in self._database.rows("select id, kind from action where label = ?", label)]

    def inputs(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield each action's target, as text, and the action's inputs."""
        for label, body in self._database.rows("select label, body from action"):
            yield label, loads(body)["inputs"]

    def stale_targets(self) -> set[str]:
        """Return the labels, as texts, of targets with actions that may have to run."""
        return set(self._database.column("select label from action where stale = 1"))

    def is_any_stale(self) -> bool:
        """Tell whether any action may have to run."""
        return self._database.row("select 1 from action where stale = 1") is not None

    def reasons(self, name: str) -> Reasons:
        """Return why an action ran last."""
        row = self._database.row("select reasons from action where id = ?", name)
        return loads(row[0]) if row and row[0] else []

    # Planning -----------------------------------------------------------------------------------------------------

    def replace(self, label: Label, actions: Iterable[Action], *, stale: bool) -> None:
        """Write the actions of a target: new and changed ones are stale, or all of them; the others keep their results.

        Raises TypeError or ValueError for parameters that are no JSON.
        """
        before = self._rows_of(label)
        self._database.run("delete from action where label = ?", str(label))
        rows = []
        for place, action in enumerate(actions):
            name, body = action_id(label, action), dumps(action.to_json())
            old_body, was_stale, result, reasons = before.get(name, ("", 1, None, None))
            is_stale = int(bool(was_stale or old_body != body or stale))
            rows.append((name, str(label), action.kind, body, place, is_stale, result, reasons))
        self._database.run_many("insert into action values (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _rows_of(self, label: Label) -> dict[str, tuple[str, int, str | None, str | None]]:
        rows = self._database.rows("select id, body, stale, result, reasons from action where label = ?", str(label))
        return {name: (body, stale, result, reasons) for name, body, stale, result, reasons in rows}

    def remove(self, label: str) -> None:
        """Forget the actions of a target."""
        self._database.run("delete from action where label = ?", label)

    def mark_stale(self, names: Iterable[str]) -> None:
        """Note that actions may have to run."""
        self._database.run_many("update action set stale = 1 where id = ?", ((name,) for name in names))

    def mark_all_stale(self) -> None:
        """Note that every action may have to run."""
        self._database.run("update action set stale = 1")

    def forget(self, names: Iterable[str] | None) -> None:
        """Forget what actions came to, or all of them where `names` is None."""
        query = "update action set stale = 1, result = null"
        if names is None:
            self._database.run(query)
        else:
            self._database.run_many(f"{query} where id = ?", ((name,) for name in names))

    # Recording ----------------------------------------------------------------------------------------------------

    def mark_fresh(self, pending: KnownAction) -> None:
        """Note that an action need not run."""
        if pending.stale:
            self._database.run("update action set stale = 0 where id = ?", pending.id)
            pending.stale = False

    def record(self, pending: KnownAction, result: Result, reasons: Reasons) -> None:
        """Note what running an action came to, and why it ran."""
        self._unwritten.append((pending, result, reasons))
        if time.monotonic() - self._written > _FLUSH_AFTER:
            self.flush()

    def flush(self) -> None:
        """Write results to the records; what uses an output that is another one now is stale from then on."""
        if not self._unwritten:
            return
        with self._database.transaction():
            for pending, result, reasons in self._unwritten:
                self._write(pending, result, reasons)
        self._unwritten = []
        self._written = time.monotonic()

    def _write(self, pending: KnownAction, result: Result, reasons: Reasons) -> None:
        before = pending.result.states if pending.result else {}
        pending.result, pending.stale = result, False
        query = "update action set stale = 0, result = ?, reasons = ? where id = ?"
        told = {name: getattr(result, name) for name in Result.__slots__}
        self._database.run(query, dumps(told), dumps(reasons), pending.id)
        if pending.has_folders:
            self._outputs.set_files(pending.id, result.states)
        else:
            self._outputs.set_states(pending.id, result.states)
        if before != result.states:
            self._mark_dependants(pending)

    def _mark_dependants(self, pending: KnownAction) -> None:
        """Mark the actions stale that use what an action has made: its own target's, and those of dependants."""
        for label in (pending.label, *self._targets.dependants(pending.label)):
            users = self._users_in(label)
            self.mark_stale({name for path in pending.action.outputs for name in users.get(path, ())})

    def _users_in(self, label: str) -> dict[str, list[str]]:
        """Return which actions of a target use what."""
        if label not in self._users:
            found: dict[str, list[str]] = {}
            for name, action in self.plain(label):
                for path in action.inputs:
                    found.setdefault(path, []).append(name)
            self._users[label] = found
        return self._users[label]


def _known(row: tuple[Any, ...]) -> KnownAction:
    name, label, body, stale, result = row
    last = Result(**loads(result)) if result else None
    return KnownAction(name, label, Action.from_json(loads(body)), bool(stale), last)
