"""Files that are written beside their places first, all of them, and then renamed into these in order.

What the disk has no room for is found out before anything is changed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from typing import BinaryIO, Self

from packaging_targets.errors import BuildError, IntegrityError, RegistryError, legible
from packaging_targets.formats.aam.package.reader import MAX_PACKED
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.folder.tree import OURS, Tree
from packaging_targets.store.journal.disk import sync_folder
from packaging_targets.store.lock import folder_lock

_BLOCK = 1 << 20
_FEW = 16
"""Up to so many files are waited for by themselves; for more, all that the system has to write is."""
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Staging:
    """Files on their way into a registry; whoever leaves its `with` without `commit` leaves nothing behind.

    The first few that are written are `begun` with at once: the disk takes them while others are being made.
    """

    def __init__(self, tree: Tree, *, begun: bool = False) -> None:
        self._tree = tree
        self._begun = begun
        self._files: list[tuple[str, str]] = []
        self._open: dict[str, BinaryIO] = {}
        self._syncs: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._close()
        for beside, _ in self._files:
            with suppress(OSError):
                os.unlink(beside)

    def write(self, path: str, *pieces: bytes | memoryview) -> None:
        """Let a file hold what is given, in a row."""
        with self._beside(path) as file:
            file.writelines(pieces)

    def copy(self, path: str, source: BinaryIO, digest: Digest, at: int) -> None:
        """Let a file hold what is read from `source`, with a time; raises IntegrityError for another digest."""
        found, size = hashlib.sha256(), 0
        with self._beside(path) as file:
            while size <= MAX_PACKED and (block := source.read(_BLOCK)):
                found.update(block)
                size += file.write(block)
            if found.hexdigest() != digest.hex:
                what = f"the bytes of `{self._tree.told(path)}` are not what they claim to be"
                raise IntegrityError.one(what, "", "they changed while they were read, or were damaged before")
            file.flush()
            os.utime(file.fileno(), (at, at))

    def begin(self, paths: Iterable[str]) -> None:
        """Let the disk take other files, which it has to have before `commit` renames anything."""
        self._syncs += (_waiting().submit(sync_file, path) for path in paths)

    def hand_over(self) -> list[tuple[str, str]]:
        """Return where files are and where they belong, for `take_over` in another process, and keep none."""
        self._close()
        files, self._files = self._files, []
        return files

    def take_over(self, files: Iterable[Sequence[str]]) -> None:
        """Take the files that another process has staged."""
        self._files += ((beside, path) for beside, path in files)

    def commit(self, later: str = "") -> bool:
        """Rename all files into their places, in the order in which they were written, when the disk has them.

        Returns whether there were any. Somebody else lets the folder `later` be synced to which the last are renamed.
        """
        some = bool(self._files)
        self._sync_files()
        waiting: dict[str, None] = {}
        for number, (beside, path) in enumerate(self._files):
            os.rename(beside, path)
            waiting[os.path.dirname(path)] = None
            following = self._files[number + 1 : number + 2]
            if not following:
                waiting.pop(later, None)
            if len(self._files) <= _FEW and (not following or os.path.dirname(following[0][1]) not in waiting):
                _sync(waiting, sync_folder)  # what comes next must not outlive a power cut alone
                waiting.clear()
        _sync(waiting, sync_folder)
        self._files.clear()
        return some

    def _sync_files(self) -> None:
        """Wait until the disk has all files."""
        _sync([beside for beside, _ in self._files if beside not in self._open], sync_file)
        for sync in self._syncs:
            sync.result()
        self._close()

    def _close(self) -> None:
        wait(self._syncs)
        self._syncs.clear()
        while self._open:
            self._open.popitem()[1].close()

    @contextmanager
    def _beside(self, path: str) -> Iterator[BinaryIO]:
        beside = os.path.join(os.path.dirname(path), f"{OURS}{secrets.token_hex(8)}.new")
        file = open(beside, "xb")  # noqa: SIM115  # the few of one change stay open until the disk has them
        try:
            yield file
            file.flush()
        except BaseException:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                os.unlink(beside)
            raise
        self._files.append((beside, path))
        if self._begun and len(self._open) < _FEW:
            self._open[beside] = file
            self._syncs.append(_waiting().submit(os.fsync, file.fileno()))
        else:
            file.close()


@contextmanager
def writing(tree: Tree, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the one lock of those who change a registry; tell in one way what keeps it from being changed.

    Raises RegistryError where the root is read-only or the disk is full.
    """
    if os.path.isdir(tree.root) and not os.access(tree.root, os.W_OK):
        raise _read_only(tree)
    try:
        with folder_lock(tree.root, waiting, shared=False):
            yield
    except BuildError as error:  # it cannot be locked
        raise RegistryError(*error.problems) from error
    except OSError as error:
        if error.errno in _READ_ONLY:
            raise _read_only(tree) from error
        if error.errno in _FULL:
            what = "the disk has no room for this; nothing was changed"
            raise RegistryError.one(what, legible(tree.root), "make room, and do it again") from error
        raise tree.refused(error.filename or tree.root, error, "written") from error


def make_folder(path: str) -> None:
    """Make a folder where there is none, so that it outlives a power cut."""
    if not os.path.isdir(path):
        os.mkdir(path)
        sync_folder(os.path.dirname(path))


def sync_file(path: str) -> None:
    """Wait until the disk has what was written to a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_together(folder: str, files: Sequence[str]) -> None:
    """Wait until the disk has what was renamed in a folder, and what was written to files, all at once."""
    folders = [_waiting().submit(sync_folder, folder)] if files else []
    _sync(files, sync_file)
    if folders:
        folders[0].result()
    else:
        sync_folder(folder)


def _sync(paths: Collection[str], one: Callable[[str], None]) -> None:
    if len(paths) > _FEW:
        os.sync()
    elif len(paths) > 1:  # all at once: a journaling disk writes what several wait for in one go
        list(_waiting().map(one, paths))
    else:
        for path in paths:
            one(path)


@cache
def _waiting() -> ThreadPoolExecutor:
    """Return threads that wait for the disk: making new ones each time takes longer than they wait."""
    return ThreadPoolExecutor(_FEW, "disk")


os.register_at_fork(after_in_child=_waiting.cache_clear)  # threads stay behind in the process that forks


def _read_only(tree: Tree) -> RegistryError:
    return RegistryError.one("the registry is read-only", legible(tree.root), "change it where it may be written")
