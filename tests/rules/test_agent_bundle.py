"""The rule `agent_bundle`, as a person uses it."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from agent_packages import EXECUTABLE, REVIEW, manifest_text, skill_text

from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.aam.bundle.archive import read_bundle
from packaging_targets.formats.aam.bundle.values import TARGETS, Bundle

pytest.importorskip("yaml")

PACKAGE = '[[agent_package]]\nname = "package"\n'
BUNDLES = '[[agent_bundle]]\nname = "bundles"\npackage = ":package"\n'
FOLDER = "dist/review/bundles"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """`review` depends on `tools`, and that on `style`."""
    ws = Workspace(tmp_path / "repo")
    ws.write(
        {
            "review/TARGETS.toml": f'{PACKAGE}deps = ["//tools:package"]\n{BUNDLES}',
            "review/package.agent.json": manifest_text("@acme/review", "1.2.0", dependencies={"tools": "^1.0.0"}),
            "tools/TARGETS.toml": f'{PACKAGE}deps = ["//style:package"]\n',
            "tools/package.agent.json": manifest_text("tools", "1.1.0", dependencies={"@acme/style": "*"}),
            "tools/skills/plan/SKILL.md": skill_text("plan"),
            "style/TARGETS.toml": PACKAGE,
            "style/package.agent.json": manifest_text("@acme/style", "3.0.0"),
            "style/AGENTS.md": "# Style\n\nBe plain.\n",
        }
    )
    for path, text in REVIEW.items():
        ws.write({f"review/{path}": text.encode()}, executable=path in EXECUTABLE)
    return ws


def bundle(ws: Workspace, target: str, folder: str = FOLDER) -> Bundle:
    (path,) = ws.path(folder).glob(f"*-{target}.bundle.aam")
    return read_bundle(io.BytesIO(path.read_bytes()), path.name)


def bundles(*, package: str = ":package", **fields: Any) -> str:
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
    return f'[[agent_bundle]]\nname = "bundles"\npackage = "{package}"\n{lines}'


@pytest.mark.uaaps("S12.4.build", "S12.4.all", "S12.4.structure", "P29")
def test_a_package_becomes_a_bundle_for_each_platform(ws: Workspace) -> None:
    run = ws.build()
    assert run.built == [
        *(f"//review:bundles#{target}" for target in TARGETS),
        *(f"//{name}:package" for name in ("review", "style", "tools")),
    ]
    names = [f"{FOLDER}/acme--review-1.2.0-{target}.bundle.aam{end}" for target in TARGETS for end in ("", ".sha256")]
    assert ws.paths(FOLDER) == names
    for name in names[::2]:
        digest = hashlib.sha256(ws.path(name).read_bytes()).hexdigest()
        assert ws.read(f"{name}.sha256") == f"{digest}  {Path(name).name}\n"
    found = bundle(ws, "cursor").deployed
    assert ".cursor/skills/acme-plan/SKILL.md" in found
    assert ".cursor/skills/plan/SKILL.md" in found
    assert b"# Style" in found["AGENTS.md"].data
    assert ws.build().output == "up to date: 4 targets\n"


@pytest.mark.uaaps("P34")
def test_what_is_lost_is_told_and_stops_nothing(ws: Workspace) -> None:
    run = ws.build("//review:bundles")
    assert run.exit_code == 0
    assert (
        "warning: the hook at `notification` is left out: Cursor has no such event\n"
        "  at @acme/review@1.2.0/hooks/hooks.json\n"
    ) in run.output
    assert run.output.count("warning: ") == 6 + 8 + 6 + 11


def test_one_platform_is_built_alone(ws: Workspace) -> None:
    assert ws.build("//review:bundles#cursor").built == [
        "//review:bundles#cursor",
        *(f"//{name}:package" for name in ("review", "style", "tools")),
    ]


def test_a_change_in_any_package_is_in_the_bundle_and_nothing_else_is_built(ws: Workspace) -> None:
    ws.build()
    ws.write({"style/AGENTS.md": "# Style\n\nBe brief.\n"})
    assert ws.build().built == [*(f"//review:bundles#{target}" for target in TARGETS), "//style:package"]
    assert b"Be brief." in bundle(ws, "claude-code").deployed["CLAUDE.md"].data
    ws.write({"style/package.agent.json": manifest_text("@acme/style", "4.0.0")})
    assert ws.build().built == [*(f"//review:bundles#{target}" for target in TARGETS), "//style:package"]
    ws.write({"review/TARGETS.toml": ws.read("review/TARGETS.toml") + 'targets = ["cursor"]\n'})
    run = ws.build()
    assert (run.built, len(run.removed)) == ([], 6)


@pytest.mark.uaaps("P30")
def test_the_time_is_told_by_the_environment(ws: Workspace) -> None:
    ws.build("//review:bundles#codex")
    assert bundle(ws, "codex").about["built_at"] == "1970-01-01T00:00:00Z"
    ws.environment["SOURCE_DATE_EPOCH"] = "1771511400"
    ws.build("//review:bundles#codex")
    assert bundle(ws, "codex").about["built_at"] == "2026-02-19T14:30:00Z"


@pytest.mark.uaaps("P33", "S12.4.all")
def test_all_means_what_the_manifest_names(ws: Workspace) -> None:
    engines = {"cursor": "*", "claude-code": ">=1.0"}
    ws.write(
        {
            "style/package.agent.json": manifest_text("@acme/style", engines=engines),
            "style/TARGETS.toml": PACKAGE + bundles(),
        }
    )
    ws.build("//style:bundles")
    assert [Path(path).name for path in ws.paths("dist/style/bundles")][::2] == [
        "acme--style-1.0.0-claude-code.bundle.aam",
        "acme--style-1.0.0-cursor.bundle.aam",
    ]


@pytest.mark.uaaps("P32")
def test_the_seeds_layout_can_be_had(ws: Workspace) -> None:
    ws.write({"review/TARGETS.toml": ws.read("review/TARGETS.toml") + 'scoped_dirs = "seed"\ntargets = ["cursor"]\n'})
    ws.build("//review:bundles")
    assert ".cursor/skills/acme--plan/SKILL.md" in bundle(ws, "cursor").deployed


def vendored(ws: Workspace) -> None:
    """Let `style` come as an archive, and not from the workspace."""
    ws.build("//style:package")
    ws.write({"review/vendor/style.aam": ws.path("dist/style/package/acme--style-3.0.0.aam").read_bytes()})
    ws.write({"tools/TARGETS.toml": PACKAGE})
    for path in ws.paths("style"):
        ws.path(path).unlink()


def test_a_dependency_may_be_vendored(ws: Workspace) -> None:
    vendored(ws)
    ws.write(
        {
            "review/TARGETS.toml": f'{PACKAGE}deps = ["//tools:package"]\nexclude = ["vendor/**"]\n{bundles(vendored=["vendor/*.aam"])}'
        }
    )
    assert ws.build().exit_code == 0
    assert b"# Style" in bundle(ws, "codex").deployed["AGENTS.md"].data


def test_a_dependency_that_is_nowhere_is_an_error_with_a_fix(ws: Workspace) -> None:
    vendored(ws)
    ws.write(
        {
            "review/TARGETS.toml": f'{PACKAGE}deps = ["//tools:package"]\nexclude = ["vendor/**"]\n{bundles(targets=["cursor"])}'
        }
    )
    run = ws.build()
    assert run.failed == ["//review:bundles#cursor"]
    assert (
        "error: it depends on `@acme/style` *, and no archive of that is there\n"
        "  at tools@1.1.0\n"
        "  fix: add its target to `deps` of the agent_package, or its archive to `vendored`\n"
    ) in run.output


def test_a_vendored_archive_has_to_be_of_a_version_that_fits(ws: Workspace) -> None:
    vendored(ws)
    ws.write(
        {
            "tools/package.agent.json": manifest_text("tools", "1.1.0", dependencies={"@acme/style": "^4.0.0"}),
            "review/TARGETS.toml": f'{PACKAGE}deps = ["//tools:package"]\n{bundles(targets=["cursor"], vendored=["vendor/*.aam"])}',
        }
    )
    assert (
        "error: it depends on `@acme/style` ^4.0.0, and the archive that is there is 3.0.0\n"
        "  at tools@1.1.0\n"
        "  fix: bring a version that fits\n"
    ) in ws.build().output


@pytest.mark.uaaps("P49")
def test_a_circle_through_the_package_itself_is_told(ws: Workspace) -> None:
    ws.write({"style/package.agent.json": manifest_text("@acme/style", "3.0.0", dependencies={"@acme/review": "*"})})
    run = ws.build("//review:bundles#cursor")
    assert run.failed == ["//review:bundles#cursor"]
    assert (
        "error: packages depend on each other in a circle: "
        "@acme/review@1.2.0 → tools@1.1.0 → @acme/style@3.0.0 → @acme/review@1.2.0\n"
        "  at @acme/style@3.0.0\n"
        "  fix: take one of these dependencies away\n"
    ) in run.output
    assert run.output.count("error: ") == 1


def test_a_package_and_its_peer_may_need_each_other(ws: Workspace) -> None:
    ws.write(
        {"style/package.agent.json": manifest_text("@acme/style", "3.0.0", peerDependencies={"@acme/review": "^1.0.0"})}
    )
    assert ws.build("//review:bundles#cursor").exit_code == 0
    ws.write(
        {"style/package.agent.json": manifest_text("@acme/style", "3.0.0", peerDependencies={"@acme/review": "^2.0.0"})}
    )
    assert (
        "error: it depends on `@acme/review` ^2.0.0, and the archive that is there is 1.2.0\n  at @acme/style@3.0.0\n"
    ) in ws.build("//review:bundles#cursor").output


@pytest.mark.uaaps("P33")
def test_a_platform_may_be_called_as_on_the_command_line(ws: Workspace) -> None:
    ws.write({"review/TARGETS.toml": f'{PACKAGE}deps = ["//tools:package"]\n{bundles(targets=["cursor", "claude"])}'})
    ws.build("//review:bundles")
    assert [Path(path).name for path in ws.paths(FOLDER)][::2] == [
        "acme--review-1.2.0-claude-code.bundle.aam",
        "acme--review-1.2.0-cursor.bundle.aam",
    ]


def test_a_damaged_archive_is_told(ws: Workspace) -> None:
    vendored(ws)
    ws.path("review/vendor/style.aam").write_bytes(b"no archive")
    ws.write(
        {
            "review/TARGETS.toml": f'{PACKAGE}deps = ["//tools:package"]\n{bundles(targets=["cursor"], vendored=["vendor/*.aam"])}'
        }
    )
    run = ws.build()
    assert run.failed == ["//review:bundles#cursor"]
    assert "at review/vendor/style.aam" in run.output


def test_packages_that_do_not_go_together_are_told(ws: Workspace) -> None:
    ws.write(
        {
            "style/skills/plan/SKILL.md": skill_text("plan"),
            "style/package.agent.json": manifest_text("@acme/style", "3.0.0"),
        }
    )
    run = ws.build("//review:bundles#cursor")
    assert run.failed == ["//review:bundles#cursor"]
    assert (
        "error: `@acme/review@1.2.0` (skills/plan/SKILL.md) and `@acme/style@3.0.0` (skills/plan/SKILL.md) both become "
        "`.cursor/skills/acme-plan/` in Cursor\n"
        "  at @acme/style@3.0.0/skills/plan/SKILL.md\n"
        "  fix: rename one of the two\n"
    ) in run.output


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (bundles(package="//tools:archive"), "error: `//tools:archive` is no agent_package\n  at review/TARGETS.toml:6  (//review:bundles, $.package)\n  fix: name a target of agent_package"),
        (bundles(targets=["cursr"]), 'error: `targets[0]` must be one of "claude-code", "claude", "codex", "copilot", "cursor", but is "cursr"\n  at review/TARGETS.toml:7  (//review:bundles, $.targets[0])\n  fix: did you mean `cursor`?'),
        (bundles(targets="some"), 'error: `targets` must be "all", or a list of platforms, but is "some"'),
        (bundles(targets=[]), "error: `targets` must not be empty"),
        (bundles(scoped_dirs="x"), 'error: `scoped_dirs` must be one of "flat", "seed", but is "x"'),
        ('[[agent_bundle]]\nname = "bundles"\n', "error: `agent_bundle` lacks the field `package`\n  at review/TARGETS.toml:4  (//review:bundles)"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_told_at_its_line(ws: Workspace, target: str, told: str) -> None:
    ws.write(
        {
            "tools/TARGETS.toml": f'{PACKAGE}deps = ["//style:package"]\n[[archive]]\nname = "archive"\nsrcs = ["*.json"]\n',
            "review/TARGETS.toml": f'{PACKAGE}deps = ["//tools:package"]\n{target}',
        }
    )
    run = ws.build()
    assert run.exit_code != 0
    assert told in run.output
