"""What moves or deletes folders: previewed, then applied if the world is still the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rights import WITHOUT_RIGHTS, needs_rights_dropped
from studio import Studio, declaration

import packaging_targets
from packaging_targets.errors import BuildError, PackagingError, RequestError
from packaging_targets.services.assets.rearranging.plan import Plan, apply
from packaging_targets.services.assets.rearranging.quarantine import gc, quarantine, restore
from packaging_targets.services.assets.rearranging.removing import remove
from packaging_targets.services.assets.registering.membership import exclude, forget

UUID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(PackagingError) as caught:
        act()
    return str(caught.value)


def test_a_preview_tells_all_and_changes_nothing(studio: Studio) -> None:
    studio.sound("assets/hero")
    studio.write("assets/hero/.git/config", "of a person")
    (studio.root / "assets/hero/link").symlink_to("/nowhere")
    before = studio.tree()
    plan = remove(studio.project, "hero")
    size = plan.size
    assert plan.lines == (
        "unregister `hero`, whose id 1 is not given again",
        f"delete `assets/hero` for good: 4 files, {size:,} bytes",
        "goes along, though the asset does not use it: `assets/hero/.git/config`",
        "goes along, though the asset does not use it: `assets/hero/link`",
    )
    assert plan.loses
    assert studio.tree() == before
    assert plan.to_json() == {
        "asset_ids": [1],
        "deletes": ["assets/hero"],
        "files": [{"path": one.path, "size": one.size} for one in plan.files],
        "lines": list(plan.lines),
        "moves": [],
        "size": size,
        "verb": "remove",
    }
    apply(plan, studio.events.append)
    assert not (studio.root / "assets/hero").exists()
    assert studio.assets() == {}
    assert [event.summary for event in studio.events[-4:]] == list(plan.lines)
    assert studio.sound("assets/hero") == 2


def test_quarantine_and_restore_bring_everything_back(studio: Studio) -> None:
    studio.sound("assets/levels/coast", preload=True)
    studio.sound("assets/hero")
    exclude(studio.project, "1")
    studio.write("assets/levels/coast/notes.txt", "mine")
    before = studio.tree()
    plan = quarantine(studio.project, "coast")
    assert plan.moves == (("assets/levels/coast", "assets/.prometeu/quarantine/1"),)
    assert not plan.loses
    apply(plan)
    held = studio.assets()[1]
    assert (held.state, held.home, held.name) == ("quarantined", "assets/levels/coast", "coast")
    (studio.root / "assets/levels").rmdir()  # its folder may go, and come back
    apply(restore(studio.project, "coast"))
    assert studio.tree() == {**before, "assets/.prometeu/quarantine": None}


def test_a_moved_asset_goes_from_where_it_is_and_comes_back_there(studio: Studio) -> None:
    studio.sound("assets/hero")
    shutil.move(studio.root / "assets/hero", studio.root / "assets/champion")
    apply(quarantine(studio.project, "hero"))
    assert studio.assets()[1].home == "assets/champion"
    apply(restore(studio.project, "1"))
    assert (studio.assets()[1].state, studio.assets()[1].root) == ("ok", "assets/champion")


def test_what_is_restored_to_another_place(studio: Studio) -> None:
    studio.sound("assets/hero")
    apply(quarantine(studio.project, "hero"))
    studio.write("assets/hero/new.txt", "somebody else's")
    assert refused(lambda: restore(studio.project, "hero")) == (
        "error: `assets/hero` is taken\n  at assets/hero\n  fix: move it away, or restore to another folder: --to"
    )
    assert "is no folder below `assets`" in refused(lambda: restore(studio.project, "hero", "src/hero"))
    assert "is no folder below `assets`" in refused(lambda: restore(studio.project, "hero", "../x"))
    assert "is no folder below `assets`" in refused(lambda: restore(studio.project, "1", "assets/.prometeu/x"))
    apply(restore(studio.project, "hero", "assets/people/hero"))
    assert (studio.assets()[1].state, studio.assets()[1].root) == ("ok", "assets/people/hero")
    studio.sound("assets/second")
    apply(quarantine(studio.project, "second"))
    told = refused(lambda: restore(studio.project, "second", "assets/people/hero/inner"))
    assert told.startswith("error: `assets/people/hero/inner` lies inside the asset `assets/people/hero`")


def test_gc_deletes_what_is_in_quarantine_and_old_enough(studio: Studio) -> None:
    for name in ("one", "two", "three"):
        studio.sound(f"assets/{name}")
    apply(quarantine(studio.project, "one"))
    apply(quarantine(studio.project, "two"))
    studio.write("assets/.prometeu/quarantine/notes.txt", "a person's")
    studio.write("assets/.prometeu/quarantine/77/x", "of nobody")
    old = os.stat(studio.root).st_mtime - 3 * 86_400
    os.utime(studio.root / "assets/.prometeu/quarantine/1", (old, old))
    assert gc(studio.project, 4).ids == ()
    plan = gc(studio.project, 2)
    assert (plan.ids, plan.deletes) == ((1,), ("assets/.prometeu/quarantine/1",))
    apply(plan)
    assert studio.assets().keys() == {2, 3}
    apply(gc(studio.project))
    assert studio.assets().keys() == {3}
    left = {path for path in studio.tree() if path.startswith("assets/.prometeu/quarantine/")}
    assert left == {f"assets/.prometeu/quarantine/{name}" for name in ("notes.txt", "77", "77/x")}
    assert studio.index()["next_asset_id"] == 4


def test_how_long_it_is_in_quarantine_counts_and_not_how_old_the_folder_is(studio: Studio) -> None:
    studio.sound("assets/hero")
    os.utime(studio.root / "assets/hero", (0, 0))
    apply(quarantine(studio.project, "hero"))
    assert gc(studio.project, 1).ids == ()


def _write_file(studio: Studio) -> object:
    return studio.write("assets/hero/late.txt", "just now")


def _touch(studio: Studio) -> None:
    os.utime(studio.root / "assets/hero/x.wav")


def _delete(studio: Studio) -> None:
    (studio.root / "assets/hero/x.wav").unlink()


def _register(studio: Studio) -> object:
    return studio.sound("assets/other")


def _forget(studio: Studio) -> object:
    return forget(studio.project, "hero")


@pytest.mark.parametrize("between", [_write_file, _touch, _delete, _register, _forget])
@pytest.mark.parametrize("preview", [remove, quarantine])
def test_a_plan_for_another_world_is_refused(
    studio: Studio, between: Callable[[Studio], object | None], preview: Callable[..., Plan]
) -> None:
    studio.sound("assets/hero")
    plan = preview(studio.project, "hero")
    between(studio)
    before = studio.tree()
    assert refused(lambda: apply(plan)) == (
        "error: the registry, or a file in `assets/hero`, has changed since it was looked at\n"
        "  at assets/.prometeu/index.json\n"
        "  fix: look at the new preview, then apply that"
    )
    assert studio.tree() == before


def test_a_plan_is_applied_once(studio: Studio) -> None:
    studio.sound("assets/hero")
    plan = remove(studio.project, "hero")
    apply(plan)
    with pytest.raises(RequestError, match="since it was looked at"):
        apply(plan)


def test_folders_that_are_not_the_asset_s_alone_are_refused(studio: Studio) -> None:
    studio.sound("assets/outer")
    inner = studio.sound("assets/inner")
    shutil.move(studio.root / "assets/inner", studio.root / "assets/outer/inner")
    assert refused(lambda: remove(studio.project, "outer")) == (
        f"error: the asset {inner} lies inside `assets/outer`, in `assets/outer/inner`\n"
        "  at assets/outer\n"
        "  fix: move it out"
    )
    studio.sound("assets/changed")
    studio.write("assets/changed/asset.json", declaration(UUID, "changed"))
    assert "has another UUID than the asset 3" in refused(lambda: quarantine(studio.project, "3"))
    studio.sound("assets/gone")
    shutil.rmtree(studio.root / "assets/gone")
    assert refused(lambda: remove(studio.project, "4")) == (
        "error: the folder of the asset 4, `assets/gone`, is not there\n"
        "  at assets/gone\n"
        "  fix: packaging assets forget 4"
    )


def test_links_are_not_followed(studio: Studio) -> None:
    studio.write("precious/file", "kept")
    studio.sound("assets/hero")
    (studio.root / "assets/hero/link").symlink_to(studio.root / "precious")
    apply(remove(studio.project, "hero"))
    assert (studio.root / "precious/file").read_text("utf-8") == "kept"


def test_junk_goes_along(studio: Studio) -> None:
    studio.sound("assets/hero")
    os.mkfifo(studio.root / "assets/hero/pipe")
    Path(os.fsdecode(os.fsencode(studio.root / "assets/hero") + b"/b\xffd")).write_text("x", "utf-8")
    plan = quarantine(studio.project, "hero")
    assert "goes along, though the asset does not use it: `assets/hero/b\\xffd`" in plan.lines
    apply(plan)
    assert len(plan.files) == 4
    apply(remove_all := gc(studio.project))
    assert len(remove_all.files) == 4
    assert not (studio.root / "assets/.prometeu/quarantine/1").exists()


_AS_NOBODY_MORE = """
import sys
from packaging_targets.errors import PackagingError
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.rearranging.plan import apply
from packaging_targets.services.assets.rearranging.removing import remove
try:
    apply(remove(Project.find("."), "hero"))
