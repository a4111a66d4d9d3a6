"""`affected`: what a change since a revision reaches, beside what random edits show (e2e/test_questions.py)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from repository import commit, git

from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.affected import affected

Ask = Callable[[], list[str]]

SERVICE = '[[service]]\nname = "{}"\ntemplate = "python"\ncommand = ["python", "main.py"]\n'
INDEX = '[workspace]\n[[packaging_registry]]\nname = "index"\n'
ARCHIVE = '[[archive]]\nname = "all"\n'


@pytest.fixture
def ask(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return the labels that the change since the last commit affects; those affected directly have a `*`."""
    monkeypatch.chdir(ws.root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(ws.cache))
    return lambda: [f"{one.label}{'*' * one.directly}" for one in affected("HEAD")]


def committed(ws: Workspace, files: dict[str, str]) -> None:
    ws.write(files)
    git(ws, "init", "-q")
    ws.write({".gitignore": ".packaging/\ndist/\n"})
    commit(ws)


def test_an_index_is_affected_by_a_target_that_went(ws: Workspace, ask: Ask) -> None:
    """Nothing names the index: it is over all services, and depended on the one that went."""
    two = SERVICE.format("one") + SERVICE.format("two")
    committed(ws, {"TARGETS.toml": INDEX, "a/TARGETS.toml": two, "b/TARGETS.toml": ARCHIVE, "b/x": ""})
    assert ask() == []
    ws.write({"a/TARGETS.toml": SERVICE.format("one")})
    assert ask() == ["//:index*"]
    ws.path("a/TARGETS.toml").unlink()
    assert ask() == ["//:index*"]


def test_an_index_is_affected_by_a_target_that_came_or_has_another_rule(ws: Workspace, ask: Ask) -> None:
    committed(ws, {"TARGETS.toml": INDEX, "a/TARGETS.toml": SERVICE.format("one"), "a/x": ""})
    ws.write({"b/TARGETS.toml": SERVICE.format("two")})
    assert ask() == ["//:index*", "//b:two*"]
    ws.path("b/TARGETS.toml").unlink()
    ws.write({"a/TARGETS.toml": ARCHIVE.replace("all", "one")})
    assert ask() == ["//:index*", "//a:one*"]


def test_an_index_is_affected_by_its_own_fields_and_no_comment(ws: Workspace, ask: Ask) -> None:
    committed(ws, {"TARGETS.toml": INDEX, "a/TARGETS.toml": SERVICE.format("one")})
    ws.write({"TARGETS.toml": f"# ours\n{INDEX}"})
    assert ask() == []
    ws.write({"TARGETS.toml": f'{INDEX}out = "docs/index.json"\n'})
    assert ask() == ["//:index*"]


def test_a_file_that_went_with_its_package_was_no_source_of_the_one_around(ws: Workspace, ask: Ask) -> None:
    inner = {"a/b/TARGETS.toml": ARCHIVE, "a/b/x": ""}
    committed(ws, {"a/TARGETS.toml": ARCHIVE, "a/x": "", **inner})
    for path in inner:
        ws.path(path).unlink()
    assert ask() == []


def test_a_file_that_went_as_its_folder_became_a_package_was_a_source(ws: Workspace, ask: Ask) -> None:
    committed(ws, {"a/TARGETS.toml": ARCHIVE, "a/x": "", "a/b/y": ""})
    ws.path("a/b/y").unlink()
    ws.write({"a/b/TARGETS.toml": ARCHIVE, "a/b/z": ""})
    assert ask() == ["//a:all*", "//a/b:all*"]


def test_a_root_that_was_broken_before_affects_everything(ws: Workspace, ask: Ask) -> None:
    committed(ws, {"TARGETS.toml": "[workspace]\nignore = 3\n", "a/TARGETS.toml": ARCHIVE, "a/x": ""})
    ws.write({"TARGETS.toml": "[workspace]\n"})
    assert ask() == ["//a:all*"]
    committed(ws, {"TARGETS.toml": "[workspace\n"})
    ws.write({"TARGETS.toml": "[workspace]\n"})
    assert ask() == ["//a:all*"]


def test_what_a_rule_listed_affects_its_target(ws: Workspace, ask: Ask) -> None:
    """A folder that a rule looks into is another one when a file comes or goes, whether or not it is a source."""
    rule = """
        from packaging_targets import Action


        def analyse(context):
            out = context.output("names")
            return [Action("write/1", {"text": " ".join(context.files_in("lists"))}, (), (out,))]
        """
    schema = '{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {}}'
    rules = {"rules/names/rule.py": rule, "rules/names/schema.json": schema}
    committed(ws, {**rules, "a/TARGETS.toml": '[[names]]\nname = "n"\n', "lists/x": "", "lists/y": ""})
    ws.write({"lists/x": "changed", "lists/z/w": ""})
    assert ask() == []
    ws.write({"lists/new": ""})
    assert ask() == ["//a:n*"]
    ws.path("lists/new").unlink()
    ws.path("lists/y").unlink()
    assert ask() == ["//a:n*"]
