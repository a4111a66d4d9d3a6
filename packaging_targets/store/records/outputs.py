"""What actions make: who makes which path, in which state it was left, and what nobody makes any longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging_targets.store.records.database import Database


class Outputs:
    """The tables `output` and `orphan`. Paths are workspace paths; a state is empty where nothing was made yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def maker(self, path: str) -> tuple[str, str] | None:
        """Return the id of the action that makes a path, and the state it left it in; None where nobody does."""
        row = self._database.row("select id, state from output where path = ?", path)
        return (row[0], row[1]) if row else None

    def of_action(self, name: str) -> dict[str, str]:
        """Return the states of an action's outputs by path."""
        return dict(self._database.rows("select path, state from output where id = ?", name))

    def made(self) -> list[str]:
        """Return every path that an action has made."""
        return self._database.column("select path from output where state != ''")

    def among(self, paths: Collection[str]) -> list[str]:
        """Return which of `paths` are outputs."""
        return self._database.among("select path from output where path in", paths)

    def outside(self, folder: str) -> set[str]:
        """Return the outputs that do not lie below a folder."""
        low, high = f"{folder}/", f"{folder}0"  # `0` comes after `/`
        return set(self._database.column("select path from output where path < ? or path >= ?", low, high))

    def take(self, path: str, name: str, state: str) -> None:
        """Let the action `name` be the one that makes `path`, which is no orphan then."""
        self._database.run("insert or replace into output values (?, ?, ?)", path, name, state)
        self._database.run("delete from orphan where path = ?", path)

    def set_states(self, states: Mapping[str, str]) -> None:
        """Write the states of outputs by path."""
        rows = ((state, path) for path, state in states.items())
        self._database.run_many("update output set state = ? where path = ?", rows)

    def release(self, name: str) -> None:
        """Take the outputs of an action away from it."""
        self._database.run("delete from output where id = ?", name)

    def orphans(self) -> list[tuple[str, str]]:
        """Return path and last state of what nobody makes any longer, by path."""
        return [(path, state) for path, state in self._database.rows("select path, state from orphan order by path")]

    def add_orphans(self, states: Mapping[str, str]) -> None:
        """Note what nobody makes any longer, until somebody does."""
        self._database.run_many("insert or replace into orphan values (?, ?)", states.items())

    def drop_orphan(self, path: str) -> None:
        """Forget an orphan."""
        self._database.run("delete from orphan where path = ?", path)
