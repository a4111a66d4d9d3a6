"""A project as bundles find it: what is there, as the bundles before them in the same change leave it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from packaging_targets.errors import Problem, RequestError, legible
from packaging_targets.formats.aam.bundle.shared.instructions import is_instructions
from packaging_targets.formats.jsonc import JsoncError
from packaging_targets.formats.plain_json import parse_json
from packaging_targets.model.digest import Digest
from packaging_targets.services.aam.installing.deploying.records import Key, Record, records_of
from packaging_targets.services.aam.installing.project import Project

_LONGEST = 16 << 20  # bytes of a document of people's
_MARK = b"\xef\xbb\xbf"


class Standing:
    """Files of a project and records of its bundles, which bundles change one after the other."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.records: dict[Key, Record] = records_of(project)
        self._files: dict[str, bytes | None] = {}

    def place(self, path: str) -> str:
        """Return where a file is: one of instructions may be a link to another one, as CLAUDE.md is to AGENTS.md."""
        whole = self.project.path(path)
        if is_instructions(path) and os.path.islink(whole):
            real = self._real(whole)
            if is_instructions(real):
                return real
        return path

    def data(self, path: str) -> bytes | None:
        """Return the bytes of a file, or None where there is none."""
        place = self.place(path)
        if place in self._files:
            return self._files[place]
        if self.is_other(path) or not os.path.lexists(self.project.path(place)):
            return None
        return self.project.file(place)

    def is_other(self, path: str) -> bool:
        """Tell whether something else than a file stands at a path, a folder or a link, or a link leads into `.git`."""
        whole = self.project.path(self.place(path))
        if ".git" in self._real(os.path.dirname(whole)).casefold().split(os.sep):
            return True
        return os.path.lexists(whole) and (os.path.islink(whole) or not os.path.isfile(whole))

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file in hex, empty where there is none."""
        data = self.data(path)
        return "" if data is None else Digest.of(data).hex

    def text(self, path: str) -> str | None:
        """Return a file of instructions, or None; raises RequestError where it is not UTF-8."""
        data = self.data(path)
        try:
            return None if data is None else data.decode()
        except UnicodeDecodeError:
            what = f"`{legible(path)}` is not UTF-8, and nothing can be merged into it"
            raise RequestError.one(what, legible(path), "save it as UTF-8") from None

    def document(self, path: str, problems: list[Problem]) -> Any:
        """Return the object in a JSON file, or None where there is none, or it cannot be merged into."""
        data = self.data(path)
        if data is None:
            return None
        try:
            value = parse_json(data.removeprefix(_MARK), max_bytes=_LONGEST).value
            if isinstance(value, dict):
                return value
            told = "it is no object"
        except JsoncError as error:
            told = str(error)
        fix = "mend it, or add or remove by hand what the bundle has"
        problems.append(Problem(path, f"nothing can be merged into `{path}` as it is: {told}", fix))
        return None

    def put(self, path: str, data: bytes | None) -> None:
        """Let a file hold something else for those who look next; None: it is gone."""
        self._files[self.place(path)] = data

    def _real(self, whole: str) -> str:
        return os.path.relpath(os.path.realpath(whole), os.path.realpath(self.project.root))

    def others(self, *keys: Key) -> Iterator[tuple[Key, Record]]:
        """Yield what is known of all bundles but some."""
        yield from ((key, one) for key, one in self.records.items() if key not in keys)
