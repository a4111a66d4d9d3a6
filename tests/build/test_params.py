"""What rules tell action kinds is checked while they are analysed: every problem, with a fix, and at little cost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest

from packaging_targets.adapters.testing import Workspace
from packaging_targets.build.kinds import KINDS, kind_of
from packaging_targets.build.params import MANIFEST
from packaging_targets.errors import BuildError
from packaging_targets.formats.archive import compress, digests
from packaging_targets.formats.archive import zip as zip_format
from packaging_targets.model.action import Action, Step
from packaging_targets.model.manifest import Entry, Manifest

ROWS = [["a"], ["a/x", "src/x"], ["a/y", None, "text", None, True]]
MANY = Manifest.of(Entry(f"{number}", f"src/{number}") for number in range(10_000))


def problems(kind: str, params: Any, inputs: tuple[str, ...] = ("src/x",), count: int = 0) -> list[str]:
    """Return the problems of an action with `count` outputs, or as many as its kind makes at least."""
    outputs = tuple(f"dist/{number}" for number in range(count or KINDS[kind].outputs[0]))
    return sorted(str(problem) for problem in kind_of(kind).problems(Action(kind, params, inputs, outputs)))


def told(what: str, fix: str) -> list[str]:
    return [f"error: {what}\n  fix: {fix}"]


ASSET = dict.fromkeys(("asset_id", "asset_name", "bank_type", "bank", "facts", "metadata", "preload", "tooling"), 0)
# What each kind needs at least.
LEAST: dict[str, dict[str, Any]] = {
    "aam/1": {"manifest": ROWS},
    "agent_bundle/1": {"package": "src/x", "target": "cursor", "scoped_dirs": "flat"},
    "assets_pa/1": {"assets": [ASSET]},
    "command/1": {"argv": ["true"]},
    "digests/1": {"manifest": ROWS, "format": "record"},
    "dockerfile/1": {"label": "//a:a", "variables": {}, "sources": []},
    "glyph/1": {"tile_size": 8, "palettes": [{"index": 0, "colors": []}], "tiles": [{"file": "src/x"}]},
    "oci_base/1": {"path": "base", "platforms": ["linux/amd64"]},
    "oci_image/1": {"config": {}, "platforms": ["linux/amd64"], "layers": [["layer-1.json", ""]]},
    "oci_layer.gz/1": {"manifest": ROWS},
    "oci_layer.zst/1": {"manifest": ROWS},
    "oci_provenance/1": {"label": "//a:a", "fields": {}},
    "oci_pull/1": {"reference": "ghcr.io/acme/python@sha256:…", "platforms": ["linux/amd64"]},
    "oci_sbom/1": {"format": "spdx", "name": "api", "layers": [ROWS]},
    "registry_index/1": {"entries": [{"id": "a", "declaredBy": "//a:a"}]},
    "sounds/1": {"samples": [{"file": "src/x"}]},
    "tar.gz/1": {"manifest": ROWS},
    "tar.zst/1": {"manifest": ROWS},
    "tar/1": {"manifest": ROWS},
    "write/1": {"text": ""},
    "zip/1": {"manifest": ROWS},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_needs_is_enough_and_nothing_less(kind: str) -> None:
    least = LEAST[kind]
    assert problems(kind, least) == []
    for name in least:
        rest = {other: value for other, value in least.items() if other != name}
        (told_of,) = problems(kind, rest)
        assert told_of.startswith(f'error: the kind `{kind}` lacks the parameter `{name}`\n  fix: write "{name}": ')


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_values_that_fit(kind: str) -> None:
    known = KINDS[kind].params.known
    assert {name for name, param in known.items() if param.is_needed} == LEAST[kind].keys()
    assert problems(kind, KINDS[kind].params.filled(LEAST[kind])) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_refuses_what_is_no_value_of_it(kind: str) -> None:
    for name in KINDS[kind].params.known:
        for wrong in (object(), {1, 2}, b"x", 1.5, Path("x")):
            (told_of,) = problems(kind, {**LEAST[kind], name: wrong})
            assert told_of.startswith(f"error: the parameter `{name}` of `{kind}` must be ")
            assert f'\n  fix: write "{name}": ' in told_of


MANIFEST_FIX = 'write "manifest": manifest.to_json()'
# Each: the kind, parameters on top of the least, what is said of them, and the fix.
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "zip/1",
        {"mtimes": 0},
        "the kind `zip/1` has no parameter `mtimes`",
        "did you mean `mtime`?  (its parameters: level, manifest, mtime)",
    ),
    (
        "tar/1",
        {"level": 6},
        "the kind `tar/1` has no parameter `level`",
        "(its parameters: manifest, mtime, root)",
    ),
    (
        "oci_base/1",
        {"platforms": ["linux/amd64", "linux"]},
        'the parameter `platforms` of `oci_base/1` must be a list of platforms, but holds "linux"',
        'write "platforms": ["linux/amd64"]',
    ),
    (
        "oci_pull/1",
        {"platforms": []},
        "the parameter `platforms` of `oci_pull/1` must be a list of platforms, but is []",
        'write "platforms": ["linux/amd64"]',
    ),
    (
        "oci_image/1",
        {"name": "Api"},
        'the parameter `name` of `oci_image/1` must be the name of an image, but is "Api"',
        'write "name": "acme/api:1.2"',
    ),
    (
        "oci_image/1",
        {"layers": [["a"]]},
        'the parameter `layers` of `oci_image/1` must be a list of pairs of texts, but holds ["a"]',
        'write "layers": [["layer-1.json", ""]]',
    ),
    (
        "oci_layer.gz/1",
        {"owner": "0:2097152"},
        'the parameter `owner` of `oci_layer.gz/1` must be numbers of a user and a group, but is "0:2097152"',
        'write "owner": "1000:1000"',
    ),
    (
        "zip/1",
        {"mtime": "0"},
        'the parameter `mtime` of `zip/1` must be a whole number, 0 or more, but is "0"',
        'write "mtime": context.source_date_epoch',
    ),
    (
        "tar/1",
        {"mtime": -1},
        "the parameter `mtime` of `tar/1` must be a whole number, 0 or more, but is -1",
        'write "mtime": context.source_date_epoch',
    ),
    (
        "tar.gz/1",
        {"level": 99},
        "the parameter `level` of `tar.gz/1` must be a whole number from 1 to 12, but is 99",
        'write "level": 6',
    ),
    (
        "tar.gz/1",
        {"level": True},
        "the parameter `level` of `tar.gz/1` must be a whole number from 1 to 12, but is true",
        'write "level": 6',
    ),
    (
        "tar.gz/1",
        {"root": 1},
        "the parameter `root` of `tar.gz/1` must be true or false, but is 1",
        'write "root": True',
    ),
    (
        "zip/1",
        {"manifest": Manifest.of([])},
        "the parameter `manifest` of `zip/1` must be what Manifest.to_json() gives, "
        "but is a value of the type Manifest",
        MANIFEST_FIX,
    ),
    (
        "zip/1",
        {"manifest": [["a"], "b"]},
        'the parameter `manifest` of `zip/1` must be what Manifest.to_json() gives, but holds "b"',
        MANIFEST_FIX,
    ),
    (
        "zip/1",
        {"manifest": [["a", None, None, None, None, None]]},
        "the parameter `manifest` of `zip/1` must be what Manifest.to_json() gives, "
        'but holds ["a", null, null, null, null, null]',
        MANIFEST_FIX,
    ),
    (
        "oci_sbom/1",
        {"layers": [ROWS, [["a"], "b"]]},
        "the parameter `layers` of `oci_sbom/1` must be a list of what Manifest.to_json() gives, "
        'but holds [["a"], "b"]',
        'write "layers": [manifest.to_json()]',
    ),
    (
        "digests/1",
        {"format": "sha256"},
        'the parameter `format` of `digests/1` must be "sha256sum" or "record", but is "sha256"',
        'write "format": "sha256sum" or "record"',
    ),
    (
        "write/1",
        {"text": 5},
        "the parameter `text` of `write/1` must be a text, but is 5",
        'write "text": "…"',
    ),
    (
        "command/1",
        {"argv": "python3 gen.py"},
        'the parameter `argv` of `command/1` must be a list of texts, the program first, but is "python3 gen.py"',
        'write "argv": ["python3", "gen.py"]',
    ),
    (
        "command/1",
        {"argv": ["python3", Path("gen.py")]},
        "the parameter `argv` of `command/1` must be a list of texts, the program first, "
        "but holds a value of the type PosixPath",
        'write "argv": ["python3", "gen.py"]',
    ),
    (
        "command/1",
        {"argv": []},
        "the parameter `argv` of `command/1` must be a list of texts, the program first, but is []",
        'write "argv": ["python3", "gen.py"]',
    ),
    (
        "command/1",
        {"timeout": 0},
        "the parameter `timeout` of `command/1` must be a whole number, 1 or more, but is 0",
        'write "timeout": 600',
    ),
    (
        "command/1",
        {"env": {"A": 1}},
        'the parameter `env` of `command/1` must be a table of texts by the names of variables, but is {"A": 1}',
        'write "env": {"LANG": "C"}',
    ),
    (
        "command/1",
        {"cwd": "../x"},
        'the parameter `cwd` of `command/1` must be a folder relative to the workspace, but is "../x"',
        'write "cwd": context.target.label.package',
    ),
    (
        "dockerfile/1",
        {"variables": {"a": {1}}},
        "the parameter `variables` of `dockerfile/1` must be a table that JSON can hold, "
        "but is a value of the type dict",
        'write "variables": {"port": 80}',
    ),
    (
        "sounds/1",
        {"samples": [{"file": "x"}, {"fil": "y"}]},
        'the parameter `samples` of `sounds/1` must be a list of tables with `file`, but holds {"fil": "y"}',
        'write "samples": [{"file": …}]',
    ),
    (
        "glyph/1",
        {"transparent_index": 16},
        "the parameter `transparent_index` of `glyph/1` must be a whole number from 0 to 15, or null, but is 16",
        'write "transparent_index": 0',
    ),
]


@pytest.mark.parametrize(("kind", "more", "what", "fix"), REFUSED)
def test_what_is_refused(kind: str, more: dict[str, Any], what: str, fix: str) -> None:
    assert problems(kind, {**LEAST[kind], **more}) == told(what, fix)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("argv", [""]),
        ("argv", ["a", "b\0"]),
        ("cwd", "/etc"),
        ("cwd", "a/../../b"),
        ("env", {"A=B": ""}),
        ("env", {"": ""}),
        ("env", {"A": "\0"}),
        ("tools", "node"),
        ("tools", [None]),
    ],
)
def test_what_no_program_can_be_given(name: str, value: object) -> None:
    (told_of,) = problems("command/1", {"argv": ["true"], name: value})
    assert told_of.startswith(f"error: the parameter `{name}` of `command/1` must be ")


def test_what_a_program_can_be_given() -> None:
    params = {"argv": ("sh", "", "é"), "cwd": "a/..b", "env": {"A": "", "ä": "="}, "tools": ("/bin/ls",), "timeout": 1}
    assert problems("command/1", params) == []


def test_parameters_that_are_no_table() -> None:
    fix = 'write {"format": "sha256sum" or "record", "manifest": manifest.to_json()}'
    assert problems("digests/1", ["x"]) == told('the parameters of `digests/1` must be a table, but are ["x"]', fix)


def test_all_problems_at_once() -> None:
    found = problems("tar.gz/1", {"manifst": ROWS, "level": 0, "mtime": None})
    assert [line.split("\n")[0] for line in found] == [
        "error: the kind `tar.gz/1` has no parameter `manifst`",
        "error: the kind `tar.gz/1` lacks the parameter `manifest`",
        "error: the parameter `level` of `tar.gz/1` must be a whole number from 1 to 12, but is 0",
        "error: the parameter `mtime` of `tar.gz/1` must be a whole number, 0 or more, but is null",
    ]


def test_sources_of_a_manifest_have_to_be_inputs() -> None:
    fix = "pass manifest.sources as inputs"
    what = "the manifest of `zip/1` names `src/x`, which the action does not have as inputs"
    assert problems("zip/1", {"manifest": ROWS}, ()) == told(what, fix)
    rows = [*ROWS, ["b", "src/b"], ["c", "src/c"]]
    what = "the manifest of `zip/1` names `src/b` and 1 other, which the action does not have as inputs"
    assert problems("zip/1", {"manifest": rows}) == told(what, fix)
    layers = {**LEAST["oci_sbom/1"], "layers": [ROWS, [["b", "src/b"]]]}
    what = "the manifest of `oci_sbom/1` names `src/b`, which the action does not have as inputs"
    assert problems("oci_sbom/1", layers) == told(what, fix)
    what = "the manifest of `zip/1` names `src/b` and 2 others, which the action does not have as inputs"
    assert problems("zip/1", {"manifest": rows}, ()) == told(what, fix)


@pytest.mark.parametrize(
    ("kind", "count", "makes"),
    [("write/1", 2, "1 file"), ("tar/1", 3, "1 or 2 files"), ("glyph/1", 1, "2 files"), ("assets_pa/1", 5, "4 files")],
)
def test_a_kind_makes_as_many_files_as_it_makes(kind: str, count: int, makes: str) -> None:
    outputs = f"{count} output{'s' if count > 1 else ''}"
    expected = f"error: the kind `{kind}` makes {makes}, but the action has {outputs}"
    assert problems(kind, LEAST[kind], count=count) == [expected]
    assert problems("command/1", LEAST["command/1"], count=7) == []


def test_what_formats_know_is_what_kinds_take() -> None:
    """The kinds state it themselves, so that whoever plans a build need not import the formats."""

    def taken(kind: str) -> tuple[list[int], Any]:
        param = KINDS[kind].params.known["level"]
        return [level for level in range(-5, 50) if param.fits(level)], param.default

    assert taken("tar.gz/1") == (list(compress.LEVELS["gzip"]), compress.DEFAULT_LEVELS["gzip"])
    assert taken("tar.zst/1") == (list(compress.LEVELS["zstd"]), compress.DEFAULT_LEVELS["zstd"])
    assert taken("zip/1") == (list(zip_format.LEVELS), 6)
    assert "level" not in KINDS["tar/1"].params.known
    assert all(KINDS["digests/1"].params.known["format"].fits(name) for name in digests.FORMATS)


def test_a_large_manifest_is_checked_in_a_moment() -> None:
    action = Action("zip/1", {"manifest": MANY.to_json()}, MANY.sources, ("dist/x",))
    started = time.perf_counter()
    assert list(kind_of("zip/1").problems(action)) == []
    assert MANIFEST.fits(action.params["manifest"])
    assert time.perf_counter() - started < 0.5  # it takes 2 ms


def rule(ws: Workspace, body: str, **files: str) -> None:
    """Write a rule `r`, and a target //a:a of it."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    names = "Action, Entry, Manifest"
    ws.write(
        {
            "rules/r/rule.py": f"from packaging_targets import {names}\n\ndef analyse(context):\n{lines}\n",
            "rules/r/schema.json": '{"title": "r", "description": "d", "properties": {}}',
            "a/TARGETS.toml": '[[r]]\nname = "a"\nsrcs = ["*.txt"]\n',
            "a/x.txt": "x\n",
            **{f"rules/r/{name.replace('_', '.')}": text for name, text in files.items()},
        }
    )


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "repo")


