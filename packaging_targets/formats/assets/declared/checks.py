"""What a folder of assets comes to: the assets of the build, and all that is wrong with them.

The registry, where there is one, decides which assets are built. An asset is known by its UUID: where its folder has
been moved, it is found again. Without a registry, every asset.json is an asset.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from packaging_targets.formats.assets.declared.declaration import FILE, Asset, AssetTree, Read, read_asset
from packaging_targets.formats.assets.declared.findings import Findings
from packaging_targets.formats.assets.declared.registry import FOLDER, INDEX, Registry, read_registry
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic

_UUID_TEXT = re.compile(rb'"asset_uuid"\s*:\s*"([0-9a-f-]{36})"')
_CONFUSED = str.maketrans("", "", "-_.")


@dataclass(frozen=True, slots=True)
class CheckedAssets:
    """What `check_assets` found.

    `read` has what became of the declarations that are built and in order, by id; `registry` is None if there is none
    that can be read; `moved` has the new root, as a row has it, of each asset that is not where the registry says;
    `unregistered` are declarations that it does not know.
    """

    read: tuple[Read, ...]
    diagnostics: tuple[Diagnostic, ...]
    registry: Registry | None = None
    moved: Mapping[int, str] = field(default_factory=dict)
    unregistered: tuple[str, ...] = ()

    @property
    def assets(self) -> tuple[Asset, ...]:
        """The assets of the build that are in order, by id."""
        return tuple(one.asset for one in self.read)

    @property
    def blocking(self) -> tuple[Diagnostic, ...]:
        """What stops a build."""
        return tuple(one for one in self.diagnostics if one.is_blocking)

    @property
    def advisory(self) -> tuple[Diagnostic, ...]:
        """What is worth to know."""
        return tuple(one for one in self.diagnostics if not one.is_blocking)


def find_registries(tree: AssetTree) -> list[str]:
    """Return the registries among the files, of which there should be one at most.

    A registry that lies below the folder of another one is that of another project, and does not count.
    """
    folders = {path: f"/{path}".removesuffix(f"/{INDEX}") for path in tree.files if f"/{path}".endswith(f"/{INDEX}")}
    outer = [f"{folder}/" for folder in folders.values()]
    return sorted(path for path, folder in folders.items() if not any(folder.startswith(other) for other in outer))


def check_assets(tree: AssetTree) -> CheckedAssets:
    """Check every declaration that is built, and the registry where there is one among the files."""
    registries = find_registries(tree)
    if registries:
        return _registered(tree, registries[0])
    read, diagnostics = _read(tree, [(file, 0) for file in tree.declarations])
    return CheckedAssets(read, (*diagnostics, *_between(one.asset for one in read)))


def _registered(tree: AssetTree, index: str) -> CheckedAssets:
    folder = posixpath.dirname(posixpath.dirname(index))
    findings = Findings(index, "registry-invalid")
    registry = read_registry(tree.read(index), findings)
    if registry is None:
        return CheckedAssets((), tuple(findings.diagnostics))
    declared = [file for file in tree.declarations if f"/{FOLDER}/" not in f"/{file}"]  # what is in quarantine is none
    uuids = {file: _uuid(tree, file) for file in declared}
    places = dict(_places(registry, folder, uuids, tree, findings))
    built = [(places[row.asset_id], row.asset_id) for row in registry.rows if row.included]
    read, diagnostics = _read(tree, [one for one in built if one[0] in uuids])
    assets = [one.asset for one in read]
    _identities(registry, assets, findings)
    lone = tuple(sorted(set(declared).difference(places.values())))
    found = {*findings.diagnostics, *diagnostics, *_between(assets), *_nested(places.values()), *_unregistered(lone)}
    start = f"{folder}/" if folder else ""
    roots = {asset_id: posixpath.dirname(file).removeprefix(start) for asset_id, file in places.items()}
    moved = {row.asset_id: roots[row.asset_id] for row in registry.rows if roots[row.asset_id] != row.root}
    return CheckedAssets(read, tuple(sorted(found)), registry, moved, lone)


def _places(
    registry: Registry, folder: str, uuids: Mapping[str, str], tree: AssetTree, findings: Findings
) -> Iterator[tuple[int, str]]:
    """Yield where the asset.json of each asset is; report what has been moved, is gone, or is ambiguous."""
    by_uuid: dict[str, list[str]] = {}
    for file, uuid in uuids.items():
        by_uuid.setdefault(uuid, []).append(file)
    for row in registry.rows:
        home = posixpath.join(folder, row.root, FILE)
        found = [home] if uuids.get(home) == row.uuid else by_uuid.get(row.uuid, [])
        place = f"$.assets[{row.at}]"
        if len(found) > 1:
            what = f"`{home}` is gone, and these have its UUID: {', '.join(f'`{file}`' for file in found)}"
            findings.add(place, what, "give a copied asset a UUID of its own", "identity-collision")
        elif found and found != [home]:
            here, there = posixpath.dirname(home), posixpath.dirname(found[0])
            what = f"the asset {row.asset_id} is not in `{here}` any more, but in `{there}`"
            findings.add(place, what, "packaging assets doctor --fix", "asset-moved")
        elif not found and home not in uuids and row.included:
            why = tree.closed_above(home)
            fix = "make it readable for you" if why else "move it back, or take it out of the build"
            findings.add(place, why or f"there is no file `{home}`", fix, "declaration-missing")
        yield row.asset_id, found[0] if len(found) == 1 else home


def _read(tree: AssetTree, files: Iterable[tuple[str, int]]) -> tuple[tuple[Read, ...], list[Diagnostic]]:
    """Return what is in order, by id, and what is wrong or worth to know."""
    found: list[Read] = []
    diagnostics: list[Diagnostic] = []
    for file, asset_id in files:
        read = tree.remembered(file)
        if read is None or any(tree.files.get(path, "gone") is not None for path in read.inputs):
            findings = Findings(file, "declaration-invalid", posixpath.dirname(file))
            try:
                read = read_asset(tree, file, findings)
            except AssetsError as error:
                read = None
                findings.diagnostics += error.diagnostics
            diagnostics += findings.diagnostics
        else:
            diagnostics += read.diagnostics
        if read is not None:
            params = {} if tree.lean else read.asset.params
            found.append(replace(read, asset=replace(read.asset, asset_id=asset_id, params=params)))
    return tuple(sorted(found, key=lambda read: (read.asset.asset_id, read.asset.file))), diagnostics


def _between(assets: Iterable[Asset]) -> Iterator[Diagnostic]:
    """Yield what two assets may not have in common, and what people may take for the same."""
    names: dict[str, Asset] = {}
    alike: dict[str, Asset] = {}
    uuids: dict[str, Asset] = {}
    for asset in sorted(assets, key=lambda asset: asset.file):
        # Banks are files named after their assets, and some file systems do not tell case apart.
        if (other := names.setdefault(asset.name.casefold(), asset)) is not asset:
            what = f"`{asset.name}` is the name of `{other.file}` too"
            yield _about(asset, "$.name", "identity-collision", what, "rename one")
        elif (other := alike.setdefault(asset.name.casefold().translate(_CONFUSED), asset)) is not asset:
            what = f"`{asset.name}` is easily taken for `{other.name}` of `{other.file}`"
            yield _about(asset, "$.name", "name-style", what, "rename one")
        if (other := uuids.setdefault(asset.uuid, asset)) is not asset:
            what = f"`{asset.uuid}` is the UUID of `{other.file}` too"
            yield _about(asset, "$.asset_uuid", "identity-collision", what, "give a copied asset a UUID of its own")


def _identities(registry: Registry, assets: Iterable[Asset], findings: Findings) -> None:
    rows = {row.asset_id: row for row in registry.rows}
    for asset in assets:
        row = rows[asset.asset_id]
        if row.uuid != asset.uuid:
            what = f"the UUID is not that of `{asset.file}`, `{asset.uuid}`"
            fix = "if the file is right: forget the asset, and adopt it"
            findings.add(f"$.assets[{row.at}]", what, fix, "identity-mismatch")


def _nested(files: Iterable[str]) -> Iterator[Diagnostic]:
    """Yield the assets that lie in another one: whose their files are nobody can tell."""
    roots = set(map(posixpath.dirname, files))
    for root in sorted(roots):
        outer = posixpath.dirname(root)
        while outer and outer not in roots:
            outer = posixpath.dirname(outer)
        if outer:
            what = f"the asset `{root}` lies inside the asset `{outer}`"
            yield Diagnostic(f"{root}/{FILE}", "", "ownership-ambiguous", what, "move one of them out", root)


def _unregistered(files: Iterable[str]) -> Iterator[Diagnostic]:
    for file in files:
        root = posixpath.dirname(file)
        fix = f"packaging assets adopt {root}"
        yield Diagnostic(file, "", "asset-unregistered", "the asset is not registered, and is left out", fix, root)


def _about(asset: Asset, place: str, code: str, what: str, fix: str) -> Diagnostic:
    return Diagnostic(asset.file, place, code, what, fix, asset.root)


def _uuid(tree: AssetTree, file: str) -> str:
    if (read := tree.remembered(file)) is not None:
        return read.asset.uuid
    try:
        return uuid_in(tree.read(file))
    except AssetsError:
        return ""  # it is told where it matters: for an asset of the build


def uuid_in(raw: bytes) -> str:
    """Return the UUID in a declaration that may be broken otherwise, or an empty text."""
    found = _UUID_TEXT.search(raw)
    return found[1].decode() if found else ""
