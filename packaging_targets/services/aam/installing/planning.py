"""From what is asked for to the lock and the manifest that a project is to have; nothing is changed yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, Problem, RegistryError, RequestError, near_miss, raise_all
from packaging_targets.formats.aam.lock import AgentLock, LockedPackage, misfits, reachable
from packaging_targets.formats.aam.names import PackageName

if TYPE_CHECKING:
    from packaging_targets.registry.aam.resolving.routes import Offer, Routes
    from packaging_targets.registry.aam.resolving.values import Candidate, Locked, Resolution, Wanted
    from packaging_targets.services.aam.installing.project import Project
    from packaging_targets.services.aam.specs import Spec
    from packaging_targets.store.aam.cache import PackageCache


@dataclass(frozen=True, slots=True)
class Plan:
    """What a project is to have: the lock, what is wanted as ranges by name, and what people should hear of it."""

    lock: AgentLock
    wanted: Mapping[str, str]
    warnings: tuple[Problem, ...] = ()

    def is_local(self, name: str) -> bool:
        """Tell whether a package comes from a file or folder."""
        return name in self.lock.resolved and bool(self.lock.resolved[name].path)


@dataclass(slots=True)
class Asked:
    """What is asked for besides what the project wants already.

    `specs` are installed, `removed` are names that are not wanted any more, and of `renewed` newer versions are taken;
    `renews_all` takes them of everything.
    """

    specs: Sequence[Spec] = ()
    removed: Sequence[str] = ()
    renewed: Sequence[str] = ()
    renews_all: bool = False
    strict_peers: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether what the project wants is all there is."""
        return not (self.specs or self.removed or self.renewed or self.renews_all)


def planned(project: Project, asked: Asked, cache: PackageCache, routes: Callable[[], Routes]) -> Plan:
    """Return what the project is to have. Registries are asked only where the lock does not say everything.

    Raises RequestError for names that are not there to be removed or renewed, and all that resolving raises.
    """
    _check_names(project, asked)
    wanted = {name: text for name, text in project.wanted.items() if name not in asked.removed}
    if asked.is_nothing and fits(project):
        peers = _Planning(project, asked, cache, routes(), wanted).plan().warnings if asked.strict_peers else ()
        return Plan(_kept(project.lock, project.wanted, project), wanted, peers)
    if asked.removed and not (asked.specs or asked.renewed or asked.strict_peers):
        needs = {**_optional_locked(project, asked.removed), **wanted}
        if not _overridden(project) and not list(misfits(project.lock, needs)):
            return Plan(_kept(project.lock, wanted, project, asked.removed), wanted)
    return _Planning(project, asked, cache, routes(), wanted).plan()


def fits(project: Project) -> bool:
    """Tell whether the lock says all that the project wants."""
    return not list(lock_misfits(project))


def lock_misfits(project: Project) -> Sequence[str]:
    """Return what of what the project wants the lock does not say."""
    found = [*_overridden(project), *misfits(project.lock, project.wanted)]
    for name, text in project.also("optionalDependencies").items():
        if name in project.lock.resolved:
            alone = replace(project.lock.resolved[name], dependencies={})
            found += misfits(replace(project.lock, resolved={name: alone}), {name: text})
        elif project.lock.requested.get(name) != text:
            found.append(f"the project would use `{name}` {text}, which the lock does not know")
    return found


def lock_differs(project: Project) -> Sequence[str]:
    """Return what the lock and the project say of each other that is not the same, also where what is locked fits."""
    found = list(lock_misfits(project))
    wanted = {**project.also("optionalDependencies"), **project.wanted}
    for name, text in project.lock.requested.items():
        if name not in wanted:
            found.append(f"`{name}` is locked, which the project does not want any more")
        elif wanted[name] != text and not any(f"`{name}` {wanted[name]}" in one for one in found):
            found.append(f"the project wants `{name}` {wanted[name]}, but the lock was made for {text}")
    return found


def _overridden(project: Project) -> Sequence[str]:
    if dict(project.also("resolutions")) == dict(project.lock.resolutions):
        return ()
    return ("`resolutions` is not what it was when the lock was made",)


def _optional_locked(project: Project, removed: Sequence[str] = ()) -> Mapping[str, str]:
    optional = project.also("optionalDependencies")
    return {name: text for name, text in optional.items() if name in project.lock.resolved and name not in removed}


def _kept(lock: AgentLock, wanted: Mapping[str, str], project: Project, removed: Sequence[str] = ()) -> AgentLock:
    """Return a lock with what is wanted alone, and what that needs."""
    optional = {name: text for name, text in project.also("optionalDependencies").items() if name not in removed}
    requested = {**optional, **wanted}
    names = reachable(lock, requested)
    resolved = {name: one for name, one in lock.resolved.items() if name in names}
    return AgentLock(requested, resolved, project.also("resolutions"))


def _check_names(project: Project, asked: Asked) -> None:
    known = {*project.wanted, *project.also("optionalDependencies")}
    problems = []
    for name in (*asked.removed, *asked.renewed):
        if name in known or (name in project.lock.resolved and name in asked.renewed):
            continue
        needing = [other for other, one in project.lock.resolved.items() if name in one.dependencies]
        what = f"`{name}` is not among what the project wants"
        fix = f"it is installed because `{needing[0]}` needs it" if needing else near_miss(name, known)
        problems.append(Problem(project.title, what, fix or "see: aam list"))
    raise_all(problems, RequestError)


