"""A change that was killed after it was decided: who looks at the project says so, and who changes it settles it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from studio import Studio, tree

from packaging_targets.errors import BuildError, IntegrityError
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.building.record import OUTPUTS
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.details import details
from packaging_targets.services.assets.reading.doctor import doctor
from packaging_targets.services.assets.reading.listing import list_assets
from packaging_targets.services.assets.reading.pictures import preview
from packaging_targets.services.assets.reading.summary import summary
from packaging_targets.services.assets.rearranging.plan import apply
from packaging_targets.services.assets.rearranging.quarantine import gc, quarantine
from packaging_targets.services.assets.rearranging.removing import remove
from packaging_targets.services.assets.registering.membership import exclude
from packaging_targets.services.assets.registering.repairing import repair
from packaging_targets.services.assets.transaction import interrupted

_PATIENCE = 30  # seconds, after which somebody waits for himself
TOLD = (
    "error: a change of assets was interrupted, and is half-done: all else is told as it stands\n"
    "  at assets/.prometeu/journal\n"
    "  fix: packaging assets doctor --fix"
)
FINISHED = "finished a change that was interrupted"
TOOK_BACK = "took back a change that was interrupted: what it was about has changed since, or it had failed"

LOOKS: dict[str, Callable[[Studio], object]] = {
    "details": lambda studio: details(studio.project, "two"),
    "doctor": lambda studio: doctor(studio.project).assets,
    "list": lambda studio: list_assets(studio.project),
    "preview": lambda studio: preview(studio.project, "two"),
    "summary": lambda studio: summary(studio.project),
}
CHANGES: dict[str, Callable[[Studio], object]] = {
    "exclude": lambda studio: exclude(studio.project, "two"),
    "gc": lambda studio: gc(studio.project),
    "quarantine": lambda studio: quarantine(studio.project, "two"),
    "repair": lambda studio: repair(studio.project),
}


def killed_behind(act: Callable[[], object], target: str) -> None:
    """Do it in a process that is killed behind its rename to a path that ends so."""
    child = os.fork()
    if child == 0:
        is_done = False

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal is_done
            if is_done and event != "os.kill":  # which tells of itself
                os.kill(os.getpid(), signal.SIGKILL)
            is_done = event == "os.rename" and str(arguments[1]).endswith(target)

        sys.addaudithook(hook)
        try:
            act()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def lose_patience(*_: object) -> None:
    raise TimeoutError


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    signal.signal(signal.SIGALRM, lose_patience)
    signal.alarm(_PATIENCE)
    yield
    signal.alarm(0)


def half_quarantined(studio: Studio) -> None:
    """Leave `one` where nobody expects it: moved, and the registry knows nothing of it."""
    studio.sound("assets/one")
    studio.sound("assets/two")
    killed_behind(lambda: apply(quarantine(studio.project, "one")), "/quarantine/1")
    assert not (studio.root / "assets/one").exists()
    assert studio.index()["quarantine"] == []


def unbuilt(studio: Studio) -> dict[str, bytes | str | None]:
    return {path: data for path, data in studio.tree().items() if not path.startswith("build")}


@pytest.mark.parametrize("look", LOOKS)
def test_who_looks_changes_nothing(studio: Studio, look: str) -> None:
    half_quarantined(studio)
    before = studio.tree()
    LOOKS[look](studio)
    assert unbuilt(studio) == before


def test_who_looks_says_so(studio: Studio) -> None:
    half_quarantined(studio)
    found = interrupted(studio.project)
    assert str(AssetsError(*found)) == TOLD
    assert set(found) <= set(doctor(studio.project).diagnostics)
    assert set(found) <= set(details(studio.project, "two").diagnostics)
    assert summary(studio.project).blocking == 2, "this, and the asset.json that is not there for the moment"


def test_a_build_refuses_and_says_nothing_that_misleads(studio: Studio) -> None:
    half_quarantined(studio)
    before = studio.tree()
    with pytest.raises(AssetsError) as caught:
        build(studio.project)
    assert str(caught.value) == TOLD
    assert unbuilt(studio) == before
    assert repair(studio.project).done == (FINISHED,)
    assert [asset.name for asset in build(studio.project).assets] == ["two"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_decided_is_finished_by_who_changes_something(studio: Studio, change: str) -> None:
    half_quarantined(studio)
    CHANGES[change](studio)
    assert not (studio.root / "assets/one").exists()
    assert [row["root"] for row in studio.index()["quarantine"]] == ["one"]
    assert interrupted(studio.project) == ()


def test_what_people_put_into_a_folder_since_is_not_deleted_with_it(studio: Studio) -> None:
    studio.sound("assets/one")
    killed_behind(lambda: apply(remove(studio.project, "one")), "/journal.json")
    studio.write("assets/one/mine.txt", "mine")
    before = studio.tree()
    assert repair(studio.project).done == (TOOK_BACK,)
    assert studio.tree() == {path: data for path, data in before.items() if "journal" not in path}


def test_what_people_make_where_a_folder_was_deleted_stays(studio: Studio) -> None:
    studio.sound("assets/one")
    killed_behind(lambda: apply(remove(studio.project, "one")), "/trash-1/1")
    studio.write("assets/one/mine.txt", "mine")
    assert repair(studio.project).done == (FINISHED,)
    assert (studio.root / "assets/one/mine.txt").read_text() == "mine"
    assert studio.index()["assets"] == []


def test_a_registry_that_was_pulled_since_is_not_overwritten(studio: Studio) -> None:
    studio.sound("assets/one")
    index = studio.root / "assets/.prometeu/index.json"
    theirs = {**studio.index(), "next_asset_id": 9}
    killed_behind(lambda: studio.sound("assets/two"), "/journal.json")
    index.write_text(json.dumps(theirs))
    assert repair(studio.project).done[0] == TOOK_BACK
    assert not (studio.root / "assets/two/asset.json").exists()
    assert studio.sound("assets/two") == 9, "no id is given twice"


def test_where_both_people_and_we_wrote_a_person_decides(studio: Studio) -> None:
    """The folder has been moved, another one stands there, and the registry was changed since."""
    studio.sound("assets/one")
    killed_behind(lambda: apply(quarantine(studio.project, "one")), "/quarantine/1")
    studio.write("assets/one/mine.txt", "mine")
    index = studio.root / "assets/.prometeu/index.json"
    index.write_bytes(index.read_bytes() + b"\n")
    before = studio.tree()
    with pytest.raises(BuildError) as caught:
        repair(studio.project)
    assert str(caught.value) == (
        "error: `one` was changed after a change of it was interrupted, and nobody but you knows which one is to stay:"
        " what was `one` is `.prometeu/quarantine/1` now\n"
        f"  at {studio.root}/assets\n"
        "  fix: move `one` away, then let the change be taken back: run the command again"
    )
    assert studio.tree() == before
    (studio.root / "assets/one").rename(studio.root / "assets/mine")
    assert repair(studio.project).done[0] == TOOK_BACK
    assert (studio.root / "assets/one/x.wav").exists()
    assert (studio.root / "assets/mine/mine.txt").read_text() == "mine"


def test_a_journal_that_came_with_a_copy_is_told_and_not_followed(studio: Studio) -> None:
    half_quarantined(studio)
    copy = studio.root.parent / "copy"
    shutil.copytree(studio.root, copy, symlinks=True)
    before = tree(copy)
    with pytest.raises(IntegrityError) as caught:
        repair(Project(str(copy)))
    assert str(caught.value) == (
        "error: `.prometeu/journal/journal.json` was not written here, but came with a copy or a clone,"
        " and is not followed\n"
        "  at .prometeu/journal/journal.json\n"
        "  fix: see what is in its folder, then remove that"
    )
    assert tree(copy) == before
    assert repair(studio.project).done == (FINISHED,)


@pytest.mark.parametrize("last", OUTPUTS)
def test_a_promotion_that_fails_leaves_the_last_good_outputs(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    studio.sound("assets/one")
    build(studio.project)
    before = {path: (studio.root / path).read_bytes() for path in OUTPUTS}
    studio.sound("assets/two")
    real = os.rename
    done: list[str] = []

    def rename(source: str, target: str) -> None:
        done.append(os.path.relpath(target, studio.root))
        if done[-1] == last and done.count(last) == 1:
            raise OSError(28, "No space left on device", source, None, target)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        with pytest.raises(BuildError, match="nothing was changed"):
            build(studio.project)
    assert {path: (studio.root / path).read_bytes() for path in OUTPUTS} == before
    if last == OUTPUTS[0]:
        assert [path for path in done if path in OUTPUTS][:4] == [*OUTPUTS[1:], last], "the pack comes last"
    assert len(build(studio.project).assets) == 2


@pytest.mark.parametrize("last", OUTPUTS)
def test_a_promotion_that_is_killed_is_finished_by_the_next_build(studio: Studio, last: str) -> None:
    studio.sound("assets/one")
    build(studio.project)
    studio.sound("assets/two")
    killed_behind(lambda: build(studio.project), f"/{last}")
    LOOKS["list"](studio)
    assert (studio.root / "build/.packer/journal.json").exists()
    assert len(build(studio.project).assets) == 2
    outputs = {path: (studio.root / path).read_bytes() for path in OUTPUTS}
    shutil.rmtree(studio.root / "build")
    build(studio.project)
    assert {path: (studio.root / path).read_bytes() for path in OUTPUTS} == outputs
