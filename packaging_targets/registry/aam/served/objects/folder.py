"""Objects as files of a folder: for archives that wait for approval, and for servers without an object store."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

from packaging_targets.errors import IntegrityError, RegistryError, reason
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.served.objects.protocol import PIECE, Listed
from packaging_targets.store.journal.disk import sync_folder

_PAGE = 1000
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FolderObjects:
    """Files in the folder `root`, which is made for its owner alone when the first object comes."""

    def __init__(self, root: str) -> None:
        self._root = os.path.abspath(root)

    def put(self, key: str, source: BinaryIO, digest: Digest, size: int) -> None:
        """Write the bytes beside their place, and rename them when the disk has them; see the Protocol."""
        path = self._path(key)
        folder = os.path.dirname(path)
        beside = f"{path}.{secrets.token_hex(8)}.new"
        source.seek(0)
        with _faults_told():
            self._make(folder)
            try:
                _write(beside, source, (digest.hex, size))
                os.rename(beside, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(beside)
                raise
            sync_folder(folder)

    def size(self, key: str) -> int | None:
        """Return how many bytes there are under a key, or None where nothing is."""
        try:
            return os.stat(self._path(key)).st_size
        except FileNotFoundError:
            return None

    def pieces(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to before `end`."""
        try:
            file = open(self._path(key), "rb")  # noqa: SIM115  # the `with` below closes it
        except FileNotFoundError:
            raise RegistryError.one("the archive is not where the registry keeps it") from None
        with file:
            file.seek(start)
            while start < end and (piece := file.read(min(PIECE, end - start))):
                start += len(piece)
                yield piece
        if start < end:
            raise RegistryError.one("the archive is shorter than the registry knows it")

    def delete(self, key: str) -> None:
        """Forget what is under a key."""
        with suppress(FileNotFoundError):
            os.unlink(self._path(key))

    def pages(self, start: str) -> Iterator[Sequence[Listed]]:
        """Yield the files of a folder."""
        page: list[Listed] = []
        with suppress(FileNotFoundError), os.scandir(self._path(start)) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    stat = entry.stat()
                    page.append(Listed(f"{start}{entry.name}", stat.st_size, int(stat.st_mtime)))
                if len(page) == _PAGE:
                    yield page
                    page = []
        yield page

    def demand(self) -> None:
        """Raise RegistryError where the folder cannot be written."""
        with _faults_told():
            os.makedirs(self._root, mode=0o700, exist_ok=True)
            if not os.access(self._root, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _make(self, folder: str) -> None:
        """Make a folder within the root, so that it outlives a power cut."""
        if not os.path.isdir(folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            while folder != self._root:
                folder = os.path.dirname(folder)
                sync_folder(folder)

    def _path(self, key: str) -> str:
        return os.path.join(self._root, *key.split("/"))


@contextmanager
def _faults_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"the registry cannot keep this: {reason(error)}"
        if error.errno in _FULL:
            what = "the registry's disk has no room for this; nothing was changed"
        raise RefusalError.of("REGISTRY_UNAVAILABLE", what, "", "try it again when its operator has looked") from error


def _write(path: str, source: BinaryIO, expected: tuple[str, int]) -> None:
    """Write a new file of what has a certain SHA-256, as hex, and size."""
    found, size = hashlib.sha256(), 0
    with open(path, "xb") as file:
        while block := source.read(PIECE):
            found.update(block)
            size += file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if (found.hexdigest(), size) != expected:
        raise IntegrityError.one("the archive changed while it was read")
