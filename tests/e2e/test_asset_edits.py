"""Whatever is edited between two builds of a game's assets: the incremental one gives the bytes of a clean one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from checkout import rounds
from games import BLUE, INK, RED, Game, hero, jump, output, png, wav
from hypothesis import given, settings
from hypothesis import strategies as st

from packaging_targets.formats.assets.declared.registry import INDEX, Registry, Row
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.services.assets.building.build import build

_COLORS = (RED, BLUE, (0, 0, 0))


class Edited:
    """A game that is edited at random, and the registry that goes with it."""

    def __init__(self, root: Path, random: Random) -> None:
        self.game = Game(root)
        self.random = random
        self.rows = [Row(1, jump()["asset_uuid"], "sounds/jump"), Row(2, hero()["asset_uuid"], "hero")]
        self.next = 3

    def edit(self) -> None:
        edits: list[Callable[[], None]] = [
            self.paint, self.paint, self.play, self.rename, self.preload, self.move, self.include, self.add,
            self.forget, self.spoil, self.tamper,
        ]  # fmt: skip
        self.random.choice(edits)()
        self.game.write({INDEX: Registry(self.next, tuple(sorted(self.rows, key=lambda row: row.asset_id))).to_bytes()})

    def paint(self) -> None:
        for path in self._some("*.png"):
            path.write_bytes(png(self.random.choice(_COLORS), self.random.choice(_COLORS)))

    def play(self) -> None:
        for path in self._some("*.wav"):
            path.write_bytes(wav(*(self.random.randrange(100) for _ in range(self.random.randint(2, 9)))))

    def spoil(self) -> None:
        for path in self._some("*.png"):
            path.write_bytes(self.random.choice([png(INK, RED), b"no picture"]))

    def rename(self) -> None:
        self._declare(lambda text: text.replace('"name": "', '"name": "x', 1))

    def preload(self) -> None:
        self._declare(lambda text: text.replace("true", "TRUE").replace("false", "true").replace("TRUE", "false"))

    def move(self) -> None:
        row = self._row()
        if row is not None:
            self.game.path(row.root).rename(self.game.path(f"moved{self.random.randrange(10**9)}"))

    def include(self) -> None:
        row = self._row()
        if row is not None:
            self.rows[self.rows.index(row)] = Row(row.asset_id, row.uuid, row.root, not row.included)

    def add(self) -> None:
        number = self.random.randrange(10**9)
        declared = hero if self.random.random() < 0.5 else jump
        name, uuid = f"n{number}", f"00000000-0000-4000-8001-{number:012}"
        metadata = {"tile_size": 8, "n": number} if declared is hero else {"n": number}
        self.game.write({
            f"{name}/asset.json": output(declared(name=name, asset_uuid=uuid), metadata=metadata),
            f"{name}/hero.png": png(BLUE, BLUE), f"{name}/up.wav": wav(1, 2, 3), f"{name}/down.wav": wav(4, 5, 6),
        })  # fmt: skip
        self.rows.append(Row(self.next, uuid, name))
        self.next += 1

    def forget(self) -> None:
        row = self._row()
        if row is not None:
            self.rows.remove(row)

    def tamper(self) -> None:
        """Lose or change what a build has made, or what it remembers."""
        paths = sorted(path for path in (self.game.root / "build").rglob("*") if path.is_file())
        if paths:
            path = self.random.choice(paths)
            path.unlink() if self.random.random() < 0.5 else path.write_bytes(b"tampered")

    def built(self) -> dict[str, bytes] | list[str]:
        """Build; return the outputs, or the codes of what is wrong."""
        return _built(self.game)

    def clean(self) -> dict[str, bytes] | list[str]:
        """Do the same elsewhere, from nothing."""
        with tempfile.TemporaryDirectory() as folder:
            other = Game(Path(folder) / "game")
            shutil.rmtree(other.root)
            shutil.copytree(self.game.root / "assets", other.root / "assets")
            return _built(other)

    def _row(self) -> Row | None:
        there = [row for row in self.rows if self.game.path(row.root).is_dir()]
        return self.random.choice(there) if there else None

    def _some(self, pattern: str) -> list[Path]:
        paths = sorted(self.game.path("").rglob(pattern))
        return self.random.sample(paths, min(len(paths), 1))

    def _declare(self, change: Callable[[str], str]) -> None:
        for path in self._some("asset.json"):
            path.write_text(change(path.read_text()))


def _built(game: Game) -> dict[str, bytes] | list[str]:
    try:
        build(game.project)
    except AssetsError as error:
        return [f"{one.code} {one.file}" for one in error.diagnostics if one.is_blocking]
    return game.outputs()


def _edited_at_random(seed: int, edits: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        edited = Edited(Path(folder) / "game", Random(seed))
        edited.built()
        for number in range(edits):
            edited.edit()
            if edited.random.random() < 0.6:
                assert edited.built() == edited.clean(), f"seed {seed}, after {number + 1} edits"
        assert edited.built() == edited.clean(), f"seed {seed}, at the end"


@settings(max_examples=8)
@given(seed=st.integers(0, 1 << 32), edits=st.integers(1, 12))
def test_incremental_equals_clean(seed: int, edits: int) -> None:
    _edited_at_random(seed, edits)


@pytest.mark.slow
@settings(max_examples=rounds(200))
@given(seed=st.integers(0, 1 << 32), edits=st.integers(1, 20))
def test_incremental_equals_clean_over_many_edits(seed: int, edits: int) -> None:
    _edited_at_random(seed, edits)
