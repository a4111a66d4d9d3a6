"""What containers a repository has: those that its target files declare, and those that only its index knows.

A repository of the convention that has no workspace has only its `docs/packaging/registry.json`, whose entries are as
good as declared ones for all that only reads them.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging_targets.build.session import planned
from packaging_targets.errors import IntegrityError, Problem, RequestError, near_miss, raise_all
from packaging_targets.formats.container.registry_index import id_of, inspect
from packaging_targets.model.label import Label
from packaging_targets.services.containers.places import HOME, content_of, dockerfile_of, is_workspace
from packaging_targets.store.layout import CONTAINER_INDEX, TARGET_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.build.session import Session


@dataclass(frozen=True, slots=True)
class Entry:
    """A container. `label` is its target's, empty where only the index knows it; paths are relative to the root.

    `values` is all that is said of it, with every key that the index has besides; what its target says for builds
    of images, and the index does not know, are `platforms` and `build_args`, and whether its Dockerfile `is_rendered`.
    """

    id: str
    values: Mapping[str, Any]
    label: str = ""
    platforms: tuple[str, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)
    is_rendered: bool = False

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

    @property
    def paths(self) -> dict[str, str]:
        """What it says of places in the repository, by key."""
        return {"module": self.text("module"), "context": self.context, "dockerfile": self.dockerfile}

    def to_json(self) -> dict[str, Any]:
        """Return all that is said of it, in that order, and behind it what goes without saying."""
        usual = {"type": "", "dockerfile": self.dockerfile, "context": self.context, "image": self.image}
        said = {"id": self.id, **self.values}
        return {**said, **{key: value for key, value in usual.items() if key not in said}}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The containers of the repository at `root`, sorted by id.

    `index` holds the bytes of the index, None where there is none, and `defects` what is wrong with it; `further` are
    its keys beside its targets; `registry` is the label of the target that keeps it in step.
    """

    root: str
    is_workspace: bool
    entries: tuple[Entry, ...]
    index: bytes | None = field(default=None, repr=False)
    index_path: str = CONTAINER_INDEX
    defects: tuple[Problem, ...] = ()
    further: Mapping[str, Any] = field(default_factory=dict)
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
        if self.registry is None:
            what = "no target keeps the index of containers"
            where = TARGET_FILE
            if not self.is_workspace:
                what, where = f"there is no {TARGET_FILE} with a [workspace] table", self.root
            raise RequestError.one(what, where, "run ctl-packaging init")
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


@contextlib.contextmanager
def opened_catalogue(root: str) -> Iterator[tuple[Catalogue, Session | None]]:
    """Give the containers of a repository, and the planned session that knows their targets, where there are any.

    Raises PackagingError with all that is wrong with targets or index.
    """
    with planned(root) if is_workspace(root) else contextlib.nullcontext() as session:
        found = catalogue_of(root, session)
        raise_all(found.defects, IntegrityError)
        yield found, session


def open_catalogue(root: str) -> Catalogue:
    """Return the containers of a repository; raises PackagingError with all that is wrong with targets or index."""
    with opened_catalogue(root) as (found, _):
        return found


def catalogue_of(root: str, session: Session | None) -> Catalogue:
    """Return the containers that a planned session knows, and those of the index; `session` is None without targets."""
    registry, path, declared = _declared(session)
    data = content_of(root, path)
    index, defects = ({}, ()) if data is None else inspect(data, path)
    listed = index.get("targets")
    raw = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    said = {id_of(one): one for one in raw if isinstance(id_of(one), str)}
    entries = [
        _entry(session, label, {**said.get(value["id"], {}), **value})
        for label, value in declared.items()
        if session is not None
    ]
    ids = {entry.id for entry in entries}
    for one in raw:
        name = id_of(one)
        gone = session is not None and str(one.get("declaredBy", "")).startswith("//")  # the next build takes it out
        if isinstance(name, str) and name not in ids and not gone:
            entries.append(Entry(name, one))
    entries.sort(key=lambda entry: entry.id)
    further = {key: value for key, value in index.items() if key != "targets"}
    return Catalogue(root, session is not None, tuple(entries), data, path, defects, further, registry)


def status(root: str) -> Status:
    """Return how far the repository is."""
    found = open_catalogue(root)
    declared = sum(1 for entry in found.entries if entry.label)
    return Status(
        root,
        os.path.isdir(os.path.join(root, HOME)) and found.index is not None,
        found.is_workspace,
        len(found.entries),
        dict(sorted(Counter(entry.type for entry in found.entries).items())),
        declared,
        len(found.entries) - declared,
    )


def _declared(session: Session | None) -> tuple[Label | None, str, dict[str, Mapping[str, Any]]]:
    """Return the target that keeps the index, where it is, and what each container target says, by label."""
    if session is None:
        return None, CONTAINER_INDEX, {}
    targets = session.records.targets
    registry = min(targets.labels_of("packaging_registry"), default=None)
    known = targets.get(registry) if registry else None
    path = str(known.target.fields["out"]) if known else CONTAINER_INDEX
    provided = {label: values["container"] for label, values in targets.all_provided() if "container" in values}
    return registry, path, provided


def _entry(session: Session, label: str, values: Mapping[str, Any]) -> Entry:
    """Return a declared container, with what its target says of builds."""
    known = session.records.targets.get(Label.parse(label))
    fields = known.target.fields if known else {}
    platforms = tuple(fields.get("platforms", ()))
    return Entry(values["id"], values, label, platforms, fields.get("build_args", {}), "dockerfile" not in fields)
