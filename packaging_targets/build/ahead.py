"""Working ahead: while doit waits for one action, others whose inputs are made already run beside it.

doit's own parallel runners take each task apart and carry it to a process, which costs more than many an action of
ours. So ours run under its serial runner, in its order, and each action's result is waiting when its turn comes.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from packaging_targets.build.running.execution import run_job
from packaging_targets.build.running.workers import Workers
from packaging_targets.build.staleness import Makers
from packaging_targets.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets.build.running.job import Done, Job
    from packaging_targets.build.session import Decision, Session

_WINDOW = 32  # actions that are looked at to find one that can run


class Ahead:
    """Runs the actions `names` of a session, which come in that order, in `jobs` processes."""

    def __init__(self, session: Session, names: Iterable[str], jobs: int) -> None:
        self._session = session
        self._workers = Workers(jobs)
        self._upcoming = deque(names)
        self._unfinished = set(self._upcoming)
        self._makers = Makers(session.records.actions[name] for name in self._upcoming)
        self._come: set[str] = set()
        self._decided: dict[str, Decision] = {}
        self._sent: dict[str, Job] = {}

    def decide(self, name: str) -> Decision:
        """Return what was decided about an action ahead of its turn, or decide now, as `Session.check` does."""
        self._come.add(name)
        decision = self._decided.pop(name, None) or self._session.check(name)
        if decision.job is None:
            self.finish(name)
        return decision

    def run(self, job: Job) -> Done:
        """Run a job whose turn has come, and others beside it; raises what it raises."""
        if not self._sent and not self._upcoming:
            return run_job(job)  # there is nothing that could run beside it
        if not self._workers.has(job.id):
            self._send_now(job)
        self._fill()
        done = self._workers.wait(job.id)
        del self._sent[job.id]
        return done

    def finish(self, name: str) -> None:
        """Note that an action's outputs are in place and known to the session."""
        self._unfinished.discard(name)

    def close(self) -> list[tuple[str, Done]]:
        """End the processes; record and return what they have done and doit never came to, by action."""
        found = list(self._workers.close())
        for name, done in found:
            self._session.record(name, done, self._sent[name].shot)
        return found

    def _send_now(self, job: Job) -> None:
        while not self._workers.send(job):
            self._workers.free()
        self._sent[job.id] = job

    def _fill(self) -> None:
        """Give the processes what can run, until they have enough."""
        passed: list[str] = []
        while self._upcoming and len(passed) < _WINDOW:
            name = self._upcoming.popleft()
            if name in self._come:
                continue
            if not self._is_begun(name):
                passed.append(name)
                if name in self._decided:
                    break  # the processes have enough
        self._upcoming.extendleft(reversed(passed))

    def _is_begun(self, name: str) -> bool:
        """Begin an action if it can run now; tell whether there is nothing more to do for it until its turn."""
        if not self._unfinished.isdisjoint(self._makers.of(self._session.records.actions[name])):
            return False
        try:
            decision = self._decided.get(name) or self._session.check(name)
        except PackagingError:
            return True  # it is told in its turn
        self._decided[name] = decision
        if decision.job is not None:
            if not self._workers.send(decision.job):
                return False
            self._sent[name] = decision.job
        return True
