"""The rule `agent_package`, as a person uses it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.aam.package.reader import read_package
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry

TARGET = '[[agent_package]]\nname = "package"\n'
SKILL = "---\nname: {0}\ndescription: Does {0}. Use it when somebody asks for {0}.\n---\n\n# {0}\n"
ARCHIVE = "dist/review/package/acme--review-1.2.0.aam"


def manifest(name: str, version: str, **more: Any) -> str:
    return json.dumps({"name": name, "version": version, "description": "x", **more}, indent=1)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """Two packages, of which `review` depends on `style`."""
    ws = Workspace(tmp_path / "repo")
    ws.write(
        {
            "style/TARGETS.toml": TARGET,
            "style/package.agent.json": manifest("@acme/style", "2.1.0"),
            "style/skills/style/SKILL.md": SKILL.format("style"),
            "review/TARGETS.toml": TARGET + 'deps = ["//style:package"]\n',
            "review/package.agent.json": manifest("@acme/review", "1.2.0", dependencies={"@acme/style": "^2.0.0"}),
            "review/skills/review/SKILL.md": SKILL.format("review"),
            "review/README.md": "# Review\n",
        }
    )
    ws.write({"review/skills/review/scripts/run.sh": "#!/bin/sh\n"}, executable=True)
    return ws


@pytest.mark.uaaps("S12.1.format", "S12.2.mapping", "P21")
def test_a_package_becomes_an_archive(ws: Workspace) -> None:
    assert ws.build().built == ["//review:package", "//style:package"]
    assert ws.paths("dist") == [ARCHIVE, "dist/style/package/acme--style-2.1.0.aam"]
    with tarfile.open(ws.path(ARCHIVE)) as archive:
        assert [(one.name, one.mode, one.mtime, one.uid, one.uname) for one in archive] == [
            ("README.md", 0o644, 0, 0, ""),
            ("package.agent.json", 0o644, 0, 0, ""),
            ("skills/review/SKILL.md", 0o644, 0, 0, ""),
            ("skills/review/scripts/run.sh", 0o755, 0, 0, ""),
        ]
    package = read_package(io.BytesIO(ws.path(ARCHIVE).read_bytes()), "x.aam")
    assert package.files["skills/review/SKILL.md"].data == SKILL.format("review").encode()
    assert ws.build().built == []


def test_what_changes_is_packed_again_and_nothing_else(ws: Workspace) -> None:
    ws.build()
    ws.write({"style/skills/style/SKILL.md": SKILL.format("style") + "more\n"})
    assert ws.build().built == ["//style:package"]
    ws.write({"style/package.agent.json": manifest("@acme/style", "2.2.0")})
    run = ws.build()
    assert (run.built, run.removed) == (["//style:package"], ["dist/style/package/acme--style-2.1.0.aam"])


@pytest.mark.uaaps("P21", "P22")
def test_the_same_bytes_in_two_folders_and_by_the_command_line(ws: Workspace, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    other.write({path: (ws.root / path).read_bytes() for path in ws.paths("review") + ws.paths("style")})
    (other.root / "review/skills/review/scripts/run.sh").chmod(0o700)
    ws.build()
    other.build()
    assert ws.contents() == other.contents()
    from packaging_targets.services.aam.packing.pack import pack

    packed = pack(str(ws.root / "review"), str(tmp_path / "out"))
    assert Path(packed.archive).read_bytes() == ws.path(ARCHIVE).read_bytes()
    other.environment["SOURCE_DATE_EPOCH"] = "1700000000"
    assert other.build().built == ["//review:package", "//style:package"]
    with tarfile.open(other.path(ARCHIVE)) as archive:
        assert {one.mtime for one in archive} == {1_700_000_000}


def test_dependants_learn_of_all_archives(ws: Workspace) -> None:
    ws.write(
        {
            "team/TARGETS.toml": TARGET
            + 'deps = ["//review:package"]\npublish = { registry = "./registry", tag = "beta" }\n',
            "team/package.agent.json": manifest("team", "1.0.0", peerDependencies={"@acme/review": "*"}),
        }
    )
    assert ws.build().exit_code == 0
    assert ws.packaging("query", "deps(//team:package)").output.split() == [
        "//review:package",
        "//style:package",
        "//team:package",
    ]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"review/package.agent.json": manifest("@acme/review", "1.2.0", dependencies={"@acme/style": "^1.0.0"})},
            "error: the manifest asks for `@acme/style` ^1.0.0, but `//style:package` makes 2.1.0\n"
            "  at review/package.agent.json  (//review:package)\n"
            '  fix: let the range have it, as in "^2.1.0"',
        ),
        (
            {"review/package.agent.json": manifest("@acme/review", "1.2.0")},
            "error: `//style:package` makes `@acme/style`, which the manifest does not depend on\n"
            "  at review/TARGETS.toml:3  (//review:package, $.deps)\n"
            '  fix: add to `dependencies` of review/package.agent.json: "@acme/style": "^2.1.0"',
        ),
        (
            {"style/TARGETS.toml": '[[archive]]\nname = "package"\n'},
            "error: `//style:package` is no agent_package\n"
            "  at review/TARGETS.toml:3  (//review:package, $.deps)\n"
            "  fix: name targets of agent_package",
        ),
        (
            {"review/package.agent.json": '{\n"name": "Review",\n"version": "1"}'},
            "error: `name`: the name `Review` has a name that is not of lower-case letters, digits and `-`, or does not "
            "start with a letter or digit\n"
            "  at review/package.agent.json:2  (//review:package, $.name)\n\n"
            "error: `version`: `1` is no semantic version: write one such as 1.2.0\n"
            "  at review/package.agent.json:3  (//review:package, $.version)",
        ),
        (
            {
                "review/package.agent.json": manifest(
                    "@acme/review", "1.2.0", dependencies={"@acme/style": "*"}, hooks="hooks/hooks.json"
                )
            },
            "error: there is no `hooks/hooks.json`, and the manifest refers to it\n"
            "  at review/package.agent.json  (//review:package, $.hooks)",
        ),
    ],
    ids=["range", "not-named", "no-package", "manifest", "reference"],
)
def test_refusals(ws: Workspace, files: dict[str, str], told: str) -> None:
    ws.write(files)
    run = ws.build()
    assert run.exit_code == 3  # of doit: nothing was built
    assert told in run.output


def test_one_package_from_two_targets(ws: Workspace) -> None:
    ws.write(
        {
            "fork/TARGETS.toml": TARGET,
            "fork/package.agent.json": manifest("@acme/style", "2.5.0"),
            "team/TARGETS.toml": TARGET + 'deps = ["//review:package", "//fork:package"]\n',
            "team/package.agent.json": manifest(
                "team", "1.0.0", dependencies={"@acme/review": "*"}, optionalDependencies={"@acme/style": "^2.0.0"}
            ),
        }
    )
    assert (
        "error: two targets make `@acme/style`: `dist/style/package/acme--style-2.1.0.aam` and "
        "`dist/fork/package/acme--style-2.5.0.aam`\n"
        "  at team/TARGETS.toml:3  (//team:package, $.deps)\n"
        "  fix: depend on one of them"
    ) in ws.build().output


def test_a_dependency_that_is_refused_is_not_taken_for_two(ws: Workspace) -> None:
    """What `//review:package` offered before it was refused is another version, and no other target's."""
    ws.write(
        {
            "style/package.agent.json": manifest("@acme/style", "2.1.0"),
            "team/TARGETS.toml": TARGET + 'deps = ["//review:package", "//style:package"]\n',
            "team/package.agent.json": manifest(
                "team", "1.0.0", dependencies={"@acme/review": "*", "@acme/style": "*"}
            ),
        }
    )
    assert ws.build().exit_code == 0
    ws.write({"style/package.agent.json": manifest("@acme/style", "4.0.0")})
    run = ws.build()
    assert "the manifest asks for `@acme/style` ^2.0.0, but `//style:package` makes 4.0.0" in run.output
    assert "two targets make" not in run.output


