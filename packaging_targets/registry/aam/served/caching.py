"""The meta.json of packages in a folder, kept in memory: as long as the file is the same, there is one stat to do.

What one says is kept too, for those who change a package: it is read each time, and parsed where it has other bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock

from packaging_targets.errors import legible
from packaging_targets.formats.aam.documents.meta import MAX_META, metadata_bytes, release_text
from packaging_targets.formats.aam.documents.reading import load_object
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.folder.tree import Tree
from packaging_targets.registry.aam.served.holdings import Document
from packaging_targets.store.states import is_racy

Signature = tuple[int, ...]

_KEPT = 32 << 20
"""Bytes of documents that are kept."""
_EACH = 1024
"""Bytes that keeping one takes besides."""
_PARSED = 8 << 20
"""Bytes of documents of which is kept what they say, which takes some times as much."""


def signature_of(stats: os.stat_result) -> Signature:
    """Return what tells a file from every other that has been at its path."""
    return stats.st_mtime_ns, stats.st_ctime_ns, stats.st_size, stats.st_ino, stats.st_dev


class Documents:
    """The documents of a registry's folder; those that were asked for last are kept, up to `kept` bytes."""

    def __init__(self, tree: Tree, kept: int = _KEPT) -> None:
        self._tree = tree
        self._room = kept
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[Signature, Document]] = OrderedDict()

    def of(self, name: PackageName) -> Document | None:
        """Return a package's document, or None where there is none of that name.

        Raises RegistryError where it cannot be read, or a link leads out of the registry: links are looked at when the
        file is read, and what has its signature later is that file.
        """
        folder = name.folder
        path = self._tree.meta(folder)
        try:
            signature = signature_of(os.stat(path))
        except OSError:
            return self._read(name, path)
        with self._lock:
            known = self._known.get(folder)
            if known and known[0] == signature:
                self._known.move_to_end(folder)
                return known[1]
        return self._read(name, path)

    def _read(self, name: PackageName, path: str) -> Document | None:
        file = self._tree.open(path)
        if file is None:
            self._tree.demand()
            return None
        with file:
            stats = os.fstat(file.fileno())
            data = file.read(min(stats.st_size, MAX_META) + 1)
        if load_object(data, legible(path), MAX_META).get("name") != str(name):
            return None
        document = Document(data, hashlib.sha256(data).hexdigest())
        if len(data) == stats.st_size and not is_racy(stats):
            self._keep(name.folder, signature_of(stats), document)
        return document

    def _keep(self, folder: str, signature: Signature, document: Document) -> None:
        with self._lock:
            before = self._known.pop(folder, None)
            self._room += _weight(before[1]) if before else 0
            self._known[folder] = signature, document
            self._room -= _weight(document)
            while self._room < 0 and self._known:
                _, (_, oldest) = self._known.popitem(last=False)
                self._room += _weight(oldest)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a meta.json says, and the lines of each version as they were written, of those that are known."""

    data: bytes
    metadata: PackageMetadata
    texts: Mapping[str, tuple[Release, str]]


class KnowingTree(Tree):
    """A registry's folder, which knows what the documents say that were read or written last.

    Of each there are two: one that is being written is not there yet, and others go on reading the one before.
    """

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self._lock = Lock()
        self._room = _PARSED
        self._known: OrderedDict[str, tuple[_Said, ...]] = OrderedDict()

    def parsed(self, data: bytes, folder: str) -> PackageMetadata:
        """Return what the bytes of the meta.json in a package's folder say."""
        for known in self._said(folder):
            if known.data == data:
                return known.metadata
        metadata = super().parsed(data, folder)
        self._keep(folder, _Said(data, metadata, {}))
        return metadata

    def bytes_of(self, metadata: PackageMetadata) -> bytes:
        """Return what the meta.json of a package has to hold: whoever reads that later gets the same metadata."""
        folder = metadata.name.folder
        before = next((known.texts for known in self._said(folder) if known.texts), {})
        texts: dict[str, tuple[Release, str]] = {}

        def text_of(release: Release) -> str:
            version = str(release.version)
            written = before.get(version)
            texts[version] = written if written and written[0] is release else (release, release_text(release))
            return texts[version][1]

        data = metadata_bytes(metadata, text_of)
        releases = {version: release for version, (release, _) in texts.items()}
        self._keep(folder, _Said(data, replace(metadata, releases=releases), texts))
        return data

    def _said(self, folder: str) -> tuple[_Said, ...]:
        with self._lock:
            return self._known.get(folder, ())

    def _keep(self, folder: str, said: _Said) -> None:
        with self._lock:
            before = self._known.pop(folder, ())
            self._known[folder] = said, *before[:1]
            self._room += sum(len(one.data) for one in before[1:]) - len(said.data)
            while self._room < 0:
                _, oldest = self._known.popitem(last=False)
                self._room += sum(len(one.data) for one in oldest)


def _weight(document: Document) -> int:
    return len(document.data) + _EACH
