"""A project that packages are installed into: its manifest, its lock, and what is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

from packaging_targets.errors import BuildError, IntegrityError, RequestError, reason
from packaging_targets.formats.aam.lock import AgentLock, parse_lock
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.store.aam.places import DEPLOYED, INSTALLED, JOURNAL, LOCK, PACKAGES, STAGING
from packaging_targets.store.aam.regular_file import open_regular
from packaging_targets.store.journal import Journal, Recovery
from packaging_targets.store.lock import folder_lock

_INDENT = re.compile(r"\n([ \t]+)\"")
_SETTLED: Mapping[Recovery, str] = {
    "finished": "finished an installation that was interrupted",
    "took back": "took back an installation that was interrupted",
}


@dataclass(frozen=True, slots=True)
class Installed:
    """A package that was installed: the SHA-256 of each file, in hex, by path."""

    version: str
    integrity: str
    files: Mapping[str, str]


@dataclass(slots=True)
class Project:
    """What stands in a project's folder; `manifest` is None where it has none, `lock_data` the bytes of the lock."""

    root: str
    manifest: dict[str, Any] | None = None
    manifest_data: bytes = b""
    lock: AgentLock = field(default_factory=AgentLock)
    lock_data: bytes | None = None
    installed: dict[str, Installed] = field(default_factory=dict)
    deployed: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, root: str) -> Self:
        """Read a project's folder; raises RequestError and IntegrityError with all that is wrong with its files."""
        if not os.path.isdir(root):
            raise RequestError.one(f"there is no folder `{root}`", "--project")
        project = cls(os.path.abspath(root))
        manifest, project.lock_data = project.file(MANIFEST), project.file(LOCK)
        if manifest is not None:
            project.manifest_data = manifest
            project.manifest = _manifest(manifest)
        if project.lock_data is not None:
            project.lock = parse_lock(project.lock_data)
        project.installed = {
            name: Installed(one["version"], one["integrity"], one["files"])
            for name, one in project._state(INSTALLED, _is_installed).items()
        }
        project.deployed = project._state(DEPLOYED, _is_deployed)
        return project

    def path(self, name: str) -> str:
        """Return where a file of the project is; `name` is relative to it."""
        return os.path.join(self.root, name)

    def file(self, name: str) -> bytes | None:
        """Return the bytes of a file of the project, or None where it is not there."""
        try:
            with open_regular(self.path(name)) as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RequestError.one(f"`{name}` cannot be read: {reason(error)}", name) from error

    @property
    def title(self) -> str:
        """What wants the packages, for messages: the manifest or the lock."""
        return MANIFEST if self.manifest is not None else LOCK

    @property
    def wanted(self) -> Mapping[str, str]:
        """What the project has to have: ranges by name. Packages from files are in the lock alone.

        A manifest names packages, and not where they are: whoever has such a name in a registry would be asked for it.
        """
        if self.manifest is None:
            return self.lock.requested
        local = {name: text for name, text in self.lock.requested.items() if self._is_local(name)}
        optional = self.also("optionalDependencies")
        return {**{name: text for name, text in local.items() if name not in optional}, **self.declared}

    @property
    def declared(self) -> Mapping[str, str]:
        """The `dependencies` of the manifest."""
        return self.also("dependencies")

    def _is_local(self, name: str) -> bool:
        return name in self.lock.resolved and bool(self.lock.resolved[name].path)

    def also(self, member: str) -> Mapping[str, Any]:
        """Return another member of the manifest that is a table, such as `optionalDependencies`."""
        table: Mapping[str, Any] = (self.manifest or {}).get(member, {})
        return table

    def is_installed(self, name: str, version: str, integrity: str) -> bool:
        """Tell whether a package is installed, as far as its folder tells."""
        one = self.installed.get(name)
        there = one is not None and (one.version, one.integrity) == (version, integrity)
        return there and os.path.isdir(self.path(folder_of(name)))

    def with_dependencies(self, ranges: Mapping[str, str], removed: set[str]) -> bytes:
        """Return the manifest's bytes with other dependencies, indented as they were; what is optional stays so."""
        value = dict(self.manifest or {})
        optional = {name: text for name, text in self.also("optionalDependencies").items() if name not in removed}
        if optional != self.also("optionalDependencies"):
            value["optionalDependencies"] = optional
        if ranges or "dependencies" in value:
            value["dependencies"] = dict(sorted(ranges.items()))
        text = self.manifest_data.decode().removeprefix("\ufeff")
        found = _INDENT.search(text)
        new = json.dumps(value, ensure_ascii=False, indent=found[1] if found else None)
        return (new + ("\n" if text.endswith("\n") else "")).encode()

    def _state(self, name: str, is_one: Callable[[Any], bool]) -> dict[str, Any]:
        """Return what a state file has of each package, if each is one; it may come with a clone, from anybody."""
        data = self.file(name)
        if data is None:
            return {}
        try:
            found: dict[str, Any] = json.loads(data)["packages"]
            if all(PackageName.parse(package) and is_one(one) for package, one in found.items()):
                return found
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass
        raise damaged(name)