def test_the_analysis_tells_of_all_actions_of_a_target(ws: Workspace) -> None:
    rule(
        ws,
        """\
manifest = Manifest.of([Entry("x", source) for source in context.sources()])
yield Action("zip/1", {"manifest": manifest}, (), (context.output("x.zip"),), "one")
yield Action("tar/1", {"manifest": manifest.to_json(), "roots": True}, (), (context.output("x.tar"),), "two")""",
    )
    run = ws.packaging("build")
    zipped, packed = ("  at rules/r/rule.py:5  (//a:a)\n", "  at rules/r/rule.py:6  (//a:a)\n")
    assert (run.exit_code, run.output) == (
        2,
        "error: the parameter `manifest` of `zip/1` must be what Manifest.to_json() gives, "
        f'but is a value of the type Manifest\n{zipped}  fix: write "manifest": manifest.to_json()\n\n'
        "error: the kind `tar/1` has no parameter `roots`\n"
        f"{packed}  fix: did you mean `root`?  (its parameters: manifest, mtime, root)\n\n"
        "error: the manifest of `tar/1` names `a/x.txt`, which the action does not have as inputs\n"
        f"{packed}  fix: pass manifest.sources as inputs\n",
    )


def test_a_value_that_json_cannot_hold_deep_inside_is_named(ws: Workspace) -> None:
    rule(ws, 'return [Action("zip/1", {"manifest": [["x", None, b"x"]]}, (), (context.output("x.zip"),))]')
    run = ws.packaging("build")
    what = "the rule `r` gave an action `manifest` that JSON cannot hold: Object of type bytes is not JSON serializable"
    assert (run.exit_code, run.output) == (2, f"error: {what}\n  at a/TARGETS.toml:1  (//a:a)\n")


