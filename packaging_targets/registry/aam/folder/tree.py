"""Where things are in a registry's folder, and reading them without leaving it.

    index.json   dist-tags.json
    packages/<scope--name>/meta.json
    packages/<scope--name>/versions/<version>.aam, <version>.aam.sha256

Names that start with `.aam-` are ours and transient: files that are being written (`.aam-….new`), and `.aam-pending`,
which says what is being changed. Symbolic links may lead anywhere within the root, and nowhere else.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from packaging_targets.errors import RegistryError, legible, reason
from packaging_targets.formats.aam.documents.index import INDEX
from packaging_targets.formats.aam.documents.meta import MAX_META, META, metadata_bytes, parse_metadata
from packaging_targets.formats.aam.documents.tags import TAGS
from packaging_targets.formats.aam.metadata import PackageMetadata

OURS = ".aam-"
SERVER = f"{OURS}server"  # what a server that serves the folder keeps for itself
CHECKSUM = ".sha256"
SIGNATURE = ".sigstore.json"
ARCHIVE = ".aam"
MAX_LINE = 512
"""More than a checksum's line has."""
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


class Tree:
    """The folder of a registry; `root` is absolute, and paths that are told start from it."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.real = os.path.realpath(self.root)
        self.index = os.path.join(self.root, INDEX)
        self.tags = os.path.join(self.root, TAGS)
        self.packages = os.path.join(self.root, "packages")
        self.server = os.path.join(self.root, SERVER)
        self.pending = os.path.join(self.root, f"{OURS}pending")

    @property
    def url(self) -> str:
        """The registry's address."""
        return f"file://{quote(os.fsencode(self.root))}"

    def folder(self, name: str) -> str:
        """Return the path of a package's folder by the folder's name."""
        return os.path.join(self.packages, name)

    def meta(self, name: str) -> str:
        """Return the path of a package's meta.json."""
        return os.path.join(self.packages, name, META)

    def versions(self, name: str) -> str:
        """Return the path of the folder of a package's archives."""
        return os.path.join(self.packages, name, "versions")

    def archive(self, name: str, version: object) -> str:
        """Return the path of a version's archive."""
        return os.path.join(self.versions(name), f"{version}{ARCHIVE}")

    def told(self, path: str) -> str:
        """Return a path for people, from the root."""
        return legible(os.path.relpath(path, self.root))

    def inside(self, path: str) -> str:
        """Return where a path of ours leads; raises RegistryError where a link on the way leaves the root."""
        if not self._has_links(path):
            return path
        real = os.path.realpath(path)
        if real != self.real and not real.startswith(self.real.rstrip(os.sep) + os.sep):
            what = f"`{self.told(path)}` is a link that leads out of the registry"
            raise RegistryError.one(what, legible(self.root), "replace the link by what it leads to")
        return real

    def _has_links(self, path: str) -> bool:
        """Tell whether anything on the way from the root to a path is a link; what is not there is none."""
        at = len(self.root)
        while at > 0:
            at = path.find(os.sep, at + 1)
            try:
                if stat.S_ISLNK(os.lstat(path if at < 0 else path[:at]).st_mode):
                    return True
            except OSError:
                return False
        return False

    def open(self, path: str) -> BinaryIO | None:
        """Open a file; return None where there is none. Raises RegistryError where it is no file, or unreadable."""
        try:
            # What is no file may wait for a writer for ever.
            descriptor = os.open(self.inside(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise self.refused(path, error, "read") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise RegistryError.one(f"`{self.told(path)}` must be a file", legible(self.root))
        return os.fdopen(descriptor, "rb")

    def read(self, path: str, limit: int) -> bytes | None:
        """Return what a file holds, up to one byte above the limit, or None where there is none."""
        file = self.open(path)
        if file is None:
            return None
        with file:
            try:
                return file.read(min(os.fstat(file.fileno()).st_size, limit) + 1)
            except OSError as error:
                raise self.refused(path, error, "read") from error

    def metadata(self, folder: str) -> PackageMetadata | None:
        """Return what the meta.json in a package's folder says, or None where there is none."""
        data = self.read(self.meta(folder), MAX_META)
        return None if data is None else self.parsed(data, folder)

    def parsed(self, data: bytes, folder: str) -> PackageMetadata:
        """Return what the bytes of the meta.json in a package's folder say."""
        return parse_metadata(data, legible(self.meta(folder)))

    def bytes_of(self, metadata: PackageMetadata) -> bytes:
        """Return what the meta.json of a package has to hold."""
        return metadata_bytes(metadata)

    def folders(self) -> Iterator[str]:
        """Yield the names of the folders of packages, sorted; raises RegistryError where they cannot be listed."""
        for entry in self.entries(self.packages):
            if entry.is_dir():
                yield entry.name

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return what is in a folder, by name; nothing where there is no such folder."""
        try:
            with os.scandir(self.inside(folder)) as found:
                return sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if error.errno in _ABSENT:
                return []
            raise self.refused(folder, error, "read") from error

    def demand(self) -> None:
        """Raise RegistryError where there is no registry in the folder."""
        if os.path.lexists(self.index):
            return
        if os.path.isdir(self.packages):
            fix = f"aam registry reindex {self.url}"
            raise RegistryError.one("the registry has no index.json", legible(self.root), fix)
        if os.path.isfile(self.root):
            folder = Tree(os.path.dirname(self.root)).url
            fix = f"write {folder}" if os.path.basename(self.root) == INDEX else f"aam registry init {folder}/registry"
            raise RegistryError.one("this is a file, and a registry is a folder", legible(self.root), fix)
        fix = f"aam registry init {self.url}"
        what = "there is no registry in the folder" if os.path.isdir(self.root) else "there is no such folder"
        raise RegistryError.one(what, legible(self.root), fix)

    def refused(self, path: str, error: OSError, verb: str) -> RegistryError:
        """Return the error that says what the system does not let us do."""
        what = f"`{self.told(path)}` cannot be {verb}: {reason(error)}"
        return RegistryError.one(what, legible(self.root))
