"""Every asset that there is: registered, in quarantine, or only lying there."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from packaging_targets.errors import legible
from packaging_targets.formats.assets.declared.checks import CheckedAssets, check_assets
from packaging_targets.formats.assets.declared.declaration import FILE, FILE_LIMIT, Asset, AssetTree, read_asset
from packaging_targets.formats.assets.declared.findings import Findings, parse
from packaging_targets.formats.assets.declared.registry import Registry, Row
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.services.assets.building.record import Record
from packaging_targets.services.assets.project import ASSETS, Listing, Project
from packaging_targets.services.assets.transaction import QUARANTINE, looking

State = Literal["ok", "moved", "missing", "invalid", "unregistered", "quarantined"]
"""`moved`: found by its UUID, and not where the registry says. `invalid`: its asset.json is not in order."""


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """An asset as a list shows it.

    `root` is where its folder is, as a path in the project, and `home` where it was when it was put into quarantine,
    or where the registry says it is; the id is 0 and both are equal where the asset is not registered. `name`, `type`
    and `format` are empty, and `artifacts` is 0, where the asset.json does not say.
    """

    asset_id: int
    uuid: str
    name: str
    root: str
    home: str
    type: str
    format: str
    included: bool
    state: State
    artifacts: int

    @property
    def file(self) -> str:
        """Its asset.json, as a path in the project."""
        return f"{self.root}/{FILE}"

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        value = {**asdict(self), "root": legible(self.root), "home": legible(self.home)}
        value |= {"asset_name": value.pop("name"), "asset_uuid": value.pop("uuid")}
        return value


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The assets of a listing, and all that is wrong with them: those outside the build are judged too."""

    listing: Listing
    checked: CheckedAssets
    registry: Registry
    assets: tuple[ListedAsset, ...]
    diagnostics: tuple[Diagnostic, ...]

    @classmethod
    def of(cls, listing: Listing) -> Catalogue:
        """Judge a listing. Raises AssetsError where the registry cannot be read."""
        tree = listing.tree(Record.load(listing.project).remembered(listing))
        checked = check_assets(tree)
        if checked.registry is None:
            raise AssetsError(*checked.diagnostics)
        reader = _Reader(listing, tree, checked)
        assets = tuple(reader.assets(checked.registry))
        return cls(
            listing, checked, checked.registry, assets, tuple(sorted({*checked.diagnostics, *reader.diagnostics}))
        )

    def about(self, asset: ListedAsset) -> tuple[Diagnostic, ...]:
        """Return what is wrong with one asset."""
        return tuple(one for one in self.diagnostics if one.asset == asset.root or one.file == asset.file)

    def inputs_of(self, asset: ListedAsset) -> frozenset[str]:
        """Return the files that an asset declares as its inputs, as paths in the project, there or not."""
        roles = self.declaration_of(asset).get("inputs")
        lists = roles.values() if isinstance(roles, dict) else ()
        paths = (path for paths in lists if isinstance(paths, list) for path in paths)
        return frozenset(f"{asset.root}/{path}" for path in paths if isinstance(path, str))

    def declaration_of(self, asset: ListedAsset) -> dict[str, Any]:
        """Return what stands in an asset.json, as far as that is an object; otherwise nothing."""
        if not os.path.isfile(self.listing.project.path(asset.file)):
            return {}
        try:
            value = parse(self.listing.read(asset.file), Findings(asset.file, "declaration-invalid"), FILE_LIMIT)
        except AssetsError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class _Said:
    """What an asset.json says, as far as lists show it, and as far as it says anything."""

    uuid: str = ""
    name: str = ""
    type: str = ""
    format: str = ""
    artifacts: int = 0

    @classmethod
    def of(cls, asset: Asset) -> _Said:
        """Return what that of an asset says, without reading it again."""
        return cls(asset.uuid, asset.name, asset.made.type, asset.format, asset.artifacts)

    @classmethod
    def found(cls, value: Any) -> _Said:
        """Return what a JSON value says that may be anything."""
        raw = value if isinstance(value, dict) else {}
        output, artifacts = raw.get("output"), raw.get("artifacts")
        return cls(
            _text(raw, "asset_uuid"),
            _text(raw, "name"),
            _text(raw, "type"),
            _text(output if isinstance(output, dict) else {}, "format"),
            len(artifacts) if isinstance(artifacts, list) else 0,
        )


class _Reader:
    """Reads the declarations of all assets, those of the build as they have been read for it."""

    def __init__(self, listing: Listing, tree: AssetTree, checked: CheckedAssets) -> None:
        self._listing = listing
        self._tree = tree
        self._checked = checked
        self._built = {asset.file: asset for asset in checked.assets}
        self.diagnostics: list[Diagnostic] = []

    def assets(self, registry: Registry) -> Iterator[ListedAsset]:
        """Yield the registered ones, those in quarantine, and the others."""
        for row in registry.rows:
            moved = self._checked.moved.get(row.asset_id)
            yield self._listed(row, f"{ASSETS}/{moved or row.root}", "ok" if moved is None else "moved")
        for row in registry.quarantine:
            yield self._listed(row, f"{QUARANTINE}/{row.asset_id}", "quarantined")
        for file in self._checked.unregistered:
            root = posixpath.dirname(file)
            yield self._listed(Row(0, "", posixpath.relpath(root, ASSETS), included=False), root, "unregistered")

    def _listed(self, row: Row, root: str, state: State) -> ListedAsset:
        file = f"{root}/{FILE}"
        said = _Said()
        if state == "quarantined":
            # What lies there is in no listing.
            if os.path.isfile(self._listing.project.path(file)):
                _, said = self._read(file, state)
        elif file not in self._tree.files:
            state = "missing"
        else:
            asset, said = self._read(file, state)
            if state == "ok" and (asset is None or asset.uuid != row.uuid):
                state = "invalid"
        return ListedAsset(
            asset_id=row.asset_id,
            uuid=row.uuid or said.uuid,
            name=said.name,
            root=root,
            home=f"{ASSETS}/{row.root}",
            type=said.type,
            format=said.format,
            included=row.included,
            state=state,
            artifacts=said.artifacts,
        )

    def _read(self, file: str, state: State) -> tuple[Asset | None, _Said]:
        """Return the asset, if it is in order, and what its asset.json says."""
        if (built := self._built.get(file)) is not None:
            return built, _Said.of(built)
        findings = Findings(file, "declaration-invalid", posixpath.dirname(file))
        try:
            said = _Said.found(parse(self._listing.read(file), findings, FILE_LIMIT))
            asset = None
            if state != "quarantined" and (read := read_asset(self._tree, file, findings)) is not None:
                asset = read.asset
        except AssetsError as error:
            self.diagnostics += error.diagnostics
            return None, _Said()
        if asset is None and state in {"ok", "moved"}:
            self.diagnostics += findings.diagnostics
        return asset, said


def _text(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def list_assets(project: Project) -> tuple[ListedAsset, ...]:
    """Return the registered assets by id, then those in quarantine by id, then the unregistered ones by folder.

    Raises AssetsError where the registry cannot be read.
    """
    with looking(project):
        return Catalogue.of(project.listing()).assets
