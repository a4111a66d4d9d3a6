"""A declaration with its inputs, and what has to become of it; and the two declarations that most cases start from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import handmade
import reference

UUID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
COLORS = ("#FF00FF", "#1D2B53", "#FFF1E8")
GONE = object()

Place = tuple[str, str, str]
"""Code, file and place of a diagnostic."""


@dataclass
class Bank:
    """What a valid case becomes: the bytes, and the members of `metadata` that the encoder writes."""

    data: bytes
    decoded_size: int
    derived: dict[str, Any]


@dataclass
class Case:
    """Files of one asset's folder, and either the bank that they become, or what stops them."""

    name: str
    statements: str
    files: dict[str, bytes]
    bank: Bank | None = None
    diagnostics: tuple[Place, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    padded: dict[str, int] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return f"{'valid' if self.bank else 'refused'}/{self.name}"

    def told(self) -> dict[str, Any]:
        """Return the case as it stands in declared.json."""
        diagnostics = [dict(zip(("code", "file", "place"), one, strict=True)) for one in sorted(self.diagnostics)]
        value: dict[str, Any] = {"case": self.folder, "statements": self.statements.split()}
        if self.links:
            value["links"] = self.links
        if self.padded:
            value["padded"] = self.padded
        if self.bank is None:
            return {**value, "verdict": "refused", "diagnostics": diagnostics}
        declared = json.loads(self.files["asset.json"])["output"]
        metadata = {**declared.get("metadata", {}), **self.bank.derived}
        if "codec_configuration" in declared:
            metadata["codec"] = declared["codec_configuration"]
        return {
            **value,
            "verdict": "valid",
            "sha256": hashlib.sha256(self.bank.data).hexdigest(),
            "size": len(self.bank.data),
            "decoded_size": self.bank.decoded_size,
            "metadata": metadata,
            "advisories": diagnostics,
            **self.shown,
        }


def striped(x: int, y: int) -> int:
    """Return the colour of a pixel of the picture that most cases have."""
    return (x + y) % 3


def painted(colors: Sequence[str], index: Callable[[int, int], int] = striped) -> handmade.Paint:
    """Paint a picture in true colour."""
    return lambda x, y: tuple(bytes.fromhex(colors[index(x, y)][1:]))


def grid(size: int, index: Callable[[int, int], int] = striped, x: int = 0, y: int = 0) -> list[list[int]]:
    """Return the indices of a tile that starts at x, y."""
    return [[index(x + across, y + down) for across in range(size)] for down in range(size)]


TILES = handmade.png(8, 8, painted(COLORS))
SOUND = (0, 1_000, -1_000, 32_767, -32_768, 5)
WAVE = handmade.wave(SOUND)

GLYPHS: dict[str, Any] = {
    "schema_version": 1,
    "asset_uuid": UUID,
    "name": "hero",
    "type": "glyph_bank",
    "inputs": {"sprites": ["tiles.png"]},
    "output": {
        "format": "GLYPH/indexed_v1",
        "codec": "NONE",
        "metadata": {"tile_size": 8},
        "pipeline": {"palettes": [{"index": 0, "palette": {"colors": [*COLORS]}}]},
    },
    "preload": {"enabled": True},
    "artifacts": [{"index": 0, "file": "tiles.png"}],
}
SOUNDS: dict[str, Any] = {
    "schema_version": 1,
    "asset_uuid": UUID,
    "name": "jump",
    "type": "sound_bank",
    "inputs": {"sources": ["x.wav"]},
    "output": {"format": "SOUNDS/pcm16le_v1", "codec": "NONE"},
    "preload": {"enabled": False},
    "artifacts": [{"index": 0, "file": "x.wav"}],
}


def edited(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a declaration with other values at some paths, such as `artifacts.0.index`; GONE takes one away."""
    value: Any = deepcopy(dict(base))
    for path, new in changes.items():
        *parts, last = path.split(".")
        inner = value
        for part in parts:
            inner = inner[int(part)] if isinstance(inner, list) else inner.setdefault(part, {})
        if new is GONE:
            del inner[last]
        else:
            inner[int(last) if isinstance(inner, list) else last] = new
    return dict(value)


def text(declaration: Any) -> bytes:
    return json.dumps(declaration, ensure_ascii=False, indent=1).encode() + b"\n"


def paletted(*palettes: Sequence[str]) -> list[dict[str, Any]]:
    return [{"index": at, "palette": {"colors": list(colors)}} for at, colors in enumerate(palettes)]


def glyph(  # noqa: PLR0913  # what a bank may be made of
    name: str,
    statements: str,
    changes: Mapping[str, Any] | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    tiles: Sequence[Sequence[Sequence[int]]] | None = None,
    palettes: Mapping[int, Sequence[str]] | None = None,
    advisories: tuple[Place, ...] = (),
    padded: dict[str, int] | None = None,
) -> Case:
    """Return a case that becomes these tiles, of indices, with these palettes."""
    given = tiles or [grid(8)]
    drawn = palettes or {0: COLORS}
    data = reference.glyph_bank(given, dict(drawn))
    derived = {"width": 256, "height": 256, "palette_count": 64, "palette_authored": len(drawn)}
    all_files = {"asset.json": text(edited(GLYPHS, changes or {})), **(files or {"tiles.png": TILES})}
    return Case(name, statements, all_files, Bank(data, 67_584, derived), advisories, padded=padded or {})


def sound(  # noqa: PLR0913  # as above
    name: str,
    statements: str,
    file: bytes,
    values: Sequence[float],
    *,
    channels: int = 1,
    code: int = handmade.PCM,
    bits: int = 16,
    rate: int = 8000,
    to: int = 0,
    ratio: Fraction = Fraction(1),
    loop: tuple[int, int] | None = None,
    advisories: tuple[Place, ...] = (),
    frames: list[int] | None = None,
) -> Case:
    """Return a case of one file whose channels are `values`; `frames` is what is known to come of them, where it is."""
    changes: dict[str, Any] = {"output.pipeline": {"sample_rate": to}} if to else {}
    if loop:
        changes |= {"artifacts.0.loop_start": loop[0], "artifacts.0.loop_end": loop[1]}
    form = (channels, code, bits)
    data = reference.pcm16(values, *form) if ratio == 1 else reference.resampled(values, *form, ratio)
    sample = {"offset": 0, "length": len(data), "sample_rate": to or rate}
    if loop:
        sample["loop_start"], sample["loop_end"] = reference.loop(*loop, len(data) // 2, ratio)
    made = [int.from_bytes(data[at : at + 2], "little", signed=True) for at in range(0, len(data), 2)]
    assert frames is None or frames == made, (name, made)
    bank = Bank(data, len(data), {"channels": 1, "samples": {"0": sample}})
    files = {"asset.json": text(edited(SOUNDS, changes)), "x.wav": file}
    return Case(name, statements, files, bank, advisories, shown={"frames": made})


def refused(
    name: str,
    statements: str,
    *diagnostics: Place,
    base: Mapping[str, Any] = GLYPHS,
    changes: Mapping[str, Any] | None = None,
    raw: bytes | None = None,
    **files: bytes,
) -> Case:
    """Return a case that is refused; a file `tiles_png` is one that is called `tiles.png`."""
    inputs = {"tiles.png": TILES} if base["type"] == "glyph_bank" else {"x.wav": WAVE}
    inputs |= {file.replace("_", "."): data for file, data in files.items()}
    declared = raw if raw is not None else text(edited(base, changes or {}))
    return Case(name, statements, {"asset.json": declared, **inputs}, diagnostics=diagnostics)


def declared(code: str, *places: str) -> tuple[Place, ...]:
    """Return diagnostics of asset.json."""
    return tuple((code, "asset.json", place) for place in places)
