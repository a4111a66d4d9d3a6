"""Running one action: from the cache where it is known, else by its kind; into place only when it has succeeded.

This runs in whatever process or thread doit chooses, so it is given data alone. Outputs are made in a staging folder
on the disk of the workspace and renamed: at any moment an output is the old one or the new one, whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from packaging_targets.build.keys import key_of
from packaging_targets.build.kinds import kind_of
from packaging_targets.errors import BuildError, PackagingError, Problem
from packaging_targets.model.action import FOLDER
from packaging_targets.model.digest import Digest
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.store.action_cache import ActionCache, make_executable
from packaging_targets.store.states import examine
from packaging_targets.store.sweep import UNTRUSTED, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from packaging_targets.model.action import Action, Blob
    from packaging_targets.store.sweep import Signature

_BUFFER = 1 << 17
_KEPT = 1 << 18  # outputs up to this size go to the cache without being read again
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Job:
    """All that running an action takes, as picklable data.

    `inputs` maps each declared input to where it is on disk, its state, and its signature when that state was
    taken. `root` is absolute; everything else may be relative to it.
    """

    id: str
    root: str
    staging: str
    cache: str
    log: str
    action: Action
    shot: Mapping[str, Any]
    inputs: Mapping[str, tuple[str, str, Signature]]


@dataclass(frozen=True, slots=True)
class Done:
    """What running an action came to: `outcome` is `built` or `restored`, `states` those of all files that it made."""

    key: str
    outcome: str
    states: dict[str, str]
    seconds: float
    log: str = ""


def run_job(job: Job) -> Done:
    """Run an action; raises PackagingError that tells what went wrong, with old outputs as they were."""
    started = time.monotonic()
    action = job.action
    kind = kind_of(action.kind)
    key = key_of(job.shot)
    step = _Step(job)
    try:
        kind.check(action, step)
        states = step.restore(ActionCache(job.cache), key) if kind.cached else None
        outcome = "restored" if states else "built"
        if states is None:
            kind.run(action, step)
            states = step.finish()
            _demand_unchanged(job)
            if kind.cached:
                ActionCache(job.cache).store(key, step.contents(), states)
        step.put_into_place()
    except OSError as error:
        raise BuildError(_os_problem(job, error)) from error
    except PackagingError as error:
        problems = (_placed(problem, job) for problem in error.problems)
        raise type(error)(*_logged(job, step.log_text, problems)) from error
    finally:
        step.clean_up()
    return Done(key, outcome, states, time.monotonic() - started, step.log_text)


class _Step:
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
            try:
                os.replace(staged, place)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.replace(staged, place)
            self._staged.remove(staged)

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


def _demand_unchanged(job: Job) -> None:
    """Raise BuildError for inputs that are not what they were when their state was taken: the key would lie."""
    changed = [name for name, known in job.inputs.items() if not _is_as(known)]
    if changed:
        raise BuildError(
            *(
                Problem("", f"`{name}` changed while the build was reading it", "run the build again")
                for name in changed
            )
        )


def _is_as(known: tuple[str, str, Signature]) -> bool:
    path, state, sig = known
    try:
        return (sig != UNTRUSTED and signature_of(path) == sig) or examine(path)[0] == state
    except OSError:
        return False


def _logged(job: Job, log: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Keep the log of a failed action where people can read it whole, and say where that is."""
    if not log:
        yield from problems
        return
    os.makedirs(os.path.dirname(job.log), exist_ok=True)
    with open(job.log, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(log)
    for problem in problems:
        yield replace(problem, fix=problem.fix or f"its whole log: {job.log.removeprefix(f'{job.root}/')}")


def _placed(problem: Problem, job: Job) -> Problem:
    return problem if problem.where else replace(problem, where=job.id)


def _os_problem(job: Job, error: OSError) -> Problem:
    what = (error.strerror or str(error)).lower()
    path = error.filename2 or error.filename
    if path and str(path).startswith(job.staging):
        path = ", ".join(job.action.outputs)
    shown = f"`{str(path).removeprefix(job.root + '/')}` cannot be read or written: {what}" if path else what
    return Problem(job.id, shown, _FIXES.get(error.errno or 0, ""))


_FIXES = {
    28: "free some disk space; outputs of earlier builds are as they were",  # ENOSPC
    13: "make the folder writable for you",  # EACCES
    30: "make the file system writable",  # EROFS
    36: "shorten the path",  # ENAMETOOLONG
}
