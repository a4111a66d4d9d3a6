"""`aam install`, `uninstall` and `update`: what is asked for is planned, fetched beside, and then there at once.

    lock ──▶ settle ──▶ read ──▶ plan ──▶ fetch into staging ──▶ journal: folders, state, lock, manifest
                                    └─ nothing to do: done

Nothing of the project changes before the journal commits, and a kill at any moment leaves what was before or what comes
after to the next command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, Problem, RequestError, legible, raise_all
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.services.aam.installing.planning import Asked, Plan, lock_differs, planned
from packaging_targets.services.aam.installing.project import (
    Project,
    changing,
    folder_of,
    may_touch,
    staging_of,
    state_bytes,
)
from packaging_targets.services.aam.installing.unchanged import remember
from packaging_targets.services.aam.specs import parse_specs
from packaging_targets.store.aam.cache import PackageCache
from packaging_targets.store.aam.places import INSTALLED, JOURNAL, LOCK, STAGING, cache_folder
from packaging_targets.store.aam.unpacked_tree import differences
from packaging_targets.store.journal import Journal

if TYPE_CHECKING:
    from packaging_targets.formats.aam.lock import LockedPackage
    from packaging_targets.registry.aam.resolving.routes import Routes
    from packaging_targets.services.aam.installing.deploying.changes import Deployed
    from packaging_targets.services.aam.installing.project import Installed


def _silently(_: str = "") -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """How something is installed: `tell` hears of progress, `waiting` is called where the project is being changed."""

    root: str = "."
    registry: str = ""
    frozen: bool = False
    dry_run: bool = False
    save: bool = True
    strict_peers: bool = False
    force: bool = False
    tell: Callable[[str], None] = _silently
    waiting: Callable[[], None] = _silently


@dataclass(frozen=True, slots=True)
class Change:
    """A package that comes, goes or becomes another: its versions before and after, empty for none."""

    name: str
    before: str
    after: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was done: what changed, how many packages there are now, bundles that were deployed or taken back."""

    changes: tuple[Change, ...] = ()
    count: int = 0
    deployed: tuple[Deployed, ...] = ()
    warnings: tuple[Problem, ...] = ()
    settled: str = ""
    lock_changed: bool = False


@dataclass(slots=True)
class _Work:
    """One installation on its way to the journal."""

    project: Project
    options: Options
    staging: str = ""
    made: Mapping[str, Installed] = field(default_factory=dict)
    doubtful: Sequence[Problem] = ()
    cache: PackageCache = field(default_factory=lambda: PackageCache(cache_folder()))


def install(texts: Sequence[str], options: Options) -> Report:
    """Install what the texts ask for or, without any, what the project wants; raises PackagingError."""
    if options.frozen and texts:
        raise RequestError.one(
            "`--frozen` installs what the lock says, and takes no packages", "", "leave one of them out"
        )
    specs = parse_specs(texts, options.root)
    bundles = [spec.text for spec in specs if spec.kind == "bundle"]
    others = tuple(spec for spec in specs if spec.kind != "bundle")
    asked = Asked(others, strict_peers=options.strict_peers)
    return _changed(options, asked, bundles)


def uninstall(names: Sequence[str], options: Options) -> Report:
    """Let packages, and bundles, not be wanted any more, with what they alone needed; raises PackagingError."""
    return _changed(options, Asked(removed=tuple(names), strict_peers=options.strict_peers), ())


def update(names: Sequence[str], options: Options) -> Report:
    """Take the newest versions of packages that the project's ranges allow; of all where no name is given."""
    asked = Asked(renewed=tuple(names), renews_all=not names, strict_peers=options.strict_peers)
    return _changed(options, asked, ())


def _changed(options: Options, asked: Asked, bundles: Sequence[str]) -> Report:
    with changing(options.root, options.waiting) as settled:
        project = Project.read(options.root)
        work = _Work(project, options)
        deployments = _deployments(work, asked, bundles)
        plan = None if deployments and asked.is_nothing else _plan(work, asked)
        changes = _changes(project, plan, forced=options.force)
        lost = _lost(work, changes)
        documents = _documents(work, plan)
        report = Report(
            tuple(changes),
            len(plan.lock.resolved) if plan else len(project.installed),
            tuple(deployments),
            (*lost, *(plan.warnings if plan else ()), *(one for each in deployments for one in each.warnings)),
            settled,
            LOCK in documents,
        )
        if not options.dry_run and (changes or deployments or documents):
            _apply(work, plan, changes, deployments, documents)
        if plan is not None and options.save and not options.dry_run and not options.frozen:
            remember(project.root)
        warnings = dict.fromkeys((*report.warnings, *work.doubtful, *_uncached(work)))  # a plan may tell of it too
        return replace(report, warnings=tuple(warnings))


def _uncached(work: _Work) -> Iterator[Problem]:
    if work.cache.failure:
        what = f"the cache `{cache_folder()}` cannot be written: {work.cache.failure}"
        yield Problem(cache_folder(), what, "nothing: it is done without; AAM_HOME says where it lies")


def _deployments(work: _Work, asked: Asked, bundles: Sequence[str]) -> list[Deployed]:
    """Return what bundles come to; names of bundles that are taken back are taken out of what is asked for."""
    gone = [name for name in asked.removed if name in work.project.deployed]
    if not bundles and not work.project.deployed:  # what is known of bundles is checked, whoever left it here
        return []
    from packaging_targets.services.aam.installing.deploying.deployments import deployments

    wanted = {*work.project.wanted, *work.project.also("optionalDependencies")}
    asked.removed = [name for name in asked.removed if name not in gone or name in wanted]
    return deployments(work.project, gone, bundles, force=work.options.force)


