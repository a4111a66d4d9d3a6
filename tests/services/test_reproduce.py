"""Building twice under different circumstances: what differs is found and named, and what does not passes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace
from packaging_targets.errors import BuildError, RequestError
from packaging_targets.services.reproduce import Difference, Report, difference, render, reproduce, sides

ARCHIVE = '[[archive]]\nname = "all"\nsrcs = ["*.txt"]\n'
COMMAND = '[[command]]\nname = "made"\nsrcs = ["*.txt"]\nouts = ["made.txt"]\nargv = ["sh", "-c", \'{}\']\n'

RULE = """
    import dataclasses

    from packaging_targets import Action

    def analyse(context):
        zone = dataclasses.sys.modules["os"].environ["TZ"]
        here = zone == "UTC"
        params = {{"text": {text}, "executable": {executable}}}
        return [Action("write/1", params, (), (context.output({name}),))]
"""


def impure(ws: Workspace, *, text: str = "'x'", executable: str = "False", name: str = "'out.txt'") -> None:
    """Write a rule that looks at the time zone, as no rule should and none does by accident, and a target of it."""
    schema = '{"title": "impure", "description": "Looks around.", "type": "object", "properties": {}}'
    rule = RULE.format(text=text, executable=executable, name=name)
    ws.write({"rules/impure/rule.py": rule, "rules/impure/schema.json": schema})
    ws.write({"TARGETS.toml": '[workspace]\n[[impure]]\nname = "it"\n'})


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose copies are made below `tmp_path`, so that a test sees what is left of them."""
    room = tmp_path / "tmp"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return Workspace(tmp_path / "repo")


def test_an_archive_is_the_same_in_both_builds(ws: Workspace) -> None:
    ws.write({"a/TARGETS.toml": ARCHIVE, "a/one.txt": "1", "a/two.txt": "2", "a/ünï.txt": "3"})
    ws.write({"a/run.txt": "#!/bin/sh\n"}, executable=True)
    ws.path("a/link.txt").symlink_to("one.txt")
    report = reproduce(str(ws.root))
    assert report == Report(("dist/a/all.tar.gz",), ())
    assert render(report) == "1 output: the same bytes in both builds\n"
    assert list((ws.root.parent / "tmp").iterdir()) == []
    assert not ws.path("dist").exists()
    assert not ws.path(".packaging").exists()


def test_outputs_outside_of_the_out_folder_are_compared(ws: Workspace) -> None:
    ws.write({"api/TARGETS.toml": '[[service]]\nname = "api"\nport = 80\n', "api/main.py": "print(1)\n"})
    report = reproduce(str(ws.root))
    assert report.differences == ()
    assert any(not path.startswith("dist/") for path in report.outputs)


@pytest.mark.parametrize(
    ("text", "executable", "differences"),
    [
        ("zone", "False", {"out.txt": "differs from byte 0 on"}),
        ("'a' * 70000 + zone", "False", {"out.txt": "differs from byte 70000 on"}),
        ("'ab' if here else 'abc'", "False", {"out.txt": "differs from byte 2 on"}),
        ("'x'", "not here", {"out.txt": "a file in the first build, an executable file in the second"}),
        ("'x'", "False", {}),
    ],
)
def test_a_rule_that_looks_around_is_found_out(
    ws: Workspace, text: str, executable: str, differences: dict[str, str]
) -> None:
    impure(ws, text=text, executable=executable)
    report = reproduce(str(ws.root))
    assert {one.path.removeprefix("dist/"): one.what for one in report.differences} == differences


def test_an_output_that_only_one_build_made_is_found(ws: Workspace) -> None:
    impure(ws, name="'b.txt' if here else 'a.txt'")
    report = reproduce(str(ws.root))
    assert report.outputs == ("dist/a.txt", "dist/b.txt")
    assert report.differences == (
        Difference("dist/a.txt", "only the second build made it"),
        Difference("dist/b.txt", "only the first build made it"),
    )


def test_links_are_compared_by_where_they_lead(tmp_path: Path) -> None:
    for side in ("one", "other"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "same").symlink_to("x")
        (tmp_path / side / "link").symlink_to(side)
    first, second = str(tmp_path / "one"), str(tmp_path / "other")
    assert difference("same", first, second) is None
    assert difference("link", first, second) == Difference("link", "leads to `one` and to `other`")


