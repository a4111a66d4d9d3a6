"""Running one action: from the cache where it is known, else by its kind; into place only when it has succeeded.

This runs in whatever process or thread doit chooses, so it is given data alone. Outputs are made in a staging folder
on the disk of the workspace and renamed: at any moment an output is the old one or the new one, whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.build.keys import key_of, kind_of
from packaging_targets.errors import BuildError, PackagingError, Problem
from packaging_targets.model.action import Action
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.store.action_cache import ActionCache, make_executable
from packaging_targets.store.states import examine
from packaging_targets.store.sweep import UNTRUSTED, signature

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUFFER = 1 << 17


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
    body: Mapping[str, Any]
    shot: Mapping[str, Any]
    inputs: Mapping[str, tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Done:
    """What running an action came to: `outcome` is `built` or `restored`, `states` the states of the outputs."""

    key: str
    outcome: str
    states: tuple[str, ...]
    seconds: float
    log: str = ""


def run_job(job: Job) -> Done:
    """Run an action; raises PackagingError that tells what went wrong, with old outputs as they were."""
    started = time.monotonic()
    action = Action.from_json(job.body)
    kind = kind_of(action.kind)
    key = key_of(job.shot)
    try:
        with _staging_folder(job.staging) as folder:
            step = _Step(job, action, folder)
            kind.check(action, step)
            states = ActionCache(job.cache).restore(key, step.staged) if kind.cached else None
            outcome = "restored" if states else "built"
            if states is None:
                kind.run(action, step)
                states = step.finish()
                _demand_unchanged(job)
                if kind.cached:
                    ActionCache(job.cache).store(key, step.staged, states)
            step.put_into_place()
    except OSError as error:
        raise BuildError(_os_problem(job, error)) from error
    except PackagingError as error:
        raise type(error)(*(_placed(problem, job) for problem in error.problems)) from error
    return Done(key, outcome, tuple(states), time.monotonic() - started, step.log_text)


class _Step:
    """The one implementation of `packaging_targets.model.action.Step`."""

    def __init__(self, job: Job, action: Action, folder: str) -> None:
        self._job = job
        self._action = action
        self.staged = [os.path.join(folder, str(place)) for place in range(len(action.outputs))]
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
        return open(self._input(path)[0], "rb", buffering=0)  # type: ignore[return-value]  # a FileIO reads as a BinaryIO does

    def create(self, path: str, *, executable: bool = False) -> BinaryIO:
        """Open the declared output `path`."""
        if path not in self._action.outputs:
            raise BuildError.one(f"the action kind `{self._action.kind}` wants to write `{path}`, which is no output of it")
        staged = self.staged[self._action.outputs.index(path)]
        stream = _HashingFile(staged, executable=executable)
        self._streams[path] = stream
        return io.BufferedWriter(stream, _BUFFER)  # type: ignore[return-value]  # a BufferedWriter writes as a BinaryIO does

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

    def finish(self) -> list[str]:
        """Return the states of the outputs, in order; raises BuildError where one was not written."""
        missing = [path for path in self._action.outputs if path not in self._streams]
        if missing:
            raise BuildError(*(Problem("", f"the action kind `{self._action.kind}` did not make `{path}`") for path in missing))
        return [self._streams[path].state for path in self._action.outputs]

    def put_into_place(self) -> None:
        """Rename the staged outputs to where they belong."""
        for path, staged in zip(self._action.outputs, self.staged, strict=True):
            place = os.path.join(self._job.root, path)
            try:
                os.replace(staged, place)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.replace(staged, place)

    def _input(self, path: str) -> tuple[str, str, int]:
        if path not in self._job.inputs:
            raise BuildError.one(f"the action kind `{self._action.kind}` wants to read `{path}`, which is no input of it")
        return self._job.inputs[path]


class _HashingFile(io.RawIOBase):
    """A file that is hashed while it is written, so that its state is known when it is closed."""

    def __init__(self, path: str, *, executable: bool) -> None:
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        self._digest = hashlib.sha256()
        self._executable = executable

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = self._file.write(data)
        self._digest.update(memoryview(data)[:written])
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


@contextlib.contextmanager
def _staging_folder(parent: str) -> Any:
    try:
        folder = tempfile.mkdtemp(dir=parent)
    except FileNotFoundError:
        os.makedirs(parent, exist_ok=True)
        folder = tempfile.mkdtemp(dir=parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _demand_unchanged(job: Job) -> None:
    """Raise BuildError for inputs that are not what they were when their state was taken: the key would lie."""
    changed = [name for name, known in job.inputs.items() if not _is_as(known)]
    if changed:
        raise BuildError(
            *(Problem("", f"`{name}` changed while the build was reading it", "run the build again") for name in changed)
        )


def _is_as(known: tuple[str, str, int]) -> bool:
    path, state, sig = known
    try:
        return (sig != UNTRUSTED and signature(os.lstat(path)) == sig) or examine(path)[0] == state
    except OSError:
        return False


def _placed(problem: Problem, job: Job) -> Problem:
    return problem if problem.where else Problem(job.id, problem.what, problem.fix)


def _os_problem(job: Job, error: OSError) -> Problem:
    what = (error.strerror or str(error)).lower()
    path = error.filename2 or error.filename
    if path and str(path).startswith(job.staging):
        path = ", ".join(job.body["outputs"])
    shown = f"`{str(path).removeprefix(job.root + '/')}` cannot be read or written: {what}" if path else what
    return Problem(job.id, shown, _FIXES.get(error.errno or 0, ""))


_FIXES = {
    28: "free some disk space; outputs of earlier builds are as they were",  # ENOSPC
    13: "make the folder writable for you",  # EACCES
    30: "make the file system writable",  # EROFS
    36: "shorten the path",  # ENAMETOOLONG
}