@dataclass(slots=True)
class _Planning:
    project: Project
    asked: Asked
    cache: PackageCache
    routes: Routes
    wanted: dict[str, str]
    demands: dict[str, str] = field(default_factory=dict)
    files: dict[str, Candidate] = field(default_factory=dict)
    tagged: set[str] = field(default_factory=set)
    notes: list[Problem] = field(default_factory=list)

    def plan(self) -> Plan:
        from packaging_targets.registry.aam.resolving.resolver import resolve

        self._keep_files()
        for spec in self.asked.specs:
            self._add(spec)
        resolution = resolve(self._question(), self.routes)
        if self.asked.strict_peers:
            raise_all(resolution.peers, PackagingError)
        for name in self.tagged:
            self.wanted[name] = f"^{_without_build(resolution.packages[name])}"
        lock = self._lock(resolution)
        warnings = (*self.notes, *resolution.left_out, *resolution.peers, *_discouraged(resolution, self.project))
        return Plan(lock, self.wanted, warnings)

    def _question(self) -> Wanted:
        from packaging_targets.registry.aam.resolving.values import Locked, Wanted

        project, asked = self.project, self.asked
        fresh = {spec.name for spec in asked.specs} | set(asked.renewed)
        locked: dict[str, Locked] = {}
        for name, one in project.lock.resolved.items():
            if not asked.renews_all and name not in fresh and not one.path:
                locked[name] = Locked(one.version, one.registry, one.integrity)
        optional = {
            name: text for name, text in project.also("optionalDependencies").items() if name not in asked.removed
        }
        return Wanted(
            {**self.wanted, **self.demands},
            project.title,
            optional,
            project.also("peerDependencies"),
            locked,
            project.also("resolutions"),
            self.files,
            {name: one.registry for name, one in project.lock.resolved.items() if one.registry},
        )

    def _keep_files(self) -> None:
        """Keep packages from files as they are locked; those that are renewed are read again."""
        from packaging_targets.services.aam.installing.local import local_package, locked_package

        for name, one in self.project.lock.resolved.items():
            if not one.path or name in self.asked.removed:
                continue
            if self.asked.renews_all or name in self.asked.renewed:
                self.files[name] = local_package(one.path, self.project.root, self.cache)
                if name in self.wanted and name not in self.project.declared:
                    self.wanted[name] = str(self.files[name].version)
            else:
                self.files[name] = locked_package(name, one)

    def _add(self, spec: Spec) -> None:
        if spec.kind == "range":
            self.files.pop(spec.name, None)
            self.wanted[spec.name] = spec.text
        elif spec.kind == "tag":
            self.files.pop(spec.name, None)
            self.demands[spec.name] = self._range_of(spec)
            self.tagged.add(spec.name)
        else:
            from packaging_targets.services.aam.installing.local import local_package

            found = local_package(spec.text, self.project.root, self.cache)
            self.files[found.name] = found
            if found.name not in self.project.declared:
                self.wanted[found.name] = _without_build(found)
                self._say_that_it_stays_here(found)

    def _say_that_it_stays_here(self, found: Candidate) -> None:
        if self.project.manifest is not None and found.name not in self.project.wanted:
            what = f"`{found.name}` comes from `{found.path}`: the lock has it, and package.agent.json has not"
            fix = "publish it, and install it by its name, for those who depend on this package"
            self.notes.append(Problem(found.path, what, fix))

    def _range_of(self, spec: Spec) -> str:
        """Return what a tag leads to; any version will do where that is the highest stable one anyway."""
        from packaging_targets.model.versions.semver import LATEST

        locked = self.project.lock.resolved.get(spec.name)
        offer = self.routes.offer(spec.name, locked.registry if locked else "")
        if offer is None:
            what = f"there is no package `{spec.name}` in {self.routes.asked(spec.name)}"
            raise RegistryError.one(what, "", self.routes.near(spec.name) or "see: aam search")
        version = offer.metadata.leading.get(spec.text)
        if version is None and spec.text != LATEST:
            tags = ", ".join(sorted(offer.metadata.tags)) or "none"
            fix = near_miss(spec.text, offer.metadata.tags) or f"tags: {tags}"
            raise RegistryError.one(f"`{spec.name}` has no tag `{spec.text}`", offer.registry.url, fix)
        return "*" if version is None or version == _highest(offer) else version

    def _lock(self, resolution: Resolution) -> AgentLock:
        resolved = {}
        for name, one in resolution.packages.items():
            needs = dict(sorted(resolution.dependencies_of(one).items()))
            new = LockedPackage(str(one.version), one.integrity, one.registry, one.path, needs)
            old = self.project.lock.resolved.get(name)
            same = old and not new.path and (old.version, old.integrity) == (new.version, new.integrity)
            if old and same and not self.routes.stray(PackageName.parse(name), old.registry):
                new = replace(new, registry=old.registry)  # a mirror serves it, and is not where it comes from
            resolved[name] = new
        return _kept(AgentLock({}, resolved), self.wanted, self.project, self.asked.removed)


def _highest(offer: Offer) -> str:
    stable = (str(one.version) for one in offer.metadata.newest_first() if not one.version.prerelease)
    return next(stable, "")


def _without_build(candidate: Candidate) -> str:
    return str(candidate.version).partition("+")[0]


def _discouraged(resolution: Resolution, project: Project) -> Iterator[Problem]:
    """Yield what should be heard of the packages that come now."""
    from packaging_targets.registry.aam.resolving.values import discouraged

    for name, one in sorted(resolution.packages.items()):
        old = project.installed.get(name)
        if one.release and (old is None or old.version != str(one.version)):
            yield from discouraged(name, one.registry, one.release)
