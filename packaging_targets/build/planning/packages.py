"""From target files to targets: which packages there are, what their files declare, and what changed since.

Nothing is read that did not change: folders are listed again where their listing changed, target files parsed where
their content did, and an entry counts as changed where what it says did, whatever its line.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem
from packaging_targets.model.digest import Digest
from packaging_targets.model.label import Label, is_package
from packaging_targets.model.target import Target, Where
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.workspace.discover import children, walk
from packaging_targets.workspace.graph import Node
from packaging_targets.workspace.schema import Checker
from packaging_targets.workspace.target_file import RawEntry, TargetFile, field_where, parse_target_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets.store.records import Records
    from packaging_targets.workspace.rulebook import Rulebook
    from packaging_targets.workspace.settings import Settings


@dataclass(frozen=True, slots=True)
class Declared:
    """A target as its file declares it.

    `given` tells that it names its `srcs` itself; `identity` is a digest of all that can matter to what is built.
    """

    target: Target
    given: bool
    identity: str


@dataclass(slots=True)
class Folders:
    """What discovery found to have changed.

    Folders to watch or not, packages whose files are to be parsed, packages that are gone, and packages whose sources
    may be others now.
    """

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    parse: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)


def target_file_of(package: str) -> str:
    """Return the workspace path of a package's target file."""
    return posixpath.join(package, TARGET_FILE)


class Discovery:
    """Keeps the folder and package tables of the records in step with the disk."""

    def __init__(self, settings: Settings, records: Records) -> None:
        self._settings = settings
        self._records = records
        self._packages: set[str] | None = None

    @property
    def packages(self) -> set[str]:
        """All packages, as workspace folders."""
        if self._packages is None:
            self._packages = set(self._records.column("select path from package"))
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
        return self._records.row("select 1 from package where path = ?", folder) is not None

    def everything(self) -> Folders:
        """Walk the whole workspace."""
        folders, packages = walk(self._settings)
        known = set(self._records.column("select path from folder"))
        found = Folders(added=folders, removed=sorted(known - set(folders)), parse=set(packages))
        found.gone = self.packages - set(packages)
        self._packages = set(packages)
        self._records.run("delete from folder")
        self._add_folders(folders)
        self._set_packages(packages)
        return found

    def changes(self, folders: Iterable[str], target_files: Iterable[str]) -> Folders:
        """Look again at changed `folders` (workspace paths) and at the packages of changed target files."""
        found = Folders(parse={file.removesuffix(TARGET_FILE).rstrip("/") for file in target_files})
        folders = sorted(folders)
        if not folders and not found.parse:
            return found
        found.parse &= self.packages
        for folder in folders:
            self._look_again(folder, found)
        self.packages.difference_update(found.gone)
        self._records.run_many("delete from package where path = ?", ((path,) for path in found.gone))
        self._set_packages(found.parse - found.gone)
        found.parse -= found.gone
        # A package that came or went changes what the package around it holds.
        around = {self.package_of(path) for path in found.parse | found.gone if path}
        found.touched |= {package for package in around if package is not None}
        found.touched -= found.gone
        return found

    def _look_again(self, folder: str, found: Folders) -> None:
        listed = children(self._settings, folder)
        if listed is None:
            return  # its parent's listing changed too, and takes it away
        subfolders, is_package = listed
        known = set(self._records.column("select path from folder where parent = ? and path != ''", folder))
        for gone in known - set(subfolders):
            self._remove(gone, found)
        for new in sorted(set(subfolders) - known):
            folders, packages = walk(self._settings, new)
            self._add_folders(folders)
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

    def _remove(self, folder: str, found: Folders) -> None:
        below = f"{folder}/"
        gone = [
            folder,
            *self._records.column("select path from folder where path > ? and path < ?", below, f"{folder}0"),
        ]
        found.removed += gone
        self._records.run_many("delete from folder where path = ?", ((path,) for path in gone))
        found.gone |= self.packages & set(gone)

    def _add_folders(self, folders: Iterable[str]) -> None:
        rows = ((path, path.rpartition("/")[0]) for path in folders)
        self._records.run_many("insert or replace into folder values (?, ?)", rows)

    def _set_packages(self, packages: Iterable[str]) -> None:
        self._records.run_many("insert or replace into package values (?, '')", ((path,) for path in packages))


