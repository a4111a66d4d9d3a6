"""The entries of a manifest as archives hold them: a name, a mode, a size, and bytes that keep to it.

Every archive format starts from `members` and copies `content`, so that all of them agree on modes, on
links, on what a name may be, and on what happens when a source changes under their hands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from packaging_targets.errors import PackagingError, Problem, legible, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.model.manifest import Entry, Manifest, SourceReader

PIECE = 1 << 20
"""The most of a source, in bytes, that is in memory at once."""


class Writable(Protocol):
    """The one thing that a format asks of the stream that it writes to."""

    def write(self, data: bytes | bytearray | memoryview, /) -> object:
        """Take all of `data`."""
        ...


class Member(NamedTuple):
    """One entry of an archive: `name` ends in `/` for a folder, `link` is set for a symbolic link.

    `size` counts the bytes of `content`, and is 0 for a folder and a link. `text` is the content of an
    entry that brings its own.
    """

    name: bytes
    mode: int
    size: int
    link: bytes | None = None
    source: str | None = None
    text: bytes = b""

    @property
    def is_folder(self) -> bool:
        """Whether the member is a folder."""
        return self.name.endswith(b"/")


def members(manifest: Manifest, sources: SourceReader) -> Iterator[Member]:
    """Yield the members of an archive of `manifest`, in its order.

    Raises PackagingError with every name and every link that is not UTF-8: the first before anything is
    yielded.
    """
    raise_all(
        (_not_utf8("the name of", entry.dest) for entry in manifest.entries if not _is_utf8(entry.dest)),
        PackagingError,
    )
    for entry in manifest.entries:
        yield _member(entry, sources)


def content(member: Member, sources: SourceReader) -> Iterator[bytes]:
    """Yield the bytes of `member` in pieces of at most `PIECE`: never more or fewer than `member.size`.

    Raises PackagingError where the source has changed since its size was asked for.
    """
    if member.source is None:
        if member.text:
            yield member.text
        return
    left = member.size
    with sources.open(member.source) as file:
        # One byte more than is left, so that a source that has grown shows, and the end of one that has not.
        while piece := file.read(min(left + 1, PIECE)):
            left -= len(piece)
            if left < 0:
                break
            yield piece
            if not left and len(piece) < PIECE:
                break
    if left:
        raise changed(member.source)


def changed(source: str) -> PackagingError:
    """Return the error for a source that is not what it was a moment ago."""
    return PackagingError.one(f"`{source}` changed while it was read", fix="run the build again")


def _member(entry: Entry, sources: SourceReader) -> Member:
    name = entry.dest.encode()
    if entry.source is not None:
        info = sources.info(entry.source)
        if info.link is not None:
            return _link(name, entry.dest, info.link)
        executable = info.executable if entry.executable is None else entry.executable
        return Member(name, 0o755 if executable else 0o644, info.size, None, entry.source)
    if entry.text is not None:
        text = entry.text.encode("utf-8", "surrogateescape")
        return Member(name, 0o755 if entry.executable else 0o644, len(text), None, None, text)
    if entry.link is not None:
        return _link(name, entry.dest, entry.link)
    return Member(name + b"/", 0o755, 0)


def _link(name: bytes, dest: str, leads: str) -> Member:
    if not _is_utf8(leads):
        raise PackagingError(_not_utf8(f"`{dest}` is a link whose target", leads))
    return Member(name, 0o777, 0, leads.encode())


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_utf8(what: str, text: str) -> Problem:
    return Problem("", f"{what} `{legible(text)}` is not UTF-8", "rename it, or exclude it")
