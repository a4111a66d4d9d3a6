"""What goes where: the one description of a tree that every archive format writes.

A manifest names sources and does not hold them, so that a format streams them from wherever they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a format must know of a source: its size in bytes, its executable bit, and where a link leads."""

    size: int
    executable: bool = False
    link: str | None = None


class SourceReader(Protocol):
    """Where formats read sources from."""

    def info(self, path: str) -> SourceInfo:
        """Describe the source at `path`, without following a link."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open the regular file at `path` for reading."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One path of a tree: a file from a source, literal text, a symbolic link, or a folder.

    `dest` is a relative POSIX path without `.` or `..`. Exactly one of `source`, `text`, `link` is set, or none
    for a folder: ValueError names two that are. A source that is itself a symbolic link is written as that link, and
    one that ends in `/` stands for all files that actions have made in this folder. `executable` None means: as the
    source is.
    """

    dest: str
    source: str | None = None
    text: str | None = None
    link: str | None = None
    executable: bool | None = None

    def __post_init__(self) -> None:
        if (self.source, self.text, self.link).count(None) <= 1:
            given = [name for name in ("source", "text", "link") if getattr(self, name) is not None]
            raise ValueError(f"the entry `{self.dest}` has a {' and a '.join(given)}, and may have one of them")

    @property
    def is_folder(self) -> bool:
        """Whether the entry is a folder, or stands for the files of one."""
        if self.source is not None:
            return self.source.endswith("/")
        return self.text is None and self.link is None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Entries sorted by the UTF-8 bytes of their destination, each destination once."""

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry], *, folders: bool = True) -> Manifest:
        """Sort and check `entries`; `folders` adds an entry for each parent folder that has none.

        Raises ValueError that names a destination which leaves the tree, stands twice, or is a file in one
        entry and a folder in another.
        """
        by_dest: dict[str, Entry] = {}
        for entry in entries:
            _check(entry.dest)
            if (other := by_dest.setdefault(entry.dest, entry)) != entry:
                raise ValueError(f"two sources want to be `{entry.dest}`: {_content(other)} and {_content(entry)}")
        looked_at: set[str] = set()
        for dest in list(by_dest):
            for parent in _parents(dest):
                if parent in looked_at:
                    break  # and so are those above it
                looked_at.add(parent)
                known = by_dest.get(parent)
                if known is None:
                    if folders:
                        by_dest[parent] = Entry(parent)
                elif not known.is_folder:
                    raise ValueError(f"`{parent}` is a file, and `{dest}` wants it to be a folder")
        return cls(tuple(by_dest[dest] for dest in sorted(by_dest, key=_bytes)))

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that an entry names, sorted, each once."""
        return tuple(sorted({entry.source for entry in self.entries if entry.source is not None}))

    def with_files(self, files: Mapping[str, Sequence[str]]) -> Manifest:
        """Return the manifest with the files of folders in place of sources that are folders.

        Raises ValueError as `of` does.
        """
        if not any(entry.source in files for entry in self.entries):
            return self
        return Manifest.of(one for entry in self.entries for one in _files(entry, files))

    def to_json(self) -> list[list[Any]]:
        """Return the manifest as the JSON value that an action carries: it is hashed, and crosses processes."""
        return [_row(entry) for entry in self.entries]

    @classmethod
    def from_json(cls, value: Iterable[Any]) -> Manifest:
        """Return the manifest that `to_json` described."""
        return cls(tuple(Entry(*row) for row in value))


def _files(entry: Entry, files: Mapping[str, Sequence[str]]) -> Iterator[Entry]:
    """Yield an entry, or the folder that it stands for and the files in that."""
    source = entry.source
    if source is None or source not in files:
        yield entry
        return
    yield Entry(entry.dest)
    for path in files[source]:
        yield replace(entry, dest=f"{entry.dest}/{path.removeprefix(source)}", source=path)


def _row(entry: Entry) -> list[Any]:
    row: list[Any] = [entry.dest, entry.source, entry.text, entry.link, entry.executable]
    while row[-1] is None:
        row.pop()
    return row


def _content(entry: Entry) -> str:
    """Return what an entry holds, in words that tell it from another entry of the same destination."""
    if entry.is_folder and entry.source is None:
        return "a folder"
    mode = {True: ", executable", False: ", not executable", None: ""}[entry.executable]
    if entry.link is not None:
        return f"a link to `{entry.link}`{mode}"
    return (f"`{entry.source}`" if entry.source is not None else "a text") + mode


def _check(dest: str) -> None:
    if not dest or dest.startswith("/") or "\0" in dest:
        raise ValueError(f"`{dest}` is no relative path")
    if any(part in {"", ".", ".."} for part in dest.split("/")):
        raise ValueError(f"`{dest}` has an empty, `.` or `..` part")


def _parents(dest: str) -> Iterator[str]:
    head = dest.rpartition("/")[0]
    while head:
        yield head
        head = head.rpartition("/")[0]


def _bytes(dest: str) -> bytes:
    return dest.encode("utf-8", "surrogateescape")
