"""Looks into what is packed while it is packed: the bytes are read once.

Whatever is text is looked into; a file of a type that agents read, such as Markdown, always, and it has to be UTF-8,
or what it says could not be known. A file is held in memory up to `_WINDOW`; of a larger one, a part at a time.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.package.scanning.hidden import hidden_characters, may_hide
from packaging_targets.formats.aam.package.scanning.secrets import ALLOWED, secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.model.manifest import SourceInfo, SourceReader

_WINDOW = 8 << 20
_READ_BY_AGENTS = (".md", ".mdc", ".txt", ".json", ".yaml", ".yml", ".toml")
_MOST = 20  # problems of one file


class ScannedSources:
    """Sources that are looked into as they are read: `problems` are those found in all that was read to its end."""

    def __init__(self, sources: SourceReader) -> None:
        self._sources = sources
        self.problems: list[Problem] = []

    def info(self, path: str) -> SourceInfo:
        """Describe the source at `path`."""
        return self._sources.info(path)

    def open(self, path: str) -> BinaryIO:
        """Open the source at `path`; what is read of it is looked into when it is closed, or earlier."""
        return cast("BinaryIO", _ScannedFile(self._sources.open(path), path, self.problems))


class _ScannedFile:
    """A file that keeps what was read of it until it has looked into that."""

    def __init__(self, file: BinaryIO, path: str, problems: list[Problem]) -> None:
        self._file = file
        self._scan = Scan(path)
        self._problems = problems

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        if error[0] is None:
            self._problems += self._scan.finish()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._scan.feed(data)
        return data


def look_into(path: str, data: bytes, *, secrets: bool = True) -> list[Problem]:
    """Return what no package should carry in a file called `path` in messages; `secrets` harm who packs, not others."""
    look = Scan(path, secrets=secrets)
    look.feed(data)
    return look.finish()


class Scan:
    """Looks into one file, which is fed to it piece by piece."""

    def __init__(self, path: str, *, secrets: bool = True) -> None:
        self._path = path
        self._secrets = secrets
        self._read_by_agents = path.lower().endswith(_READ_BY_AGENTS)
        self._held: list[bytes] = []
        self._size = 0
        self._line = 1
        self._is_text = True
        self._found: dict[Problem, None] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if not self._is_text or not data:
            return
        if b"\0" in data and not self._read_by_agents:
            self._is_text = False
            self._held.clear()
            self._found.clear()
            return
        self._held.append(data)
        self._size += len(data)
        if self._size >= _WINDOW:
            whole = b"".join(self._held)
            cut = whole.rfind(b"\n") + 1 or len(whole)
            self._look_into(whole[:cut])
            self._held, self._size = [whole[cut:]], len(whole) - cut

    def finish(self) -> list[Problem]:
        """Return what was found in all that was fed."""
        if self._is_text:
            self._look_into(b"".join(self._held))
        found = list(self._found)
        if len(found) > _MOST:
            found[_MOST:] = [Problem(self._path, f"there are {len(found) - _MOST:,} more such places in the file")]
        return found

    def _look_into(self, data: bytes) -> None:
        """Note what is wrong with whole lines."""
        for at, what in secrets_in(data) if self._secrets else ():
            told = f"this looks like {what}: whoever gets the package could use it"
            fix = f"take it out, and revoke it where it is real; where it is none, write `{ALLOWED}` on its line"
            self._note(self._line + data.count(b"\n", 0, at), told, fix)
        hides = may_hide(data)
        if hides or (self._read_by_agents and not data.isascii()):
            self._look_for_hidden(data, hides=hides)
        self._line += data.count(b"\n")

    def _look_for_hidden(self, data: bytes, *, hides: bool) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            if self._read_by_agents:
                line = self._line + data.count(b"\n", 0, error.start)
                what = f"the byte 0x{data[error.start]:02x} is not UTF-8, so what agents read here cannot be known"
                self._note(line, what, "write the file in UTF-8")
            return
        for line, character in self._hidden(text) if hides else ():
            name = unicodedata.name(character, "")
            told = f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"
            self._note(line, f"people do not see the character {told}, and agents read it", "remove it")

    def _hidden(self, text: str) -> Iterator[tuple[int, str]]:
        line, since = self._line, 0
        for at, character in hidden_characters(text, first=self._line == 1):
            line += text.count("\n", since, at)
            since = at
            yield line, character

    def _note(self, line: int, what: str, fix: str) -> None:
        self._found[Problem(f"{self._path}:{line}", what, fix)] = None
