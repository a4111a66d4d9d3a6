"""The `packaging` command: what it prints, where, and how it exits."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packaging_targets import __version__
from packaging_targets.adapters.cli.commands import make_parser, run
from packaging_targets.adapters.testing import Workspace

ARCHIVE = '[[archive]]\nname = "{}"\nsrcs = ["*.txt"]\n'
TWO_ACTIONS = {
    "rules/words/rule.py": """\
        from packaging_targets import Action

        def analyse(context):
            names = ("hello.txt", "more.txt")
            return [Action("write/1", {"text": name}, (), (context.output(name),), name=name) for name in names]
    """,
    "rules/words/schema.json": '{"title": "words", "description": "d", "properties": {}}',
    "c/d/TARGETS.toml": '[[words]]\nname = "d"\n',
}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A workspace with two archives."""
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": ARCHIVE.format("one"), "a/x.txt": "1"})
    ws.write({"b/TARGETS.toml": ARCHIVE.format("two") + 'deps = ["//a:one"]\n', "b/x.txt": "2"})
    return ws


def test_build_then_nothing_to_do(ws: Workspace) -> None:
    first = ws.packaging("build")
    assert (first.exit_code, first.built) == (0, ["//a:one", "//b:two"])
    again = ws.packaging("build")
    assert (again.exit_code, again.output) == (0, "up to date: 2 targets\n")


def test_build_a_label_with_what_it_needs(ws: Workspace) -> None:
    assert ws.packaging("build", "//a:one").built == ["//a:one"]
    assert ws.packaging("build", "//b:two", "-n", "1").built == ["//b:two"]


@pytest.mark.parametrize(
    ("words", "built"),
    [
        ("//a/...", ["//a:one"]),
        ("//a:all", ["//a:one"]),
        ("//a:*", ["//a:one"]),
        ("//...", ["//a:one", "//b:two", "//c/d:d#hello.txt", "//c/d:d#more.txt"]),
        ("...", ["//a:one", "//b:two", "//c/d:d#hello.txt", "//c/d:d#more.txt"]),
        ("//a/... //c/...", ["//a:one", "//c/d:d#hello.txt", "//c/d:d#more.txt"]),
        ("//*:*wo", ["//a:one", "//b:two"]),
        ("//*d:*", ["//c/d:d#hello.txt", "//c/d:d#more.txt"]),
        ("//c/d", ["//c/d:d#hello.txt", "//c/d:d#more.txt"]),
        ("//c/d:d#more.txt", ["//c/d:d#more.txt"]),
        ("build://a:one", ["//a:one"]),
    ],
)
def test_labels_and_patterns(ws: Workspace, words: str, built: list[str]) -> None:
    ws.write(TWO_ACTIONS)
    run = ws.packaging("build", *words.split(), "-n", "1")
    assert (run.exit_code, run.built) == (0, built), run.output


@pytest.mark.parametrize("word", [":one", ":all", ":*", "//a"])
def test_labels_are_relative_to_the_folder(ws: Workspace, word: str) -> None:
    ws.write({"a/TARGETS.toml": ARCHIVE.format("one") + ARCHIVE.format("a")})
    run = ws.packaging("build", word, cwd="a")
    built = {":one": ["//a:one"], "//a": ["//a:a"]}.get(word, ["//a:a", "//a:one"])
    assert (run.exit_code, run.built) == (0, built), run.output


