"""What actions make: who makes which path, in which state it was left, and what nobody makes any longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging_targets.store.records.database import Database


class Outputs:
    """The tables `output` and `orphan`. Paths are workspace paths; a state is empty where nothing was made yet.

    A folder that is an output has a row, which stays without a state, and each file in it has one of its own. Several
    actions may have made the same file in a folder.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def makers(self, path: str) -> dict[str, str]:
        """Return the ids of the actions that make a path, and the state that each left it in."""
        return dict(self._database.rows("select id, state from output where path = ?", path))

    def folders(self) -> set[str]:
        """Return the folders that are outputs."""
        # In the words of the index: the table is as large as the workspace, and folders are few.
        return set(self._database.column("select path from output where substr(path, -1) = '/'"))

    def within(self, folder: str) -> dict[str, str]:
        """Return the states of the files that actions have made in a folder, which ends in `/`, sorted by path."""
        rows = self._database.rows(
            "select distinct path, state from output where path > ? and path < ? and state != '' order by path",
            *_range(folder[:-1]),
        )
        return dict(rows)

    def makers_within(self, folder: str) -> set[str]:
        """Return the ids of the actions that make something in a folder, which ends in `/`, or the folder."""
        low, high = _range(folder[:-1])
        return set(self._database.column("select id from output where path >= ? and path < ?", low, high))

    def of_action(self, name: str) -> dict[str, str]:
        """Return the states of an action's outputs by path."""
        return dict(self._database.rows("select path, state from output where id = ?", name))

    def made(self) -> list[str]:
        """Return every path that an action has made."""
        return self._database.column("select distinct path from output where state != ''")

    def among(self, paths: Collection[str]) -> list[str]:
        """Return which of `paths` are outputs."""
        return self._database.among("select distinct path from output where path in", paths)

    def outside(self, folder: str) -> set[str]:
        """Return the outputs that do not lie below a folder."""
        return set(self._database.column("select path from output where path < ? or path >= ?", *_range(folder)))

    def take(self, path: str, name: str, state: str) -> None:
        """Let the action `name` be one that makes `path`, which is no orphan then."""
        self._database.run("insert or replace into output values (?, ?, ?)", path, name, state)
        self._database.run("delete from orphan where path = ?", path)

    def set_states(self, name: str, states: Mapping[str, str]) -> None:
        """Write the states of what the action `name` has made, by path."""
        rows = ((state, path, name) for path, state in states.items())
        self._database.run_many("update output set state = ? where path = ? and id = ?", rows)

    def set_files(self, name: str, states: Mapping[str, str]) -> None:
        """Write the states of all that the action `name` has made now, in folders too.

        What it made in them before, and nobody makes now, is an orphan.
        """
        left = {path: state for path, state in self.of_action(name).items() if path not in states and path[-1] != "/"}
        for path, state in states.items():
            self.take(path, name, state)
        for path, state in left.items():
            self._database.run("delete from output where path = ? and id = ?", path, name)
            if not self.makers(path):
                self.add_orphans({path: state})

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


def _range(folder: str) -> tuple[str, str]:
    """Return the texts between which every path in a folder lies: the first is in, the last is not."""
    return f"{folder}/", f"{folder}0"  # `0` comes after `/`
