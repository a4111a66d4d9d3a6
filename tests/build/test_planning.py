"""What a plan must not miss: each edit here once left a build that was wrong, and said that all was up to date."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = '{"properties": {"f": {"type": "string"}}}'
TOLD = """\
from packaging_targets import Action

def analyse(context):
    text = "a"
    return [Action("write/1", {"text": text}, (), (context.output("told"),))]
"""


def rule(ws: Workspace, name: str, code: str) -> None:
    ws.write({f"rules/{name}/rule.py": code, f"rules/{name}/schema.json": SCHEMA})


@pytest.mark.parametrize("what", ["the entry", "the file", "the folder"])
def test_a_target_that_others_depend_on_goes(what: str, ws: Workspace) -> None:
    ws.write({"p/TARGETS.toml": '[[archive]]\nname = "p"\nsrcs = ["f"]\n', "p/f": "1"})
    ws.write({"all/TARGETS.toml": '[[archive]]\nname = "all"\ndeps = ["//p"]\n'})
    assert ws.packaging("build").exit_code == 0
    ways: dict[str, Callable[[], object]] = {
        "the entry": lambda: ws.write({"p/TARGETS.toml": ""}),
        "the file": lambda: ws.path("p/TARGETS.toml").unlink(),
        "the folder": lambda: shutil.rmtree(ws.path("p")),
    }
    ways[what]()
    for _ in range(2):
        run = ws.packaging("build")
        assert run.exit_code == 2
        assert "error: there is no target `//p:p`\n  at all/TARGETS.toml:3  (//all:all, $.deps[0])" in run.output


def test_a_rule_runs_as_it_is_written_now(ws: Workspace) -> None:
    ws.environment["PYTHONDONTWRITEBYTECODE"] = ""
    rule(ws, "r", TOLD)
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    path = ws.path("rules/r/rule.py")
    stats = path.stat()
    for letter in "abc":
        path.write_text(TOLD.replace('"a"', f'"{letter}"'))
        os.utime(path, ns=(stats.st_atime_ns, stats.st_mtime_ns))
        assert ws.packaging("build").exit_code == 0
        assert ws.read("dist/a/told") == letter


def test_a_template_of_another_rule_counts(ws: Workspace) -> None:
    rule(ws, "other", TOLD)
    code = """\
from packaging_targets import Action, Entry

def analyse(context):
    return [Action.pack("tar/1", [Entry("t", context.template("t.txt", "other"))], context.output("t.tar"))]
"""
    rule(ws, "r", code)
    ws.write({"rules/other/t.txt": "one", "a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    assert ws.build().built == ["//a:a"]
    ws.write({"rules/other/t.txt": "two"})
    assert ws.build().built == ["//a:a"]
    assert b"two" in ws.path("dist/a/t.tar").read_bytes()


def test_what_another_target_makes_is_named_as_a_dependency(ws: Workspace) -> None:
    code = """\
from packaging_targets import Action, Entry

def analyse(context):
    path = context.package_path(context.target.fields["f"])
    return [Action.pack("tar/1", [Entry("t", path)], context.output("t.tar"))]
"""
    rule(ws, "r", code)
    ws.write({"z/TARGETS.toml": '[[archive]]\nname = "z"\nsrcs = ["in"]\n', "z/in": "1"})
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\nf = "//dist/z/z.tar.gz"\n'})
    assert ws.packaging("build").output == (
        "error: `dist/z/z.tar.gz` is made by `//z:z`, which `//a:a` does not depend on\n"
        '  at a/TARGETS.toml:1  (//a:a)\n  fix: write deps = ["//z:z"]\n'
    )
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\nf = "//dist/z/z.tar.gz"\ndeps = ["//z"]\n'})
    assert ws.build().built == ["//a:a", "//z:z"]


def test_a_rule_that_is_over_others_no_longer(ws: Workspace) -> None:
    code = """\
from packaging_targets import Action

OVER = ("archive",)

def analyse(context):
    return [Action("write/1", {"text": " ".join(map(str, context.deps()))}, (), (context.output("told"),))]
