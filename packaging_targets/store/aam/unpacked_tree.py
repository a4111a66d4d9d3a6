"""Puts the files of an archive below a new folder, or leaves nothing behind.

The paths were checked by whoever reads the archive. The folder is new, so nothing that stood on the disk before can
be written over or be a link that leads elsewhere, and each file is made as one that was not there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING, Protocol

from packaging_targets.errors import BuildError, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ArchivedFile(Protocol):
    """A file in an archive, of which the path was checked."""

    @property
    def path(self) -> str:
        """Where it goes, relative to the folder."""
        ...

    @property
    def executable(self) -> bool:
        """Whether it gets the mode 0755, or 0644."""
        ...


class Archive(Protocol):
    """What a reader of archives is: their files, and the bytes of the one that was yielded last."""

    def __iter__(self) -> Iterator[ArchivedFile]: ...

    def content(self) -> Iterable[bytes]:
        """Yield the bytes of the present file."""
        ...


def unpack(archive: Archive, folder: str) -> dict[str, str]:
    """Put the files of an archive below `folder`, which is made; return the SHA-256 of each, in hex, by path.

    Whatever goes wrong, the folder is removed again. Nothing is synced to the disk. Raises BuildError where the
    folder is there or cannot be written, and all that the archive raises.
    """
    try:
        os.mkdir(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        return _unpacked(archive, folder)
    except OSError as error:
        _remove(folder)
        raise _unwritable(str(error.filename or folder), error) from error
    except BaseException:
        _remove(folder)
        raise


def differences(folder: str, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what a folder has that is not as `unpack` told it: a path, empty for the folder, and what is the matter."""
    if not os.path.isdir(folder) or os.path.islink(folder):
        yield "", "the folder of the package is gone"
        return
    there = set(_files(folder))
    for path, digest in files.items():
        if path not in there:
            yield path, "the file is gone"
        elif _digest(os.path.join(folder, path)) != digest:
            yield path, "the file was changed"
    for path in sorted(there - files.keys()):
        yield path, "the file does not belong to the package"


def _files(top: str) -> Iterator[str]:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in os.scandir(os.path.join(top, folder)):
            path = os.path.join(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                yield path


def _digest(path: str) -> str:
    """Return the SHA-256 of a regular file, in hex; of a link, which may lead anywhere, there is none."""
    if not os.path.isfile(path) or os.path.islink(path):
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpacked(archive: Archive, folder: str) -> dict[str, str]:
    digests: dict[str, str] = {}
    made = {""}
    for file in archive:
        parent = file.path.rpartition("/")[0]
        if parent not in made:
            os.makedirs(f"{folder}/{parent}", exist_ok=True)
            made.add(parent)
        digests[file.path] = _write(f"{folder}/{file.path}", 0o755 if file.executable else 0o644, archive.content())
    return digests


def _write(place: str, mode: int, pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(place, _FLAGS, mode)
    try:
        os.fchmod(descriptor, mode)  # whatever the umask says
        for piece in pieces:
            digest.update(piece)
            left = memoryview(piece)
            while left:
                left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def _remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _unwritable(path: str, error: OSError) -> BuildError:
    return BuildError.one(f"`{path}` cannot be written: {reason(error)}", path)
