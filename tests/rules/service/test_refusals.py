from __future__ import annotations

import pytest

from packaging_targets.adapters.testing import Run, Workspace

API = "ops/packaging/services/api.Dockerfile"
MARKED = "# Rendered by packaging-targets from //services/api:api: edit the target or its template, not this file."
SERVICE = {"services/api/TARGETS.toml": '[[service]]\nname = "api"\n', "services/api/main.py": ""}


def built(ws: Workspace) -> Run:
    run = ws.build()
    assert run.exit_code == 0, run.output
    return run


def refused(ws: Workspace) -> str:
    run = ws.build()
    assert run.exit_code == 3
    assert not ws.path("ops").exists()
    return run.output


@pytest.mark.parametrize(("path", "changed"), [(API, True), (API, False), (f"{API}.dockerignore", True)])
def test_what_a_person_wrote_or_changed_is_kept(ws: Workspace, path: str, *, changed: bool) -> None:
    ws.write(SERVICE)
    if changed:
        built(ws)
    text = (ws.read(path) if changed else "") + "# mine\n"
    ws.write({path: text})
    run = ws.build()
    assert run.exit_code == 1
    assert (
        f"error: `{path}` was written or changed by hand, so that it is not rendered again\n"
        f"  at {path}  (//services/api:api)\n"
        f'  fix: write dockerfile = "//{API}" to keep it, or delete the file to drop it\n'
    ) in run.output
    assert ws.read(path) == text
    ws.path(path).unlink()
    built(ws)
    assert MARKED in ws.read(path)


def test_a_changed_dockerfile_is_adopted(ws: Workspace) -> None:
    ws.write(SERVICE)
    built(ws)
    mine = ws.read(API) + "USER root\n"
    ws.write({API: mine, "services/api/TARGETS.toml": f'[[service]]\nname = "api"\ndockerfile = "//{API}"\n'})
    built(ws)
    assert ws.read(API) == mine


def test_a_hand_written_dockerfile_is_never_written(ws: Workspace) -> None:
    ws.write(SERVICE)
    ws.write(
        {
            "services/api/TARGETS.toml": '[[service]]\nname = "api"\ndockerfile = "Dockerfile"\n',
            "services/api/Dockerfile": "FROM x:1\n",
        }
    )
    assert built(ws).built == []
    assert ws.read("services/api/Dockerfile") == "FROM x:1\n"
    assert not ws.path("ops").exists()


CHOICES = "one of `go`, `node`, `python`, or a path such as `./api.Dockerfile.j2`"
REFUSED = {
    'id = "../../escape"': (
        "the id `../../escape` is no image name: lower-case letters and digits, joined by `.`, `_` or `-`",
        "$.id",
        'write id = "escape"',
    ),
    'id = "My Api"': (
        "the id `My Api` is no image name: lower-case letters and digits, joined by `.`, `_` or `-`",
        "$.id",
        'write id = "my-api"',
    ),
    'template = "pyton"': ("there is no template `pyton`", "$.template", "did you mean `python`?"),
    'template = "rust"': (
        "there is no template `rust`",
        "$.template",
        f"write {CHOICES}, or the file `ops/packaging/templates/Dockerfile.rust`",
    ),
    'env = { A = "x\\nUSER root" }': (
        "`env.A` has a line break or another control character",
        "$.env.A",
        "take it out: a Dockerfile cannot hold one",
    ),
    'labels = { a = "x\\rUSER root" }': (
        "`labels.a` has a line break or another control character",
        "$.labels.a",
        "take it out: a Dockerfile cannot hold one",
    ),
    'health_path = "/up"': ("`health_path` needs a `port`", "$.health_path", "write port = 8080"),
    'context = "sub"': (
        "`{}` lies outside the build's context `{}/sub`",
        "$.context",
        "leave `context` out: the context is the repository root then",
    ),
    'module = "//elsewhere"': (
        "no source of the target lies in the module `elsewhere`",
        "$.module",
        "correct the path, or declare the target in elsewhere/TARGETS.toml",
    ),
    'module = "cost$"': ("COPY cannot name the folder `{}/cost$`", "$.module", "rename it"),
    'dockerfile = "Dockerfil"': (
        "there is no Dockerfile `{}/Dockerfil` among the target's sources",
        "$.dockerfile",
        "correct the path, add the file to srcs, or leave `dockerfile` out to have one rendered",
    ),
    'dockerfile = "main.py"': ("`{}/main.py` has no FROM", "$.dockerfile", "name a Dockerfile"),
}


