"""Discovery: which folders and packages there are, and what changed about them since.

Nothing is read that did not change: a folder is listed again where its listing changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.workspace.folders import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets.store.records import Records
    from packaging_targets.workspace.settings import Settings


@dataclass(slots=True)
class Discovered:
    """What discovery found to have changed.

    Folders to watch or not, packages whose files are to be parsed, packages that are gone, and packages whose sources
    may be others now.
    """

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    parse: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)


class Discovery:
    """Keeps the folder and package tables of the records in step with the disk."""

    def __init__(self, settings: Settings, records: Records) -> None:
        self._settings = settings
        self._folders = records.folders
        self._packages: set[str] | None = None

    @property
    def packages(self) -> set[str]:
        """All packages, as workspace folders."""
        if self._packages is None:
            self._packages = self._folders.packages()
        return self._packages

    def package_of(self, path: str) -> str | None:
        """Return the package that the workspace path lies in, or None."""
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if self._is_package(folder):
                return folder
        return None

    def _is_package(self, folder: str) -> bool:
        if self._packages is not None:
            return folder in self._packages
        return self._folders.is_package(folder)

    def everything(self) -> Discovered:
        """Walk the whole workspace."""
        folders, packages = walk(self._settings)
        removed = sorted(set(self._folders.every()) - set(folders))
        found = Discovered(folders, removed, set(packages), self.packages - set(packages))
        self._packages = set(packages)
        self._folders.remove(removed)
        self._folders.add(folders)
        self._folders.remove_packages(found.gone)
        self._folders.add_packages(packages)
        return found

    def changes(self, folders: Iterable[str], target_files: Iterable[str]) -> Discovered:
        """Look again at changed `folders` (workspace paths) and at the packages of changed target files."""
        found = Discovered(parse={file.removesuffix(TARGET_FILE).rstrip("/") for file in target_files})
        folders = sorted(folders)
        if not folders and not found.parse:
            return found
        found.parse &= self.packages
        for folder in folders:
            self._look_again(folder, found)
        self.packages.difference_update(found.gone)
        self._folders.remove_packages(found.gone)
        self._folders.add_packages(found.parse - found.gone)
        found.parse -= found.gone
        # A package that came or went changes what the package around it holds.
        around = {self.package_of(path) for path in found.parse | found.gone if path}
        found.touched |= {package for package in around if package is not None}
        found.touched -= found.gone
        return found

    def _look_again(self, folder: str, found: Discovered) -> None:
        listed = children(self._settings, folder)
        if listed is None:
            return  # its parent's listing changed too, and takes it away
        subfolders, is_package = listed
        known = set(self._folders.inside(folder))
        for gone in known - set(subfolders):
            self._remove(gone, found)
        for new in sorted(set(subfolders) - known):
            folders, packages = walk(self._settings, new)
            self._folders.add(folders)
            found.added += folders
            found.parse.update(packages)
            self.packages.update(packages)
        if is_package and folder not in self.packages:
            found.parse.add(folder)
            self.packages.add(folder)
        elif not is_package and folder in self.packages:
            found.gone.add(folder)
        nearest = folder if folder in self.packages else self.package_of(folder)
        if nearest is not None:
            found.touched.add(nearest)

    def _remove(self, folder: str, found: Discovered) -> None:
        gone = [folder, *self._folders.below(folder)]
        found.removed += gone
        self._folders.remove(gone)
        found.gone |= self.packages & set(gone)