def _is_installed(one: Any) -> bool:
    texts = isinstance(one["version"], str) and isinstance(one["integrity"], str)
    return texts and _are_files(one["files"])


def _is_deployed(records: Any) -> bool:
    return isinstance(records, dict) and bool(records)  # what they hold is checked by `deploying.records`


def _are_files(value: Any) -> bool:
    return all(isinstance(digest, str) and is_inner(path) for path, digest in value.items())


def is_inner(path: str) -> bool:
    """Tell whether a path stays below the folder that it is relative to."""
    return not path.startswith("/") and not {"", ".", ".."} & set(path.split("/")) and "\0" not in path


def damaged(name: str) -> IntegrityError:
    """Return what is told of a state file that holds something else than we write."""
    return IntegrityError.one("it is damaged", name, f"remove `{PACKAGES}` and run `aam install`")


def _manifest(data: bytes) -> dict[str, Any]:
    from packaging_targets.formats.aam.package.manifest import parse_manifest

    return dict(parse_manifest(data, MANIFEST).value)


def nearest_project(folder: str) -> str:
    """Return the nearest folder from this one up that has a manifest or a lock, or this one where none has."""
    above = os.path.abspath(folder)
    while not any(os.path.lexists(os.path.join(above, name)) for name in (MANIFEST, LOCK)):
        if above == os.path.dirname(above):
            return folder
        above = os.path.dirname(above)
    return folder if above == os.path.abspath(folder) else above


def folder_of(name: str) -> str:
    """Return the folder of an installed package, relative to the project."""
    return f"{PACKAGES}/{PackageName.parse(name).folder}"


def state_bytes(packages: Mapping[str, Any]) -> bytes:
    """Return what a state file holds, a package on each line."""
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in sorted(packages.items())
    )
    return f'{{"packages": {{\n{lines}\n}}}}\n'.encode()


def may_touch(path: str) -> bool:
    """Tell whether an installation may change a path of the project, whoever says so."""
    if path in {MANIFEST, LOCK} or path.startswith(f"{PACKAGES}/"):
        return True
    from packaging_targets.formats.aam.bundle.archive import may_write
    from packaging_targets.formats.aam.bundle.compiling import PLATFORMS

    return any(may_write(target, path) for target in PLATFORMS)


def _nobody() -> None:
    """Say nothing while another process has the lock."""


@contextmanager
def changing(root: str, waiting: Any = _nobody) -> Iterator[str]:
    """Hold the lock on a project, with nothing half-done; give what was settled, a sentence or nothing.

    Raises RequestError where there is no such folder, and BuildError where it cannot be locked.
    """
    if not os.path.isdir(root):
        raise RequestError.one(f"there is no folder `{root}`", "--project")
    with folder_lock(root, waiting, shared=False):
        if os.path.islink(os.path.join(root, PACKAGES)):
            raise IntegrityError.one(f"`{PACKAGES}` is a link, and packages are not installed through one", PACKAGES)
        journal = os.path.join(root, JOURNAL)
        settled = _SETTLED.get(Journal.recover(journal, root, may_touch), "") if os.path.lexists(journal) else ""
        if os.path.lexists(os.path.join(root, STAGING)):
            shutil.rmtree(os.path.join(root, STAGING), ignore_errors=True)  # of a process that was killed
        yield settled


@contextmanager
def looking(root: str) -> Iterator[None]:
    """Share the lock on a project: it is seen as it is between two changes; what was interrupted is settled first."""
    if not os.path.isdir(root):
        raise RequestError.one(f"there is no folder `{root}`", "--project")
    if Journal.is_open(os.path.join(root, JOURNAL)):
        with changing(root):
            pass
    with folder_lock(root, _nobody, shared=True):
        yield


def unwritable(path: str, error: OSError) -> BuildError:
    """Return what is told of a path that cannot be written."""
    return BuildError.one(f"`{path}` cannot be written: {reason(error)}", "", "nothing was changed")


@contextmanager
def staging_of(project: Project) -> Iterator[str]:
    """Give an empty folder on the project's disk; it is gone in the end, and so is what was made for it alone."""
    staging = project.path(STAGING)
    is_new = not os.path.lexists(project.path(PACKAGES))
    try:
        os.makedirs(staging)
    except OSError as error:
        raise unwritable(STAGING, error) from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # it holds what was installed
                os.rmdir(project.path(PACKAGES))
