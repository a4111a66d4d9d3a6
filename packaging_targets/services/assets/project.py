"""A project with assets: where things are, and what lies in `assets/`.

    assets/                       people's files: assets, drafts, junk
    assets/.prometeu/index.json   the registry
    assets/.prometeu/quarantine/  folders of assets that are out of the way, by id
    build/                        what is made
    build/.packer/                what the next build needs to know of the last one

Who may change them now is in `transaction`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError, legible, reason
from packaging_targets.formats.assets.declared.declaration import FILE, AssetTree, Read
from packaging_targets.formats.assets.declared.registry import FILE_LIMIT, FOLDER, INDEX
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.store.states import open_regular
from packaging_targets.store.sweep import UNTRUSTED, signature

if TYPE_CHECKING:
    from packaging_targets.store.sweep import Signature

ASSETS = "assets"
BUILD = "build"


@dataclass(frozen=True, slots=True)
class Listed:
    """A regular file, or a symbolic link and where it leads."""

    signature: Signature
    link: str | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.signature[1]

    @property
    def modified(self) -> int:
        """When it changed last, in seconds since 1970."""
        return self.signature[2]


def _check_readable(assets: str, start: str) -> None:
    """Refuse a folder in which there may be a registry, and nobody can tell. Raises RequestError."""
    for folder in (assets, os.path.join(assets, FOLDER)):
        if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):
            raise RequestError.one(f"`{legible(folder)}` may not be read", start, "make it readable for you")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a folder `assets`; `root` is absolute."""

    root: str

    @classmethod
    def find(cls, start: str) -> Project:
        """Return the project at or above a folder: the nearest with a registry. Raises RequestError where none is."""
        folder = os.path.realpath(start)
        while not os.path.isfile(os.path.join(folder, ASSETS, INDEX)):
            _check_readable(os.path.join(folder, ASSETS), start)
            parent = os.path.dirname(folder)
            if parent == folder:
                raise RequestError.one(
                    f"there is no `{ASSETS}/{INDEX}` here or above",
                    start,
                    "packaging assets init, in the project's folder",
                )
            folder = parent
        if os.path.islink(os.path.join(folder, ASSETS)):
            what = f"`{ASSETS}` is a symbolic link, and what is in it belongs to somebody else"
            raise RequestError.one(what, folder, "put the folder there, or name its project: --project")
        return cls(folder)

    @property
    def index(self) -> str:
        """The path of the registry."""
        return self.path(f"{ASSETS}/{INDEX}")

    @property
    def state(self) -> str:
        """The folder of the registry."""
        return self.path(f"{ASSETS}/{FOLDER}")

    def path(self, relative: str) -> str:
        """Return where a path of the project is."""
        return os.path.join(self.root, relative)

    def relative(self, path: str) -> str:
        """Return a path, which may be relative to the current folder, as seen from the project."""
        return os.path.relpath(os.path.realpath(path), self.root)

    def listing(self) -> Listing:
        """Return every file of `assets/`, and the registry."""
        closed: dict[str, str] = {}
        files = dict(_walk(self.root, ASSETS, closed))
        index = f"{ASSETS}/{INDEX}"
        if (found := _listed(self.path(index))) is not None:
            files[index] = found
        return Listing(self, files, closed)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of `assets/` at one moment, by their path in the project.

    `closed` are the folders that could not be looked into, and why.
    """

    project: Project
    files: Mapping[str, Listed]
    closed: Mapping[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, no more than a checker needs to see that it is too long."""
        try:
            with open(self.project.path(path), "rb", opener=open_regular) as file:
                return file.read(FILE_LIMIT + 1)
        except OSError as error:
            is_link = error.errno == errno.ELOOP
            why = "it is a symbolic link" if is_link else reason(error)
            raise AssetsError(Diagnostic(path, "", _code(path), f"`{path}` cannot be read: {why}")) from error

    def tree(self, remembered: Mapping[str, Read] | None = None) -> AssetTree:
        """Return the files for a check; `remembered` has what asset.json files with the same bytes came to.

        A link is no asset.json, wherever it leads.
        """
        known = remembered or {}
        files = {path: one.link for path, one in self.files.items()}
        for path in [path for path, link in files.items() if link is not None and os.path.basename(path) == FILE]:
            del files[path]
        return AssetTree(files, self.read, remembered=known.get, closed=self.closed, lean=True)

    def has(self, path: str, mark: Signature) -> bool:
        """Tell whether a file is there and has a signature by which its content is known."""
        return mark != UNTRUSTED and path in self.files and self.files[path].signature == mark


def _walk(root: str, top: str, closed: dict[str, str]) -> Iterator[tuple[str, Listed]]:
    """Yield the files and links below a folder; sockets and the like are junk too, and nobody's input.

    What may not be looked into, or lies too deep to be named, holds nothing that could be built, and is noted in
    `closed`. A registry further down is that of another project, and not this one's.
    """
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(os.path.join(root, folder)), key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            closed[folder] = reason(error)
            continue
        if entries and not os.access(os.path.join(root, folder), os.X_OK):
            closed[folder] = "it may not be entered"
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                waiting += [path] if entry.name != FOLDER else []
            elif (found := _listed(entry.path)) is not None:
                yield path, found


def _code(path: str) -> str:
    """Return the code of what is wrong where a file cannot be read."""
    if path == f"{ASSETS}/{INDEX}":
        return "registry-invalid"
    return "declaration-invalid" if os.path.basename(path) == FILE else "input-changed"


def _listed(path: str) -> Listed | None:
    try:
        stats = os.lstat(path)
        if stat.S_ISLNK(stats.st_mode):
            return Listed(signature(stats), os.readlink(path))
    except OSError:
        return None
    return Listed(signature(stats)) if stat.S_ISREG(stats.st_mode) else None
