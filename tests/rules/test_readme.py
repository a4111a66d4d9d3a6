"""rules/README.md, followed: the rule, the target and the tests that it shows work as they stand there."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace
from packaging_targets.build.kinds import KINDS
from packaging_targets.model.rule import Context

README = (Path(__file__).parents[2] / "rules" / "README.md").read_text("utf-8")


def shown(language: str) -> list[str]:
    """Return the blocks of the page in a language, in order."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def followed(folder: Path) -> Workspace:
    """Return a workspace in which the page's files have been typed."""
    (schema,), (rule, script, sizes, tests), (targets,) = shown("json"), shown("python"), shown("toml")
    ws = Workspace(folder)
    ws.write(
        {
            "rules/plugin/schema.json": schema,
            "rules/plugin/rule.py": rule,
            "rules/sizes/schema.json": '{"title": "sizes", "description": "Sizes.", "properties": {}}',
            "rules/sizes/rule.py": sizes,
            "rules/sizes/sizes.py": script,
            "tools/spell/TARGETS.toml": targets,
            "tools/spell/VERSION": "1.2.0\n",
            "tools/spell/src/main.lua": "return 1\n",
            "rules/plugin/test_plugin.py": tests,
        }
    )
    return ws


def test_the_rule_makes_what_the_page_says(tmp_path: Path) -> None:
    ws = followed(tmp_path / "repo")
    assert ws.build().built == ["//tools/spell:spell"]
    with zipfile.ZipFile(ws.path("dist/tools/spell/spell-1.2.0.zip")) as packed:
        assert packed.namelist() == ["main.lua", "plugin.json"]


def test_each_edit_that_the_page_names_makes_it_again(tmp_path: Path) -> None:
    ws = followed(tmp_path / "repo")
    ws.build()
    edits = {
        "tools/spell/src/main.lua": ("return 1", "return 2"),
        "tools/spell/VERSION": ("1.2.0", "1.2.1"),
        "tools/spell/TARGETS.toml": ('"save"', '"load"'),
        "rules/plugin/rule.py": ('f"{about}\\n"', "about"),
    }
    for name, (old, new) in edits.items():
        before = ws.read(name)
        assert old in before, name
        ws.write({name: before.replace(old, new)})
        assert ws.build().built == ["//tools/spell:spell"], name
    assert ws.paths("dist") == ["dist/tools/spell/spell-1.2.1.zip"]


@pytest.mark.slow
def test_the_tests_that_the_page_shows_pass(tmp_path: Path) -> None:
    run = followed(tmp_path / "repo").run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "rules/plugin/test_plugin.py"]
    )
    assert (run.exit_code, "2 passed" in run.output) == (0, True), run.output


def test_the_script_of_a_rule_makes_what_the_page_says(tmp_path: Path) -> None:
    ws = followed(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": '[[sizes]]\nname = "a"\nsrcs = ["*.txt"]\n', "a/x.txt": "12345", "a/y.txt": ""})
    run = ws.build("//a:a")
    assert (run.exit_code, run.built) == (0, ["//a:a"]), run.output
    assert ws.read("dist/a/sizes.txt") == "5 a/x.txt\n0 a/y.txt\n"
    ws.write({"rules/sizes/sizes.py": ws.read("rules/sizes/sizes.py").replace("path, file", "path[2:], file")})
    assert ws.build("//a:a").built == ["//a:a"]
    assert ws.read("dist/a/sizes.txt") == "5 x.txt\n0 y.txt\n"


def test_the_page_tells_which_parameters_are_required() -> None:
    rows = re.findall(r"(?m)^\| (`[a-z_.]+/\d+`[^|]*) \|[^|]+\| ([^|]+) \|$", README)
    told = {}
    for kinds, params in rows:
        for kind in re.findall(r"`([^`]+)`", kinds):
            required, _, optional = params.partition(";")
            told[kind] = set(re.findall(r"`(\w+)`", required)), set(re.findall(r"`(\w+)`", optional))
    told["tar/1"][1].remove("level")  # as the page says in words
    for kind, (required, optional) in told.items():
        known = KINDS[kind].params.known
        assert required == {name for name, param in known.items() if param.is_needed}, kind
        assert optional == known.keys() - required, kind
    assert told.keys() == KINDS.keys()


def test_the_page_names_every_kind_and_all_of_the_context() -> None:
    _, _, kinds = README.partition("## 3.")
    assert sorted(re.findall(r"`([a-z_.]+/\d+)`", kinds.partition("\n\nA manifest")[0])) == sorted(KINDS)
    known = {name for name in vars(Context) if not name.startswith("_")}
    _, _, table = README.partition("| `context.` | gives |")
    rows = "\n".join(re.findall(r"(?m)^\| ([^|]+) \|", table.partition("`match_any(globs)`")[0]))
    assert set(re.findall(r"`(\w+)", rows)) == known
