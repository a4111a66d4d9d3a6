"""Who an asset is, whatever happens to its folder: ids are given once, UUIDs stay."""

from __future__ import annotations

import json
import shutil

import pytest
from studio import Studio, declaration, wav

from packaging_targets.errors import PackagingError, RequestError
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.services.assets.events import ignore
from packaging_targets.services.assets.registering.adopting import adopt
from packaging_targets.services.assets.registering.initialise import init
from packaging_targets.services.assets.registering.membership import exclude, forget, include
from packaging_targets.services.assets.registering.repairing import repair

UUID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def lying(studio: Studio, root: str, text: str) -> None:
    """Let an unregistered asset lie there."""
    studio.write(f"{root}/x.wav", wav())
    studio.write(f"{root}/asset.json", text)


def refused(*args: object, **kwargs: object) -> str:
    with pytest.raises(PackagingError) as caught:
        adopt(*args, **kwargs)  # type: ignore[arg-type]
    return str(caught.value)


def test_init_makes_what_is_missing_and_changes_nothing_that_is_there(studio: Studio) -> None:
    studio.sound("assets/hero")
    before = studio.tree()
    assert init(str(studio.root), ignore).made == ()
    assert studio.tree() == before
    (studio.root / "inner").mkdir()
    with pytest.raises(RequestError) as caught:
        init(str(studio.root / "inner"))
    assert str(caught.value) == (
        f"error: `{studio.root}/inner` lies in the project `{studio.root}`, which has assets of its own\n"
        f"  at {studio.root}/inner\n"
        "  fix: use that one, or go elsewhere"
    )
    assert studio.tree().keys() - before.keys() == {"inner"}


def test_init_refuses_what_is_in_the_way(studio: Studio) -> None:
    studio.write("other/assets", "a file")
    with pytest.raises(RequestError, match="lies in the project"):
        init(str(studio.root / "other"))
    (studio.root.parent / "lone").mkdir()
    (studio.root.parent / "lone" / "assets").symlink_to(studio.root / "assets")
    with pytest.raises(RequestError, match="`assets` is in the way: it is no folder"):
        init(str(studio.root.parent / "lone"))
    with pytest.raises(RequestError, match="there is no folder"):
        init(str(studio.root.parent / "nowhere"))


def test_a_moved_asset_keeps_id_and_uuid_and_its_place_is_recorded(studio: Studio) -> None:
    hero = studio.sound("assets/hero")
    before = studio.assets()[hero]
    (studio.root / "assets/people").mkdir()
    shutil.move(studio.root / "assets/hero", studio.root / "assets/people/champion")
    moved = studio.assets()[hero]
    assert (moved.state, moved.root, moved.home, moved.uuid) == (
        "moved", "assets/people/champion", "assets/hero", before.uuid,
    )  # fmt: skip
    assert repair(studio.project).done == ("recorded that asset 1 is in `assets/people/champion` now",)
    assert studio.assets()[hero].state == "ok"
    assert repair(studio.project).done == ()


def test_two_assets_that_changed_places_are_told_apart(studio: Studio) -> None:
    one, two = studio.sound("assets/one"), studio.sound("assets/two")
    for source, target in (("one", "x"), ("two", "one"), ("x", "two")):
        shutil.move(studio.root / "assets" / source, studio.root / "assets" / target)
    assert {key: asset.root for key, asset in studio.assets().items()} == {one: "assets/two", two: "assets/one"}
    assert len(repair(studio.project).done) == 2
    assert {asset.state for asset in studio.assets().values()} == {"ok"}


def test_a_place_that_the_registry_has_for_another_asset_is_not_recorded(studio: Studio) -> None:
    studio.sound("assets/one")
    studio.sound("assets/two")
    shutil.rmtree(studio.root / "assets/two")
    shutil.move(studio.root / "assets/one", studio.root / "assets/two")
    before = studio.index()
    repaired = repair(studio.project)
    assert repaired.done == ()
    assert repaired.left == ("asset 1 is in `assets/two` now, which the registry has as the folder of another asset",)
    assert studio.index() == before


