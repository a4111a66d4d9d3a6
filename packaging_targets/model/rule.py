"""A rule, and all that it may know while it turns a target's fields into actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging_targets.model.action import Action
    from packaging_targets.model.label import Label
    from packaging_targets.model.target import Target


class Context(Protocol):
    """All that a rule may know: analysis is a pure function of what is asked for here, and is kept until it changes."""

    @property
    def target(self) -> Target:
        """The target that is analysed; `target.fields` has the schema's defaults filled in."""
        ...

    @property
    def source_date_epoch(self) -> int:
        """Seconds since 1970 for formats that must carry a time: `SOURCE_DATE_EPOCH`, or 0."""
        ...

    def sources(self) -> tuple[str, ...]:
        """Return what `srcs` matches, without `exclude`: workspace paths of files and symbolic links, sorted."""
        ...

    def packages_inside(self) -> tuple[str, ...]:
        """Return the workspace folders that `srcs` would match files of, if they were not packages of their own."""
        ...

    def link(self, source: str) -> str | None:
        """Return where the symbolic link `source` leads, as it is written, or None for a regular file."""
        ...

    def read(self, source: str) -> bytes:
        """Return the bytes of a declared source; when they change, the target is analysed again."""
        ...

    def read_text(self, source: str) -> str:
        """Return the text of a declared source, which must be UTF-8: what is not is told at its line."""
        ...

    def has_file(self, path: str) -> bool:
        """Tell whether a file that no target makes stands at a workspace path; when that changes, analysis runs again.

        The file may be an input. A symbolic link counts as one, wherever it leads.
        """
        ...

    def files_in(self, folder: str) -> tuple[str, ...]:
        """Return the workspace paths of the files and links directly in a folder, sorted; none where there is none.

        They may be inputs. When there are others, analysis runs again.
        """
        ...

    def adopt(self, path: str) -> None:
        """Say that the target takes the file at the workspace path as it stands: no build removes it as left over."""
        ...

    def package_path(self, path: str) -> str:
        """Return the workspace path of `path`, which is relative to the target's package, or to the root after `//`.

        The root itself is the empty path.
        """
        ...

    def relative(self, path: str) -> str:
        """Return the path of a source as seen from the target's package."""
        ...

    def output(self, name: str) -> str:
        """Return the workspace path of an output: `<out>/<package>/<name>`.

        A name that ends in `/` is that of a folder: which files it gets is found out when its actions run.
        """
        ...

    def workspace_output(self, path: str) -> str:
        """Return the workspace path of an output outside the `out` folder, such as `ops/packaging/api.Dockerfile`."""
        ...

    def label(self, text: str) -> Label:
        """Return the label that the value of a field means: fields hold them as they are written."""
        ...

    def deps(self) -> tuple[Label, ...]:
        """Return the labels that the target depends on, in the order of its fields."""
        ...

    def outputs_of(self, label: Label | str) -> tuple[str, ...]:
        """Return the outputs of a dependency, as workspace paths; a string is read as a label of this package."""
        ...

    def provide(self, key: str, value: Any) -> None:
        """Offer a JSON value to the targets that depend on this one."""
        ...

    def provided_by(self, label: Label | str) -> Mapping[str, Any]:
        """Return what a dependency offers with `provide`."""
        ...

    def template(self, name: str, rule: str | None = None) -> str:
        """Return the input path of a file in the rule's folder, or in that of the rule `rule` beside it."""
        ...

    def problem(self, what: str, *, field: str = "", fix: str = "", where: str = "") -> None:
        """Note what is wrong with the target, as `fail` does, and go on: all problems are told together."""
        ...

    def check(self) -> None:
        """Refuse the target if any problem was noted, where it makes no sense to go on."""
        ...

    def fail(self, what: str, *, field: str = "", fix: str = "", where: str = "") -> NoReturn:
        """Refuse the target.

        `field` is a path such as `$.tags[0]`, of the target or of the source that `where` names, if that is to blame;
        a line may stand behind the source.
        """
        ...

    def warn(self, what: str, *, field: str = "", fix: str = "", where: str = "", label: str = "") -> None:
        """Report something that does not stop the build; with `where`, `label` has the target told beside it."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of target: its name, the JSON Schema of its fields, and the function that analyses one.

    `digest` covers every file of the rule's folder, so that an edit of any of them rebuilds the rule's targets.
    `over` names rules: such a rule's target depends on every target of these rules in the workspace.
    """

    name: str
    schema: Mapping[str, Any]
    analyse: Callable[[Context], Sequence[Action]]
    folder: str
    digest: str
    over: tuple[str, ...] = ()
