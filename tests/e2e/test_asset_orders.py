"""Whatever the order in which people came to a state of their assets: the pack has the same bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from games import UUID, Game, jump, wav
from hypothesis import given, settings
from hypothesis import strategies as st

from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.reading.listing import list_assets
from packaging_targets.services.assets.rearranging.plan import apply
from packaging_targets.services.assets.rearranging.quarantine import quarantine, restore
from packaging_targets.services.assets.registering.adopting import adopt
from packaging_targets.services.assets.registering.membership import exclude, include
from packaging_targets.services.assets.registering.repairing import repair

NAMES = ("hop", "skip", "step")


def started(root: Path) -> Game:
    """Return a game with five assets, adopted in one order: that is what ids depend on."""
    game = Game(root)
    for number, name in enumerate(NAMES):
        sounds = {"up.wav": wav(number, number), "down.wav": wav(*range(9))}
        game.write({f"{name}/{file}": data for file, data in sounds.items()})
        game.write({f"{name}/asset.json": jump(name=name, asset_uuid=f"{UUID}1{number}")})
        adopt(game.project, str(game.path(name)))
    return game


def wander(game: Game, random: Random, steps: int) -> None:
    """Take assets out and in, away and back, and move their folders, building now and then."""
    for _ in range(steps):
        asset = random.choice(list_assets(game.project))
        which = str(asset.asset_id)
        if asset.state == "quarantined":
            apply(restore(game.project, which))
            continue
        match random.randrange(5):
            case 0:
                exclude(game.project, which)
            case 1:
                include(game.project, which)
            case 2:
                apply(quarantine(game.project, which))
            case 3:
                (game.root / asset.root).rename(game.path(f"moved{random.randrange(10**9)}"))
            case 4:
                build(game.project)


def settle(game: Game, included: list[int], random: Random) -> None:
    """Bring every asset back, to where it began, and take those into the build that are to be in it."""
    assets = list(list_assets(game.project))
    random.shuffle(assets)
    homes = {1: "sounds/jump", 2: "hero", **dict(enumerate(NAMES, 3))}
    for asset in assets:
        if asset.state == "quarantined":
            apply(restore(game.project, str(asset.asset_id)))
    for asset in list_assets(game.project):
        (game.root / asset.root).rename(game.path(f"away{asset.asset_id}"))
    for number, home in homes.items():
        game.path(f"away{number}").rename(game.path(home))
    repair(game.project)
    for asset in assets:
        (include if asset.asset_id in included else exclude)(game.project, str(asset.asset_id))


@settings(max_examples=6)
@given(st.integers(0, 1 << 32), st.lists(st.integers(1, 5), unique=True), st.integers(0, 12), st.integers(0, 12))
def test_two_ways_to_one_state(seed: int, included: list[int], one: int, two: int) -> None:
    outputs, registries = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, steps in enumerate((one, two)):
            random = Random(seed + number)
            game = started(Path(folder) / f"game{number}")
            wander(game, random, steps)
            settle(game, included, random)
            build(game.project)
            outputs.append(game.outputs())
            registries.append(game.path(".prometeu/index.json").read_bytes())
    assert registries[0] == registries[1]
    assert outputs[0] == outputs[1]