def test_what_only_one_build_made_is_named() -> None:
    report = Report(
        ("dist/a", "dist/b", "dist/c"),
        (
            Difference("dist/a", "only the first build made it"),
            Difference("dist/c", "differs from byte 0 on"),
        ),
    )
    assert render(report) == (
        "dist/a: only the first build made it\n"
        "dist/c: differs from byte 0 on\n"
        "2 of 3 outputs differ between the two builds\n"
    )


def test_the_command_prints_the_differences_and_fails(ws: Workspace) -> None:
    ws.environment["TMPDIR"] = str(ws.root.parent / "tmp")
    impure(ws, text="zone")
    ws.write({"b/TARGETS.toml": ARCHIVE, "b/one.txt": "1"})
    run = ws.packaging("reproduce")
    told = "dist/out.txt: differs from byte 0 on\n1 of 2 outputs differ between the two builds\n"
    assert (run.exit_code, run.output) == (1, told)


def test_the_command_is_content_with_the_same_bytes(ws: Workspace) -> None:
    ws.environment["TMPDIR"] = str(ws.root.parent / "tmp")
    ws.write({"b/TARGETS.toml": ARCHIVE, "b/one.txt": "1"})
    run = ws.packaging("reproduce")
    assert (run.exit_code, run.output) == (0, "1 output: the same bytes in both builds\n")


def test_what_git_ignores_or_has_no_longer_is_not_copied(ws: Workspace) -> None:
    ws.write({"a/TARGETS.toml": '[[archive]]\nname = "all"\nsrcs = ["ignored.txt"]\n', "a/ignored.txt": "1"})
    ws.write({".gitignore": "ignored.txt\n", "b/TARGETS.toml": ARCHIVE, "b/new.txt": "2", "b/gone.txt": "3"})
    subprocess.run(["git", "init", "-q", "."], cwd=ws.root, check=True)
    subprocess.run(["git", "add", "b/gone.txt"], cwd=ws.root, check=True)
    ws.path("b/gone.txt").unlink()
    with pytest.raises(BuildError, match=r"`ignored.txt` matches no file below a"):
        reproduce(str(ws.root))
    ws.path("a/TARGETS.toml").unlink()
    assert reproduce(str(ws.root)) == Report(("dist/b/all.tar.gz",), ())


def test_a_build_that_fails_is_told_with_its_output(ws: Workspace) -> None:
    ws.write({"a/TARGETS.toml": COMMAND.format("echo words >&2; exit 7"), "a/one.txt": "1"})
    with pytest.raises(BuildError) as error:
        reproduce(str(ws.root))
    (problem,) = error.value.problems
    assert problem.where == "packaging build -n 1  (umask 022, LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=1)"
    assert problem.what.startswith("a copy of the workspace does not build:\n    failed    //a:made\n")
    assert "words" in problem.what
    assert problem.fix == "make it build in a fresh clone: the copy holds no file that git ignores"
    assert list((ws.root.parent / "tmp").iterdir()) == []


def test_a_cache_that_both_builds_would_share_is_refused(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo", settings='cache = "../cache"\n')
    with pytest.raises(RequestError) as error:
        reproduce(str(ws.root))
    assert str(error.value) == (
        "error: `cache` is `../cache`, outside of the workspace: the second build would fetch the first's\n"
        "  at TARGETS.toml  ($.cache)\n"
        "  fix: leave `cache` out, or name a folder inside the workspace"
    )


def test_a_cache_inside_the_workspace_is_not_copied(ws: Workspace) -> None:
    impure(ws, text="zone")
    ws.write({"TARGETS.toml": '[workspace]\ncache = "own"\n[[impure]]\nname = "it"\n'})
    ws.environment["TZ"] = "UTC"
    assert ws.build().exit_code == 0
    assert ws.paths("own") != []
    assert len(reproduce(str(ws.root)).differences) == 1


def test_a_folder_called_like_a_module_is_not_imported(ws: Workspace) -> None:
    ws.write({"argparse/TARGETS.toml": ARCHIVE, "argparse/__init__.py": "1/0", "argparse/one.txt": "1"})
    assert reproduce(str(ws.root)).differences == ()


def test_no_workspace_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="this folder is in no workspace"):
        reproduce(str(tmp_path))


def test_the_two_sides_share_no_circumstance() -> None:
    first, second = sides()
    for name in ("folder", "jobs", "umask", "mtime", "backwards"):
        assert getattr(first, name) != getattr(second, name)
    assert first.environment.keys() == second.environment.keys()
    assert all(first.environment[name] != second.environment[name] for name in first.environment)
    assert len(first.folder) != len(second.folder)
    assert not {*first.environment} & {"SOURCE_DATE_EPOCH"}
    assert os.sep not in first.folder + second.folder
