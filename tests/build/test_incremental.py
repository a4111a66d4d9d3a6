"""What is rebuilt, restored, left alone and removed: content decides, never the clock."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from packaging_targets.adapters.testing import Run, Workspace

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "lib/TARGETS.toml": '[[archive]]\nname = "lib"\nsrcs = ["**"]\n',
    "lib/one.txt": "one\n",
    "lib/sub/two.txt": "two\n",
    "app/TARGETS.toml": '[[archive]]\nname = "app"\nsrcs = ["*.py"]\ndeps = ["//lib"]\n',
    "app/main.py": "print(1)\n",
    "alone/TARGETS.toml": '[[archive]]\nname = "alone"\nsrcs = ["*"]\n',
    "alone/x": "x\n",
}
ALL = ["//alone:alone", "//app:app", "//lib:lib"]

# A rule of the workspace's own: it fills a template of its folder, and checks the words it is given.
GREETING = {
    "rules/greeting/rule.py": """\
        from packaging_targets import Action

        def analyse(context):
            template = context.template("greeting.txt")
            out = context.output(context.target.label.name + ".txt")
            text = context.target.fields["word"]
            return [Action("write/1", {"text": text + "\\n"}, (template,), (out,))]
    """,
    "rules/greeting/schema.json": """\
        {"title": "greeting", "description": "d", "properties": {"word": {"type": "string", "default": "hello",
         "description": "d"}}}
    """,
    "rules/greeting/greeting.txt": "unused\n",
    "g/TARGETS.toml": '[[greeting]]\nname = "g"\n',
}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write(FILES)
    assert ws.build().built == ALL
    return ws


def quiet(run: Run) -> bool:
    """Tell whether a build did nothing at all."""
    return run.exit_code == 0 and not (run.built or run.restored or run.failed or run.removed)


def test_touching_rewriting_and_checking_out_again_rebuild_nothing(ws: Workspace) -> None:
    before = ws.contents()
    for path in sorted(ws.root.rglob("*")):
        if path.is_file() and ".packaging" not in path.parts:
            os.utime(path, (1, 1))
    assert quiet(ws.build())
    for name in ("lib", "app", "alone"):
        shutil.copytree(ws.path(name), ws.path(f"{name}.new"))
        shutil.rmtree(ws.path(name))
        ws.path(f"{name}.new").rename(ws.path(name))
    assert quiet(ws.build())
    assert ws.contents() == before
    assert ws.build().output == "up to date: 3 targets\n"


def test_a_clone_and_a_copy_elsewhere_restore_from_the_cache(ws: Workspace, tmp_path: Path) -> None:
    clone = Workspace(tmp_path / "deep" / "clone", cache=ws.cache)
    clone.write(FILES)
    run = clone.build()
    assert (run.built, run.restored) == ([], ALL)
    assert clone.contents() == ws.contents()
    copy = tmp_path / "copy"
    shutil.copytree(ws.root, copy, symlinks=True)
    copied = Workspace(copy, cache=ws.cache)
    assert copied.build().built == []
    copied.write({"alone/x": "y\n"})
    assert copied.build().built == ["//alone:alone"]
    assert quiet(ws.build())


def test_one_byte_with_the_old_size_and_mtime_rebuilds_exactly_its_dependants(ws: Workspace) -> None:
    path = ws.path("lib/one.txt")
    stats = path.stat()
    path.write_text("onE\n")
    os.utime(path, ns=(stats.st_atime_ns, stats.st_mtime_ns))
    assert path.stat().st_mtime_ns == stats.st_mtime_ns
    assert ws.build().built == ["//app:app", "//lib:lib"]
    path.write_text("one\n")
    run = ws.build()
    assert (run.built, run.restored) == ([], ["//app:app", "//lib:lib"])


def test_an_edit_right_after_a_build_is_seen(ws: Workspace) -> None:
    """Within one tick of the file system's clock, a stat may tell nothing: git's racy rule."""
    path = ws.path("alone/x")
    for text in ("a\n", "b\n", "c\n"):
        path.write_text(text)
        os.utime(path, ns=(10**18, 10**18))
        assert ws.build().built == ["//alone:alone"]


def test_files_come_and_go_under_a_glob(ws: Workspace) -> None:
    before = ws.contents()
    ws.write({"lib/sub/deep/three.txt": "3\n", "app/notes.md": "no source\n"})
    assert ws.build().built == ["//app:app", "//lib:lib"]
    ws.path("lib/sub/deep/three.txt").rename(ws.path("lib/sub/deep/four.txt"))
    assert ws.build().built == ["//app:app", "//lib:lib"]
    shutil.rmtree(ws.path("lib/sub/deep"))
    run = ws.build()
    assert (run.built, run.restored) == ([], ["//app:app", "//lib:lib"])
    assert ws.contents() == before
    ws.write({"lib/.#lock": "", "lib/one.txt~": "", "lib/__pycache__/x.pyc": b"\0", "lib/.DS_Store": ""})
    assert quiet(ws.build())
    ws.path("lib/sub/empty").mkdir()
    assert quiet(ws.build())


def test_the_executable_bit_and_a_link_in_place_of_a_file_are_content(ws: Workspace) -> None:
    ws.path("alone/x").chmod(0o755)
    assert ws.build().built == ["//alone:alone"]
    ws.path("alone/x").chmod(0o700)
    assert quiet(ws.build())
    ws.path("alone/x").unlink()
    ws.path("alone/y").write_text("x\n")
    ws.path("alone/x").symlink_to("y")
    assert ws.build().built == ["//alone:alone"]


def test_a_package_that_appears_inside_another_takes_its_files_along(ws: Workspace) -> None:
    ws.write({"lib/sub/TARGETS.toml": '[[archive]]\nname = "sub"\nsrcs = ["*.txt"]\n'})
    assert ws.build().built == ["//app:app", "//lib/sub:sub", "//lib:lib"]
    ws.path("lib/sub/TARGETS.toml").unlink()
    run = ws.build()
    assert (run.built, run.restored) == ([], ["//app:app", "//lib:lib"])
    assert run.removed == ["dist/lib/sub/sub.tar.gz"]
    assert not ws.path("dist/lib/sub").exists()


def test_what_says_nothing_else_rebuilds_nothing(ws: Workspace) -> None:
    ws.write(
        {"lib/TARGETS.toml": '# why\n\n[[archive]]\nsrcs = ["**"] # all\nname = "lib"\ndescription = "for people"\n'}
    )
    assert quiet(ws.build())
    ws.write({"lib/TARGETS.toml": '[[archive]]\nname = "lib"\nsrcs = ["**"]\nprefix = "in"\n'})
    assert ws.build().built == ["//app:app", "//lib:lib"]


def test_an_edit_that_changes_no_output_stops_there(ws: Workspace) -> None:
    ws.write({"lib/TARGETS.toml": FILES["lib/TARGETS.toml"] + 'exclude = ["*.none"]\n'})
    assert "//app:app" not in ws.build().built
    ws.write(
        {
            "c/TARGETS.toml": """\
                [[command]]
                name = "c"
                argv = ["sh", "-c", "wc -c < x > {out}"]
                srcs = ["x"]
                outs = ["out"]

                [[archive]]
                name = "d"
                srcs = []
                deps = [":c"]
            """,
            "c/x": "abc",
        }
    )
    assert ws.build().built == ["//c:c", "//c:d"]
    ws.write({"c/x": "xyz"})
    assert ws.build().built == ["//c:c"]
    assert quiet(ws.build())


def test_outputs_come_back_from_the_cache_however_they_were_hurt(ws: Workspace) -> None:
    good = ws.contents()
    names = sorted(good)
    assert len(names) == 3
    ws.path(names[0]).unlink()
    ws.path(names[1]).write_bytes(good[names[1]][:10])
    stats = ws.path(names[2]).stat()
    ws.path(names[2]).write_bytes(bytes(len(good[names[2]])))
    os.utime(ws.path(names[2]), ns=(stats.st_atime_ns, stats.st_mtime_ns))
    run = ws.build()
    assert (run.built, run.restored) == ([], ALL)
    assert ws.contents() == good
    shutil.rmtree(ws.path("dist"))
    shutil.rmtree(ws.cache)
    assert ws.build().built == ALL
    assert ws.contents() == good


def test_outputs_that_became_something_else_come_back(ws: Workspace) -> None:
    good = ws.contents()
    first, second, _ = sorted(good)
    ws.path(first).unlink()
    ws.path(first).symlink_to("/etc/passwd")
    ws.path(second).chmod(0o755)
    assert ws.build().exit_code == 0
    assert ws.contents() == good
    assert not ws.path(first).is_symlink()
    assert not ws.path(second).stat().st_mode & 0o111


def test_removed_and_renamed_targets_take_their_outputs_with_them(ws: Workspace) -> None:
    ws.write({"alone/TARGETS.toml": FILES["alone/TARGETS.toml"].replace('"alone"', '"other"')})
    run = ws.build()
    assert (run.built, run.removed) == (["//alone:other"], ["dist/alone/alone.tar.gz"])
    assert ws.paths("dist/alone") == ["dist/alone/other.tar.gz"]
    assert "removed   dist/alone/alone.tar.gz  (no target makes it any longer)\n" in run.output
    ws.path("dist/alone/other.tar.gz").write_text("mine now\n")
    ws.write({"dist/alone/notes.txt": "also mine\n"})
    shutil.rmtree(ws.path("alone"))
    run = ws.build()
    assert run.removed == []
    assert (
        "kept      dist/alone/other.tar.gz  (no target makes it any longer, but somebody wrote in it)\n" in run.output
    )
    assert ws.paths("dist/alone") == ["dist/alone/notes.txt", "dist/alone/other.tar.gz"]
    assert ws.build().output == "up to date: 2 targets\n"


def test_an_output_that_another_target_takes_over_stays(ws: Workspace) -> None:
    ws.write({"alone/TARGETS.toml": '[[archive]]\nname = "new"\nsrcs = ["*"]\nout = "alone.tar.gz"\n'})
    run = ws.build()
    assert run.exit_code == 0
    assert (run.removed, ws.paths("dist/alone")) == ([], ["dist/alone/alone.tar.gz"])


def test_a_version_bump_renames_the_archive_and_removes_the_old_one(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    feature = '{"id": "color", "version": "1.0.0", "name": "Color"}\n'
    ws.write(
        {
            "src/color/TARGETS.toml": '[[devcontainer_feature]]\nname = "color"\n',
            "src/color/devcontainer-feature.json": feature,
            "src/color/install.sh": "#!/bin/sh\n",
        }
    )
    first = ws.build()
    old = [path for path in ws.paths("dist") if "1.0.0" in path]
    ws.write({"src/color/devcontainer-feature.json": feature.replace("1.0.0", "1.1.0")})
    run = ws.build()
    assert (run.built, run.removed) == (first.built, old)
    assert [path for path in ws.paths("dist") if "1." in path] == [path.replace("1.0.0", "1.1.0") for path in old]
    assert old
    ws.write({"src/color/devcontainer-feature.json": feature})
    assert ws.build().restored == first.built


def test_templates_schemas_and_rules_rebuild_their_targets_alone(ws: Workspace) -> None:
    ws.write(GREETING)
    assert ws.build().built == ["//g:g"]
    assert ws.read("dist/g/g.txt") == "hello\n"
    ws.write({"rules/greeting/greeting.txt": "edited\n"})
    assert ws.build().built == ["//g:g"]
    ws.write({"rules/greeting/schema.json": GREETING["rules/greeting/schema.json"].replace("hello", "servus")})
    assert ws.build().built == ["//g:g"]
    assert ws.read("dist/g/g.txt") == "servus\n"
    ws.write({"rules/greeting/rule.py": GREETING["rules/greeting/rule.py"].replace('text + "', 'text + "!')})
    assert ws.build().built == ["//g:g"]
    assert ws.read("dist/g/g.txt") == "servus!\n"
    assert quiet(ws.build())
    ws.write({"rules/greeting/rule.py": "import nowhere\n"})
    broken = ws.packaging("build")
    assert broken.exit_code == 2
    assert (
        """\
