"""One build of a workspace, from the sweep of stats to the last record.

    open ──▶ candidates ──▶ check(action) ──▶ run_job, anywhere ──▶ record(action) ──▶ close

doit orders the candidates; the session decides for each, when its turn comes and what it depends on is made, whether
it has to run, and remembers what it came to. Results are written as they come, so that a kill loses little.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.build.explain import Difference, differences, output_difference
from packaging_targets.build.keys import key_of, snapshot
from packaging_targets.build.kinds import kind_of
from packaging_targets.build.orphans import Removal, remove_orphans, remove_strays
from packaging_targets.build.planning.planner import Planner
from packaging_targets.build.running.job import Done, Job
from packaging_targets.build.staleness import candidates
from packaging_targets.build.world import World
from packaging_targets.errors import BuildError, PackagingError, Problem, reason
from packaging_targets.model.action import FOLDER, RULE_FILE, Action
from packaging_targets.store.layout import package_at
from packaging_targets.store.lock import Lock
from packaging_targets.store.look import Look, look
from packaging_targets.store.records import Records
from packaging_targets.store.records.actions import Result
from packaging_targets.store.stat_index import fingerprint
from packaging_targets.store.sweep import signature_of
from packaging_targets.workspace.rules.installed import installed
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.settings import Settings, open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging_targets.model.label import Label
    from packaging_targets.store.records.actions import KnownAction
    from packaging_targets.store.sweep import Signature


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an action has to run: `job` is what to run, None where it is up to date; `reasons` say why."""

    job: Job | None
    reasons: tuple[Difference, ...] = ()


