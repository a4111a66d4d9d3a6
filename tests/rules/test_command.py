"""The `command` rule: what its fields mean, and what it refuses."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.adapters.testing import Workspace
from packaging_targets.errors import RequestError
from packaging_targets.workspace.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from types import ModuleType

# Writes its arguments after the first to the file that the first names.
ECHO = "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
CHOICES = "{out}, {outs}, {src}, {srcs}, {dep}, {deps}, {dep LABEL}, {deps LABEL}"


def command(*lines: str, name: str = "t") -> str:
    return "\n".join(("[[command]]", f'name = "{name}"', *lines, ""))


def arguments(ws: Workspace, *given: str, more: tuple[str, ...] = ()) -> list[str]:
    """Build a command of `pkg` with these arguments, and return what its program was given."""
    argv = json.dumps(["python3", "-c", ECHO, "../dist/pkg/seen.json", *given])
    ws.write({"pkg/TARGETS.toml": command(f"argv = {argv}", 'outs = ["seen.json"]', *more)})
    run = ws.build("//pkg:t")
    assert run.exit_code == 0, run.output
    return list(json.loads(ws.path("dist/pkg/seen.json").read_bytes()))


def refusal(ws: Workspace, *lines: str, exit_code: int = 3) -> str:
    ws.write({"pkg/TARGETS.toml": command(*lines)})
    run = ws.build("//pkg:t")
    assert run.exit_code == exit_code, run.output
    return run.output


def failure(ws: Workspace, *lines: str) -> str:
    return refusal(ws, *lines, exit_code=1)


def test_a_program_makes_its_outputs(ws: Workspace) -> None:
    ws.write(
        {
            "pkg/TARGETS.toml": command(
                """argv = ["sh", "-c", 'sort "$@" >"$0"', "{out}", "{srcs}"]""",
                'srcs = ["*.txt"]',
                'outs = ["sorted/all.txt"]',
            ),
            "pkg/a.txt": "2\n",
            "pkg/b.txt": "1\n",
        }
    )
    run = ws.build()
    assert (run.exit_code, run.built) == (0, ["//pkg:t"])
    assert ws.path("dist/pkg/sorted/all.txt").read_bytes() == b"1\n2\n"


@pytest.fixture(scope="module")
def argv_module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The rule's own module, loaded by path as every rule is."""
    rule = Rulebook(str(tmp_path_factory.mktemp("empty"))).rule("command")
    return importlib.import_module(f"{rule.analyse.__module__.rpartition('.')[0]}._argv")


@given(text=st.text(max_size=40))
def test_braces_can_be_escaped_in_any_argument(argv_module: ModuleType, text: str) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert argv_module.expand([escaped], {}, "pkg") == [text]


@given(text=st.text(alphabet="{}outsrcdep :/a", max_size=20))
def test_an_argument_expands_or_is_refused(argv_module: ModuleType, text: str) -> None:
    result = outcome(argv_module, text)
    if "{" in text or "}" in text:
        assert isinstance(result, list) or result == "$.argv[0]"
    else:
        assert result == [text]


def outcome(argv_module: ModuleType, text: str) -> object:
    places = {"out": ["dist/pkg/o"], "src": ["pkg/a", "pkg/b"], "dep": []}
    try:
        return argv_module.expand([text], places, "pkg")
    except RequestError as error:
        return error.problems[0].field


def test_the_example_of_the_guide(ws: Workspace) -> None:
    guide = Path(__file__).parents[2] / "docs" / "commands.md"
    example = re.search(r"((?:^    .*\n)+)", guide.read_text(encoding="utf-8"), re.MULTILINE)
    assert example is not None
    program = "import json, os, sys; json.dump(os.listdir(sys.argv[3]), open(sys.argv[2], 'w'))"
    ws.write({"pkg/TARGETS.toml": example[1], "pkg/table.py": program, "pkg/data/a.csv": ""})
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert ws.path("dist/pkg/table.json").read_bytes() == b'["a.csv"]'


def test_placeholders(ws: Workspace) -> None:
    ws.write({"pkg/a.txt": "", "pkg/sub/b.txt": ""})
    seen = arguments(
        ws,
        *("{out}", "--to={out}:{out}", "{outs}", "{srcs}", "{{srcs}}", "a{{}}b", ""),
        more=('srcs = ["**/*.txt"]',),
    )
    out = "../dist/pkg/seen.json"
    assert seen == [out, f"--to={out}:{out}", out, "a.txt", "sub/b.txt", "{srcs}", "a{}b", ""]