error: the rule `greeting` imports `nowhere`, which is no part of the rule
  at rules/greeting/rule.py:1
"""
        in broken.output
    )
    shutil.rmtree(ws.path("rules"))
    assert "error: there is no rule `greeting`\n  at g/TARGETS.toml:1\n" in ws.packaging("build").output
    shutil.rmtree(ws.path("g"))
    assert ws.build().removed == ["dist/g/g.txt"]


def test_workers_of_every_kind_make_the_same(tmp_path: Path) -> None:
    seen = []
    for name, arguments in {"one": (), "processes": ("-n", "2"), "threads": ("-n", "2", "-P", "thread")}.items():
        ws = Workspace(tmp_path / name)
        ws.write(FILES)
        run = ws.doit("run", *arguments, "build")
        assert (run.exit_code, run.built) == (0, ALL), run.output
        assert quiet(ws.build())
        seen.append(ws.contents())
    assert seen[0] == seen[1] == seen[2]


FAILING = {
    "f/TARGETS.toml": """\
        [[command]]
        name = "bad"
        argv = ["sh", "-c", "echo the reason >&2; exit 3"]
        srcs = ["x"]
        outs = ["out"]

        [[archive]]
        name = "after"
        srcs = []
        deps = [":bad"]
    """,
    "f/x": "1",
}


def test_a_failure_names_the_target_the_reason_and_the_command(ws: Workspace) -> None:
    ws.write({**FAILING, "alone/x": "2\n"})
    run = ws.build(keep_going=True)
    # doit tells a failed task from one that could not be tried: //f:after.
    assert (run.exit_code, run.built, run.failed) == (2, ["//alone:alone"], ["//f:after", "//f:bad"])
    assert (
        "failed    //f:bad\nerror: `sh` ended with exit code 3, saying:\n    | the reason\n  at //f:bad\n"
    ) in run.output
    assert "\nfailed    //f:after  (it needs //f:bad)\n" in run.output
    assert "\n  to run it alone: doit 'build://f:bad'\n" in run.output
    assert ws.paths("dist/f") == []
    again = ws.build()
    assert (again.exit_code, again.failed) == (1, ["//f:bad"])
    again = ws.packaging("build", "--continue")
    assert (again.exit_code, again.failed) == (1, ["//f:after", "//f:bad"])
    ws.write({"f/TARGETS.toml": FAILING["f/TARGETS.toml"].replace("echo the reason >&2; exit 3", "cat x > {out}")})
    assert ws.build().built == ["//f:after", "//f:bad"]
    assert quiet(ws.build())


def test_a_failing_edit_leaves_the_last_output_and_the_old_state_needs_no_run(ws: Workspace) -> None:
    ws.write(
        {
            "f/TARGETS.toml": FAILING["f/TARGETS.toml"].replace("echo the reason >&2; exit 3", "grep 1 x > {out}"),
            "f/x": "1",
        }
    )
    assert ws.build().built == ["//f:after", "//f:bad"]
    good = ws.contents()
    ws.write({"f/x": "2"})
    assert ws.build().failed == ["//f:bad"]
    assert ws.contents() == good
    ws.write({"f/x": "1"})
    run = ws.build()
    assert (run.exit_code, run.built) == (0, [])
    assert ws.contents() == good


def test_some_targets_are_built_with_what_they_need_and_no_others(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write(FILES)
    run = ws.build("//app:app")
    assert run.built == ["//app:app", "//lib:lib"]
    assert ws.doit("build://al*").built == ["//alone:alone"]
    assert quiet(ws.build())


def test_an_epoch_is_an_input(ws: Workspace) -> None:
    before = ws.contents()
    ws.environment["SOURCE_DATE_EPOCH"] = str(int(time.time()))
    assert ws.build().exit_code == 0
    after = ws.contents()
    assert set(after) == set(before)
    del ws.environment["SOURCE_DATE_EPOCH"]
    assert ws.build().built == []
    assert ws.contents() == before


def test_the_globs_of_any_field_find_sources_where_the_schema_says_so(ws: Workspace) -> None:
    rule = """
        from packaging_targets import Action, Context

        def analyse(context: Context) -> list[Action]:
            text = "\\n".join(map(context.relative, context.sources()))
            return [Action("write/1", {"text": text}, (), (context.output("list"),))]
    """
    part = {"type": "object", "properties": {"pages": {"type": "array", "items": {"type": "string", "format": "glob"}}}}
    schema = {"type": "object", "properties": {"parts": {"type": "array", "items": part}}}
    ws.write({"rules/listing/rule.py": rule, "rules/listing/schema.json": json.dumps(schema)})
    ws.write(
        {
            "x/TARGETS.toml": '[[listing]]\nname = "l"\nexclude = ["b*"]\nparts = [{ pages = ["*.md"] }, { pages = ["*.rst"] }]'
        }
    )
    ws.write({"x/a.md": "", "x/b.md": "", "x/c.rst": "", "x/d.txt": ""})
    ws.build("//x:l")
    assert ws.read("dist/x/list") == "a.md\nc.rst"
    ws.write({"x/e.rst": ""})
    assert ws.build("//x:l").built == ["//x:l"]
    ws.path("x/e.rst").unlink()
    ws.path("x/c.rst").unlink()
    run = ws.build("//x:l")
    assert "`*.rst` matches no file below x\n  at x/TARGETS.toml:4  (//x:l, $.parts[1].pages[0])" in run.output
    ws.write({"x/TARGETS.toml": '[[listing]]\nname = "l"\nparts = [{ pages = ["../*.md"] }]'})
    assert "`../*.md` is no glob" in ws.build("//x:l").output
