"""What is known of a workspace from earlier runs: folders, packages, rules, targets, actions, and what they made.

All SQL stands in this folder, a module for the tables that belong together. Values go in and come out; JSON text and
rows are nobody's business but theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.store.records.actions import Actions
from packaging_targets.store.records.database import Database
from packaging_targets.store.records.folders import Folders
from packaging_targets.store.records.outputs import Outputs
from packaging_targets.store.records.rules import Rules
from packaging_targets.store.records.targets import Targets

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Records:
    """The records of one workspace."""

    def __init__(self, path: str) -> None:
        self._database = Database(path)
        self.was_corrupt = self._database.was_corrupt
        self.folders = Folders(self._database)
        self.rules = Rules(self._database)
        self.targets = Targets(self._database)
        self.outputs = Outputs(self._database)
        self.actions = Actions(self._database, self.targets, self.outputs)

    def transaction(self) -> AbstractContextManager[None]:
        """Make all changes of a `with` block at once, or none."""
        return self._database.transaction()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def remembered(self, key: str) -> str:
        """Return a single remembered value, or an empty text."""
        found = self._database.row("select value from meta where key = ?", key)
        return found[0] if found else ""

    def remember(self, key: str, value: str) -> None:
        """Remember a single value."""
        self._database.run("insert or replace into meta values (?, ?)", key, value)