def test_outputs_of_dependencies(ws: Workspace) -> None:
    one = command('argv = ["touch", "{out}"]', 'outs = ["one"]', name="one")
    two = command('argv = ["touch", "{outs}"]', 'outs = ["x", "y"]', name="two")
    ws.write({"a/TARGETS.toml": one, "a/b/TARGETS.toml": two})
    seen = arguments(
        ws,
        *("{dep //a:one}", "-I={dep //a:one}", "{deps //a/b:two}", "{deps}"),
        more=('deps = ["//a:one", "//a/b:two"]',),
    )
    first, second = "../dist/a/one", ["../dist/a/b/x", "../dist/a/b/y"]
    assert seen == [first, f"-I={first}", *second, first, *second]


def test_the_root_package(ws: Workspace) -> None:
    root = ws.path("TARGETS.toml").read_text()
    target = command("""argv = ["sh", "-c", 'cat "$1" >"$0"', "{out}", "{src}"]""", 'srcs = ["in"]', 'outs = ["o"]')
    ws.write({"TARGETS.toml": f"{root}\n{target}", "in": "of the root"})
    run = ws.build("//:t")
    assert run.exit_code == 0, run.output
    assert ws.path("dist/o").read_bytes() == b"of the root"


def test_a_dependency_is_the_program(ws: Workspace) -> None:
    script = 'printf "#!/bin/sh\\necho made >\\$1\\n" >"$0"; chmod +x "$0"'
    ws.write(
        {
            "gen/TARGETS.toml": command(
                f"argv = ['sh', '-c', '''{script}''', '{{out}}']", 'outs = ["gen"]', name="gen"
            ),
            "pkg/TARGETS.toml": command('argv = ["{dep //gen}", "{out}"]', 'deps = ["//gen"]', 'outs = ["o"]'),
        }
    )
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert ws.path("dist/pkg/o").read_bytes() == b"made\n"


@pytest.mark.parametrize("program", ["gen.sh", "./gen.sh", "//pkg/gen.sh"])
def test_a_source_is_the_program(ws: Workspace, program: str) -> None:
    lines = (f'argv = ["{program}", "{{out}}", "{{src}}", "{{deps}}"]', 'srcs = ["gen.sh"]', 'outs = ["o"]')
    ws.write({"pkg/TARGETS.toml": command(*lines), "pkg/gen.sh": '#!/bin/sh\necho $# $2 >"$1"\n'})
    ws.path("pkg/gen.sh").chmod(0o755)
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert ws.path("dist/pkg/o").read_bytes() == b"2 gen.sh\n"


def test_a_tool_of_the_workspace_is_an_input(ws: Workspace) -> None:
    lines = ('argv = ["//tools/gen.sh", "{out}"]', 'tools = ["//tools/gen.sh"]', 'outs = ["o"]')
    ws.write({"pkg/TARGETS.toml": command(*lines), "tools/gen.sh": "#!/bin/sh\necho 1 >$1\n"})
    ws.path("tools/gen.sh").chmod(0o755)
    assert ws.build().exit_code == 0
    assert ws.build().built == []
    ws.write({"tools/gen.sh": "#!/bin/sh\necho 2 >$1\n"})
    ws.path("tools/gen.sh").chmod(0o755)
    assert ws.build().built == ["//pkg:t"]
    assert ws.path("dist/pkg/o").read_bytes() == b"2\n"