def _plan(work: _Work, asked: Asked) -> Plan:
    project, options = work.project, work.options
    if options.frozen:
        if project.lock_data is None:
            raise PackagingError.one("there is no lock, and --frozen never makes one", LOCK, "aam install")
        told = [Problem(LOCK, what, "aam install, without --frozen") for what in lock_differs(project)]
        raise_all(told, PackagingError)
    return planned(project, asked, work.cache, _routes(work))


def _routes(work: _Work) -> Callable[[], Routes]:
    @cache
    def routes() -> Routes:
        from packaging_targets.services.aam.registries.choosing import routes_of

        return routes_of(work.project.root, work.options.registry)

    return routes


def _changes(project: Project, plan: Plan | None, *, forced: bool) -> list[Change]:
    if plan is None:
        return []
    found = []
    for name, one in sorted(plan.lock.resolved.items()):
        if forced or not project.is_installed(name, one.version, one.integrity):
            before = project.installed[name].version if name in project.installed else ""
            found.append(Change(name, before, one.version, one.registry or one.path))
    gone = project.installed.keys() - plan.lock.resolved.keys()
    return found + [Change(name, project.installed[name].version, "") for name in sorted(gone)]


def _lost(work: _Work, changes: Sequence[Change]) -> list[Problem]:
    """Return what people have done in folders that go or become others; raises RequestError where one is all theirs."""
    lost, theirs = [], []
    for one in changes:
        folder = folder_of(one.name)
        known = work.project.installed.get(one.name)
        if known is not None:
            for path, what in differences(work.project.path(folder), known.files):
                if path and what != "the file is gone":
                    shown = legible(f"{folder}/{path}")
                    lost.append(Problem(shown, f"`{shown}` was changed by somebody, and does not stay"))
        elif os.path.lexists(work.project.path(folder)) and not work.options.force:
            what = f"`{folder}` is there already, and nothing says that it was installed"
            theirs.append(Problem(folder, what, "move it away, or install with --force"))
    raise_all(theirs, RequestError)
    return lost


def _documents(work: _Work, plan: Plan | None) -> dict[str, bytes]:
    """Return what is to be written of lock and manifest, by path."""
    found = {LOCK: _new_lock(work, plan), MANIFEST: _new_manifest(work, plan)}
    return {path: data for path, data in found.items() if data is not None}


def _new_lock(work: _Work, plan: Plan | None) -> bytes | None:
    """Return the bytes of the lock if it is to be written; an empty one is not made anew."""
    if plan is None or work.options.frozen:
        return None
    data = plan.lock.to_bytes()
    if work.project.lock_data is None and not plan.lock.requested:
        return None
    return data if work.options.save and data != work.project.lock_data else None


def _new_manifest(work: _Work, plan: Plan | None) -> bytes | None:
    project = work.project
    if plan is None or project.manifest is None or not work.options.save or work.options.frozen:
        return None
    removed = {name for name in project.also("optionalDependencies") if name not in plan.lock.requested}
    saved = {name: text for name, text in plan.wanted.items() if name in project.declared or not plan.is_local(name)}
    if saved == dict(project.declared) and not removed:
        return None
    return project.with_dependencies(saved, removed)


def _apply(
    work: _Work,
    plan: Plan | None,
    changes: Sequence[Change],
    deployments: Sequence[Deployed],
    documents: Mapping[str, bytes],
) -> None:
    project = work.project
    with staging_of(project) as staging:
        work.staging = staging
        if plan is not None:
            _fetch(work, {one.name: plan.lock.resolved[one.name] for one in changes if one.after})
        journal = Journal(project.path(JOURNAL), project.root, may_touch)
        for one in changes:
            _place(project, journal, one)
        if changes:
            kept = {name: one for name, one in project.installed.items() if plan and name in plan.lock.resolved}
            state = {name: _state(one) for name, one in {**kept, **work.made}.items()}
            journal.write(INSTALLED, state_bytes(state))
        if deployments:
            from packaging_targets.services.aam.installing.deploying.deployments import deploy, sweep

            deploy(project, deployments, journal)
        for path, data in documents.items():
            journal.write(path, data)
        work.options.tell("putting it into place")
        journal.commit()
        if deployments:
            sweep(project, deployments)


def _fetch(work: _Work, wanted: Mapping[str, LockedPackage]) -> None:
    if not wanted:
        return
    from packaging_targets.services.aam.installing.fetching import Fetching

    fetching = Fetching(work.cache, _routes(work), work.project.root)
    unsigned = fetching.checked(wanted)
    work.made = fetching.unpacked(wanted, work.staging, work.options.tell)
    work.doubtful = (*unsigned, *fetching.discouraged())


def _place(project: Project, journal: Journal, change: Change) -> None:
    folder = folder_of(change.name)
    if os.path.lexists(project.path(folder)):
        journal.remove(folder)
    if change.after:
        journal.move(f"{STAGING}/{os.path.basename(folder)}", folder)


def _state(one: Installed) -> Mapping[str, object]:
    return {"version": one.version, "integrity": one.integrity, "files": dict(one.files)}