"""
    rule(ws, "r", code)
    ws.write({"a/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["x"]\n', "a/x": ""})
    ws.write({"i/TARGETS.toml": '[[r]]\nname = "i"\n'})
    assert ws.build().exit_code == 0
    assert ws.read("dist/i/told") == "//a:a"
    rule(ws, "r", code.replace('OVER = ("archive",)\n', ""))
    assert ws.build().exit_code == 0
    assert ws.read("dist/i/told") == ""


def test_a_folder_that_becomes_a_file_is_watched(ws: Workspace) -> None:
    ws.write({"a/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["**"]\nformat = "tar"\n', "a/s/t.txt": "1"})
    assert ws.build().built == ["//a:a"]
    shutil.rmtree(ws.path("a/s"))
    ws.write({"a/s": "file"})
    assert ws.build().built == ["//a:a"]
    ws.write({"a/s": "other"})
    assert ws.build().built == ["//a:a"]
    assert b"other" in ws.path("dist/a/a.tar").read_bytes()


def test_a_file_that_comes_into_a_rules_folder(ws: Workspace) -> None:
    rule(ws, "r", TOLD.replace("from packaging", "from .words import WORD\nfrom packaging").replace('"a"', "WORD"))
    ws.write({"rules/r/words.py": 'WORD = "one"\n', "a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    assert ws.build().built == ["//a:a"]
    ws.write({"rules/r/words/__init__.py": 'WORD = "two"\n'})
    assert ws.build().built == ["//a:a"]
    assert ws.read("dist/a/told") == "two"


def test_a_file_that_a_target_begins_to_make_is_a_source_no_longer(ws: Workspace) -> None:
    code = TOLD.replace('context.output("told")', 'context.workspace_output("p/gen.txt")')
    rule(ws, "r", code)
    ws.write({"p/TARGETS.toml": '[[archive]]\nname = "p"\nsrcs = ["*.txt"]\nformat = "tar"\n'})
    ws.write({"p/gen.txt": "by hand", "p/kept.txt": ""})
    assert ws.build().built == ["//p:p"]
    ws.write({"q/TARGETS.toml": '[[r]]\nname = "q"\n'})
    assert ws.build().built == ["//p:p", "//q:q"]
    assert b"gen.txt" not in ws.path("dist/p/p.tar").read_bytes()


LISTING = """
from packaging_targets import Action, Context

def analyse(context: Context) -> list[Action]:
    paths = context.files_in(context.package_path(context.target.fields["folder"]))
    return [Action("digests/1", {"manifest": [[path, path] for path in paths], "format": "sha256sum"}, paths, (context.output("list"),))]
"""


def test_a_rule_may_list_a_folder_that_holds_no_sources(ws: Workspace) -> None:
    """A file that comes or goes there is noticed, and so is one that changes, as it is an input."""
    schema = {"type": "object", "properties": {"folder": {"type": "string"}}}
    ws.write({"rules/listing/rule.py": LISTING, "rules/listing/schema.json": json.dumps(schema)})
    ws.write({"x/TARGETS.toml": '[[listing]]\nname = "l"\nfolder = "//data/in"\n'})

    def listed() -> list[str]:
        return [line.split()[1] for line in ws.read("dist/x/list").splitlines()]

    assert ws.build().built == ["//x:l"]
    assert listed() == []
    ws.write({"data/in/b": "1", "data/in/a": "1", "data/in/deep/c": "1", "data/in/d~": ""})
    assert ws.build().built == ["//x:l"]
    assert listed() == ["data/in/a", "data/in/b"]
    ws.write({"data/in/b": "2"})
    assert ws.build().built == ["//x:l"]
    ws.write({"data/in/deep/e": ""})
    assert ws.build().built == []
    ws.path("data/in/a").unlink()
    assert ws.build().built == ["//x:l"]
    assert listed() == ["data/in/b"]
    assert ws.build().built == []
    ws.write({"x/TARGETS.toml": '[[listing]]\nname = "l"\nfolder = "//"\n'})
    assert ws.build().built == ["//x:l"]
    assert listed() == ["TARGETS.toml", "pyproject.toml"]
