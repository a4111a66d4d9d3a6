"""What an action kind sees of the disk: its declared inputs, and a staging folder in which it makes its outputs.

Outputs are hashed while they are written, and renamed into their places when all of them are whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import shutil
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from packaging_targets.errors import BuildError, Problem, raise_all
from packaging_targets.model.action import FOLDER
from packaging_targets.model.digest import Digest
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.store.action_cache import ActionCache, make_executable

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging_targets.build.running.job import Job
    from packaging_targets.model.action import Blob
    from packaging_targets.store.sweep import Signature

_BUFFER = 1 << 17
_KEPT = 1 << 18  # outputs up to this size go to the cache without being read again
_numbers = itertools.count()


class StagingStep:
    """The one implementation of `packaging_targets.model.action.Step`."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._action = action = job.action
        # A folder for each action would cost more than many an action: the names are unique instead.
        self._mine = f"{job.staging}/{os.getpid()}-{next(_numbers)}"
        self._folders = tuple(path for path in action.outputs if path.endswith(FOLDER))
        self._staged: list[str] = []
        self._places: dict[str, str] = {}
        self._streams: dict[str, _HashingFile] = {}
        self._log: list[str] = []
        self.warnings: list[Problem] = []

    def info(self, path: str) -> SourceInfo:
        """Describe the declared input `path`."""
        real, state, _ = self._input(path)
        if state[0] == "l":
            return SourceInfo(0, link=os.readlink(real))
        return SourceInfo(os.stat(real).st_size, state[0] == "x")

    def open(self, path: str) -> BinaryIO:
        """Open the declared input `path`."""
        # Unbuffered: formats read whole files or large blocks, and a buffer would be one more copy.
        return open(self._input(path)[0], "rb", buffering=0)

    def create(self, path: str, *, executable: bool = False) -> BinaryIO:
        """Open the declared output `path`, or a file in a declared folder."""
        staged = self.stage(path)
        if staged is None:
            what = f"the action kind `{self._action.kind}` wants to write `{path}`, which is no output of it"
            raise BuildError.one(what)
        stream = _HashingFile(staged, executable=executable)
        self._streams[path] = stream
        return io.BufferedWriter(stream, _BUFFER)

    def create_blob(self, folder: str) -> Blob:
        """Open a file in a declared folder that will be named by the SHA-256 of its bytes."""
        if folder not in self._folders:
            raise BuildError.one(f"the action kind `{self._action.kind}` makes no folder `{folder}`")
        staged = self._new_staged()
        stream = _HashingFile(staged, executable=False)

        def name() -> None:
            path = folder + stream.state[1:]
            self._places[path], self._streams[path] = staged, stream

        return _Blob(stream, name)

    def stage(self, path: str) -> str | None:
        """Return where an output is made before it goes to its place, or None for what is no output."""
        if path not in self._action.outputs or path in self._folders:
            inner = next((path.removeprefix(one) for one in self._folders if path.startswith(one)), "")
            if not all(part not in {"", ".", ".."} for part in inner.split("/")):
                return None
        return self._places.setdefault(path, self._new_staged())

    def _new_staged(self) -> str:
        self._staged.append(f"{self._mine}-{len(self._staged)}")
        return self._staged[-1]

    def previous(self, path: str) -> bytes | None:
        """Return what stands at the declared output `path` now."""
        try:
            with open(os.path.join(self._job.root, path), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def log(self, text: str) -> None:
        """Add to the log."""
        self._log.append(text)

    def warn(self, problem: Problem) -> None:
        """Add to the warnings."""
        self.warnings.append(problem)

    @property
    def log_text(self) -> str:
        """All that was logged."""
        return "".join(self._log)

    def restore(self, cache: ActionCache, key: str) -> dict[str, str] | None:
        """Stage what an entry of the cache holds; return the states, or None where an output is not among it."""
        states = cache.restore(key, self.stage)
        if states is None or not all(path in states or path in self._folders for path in self._action.outputs):
            self._places.clear()
            return None
        return states

    def finish(self) -> dict[str, str]:
        """Return the states of the outputs; raises BuildError where one was not written."""
        missing = [path for path in self._action.outputs if path not in self._streams and path not in self._folders]
        if missing:
            kind = self._action.kind
            raise BuildError(*(Problem("", f"the action kind `{kind}` did not make `{path}`") for path in missing))
        return {path: self._streams[path].state for path in sorted(self._streams)}

    def put_into_place(self) -> None:
        """Rename the staged outputs to where they belong."""
        for path, staged in self._places.items():
            place = os.path.join(self._job.root, path)
            self._clear(path, place)
            try:
                os.replace(staged, place)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.replace(staged, place)
            self._staged.remove(staged)

    def demand_folders(self) -> None:
        """Raise BuildError where something else stands in the place of a folder that is an output."""
        raise_all(
            filter(None, (_obstacle(os.path.join(self._job.root, path[:-1]), path[:-1]) for path in self._folders)),
            BuildError,
        )

    def _clear(self, path: str, place: str) -> None:
        """Remove strays from where a file of a folder goes, such as a link that leads out of it."""
        folder = next((one for one in self._folders if path.startswith(one)), "")
        if not folder:
            return
        top = len(self._job.root) + len(folder)
        for at in (at for at in range(top + 1, len(place)) if place[at] == "/"):
            if os.path.islink(place[:at]) or os.path.isfile(place[:at]):
                os.remove(place[:at])
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)

    def contents(self) -> dict[str, bytes | str]:
        """Return for each output its bytes where they are few, else the staged file."""
        return {path: stream.kept or self._places[path] for path, stream in self._streams.items()}

    def clean_up(self) -> None:
        """Remove what is still staged: the action failed, or made the same file twice."""
        for staged in self._staged:
            with contextlib.suppress(OSError):
                os.remove(staged)

    def _input(self, path: str) -> tuple[str, str, Signature]:
        if path not in self._job.inputs:
            what = f"the action kind `{self._action.kind}` wants to read `{path}`, which is no input of it"
            raise BuildError.one(what, fix="add it to the action's inputs")
        return self._job.inputs[path]


