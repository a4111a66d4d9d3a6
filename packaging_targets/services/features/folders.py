"""What is in a feature's folder now; a stat of every file is noted, so that the next run can tell what changed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from packaging_targets.errors import PackagingError, Problem, reason
from packaging_targets.formats.feature.folder import METADATA_FILE, FeatureFolder, is_output_folder, output_inside
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.states import is_junk, is_racy, open_regular
from packaging_targets.store.sweep import signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging_targets.store.sweep import Signature

_READ_LIMIT = 16 << 20  # of a file that is looked into; the formats have lower limits of their own
_SHOWN = 120  # characters of a path that a message shows


class File(NamedTuple):
    """A file as it was when its folder was listed; `link` is where a symbolic link leads, else None.

    `racy` tells that it was so young that it could still change without its signature telling.
    """

    link: str | None
    executable: bool
    size: int
    signature: Signature
    racy: bool


@dataclass(slots=True)
class Listing:
    """A feature's folder: its files by path relative to it, and what stands in the way of packing them.

    `odd` holds the metadata's name where that is a folder, a FIFO or the like.
    """

    path: str
    files: dict[str, File] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    odd: set[str] = field(default_factory=set)

    @property
    def folder(self) -> FeatureFolder:
        """The folder as the checks want it."""
        return FeatureFolder(self.path, {name: file.link for name, file in self.files.items()}, self._read, self.odd)

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(file.size for file in self.files.values())

    @property
    def identity(self) -> str:
        """A digest that changes whenever a file does; empty where something is too young or too odd to tell."""
        if self.errors or self.odd or any(file.racy for file in self.files.values()):
            return ""
        rows = repr((self.path, sorted(self.files.items()), self.warnings))
        return hashlib.sha256(rows.encode("utf-8", "surrogateescape")).hexdigest()

    def _read(self, name: str) -> bytes:
        path = within(self.path, name)
        try:
            with open(path, "rb", opener=open_regular) as file:
                return file.read(_READ_LIMIT)
        except OSError as error:
            raise PackagingError(unreadable(path, error)) from error


def list_folder(path: str, skipped: str = "") -> Listing:
    """Return what is in a feature's folder now; what it holds as `skipped`, a relative path, is no part of it."""
    listing = Listing(path)
    pending = [""]
    while pending:
        relative = pending.pop()
        try:
            with os.scandir(within(path, relative) or ".") as found:
                entries = list(found)
        except OSError as error:
            listing.errors.append(unreadable(within(path, relative) or ".", error))
            continue
        if relative and any(entry.name == TARGET_FILE for entry in entries):
            listing.warnings.append(_other_package(within(path, relative)))
            continue
        if relative and is_output_folder(entry.name for entry in entries):
            listing.warnings.append(output_inside(within(path, relative)))
            continue
        kept = [entry for entry in entries if not is_junk(entry.name) and within(relative, entry.name) != skipped]
        if relative and not kept:
            listing.warnings.append(_empty(within(path, relative)))
        pending.extend(_add(listing, relative, kept))
    listing.warnings.sort()  # the system lists folders in any order
    return listing


def _add(listing: Listing, relative: str, entries: Sequence[os.DirEntry[str]]) -> Iterator[str]:
    """Note the files among `entries`; yield the folders."""
    start = f"{relative}/" if relative else ""
    for entry in entries:
        name = start + entry.name
        if not (entry.name.isascii() or _NAMES_ARE_UTF8):
            listing.errors.append(_undecodable(within(listing.path, name)))
        elif entry.is_dir(follow_symlinks=False):
            if name != METADATA_FILE:
                yield name
            else:
                listing.odd.add(name)
        else:
            _note(listing, name, entry)


def _note(listing: Listing, name: str, entry: os.DirEntry[str]) -> None:
    path = within(listing.path, name)
    try:
        stats = entry.stat(follow_symlinks=False)
        mode = stats.st_mode
        link = os.readlink(path) if stat.S_ISLNK(mode) else None
        if link is not None or stat.S_ISREG(mode):
            executable = bool(mode & stat.S_IXUSR)
            listing.files[name] = File(link, executable, stats.st_size, signature(stats), is_racy(stats))
        elif name == METADATA_FILE:
            listing.odd.add(name)
        else:
            what = f"`{path}` is no regular file but a FIFO, a socket or a device"
            listing.errors.append(Problem(path, what, "take it away"))
    except OSError as error:
        listing.errors.append(unreadable(path, error))


def within(folder: str, name: str) -> str:
    """Return the path of `name` in `folder`, either of which may be empty."""
    return f"{folder}/{name}" if folder and name else folder or name


def plain(path: str) -> str:
    """Return a path that people wrote without `./` before it and `/` behind it; empty for the current folder."""
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return "" if path == "." else path.rstrip("/") or path[:1]


def unreadable(path: str, error: OSError) -> Problem:
    """Return the problem of a path that the system does not let us read or write."""
    shown = shortened(path)
    if error.errno == errno.ENAMETOOLONG:
        what = f"the path `{shown}` has {len(os.fsencode(path)):,} bytes, more than the system allows"
        return Problem(shown, what, "nest folders less deeply, or shorten their names")
    what = f"`{shown}` cannot be read: {reason(error)}"
    return Problem(shown, what, "make it readable for you" if error.errno in {errno.EACCES, errno.EPERM} else "")


def shortened(path: str) -> str:
    """Return a path with the middle of a very long one left out."""
    return path if len(path) <= 2 * _SHOWN else f"{path[:_SHOWN]}…{path[-_SHOWN:]}"


def _empty(path: str) -> Problem:
    what = f"the folder `{path}` is not packed: it is empty"
    return Problem(path, what, "put a file into it, such as `.gitkeep`, or let `install.sh` make it")


def _other_package(path: str) -> Problem:
    what = f"`{path}` is not packed: it has a `{TARGET_FILE}`, which makes it a package of its own"
    return Problem(path, what, f"move the folder out of the feature, or take its `{TARGET_FILE}` away")


def _undecodable(path: str) -> Problem:
    encoding = sys.getfilesystemencoding()
    shown = ascii(path)[1:-1]
    what = f"the file name `{shown}` cannot be told: names are read as {encoding} here, and not as UTF-8"
    return Problem(shown, what, "set PYTHONUTF8=1, or a locale such as LC_ALL=C.UTF-8")


_NAMES_ARE_UTF8 = sys.getfilesystemencoding().replace("-", "").lower() == "utf8"
