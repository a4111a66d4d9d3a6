"""A package's folder as it is now: its files, and their bytes as formats read them.

What is never packed is not walked through. A folder with a target file is a package of the workspace of its own, and
no part of this one, as in builds.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from packaging_targets.errors import PackagingError, Problem, RequestError, legible, raise_all, reason
from packaging_targets.formats.aam.checking.agent_folder import AgentFolder, check_agent_folder
from packaging_targets.formats.aam.package.packlist import NEVER_FOLDERS
from packaging_targets.formats.archive.members import changed
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.states import is_junk, open_regular
from packaging_targets.store.sweep import signature, signature_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.store.sweep import Signature

_LARGEST_READ = 16 << 20


class File(NamedTuple):
    """A file as it was when its folder was listed; `odd` tells that it is a FIFO, a socket or a device."""

    info: SourceInfo
    signature: Signature
    odd: bool


@dataclass(slots=True)
class PackageFolder:
    """The files of a folder by their path relative to it; `path` is what people call it, empty for the current one."""

    path: str
    files: dict[str, File] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def check(self) -> AgentFolder:
        """Return what is in the folder, and all that is wrong with it but what is seen only in packing."""
        found = check_agent_folder({path: file.info.link for path, file in self.files.items()}, self._read, self.path)
        odd = (entry.source or "" for entry in found.contents.entries if self._file(entry.source or "").odd)
        fifos = [Problem(path, f"`{path}` is no file but a FIFO, a socket or a device", "take it away") for path in odd]
        errors, warnings = (*self.errors, *found.errors, *fifos), (*self.warnings, *found.warnings)
        return AgentFolder(found.manifest, found.contents, errors, warnings)

    def info(self, path: str) -> SourceInfo:
        """Describe a file by the path under which it is packed from."""
        return self._file(path).info

    def open(self, path: str) -> BinaryIO:
        """Open a file by the path under which it is packed from."""
        try:
            return open(path, "rb", buffering=0, opener=open_regular)
        except OSError as error:
            raise PackagingError(_unreadable(path, error)) from error

    def demand_unchanged(self, paths: Iterable[str]) -> None:
        """Raise PackagingError for files that are not what they were when the folder was listed."""
        other = [path for path in paths if signature_of(path) != self._file(path).signature]
        raise_all((one for path in other for one in changed(path).problems), PackagingError)

    def _file(self, path: str) -> File:
        return self.files[path[len(self.path) + 1 :] if self.path else path]

    def _read(self, name: str) -> bytes:
        with self.open(within(self.path, name)) as file:
            return file.read(_LARGEST_READ)


def list_package(path: str) -> PackageFolder:
    """Return what is in the folder `path` now; raises RequestError where there is none."""
    folder = PackageFolder(plain(path))
    if not os.path.isdir(folder.path or "."):
        what = f"`{path}` is no folder" if os.path.lexists(path) else f"there is no folder `{path}`"
        raise RequestError.one(what, path, "name the folder of a package")
    pending = [""]
    while pending:
        relative = pending.pop()
        try:
            with os.scandir(within(folder.path, relative) or ".") as found:
                entries = [entry for entry in found if not is_junk(entry.name)]
        except OSError as error:
            folder.errors.append(_unreadable(within(folder.path, relative) or ".", error))
            continue
        if relative and any(entry.name == TARGET_FILE for entry in entries):
            folder.warnings.append(_other_package(within(folder.path, relative)))
        else:
            pending.extend(_add(folder, relative, entries))
    folder.warnings.sort()  # the system lists folders in any order
    return folder


def _add(folder: PackageFolder, relative: str, entries: Iterable[os.DirEntry[str]]) -> Iterator[str]:
    """Note the files among `entries`; yield the folders."""
    for entry in entries:
        name = within(relative, entry.name)
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in NEVER_FOLDERS:
                yield name
            continue
        try:
            stats = entry.stat(follow_symlinks=False)
            link = os.readlink(entry.path) if stat.S_ISLNK(stats.st_mode) else None
        except OSError as error:
            folder.errors.append(_unreadable(within(folder.path, name), error))
            continue
        info = SourceInfo(stats.st_size, bool(stats.st_mode & stat.S_IXUSR), link)
        folder.files[name] = File(info, signature(stats), link is None and not stat.S_ISREG(stats.st_mode))


def within(folder: str, name: str) -> str:
    """Return the path of `name` in `folder`, either of which may be empty."""
    return f"{folder}/{name}" if folder and name else folder or name


def plain(path: str) -> str:
    """Return the path of a folder without `./` before it and `/` behind it; empty for the current folder."""
    path = os.path.normpath(path)
    return "" if path == "." else path


def _unreadable(path: str, error: OSError) -> Problem:
    shown = legible(path)
    return Problem(shown, f"`{shown}` cannot be read: {reason(error)}", "make it readable for you, or take it away")


def _other_package(path: str) -> Problem:
    what = f"`{path}` is not packed: it has a `{TARGET_FILE}`, which makes it a package of its own"
    return Problem(path, what, f"move it out of the folder, or take its `{TARGET_FILE}` away")
