"""The JSON Schemas of artifacts and bundles: they say of any value what our checks say of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from agent_packages import REVIEW, manifest_text, package
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import packaging_targets
from packaging_targets.formats.aam.artifacts.discovery import find_artifacts
from packaging_targets.formats.aam.artifacts.front_matter import read_document, read_yaml_document
from packaging_targets.formats.aam.artifacts.reading.fields import AGENT, COMMAND, RULE, SKILL, Kind
from packaging_targets.formats.aam.artifacts.reading.json_files import EVENTS
from packaging_targets.formats.aam.artifacts.yaml_writer import write_front_matter, write_yaml
from packaging_targets.formats.aam.bundle.compiling import compile_bundle
from packaging_targets.formats.aam.bundle.values import TARGETS, TYPES
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.manifest import parse_manifest

pytest.importorskip("yaml")

FOLDER = Path(packaging_targets.__file__).parent / "formats" / "aam" / "schemas"
MANIFEST_OF = parse_manifest(manifest_text("a", dependencies={"b": "*"}).encode(), MANIFEST)
VECTORS = Path(__file__).parents[3] / "vectors"
WHERE = {
    "skill": "skills/{}/SKILL.md",
    "command": "commands/{}.md",
    "agent": "agents/{}/agent.yaml",
    "rule": "rules/{}/RULE.md",
}
KINDS = {"skill": SKILL, "command": COMMAND, "agent": AGENT, "rule": RULE}

TEXTS = st.sampled_from(
    [
        "a",
        "x" * 64,
        "x" * 65,
        "x" * 500,
        "x" * 501,
        "x" * 1024,
        "x" * 1025,
        "",
        " ",
        "a-b",
        "a--b",
        "A",
        "a\n",
        "*",
        ",",
    ]
)
PLAIN = TEXTS | st.sampled_from([1, 0.5, True, False, {}, []])
VALUES = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.sampled_from(["name", "mode", "globs", "a"]), PLAIN | st.just("files"), max_size=3)  # fmt: skip
DEEP = VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.sampled_from(["cursor", "x"]), VALUES, max_size=2)


def schema(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(value)
    return value


KNOWN = {name: schema(name) for name in ("agent", "bundle", "command", "hooks", "mcp", "rule", "skill")}
SCHEMAS = {name: Draft202012Validator(value) for name, value in KNOWN.items()}


def fits(name: str, value: object) -> bool:
    return bool(SCHEMAS[name].is_valid(value))


def is_in_order(path: str, data: str) -> bool:
    """Tell whether nothing is wrong with one file of a package."""
    files = {
        path: data.encode(),
        "agents/a/system-prompt.md": b"You.",
        f"{path.rpartition('/')[0]}/system-prompt.md": b"You.",
    }
    return not find_artifacts(MANIFEST_OF, files).errors


def fields_of(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    good = {"name": st.just("a") | DEEP, "description": st.just("A thing.") | DEEP}
    usual = {name: good.get(name, DEEP) for name in kind.fields}
    return st.fixed_dictionaries({}, optional={**usual, "unknown": DEEP})


@settings(max_examples=100)
@given(st.data())
@pytest.mark.parametrize("name", KINDS)
def test_front_matter_is_in_order_where_its_schema_says_so(name: str, data: st.DataObject) -> None:
    fields = data.draw(fields_of(KINDS[name]))
    folder = fields.get("name", "a")
    folder = folder if isinstance(folder, str) and folder.strip() and "/" not in folder and len(folder) < 99 else "a"
    text = write_yaml(fields) if name == "agent" else write_front_matter(fields, "Do.\n")
    assert is_in_order(WHERE[name].format(folder), text) == fits(name, fields)


@pytest.mark.parametrize("name", KINDS)
def test_a_schema_knows_the_fields_that_we_know(name: str) -> None:
    known = KNOWN[name]
    assert sorted(known["properties"]) == sorted(KINDS[name].fields)
    assert tuple(known.get("required", ())) == KINDS[name].needed


@pytest.mark.parametrize("path", [path for path in REVIEW if path.endswith((".md", ".yaml")) and path.count("/") > 0 and path != "skills/pdf-tools/references/forms.md"])  # fmt: skip
def test_what_the_tests_have_fits(path: str) -> None:
    read = read_yaml_document if path.endswith(".yaml") else read_document
    name = next((name for name in KINDS if path.startswith(f"{name}s/")), "rule")
    if path not in {"agents/writer.md", "agents/code-auditor/system-prompt.md"}:  # these may leave the name out
        assert [error.message for error in SCHEMAS[name].iter_errors(read(REVIEW[path].encode(), path).fields)] == []


HOOK = st.fixed_dictionaries({}, optional={"type": st.sampled_from(["command", "prompt", "x"]) | VALUES, "command": VALUES, "prompt": VALUES, "timeout": st.sampled_from([0, 1, 1.5, -1, 31_536_000, 31_536_001, 10**400]) | VALUES})  # fmt: skip
GROUPS = st.lists(st.fixed_dictionaries({}, optional={"matcher": VALUES, "hooks": st.lists(HOOK | VALUES, max_size=2) | VALUES}) | VALUES, max_size=2)  # fmt: skip
SERVER = st.fixed_dictionaries({}, optional={"command": VALUES, "args": VALUES, "env": VALUES, "type": st.sampled_from(["http", "sse", "stdio"]) | VALUES, "url": VALUES, "headers": VALUES, "cwd": VALUES})  # fmt: skip


@settings(max_examples=150)
@given(st.fixed_dictionaries({}, optional={"version": VALUES, "hooks": st.dictionaries(st.sampled_from([*EVENTS, "x"]), GROUPS | VALUES, max_size=2) | VALUES}))  # fmt: skip
def test_hooks_are_in_order_where_their_schema_says_so(value: dict[str, Any]) -> None:
    assert is_in_order("hooks/hooks.json", json.dumps(value)) == fits("hooks", value)


@settings(max_examples=150)
@given(st.fixed_dictionaries({}, optional={"servers": st.dictionaries(st.sampled_from(["a", "A", "-", "a\n"]), SERVER | VALUES, max_size=2) | VALUES, "inputs": VALUES}))  # fmt: skip
def test_servers_are_in_order_where_their_schema_says_so(value: dict[str, Any]) -> None:
    assert is_in_order("mcp/servers.json", json.dumps(value)) == fits("mcp", value)


def test_the_schema_of_hooks_has_our_events() -> None:
    assert tuple(KNOWN["hooks"]["properties"]["hooks"]["properties"]) == EVENTS
    assert fits("hooks", json.loads(REVIEW["hooks/hooks.json"]))
    assert fits("mcp", json.loads(REVIEW["mcp/servers.json"]))


@pytest.mark.uaaps("S12.4.bundle-json")
@pytest.mark.parametrize("target", TARGETS)
def test_bundle_json_fits_its_schema(target: str) -> None:
    for name, built_at in (("review", 0), ("@acme/review", 1 << 31)):
        about = compile_bundle(package(name, REVIEW), [], target, built_at=built_at).about
        assert [error.message for error in SCHEMAS["bundle"].iter_errors(about)] == []
        assert list(about) == KNOWN["bundle"]["required"]
    kinds = KNOWN["bundle"]["properties"]["artifacts"]["items"]["properties"]["type"]["enum"]
    assert (KNOWN["bundle"]["properties"]["target"]["enum"], kinds) == (list(TARGETS), list(TYPES))


@pytest.mark.uaaps("S12.4.bundle-json")
def test_bundle_json_of_the_vectors_fits_where_it_is_good() -> None:
    make_bundles = pytest.importorskip("make_bundles")
    assert fits("bundle", make_bundles.about({}))
    for change in make_bundles.BAD:
        assert not fits("bundle", make_bundles.about({}, **change)), change
    for name in make_bundles.about({}):
        assert not fits("bundle", make_bundles.about({}, **{name: None})), name