def test_a_renamed_asset_is_the_same_one(studio: Studio) -> None:
    hero = studio.sound("assets/hero")
    file = studio.root / "assets/hero/asset.json"
    file.write_text(file.read_text("utf-8").replace('"hero"', '"champion"'), "utf-8")
    assert studio.assets()[hero].name == "champion"
    assert studio.assets()[hero].state == "ok"


@pytest.mark.statement("I4")
def test_a_forgotten_asset_keeps_its_uuid_and_gets_a_new_id(studio: Studio) -> None:
    hero, other = studio.sound("assets/hero"), studio.sound("assets/other")
    uuid = studio.assets()[hero].uuid
    before = studio.tree()
    forgotten = forget(studio.project, "hero")
    assert forgotten.summary == "`hero` is no asset any more; its files stay, and the id 1 is not given again"
    assert studio.lone() == ["assets/hero"]
    changed = {path for path, data in studio.tree().items() if before.get(path) != data}
    assert changed == {"assets/.prometeu/index.json"}
    again = adopt(studio.project, "assets/hero")
    assert (again.asset_id, again.uuid, again.written) == (other + 1, uuid, ("assets/.prometeu/index.json",))
    forget(studio.project, str(again.asset_id))
    assert studio.sound("assets/third") == other + 2


def test_a_copy_is_refused_until_it_gets_a_uuid_of_its_own(studio: Studio) -> None:
    hero = studio.sound("assets/hero")
    shutil.copytree(studio.root / "assets/hero", studio.root / "assets/copy")
    before = studio.tree()
    assert refused(studio.project, "assets/copy") == (
        "error: `assets/copy` has the UUID of the asset 1 in `assets/hero`\n"
        "  at assets/copy\n"
        "  fix: if it is a copy, let it have a UUID of its own: --new-uuid"
    )
    assert studio.tree() == before
    copy = adopt(studio.project, "assets/copy", new_uuid=True)
    assert copy.uuid != studio.assets()[hero].uuid
    assert copy.written == ("assets/.prometeu/index.json", "assets/copy/asset.json")
    assert [one.code for one in copy.diagnostics] == [], "the first one by its folder has the name"
    old = (studio.root / "assets/hero/asset.json").read_text("utf-8").splitlines()
    new = (studio.root / "assets/copy/asset.json").read_text("utf-8").splitlines()
    assert [line for line in new if line not in old] == [f'  "asset_uuid": "{copy.uuid}",']
    assert len(old) == len(new)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n  "name": "a"\n}\n', '{\n  "asset_uuid": "UUID",\n  "name": "a"\n}\n'),
        ('{\r\n\t"name": "a"\r\n}', '{\r\n\t"asset_uuid": "UUID",\r\n\t"name": "a"\r\n}'),
        ('{"name": "ä {"}', '{"asset_uuid": "UUID", "name": "ä {"}'),
        ("{}", '{"asset_uuid": "UUID"}'),
        ("{\n}\n", '{"asset_uuid": "UUID"\n}\n'),
    ],
)
def test_a_uuid_that_is_missing_is_put_in_and_nothing_else_changes(studio: Studio, before: str, after: str) -> None:
    lying(studio, "assets/a", before)
    adopted = adopt(studio.project, "assets/a/asset.json")
    assert (studio.root / "assets/a/asset.json").read_bytes().decode() == after.replace("UUID", adopted.uuid)


def test_only_the_uuid_of_the_asset_itself_is_replaced(studio: Studio) -> None:
    text = declaration(UUID, build={"asset_uuid": UUID})
    moved = (
        text.replace(f'"asset_uuid": "{UUID}",\n  "name"', '"name"', 1).rstrip("}") + f',\n  "asset_uuid": "{UUID}"\n}}'
    )
    lying(studio, "assets/a", moved)
    adopted = adopt(studio.project, "assets/a", new_uuid=True)
    value = json.loads((studio.root / "assets/a/asset.json").read_text("utf-8"))
    assert (value["asset_uuid"], value["build"]) == (adopted.uuid, {"asset_uuid": UUID})