def test_what_other_parameters_name_has_to_be_an_input(ws: Workspace) -> None:
    outputs = '(context.output("x.bin"), context.output("x.json"))'
    rule(ws, f'return [Action("sounds/1", {{"samples": [{{"file": "a/x.wav"}}]}}, (), {outputs})]')
    run = ws.packaging("build")
    what = "the action kind `sounds/1` wants to read `a/x.wav`, which is no input of it"
    assert f"error: {what}\n  at //a:a\n  fix: add it to the action's inputs\n" in run.output


# A rule's own actions of the kind `command/1` -------------------------------------------------------------------------


def test_argv_is_all_that_a_command_needs_and_its_program_counts(ws: Workspace, tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    rule(ws, f'return [Action("command/1", {{"argv": ["{tool}"]}}, (), (context.output("x"),))]')
    for text in ("one", "two"):
        tool.write_text(f"#!/bin/sh\necho {text} >dist/a/x\n")
        tool.chmod(0o755)
        run = ws.build()
        assert (run.exit_code, run.built) == (0, ["//a:a"]), run.output
        assert ws.read("dist/a/x") == f"{text}\n"
        assert ws.build().built == []


def test_tools_do_not_take_the_place_of_the_program(ws: Workspace, tmp_path: Path) -> None:
    params = f'{{"argv": ["tool"], "tools": ["sh"], "env": {{"PATH": "{tmp_path}:/usr/bin:/bin"}}}}'
    rule(ws, f'return [Action("command/1", {params}, (), (context.output("x"),))]')
    for text in ("one", "two"):
        (tmp_path / "tool").write_text(f"#!/bin/sh\necho {text} >dist/a/x\n")
        (tmp_path / "tool").chmod(0o755)
        assert ws.build().built == ["//a:a"]


SCRIPT = 'import sys\nopen(sys.argv[1], "w").write(open(sys.argv[2]).read())\n'
GEN = """\
gen, output = context.template("gen.py"), context.output("x")
argv = ["python3", {arg}, output, *context.sources()]
return [Action("command/1", {{"argv": argv, "cwd": {cwd}}}, ({inputs}*context.sources(),), (output,))]"""


def test_a_script_of_the_rule(ws: Workspace) -> None:
    rule(ws, GEN.format(arg="gen", cwd='""', inputs="gen, "), gen_py=SCRIPT)
    assert ws.build().built == ["//a:a"]
    assert ws.read("dist/a/x") == "x\n"
    rule(ws, GEN.format(arg="gen", cwd='""', inputs="gen, "), gen_py=SCRIPT.replace("read()", "read() * 2"))
    assert ws.build().built == ["//a:a"]
    assert ws.read("dist/a/x") == "x\nx\n"


@pytest.mark.parametrize(("arg", "cwd"), [("gen", '""'), ('"../" + gen', '"a"')])
def test_a_script_of_the_rule_that_is_no_input(ws: Workspace, arg: str, cwd: str) -> None:
    rule(ws, GEN.format(arg=arg, cwd=cwd, inputs=""), gen_py=SCRIPT)
    expected = (
        "error: `python3` looked for `@r/gen.py`, which is no input\n  at //a:a\n  fix: add it to the action's inputs\n"
    )
    assert expected in ws.packaging("build").output


def test_a_script_of_the_rule_from_another_folder(ws: Workspace) -> None:
    rule(ws, GEN.format(arg="gen", cwd='"a"', inputs="gen, "), gen_py=SCRIPT)
    expected = (
        "error: `python3` looked for `@r/gen.py` where there is none\n"
        "  at //a:a\n"
        "  fix: write `../@r/gen.py`: it runs in `a`\n"
    )
    assert expected in ws.packaging("build").output


def test_a_program_of_the_rule_that_is_no_input(ws: Workspace) -> None:
    body = 'return [Action("command/1", {"argv": [context.template("gen.sh")]}, (), (context.output("x"),))]'
    rule(ws, body, gen_sh="#!/bin/sh\necho x >dist/a/x\n")
    ws.path("rules/r/gen.sh").chmod(0o755)
    expected = (
        "error: the program `@r/gen.sh` is no input of the action\n  at //a:a\n  fix: add it to the action's inputs\n"
    )
    assert expected in ws.packaging("build").output
    rule(ws, body.replace(", (), ", ', (context.template("gen.sh"),), '))
    assert ws.build().built == ["//a:a"]
    assert ws.read("dist/a/x") == "x\n"


def test_an_output_that_is_missing_is_named_from_the_root(ws: Workspace) -> None:
    rule(ws, 'return [Action("command/1", {"argv": ["true"]}, (), (context.output("x"),))]')
    expected = "error: `true` did not make the output `dist/a/x`\n  at //a:a\n  fix: let it write `dist/a/x`\n"
    assert expected in ws.packaging("build").output


def test_the_config_of_an_image_has_the_names_that_it_has() -> None:
    least = {**LEAST["oci_image/1"], "config": {"users": "app"}}
    action = Action("oci_image/1", least, (), ("dist/blobs/", "dist/index.json", "dist/oci-layout"))
    with pytest.raises(BuildError) as caught:
        kind_of("oci_image/1").run(action, cast("Step", None))
    assert str(caught.value) == (
        "error: the `config` of an image has no `users`\n"
        "  fix: did you mean `user`?  (it may have command, entrypoint, env, labels, ports, stop_signal, user, volumes, workdir)"
    )
