"""Packlists: what is wrong is told as people can mend it, and what is packed follows from the rules alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.package.manifest import parse_manifest
from packaging_targets.formats.aam.package.packlist import ALWAYS, NEVER_FILES, NEVER_FOLDERS, select
from packaging_targets.formats.aam.package.paths import nfc
from packaging_targets.model.glob import match_any


def manifest(**members: Any) -> AgentManifest:
    return parse_manifest(json.dumps({"name": "a", "version": "1.0.0", **members}).encode(), "m")


@pytest.mark.uaaps("P14", "P16", "P17", "P18", "P20")
def test_what_is_wrong_is_told_at_once() -> None:
    files = {
        "package.agent.json": None,
        "skills/a/SKILL.md": None,
        "skills/A/x": None,
        "skills/link": "../..",
        "con.md": None,
        ".env": None,
        "docs/x.md": None,
        "other/x.md": None,
    }
    found = select(
        files,
        manifest(
            files=["skills/**", "con.md", ".env", "docs", "nothing/*"], hooks="other/x.md", mcp="skills/a/SKILL.MD"
        ),
        "pkg",
    )
    assert [str(one) for one in found.errors] == [
        "error: the path `con.md` has a name that is a device on Windows, `con.md`\n  at pkg/con.md\n  fix: rename it",
        "error: `skills/a` and `skills/A` are one folder where neither case nor composition counts, where the package is "
        "unpacked\n"
        "  at pkg/skills/a/SKILL.md\n"
        "  fix: rename one of them",
        "error: `pkg/skills/link` is a symbolic link to `../..`, and packages hold regular files alone\n"
        "  at pkg/skills/link\n"
        "  fix: put a copy in its place, or leave it out by `files`",
        "error: `other/x.md` is left out of the package, and the manifest refers to it\n"
        "  at pkg/package.agent.json  ($.hooks)\n"
        "  fix: add it to `files`",
        "error: there is no `skills/a/SKILL.MD`, and the manifest refers to it\n"
        "  at pkg/package.agent.json  ($.mcp)\n"
        "  fix: did you mean `skills/a/SKILL.md`?",
    ]
    assert [one.told("warning") for one in found.warnings] == [
        "warning: `nothing/*` matches no file\n  at pkg/package.agent.json  ($.files[4])",
        "warning: `pkg/.env` may hold credentials, and is packed\n"
        "  at pkg/.env\n"
        "  fix: leave it out by `files` if it does",
    ]


def test_what_is_never_packed_cannot_be_referred_to() -> None:
    found = select({"package.agent.json": None, "venv/s.json": None}, manifest(mcp="./venv/s.json"))
    assert [(one.what, one.fix) for one in found.errors] == [
        (
            "`./venv/s.json` is left out of the package, and the manifest refers to it",
            "files such as this are never packed: move it",
        )
    ]


PARTS = st.sampled_from(
    [
        *("a", "b", "A", "README.md", "package.agent.json", "node_modules", ".git", "m.pyc", "x.aam"),
        *("\u00e9", "e\u0301", "evals", "reports", ".env", "package.agent.lock"),
    ]
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
GLOBS = st.lists(st.sampled_from(["**", "a/*", "**/b", "*/é", "node_modules/**", ".git/**"]), max_size=3, unique=True)


@pytest.mark.uaaps("P14", "P15", "P21")
@given(st.lists(PATHS, unique=True, max_size=12), st.one_of(st.none(), GLOBS))
def test_what_is_packed(paths: list[str], globs: list[str] | None) -> None:
    members = {} if globs is None else {"files": globs}
    packed = select(dict.fromkeys([*paths, "package.agent.json"]), manifest(**members)).paths
    assert "package.agent.json" in packed
    assert list(packed) == sorted(packed, key=lambda path: nfc(path).encode())
    chosen, never = (
        match_any(globs or ["package.agent.json"]),
        match_any([*NEVER_FILES, *(f"**/{folder}/**" for folder in NEVER_FOLDERS)]),
    )
    expected = {path for path in paths if (globs is None or chosen(path) or ALWAYS.fullmatch(path)) and not never(path)}
    assert set(packed) == expected | {"package.agent.json"}
    assert not any(set(path.split("/")[:-1]) & NEVER_FOLDERS for path in packed)
    assert not any(path.endswith((".pyc", ".aam")) or path.startswith("evals/reports/") for path in packed)