def test_every_refusal_says_what_where_and_the_fix(ws: Workspace) -> None:
    for number, field in enumerate(REFUSED):
        ws.write({f"s/t{number}/TARGETS.toml": f'[[service]]\nname = "x"\n{field}\n', f"s/t{number}/main.py": ""})
    output = refused(ws)
    for number, (what, path, fix) in enumerate(REFUSED.values()):
        folder = f"s/t{number}"
        first = f"error: {what.replace('{}', folder)}\n  at {folder}/TARGETS.toml:"
        assert first in output
        assert output.partition(first)[2].split("\n")[:2] == [
            f"{output.partition(first)[2][0]}  (//{folder}:x, {path})",
            f"  fix: {fix}",
        ]


def test_manifests_that_cannot_be_read_are_named(ws: Workspace) -> None:
    ws.write(
        {
            "a/TARGETS.toml": '[[job]]\nname = "a"\n',
            "a/package.json": '{\n"scripts": }',
            "b/TARGETS.toml": '[[job]]\nname = "b"\n',
            "b/package.json": "[]",
            "c/TARGETS.toml": '[[job]]\nname = "c"\n',
            "c/pyproject.toml": "= 1\n",
            "d/TARGETS.toml": '[[job]]\nname = "d"\n',
            "d/go.mod": b"\xff",
            "e/TARGETS.toml": '[[job]]\nname = "Capital"\n',
            "f/TARGETS.toml": '[[job]]\nname = "f"\n',
            "f/notes.md": "",
        }
    )
    output = refused(ws)
    assert "error: `package.json` is not JSON: Expecting value\n  at a/package.json:2  (//a:a)\n" in output
    assert "error: `package.json` is not a JSON object\n  at b/package.json  (//b:b)\n" in output
    assert "error: `pyproject.toml` is not TOML: Invalid statement (at line 1, column 1)\n" in output
    assert "error: `go.mod` is not UTF-8 at byte 0\n  at d/go.mod  (//d:d)\n  fix: save it as UTF-8\n" in output
    assert '  fix: write id = "capital"\n' in output
    place = "f/TARGETS.toml:1  (//f:f)"
    fix = f"set `template` to {CHOICES}"
    assert f"error: no source tells which template fits\n  at {place}\n  fix: {fix}\n" in output


UNFIT = (
    ("base", '"python:3\\nUSER root"'),
    ("base", '"python:3\\n"'),
    ("base", '"python:$X"'),
    ("version", '"3\\nUSER root"'),
    ("health_path", "'/x\"]'"),
    ("health_path", '"/x\\n"'),
    ("port", "70000"),
    ("image", '"Api"'),
    ("image", '"api@sha256:abcd"'),
    ("platforms", '["linux"]'),
    ("env", '{ "A=1\\nUSER root" = "" }'),
    ("labels", '{ "a b" = "" }'),
    ("build_args", '{ "A\\n" = "" }'),
)


def test_the_schema_lets_nothing_through_that_could_end_an_instruction(ws: Workspace) -> None:
    for number, (name, value) in enumerate(UNFIT):
        ws.write({f"t{number}/TARGETS.toml": f'[[service]]\nname = "x"\n{name} = {value}\n'})
    output = refused(ws)
    for number, (name, _) in enumerate(UNFIT):
        assert f"(//t{number}:x, $.{name}" in output