class Declarations:
    """Reads target files and checks their entries; `problems` gathers what is wrong in any of them."""

    def __init__(self, settings: Settings, rulebook: Rulebook) -> None:
        self._settings = settings
        self._rulebook = rulebook
        self._checkers: dict[str, Checker] = {}
        self.problems: list[Problem] = []
        self.broken: dict[Label, Node] = {}
        """Entries with problems, by what they would be called, with the labels in them."""
        self.unread: set[str] = set()
        """Packages of whose entries nothing is known, because their files cannot be read."""

    def of(self, package: str) -> list[Declared]:
        """Return the targets that the package's file declares, in order."""
        path = target_file_of(package)
        try:
            with open(path, "rb") as file:
                return self.of_text(package, file.read())
        except FileNotFoundError:
            return []
        except OSError as error:
            self.problems.append(Problem(path, f"`{path}` cannot be read: {(error.strerror or '').lower()}"))
            self.unread.add(package)
            return []

    def of_text(self, package: str, text: bytes) -> list[Declared]:
        """Return the targets that a target file of the package with this text declares."""
        path = target_file_of(package)
        parsed = parse_target_file(path, text)
        self.problems.extend(parsed.problems)
        if parsed.problems:
            self.unread.add(package)
        if package and parsed.workspace is not None:
            self.problems.append(_nested_workspace(parsed, package))
        if not is_package(package):
            self.problems.append(
                Problem(path, f"`{package}` cannot be a package", "name folders with letters, digits and `_.+@~-`")
            )
            return []
        declared = [one for entry in parsed.entries if (one := self._declared(parsed, package, entry))]
        self._refuse_twins(declared)
        return declared

    def _declared(self, file: TargetFile, package: str, entry: RawEntry) -> Declared | None:
        where = Where(file.path, entry.line)
        label = Label(package, str(entry.fields.get("name", "?")))
        if entry.rule not in self._rulebook:
            self.problems.append(self._rulebook.unknown(entry.rule, str(where)))
            self.broken[label] = Node(label, entry.rule, {}, (), where)
            return None
        checker = self._checker(entry.rule)
        wrong = list(checker.problems(entry.fields))
        deps = self._deps(file, entry, checker, label)
        if wrong:
            for path, what, fix in wrong:
                named = "" if path == "$" else path
                self.problems.append(Problem(field_where(file, entry.line, path), what, fix, str(label), named))
            self.broken[label] = Node(label, entry.rule, {}, deps, where)
            return None
        fields = checker.with_defaults(entry.fields)
        target = Target(label, entry.rule, fields, deps, where)
        return Declared(target, "srcs" in entry.fields, identity(target, given="srcs" in entry.fields))

    def _deps(self, file: TargetFile, entry: RawEntry, checker: Checker, label: Label) -> tuple[Label, ...]:
        deps: list[Label] = []
        for path, text in checker.labels(entry.fields):
            try:
                deps.append(Label.parse(text, label.package))
            except ValueError as error:
                where, what = field_where(file, entry.line, path), f"`{text}` is no label: {error}"
                fix = "write //folder:name, or :name in the same file"
                self.problems.append(Problem(where, what, fix, str(label), path))
        return tuple(dict.fromkeys(deps))

    def _refuse_twins(self, declared: list[Declared]) -> None:
        first: dict[Label, Target] = {}
        for one in declared:
            twin = first.setdefault(one.target.label, one.target)
            if twin is not one.target:
                self.problems.append(
                    Problem(
                        str(one.target.where),
                        f"there are two targets `{one.target.label}`",
                        f"rename one; the other is at {twin.where}",
                        str(one.target.label),
                        "$.name",
                    )
                )

    def _checker(self, rule: str) -> Checker:
        if rule not in self._checkers:
            self._checkers[rule] = Checker(rule, self._rulebook.schema(rule))
        return self._checkers[rule]


def identity(target: Target, *, given: bool) -> str:
    """Return a digest of all of an entry that can matter to what is built."""
    fields = {name: value for name, value in target.fields.items() if name != "description"}
    # TOML has numbers and dates that canonical JSON has not; what is written here is compared on this machine only.
    text = json.dumps([target.rule, fields, list(map(str, target.deps)), given], sort_keys=True, default=str)
    return Digest.of(text.encode("utf-8", "surrogateescape")).hex


def _nested_workspace(file: TargetFile, package: str) -> Problem:
    return Problem(
        f"{file.path}:{file.workspace_line}",
        f"`{package}` is a workspace inside this workspace",
        f'take its [workspace] table away, or write ignore = ["{package}"] in the [workspace] of '
        f"the root's {TARGET_FILE}",
    )
