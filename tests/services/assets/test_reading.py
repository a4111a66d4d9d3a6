"""What reads: lists, details, summaries, and finding what somebody means."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rights import WITHOUT_RIGHTS, needs_rights_dropped
from studio import Studio, declaration, wav

import packaging_targets
from packaging_targets.errors import RequestError
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.details import details
from packaging_targets.services.assets.reading.listing import list_assets
from packaging_targets.services.assets.reading.summary import summary
from packaging_targets.services.assets.rearranging.plan import apply
from packaging_targets.services.assets.rearranging.quarantine import quarantine
from packaging_targets.services.assets.registering.membership import exclude, forget

UUID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def every_state(studio: Studio) -> None:
    """Make an asset in each state; their names are the states."""
    for state in ("ok", "moved", "missing", "invalid", "unregistered", "quarantined"):
        studio.sound(f"assets/{state}", preload=True)
    shutil.move(studio.root / "assets/moved", studio.root / "assets/elsewhere")
    shutil.rmtree(studio.root / "assets/missing")
    (studio.root / "assets/invalid/x.wav").unlink()
    forget(studio.project, "unregistered")
    apply(quarantine(studio.project, "quarantined"))


def test_assets_are_listed_in_every_state(studio: Studio) -> None:
    every_state(studio)
    listed = [(asset.asset_id, asset.state, asset.name, asset.root) for asset in list_assets(studio.project)]
    assert listed == [
        (1, "ok", "ok", "assets/ok"),
        (2, "moved", "moved", "assets/elsewhere"),
        (3, "missing", "", "assets/missing"),
        (4, "invalid", "invalid", "assets/invalid"),
        (6, "quarantined", "quarantined", "assets/.prometeu/quarantine/6"),
        (0, "unregistered", "unregistered", "assets/unregistered"),
    ]
    json.dumps([asset.to_json() for asset in list_assets(studio.project)])


def test_the_summary_counts_what_there_is(studio: Studio) -> None:
    every_state(studio)
    exclude(studio.project, "moved")
    found = summary(studio.project)
    assert found.states == dict.fromkeys(("ok", "moved", "missing", "invalid", "unregistered", "quarantined"), 1)
    assert (found.included, found.blocking, found.advisory) == (3, 2, 2)
    os.utime(studio.root / "assets/ok/asset.json", (5, 5))
    os.utime(studio.root / "assets/ok/x.wav", (7, 7))
    first = summary(studio.project).assets[0]
    assert first.to_json() == {
        "asset_id": 1,
        "asset_name": "ok",
        "asset_family": "sound_bank",
        "artifacts": 1,
        "last_modified": 7,
    }
    assert [asset.asset_id for asset in found.assets] == [1, 2, 3, 4]


def test_details_tell_all_of_one_asset(studio: Studio) -> None:
    every_state(studio)
    found = details(studio.project, "moved")
    assert (found.file, found.slot, found.packed) == ("assets/elsewhere/asset.json", 1, None)
    assert [(one.path, one.role, one.size) for one in found.inputs] == [("assets/elsewhere/x.wav", "sources", 144)]
    broken = details(studio.project, "4")
    assert [one.code for one in broken.diagnostics] == ["input-missing"]
    assert (broken.slot, broken.inputs[0].size) == (None, None)
    assert details(studio.project, "quarantined").slot is None
    assert details(studio.project, "3").declaration is None
    json.dumps(broken.to_json())


def test_an_input_that_a_link_leads_to_is_not_there_for_details_either(studio: Studio) -> None:
    studio.sound("assets/hero")
    shutil.move(studio.root / "assets/hero/x.wav", studio.root / "x.wav")
    (studio.root / "assets/hero/sub").symlink_to(studio.root)
    uuid = studio.assets()[1].uuid
    studio.write("assets/hero/asset.json", declaration(uuid, inputs={"sources": ["sub/x.wav"]}))
    assert details(studio.project, "hero").inputs[0].size is None


def test_details_show_where_an_asset_is_in_the_last_pack(studio: Studio) -> None:
    studio.sound("assets/hero")
    studio.write("build/assets.pa", b"damaged")
    assert details(studio.project, "hero").packed is None


@pytest.mark.parametrize("which", ["1", "HERO-UUID", "hero", "assets/hero", "assets/hero/asset.json", "./assets/hero/"])
def test_an_asset_is_found_by_id_uuid_name_or_path(studio: Studio, which: str) -> None:
    studio.sound("assets/hero")
    studio.sound("assets/other")
    uuid = studio.assets()[1].uuid.upper()
    assert details(studio.project, uuid if which == "HERO-UUID" else which).asset.asset_id == 1


def test_a_path_is_seen_from_where_one_is(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.sound("assets/people/hero", name="a")
    monkeypatch.chdir(studio.root / "assets/people")
    assert details(studio.project, "hero").asset.asset_id == 1
    assert details(studio.project, "assets/people/hero").asset.asset_id == 1
    monkeypatch.chdir("hero")
    assert details(Project.find("."), ".").asset.asset_id == 1


def test_what_is_not_found_is_told_with_the_near_miss(studio: Studio) -> None:
    studio.sound("assets/hero")
    for which, fix in (
        ("heroo", "did you mean `hero`?"),
        ("99", "packaging assets list"),
        ("a\0b", "packaging assets list"),
    ):
        with pytest.raises(RequestError) as caught:
            details(studio.project, which)
        shown = which.replace("\0", r"\x00")  # what terminals would swallow is told
        assert str(caught.value) == f"error: there is no asset `{shown}`\n  fix: {fix}"


def test_a_name_of_several_assets_is_told_with_all(studio: Studio) -> None:
    studio.sound("assets/hero")
    studio.write("assets/copy/asset.json", declaration(UUID, "hero"))
    studio.write("assets/copy/x.wav", wav())
    with pytest.raises(RequestError) as caught:
        details(studio.project, "hero")
    assert str(caught.value) == (
        "error: `hero` is the name of several assets: 1 in `assets/hero`, unregistered in `assets/copy`\n"
        "  fix: give the folder"
    )
    assert forget(studio.project, "hero").asset_id == 1, "only one of them is registered"


def test_junk_is_welcome(studio: Studio) -> None:
    studio.sound("assets/hero")
    os.mkfifo(studio.root / "assets/pipe")
    os.mkfifo(studio.root / "assets/hero/asset.json.pipe")
    (studio.root / "assets/loop").symlink_to("loop")
    (studio.root / "assets/up").symlink_to("..")
    (studio.root / "assets/b").mkdir()
    (studio.root / "assets/b/asset.json").symlink_to("nowhere")
    (studio.root / "assets/d/asset.json").mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(studio.root / "assets") + b"/\xff\xfe")).write_text("x", "utf-8")
    deep = studio.root / "assets"
    while len(str(deep)) < 3_900:
        deep = deep / "deep"
    deep.mkdir(parents=True)
    studio.write("assets/!first/.prometeu/index.json", "of another project")
    assert studio.assets()[1].state == "ok"
    assert summary(studio.project).blocking == 0
    studio.sound("assets/other")


_AS_NOBODY_MORE = """
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.listing import list_assets
from packaging_targets.services.assets.reading.summary import summary
project = Project.find(".")
print([asset.state for asset in list_assets(project)], summary(project).blocking)
"""


@needs_rights_dropped
def test_what_may_not_be_read_is_wrong_only_where_it_is_built(studio: Studio) -> None:
    studio.sound("assets/hero")
    studio.sound("assets/excluded")
    exclude(studio.project, "excluded")
    studio.write("assets/junk/asset.json", "{}")
    studio.write("assets/closed/x", "x").parent.chmod(0)
    package = str(Path(packaging_targets.__file__).parents[1])
    told = []
    for root in ("junk", "excluded", "hero"):
        (studio.root / "assets" / root / "asset.json").chmod(0)
        command = [*WITHOUT_RIGHTS, sys.executable, "-c", _AS_NOBODY_MORE]
        environment = {**os.environ, "PYTHONPATH": package}
        told.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert told == [
        "['ok', 'ok', 'unregistered'] 0\n",
        "['ok', 'invalid', 'unregistered'] 0\n",
        "['invalid', 'invalid', 'unregistered'] 1\n",
    ]
    (studio.root / "assets/closed").chmod(0o755)


def test_an_asset_json_that_is_not_there_as_a_file(studio: Studio) -> None:
    studio.sound("assets/hero")
    (studio.root / "assets/hero/asset.json").unlink()
    os.mkfifo(studio.root / "assets/hero/asset.json")
    assert studio.assets()[1].state == "missing"
    assert details(studio.project, "1").declaration is None
    apply(quarantine(studio.project, str(studio.sound("assets/held"))))
    held = studio.root / "assets/.prometeu/quarantine/2/asset.json"
    held.unlink()
    os.mkfifo(held)
    assert studio.assets()[2].state == "quarantined"
