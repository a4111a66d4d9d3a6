"""Containers that are about to be declared, and a change of declarations as a whole.

What follows from a change, the Dockerfiles and the index, is built once its target files are written. Where that
fails, all of it is undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, raise_all
from packaging_targets.model.label import Label
from packaging_targets.services.containers.declaring.target_text import appended, free_name
from packaging_targets.services.containers.places import content_of, rendered_for
from packaging_targets.store.change import Change
from packaging_targets.store.layout import target_file_of
from packaging_targets.workspace.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging_targets.services.containers.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change of declarations: what is written, the labels to build then, and the files that their build writes."""

    change: Change
    labels: tuple[str, ...]
    outputs: tuple[str, ...]

    def carry_out(self, build: Callable[[Sequence[str]], int]) -> int:
        """Write what was prepared and `build` what follows from it; return the exit code of that.

        Where it fails, everything is as it was. Raises BuildError where nothing can be written.
        """
        self.change.apply(self.outputs)
        code = 1
        try:
            code = build(self.labels)
        finally:
            if code:
                self.change.undo()
        return code


class Declarations:
    """What is to stand in target files: `texts` by path, and the labels of the containers by id."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Begin with what stands; raises RequestError where no target keeps the index."""
        self._root = catalogue.root
        self._registry = str(catalogue.demand_registry())
        self._outputs = [catalogue.index_path]
        self._problems: list[Problem] = []
        self.rules = Rulebook(catalogue.root)
        self.texts: dict[str, bytes] = {}
        self.labels: dict[str, str] = {}

    def accepts(self, rule: str, fields: Mapping[str, Any]) -> bool:
        """Tell whether the schema of a rule has nothing against some fields."""
        return not list(self.rules.checker(rule).problems({"name": "x", **fields}))

    def declare(self, rule: str, name: str, module: str, fields: Mapping[str, Any], note: str = "") -> str:
        """Let the container `name` be a target beside its module, with those of `fields` that say something.

        Returns the path of the target file. Raises RequestError where that cannot take another entry; what the schema
        has against the fields is told by `prepared`.
        """
        package = "" if module == "." else module
        path = target_file_of(package)
        text = self.texts.get(path) or content_of(self._root, path) or b""
        target = free_name(text, path, name, rule)
        given = {"name": target, "id": name if target != name else "", **fields}
        given = {key: value for key, value in given.items() if value}
        found = [Problem(name, what, fix, field=at) for at, what, fix in self.rules.checker(rule).problems(given)]
        self._problems += found
        self.texts[path] = text if found else appended(text, path, rule, given, note)
        self.labels[name] = str(Label(package, target))
        self._outputs += rendered_for(rule, name)
        return path

    def prepared(self) -> Prepared:
        """Return the change; raises RequestError with all that the schemas have against it."""
        raise_all(self._problems)
        change = Change(self._root)
        for path, text in self.texts.items():
            change.write(path, text)
        labels = (*self.labels.values(), self._registry) if self.labels else ()
        return Prepared(change, labels, tuple(self._outputs))
