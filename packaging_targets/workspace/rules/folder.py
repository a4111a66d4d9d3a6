"""A rule as a folder: where folders of rules are, and which of a folder's files make the rule.

Tests and a README may lie beside the rule that they are about. They are no part of it: an edit of a test rebuilds
nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import packaging_targets
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """Where a rule lives: its folder, and the folder of rules that holds it."""

    name: str
    folder: str
    home: str

    @property
    def code(self) -> str:
        """The path of the file with the rule's function."""
        return os.path.join(self.folder, "rule.py")

    @property
    def schema(self) -> str:
        """The path of the file that describes the rule's fields."""
        return os.path.join(self.folder, "schema.json")


def builtin_home() -> str | None:
    """Return the folder of the built-in rules.

    In a checkout it stands beside the package, and is only looked for where `pyproject.toml` stands there too, so
    that a broken wheel never picks up somebody else's `rules`.
    """
    package = os.path.dirname(os.path.abspath(packaging_targets.__file__))
    inside = os.path.join(package, "rules")
    if os.path.isdir(inside):
        return inside
    checkout = os.path.dirname(package)
    beside = os.path.join(checkout, "rules")
    return beside if os.path.exists(os.path.join(checkout, "pyproject.toml")) and os.path.isdir(beside) else None


def rule_homes(root: str, brought: Iterable[str]) -> list[str]:
    """Return every folder of rules: built-in, `brought` by distributions, of the workspace at `root`; each once."""
    homes = [home for home in (builtin_home(), *brought, os.path.join(root, "rules")) if home]
    return list({os.path.realpath(home): home for home in homes if os.path.isdir(home)}.values())


def files_below(folder: str) -> dict[str, str]:
    """Return the files of a folder that make a rule: by relative path, the path on disk."""
    found = {}
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_junk(name)]
        for name in names:
            path = os.path.join(base, name)
            relative = os.path.relpath(path, folder)
            if not is_junk(name) and is_part(relative):
                found[relative] = path
    return found


def is_part(relative: str) -> bool:
    """Tell whether a file of a rule's folder makes the rule, as tests and a README do not."""
    *folders, name = relative.split("/")
    test = name == "conftest.py" or (name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")))
    return not (test or relative == "README.md" or "tests" in folders)


def shown_path(path: str, root: str) -> str:
    """Return a path for people: relative to the workspace at `root` where it lies inside, and else as it is."""
    return path.removeprefix(f"{root.rstrip('/')}/")