def test_what_is_wrong_with_an_adopted_asset_is_told_and_stops_builds_only(studio: Studio) -> None:
    lying(studio, "assets/a", declaration(UUID, preload={}))
    adopted = adopt(studio.project, "assets/a")
    assert [one.code for one in adopted.diagnostics] == ["preload-invalid"]
    assert studio.assets()[1].state == "invalid"


def test_what_cannot_be_adopted(studio: Studio) -> None:
    studio.sound("assets/hero")
    lying(studio, "assets/hero/inner", declaration(UUID))
    assert refused(studio.project, "assets/hero/inner") == (
        "error: `assets/hero/inner` lies inside the asset `assets/hero`\n  at assets/hero/inner\n  fix: move it out"
    )
    lying(studio, "assets/upper", declaration(UUID.upper()))
    assert refused(studio.project, "assets/upper") == (
        "error: `asset_uuid` of `assets/upper/asset.json` is no UUID in lower case\n"
        "  at assets/upper/asset.json  ($.asset_uuid)\n"
        "  fix: correct it, or let it have a new one: --new-uuid"
    )
    assert refused(studio.project, "assets/hero") == (
        "error: `assets/hero` is registered already, as the asset 1\n  at assets/hero"
    )
    assert refused(studio.project, "assets/uper") == (
        "error: there is no unregistered `asset.json` in `assets/uper`\n  fix: did you mean `assets/upper`?"
    )
    lying(studio, "assets/broken", "{")
    assert "the file is not JSON" in refused(studio.project, "assets/broken")
    lying(studio, "assets/list", "[1]")
    assert "[1] is no object" in refused(studio.project, "assets/list")
    lying(studio, "assets/null", "null")
    assert "null is no object" in refused(studio.project, "assets/null")
    shutil.move(studio.root / "assets/hero", studio.root / "assets/moved")
    assert refused(studio.project, "assets/moved") == (
        "error: `assets/moved` is the asset 1, which was in `assets/hero`\n"
        "  at assets/moved\n"
        "  fix: packaging assets doctor --fix"
    )


def test_include_and_exclude(studio: Studio) -> None:
    studio.sound("assets/hero")
    assert not include(studio.project, "hero", studio.events.append).changed
    out = exclude(studio.project, "hero", studio.events.append)
    assert (out.changed, out.included, out.summary) == (True, False, "`hero` (1) is not built")
    assert not studio.assets()[1].included
    back = include(studio.project, "hero", studio.events.append)
    assert (back.changed, back.included, studio.assets()[1].included) == (True, True, True)
    told = [(event.kind, event.sequence, event.affected_assets) for event in studio.events[-2:]]
    assert told == [("action_applied", 1, ("assets/hero",))] * 2


def test_what_is_refused_is_told_as_an_event_too(studio: Studio) -> None:
    with pytest.raises(RequestError):
        forget(studio.project, "nobody", studio.events.append)
    assert [(event.kind, event.summary) for event in studio.events] == [("action_failed", "there is no asset `nobody`")]


def test_a_registry_that_cannot_be_read_is_left_alone(studio: Studio) -> None:
    studio.write("assets/.prometeu/index.json", '{"assets": <<<<<<<')
    before = studio.tree()
    for act in (repair, lambda project: forget(project, "1"), lambda project: adopt(project, "assets/x")):
        with pytest.raises(AssetsError) as caught:
            act(studio.project)
        assert [one.code for one in caught.value.diagnostics] == ["registry-invalid"]
    assert studio.tree() == before


def test_repair_writes_the_registry_in_its_one_form(studio: Studio) -> None:
    studio.sound("assets/hero")
    index = studio.root / "assets/.prometeu/index.json"
    good = index.read_bytes()
    index.write_text(json.dumps(json.loads(good)))
    assert repair(studio.project).done == ("wrote `assets/.prometeu/index.json` in its one form",)
    assert index.read_bytes() == good