def test_a_folder_without_a_manifest(ws: Workspace) -> None:
    ws.path("style/package.agent.json").unlink()
    assert (
        "error: there is no `package.agent.json` in `style`\n"
        "  at style  (//style:package)\n"
        "  fix: write one: `aam pkg init style`"
    ) in ws.build().output


@pytest.mark.uaaps("P16", "P18")
def test_links_are_refused(ws: Workspace) -> None:
    ws.path("review/skills/other").symlink_to("review")
    assert (
        "error: `review/skills/other` is a symbolic link to `review`, and packages hold regular files alone\n"
        "  at review/skills/other  (//review:package)\n"
        "  fix: put a copy in its place, or leave it out by `files`"
    ) in ws.build().output


@pytest.mark.uaaps("P19", "P20")
def test_what_no_package_should_carry_fails_the_action(ws: Workspace) -> None:
    ws.write({"review/skills/review/notes.md": "a\n\u202e\nAKIA" + "2E4GZQ7LMNOP5RST\n"})
    run = ws.build()
    assert (run.exit_code, run.failed) == (1, ["//review:package"])
    assert "people do not see the character U+202E" in run.output
    assert "review/skills/review/notes.md:3" in run.output
    assert not ws.path(ARCHIVE).exists()


def test_a_dependency_that_stands_here_has_to_be_named_before_it_is_published(ws: Workspace) -> None:
    publish = 'publish = { registry = "./registry" }\n'
    ws.write({"review/TARGETS.toml": TARGET + publish})
    initialise(FolderRegistry(str(ws.path("registry")), lambda: 0))
    done = ws.packaging("publish")
    assert (done.exit_code, done.output) == (
        2,
        "error: the manifest depends on `@acme/style` ^2.0.0, which `//style:package` makes, and `deps` does not name that\n"
        "  at //review:package  (//review:package, $.deps)\n"
        '  fix: add "//style:package" to `deps`\n',
    )
    ws.write({"style/package.agent.json": manifest("@acme/style", "3.0.0")})  # which is not the one that is meant
    assert ws.packaging("publish").exit_code == 0
