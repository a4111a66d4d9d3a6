"""What a bundle will hold, while packages are compiled into it: files, what is merged from several, what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.bundle.source import Source
from packaging_targets.formats.aam.package.reader import PackageFile

BEGIN = "<!-- aam:begin: made by `aam pkg build`; whatever is changed in here is lost -->"
END = "<!-- aam:end -->"
_MARK = "<!-- aam:"


class Output:
    """The files of one bundle; `title` is what the platform is called in messages."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._files: dict[str, PackageFile] = {}
        self._artifacts: dict[tuple[str, str, str], None] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._sections: dict[str, list[str]] = {}
        self._heads: dict[str, str] = {}

    def claim(self, place: str, source: Source, path: str) -> bool:
        """Tell whether a place is free for what `path` of a package describes; an error is added where it is not."""
        owner, other = self._owners.setdefault(place.casefold(), (source.title, path))
        if (owner, other) == (source.title, path):
            return True
        what = f"`{owner}` ({other}) and `{source.title}` ({path}) both become `{place}` in {self.title}"
        self.errors.append(Problem(source.where(path), what, "rename one of the two"))
        return False

    def artifact(self, kind: str, name: str, path: str) -> None:
        """Say where an artifact lies, for bundle.json."""
        self._artifacts[kind, name, path] = None

    def lose(self, where: str, what: str, fix: str = "") -> None:
        """Say what the platform cannot have, and why."""
        self.warnings.append(Problem(where, what, fix))

    def write(self, path: str, data: bytes, *, executable: bool = False) -> None:
        """Add a file."""
        self._files[path] = PackageFile(data, executable)

    def text(self, path: str, text: str) -> None:
        """Add a file of text."""
        self.write(path, text.encode())

    def document(self, path: str, **start: Any) -> dict[str, Any]:
        """Return the table that becomes a JSON file, to be added to; `start` is what it begins with."""
        return self._documents.setdefault(path, start)

    def section(self, path: str, mark: str, text: str, where: str, *, head: str = "") -> None:
        """Add a marked part to a file of instructions; `head` is the file's first line."""
        if _MARK in text:
            what = f"the text has `{_MARK}`, which marks what comes from which package"
            self.errors.append(Problem(where, what, "take it out"))
        body = text.strip("\n")
        self._sections.setdefault(path, []).append(f"{_MARK}{mark}:begin -->\n{body}\n{_MARK}{mark}:end -->\n")
        self._heads[path] = f"{head}\n\n" if head else ""

    def artifacts(self) -> list[dict[str, str]]:
        """Return all artifacts, sorted, as bundle.json has them."""
        return [{"type": kind, "name": name, "path": path} for kind, name, path in sorted(self._artifacts)]

    def files(self) -> Mapping[str, PackageFile]:
        """Return all files by path, in the order of their bytes."""
        made = dict(self._files)
        for path, document in self._documents.items():
            made[path] = PackageFile(json_text(document))
        for path, parts in self._sections.items():
            whole = "\n".join((f"{self._heads[path]}{BEGIN}\n", *parts, f"{END}\n"))
            made[path] = PackageFile(whole.encode())
        return dict(sorted(made.items(), key=lambda item: item[0].encode()))


def json_text(value: Any) -> bytes:
    """Return a value as the JSON that bundles have."""
    return f"{json.dumps(value, ensure_ascii=False, indent=2)}\n".encode()
