"""The folders of a workspace that target files are looked for in, and the packages: those that hold one.

All are workspace paths; the root's is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets.store.records.database import Database


class Folders:
    """The tables `folder` and `package`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def every(self) -> list[str]:
        """Return all folders."""
        return self._database.column("select path from folder")

    def has(self, folder: str) -> bool:
        """Tell whether this is a known folder."""
        return self._database.row("select 1 from folder where path = ?", folder) is not None

    def inside(self, folder: str) -> list[str]:
        """Return the folders directly in a folder."""
        return self._database.column("select path from folder where parent = ? and path != ''", folder)

    def below(self, folder: str) -> list[str]:
        """Return the folders below a folder, however deep."""
        low, high = f"{folder}/", f"{folder}0"  # `0` comes after `/`
        return self._database.column("select path from folder where path > ? and path < ?", low, high)

    def add(self, folders: Iterable[str]) -> None:
        """Add folders."""
        rows = ((path, path.rpartition("/")[0]) for path in folders)
        self._database.run_many("insert or replace into folder values (?, ?)", rows)

    def remove(self, folders: Iterable[str]) -> None:
        """Remove folders."""
        self._database.run_many("delete from folder where path = ?", ((path,) for path in folders))

    def packages(self) -> set[str]:
        """Return all packages."""
        return set(self._database.column("select path from package"))

    def is_package(self, folder: str) -> bool:
        """Tell whether a folder is a package."""
        return self._database.row("select 1 from package where path = ?", folder) is not None

    def add_packages(self, packages: Iterable[str]) -> None:
        """Add packages."""
        self._database.run_many("insert or replace into package values (?)", ((path,) for path in packages))

    def remove_packages(self, packages: Iterable[str]) -> None:
        """Remove packages."""
        self._database.run_many("delete from package where path = ?", ((path,) for path in packages))
