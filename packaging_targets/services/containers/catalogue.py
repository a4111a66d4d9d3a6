"""What containers a repository has: those that its target files declare, and those that only its index knows.

A repository of the convention that has no workspace has only its `docs/packaging/registry.json`, whose entries are as
good as declared ones for all that only reads them.
"""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging_targets.build.session import planned
from packaging_targets.errors import IntegrityError, Problem, RequestError, near_miss, raise_all
from packaging_targets.formats.container.registry_index import id_of, inspect
from packaging_targets.model.label import Label
from packaging_targets.store.layout import TARGET_FILE, declares_workspace, find_root

if TYPE_CHECKING:
    from packaging_targets.build.session import Session

INDEX = "docs/packaging/registry.json"
TYPES = ("service", "job", "app")


@dataclass(frozen=True, slots=True)
class Entry:
    """A container. `label` is its target's, empty where only the index knows it; paths are relative to the root.

    `values` is all that is said of it, with every key that the index has besides; what its target says for builds
    of images, and the index does not know, are `platforms` and `build_args`.
    """

    id: str
    values: Mapping[str, Any]
    label: str = ""
    platforms: tuple[str, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, default: str = "") -> str:
        """Return a value as text; one that is missing is `default`."""
        value = self.values.get(key, default)
        return value if isinstance(value, str) else str(value)

    @property
    def type(self) -> str:
        """`service`, `job` or `app`, or whatever else an index says."""
        return self.text("type")

    @property
    def dockerfile(self) -> str:
        """Where its Dockerfile is, or would be."""
        return self.text("dockerfile", dockerfile_of(self.type, self.id))

    @property
    def context(self) -> str:
        """The folder that the build sees."""
        return self.text("context", ".")

    @property
    def image(self) -> str:
        """The name of its image."""
        return self.text("image", self.id)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The containers of the repository at `root`, sorted by id.

    `index` holds the bytes of the index, None where there is none, and `defects` what is wrong with it; `registry` is
    the label of the target that keeps it in step.
    """

    root: str
    is_workspace: bool
    entries: tuple[Entry, ...]
    index: bytes | None = field(default=None, repr=False)
    index_path: str = INDEX
    defects: tuple[Problem, ...] = ()
    registry: Label | None = None

    def __getitem__(self, name: str) -> Entry:
        """Return the container `name`; raises RequestError where there is none."""
        for entry in self.entries:
            if entry.id == name:
                return entry
        ids = [entry.id for entry in self.entries]
        listed = f"ids: {', '.join(ids)}" if ids else "there is none yet: ctl-packaging add-service --id ID"
        raise RequestError.one(f"there is no container `{name}`", "", near_miss(name, ids) or listed)

    def __contains__(self, name: object) -> bool:
        return any(entry.id == name for entry in self.entries)

    def demand_registry(self) -> Label:
        """Return the label of the index; raises RequestError where no target keeps one."""
        if not self.is_workspace:
            what, fix = f"there is no {TARGET_FILE} with a [workspace] table", "run ctl-packaging init"
            if os.path.exists(os.path.join(self.root, TARGET_FILE)):
                fix = f"write [workspace] into {TARGET_FILE}, and below it [[packaging_registry]]"
            raise RequestError.one(what, self.root, fix)
        if self.registry is None:
            fix = 'write [[packaging_registry]] and name = "registry" into it'
            raise RequestError.one("no target keeps the index of containers", TARGET_FILE, fix)
        return self.registry


@dataclass(frozen=True, slots=True)
class Status:
    """How far a repository is: whether `init` has run, and its containers by type, and by who knows of them."""

    root: str
    initialised: bool
    workspace: bool
    targets: int
    by_type: Mapping[str, int]
    declared: int
    index_only: int


def root_of(given: str | None) -> str:
    """Return the repository's root: the folder `given`, or the workspace around the current folder, or that itself.

    Raises RequestError for what is no folder, and for one inside of a workspace.
    """
    here = os.path.realpath(given or os.getcwd())
    if not os.path.isdir(here):
        raise RequestError.one(f"`{given}` is no folder", "--repo-root", "name the repository's root")
    around = find_root(here)
    if given and around not in {None, here}:
        what = f"`{given}` lies in the workspace `{around}`"
        raise RequestError.one(what, "--repo-root", "name the workspace, or leave it out")
    return around or here


def is_workspace(root: str) -> bool:
    """Tell whether the folder has a target file with a `[workspace]` table."""
    try:
        with open(os.path.join(root, TARGET_FILE), "rb") as file:
            return declares_workspace(file.read())
    except OSError:
        return False


def dockerfile_of(kind: str, name: str) -> str:
    """Return where the Dockerfile of a container is rendered to."""
    return f"ops/packaging/{kind}s/{name}.Dockerfile"


def workspace_path(root: str, text: str) -> str | None:
    """Return a path as it is called from the root, `.` for that itself; None for one that leads out of it."""
    path = posixpath.normpath(text or ".")
    if path.startswith("/") or path.split("/")[0] == "..":
        return None
    try:
        real, home = os.path.realpath(os.path.join(root, path)), os.path.realpath(root)
    except ValueError:  # what no file system has a name for
        return None
    return path if real == home or real.startswith(f"{home.rstrip('/')}/") else None


def open_catalogue(root: str) -> Catalogue:
    """Return the containers of a repository; raises PackagingError with all that is wrong with targets or index."""
    if is_workspace(root):
        with planned(root) as session:
            found = catalogue_of(root, session)
    else:
        found = catalogue_of(root, None)
    raise_all(found.defects, IntegrityError)
    return found


def catalogue_of(root: str, session: Session | None) -> Catalogue:
    """Return the containers that a planned session knows, and those of the index; `session` is None without targets."""
    registry, path, declared = _declared(session)
    data = _index_of(root, path)
    index, defects = ({}, ()) if data is None else inspect(data, path)
    listed = index.get("targets")
    raw = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    further = {id_of(one): one for one in raw if isinstance(id_of(one), str)}
    entries = [
        Entry(value["id"], {**further.get(value["id"], {}), **value}, label, *_build_of(session, label))
        for label, value in declared.items()
    ]
    ids = {entry.id for entry in entries}
    for one in raw:
        name = id_of(one)
        gone = session is not None and str(one.get("declaredBy", "")).startswith("//")  # the next build takes it out
        if isinstance(name, str) and name not in ids and not gone:
            entries.append(Entry(name, one))
    entries.sort(key=lambda entry: entry.id)
    return Catalogue(root, session is not None, tuple(entries), data, path, defects, registry)


def status(root: str) -> Status:
    """Return how far the repository is."""
    found = open_catalogue(root)
    declared = sum(1 for entry in found.entries if entry.label)
    return Status(
        root,
        os.path.isdir(os.path.join(root, "ops/packaging")) and found.index is not None,
        found.is_workspace,
        len(found.entries),
        dict(sorted(Counter(entry.type for entry in found.entries).items())),
        declared,
        len(found.entries) - declared,
    )


def _declared(session: Session | None) -> tuple[Label | None, str, dict[str, Mapping[str, Any]]]:
    """Return the target that keeps the index, where it is, and what each container target says, by label."""
    if session is None:
        return None, INDEX, {}
    targets = session.records.targets
    registry = min(targets.labels_of("packaging_registry"), default=None)
    known = targets.get(registry) if registry else None
    path = str(known.target.fields["out"]) if known else INDEX
    provided = {label: values["container"] for label, values in targets.all_provided() if "container" in values}
    return registry, path, provided


def _build_of(session: Session | None, label: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return the platforms of a target, and the arguments of builds with its hand-written Dockerfile."""
    known = session.records.targets.get(Label.parse(label)) if session else None
    fields = known.target.fields if known else {}
    # A rendered Dockerfile holds them already.
    return tuple(fields.get("platforms", ())), fields.get("build_args", {}) if "dockerfile" in fields else {}


def _index_of(root: str, path: str) -> bytes | None:
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RequestError.one(f"`{path}` cannot be read: {(error.strerror or '').lower()}", path) from error
