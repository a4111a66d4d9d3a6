"""What target files declare: their entries, each checked against its rule's schema, as targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.errors import Problem, RequestError, reason
from packaging_targets.model.label import Label, is_package
from packaging_targets.model.target import Target, Where
from packaging_targets.store.layout import TARGET_FILE, target_file_of
from packaging_targets.workspace.target_file import RawEntry, TargetFile, field_where, parse_target_file

if TYPE_CHECKING:
    from packaging_targets.workspace.rules.rulebook import Rulebook
    from packaging_targets.workspace.rules.schema import Checker
    from packaging_targets.workspace.settings import Settings


class Declarations:
    """Reads target files and checks their entries; `problems` gathers what is wrong in any of them."""

    def __init__(self, settings: Settings, rulebook: Rulebook) -> None:
        self._settings = settings
        self._rulebook = rulebook
        self._checkers: dict[str, Checker | None] = {}
        self.problems: list[Problem] = []
        self.broken: dict[Label, Target] = {}
        """Entries with problems, by what they would be called, with the labels in them."""
        self.unread: set[str] = set()
        """Packages of whose entries nothing is known, because their files cannot be read."""

    def of(self, package: str) -> list[Target]:
        """Return the targets that the package's file declares, in order."""
        path = target_file_of(package)
        try:
            with open(path, "rb") as file:
                return self.of_text(package, file.read())
        except FileNotFoundError:
            return []
        except OSError as error:
            self.problems.append(Problem(path, f"`{path}` cannot be read: {reason(error)}"))
            self.unread.add(package)
            return []

    def of_text(self, package: str, text: bytes) -> list[Target]:
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

    def _declared(self, file: TargetFile, package: str, entry: RawEntry) -> Target | None:
        where = Where(file.path, entry.line)
        label = Label(package, str(entry.fields.get("name", "?")))
        if entry.rule not in self._rulebook:
            self.problems.append(self._rulebook.unknown(entry.rule, str(where)))
            self.broken[label] = Target(label, entry.rule, {}, (), where)
            return None
        checker = self._checker(entry.rule)
        if checker is None:
            self.broken[label] = Target(label, entry.rule, {}, (), where)
            return None
        wrong = list(checker.problems(entry.fields))
        deps = self._deps(file, entry, checker, label)
        if wrong:
            for path, what, fix in wrong:
                named = "" if path == "$" else path
                self.problems.append(Problem(field_where(file, entry.line, path), what, fix, str(label), named))
            self.broken[label] = Target(label, entry.rule, {}, deps, where)
            return None
        fields = checker.with_defaults(entry.fields)
        return Target(label, entry.rule, fields, deps, where, tuple(checker.globs(entry.fields)))

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

    def _refuse_twins(self, declared: list[Target]) -> None:
        first: dict[Label, Target] = {}
        for one in declared:
            twin = first.setdefault(one.label, one)
            if twin is not one:
                self.problems.append(
                    Problem(
                        str(one.where),
                        f"there are two targets `{one.label}`",
                        f"rename one; the other is at {twin.where}",
                        str(one.label),
                        "$.name",
                    )
                )

    def _checker(self, rule: str) -> Checker | None:
        """Return what checks the entries of a rule, or None where its schema cannot: that is told once."""
        if rule not in self._checkers:
            try:
                self._checkers[rule] = self._rulebook.checker(rule)
            except RequestError as error:
                self._checkers[rule] = None
                self.problems.extend(error.problems)
        return self._checkers[rule]


def _nested_workspace(file: TargetFile, package: str) -> Problem:
    return Problem(
        f"{file.path}:{file.workspace_line}",
        f"`{package}` is a workspace inside this workspace",
        f'take its [workspace] table away, or write ignore = ["{package}"] in the [workspace] of '
        f"the root's {TARGET_FILE}",
    )