class Session:
    """A build. Opening it takes the workspace's lock and makes its root the current folder, as doit does."""

    def __init__(self, start: str, waiting: Callable[[str], None], seen: Look | None = None) -> None:
        self.settings: Settings = open_workspace(start)
        self.layout = self.settings.layout
        self.package = package_at(start, self.layout.root)
        self.notes: list[str] = []
        os.chdir(self.layout.root)
        self._make_state()
        self._lock = Lock(self.layout.lock)
        self._lock.acquire(waiting)
        try:
            # What was seen before the lock was taken holds unless another build has finished since.
            fresh = seen is not None and seen.stamp == signature_of(self.layout.index)
            self._open(seen if seen is not None and fresh else look(self.layout.index))
        except BaseException:
            self._lock.release()
            raise

    def _open(self, seen: Look) -> None:
        index = seen.index
        if index is None and os.path.exists(self.layout.index):
            self.notes.append("the stat index could not be read: every file is examined again")
        try:
            self.records = Records(self.layout.records)
        except OSError as error:
            raise self._unwritable(error) from error
        if self.records.was_corrupt:
            self.notes.append("the build records could not be read: everything is checked again")
        kept = self.records.remembered("installed")
        self._installed, now = installed(kept)
        if now != kept:
            self.records.remember("installed", now)
        self.rulebook = Rulebook(self.layout.root, self._installed.homes)
        self.world = World(seen)
        self._known_count = index.targets if index else None
        self._stamp = json.dumps([self.settings.out, self.settings.ignore, self._installed.metadata])
        self._mark = fingerprint(__version__)
        known = self.records.remembered("stamp") == self._stamp and not self.records.remembered("open")
        self.full = index is None or index.fingerprint != self._mark or not known
        self._reasons: dict[str, tuple[Difference, ...]] = {}
        self._rules: dict[str, tuple[str, str]] = {}
        self._folders: set[str] = set()  # in which something was made
        self._removal: Removal | None = None  # what had to go before the first action
        self._open_in_records, self._open_for_writing = False, True

    def _make_state(self) -> None:
        try:
            self.layout.make_state()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> PackagingError:
        what = f"`{self.layout.state}` cannot be written: {reason(error)}"
        has_room = shutil.disk_usage(self.layout.root).free > 1 << 20  # SQLite calls a full disk an I/O error
        fix = "make the workspace writable for you" if has_room else "free some disk space"
        return BuildError.one(what, self.layout.root, fix)

    def plan(self) -> None:
        """Bring the records in step with the disk; raises RequestError with every problem of every target."""
        changed = self.world.sweep()
        planner = Planner(self.settings, self.rulebook, self.records, self.world)
        planner.run(changed, full=self.full)
        self._targets_changed = planner.changed_targets
        self._open_in_records = bool(changed) or self.full
        if self.full:
            self.records.remember("stamp", self._stamp)
            self._clear_staging()
            self._watched: Collection[str] | None = planner.watched | set(self._installed.metadata)
        else:
            self._watched = None

    def _clear_staging(self) -> None:
        """Remove what builds that were killed have left; the lock says that none of them still runs."""
        shutil.rmtree(self.layout.staging, ignore_errors=True)

    @cached_property
    def target_count(self) -> int:
        """How many targets the workspace has. Counting them reads the whole table, which the index can often spare."""
        known = None if self.full or self._targets_changed else self._known_count
        return self.records.targets.count() if known is None else known

    def warnings(self) -> list[Problem]:
        """Return what rules warned of, in the targets as they are now, sorted by place."""
        return sorted(self.records.targets.warnings(), key=lambda one: (one.place, one.what, one.fix))

    def candidates(self, labels: Collection[Label] | None = None) -> list[KnownAction]:
        """Return the actions that may have to run, by id, limited to `labels` and what they depend on."""
        found = candidates(self.records, labels)
        self._prefetch(found)
        return found

    def _prefetch(self, actions: Sequence[KnownAction]) -> None:
        """Hash what the actions need, on all cores, before the first of them runs."""
        made = {path for one in actions for path in one.action.outputs}
        wanted = (path for one in actions for path in one.action.inputs if path[0] != RULE_FILE and path[-1] != FOLDER)
        self.world.ensure(path for path in wanted if path not in made)

    # Deciding -----------------------------------------------------------------------------------------------------

    def check(self, name: str) -> Decision:
        """Decide whether an action has to run, now that all it depends on is made.

        Raises BuildError where an input is missing.
        """
        pending = self.records.actions[name]
        action = pending.action
        run = self._with_files(pending)
        inputs = self._inputs(name, run)
        states = {path: state for path, (_, state, _) in inputs.items()}
        programs = kind_of(action.kind).program_paths(action)
        tools = {tool: self.world.state(path) for tool, path in programs.items()}
        shot = snapshot(action, states, self._rule_of(pending.label), tools)
        reasons = tuple(self._reasons_to_run(pending, shot))
        self._reasons[name] = reasons
        if not reasons:
            self.records.actions.mark_fresh(pending)
            return Decision(None)
        self._removal = self._removal or remove_orphans(self.records, self.world, self.settings.out, in_the_way=True)
        layout, log = self.layout, self.layout.log_of(name)
        return Decision(Job(name, layout.root, layout.staging, layout.cache, log, run, shot, inputs), reasons)

    def _reasons_to_run(self, pending: KnownAction, shot: dict[str, Any]) -> Iterable[Difference]:
        result = pending.result
        if result is None or result.key != key_of(shot):
            found = differences(result.shot if result else None, shot)
            # Where none is found, it is such as 1 to true, which Python calls equal.
            yield from found or [Difference("its description changed", "")]
            return
        files = (path for path in pending.action.outputs if not path.endswith(FOLDER))
        for path in dict.fromkeys((*files, *result.states)):
            now, recorded = self.world.state(path), result.states.get(path, "")
            if now != recorded:
                yield output_difference(path, recorded, now)

    def _with_files(self, pending: KnownAction) -> Action:
        """Return an action with the files that are in the folders which it uses, now that these are made."""
        folders = [path for path in pending.action.inputs if path.endswith(FOLDER)]
        if not folders:
            return pending.action
        self.records.actions.flush()
        try:
            return pending.action.with_files({folder: tuple(self.records.outputs.within(folder)) for folder in folders})
        except ValueError as error:
            raise BuildError.one(str(error), pending.id, "give one of the two another name") from None

    def _inputs(self, name: str, action: Action) -> dict[str, tuple[str, str, Signature]]:
        found = {path: self._input(path) for path in action.inputs}
        bad = [(path, state) for path, (_, state, _) in found.items() if state[0] not in "fxl"]
        if bad:
            raise BuildError(*(_unusable(name, path, state) for path, state in bad))
        return found

    def _input(self, path: str) -> tuple[str, str, Signature]:
        place = self.rulebook.on_disk(path)
        state, sig = self.world.known(place)
        return os.path.join(self.layout.root, place), state, sig

    def _rule_of(self, label: str) -> tuple[str, str]:
        if label not in self._rules:
            self._rules[label] = self.records.targets.rule_of(label)
        return self._rules[label]

    # Recording ----------------------------------------------------------------------------------------------------

    def record(self, name: str, done: Done, shot: Mapping[str, Any]) -> None:
        """Remember what running an action came to."""
        pending = self.records.actions[name]
        for path, state in done.states.items():
            self.world.made(path, state)
        self._folders.update(path for path in pending.action.outputs if path.endswith(FOLDER))
        result = Result(done.key, shot, done.states, done.outcome, round(done.seconds, 3), int(time.time()))
        self.records.actions.record(pending, result, [one.row() for one in self._reasons.get(name, ())])

    # Closing ------------------------------------------------------------------------------------------------------

    def close(self) -> Removal:
        """Write what is left to write, remove what nobody makes any longer, and give the lock back. Works once."""
        if not self._open_for_writing:
            return Removal()
        self._open_for_writing = False
        try:
            self.records.actions.flush()
            removal = self._removal or Removal()
            removal.add(remove_orphans(self.records, self.world, self.settings.out))
            removal.removed += remove_strays(self.records, self._tidied_folders())
            self._save_index()
            if self._open_in_records:
                self.records.remember("open", "")
            return removal
        finally:
            self.records.close()
            self._lock.release()

    def _tidied_folders(self) -> list[str]:
        """Return the folders that actions have filled; after a kill, strays may lie in any, and all is examined."""
        folders = self.records.outputs.folders() if self.full else self._folders
        makers = {path: self.records.outputs.makers(path) for path in folders}
        return [path for path in makers if not any(self.records.actions[name].stale for name in makers[path])]

    def _save_index(self) -> None:
        watched = self._watched
        if watched is not None:
            watched = {*watched, *self.records.outputs.made()}
        pending = self.records.actions.is_any_stale()
        self.world.save(self.layout.index, watched, mark=self._mark, targets=self.target_count, pending=pending)

    def abandon(self) -> None:
        """Give the lock back without writing anything: planning has failed."""
        self._open_for_writing = False
        self.records.close()
        self._lock.release()


@contextlib.contextmanager
def planned(start: str, waiting: Callable[[str], None] = lambda _: None) -> Iterator[Session]:
    """Open a build of the workspace around `start`, plan it, and close it at the end of the `with` block."""
    session = open_planned(start, waiting)
    try:
        yield session
    finally:
        session.close()


def open_planned(start: str, waiting: Callable[[str], None], seen: Look | None = None) -> Session:
    """Open a build and plan it; the caller closes it. A plan that fails leaves everything as it was.

    `seen` is a sweep of the same workspace that this process has made already.
    """
    session = Session(start, waiting, seen)
    try:
        session.plan()
    except BaseException:
        session.abandon()
        raise
    return session


def _unusable(name: str, path: str, state: str) -> Problem:
    noun = {"-": "does not exist", "d": "is a folder", "o": "is a FIFO, a socket or a device"}[state[0]]
    return Problem(name, f"the input `{path}` {noun}", "mend the target, or make the file")
