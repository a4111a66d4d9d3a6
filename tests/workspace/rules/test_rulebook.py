"""Rules as they are found, loaded and refused: built-in ones, a workspace's own, and those that are installed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from repository import commit, git

from packaging_targets.adapters.testing import Workspace
from packaging_targets.errors import RequestError
from packaging_targets.workspace.rules.folder import builtin_home
from packaging_targets.workspace.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from pathlib import Path

RULE = """\
from packaging_targets import Action

def analyse(context):
    return [Action("write/1", {"text": "x"}, (), (context.output("x"),))]
"""
SCHEMA = '{"title": "r", "description": "d", "properties": {}}'


def write(home: Path, name: str, rule: str | None = RULE, schema: str | None = SCHEMA, **more: str) -> Path:
    folder = home / name
    folder.mkdir(parents=True)
    for file, text in (
        ("rule.py", rule),
        ("schema.json", schema),
        *((f"{key}.py", text) for key, text in more.items()),
    ):
        if text is not None:
            (folder / file).write_text(text)
    return folder


def told(rulebook: Rulebook, name: str = "r") -> str:
    with pytest.raises(RequestError) as caught:
        rulebook.rule(name)
    return str(caught.value)


def test_rules_come_from_three_places_and_are_read_the_same_way(tmp_path: Path) -> None:
    write(tmp_path / "repo" / "rules", "own")
    write(tmp_path / "installed", "brought")
    (tmp_path / "repo" / "rules" / "notes").mkdir()
    rulebook = Rulebook(str(tmp_path / "repo"), [str(tmp_path / "installed"), str(tmp_path / "gone")])
    assert {"archive", "own", "brought"} <= set(rulebook.names)
    assert "notes" not in rulebook
    for name in ("archive", "own", "brought"):
        rule = rulebook.rule(name)
        assert (rule.name, rule.over, len(rule.digest)) == (name, (), 64)
        assert rule is rulebook.rule(name)
    assert rulebook.over("packaging_registry") == ("service", "job", "app")
    assert rulebook.path_of("@own/rule.py") == str(tmp_path / "repo" / "rules" / "own" / "rule.py")


def test_a_folder_of_rules_counts_once_by_whatever_way_it_comes(tmp_path: Path) -> None:
    home = builtin_home()
    assert home is not None
    (tmp_path / "rules").symlink_to(home)
    assert len(Rulebook(str(tmp_path), [home]).homes) == 1


def test_a_link_that_led_to_rules_may_go(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(tmp_path / "kept", name)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/rules").symlink_to(tmp_path / "kept")
    assert Rulebook(str(tmp_path / "repo"), ()).rule("first").name == "first"
    (tmp_path / "repo/rules").unlink()
    assert Rulebook(str(tmp_path / "repo"), [str(tmp_path / "kept")]).rule("second").name == "second"


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "rules", "archive")
    with pytest.raises(RequestError) as caught:
        Rulebook(str(tmp_path), ())
    other = f"{builtin_home()}/archive"
    assert str(caught.value) == (
        f"error: there are two rules `archive`\n  at {folder}\n  fix: rename one; the other is {other}"
    )


def test_rules_import_from_each_other_and_change_with_each_other(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "rules",
        "base",
        _text="TEXT = 'x'\n",
        rule="from ._text import TEXT\n\ndef analyse(context):\n    return []\n",
    )
    write(tmp_path / "rules", "user", rule="from ..base.rule import analyse\n")
    write(tmp_path / "rules", "other")
    rulebook = Rulebook(str(tmp_path), ())
    assert rulebook.rule("user").analyse is rulebook.rule("base").analyse
    assert sorted(rulebook.files("user")) == [
        "@base/_text.py", "@base/rule.py", "@base/schema.json", "@user/rule.py", "@user/schema.json",
    ]  # fmt: skip
    before = {name: rulebook.digest(name) for name in ("base", "user", "other")}
    (folder / "_text.py").write_text("TEXT = 'y'\n")
    (folder / ".#_text.py").write_text("an editor's")
    after = {name: Rulebook(str(tmp_path), ()).digest(name) for name in before}
    assert {name for name in before if before[name] != after[name]} == {"base", "user"}


@pytest.mark.parametrize(
    ("rule", "schema", "problem"),
    [
        (RULE, None, "the rule `r` has no schema\n  at rules/r/schema.json\n  fix: describe its fields there"),
        (
            RULE,
            "{",
            "the schema of the rule `r` is not JSON: expecting property name enclosed in double quotes\n"
            "  at rules/r/schema.json:1",
        ),
        (
            RULE,
            '{\n"title": "r"\n"x"}',
            "the schema of the rule `r` is not JSON: expecting ',' delimiter\n  at rules/r/schema.json:3",
        ),
        (
            RULE,
            "[]",
            "the schema of the rule `r` must be a table, but is []\n  at rules/r/schema.json\n"
            '  fix: write {{ "title": …, "description": …, "properties": {{ … }} }}',
        ),
        (
            "\n\nimport json\nfrom json import no_such_name\n",
            SCHEMA,
            "the rule `r` cannot be loaded: ImportError: cannot import name 'no_such_name' from 'json' ({json})\n  at rules/r/rule.py:4",
        ),
        (
            "x = 1\ndef analyse(:\n",
            SCHEMA,
            "the rule `r` cannot be loaded: SyntaxError: invalid syntax (rule.py, line 2)\n  at rules/r/rule.py:2",
        ),
        ("raise SystemExit(3)\n", SCHEMA, "the rule `r` cannot be loaded: SystemExit: 3\n  at rules/r/rule.py:1"),
        (
            "analyse = None\n",
            SCHEMA,
            "the rule `r` has no function `analyse`\n  at rules/r/rule.py\n"
            "  fix: def analyse(context): return [Action(…)]",
        ),
        (
            f"{RULE}OVER = 'service'\n",
            SCHEMA,
            '`OVER` of the rule `r` must be a tuple of rules\n  at rules/r/rule.py\n  fix: OVER = ("service",)',
        ),
    ],
)
def test_a_rule_that_cannot_be_loaded_names_its_file(
    rule: str, schema: str | None, problem: str, tmp_path: Path
) -> None:
    write(tmp_path / "rules", "r", rule, schema)
    assert told(Rulebook(str(tmp_path), ())) == f"error: {problem.format(json=json.__file__)}"


def test_rules_that_a_rule_is_over_have_to_exist(tmp_path: Path) -> None:
    write(tmp_path / "rules", "r", f"{RULE}OVER = ('srvice', 'job', 'nope')\n")
    rulebook = Rulebook(str(tmp_path), ())
    listing = ", ".join(rulebook.names)
    assert told(rulebook) == (
        "error: there is no rule `nope`\n  at rules/r/rule.py\n"
        f"  fix: write rules/nope/rule.py, or choose one of: {listing}\n\n"
        f"error: there is no rule `srvice`\n  at rules/r/rule.py\n  fix: did you mean `service`?  (rules: {listing})"
    )


# What a rule gives back.

FAILING = {
    "nothing": ("    return None\n", "the rule `r` returned a value of type NoneType, which is no action", "return [Action(…)]"),
    "one action, not a list": (
        "    return Action('write/1', {'text': 'x'}, (), (context.output('x'),))\n", "", "",
    ),
    "a generator": ("    yield Action('write/1', {'text': 'x'}, (), (context.output('x'),))\n", "", ""),
    "a text": ("    return ['x']\n", "the rule `r` returned a value of type str, which is no action", "return [Action(…)]"),
    "outputs as a text": (
        "    return [Action('write/1', {'text': 'x'}, (), context.output('x'))]\n",
        "the rule `r` gave an action a text as inputs or outputs",
        "give a tuple of paths: (path,)",
    ),
    "parameters that are no JSON": (
        "    return [Action('write/1', {'text': object()}, (), (context.output('x'),))]\n",
        "the parameter `text` of `write/1` must be a text, but is a value of the type object",
        'write "text": "…"',
    ),
    "what dependants cannot be given": (
        "    context.provide('it', {1, 2})\n    return []\n",
        "the rule `r` provides as `it` what is no JSON: Object of type set is not JSON serializable",
        "",
    ),
    "an output of its own choice": (
        "    return [Action('write/1', {'text': 'x'}, (), ('/tmp/x',))]\n",
        "the rule `r` makes `/tmp/x`, which it has not got from the context",
        "name it by context.output(…), or by context.workspace_output(…) outside of it",
    ),
    "one output twice": (
        "    x = context.output('x')\n"
        "    return [Action('write/1', {'text': n}, (), (x,), name=n) for n in 'pq']\n",
        "the rule `r` makes `dist/a/x` twice",
        "give each action outputs of its own",
    ),
    "an input from anywhere": (
        "    return [Action('write/1', {'text': 'x'}, ('TARGETS.toml',), (context.output('x'),))]\n",
        "the rule `r` uses `TARGETS.toml`, which is no source of the target, and made by no dependency",
        "add it to srcs, or what makes it to deps; a file of the rule is context.template(…)",
    ),
    "an output that leaves its folder": (
        "    return [Action('write/1', {'text': 'x'}, (), (context.output('../x'),))]\n",
        "the output `../x` is no file below `dist/a`",
        "name a file below it; context.workspace_output(…) names others",
    ),
    "an output without a name": (
        "    return [Action('write/1', {'text': 'x'}, (), (context.output(''),))]\n",
        "the output `` is no file below `dist/a`",
        "name a file below it; context.workspace_output(…) names others",
    ),
    "a list for an output": (
        "    return [Action('write/1', {'text': 'x'}, (), ([context.output('x')],))]\n",
        "the rule `r` gave an action something other than paths as inputs or outputs",
        "give a tuple of paths: (path,)",
    ),
    "an input that nobody makes": (
        "    return [Action('write/1', {'text': 'x'}, (context.output('y'),), (context.output('x'),))]\n",
        "the rule `r` uses `dist/a/y`, which no action of the target makes",
        "add the action that makes it, or do not use it",
    ),
    "a path as seen from the package": (
        "    context.sources = lambda: ('a/y',)\n"
        "    return [Action('write/1', {'text': 'x'}, ('y',), (context.output('x'),))]\n",
        "the rule `r` uses `y`, which is no source of the target, and made by no dependency",
        "did you mean `a/y`?  (context.sources() gives paths from the root)",
    ),
    "a text for a path": (
        "    return [Action.pack('zip/1', [Entry('x', 'one\\ntwo')], context.output('x'))]\n",
        'the rule `r` uses a text as the path of a file: "one\\ntwo"',
        "write Entry(dest, text=…)",
    ),
    "a member of the target": (
        "    return context.fields\n",
        "the rule `r` failed: AttributeError: 'AnalysisContext' object has no attribute 'fields'",
        "write context.target.fields",
    ),
    "actions without names": (
        "    return [Action('write/1', {'text': n}, (), (context.output(n),)) for n in 'pq']\n",
        "the rule `r` made several actions, and one without a name",
        "give each a name=",
    ),
    "actions of one name": (
        "    return [Action('write/1', {'text': n}, (), (context.output(n),), name='p') for n in 'pq']\n",
        "the rule `r` gave two actions one name: `p`",
        "give each a name of its own",
    ),
    "actions in a circle": (
        "    p, q = context.output('p'), context.output('q')\n"
        "    return [Action('write/1', {'text': 'x'}, (q,), (p,), name='p'),\n"
        "            Action('write/1', {'text': 'x'}, (p,), (q,), name='q')]\n",
        "actions of the rule `r` use what each other make: `p` -> `q` -> `p`",
        "break the circle",
    ),
    "a target file": (
        "    return [Action('write/1', {'text': 'x'}, (), (context.workspace_output('a/TARGETS.toml'),))]\n",
        "`a/TARGETS.toml` is a file that builds are made from, and no output",
        "choose another name",
    ),
    "a file of a rule": (
        "    return [Action('write/1', {'text': 'x'}, (), (context.workspace_output('rules/r/rule.py'),))]\n",
        "`rules/r/rule.py` is a file that builds are made from, and no output",
        "choose another name",
    ),
    "no file": (
        "    return [Action('write/1', {'text': 'x'}, (), (context.workspace_output('.'),))]\n",
        "`.` names no file",
        "name a file in the workspace",
    ),
}  # fmt: skip
AT_A_LINE = {"a member of the target": ":4"}
AT_THE_TARGET = (
    "an output that leaves its folder", "an output without a name",
    "what dependants cannot be given", "a target file", "a file of a rule", "no file",
)  # fmt: skip


@pytest.mark.parametrize("case", FAILING)
def test_what_a_rule_gives_back_is_checked(case: str, tmp_path: Path) -> None:
    body, what, fix = FAILING[case]
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r", f"from packaging_targets import Action, Entry\n\ndef analyse(context):\n{body}")
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    run = ws.packaging("build")
    if not what:
        assert (run.exit_code, run.built) == (0, ["//a:a"]), run.output
    else:
        blamed = "a/TARGETS.toml:1" if case in AT_THE_TARGET else f"rules/r/rule.py{AT_A_LINE.get(case, '')}"
        lines = [f"error: {what}", f"  at {blamed}  (//a:a)", *([f"  fix: {fix}"] if fix else [])]
        assert (run.exit_code, run.output.splitlines()) == (2, lines)


PLACES = {
    "": "a/TARGETS.toml:1  (//a:a)",
    "field='$.tags[0]'": "a/TARGETS.toml:1  (//a:a, $.tags[0])",
    "where='a/x:7'": "a/x:7",
    "where='a/x', field='$.y'": "a/x  ($.y)",
    "where='a/x', field='$.y', label='//a:a'": "a/x  (//a:a, $.y)",
}
FAILURES = {
    "context.fail('bad')": "a/TARGETS.toml:1  (//a:a)",
    "context.fail('bad', field='$.tags[0]')": "a/TARGETS.toml:3  (//a:a, $.tags[0])",
    "context.fail('bad', where='a/x:7')": "a/x:7  (//a:a)",
    "context.fail('bad', where='a/x', field='$.y')": "a/x  (//a:a, $.y)",
    "raise RequestError(Problem('', 'bad'))": "a/TARGETS.toml:1  (//a:a)",
    "raise RequestError(Problem('', 'bad', field='$.tags'))": "a/TARGETS.toml:3  (//a:a, $.tags)",
    "raise RequestError(Problem('a/x', 'bad'))": "a/x  (//a:a)",
    "raise RequestError(Problem('a/x', 'bad', field='$.y'))": "a/x  ($.y)",
    "raise RequestError(Problem('TARGETS.toml:x', 'bad', field='$.y'))": "TARGETS.toml:x  ($.y)",
}


def rule_with(ws: Workspace, line: str) -> None:
    head = "from packaging_targets import Problem, RequestError\n"
    write(ws.path("rules"), "r", f"{head}{RULE.replace('    return', f'    {line}{chr(10)}    return')}")
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\ntags = ["x"]\n'})


@pytest.mark.parametrize("line", FAILURES)
def test_where_a_rule_fails(line: str, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    rule_with(ws, line)
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, f"error: bad\n  at {FAILURES[line]}\n")


@pytest.mark.parametrize("given", PLACES)
def test_where_a_rule_warns(given: str, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    rule_with(ws, f"context.warn('odd', {given})")
    for _ in range(2):  # the second time from the records
        run = ws.packaging("build")
        assert run.exit_code == 0
        assert f"warning: odd\n  at {PLACES[given]}\n" in run.output


@pytest.mark.parametrize("body", ["    return [1 / 0]\n", "    yield 1 / 0\n"])
def test_what_escapes_a_rule_names_its_line(body: str, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r", f"def analyse(context):\n{body}")
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (
        2,
        "error: the rule `r` failed: ZeroDivisionError: division by zero\n  at rules/r/rule.py:2  (//a:a)\n",
    )


ESCAPES = {
    "what a library raises": (
        "import json\n\ndef analyse(context):\n    return json.loads('[')\n",
        "JSONDecodeError: Expecting value: line 1 column 2 (char 1)\n  at rules/r/rule.py:4  (//a:a)",
    ),
    "what our values raise": (
        "from packaging_targets import Entry, Manifest\n\ndef analyse(context):\n    Manifest.of([Entry('/x')])\n",
        "ValueError: `/x` is no relative path\n  at rules/r/rule.py:4  (//a:a)",
    ),
    "what a dataclass raises": (
        "from dataclasses import dataclass\n\n@dataclass\nclass A:\n    x: int\n\n"
        "    def __post_init__(self):\n        self.x / 0\n\ndef analyse(context):\n    return A(1)\n",
        "ZeroDivisionError: division by zero\n  at rules/r/rule.py:8  (//a:a)",
    ),
    "another signature": (
        "\ndef analyse():\n    return []\n",
        "TypeError: analyse() takes 0 positional arguments but 1 was given\n  at rules/r/rule.py:2  (//a:a)\n"
        "  fix: write def analyse(context): return [Action(…)]",
    ),
    "another signature that Python wrote": (
        "from functools import partial\n\nanalyse = partial(lambda: [])\n",
        "TypeError: <lambda>() takes 0 positional arguments but 1 was given\n  at rules/r/rule.py  (//a:a)\n"
        "  fix: write def analyse(context): return [Action(…)]",
    ),
    "a misspelt attribute": (
        "def analyse(context):\n    return context.source_date\n",
        "AttributeError: 'AnalysisContext' object has no attribute 'source_date'\n  at rules/r/rule.py:2  (//a:a)\n"
        "  fix: did you mean `source_date_epoch`?",
    ),
    "a field as an attribute": (
        "def analyse(context):\n    return context.target.tags\n",
        "AttributeError: 'Target' object has no attribute 'tags'\n  at rules/r/rule.py:2  (//a:a)\n"
        '  fix: it is in target.fields: write target.fields["tags"]',
    ),
    "no Python, of a text that is not the rule's": (
        "import ast\n\ndef analyse(context):\n    return ast.parse('(')\n",
        "SyntaxError: '(' was never closed (<unknown>, line 1)\n  at rules/r/rule.py:4  (//a:a)",
    ),
}


@pytest.mark.parametrize("case", ESCAPES)
def test_what_escapes_a_rule_is_placed_in_the_rule(case: str, tmp_path: Path) -> None:
    code, problem = ESCAPES[case]
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r", code)
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, f"error: the rule `r` failed: {problem}\n")


def test_a_fault_that_many_targets_meet_is_told_once(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r", "def analyse(context):\n    return [1 / (context.target.label.package == 'b')]\n")
    ws.write({f"{name}/TARGETS.toml": f'[[r]]\nname = "{name}"\n' for name in ("a", "b", "c", "d")})
    assert ws.packaging("build").output == (
        "error: the rule `r` returned a value of type float, which is no action\n  at rules/r/rule.py  (//b:b)\n"
        "  fix: return [Action(…)]\n\n"
        "error: the rule `r` failed: ZeroDivisionError: division by zero\n"
        "  at rules/r/rule.py:2  (//a:a and 2 more targets)\n"
    )


def test_a_rule_of_a_distribution_is_placed_by_its_whole_path(tmp_path: Path) -> None:
    folder = write(tmp_path / "installed", "r", "import os\n")
    assert told(Rulebook(str(tmp_path / "repo"), [str(tmp_path / "installed")])).startswith(
        f"error: the rule `r` imports `os`, which sees more than its targets declare\n  at {folder}/rule.py:1\n"
    )


def test_a_folder_without_its_code_is_no_rule(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r", rule=None)
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    assert ws.packaging("build").output == (
        "error: there is no rule `r`: the folder rules/r has no rule.py\n  at a/TARGETS.toml:1\n"
        "  fix: write def analyse(context): return [Action(…)] there\n"
    )


def test_rules_that_cannot_be_loaded_are_told_together(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    for name in ("r", "s"):
        write(ws.path("rules"), name, "analyse = None\n")
        ws.write({f"{name}/TARGETS.toml": f'[[{name}]]\nname = "a"\n'})
    assert ws.packaging("build").output == "\n".join(
        f"error: the rule `{name}` has no function `analyse`\n  at rules/{name}/rule.py\n"
        "  fix: def analyse(context): return [Action(…)]\n"
        for name in ("r", "s")
    )


# What lies beside a rule.


def test_tests_beside_a_rule_are_no_part_of_it(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r")
    beside = ("test_rule.py", "rule_test.py", "conftest.py", "tests/x.py", "README.md", "sub/test_more.py")
    ws.write({f"rules/r/{name}": "import os\n" for name in beside})
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n', "rules/r/sub/latest.py": "import os\n"})
    assert ws.packaging("build").built == ["//a:a"]
    ws.write({f"rules/r/{name}": "import sys\n" for name in beside})
    assert ws.packaging("build").output.startswith("up to date")
    ws.write({"rules/r/sub/latest.py": "import sys\n"})
    assert "up to date" not in ws.packaging("why", "//a:a").output
    rulebook = Rulebook(str(ws.root), ())
    assert sorted(rulebook.files("r")) == ["@r/rule.py", "@r/schema.json", "@r/sub/latest.py"]
    assert not rulebook.has_file("@r/README.md")


def test_rules_may_share_a_folder_that_is_no_rule(tmp_path: Path) -> None:
    write(tmp_path / "rules", "r", "from .._shared.texts import analyse\n")
    write(tmp_path / "rules", "_shared", rule=None, schema=None, texts=RULE)
    rulebook = Rulebook(str(tmp_path), ())
    assert callable(rulebook.rule("r").analyse)
    assert "_shared" not in rulebook
    assert sorted(rulebook.files("r")) == ["@_shared/texts.py", "@r/rule.py", "@r/schema.json"]
    assert rulebook.files("_shared") == {}


STANDING = '{"$ref": "../r/schema.json", "title": "s", "description": "d"%s}'


def test_a_schema_may_stand_on_that_of_a_rule_beside_it(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    fields = '{"properties": {"x": {"enum": ["1", "2"]}, "y": {"default": "no"}}, "required": ["x"]}'
    write(ws.path("rules"), "r", schema=fields)
    own = ', "properties": {"y": {"enum": ["no", "yes"]}, "z": {"type": "string"}}, "required": ["z"]'
    write(ws.path("rules"), "s", schema=STANDING % own)
    ws.write({"a/TARGETS.toml": '[[s]]\nname = "a"\nx = "3"\ny = "maybe"\n'})
    run = ws.packaging("build")
    assert [line for line in run.output.splitlines() if line.startswith("error: ")] == [
        "error: `s` lacks the field `z`",
        'error: `x` must be one of "1", "2", but is "3"',
        'error: `y` must be one of "no", "yes", but is "maybe"',
    ]
    ws.write({"a/TARGETS.toml": '[[s]]\nname = "a"\nx = "1"\ny = "yes"\nz = ""\n'})
    assert ws.build().built == ["//a:a"]
    # An edit of what a schema stands on is an edit of the rule.
    ws.write({"rules/r/schema.json": fields.replace("2", "3")})
    assert ws.build().built == ["//a:a"]


@pytest.mark.parametrize("reference", ["../none/schema.json", "../archive/schema.json", "../t/schema.json"])
def test_a_schema_stands_on_one_beside_it_that_stands_alone(reference: str, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "s", schema=STANDING.replace("../r/schema.json", reference) % "")
    write(ws.path("rules"), "t", schema=STANDING.replace("../r/", "../s/") % "")
    ws.write({"a/TARGETS.toml": '[[s]]\nname = "a"\n'})
    assert ws.packaging("build").output == (
        f"error: `{reference}` is not the schema of a rule beside `s` that stands on its own\n"
        "  at rules/s/schema.json  ($.$ref)\n"
        "  fix: name another one, or write the fields here\n"
    )


def test_an_unknown_kind_is_told_at_the_rule(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r", RULE.replace("write/1", "writ/1"))
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    run = ws.packaging("build")
    assert run.exit_code == 2
    assert run.output.startswith(
        "error: there is no action kind `writ/1`\n  at rules/r/rule.py:4  (//a:a)\n  fix: did you mean `write/1`?  (kinds: "
    )


def test_rules_leave_no_name_where_others_import_from(tmp_path: Path) -> None:
    write(tmp_path / "rules", "r")
    before = set(sys.modules)
    Rulebook(str(tmp_path), ()).rule("r")
    assert all(name.startswith(("_packaging_rules_", "packaging_targets")) for name in set(sys.modules) - before)


def test_an_edit_of_a_test_beside_a_rule_affects_nothing(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    write(ws.path("rules"), "r")
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n', ".gitignore": ".packaging/\ndist/\n"})
    git(ws, "init", "-q")
    commit(ws)
    ws.write({"rules/r/test_rule.py": "", "rules/r/tests/data.txt": "x", "rules/r/README.md": "x"})
    assert ws.packaging("affected", "--since", "HEAD").output == ""
    ws.write({"rules/r/words.txt": "x"})
    assert ws.packaging("affected", "--since", "HEAD").output == "//a:a\n"