def test_a_tool_of_the_system_is_part_of_the_key(ws: Workspace, tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    lines = (f"""argv = ["sh", "-c", '{tool} >"$0"', "{{out}}"]""", f'tools = ["{tool}"]', 'outs = ["o"]')
    ws.write({"pkg/TARGETS.toml": command(*lines)})
    for text in ("one", "two"):
        tool.write_text(f"#!/bin/sh\necho {text}\n")
        tool.chmod(0o755)
        run = ws.build()
        assert run.built == ["//pkg:t"], run.output
        assert ws.path("dist/pkg/o").read_text() == f"{text}\n"
        assert ws.build().built == []


def test_the_environment_is_part_of_the_key(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    lines = ("""argv = ["sh", "-c", 'echo "$WORD $SOURCE_DATE_EPOCH" >"$0"', "{out}"]""", 'outs = ["o"]')
    for word in ("a b", "{out}"):
        ws.write({"pkg/TARGETS.toml": command(*lines, f'env = {{ WORD = "{word}" }}')})
        run = ws.build()
        assert run.built == ["//pkg:t"], run.output
        assert ws.path("dist/pkg/o").read_text() == f"{word} 0\n"
        assert ws.build().built == []


OUTSIDE = "write paths of files below the package's out folder"
# Each: argv, outs, and what is said of it: the field, what is wrong, the fix.
REFUSED = [
    (
        ["true", "{source}"],
        ["o"],
        "$.argv[1]",
        "`{source}` is no placeholder",
        f"write `{{{{` for a brace  (placeholders: {CHOICES})",
    ),
    (["true", "x", "a}"], ["o"], "$.argv[2]", "a single `}` means nothing", "write `}}` for a brace"),
    (["true", "{print $1"], ["o"], "$.argv[1]", "a single `{` means nothing", "write `{{` for a brace"),
    (
        ["true", "-I={srcs}"],
        ["o"],
        "$.argv[1]",
        "`{srcs}` stands for several arguments",
        "let `{srcs}` be an argument of its own",
    ),
    (
        ["true", "{src}"],
        ["o"],
        "$.argv[1]",
        "`{src}` needs exactly one file, but there are 2",
        "write `{srcs}`, or the path itself",
    ),
    (
        ["true", "{dep //other:x}"],
        ["o"],
        "$.argv[1]",
        "`//other:x` is not among the `deps`",
        'add "//other:x" to `deps`',
    ),
    (
        ["true", "{deps other}"],
        ["o"],
        "$.argv[1]",
        "`other` is no label: a label starts with `//` or `:`",
        "write a label such as //tools/gen:gen or :gen",
    ),
    (
        ["./gen.sh"],
        ["o"],
        "$.argv[0]",
        "the program `./gen.sh` is neither a source nor the output of a dependency",
        "add it to `srcs` or to `tools`",
    ),
    ([""], ["o"], "$.argv", "`argv` names no program", "write the program first"),
    (["true"], ["a", "a/b"], "$.outs", "`a` is a file, and `a/b` wants it to be a folder", OUTSIDE),
    (["true"], ["../x"], "$.outs", "`../x` has an empty, `.` or `..` part", OUTSIDE),
    (["true"], ["/x"], "$.outs", "`/x` is no relative path", OUTSIDE),
]


def test_what_is_refused(ws: Workspace) -> None:
    targets, problems = [], []
    for number, (argv, outs, field, what, fix) in enumerate(REFUSED):
        lines = (f"argv = {json.dumps(argv)}", f"outs = {json.dumps(outs)}", 'srcs = ["*.txt"]')
        targets.append(command(*lines, name=f"t{number}"))
        line = 5 * number + (3 if field.startswith("$.argv") else 4)
        where = f"pkg/TARGETS.toml:{line}  (//pkg:t{number}, {field})"
        problems.append(f"error: {what}\n  at {where}\n  fix: {fix}\n")
    ws.write({"pkg/TARGETS.toml": "".join(targets), "pkg/a.txt": "", "pkg/b.txt": ""})
    run = ws.build()
    assert run.exit_code == 3
    assert "\n".join(problems) in run.output


def test_a_source_that_links_to_an_absolute_path(ws: Workspace) -> None:
    ws.write({"pkg/real": ""})
    ws.path("pkg/link").symlink_to(ws.path("pkg/real"))
    output = refusal(ws, 'argv = ["true"]', 'outs = ["o"]', 'srcs = ["link"]')
    assert (
        "error: `pkg/link` is a link to an absolute path\n"
        "  at pkg/TARGETS.toml:5  (//pkg:t, $.srcs)\n"
        "  fix: make it a relative link, or exclude it\n"
    ) in output


def test_a_program_that_is_not_installed(ws: Workspace) -> None:
    output = failure(ws, 'argv = ["no-such-program"]', 'outs = ["o"]')
    assert "error: there is no program `no-such-program` on the path /usr/local/bin:" in output
    assert "fix: install `no-such-program`, or call an input: a source, or the output of a dependency" in output


def test_a_failure_names_the_target_and_the_missed_file(ws: Workspace) -> None:
    ws.write({"pkg/limits.toml": ""})
    output = failure(ws, 'argv = ["cat", "limits.toml"]', 'outs = ["o"]')
    assert "//pkg:t" in output
    assert "`cat` ended with exit code 1" in output
    assert "`cat` looked for `pkg/limits.toml`, which is not declared" in output
    assert "fix: add it to `srcs`; in a rule of your own, to the action's inputs too" in output


def test_an_undeclared_output_leaves_nothing_behind(ws: Workspace) -> None:
    lines = ("""argv = ["sh", "-c", 'echo >"$0"; echo >"$0.log"', "{out}"]""", 'outs = ["o"]')
    assert "`sh` made `dist/pkg/o.log`, which is not declared" in failure(ws, *lines)
    assert ws.paths("dist") == []


def test_the_time_limit(ws: Workspace) -> None:
    output = failure(ws, 'argv = ["sleep", "60"]', 'outs = ["o"]', "timeout = 1")
    assert "`sleep` was stopped after 1 seconds" in output
