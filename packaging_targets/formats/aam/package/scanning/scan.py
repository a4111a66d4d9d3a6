"""Looks into what is packed while it is packed: the bytes are read once.

Whatever is text is looked into; a file of a type that agents read, such as Markdown, always, and it has to be UTF-8,
or what it says could not be known. A file is held in memory up to `_WINDOW`; of a larger one, a part at a time.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.package.scanning.allowed import HIDDEN, MEMBER, SECRET, Allowed
from packaging_targets.formats.aam.package.scanning.escapes import unescaped
from packaging_targets.formats.aam.package.scanning.hidden import hidden_characters, may_hide
from packaging_targets.formats.aam.package.scanning.secrets import PRAGMA, secrets_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging_targets.model.manifest import SourceInfo, SourceReader

_WINDOW = 8 << 20
_READ_BY_AGENTS = (".md", ".mdc", ".txt", ".json", ".yaml", ".yml", ".toml")
_MOST = 20  # problems of one file


class ScannedSources:
    """Sources that are looked into as they are read: `problems` are those found in all that was read to its end.

    `allowed` says of a source what it may have.
    """

    def __init__(self, sources: SourceReader, allowed: Callable[[str], Allowed]) -> None:
        self._sources = sources
        self._allowed = allowed
        self.problems: list[Problem] = []

    def info(self, path: str) -> SourceInfo:
        """Describe the source at `path`."""
        return self._sources.info(path)

    def open(self, path: str) -> BinaryIO:
        """Open the source at `path`; what is read of it is looked into when it is closed, or earlier."""
        scan = Scan(path, self._allowed(path))
        return cast("BinaryIO", _ScannedFile(self._sources.open(path), scan, self.problems))


class _ScannedFile:
    """A file that keeps what was read of it until it has looked into that."""

    def __init__(self, file: BinaryIO, scan: Scan, problems: list[Problem]) -> None:
        self._file = file
        self._scan = scan
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


def look_into(path: str, data: bytes, allowed: Allowed = frozenset()) -> list[Problem]:
    """Return what no package should carry in a file that is called `path` in messages, but for what is allowed."""
    look = Scan(path, allowed)
    look.feed(data)
    return look.finish()


class Scan:
    """Looks into one file, which is fed to it piece by piece."""

    def __init__(self, path: str, allowed: Allowed = frozenset()) -> None:
        self._path = path
        self._allowed = allowed
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
        for at, what in () if SECRET in self._allowed else secrets_in(data):
            told = f"this looks like {what}: whoever gets the package could use it"
            fix = (
                f"take it out, and revoke it where it is real; where it is none, write `{PRAGMA}` on its line, "
                f"or {_allow(SECRET)}"
            )
            self._note(self._line + data.count(b"\n", 0, at), told, fix)
        if HIDDEN not in self._allowed:
            self._look_for_hidden(data)
        self._line += data.count(b"\n")

    def _look_for_hidden(self, data: bytes) -> None:
        hides = may_hide(data)
        escapes = self._read_by_agents and b"\\" in data
        if not (hides or escapes or (self._read_by_agents and not data.isascii())):
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            if self._read_by_agents:
                line = self._line + data.count(b"\n", 0, error.start)
                what = f"the byte 0x{data[error.start]:02x} is not UTF-8, so what agents read here cannot be known"
                self._note(line, what, f"write the file in UTF-8, or {_allow(HIDDEN)}")
            return
        first = self._line == 1
        plain = unescaped(self._path, text, first=first) if escapes else ""
        for found in (text if hides else "", plain):
            for line, character in self._hidden(found, first=first):
                name = unicodedata.name(character, "")
                told = f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"
                fix = f"remove it; where it belongs there, {_allow(HIDDEN)}"
                self._note(line, f"people do not see the character {told}, and agents read it", fix)

    def _hidden(self, text: str, *, first: bool) -> Iterator[tuple[int, str]]:
        line, since = self._line, 0
        for at, character in hidden_characters(text, first=first):
            line += text.count("\n", since, at)
            since = at
            yield line, character

    def _note(self, line: int, what: str, fix: str) -> None:
        self._found[Problem(f"{self._path}:{line}", what, fix)] = None


def _allow(what: str) -> str:
    return f"allow `{what}` for the file in `{MEMBER}` of the manifest"
