"""Every change of registry and workspace, and a project on which each of them can be tried."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from studio import Studio

from packaging_targets.services.assets.rearranging.plan import apply
from packaging_targets.services.assets.rearranging.quarantine import gc, quarantine, restore
from packaging_targets.services.assets.rearranging.removing import remove
from packaging_targets.services.assets.registering.adopting import adopt
from packaging_targets.services.assets.registering.membership import exclude, forget, include
from packaging_targets.services.assets.registering.repairing import repair

VERBS: dict[str, Callable[[Studio], object]] = {
    "register": lambda studio: studio.sound("assets/fresh/deep"),
    "adopt": lambda studio: adopt(studio.project, "assets/nameless"),
    "forget": lambda studio: forget(studio.project, "1"),
    "include": lambda studio: include(studio.project, "2"),
    "exclude": lambda studio: exclude(studio.project, "1"),
    "repair": lambda studio: repair(studio.project),
    "remove": lambda studio: apply(remove(studio.project, "1")),
    "quarantine": lambda studio: apply(quarantine(studio.project, "1")),
    "restore": lambda studio: apply(restore(studio.project, "4", "assets/back/again")),
    "gc": lambda studio: apply(gc(studio.project)),
}


def start(root: Path) -> Studio:
    """Make a project with an asset in each state that a verb may change."""
    studio = Studio(root)
    for name in ("one", "two", "three", "four"):
        studio.sound(f"assets/{name}")
    studio.write("assets/one/notes/people.txt", "mine")
    exclude(studio.project, "2")
    shutil.move(root / "assets/three", root / "assets/moved")
    apply(quarantine(studio.project, "4"))
    studio.write("assets/nameless/x.wav", (root / "assets/one/x.wav").read_bytes())
    text = (root / "assets/one/asset.json").read_text("utf-8")
    studio.write("assets/nameless/asset.json", "\n".join(line for line in text.splitlines() if "uuid" not in line))
    return studio