def _obstacle(place: str, path: str) -> Problem | None:
    if os.path.islink(place):
        what = f"`{path}` is a link, and the build would fill and empty the folder that it leads to"
        return Problem("", what, "remove the link")
    if os.path.lexists(place) and not os.path.isdir(place):
        return Problem("", f"`{path}` is a file, where the build makes a folder", "move it away")
    return None


class _HashingFile(io.RawIOBase):
    """A file that is hashed while it is written, so that its state is known when it is closed."""

    def __init__(self, path: str, *, executable: bool) -> None:
        try:
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        self._digest = hashlib.sha256()
        self._executable = executable
        self.kept: bytes | None = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = self._file.write(data)
        part = bytes(memoryview(data)[:written])
        self._digest.update(part)
        if self.kept is not None:
            self.kept = self.kept + part if len(self.kept) + len(part) <= _KEPT else None
        return written

    def close(self) -> None:
        if not self.closed:
            if self._executable:
                make_executable(self._file.fileno())
            self._file.close()
        super().close()

    @property
    def state(self) -> str:
        """The state of what was written."""
        return ("x" if self._executable else "f") + self._digest.hexdigest()


class _Blob:
    """The one implementation of `packaging_targets.model.action.Blob`; `name` is called when it is whole."""

    def __init__(self, file: _HashingFile, name: Callable[[], None]) -> None:
        self._file = file
        self._stream = io.BufferedWriter(file, _BUFFER)
        self._name = name
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()
        if error == (None, None, None):
            self._name()

    def write(self, data: bytes | bytearray | memoryview, /) -> object:
        """Add bytes."""
        self.size += len(data)
        return self._stream.write(data)

    @property
    def digest(self) -> Digest:
        """The digest of what was written."""
        return Digest(self._file.state[1:])
