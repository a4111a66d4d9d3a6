"""Processes that run jobs side by side.

Each is a fork of the build's own process, fed through a pipe of its own. When the build ends, however it ends, so does
the pipe, and the worker with it once its job is done; until then it holds the workspace's lock, which it inherited.

    send(job) ──pipe──▶ run_job ──pipe──▶ wait(name)

A worker has at most one job more than the one it runs, so that it need not wait for the build, and so that little is
left to do when the build is to end early. Jobs are only sent where their pipe surely takes them: a build that waits
for its worker to read, while that waits for the build to do so, would wait for ever.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.build.kinds import kind_of
from packaging_targets.build.running.execution import run_job
from packaging_targets.errors import BuildError, PackagingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.build.running.job import Done, Job

_AHEAD = 2  # jobs a worker has at once: the one it runs, and the next
_PIPE = 1 << 15  # bytes that every pipe takes without anybody reading, if it is empty


class Workers:
    """Up to `count` processes; each is started when there is a job for it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._workers: list[_Worker] = []
        self._place: dict[str, _Worker] = {}
        self._answers: dict[str, Any] = {}

    def has(self, name: str) -> bool:
        """Tell whether the job of this id was sent, and has not been waited for."""
        return name in self._place

    def send(self, job: Job) -> bool:
        """Give a job to the worker that has least to do; returns False where all of them have enough."""
        self._collect()
        worker = min(self._workers, key=lambda one: one.jobs, default=None)
        if (worker is None or worker.jobs) and len(self._workers) < self._count:
            worker = _Worker(self._workers)
            self._workers.append(worker)
        if worker is None or worker.jobs >= _AHEAD:
            return False
        message = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        if worker.jobs and len(message) > _PIPE:
            return False
        worker.send(message)
        self._place[job.id] = worker
        return True

    def free(self) -> None:
        """Wait until one of the workers has answered."""
        busy = {worker.answers: worker for worker in self._workers if worker.jobs}
        self._take(busy[select.select(list(busy), [], [])[0][0]])

    def wait(self, name: str) -> Done:
        """Return what the job of this id came to; raises what it raised."""
        while name not in self._answers:
            self._take(self._place[name])
        del self._place[name]
        answer = self._answers.pop(name)
        if isinstance(answer, _Crash):
            raise RuntimeError(answer.trace)  # noqa: TRY004  # it is the answer that is wrong
        if isinstance(answer, PackagingError):
            raise answer
        done: Done = answer
        return done

    def close(self) -> Iterator[tuple[str, Done]]:
        """End the workers; yield what was done and not waited for, by id."""
        for name in list(self._place):
            try:
                yield name, self.wait(name)
            except (PackagingError, RuntimeError):
                continue  # it will run again, and say so in its turn
        for worker in self._workers:
            worker.close()
        self._workers = []

    def _collect(self) -> None:
        """Take what workers have answered so far."""
        busy = {worker.answers: worker for worker in self._workers if worker.jobs}
        while ready := select.select(list(busy), [], [], 0)[0]:
            for answers in ready:
                worker = busy[answers]
                self._take(worker)
                if not worker.jobs:
                    del busy[answers]

    def _take(self, worker: _Worker) -> None:
        try:
            name, answer = worker.take()
        except EOFError:
            self._bury(worker)
        else:
            self._answers[name] = answer

    def _bury(self, worker: _Worker) -> None:
        """Fail the jobs of a worker that somebody killed."""
        for name in [name for name, its in self._place.items() if its is worker and name not in self._answers]:
            what, fix = "the process that ran this action was killed", "build again; with -n 1 it takes less memory"
            self._answers[name] = BuildError.one(what, name, fix)
        self._workers.remove(worker)
        worker.close()


class _Worker:
    """One process, as the build sees it: `jobs` are sent and not answered."""

    def __init__(self, others: list[_Worker]) -> None:
        down_reading, down_writing = os.pipe()
        up_reading, up_writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            # A pipe ends when nobody holds its other end.
            for descriptor in (down_writing, up_reading, *(end for one in others for end in one.ends())):
                os.close(descriptor)
            _serve(down_reading, up_writing)
        os.close(down_reading)
        os.close(up_writing)
        # Unbuffered: what is left to be read is in the pipe, where `select` sees it.
        self.answers: BinaryIO = open(up_reading, "rb", buffering=0)  # noqa: SIM115  # closed by close()
        self._orders: BinaryIO = open(down_writing, "wb", buffering=0)  # noqa: SIM115  # closed by close()
        self.jobs = 0

    def ends(self) -> tuple[int, int]:
        """Return the descriptors of the build's ends."""
        return self.answers.fileno(), self._orders.fileno()

    def send(self, message: bytes) -> None:
        """Send a pickled job."""
        _write(self._orders, message)
        self.jobs += 1

    def take(self) -> tuple[str, Any]:
        """Read an answer: the id of a job, and what it came to. Raises EOFError where the worker is gone."""
        answer: tuple[str, Any] = pickle.loads(_read(self.answers))  # noqa: S301  # from our own fork
        self.jobs -= 1
        return answer

    def close(self) -> None:
        """Let the worker end, and wait for it."""
        self.jobs = 0
        self._orders.close()
        self.answers.close()
        os.waitpid(self.pid, 0)


def _serve(orders: int, answers: int) -> None:
    """Run jobs until there are no more; never returns."""
    ending: list[int] = []
    waits = False

    def interrupted(number: int, _: object) -> None:
        ending.append(number)
        if waits:
            raise KeyboardInterrupt

    # Ctrl-C reaches all processes of a terminal: the job that runs is finished, and the next not begun.
    signal.signal(signal.SIGINT, interrupted)
    try:
        with open(orders, "rb", buffering=0) as jobs, open(answers, "wb", buffering=0) as out:
            while not ending:
                job: Job = pickle.loads(_read(jobs))  # noqa: S301  # from the build that forked us
                waits = kind_of(job.action.kind).waits
                answer = _answer(job)
                waits = False
                _write(out, pickle.dumps((job.id, answer), pickle.HIGHEST_PROTOCOL))
    except (EOFError, OSError, KeyboardInterrupt):
        pass  # the build has ended
    finally:
        os._exit(0)


@dataclass(frozen=True, slots=True)
class _Crash:
    """What a fault of ours left behind."""

    trace: str


def _answer(job: Job) -> Done | PackagingError | _Crash:
    try:
        return run_job(job)
    except PackagingError as error:
        return error
    except Exception:  # noqa: BLE001  # raised again in the build's process
        return _Crash(traceback.format_exc())


def _write(pipe: BinaryIO, message: bytes) -> None:
    rest = memoryview(len(message).to_bytes(8, "little") + message)
    while rest:
        rest = rest[pipe.write(rest) :]


def _read(pipe: BinaryIO) -> bytes:
    return _exactly(pipe, int.from_bytes(_exactly(pipe, 8), "little"))


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    parts = []
    while size:
        part = pipe.read(size)
        if not part:
            raise EOFError("the other end of the pipe is closed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