def test_labels_that_name_nothing_are_told_all_at_once(ws: Workspace) -> None:
    run = ws.packaging("build", "//a:one", "//a:on", "//zz/...", "//b:two#x", ":*x", "//c")
    assert (run.exit_code, run.events) == (2, ())
    assert run.output == (
        "error: `//zz/...` matches no target\n  fix: packaging query '//...' lists all targets\n\n"
        "error: `:*x` matches no target\n  fix: packaging query '//...' lists all targets\n\n"
        "error: there is no target `//a:on`\n  fix: did you mean `//a:one`?\n\n"
        "error: there is no target `//b:two#x`\n  fix: did you mean `//b:two`?\n\n"
        "error: there is no target `//c`\n  fix: packaging query '//...' lists all targets\n"
    )
    run = ws.packaging("build", "one", "//a:", "//a:one")
    assert (run.exit_code, run.events) == (2, ())
    assert run.output == (
        "error: `//a:` is no label: `` is no target name\n  fix: write //folder:name\n\n"
        "error: `one` is no label: a label starts with `//` or `:`\n  fix: write //folder:name\n"
    )


def test_a_target_that_makes_nothing_can_be_asked_for(ws: Workspace) -> None:
    ws.write({"c/TARGETS.toml": '[[service]]\nname = "c"\ndockerfile = "Dockerfile"\n', "c/Dockerfile": "FROM x\n"})
    for made in (ws.packaging("build", "//c"), ws.build("//c:c")):
        assert (made.exit_code, made.built) == (0, [])
        assert made.output.startswith("nothing to do  (")
    why = ws.packaging("why", "//c")
    assert (why.exit_code, why.output) == (0, "//c makes nothing: its rule gave it no actions.\n")


def test_a_failure_tells_how_to_run_it_alone(ws: Workspace) -> None:
    ws.write({"c/TARGETS.toml": '[[command]]\nname = "no"\nouts = ["no"]\nargv = ["false"]\n'})
    assert "\n  to run it alone: packaging build '//c:no'\n" in ws.packaging("build").output
    assert "\n  to run it alone: doit 'build://c:no'\n" in ws.doit("build").output


def test_build_writes_events_where_it_is_told(ws: Workspace) -> None:
    ws.packaging("build", "--log-json", "events.jsonl")
    events = [json.loads(line) for line in ws.read("events.jsonl").splitlines()]
    assert events[0]["event"] == "start"
    assert events[-1]["built"] == 2


def test_a_failure_is_one_and_a_wrong_request_two(ws: Workspace) -> None:
    fails = '[[command]]\nname = "no"\nouts = ["no"]\nargv = ["false"]\n'
    ws.write({"c/TARGETS.toml": fails})
    assert ws.packaging("build").exit_code == 1
    ws.write({"c/TARGETS.toml": fails.replace("outs", "ouds")})
    assert ws.packaging("build").exit_code == 2
    assert ws.packaging("query", "deps(").exit_code == 2


def test_continue_builds_the_rest(ws: Workspace) -> None:
    ws.write({"TARGETS.toml": '[workspace]\n[[command]]\nname = "no"\nouts = ["no"]\nargv = ["false"]\n'})
    made = ws.packaging("build", "--continue", "-n", "1")
    assert (made.exit_code, made.built, made.failed) == (1, ["//a:one", "//b:two"], ["//:no"])


def test_outside_of_a_workspace_every_verb_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (
        ["why", "//a:b"],
        ["query", "//..."],
        ["graph"],
        ["reproduce"],
        ["affected", "--since", "HEAD"],
    ):
        assert run(words) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err == (
            "error: this folder is in no workspace\n"
            f"  at {tmp_path}\n"
            "  fix: write a `[workspace]` table into the TARGETS.toml of the repository's root\n"
        )


def test_answers_go_to_standard_output(ws: Workspace) -> None:
    ws.packaging("build")
    assert ws.packaging("query", "deps(//b:two)").output == "//a:one\n//b:two\n"
    assert ws.packaging("why", "//a:one").output.startswith("//a:one is up to date.\n")
    assert "//b:two" in ws.packaging("graph").output
    assert json.loads(ws.packaging("graph", "--format", "json").output)
    assert json.loads(ws.packaging("schema").output)["$schema"]


