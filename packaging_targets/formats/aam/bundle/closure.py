"""What a bundle is made of: a package and, transitively, what it depends on, each once, in versions that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.package.reader import AgentPackage
from packaging_targets.model.versions.ranges import VersionRange


@dataclass(frozen=True, slots=True)
class Closure:
    """The packages that a root depends on, by name; `errors` are what it lacks, `warnings` what it does without."""

    dependencies: tuple[AgentPackage, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def closure_of(root: AgentPackage, others: Sequence[AgentPackage]) -> Closure:
    """Return what `root` needs of `others`, which may hold more than that."""
    search = _Search((root, *others))
    search.follow(root)
    needed = (one for name, one in sorted(search.reached.items()) if name != root.manifest.name)
    return Closure(tuple(needed), tuple(search.errors), tuple(search.warnings))


class _Search:
    def __init__(self, packages: Iterable[AgentPackage]) -> None:
        self.reached: dict[PackageName, AgentPackage] = {}
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._path: dict[str, str] = {}
        self._there: dict[str, AgentPackage] = {}
        for one in packages:
            other = self._there.setdefault(str(one.manifest.name), one)
            if other.digest != one.digest:
                versions = " and ".join(sorted((str(other.manifest.version), str(one.manifest.version))))
                what = f"there are two archives of `{one.manifest.name}`: {versions}"
                self.errors.append(Problem("", what, "leave one of them out"))

    def follow(self, package: AgentPackage) -> None:
        """Take a package in, and all that it depends on."""
        manifest = package.manifest
        if manifest.name in self.reached:
            return
        self.reached[manifest.name] = package
        above, title = self._path, f"{manifest.name}@{manifest.version}"
        self._path = {**above, str(manifest.name): title}
        for name, wanted in manifest.dependencies.items():
            self._take(title, name, wanted, self.errors)
        for name, wanted in manifest.optional.items():
            self._take(title, name, wanted, self.warnings)
        self._path = {}  # a package and its peer may well need each other
        for name, wanted in manifest.peers.items():
            if name in self._there:
                self._take(title, name, wanted, self.errors)
            else:
                what = f"`{name}` {wanted} is not in the bundle: whoever deploys it has to bring it"
                self.warnings.append(Problem(title, what))
        self._path = above

    def _take(self, title: str, name: str, wanted: VersionRange, problems: list[Problem]) -> None:
        found = self._there.get(name)
        if found is None:
            fix = "add its target to `deps` of the agent_package, or its archive to `vendored`"
            problems.append(Problem(title, f"it depends on `{name}` {wanted}, and no archive of that is there", fix))
        elif not wanted.allows(found.manifest.version):
            what = f"it depends on `{name}` {wanted}, and the archive that is there is {found.manifest.version}"
            problems.append(Problem(title, what, "bring a version that fits"))
        elif name in self._path:
            titles = [*self._path.values(), self._path[name]][list(self._path).index(name) :]
            what = f"packages depend on each other in a circle: {' → '.join(titles)}"
            self.errors.append(Problem(title, what, "take one of these dependencies away"))
        else:
            self.follow(found)