except PackagingError as error:
    print(error)
"""


@needs_rights_dropped
@pytest.mark.parametrize(
    ("locked", "told"),
    [
        ("assets/hero/inner", "`hero/inner` cannot be deleted: it may not be read or written"),
        ("assets", "`hero` cannot be moved: the folder `.` may not be written"),
        ("assets/.prometeu", "`.prometeu/index.json` cannot be written: the folder `.prometeu` may not be written"),
    ],
)
def test_what_may_not_be_written_is_found_out_before_anything_changes(studio: Studio, locked: str, told: str) -> None:
    studio.sound("assets/hero")
    studio.write("assets/hero/inner/file", "x")
    before = studio.tree()
    (studio.root / locked).chmod(0o555)
    package = str(Path(packaging_targets.__file__).parents[1])
    done = subprocess.run(
        [*WITHOUT_RIGHTS, sys.executable, "-c", _AS_NOBODY_MORE],
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=True,
    )
    (studio.root / locked).chmod(0o755)
    assert f"error: {told}\n  fix: nothing was changed" in done.stdout
    assert studio.tree() == before


def test_a_full_disk_changes_nothing(studio: Studio) -> None:
    import resource

    studio.sound("assets/hero")
    before = studio.tree()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        with pytest.raises(BuildError, match="file too large\n  fix: nothing was changed"):
            apply(remove(studio.project, "hero"))
        with pytest.raises(BuildError, match="file too large\n  fix: nothing was changed"):
            forget(studio.project, "hero")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert studio.tree() == before


def test_what_is_in_quarantine_has_its_own_verbs(studio: Studio) -> None:
    studio.sound("assets/hero")
    apply(quarantine(studio.project, "hero"))
    told = (
        "error: the asset `hero` is in quarantine\n  at assets/.prometeu/quarantine/1\n  fix: packaging assets restore"
    )
    assert refused(lambda: remove(studio.project, "hero")) == told
    assert refused(lambda: forget(studio.project, "1")) == told.replace("`hero`", "`1`")
    shutil.rmtree(studio.root / "assets/.prometeu/quarantine/1")
    assert "cannot be restored" in refused(lambda: restore(studio.project, "1"))
    apply(gc(studio.project, 100))
    assert studio.assets() == {}


def test_a_plan_of_which_the_registry_is_gone_is_not_applied(studio: Studio) -> None:
    studio.sound("assets/hero")
    plan = quarantine(studio.project, "hero")
    (studio.root / "assets/.prometeu/index.json").unlink()
    assert refused(lambda: apply(plan)) == (
        "error: `assets/.prometeu/index.json` cannot be read: no such file or directory\n"
        "  at assets/.prometeu/index.json"
    )
    assert (studio.root / "assets/hero").exists()
