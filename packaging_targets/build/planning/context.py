"""What a rule may know, and what it says: every answer is written down, so that a result is kept until one changes."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from packaging_targets.errors import Problem, RequestError, raise_all, without_secret
from packaging_targets.model.action import FOLDER
from packaging_targets.model.label import Label
from packaging_targets.store.layout import STATE_FOLDER, TARGET_FILE
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging_targets.build.planning.sources import Sources
    from packaging_targets.model.target import Target
    from packaging_targets.workspace.settings import Settings

ADOPTED = ""
"""In place of a state, among what a rule read: a file that it names, and did not look into."""

_RULES = "rules"


@dataclass(frozen=True, slots=True)
class Offered:
    """What a target offers to those that depend on it: its outputs, and what its rule provided.

    `made` are the outputs and the steps on the way to them.
    """

    outputs: tuple[str, ...]
    provided: Mapping[str, Any]
    made: frozenset[str]


@dataclass(slots=True)
class Said:
    """What a rule has said and been told while it analysed a target.

    `reads` are the states of what it read, `provided` is what it offers, `warnings` and `problems` are what it found;
    `outputs` and `paths` are those that the context has handed out.
    """

    reads: dict[str, str] = field(default_factory=dict)
    provided: dict[str, Any] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    outputs: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)


class AnalysisContext:
    """The one implementation of `packaging_targets.model.rule.Context`."""

    def __init__(
        self,
        settings: Settings,
        target: Target,
        sources: Sources,
        offered: Callable[[Label], Offered],
        has_rule_file: Callable[[str], bool],
        file_state: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._target = target
        self._sources = sources
        self._declared = frozenset(sources.paths)
        self._offered = offered
        self.has_rule_file = has_rule_file
        self._file_state = file_state
        self.said = Said()

    @property
    def target(self) -> Target:
        """The target that is analysed."""
        return self._target

    @property
    def source_date_epoch(self) -> int:
        """Seconds since 1970 for formats that must carry a time."""
        text = os.environ.get("SOURCE_DATE_EPOCH", "0") or "0"
        if not text.isdigit():
            raise RequestError.one(f"SOURCE_DATE_EPOCH must be seconds since 1970, but is `{text}`")
        return int(text)

    def sources(self) -> tuple[str, ...]:
        """Return what `srcs` matches."""
        return self._sources.paths

    def packages_inside(self) -> tuple[str, ...]:
        """Return the folders that `srcs` would match files of, if they were not packages of their own."""
        return tuple(path.rpartition("/")[0] for path in self._sources.inner)

    def link(self, source: str) -> str | None:
        """Return where the symbolic link `source` leads, or None for a regular file."""
        self._demand_declared(source)
        if source not in self._sources.links:
            return None
        leads = os.readlink(source)
        self.said.reads[source] = "l" + hashlib.sha256(os.fsencode(leads)).hexdigest()
        return leads

    def read(self, source: str) -> bytes:
        """Return the bytes of a declared source."""
        self._demand_declared(source)
        with open(source, "rb") as file:
            data = file.read()
            kind = "x" if os.fstat(file.fileno()).st_mode & 0o100 else "f"
        self.said.reads[source] = kind + hashlib.sha256(data).hexdigest()
        return data

    def read_text(self, source: str) -> str:
        """Return the text of a declared source; what is not UTF-8 is told at its line."""
        data = self.read(source)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.fail(f"`{source}` is not UTF-8", where=f"{source}:{line}", fix="save the file as UTF-8")

    def has_file(self, path: str) -> bool:
        """Tell whether a file that no target makes stands at a workspace path."""
        found = self._inside(path, path)
        self.said.paths.add(found)
        state = self.said.reads[found] = self._file_state(found)
        return state[0] in "fxl"

    def files_in(self, folder: str) -> tuple[str, ...]:
        """Return the files and links directly in a folder."""
        found = self._inside(folder, folder)
        state = self.said.reads[found or "."] = self._file_state(found or ".")
        if state[0] != "d":
            return ()
        with os.scandir(found or ".") as entries:
            names = sorted(one.name for one in entries if not is_junk(one.name) and (one.is_file() or one.is_symlink()))
        paths = tuple(posixpath.join(found, name) for name in names)
        self.said.paths.update(paths)
        return paths

    def adopt(self, path: str) -> None:
        """Take the file at a workspace path as it stands: no build removes it as left over."""
        self.said.reads.setdefault(path, ADOPTED)

    def package_path(self, path: str) -> str:
        """Return the workspace path of `path`, relative to the package, or to the root after `//`."""
        base, rest = ("", path[2:]) if path.startswith("//") else (self._target.label.package, path)
        found = self._inside(posixpath.join(base, rest), path)
        self.said.paths.add(found)
        return found

    def relative(self, path: str) -> str:
        """Return a workspace path as seen from the target's package."""
        package = self._target.label.package
        return path.removeprefix(f"{package}/") if package else path

    def output(self, name: str) -> str:
        """Return `<out>/<package>/<name>`, which ends in `/` for a folder where the name does."""
        folder = posixpath.normpath(posixpath.join(self._settings.out, self._target.label.package))
        found = self._output(posixpath.join(folder, name), name)
        if not found.removesuffix(FOLDER).startswith(f"{folder}/"):
            fix = "name a file below it; context.workspace_output(…) names others"
            self.fail(f"the output `{name}` is no file below `{folder}`", fix=fix)
        return found

    def workspace_output(self, path: str) -> str:
        """Return the workspace path of an output outside the `out` folder."""
        if path.endswith(FOLDER):
            fix = "name each file, or a folder by context.output(…)"
            self.fail(f"the output `{path}` is a folder among sources, where not all is ours", fix=fix)
        return self._output(path, path)

    def _output(self, path: str, given: str) -> str:
        found = self._inside(path, given)
        folder, _, name = found.rpartition("/")
        if not found:
            self.fail(f"`{given}` names no file", fix="name a file in the workspace")
        if name == TARGET_FILE or folder.split("/")[0] == _RULES:
            self.fail(f"`{found}` is a file that builds are made from, and no output", fix="choose another name")
        if given.endswith(FOLDER):
            found += FOLDER
        self.said.outputs.add(found)
        return found

    def label(self, text: str) -> Label:
        """Return the label that the value of a field means, in this package."""
        try:
            return Label.parse(text, self._target.label.package)
        except ValueError as error:
            self.fail(f"`{text}` is no label: {error}", fix="write //folder:name, or :name in the same file")

    def deps(self) -> tuple[Label, ...]:
        """Return the labels that the target depends on."""
        return self._target.deps

    def outputs_of(self, label: Label | str) -> tuple[str, ...]:
        """Return the outputs of a dependency."""
        return self._offered(self._dependency(label)).outputs

    def made_by(self, label: Label) -> frozenset[str]:
        """Return all that the actions of a dependency make, the steps on the way to its outputs too."""
        return self._offered(label).made

    def provide(self, key: str, value: Any) -> None:
        """Offer a JSON value to dependants."""
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            what = f"the rule `{self._target.rule}` provides as `{key}` what is no JSON: {error}"
            raise RequestError.one(what) from error
        self.said.provided[key] = value

    def provided_by(self, label: Label | str) -> Mapping[str, Any]:
        """Return what a dependency offers."""
        return self._offered(self._dependency(label)).provided

    def template(self, name: str, rule: str | None = None) -> str:
        """Return the input path of a file of the rule."""
        path = f"@{rule or self._target.rule}/{name}"
        if not self.has_rule_file(path):
            self.fail(f"the rule `{self._target.rule}` has no file `{name}`")
        return path

    def problem(self, what: str, *, field: str = "", fix: str = "", where: str = "") -> None:
        """Note what is wrong, and go on."""
        self.said.problems.append(self._problem(what, field, fix, where))

    def check(self) -> None:
        """Refuse the target if any problem was noted."""
        raise_all(self.said.problems)

    def fail(self, what: str, *, field: str = "", fix: str = "", where: str = "") -> NoReturn:
        """Refuse the target."""
        raise RequestError(self._problem(what, field, fix, where))

    def _problem(self, what: str, field: str, fix: str, where: str) -> Problem:
        told = without_secret(what)  # which may be any field's value
        return Problem(where, told, without_secret(fix), str(self._target.label) if where else "", _path(field))

    def warn(self, what: str, *, field: str = "", fix: str = "", where: str = "", label: str = "") -> None:
        """Report something that does not stop the build."""
        problem = Problem(where, what, fix, label, _path(field))
        self.said.warnings.append(problem if where else placed(self._target, problem))

    def _demand_declared(self, source: str) -> None:
        if source in self._declared:
            return
        fix = "add it to srcs"
        if posixpath.join(self._target.label.package, source) in self._declared:
            fix = f"let the rule name it as context.package_path({json.dumps(source)})"
        elif any(source in self._offered(label).outputs for label in self._target.deps):
            fix = "leave it to an action: what a dependency makes is not there when a rule is asked"
        self.fail(
            f"the rule `{self._target.rule}` reads `{source}`, which is no source of the target",
            field="$.srcs",
            fix=fix,
        )

    def _dependency(self, label: Label | str) -> Label:
        found = Label.parse(label, self._target.label.package) if isinstance(label, str) else label
        if found not in self._target.deps:
            what = f"the rule `{self._target.rule}` looks at `{found}`, which is no dependency of the target"
            self.fail(what, fix='name it in deps, or give its field "format": "label" in the schema of the rule')
        return found

    def _inside(self, path: str, given: str) -> str:
        normal = posixpath.normpath(path)
        if not normal.isprintable() and normal != normal.encode("utf-8", "replace").decode():
            self.fail(f"the path {path!a} is not UTF-8", fix="name it otherwise")
        if normal == ".":
            return ""
        if normal.startswith(("/", "../")) or normal == ".." or "\0" in normal:
            self.fail(f"`{given}` leaves the workspace", fix="name a path inside it")
        if normal.split("/", 1)[0] == STATE_FOLDER:
            self.fail(f"`{given}` lies in `{STATE_FOLDER}`, where builds keep their state", fix="choose another folder")
        return normal


def _path(field: str) -> str:
    """Return the path of a field, which a rule may name without its `$.`."""
    return f"$.{field}" if field and field[0] != "$" else field


def placed(target: Target, problem: Problem) -> Problem:
    """Return a problem of a target with the target's line and label, where it does not name a place of its own."""
    if not problem.where:
        return replace(problem, where=str(target.where), label=str(target.label))
    return problem if problem.label or problem.field else replace(problem, label=str(target.label))
