"""The rules that targets were analysed with: their digests, the files these cover, and what they are over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.store.records.database import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets.store.records.database import Database


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it was: `files` are those of its folder, `over` the rules on all of whose targets it depends."""

    name: str
    digest: str
    files: tuple[str, ...]
    over: tuple[str, ...]


class Rules:
    """The table `rule`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def every(self) -> list[StoredRule]:
        """Return all rules."""
        rows = self._database.rows("select name, digest, files, over from rule")
        return [StoredRule(name, digest, tuple(loads(files)), tuple(loads(over))) for name, digest, files, over in rows]

    def store(self, rules: Iterable[StoredRule]) -> None:
        """Write rules, new or changed."""
        rows = ((one.name, one.digest, dumps(one.files), dumps(one.over)) for one in rules)
        self._database.run_many("insert or replace into rule values (?, ?, ?, ?)", rows)

    def remove(self, names: Iterable[str]) -> None:
        """Forget rules."""
        self._database.run_many("delete from rule where name = ?", ((name,) for name in names))