def test_the_cache_is_counted_kept_small_and_checked(ws: Workspace) -> None:
    ws.packaging("build")
    assert ": 2 entries, " in ws.packaging("cache", "info").output
    assert "2 entries are sound" in ws.packaging("cache", "verify").output
    assert "removed 2 entries" in ws.packaging("cache", "gc", "--size", "0").output
    wrong = ws.packaging("cache", "gc", "--size", "many")
    assert (wrong.exit_code, wrong.output) == (
        2,
        "error: `many` is no size\n  at --size\n  fix: write a number and K, M, G or T, such as 10G\n",
    )


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"packaging-targets {__version__}\n"


def test_a_verb_that_is_not_there_is_a_wrong_request(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run(["bild"])
    assert end.value.code == 2
    assert "invalid choice: 'bild'" in capsys.readouterr().err


def test_every_word_of_every_verb_is_explained() -> None:
    def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    yield from parsers(inner)

    found = list(parsers(make_parser()))
    assert len(found) > 8
    verbs = argparse._SubParsersAction
    silent = [
        f"{parser.prog} {action.dest}"
        for parser in found
        for action in parser._actions
        if not action.help and not isinstance(action, verbs)
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("build -n 0", "packaging build: error: argument -n/--jobs: `0` is no number of actions: write 1 or more\n"),
        ("build -n -2", "packaging build: error: argument -n/--jobs: `-2` is no number of actions: write 1 or more\n"),
        (
            "build -n two",
            "packaging build: error: argument -n/--jobs: `two` is no number of actions: write 1 or more\n",
        ),
        ("build --cont", "packaging: error: unrecognized arguments: --cont\n"),
        ("affected", "packaging affected: error: the following arguments are required: --since\n"),
        ("why", "packaging why: error: the following arguments are required: LABEL\n"),
    ],
)
def test_wrong_words_are_told(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run(words.split())
    assert end.value.code == 2
    assert capsys.readouterr().err.endswith(told)


def test_a_log_that_cannot_be_written_is_told(ws: Workspace) -> None:
    made = ws.packaging("build", "--log-json", "none/events.jsonl")
    assert (made.exit_code, made.output) == (
        2,
        "error: `none/events.jsonl` cannot be written: no such file or directory\n"
        "  at --log-json\n"
        "  fix: name a file in a folder that exists\n",
    )
    made = ws.doit("build", "--log-json", "none/events.jsonl")
    assert (made.exit_code, made.events) == (2, ())
    assert made.output.startswith("error: the log `none/events.jsonl` cannot be written: no such file or directory\n")


def test_a_reader_that_goes_away_is_no_traceback(ws: Workspace) -> None:
    ws.packaging("build")
    command = f"'{sys.executable}' -m packaging_targets.adapters.cli.main schema | head -c 1"
    done = subprocess.run(["sh", "-c", command], cwd=ws.root, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{", "")


@pytest.mark.parametrize("root", [True, False], ids=["at the root", "in a folder"])
def test_with_nothing_to_do_next_to_nothing_is_imported(ws: Workspace, *, root: bool) -> None:
    """Imports would be most of the time of a small build. (The interpreter's own start-up is not ours to judge.)"""
    ws.packaging("build")
    ws.packaging("build")  # looks again at what was too young to be trusted
    code = "import sys; sys.argv[1:] = ['build']; from packaging_targets.adapters.cli.main import main; main()"
    run = ws.run([sys.executable, "-S", "-X", "importtime", "-c", code], cwd="" if root else "a")
    assert "up to date: " in run.output
    imported = {line.rpartition("|")[2].strip() for line in run.output.splitlines() if line.startswith("import time:")}
    assert "packaging_targets.store.sweep" in imported
    assert imported.isdisjoint(_SLOW), imported & _SLOW


_SLOW = {
    "ctypes",
    "dataclasses",
    "doit",
    "enum",
    "functools",
    "hashlib",
    "json",
    "re",
    "sqlite3",
    "subprocess",
    "typing",
}
