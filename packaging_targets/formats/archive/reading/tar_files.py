"""The regular files of a tar that somebody else made, by name: one pass finds where they are; then each can be read.

What a tar may hold besides, such as links, and names that lead elsewhere, is noted as a problem and not followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import Problem
from packaging_targets.formats.archive.reading.tar_reader import FILE, FOLDER, HARD_LINK, LINK, Limits, TarReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.formats.archive.reading.tar_reader import TarEntry

_PIECE = 1 << 20
_KINDS = {HARD_LINK: "a hard link", LINK: "a symbolic link", b"3": "a device", b"4": "a device", b"6": "a FIFO"}


class TarFiles:
    """The files of a tar that can be sought in. Raises IntegrityError for what is no tar, or beyond the limits.

    `sizes` tells how many bytes each file has, and `problems` what is in the tar that should not be.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._places: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.problems: list[Problem] = []
        reader = TarReader(file, limits)
        for entry in reader:
            self._note(entry, reader.at)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file, which has to be there."""
        left = self.sizes[name]
        self._file.seek(self._places[name])
        while piece := self._file.read(min(left, _PIECE)):
            left -= len(piece)
            yield piece

    def _note(self, entry: TarEntry, at: int) -> None:
        shown = ascii(entry.name)[2:-1]
        name = entry.name.decode("utf-8", "surrogateescape").removeprefix("./")
        if entry.kind == FOLDER:
            return
        if entry.kind != FILE:
            what = f"`{shown}` is {_KINDS.get(entry.kind, 'something unknown')}, and only files are read from the tar"
        elif {"", ".", ".."} & set(name.split("/")):
            what = f"`{shown}` is no relative path without `.` and `..`"
        elif name in self._places:
            what = f"`{shown}` stands twice in the tar"
        else:
            self._places[name], self.sizes[name] = at, entry.size
            return
        self.problems.append(Problem("", what))
