"""Archives of packages, read in one pass, believing nothing that they say.

What they hold is regular files under paths that mean the same on every system, with a manifest that is in order at
their root. Limits hold before anything is handed on. That two paths are one is known only as they come, and that
nothing follows only at the end: whoever unpacks an archive keeps nothing of it before all of it was read.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import IntegrityError, Problem, legible
from packaging_targets.formats.aam.manifest import BUNDLE_JSON, MANIFEST
from packaging_targets.formats.aam.package.manifest import check_manifest
from packaging_targets.formats.aam.package.paths import MAX_PATH, Names, path_faults
from packaging_targets.formats.archive.reading.tar_reader import (
    FILE,
    FOLDER,
    HARD_LINK,
    LINK,
    SPARSE,
    Limits,
    TarReader,
)
from packaging_targets.formats.archive.reading.unpacked import UnpackedStream
from packaging_targets.formats.archive.tar import BLOCK
from packaging_targets.formats.jsonc import MAX_BYTES
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.formats.archive.reading.tar_reader import TarEntry

MAX_PACKED = 52_428_800
"""The most bytes that an archive may have."""

LIMITS = Limits(packed=MAX_PACKED, unpacked=512 << 20, entries=20_000, path=MAX_PATH, ratio=250)
"""What an archive may come to."""

_KINDS = {
    HARD_LINK: "a hard link",
    LINK: "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a FIFO",
    b"7": "a contiguous file",
    SPARSE: "a sparse file",
}
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file in an archive: its path, whether it is executable, how many bytes it has."""

    path: str
    executable: bool
    size: int


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package that is in memory."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class AgentPackage:
    """A package that is in memory: its files by path, the manifest among them; `digest` is that of its archive."""

    manifest: AgentManifest
    files: Mapping[str, PackageFile]
    digest: Digest


class PackageReader:
    """Iterates, once, over the files of an archive; `content` gives the bytes of the one that was yielded last.

    Raises IntegrityError, with the archive called `where`, for whatever no archive of a package may hold. When it has
    come to its end, all of the archive was read and is in order: `manifest` and `digest` are those of all of it.
    Bundles are archives of this kind too, and refused unless it is a `bundle` that is to be read.
    """

    def __init__(self, file: BinaryIO, where: str, limits: Limits = LIMITS, *, bundle: bool = False) -> None:
        self._bundle = bundle
        self._where = where
        self._stream = UnpackedStream(file, limits)
        self._tar = TarReader(self._stream, limits)
        self._names = Names()
        self._astray = ""  # a manifest that is not at the root
        self._manifest: AgentManifest | None = None
        self._kept = b""  # the manifest's bytes while it is the present file
        self._done = False

    def __iter__(self) -> Iterator[PackedFile]:
        entries = iter(self._tar)
        with self._placed():
            self._begin()
        while (file := self._next(entries)) is not None:
            yield file
            self._kept = b""
        with self._placed():
            self._end()

    def content(self) -> Iterator[bytes]:
        """Yield what has not been read yet of the present file's bytes."""
        if self._kept:
            kept, self._kept = self._kept, b""
            yield kept
            return
        pieces = self._tar.content()
        while True:
            with self._placed():
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    @property
    def manifest(self) -> AgentManifest:
        """The package's manifest."""
        assert self._manifest is not None, "the archive was not read to its end"
        return self._manifest

    @property
    def digest(self) -> Digest:
        """The digest of the packed bytes."""
        assert self._done, "the archive was not read to its end"
        return Digest(self._stream.digest.hexdigest())

    @contextmanager
    def _placed(self) -> Iterator[None]:
        """Let problems that have no place be told of the archive."""
        try:
            yield
        except IntegrityError as error:
            raise IntegrityError(*(_placed(one, self._where) for one in error.problems)) from None

    def _begin(self) -> None:
        self._stream.begin()
        if self._stream.compression == "none":
            raise IntegrityError.one("this is not in gzip, as archives of packages are", fix="pack it: `aam pkg pack`")

    def _next(self, entries: Iterator[TarEntry]) -> PackedFile | None:
        with self._placed():
            for entry in entries:
                if (path := self._path_of(entry)) is not None:
                    if path == BUNDLE_JSON and not self._bundle:
                        fix = "install it as it is: `aam install`; it is made from a package, which can be published"
                        raise IntegrityError.one(f"`{path}` is at the root: this is a bundle, and no package", fix=fix)
                    if path == MANIFEST:
                        self._keep_manifest(entry.size)
                    elif path.rpartition("/")[2] == MANIFEST:
                        self._astray = path
                    return PackedFile(path, bool(entry.mode & 0o111), entry.size)
        return None

    def _path_of(self, entry: TarEntry) -> str | None:
        """Return the path of a file, or None for a folder."""
        path = entry.name.removeprefix(b"./").decode("utf-8", "surrogateescape")
        if entry.kind == FOLDER and path in {"", "."}:
            return None
        shown = legible(path[:_SHOWN])
        if entry.kind not in {FILE, FOLDER}:
            kind = _KINDS.get(entry.kind, f"of the type {ascii(entry.kind)[1:]}")
            raise IntegrityError.one(f"`{shown}` is {kind}, and archives of packages hold regular files alone")
        path = path.removesuffix("/") if entry.kind == FOLDER else path
        if faults := list(path_faults(path)):
            raise IntegrityError.one(f"the path `{shown}` {'; '.join(faults)}")
        known = self._names.clash_of_folder if entry.kind == FOLDER else self._names.clash
        if clash := known(path):
            raise IntegrityError.one(clash)
        return path if entry.kind == FILE else None

    def _keep_manifest(self, size: int) -> None:
        if size > MAX_BYTES:
            raise IntegrityError.one(f"`{MANIFEST}` has {size:,} bytes, and the limit is {MAX_BYTES:,}")
        self._kept = b"".join(self._tar.content())
        findings = check_manifest(self._kept, f"{self._where}/{MANIFEST}")
        if findings.manifest is None:
            raise IntegrityError(*findings.errors)
        self._manifest = findings.manifest

    def _end(self) -> None:
        behind = self._tar.rest()
        if self._stream.unpacked - self._tar.at < BLOCK:
            raise IntegrityError.one("the archive ends too early: two blocks of zeros are its end")
        if behind:
            raise IntegrityError.one("bytes stand behind the end of the archive")
        if self._manifest is None:
            folder = self._astray.rpartition("/")[0]
            fix = f"pack from inside `{folder}`: `{self._astray}` is not at the root" if folder else ""
            raise IntegrityError.one(f"there is no `{MANIFEST}` at the root of the archive", fix=fix)
        if repository := self._names.repository():
            raise IntegrityError.one(
                f"git would take `{repository}` for a repository, and run what is configured there"
            )
        self._done = True


def read_package(file: BinaryIO, where: str, limits: Limits = LIMITS, *, bundle: bool = False) -> AgentPackage:
    """Return the package, or the `bundle`, in an archive, which is checked as a whole; raises IntegrityError."""
    reader = PackageReader(file, where, limits, bundle=bundle)
    files = {one.path: PackageFile(b"".join(reader.content()), one.executable) for one in reader}
    return AgentPackage(reader.manifest, files, reader.digest)


def read_manifest(file: BinaryIO, where: str, limits: Limits = LIMITS) -> AgentManifest:
    """Check an archive as a whole and return its manifest alone; raises IntegrityError."""
    reader = PackageReader(file, where, limits)
    for _ in reader:
        pass
    return reader.manifest


def _placed(problem: Problem, where: str) -> Problem:
    return problem if problem.where else Problem(where, problem.what, problem.fix)
