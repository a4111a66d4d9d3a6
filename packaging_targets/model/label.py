"""Labels name targets: `//modules/billing.api:api`.

`:api` is a target of the same package, and `//modules/billing.api` is short for the target named like the
last folder. Packages and names may hold dots. The package of the workspace root is empty: `//:name`.
Patterns choose many: `//pkg:*` and `//pkg:all` a package's, `//pkg/...` a package and all below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_SEGMENT = re.compile(r"[A-Za-z0-9_.+@~-]+(?: [A-Za-z0-9_.+@~-]+)*")


def is_name(text: str) -> bool:
    """Tell whether `text` may name a target."""
    return _NAME.fullmatch(text) is not None


def is_package(text: str) -> bool:
    """Tell whether `text` may be a package: a workspace-relative folder, empty for the root."""
    return text == "" or all(_SEGMENT.fullmatch(part) and part not in {".", "..", "..."} for part in text.split("/"))


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """The name of a target: the folder of its target file, and its name there."""

    package: str
    name: str

    def __str__(self) -> str:
        return f"//{self.package}:{self.name}"

    @classmethod
    def parse(cls, text: str, package: str = "") -> Label:
        """Return the label that `text` means in a target file of `package`.

        Raises ValueError with what is wrong about `text`.
        """
        if text.startswith(":"):
            where, name = package, text[1:]
        elif text.startswith("//"):
            where, colon, name = text[2:].partition(":")
            if not colon:
                name = where.rpartition("/")[2]
        else:
            raise ValueError("a label starts with `//` or `:`")
        if not is_package(where):
            raise ValueError(f"`{where}` is no package")
        if not is_name(name):
            raise ValueError(f"`{name}` is no target name")
        return cls(where, name)


@dataclass(frozen=True, slots=True)
class LabelPattern:
    """A set of labels: one, a package's (`//pkg:*`) or a tree's (`//pkg/...`)."""

    package: str
    name: str | None = None
    recursive: bool = False

    @classmethod
    def parse(cls, text: str, package: str = "") -> LabelPattern:
        """Return the pattern that `text` means in `package`; raises ValueError as `Label.parse` does."""
        if text in {"//...", "..."}:
            return cls("", recursive=True)
        if text.startswith("//") and text.endswith("/..."):
            folder = text[2:-4]
            if not is_package(folder):
                raise ValueError(f"`{folder}` is no package")
            return cls(folder, recursive=True)
        if text.startswith("//") and text.endswith((":*", ":all")):
            folder = text[2:].rpartition(":")[0]
            if not is_package(folder):
                raise ValueError(f"`{folder}` is no package")
            return cls(folder)
        label = Label.parse(text, package)
        return cls(label.package, label.name)

    def matches(self, label: Label) -> bool:
        """Tell whether `label` is in the set."""
        if self.recursive:
            return self.package == "" or f"{label.package}/".startswith(f"{self.package}/")
        return label.package == self.package and self.name in {None, label.name}
