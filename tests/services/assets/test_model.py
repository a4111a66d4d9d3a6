"""Any sequence of changes, beside a model that is a dict: both say the same all along."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from studio import Studio

from packaging_targets.services.assets.rearranging.plan import apply
from packaging_targets.services.assets.rearranging.quarantine import gc, quarantine, restore
from packaging_targets.services.assets.rearranging.removing import remove
from packaging_targets.services.assets.registering.adopting import adopt
from packaging_targets.services.assets.registering.membership import exclude, forget, include
from packaging_targets.services.assets.registering.repairing import repair

_PICK = st.integers(0, 99)


class Changes(RuleBasedStateMachine):
    """`known` maps ids to UUID, folder, inclusion; `held` those in quarantine; `lone` UUIDs to their folders."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.studio = Studio(self.folder / "game")
        self.known: dict[int, tuple[str, str, bool]] = {}
        self.held: dict[int, tuple[str, str, bool]] = {}
        self.lone: dict[str, str] = {}
        self.given = 0
        self.folders = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self) -> str:
        self.folders += 1
        return f"assets/f{self.folders}"

    @rule()
    def register(self) -> None:
        root = self.fresh()
        self.given += 1
        assert self.studio.sound(root) == self.given
        self.known[self.given] = self.studio.assets()[self.given].uuid, root, True

    @precondition(lambda self: self.known)
    @rule(pick=_PICK, verb=st.sampled_from(["forget", "include", "exclude", "move", "quarantine", "remove"]))
    def change(self, pick: int, verb: str) -> None:
        project = self.studio.project
        asset_id = sorted(self.known)[pick % len(self.known)]
        uuid, root, included = self.known[asset_id]
        match verb:
            case "forget":
                forget(project, uuid)
                self.lone[uuid] = root
            case "include" | "exclude":
                (include if verb == "include" else exclude)(project, root)
                self.known[asset_id] = uuid, root, verb == "include"
                return
            case "move":
                target = self.fresh()
                shutil.move(self.studio.root / root, self.studio.root / target)
                self.known[asset_id] = uuid, target, included
                return
            case "quarantine":
                apply(quarantine(project, str(asset_id)))
                self.held[asset_id] = self.known[asset_id]
            case _:
                apply(remove(project, root))
                assert not (self.studio.root / root).exists()
        del self.known[asset_id]

    @precondition(lambda self: self.held)
    @rule(pick=_PICK)
    def bring_back(self, pick: int) -> None:
        asset_id = sorted(self.held)[pick % len(self.held)]
        uuid, _, included = self.held.pop(asset_id)
        target = self.fresh()
        apply(restore(self.studio.project, uuid, target))
        self.known[asset_id] = uuid, target, included

    @precondition(lambda self: self.lone)
    @rule(pick=_PICK)
    def adopt_again(self, pick: int) -> None:
        uuid = sorted(self.lone)[pick % len(self.lone)]
        root = self.lone.pop(uuid)
        self.given += 1
        adopted = adopt(self.studio.project, root)
        assert (adopted.asset_id, adopted.uuid) == (self.given, uuid)
        self.known[self.given] = uuid, root, True

    @rule()
    def mend(self) -> None:
        assert repair(self.studio.project).left == ()
        assert {asset.state for asset in self.studio.assets().values()} <= {"ok", "quarantined"}

    @rule()
    def collect(self) -> None:
        apply(gc(self.studio.project))
        self.held.clear()

    @invariant()
    def says_the_same(self) -> None:
        if not hasattr(self, "studio"):
            return
        found = self.studio.assets()
        registered = {
            key: (one.uuid, one.root, one.included) for key, one in found.items() if one.state != "quarantined"
        }
        assert registered == self.known
        assert {key for key, one in found.items() if one.state == "quarantined"} == self.held.keys()
        assert sorted(self.studio.lone()) == sorted(self.lone.values())
        assert self.studio.index()["next_asset_id"] == self.given + 1


def test_any_sequence_of_changes_is_what_the_model_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.chdir(tmp_path)  # and back there, when the last project is gone
    run_state_machine_as_test(Changes, settings=settings(max_examples=12, stateful_step_count=20, deadline=None))
