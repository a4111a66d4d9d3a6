"""Whole projects: a registry, or ids of a target, and what the pack and its companions have to be; and histories of ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import handmade
import make
import reference
from cases import COLORS, GLYPHS, SOUNDS, TILES, Place, edited, grid, text

INDEX = "assets/.prometeu/index.json"
HIGHEST = (1 << 31) - 1


@dataclass
class Asset:
    """An asset of a project: its declaration, its input, and the bank that the two become."""

    number: int
    name: str
    declaration: dict[str, Any]
    input: bytes
    bank: bytes
    decoded_size: int
    metadata: dict[str, Any]

    @property
    def uuid(self) -> str:
        return uuid(self.number)

    def files(self, root: str) -> dict[str, bytes]:
        (name,) = (file for files in self.declaration["inputs"].values() for file in files)
        return {f"assets/{root}/asset.json": text(self.declaration), f"assets/{root}/{name}": self.input}

    def row(self, asset_id: int) -> dict[str, Any]:
        bank_type = self.declaration["output"]["format"].partition("/")[0]
        return make.row(asset_id, self.name, bank_type, len(self.bank), self.decoded_size, self.metadata)

    def tooling(self, asset_id: int, root: str) -> dict[str, Any]:
        """Return its row in asset_table_metadata.json."""
        output = self.declaration["output"]
        return {
            "asset_id": asset_id,
            "asset_name": self.name,
            "asset_uuid": self.uuid,
            "bank_type": output["format"].partition("/")[0],
            "declaration": f"assets/{root}/asset.json",
            "format": output["format"],
            "pipeline": output.get("pipeline", {}),
            "type": self.declaration["type"],
        }


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def sound(number: int, name: str, changes: Mapping[str, Any] | None = None, *, preload: bool = False) -> Asset:
    values = [number, -number, 1_000 * number]
    data = reference.pcm16(values, 1, handmade.PCM, 16)
    sample = {"length": 6, "offset": 0, "sample_rate": 8000}
    given = {"asset_uuid": uuid(number), "name": name, "preload.enabled": preload, **(changes or {})}
    metadata = {"channels": 1, "samples": {"0": sample}}
    return Asset(number, name, edited(SOUNDS, given), handmade.wave(values), data, 6, metadata)


def glyph(number: int, name: str, *, preload: bool = False) -> Asset:
    data = reference.glyph_bank([grid(8)], {0: COLORS})
    given = {"asset_uuid": uuid(number), "name": name, "preload.enabled": preload, "output.pipeline.tool": "any"}
    metadata = {"height": 256, "palette_authored": 1, "palette_count": 64, "tile_size": 8, "width": 256}
    return Asset(number, name, edited(GLYPHS, given), TILES, data, 67_584, metadata)


def row(asset_id: int, number: int, root: str, *, included: bool = True) -> dict[str, Any]:
    return {"asset_id": asset_id, "asset_uuid": uuid(number), "root": root, "included_in_build": included}


def registry(*rows: dict[str, Any], **more: Any) -> dict[str, bytes]:
    value = {"schema_version": 1, "next_asset_id": 9, "assets": list(rows), **more}
    return {INDEX: text(value)}


@dataclass
class Project:
    """Files, and the assets that become the pack, each with its id and root; or what stops them."""

    name: str
    statements: str
    files: dict[str, bytes]
    packed: Sequence[tuple[int, Asset, str]] | None
    diagnostics: tuple[Place, ...] = ()
    ids: dict[str, int] | None = None

    @property
    def folder(self) -> str:
        return f"{'refused' if self.packed is None else 'valid'}/{self.name}"

    def told(self) -> dict[str, Any]:
        """Return the project as it stands in projects.json."""
        diagnostics = [dict(zip(("code", "file", "place"), one, strict=True)) for one in sorted(self.diagnostics)]
        value: dict[str, Any] = {"project": self.folder, "statements": self.statements.split()}
        if self.ids is not None:
            value["ids"] = self.ids
        if self.packed is None:
            return {**value, "verdict": "refused", "diagnostics": diagnostics}
        assets = [
            {"asset_id": at, "asset_name": asset.name, "root": f"assets/{root}"} for at, asset, root in self.packed
        ]
        outputs = {name: hashlib.sha256(data).hexdigest() for name, data in self.outputs().items()}
        return {**value, "verdict": "valid", "assets": assets, "outputs": outputs, "advisories": diagnostics}

    def outputs(self) -> dict[str, bytes]:
        """Return the pack and its companions."""
        packed = self.packed or ()
        slots: dict[str, int] = {}
        preload = []
        rows = []
        payload = b""
        for asset_id, asset, _ in packed:
            one = {**asset.row(asset_id), "offset": len(payload)}
            payload += asset.bank
            rows.append(one)
            if asset.declaration["preload"]["enabled"]:
                slot = slots[one["bank_type"]] = slots.get(one["bank_type"], -1) + 1
                preload.append({"asset_id": asset_id, "slot": slot})
        tooling = {"schema_version": 1, "assets": [asset.tooling(at, root) for at, asset, root in packed]}
        return {
            "asset_table.json": make.canonical(rows),
            "asset_table_metadata.json": make.canonical(tooling),
            "assets.pa": make.file_of(make.canonical({"asset_table": rows, "preload": preload}), payload),
            "preload.json": make.canonical(preload),
        }


HERO, JUMP, STEP = glyph(1, "hero", preload=True), sound(2, "jump", preload=True), sound(3, "step")
COIN = sound(4, "coin", preload=True)


def placed(**roots: Asset) -> dict[str, bytes]:
    """Return the files of assets in folders; `ui__coin` is `ui/coin`."""
    return {path: data for root, asset in roots.items() for path, data in asset.files(root.replace("__", "/")).items()}


def in_registry(code: str, *places: str) -> tuple[Place, ...]:
    return tuple((code, INDEX, place) for place in places)


def projects() -> list[Project]:
    """Return all projects."""
    return [*registered(), *moved(), *refused(), *named_by_target()]


def registered() -> Iterator[Project]:
    yield Project("nothing", "I1 C1 C2", registry(), [])
    two = placed(hero=HERO, jump=JUMP)
    rows = row(5, 1, "hero"), row(2, 2, "jump")
    packed = [(2, JUMP, "jump"), (5, HERO, "hero")]
    yield Project("two", "A1 I1 C1 C2", {**two, **registry(*rows)}, packed)
    yield Project("two-in-another-order", "I1 C1 C2", {**two, **registry(*rows[::-1])}, packed)
    four = placed(hero=HERO, ui__coin=COIN, jump=JUMP, step=STEP)
    rows4 = row(8, 2, "jump"), row(1, 4, "ui/coin"), row(3, 1, "hero"), row(4, 3, "step")
    yield Project(
        "slots-by-type", "I1 C1 C2", {**four, **registry(*rows4)},
        [(1, COIN, "ui/coin"), (3, HERO, "hero"), (4, STEP, "step"), (8, JUMP, "jump")],
    )  # fmt: skip
    some = registry(rows[0], row(2, 2, "jump", included=False))
    yield Project("one-left-out", "I1 C1 C2", {**two, **some}, [(5, HERO, "hero")])
    broken = {**placed(hero=HERO), "assets/jump/asset.json": b"{", **some}
    yield Project("broken-and-left-out", "I1", broken, [(5, HERO, "hero")])
    yield Project("gone-and-left-out", "I1", {**placed(hero=HERO), **some}, [(5, HERO, "hero")])
    lone: tuple[Place, ...] = (("asset-unregistered", "assets/jump/asset.json", ""),)
    yield Project("unregistered", "I1", {**two, **registry(rows[0])}, [(5, HERO, "hero")], lone)
    last = registry(row(HIGHEST, 1, "hero"), next_asset_id=HIGHEST + 1)
    yield Project("highest-id", "I1 I4", {**placed(hero=HERO), **last}, [(HIGHEST, HERO, "hero")])
    held = registry(rows[0], quarantine=[row(2, 2, "jump")])
    away = {
        path.replace("assets/jump", "assets/.prometeu/quarantine/2"): data for path, data in placed(jump=JUMP).items()
    }
    yield Project("quarantine", "I1 I2", {**placed(hero=HERO), **away, **held}, [(5, HERO, "hero")])
    tags = sound(6, "tags", {"output.metadata": {"title": "größe"}, "output.codec_configuration": {"level": 1}})
    tags.metadata |= {"title": "größe", "codec": {"level": 1}}
    yield Project("metadata", "A6 C1 C2", {**placed(a=tags), **registry(row(1, 6, "a"))}, [(1, tags, "a")])


def moved() -> Iterator[Project]:
    """One and the same pack, wherever its assets lie."""
    index = registry(row(5, 1, "hero"), row(2, 2, "jump"))
    advice = in_registry("asset-moved", "$.assets[0]")
    files = {**placed(heroes__blue=HERO, jump=JUMP), **index}
    yield Project("moved", "I5", files, [(2, JUMP, "jump"), (5, HERO, "heroes/blue")], advice)
    both = in_registry("asset-moved", "$.assets[0]", "$.assets[1]")
    swapped = {**placed(jump=HERO, hero=JUMP), **index}
    yield Project("swapped", "I5", swapped, [(2, JUMP, "hero"), (5, HERO, "jump")], both)
    pushed = {**placed(jump=HERO, leap=JUMP), **index}
    yield Project("moved-into-the-place-of-another", "I5", pushed, [(2, JUMP, "leap"), (5, HERO, "jump")], both)
    other = {**placed(hero=STEP, heroes__blue=HERO, jump=JUMP), **index}
    lone: Place = ("asset-unregistered", "assets/hero/asset.json", "")
    yield Project("moved-and-replaced", "I5", other, [(2, JUMP, "jump"), (5, HERO, "heroes/blue")], (*advice, lone))
    copied = {**placed(hero=HERO, copy=HERO, jump=JUMP), **index}
    copy: Place = ("asset-unregistered", "assets/copy/asset.json", "")
    yield Project("copied", "I5", copied, [(2, JUMP, "jump"), (5, HERO, "hero")], (copy,))
    yield Project("apart", "I6", {**placed(a__b=HERO, a__c=JUMP), **registry(row(5, 1, "a/b"), row(2, 2, "a/c"))},
                  [(2, JUMP, "a/c"), (5, HERO, "a/b")])  # fmt: skip


def refused() -> Iterator[Project]:
    index = registry(row(5, 1, "hero"), row(2, 2, "jump"))
    files = placed(jump=JUMP)
    yield Project("gone", "I2 I5", {**files, **index}, None, in_registry("declaration-missing", "$.assets[0]"))
    two = placed(a=HERO, b=HERO)
    yield Project("two-copies", "I5", {**files, **two, **index}, None, in_registry("identity-collision", "$.assets[0]"))
    other = {**placed(hero=STEP, jump=JUMP), **index}
    yield Project("uuid-of-another", "I2 I5", other, None, in_registry("identity-mismatch", "$.assets[0]"))
    inside = {**placed(ui=HERO, ui__jump=JUMP), **registry(row(5, 1, "ui"), row(2, 2, "ui/jump"))}
    nested: Place = ("ownership-ambiguous", "assets/ui/jump/asset.json", "")
    yield Project("one-inside-another", "I6", inside, None, (nested,))
    deeper = {**placed(ui=HERO, ui__a__b=JUMP), **registry(row(5, 1, "ui"), row(2, 2, "ui/a/b", included=False))}
    nested = ("ownership-ambiguous", "assets/ui/a/b/asset.json", "")
    yield Project("one-inside-another-and-left-out", "I6", deeper, None, (nested,))
    upper = {**placed(jump=JUMP, step=sound(3, "Jump")), **registry(row(5, 2, "jump"), row(2, 3, "step"))}
    yield Project(
        "names-that-differ-by-case", "A3", upper, None, (("identity-collision", "assets/step/asset.json", "$.name"),)
    )
    broken = {**placed(hero=HERO), "assets/jump/asset.json": text(edited(JUMP.declaration, {"name": ""})), **index}
    broken["assets/jump/x.wav"] = JUMP.input
    yield Project(
        "one-is-broken", "A3 I1", broken, None, (("declaration-invalid", "assets/jump/asset.json", "$.name"),)
    )


def named_by_target() -> Iterator[Project]:
    two = placed(hero=HERO, ui__jump=JUMP)
    packed = [(1, JUMP, "ui/jump"), (7, HERO, "hero")]
    yield Project("ids", "I3 C1 C2", two, packed, ids={"hero": 7, "jump": 1, "gone": 3})
    lacks: Place = ("", "assets/ui/jump/asset.json", "")
    yield Project("ids-lack-one", "I3", two, None, (lacks,), {"hero": 7})
    both: Place = ("", "TARGETS.toml", "$.ids")
    yield Project("ids-twice", "I3", two, None, (both,), {"hero": 7, "jump": 7})
    yield Project("ids-of-one-that-is-gone", "I3", two, None, (both,), {"hero": 7, "jump": 1, "gone": 1})
    index = registry(row(7, 1, "hero"), row(1, 2, "ui/jump"))
    yield Project("ids-and-a-registry", "I1", {**two, **index}, None, (both,), {"hero": 7, "jump": 1})
    copy: Place = ("identity-collision", "assets/b/asset.json", "$.asset_uuid")
    named = edited(HERO.declaration, {"name": "copy"})
    copied = {**placed(a=HERO), "assets/b/asset.json": text(named), "assets/b/tiles.png": TILES}
    yield Project("one-uuid-twice", "A2 I3", copied, None, (copy,), {"hero": 7, "copy": 1})


Step = dict[str, Any]


@dataclass
class History:
    """Changes of a registry, one after the other, and what it is after each."""

    name: str
    steps: list[Step]
    start: dict[str, Any] = field(default_factory=lambda: {"next_asset_id": 1, "assets": [], "quarantine": []})

    def told(self) -> dict[str, Any]:
        value = {"schema_version": 1, **deepcopy(self.start)}
        steps = []
        for step in self.steps:
            value = after(value, step)
            steps.append({**step, "registry": value})
        return {"name": self.name, "statements": ["I4"], "start": {"schema_version": 1, **self.start}, "steps": steps}


def after(registry: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """Return a registry after a step; one that is refused changes nothing."""
    value = deepcopy(dict(registry))
    if step.get("refused"):
        return value
    assets, held = value["assets"], value["quarantine"]
    if step["do"] == "register":
        assert step["asset_id"] == value["next_asset_id"]
        assets.append({**{name: step[name] for name in ("asset_id", "asset_uuid", "root")}, "included_in_build": True})
        value["next_asset_id"] += 1
        return value
    (at,) = (one for one in (*assets, *held) if one["asset_id"] == step["asset_id"])
    if step["do"] == "forget":
        assets.remove(at)
    elif step["do"] in {"include", "exclude"}:
        at["included_in_build"] = step["do"] == "include"
    elif step["do"] == "move":
        at["root"] = step["root"]
    elif step["do"] == "discard":
        held.remove(at)
    else:
        source, target = (assets, held) if step["do"] == "quarantine" else (held, assets)
        source.remove(at)
        target.append(at)
        target.sort(key=lambda one: one["asset_id"])
    return value


def registers(asset_id: int, number: int, root: str, **more: Any) -> Step:
    return {"do": "register", "asset_id": asset_id, "asset_uuid": uuid(number), "root": root, **more}


def does(what: str, asset_id: int, **more: Any) -> Step:
    return {"do": what, "asset_id": asset_id, **more}


def histories() -> list[History]:
    """Return all histories. A step `register` says which id is given: what decides is written by hand."""
    three = [registers(1, 1, "a"), registers(2, 2, "b"), registers(3, 3, "c")]
    last = {"next_asset_id": HIGHEST, "assets": [], "quarantine": []}
    return [
        History("in-order", three),
        History("forgotten-and-adopted", [*three, does("forget", 2), registers(4, 2, "b"), does("forget", 4), registers(5, 2, "b")]),
        History("the-last-one-forgotten", [*three, does("forget", 3), registers(4, 4, "d")]),
        History("all-forgotten", [*three, does("forget", 1), does("forget", 3), does("forget", 2), registers(4, 1, "a")]),
        History("moved", [*three, does("move", 1, root="d"), registers(4, 4, "a"), does("move", 1, root="e/f")]),
        History("in-and-out", [*three, does("exclude", 1), registers(4, 4, "d"), does("include", 1)]),
        History("quarantine", [*three, does("quarantine", 2), registers(4, 4, "b"), does("move", 4, root="d"), does("restore", 2)]),
        History("discarded", [*three, does("quarantine", 3), does("quarantine", 1), does("discard", 3), registers(4, 3, "c")]),
        History("no-more-ids", [registers(HIGHEST, 1, "a"), registers(HIGHEST + 1, 2, "b", refused=True), does("forget", HIGHEST),
                                registers(HIGHEST + 1, 1, "a", refused=True)], last),
    ]  # fmt: skip
