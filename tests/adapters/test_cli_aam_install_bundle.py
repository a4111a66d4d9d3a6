"""`aam install FILE.bundle.aam`: deployed at once; what people wrote is merged into, or kept."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from agents import Place, aam, archive_of, files_of, make_place

from packaging_targets.formats.aam.bundle.archive import write_bundle
from packaging_targets.formats.aam.bundle.compiling import compile_bundle
from packaging_targets.formats.aam.package.reader import read_package
from packaging_targets.model.digest import Digest

Run = Callable[..., tuple[int, str, str]]
RULE = "---\nname: words\ndescription: Plain words\napply:\n  mode: always\n---\nUse plain words.\n"
MORE = {
    "AGENTS.md": "# How we work\n",
    "mcp/servers.json": json.dumps({"servers": {"files": {"command": "files-server", "args": ["."]}}}),
    "skills/review/scripts/run.sh": "#!/bin/sh\n",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: aam(capsys, *arguments)


def bundled(
    place: Place,
    target: str = "cursor",
    files: Mapping[str, str] = MORE,
    name: str = "acme",
    version: str = "1.0.0",
    style: str = "",
) -> str:
    """Write the bundle of a package, which depends on a version of `style` or on nothing; return where it is."""
    contents = files_of(name, version, files=files, skills=["review" if name == "acme" else name])
    package = read_package(io.BytesIO(archive_of(contents)), "package")
    shared = files_of("style", style, files={**MORE, "rules/words/RULE.md": RULE}, skills=["style"])
    needed = [read_package(io.BytesIO(archive_of(shared)), "style")] if style else []
    bundle = compile_bundle(package, needed, target)
    out = io.BytesIO()
    write_bundle(out, bundle)
    (place.root / bundle.name).write_bytes(out.getvalue())
    return f"../{bundle.name}"


def own(place: Place) -> dict[str, bytes]:
    """What lies in the project, without our own records."""
    return {path: data for path, data in place.files().items() if not path.startswith(".agent-packages/")}


def done(result: tuple[int, str, str]) -> str:
    assert result[0] == 0, result[2]
    return result[1]


@pytest.mark.uaaps("S12.4.install-deploys")
@pytest.mark.parametrize("target", ["cursor", "claude-code", "copilot", "codex"])
def test_a_bundle_is_deployed_at_once(place: Place, run: Run, target: str) -> None:
    path = bundled(place, target)
    (place.home / "config.yaml").unlink()
    shutil.rmtree(place.root / "registry")
    out = done(run("install", path))
    assert out.startswith(f"deployed acme@1.0.0 ({target})\n")
    assert own(place)
    assert not (place.project / "package.agent.lock").exists()
    assert done(run("verify")).endswith("all in order\n")
    assert done(run("list")) == f"acme@1.0.0  bundle for {target}\n"
    before = place.files()
    done(run("install", path))
    assert place.files() == before
    done(run("uninstall", "acme"))
    assert own(place) == {}


def test_executables_stay_so(place: Place, run: Run) -> None:
    contents = files_of("acme", "1.0.0", files=MORE)
    (place.root / "package").mkdir()
    for path, data in contents.items():
        file = place.root / "package" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755 if path.endswith(".sh") else 0o644)
    code, out, err = run("pkg", "build", str(place.root / "package"), "--target", "cursor", "-o", str(place.root))
    assert code == 0, err + out
    done(run("install", "../acme-1.0.0-cursor.bundle.aam"))
    assert os.access(place.project / ".cursor/skills/review/scripts/run.sh", os.X_OK)
    assert not os.access(place.project / ".cursor/skills/review/SKILL.md", os.X_OK)


def test_files_of_people_are_merged_into_and_come_back(place: Place, run: Run) -> None:
    mine: dict[str, Any] = {"mcpServers": {"mine": {"command": "mine"}}}
    (place.project / ".cursor").mkdir()
    (place.project / ".cursor/mcp.json").write_text(json.dumps(mine, indent=2) + "\n")
    (place.project / "AGENTS.md").write_text("# Mine\n")
    before = own(place)
    done(run("install", bundled(place)))
    servers = json.loads(own(place)[".cursor/mcp.json"])["mcpServers"]
    assert set(servers) == {"mine", *servers}
    assert servers["mine"] == {"command": "mine"}
    assert len(servers) == 2
    text = own(place)["AGENTS.md"].decode()
    assert text.startswith("# Mine\n\n<!-- aam:begin")
    assert "# How we work" in text
    done(run("install", bundled(place, name="other", files={"AGENTS.md": MORE["AGENTS.md"]})))
    assert own(place)["AGENTS.md"].decode().count("# How we work") == 2
    done(run("uninstall", "other"))
    assert own(place)["AGENTS.md"].decode() == text
    done(run("uninstall", "acme"))
    assert own(place) == before


def test_a_file_of_somebody_else_is_not_overwritten(place: Place, run: Run) -> None:
    skill = place.project / ".cursor/skills/review/SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("mine")
    before = place.files()
    path = bundled(place)
    code, _, err = run("install", path)
    assert code == 2
    assert err == (
        "error: `.cursor/skills/review/SKILL.md` is there already, and is not from `acme`\n"
        "  at .cursor/skills/review/SKILL.md\n"
        "  fix: move it away, or install with --force\n"
    )
    assert place.files() == before
    done(run("install", path, "--force"))
    assert skill.read_text() != "mine"


def test_what_was_edited_is_kept_and_said(place: Place, run: Run) -> None:
    done(run("install", bundled(place)))
    skill = place.project / ".cursor/skills/review/SKILL.md"
    skill.write_text("edited")
    assert "the file is changed that the bundle of `acme` brought" in run("verify")[2]
    newer = bundled(place, version="1.1.0")
    code, _, err = run("install", newer)
    assert (code, "was changed since `acme` brought it" in err) == (2, True)
    code, _, err = run("uninstall", "acme")
    assert code == 0
    assert err.startswith("warning: `.cursor/skills/review/SKILL.md` was changed by somebody, and stays\n")
    assert own(place) == {".cursor/skills/review/SKILL.md": b"edited"}


def test_a_newer_bundle_replaces_what_the_older_one_brought(place: Place, run: Run) -> None:
    done(run("install", bundled(place)))
    done(run("install", bundled(place, files={"AGENTS.md": "# Anew\n"}, version="1.1.0")))
    files = own(place)
    assert ".cursor/mcp.json" not in files
    assert ".cursor/skills/review/scripts/run.sh" not in files
    assert b"# Anew" in files["AGENTS.md"]
    assert b"# How we work" not in files["AGENTS.md"]
    assert done(run("list")) == "acme@1.1.0  bundle for cursor\n"


def record_of(target: str = "cursor", version: Any = "1.0.0", **given: Any) -> str:
    """A file of records of one bundle."""
    record = {"version": version, "files": {}, "parts": {}, "members": {}, **given}
    return json.dumps({"packages": {"acme": {target: record}}})


@pytest.mark.parametrize(
    "state",
    [
        "",
        "[]",
        '{"packages": {"../x": {}}}',
        '{"packages": {"acme": 7}}',
        '{"packages": ["acme"]}',
        '{"packages": {"acme": {"cursor": {}}}}',
        record_of("vim", files={"x": "y"}),
        record_of(files={".git/config": "x"}),
        record_of(files={"../../x": "x"}),
        record_of("codex", files={"/tmp/AGENTS.md": "x"}),
        record_of(files={".cursor/mcp.json": "x"}),
        record_of(files={".cursor/commands/x.md": 3}),
        record_of(version=3),
        record_of(parts={".cursor/commands/x.md": {}}),
        record_of(parts={"AGENTS.md": {"a": 1}}),
        record_of(members={"AGENTS.md": []}),
        record_of(members={".cursor/mcp.json": [{"path": [], "value": 1, "item": False}]}),
        record_of(members={".cursor/mcp.json": [{"path": [1], "value": 1, "item": False}]}),
    ],
)
@pytest.mark.parametrize("verb", [("uninstall", "acme"), ("list",), ("verify",), ("why", "acme")])
def test_records_that_somebody_else_wrote_are_not_believed(
    place: Place, run: Run, state: str, verb: Sequence[str]
) -> None:
    done(run("install", bundled(place)))
    (place.project / ".agent-packages/.deployed.json").write_text(state)
    before = place.files()
    code, _, err = run(*verb)
    assert (code, err) == (
        1,
        "error: it is damaged\n  at .agent-packages/.deployed.json\n"
        "  fix: remove `.agent-packages` and run `aam install`\n",
    )
    assert place.files() == before


def test_a_document_with_comments_is_not_touched(place: Place, run: Run) -> None:
    (place.project / ".cursor").mkdir()
    (place.project / ".cursor/mcp.json").write_text("// mine\n{}\n")
    before = place.files()
    code, _, err = run("install", bundled(place))
    assert (code, err.splitlines()[0]) == (
        2,
        "error: nothing can be merged into `.cursor/mcp.json` as it is: line 1, column 1: JSON has no comments",
    )
    assert place.files() == before


def test_a_bundle_with_others_and_a_damaged_one(place: Place, run: Run) -> None:
    place.publish("words")
    done(run("install", bundled(place), "words"))
    assert place.versions() == {"words": "1.0.0"}
    before = place.files()
    (place.root / "x.bundle.aam").write_bytes((place.root / "acme-1.0.0-cursor.bundle.aam").read_bytes()[:-9])
    assert run("install", "../x.bundle.aam")[0] == 1
    (place.root / "x.bundle.aam").write_bytes(archive_of(files_of("acme", "1.0.0")))
    assert "this is no bundle" in run("install", "../x.bundle.aam")[2]
    assert place.files() == before
    value = json.loads(run("install", "../acme-1.0.0-cursor.bundle.aam", "--dry-run", "--json")[1])
    assert value["bundles"] == [{"name": "acme", "version": "1.0.0", "target": "cursor", "written": [], "removed": []}]


@pytest.mark.parametrize("target", ["cursor", "claude-code", "copilot", "codex"])
@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_what_two_bundles_share_goes_with_the_last_of_them(
    place: Place, run: Run, target: str, order: tuple[str, str]
) -> None:
    one = bundled(place, target, {}, "one", style="1.0.0")
    two = bundled(place, target, {}, "two", style="1.0.0")
    done(run("install", one))
    alone = {"one": own(place)}
    done(run("install", two))
    both = own(place)
    done(run("uninstall", "one"))
    alone["two"] = own(place)
    assert done(run("verify")).endswith("all in order\n")
    done(run("install", one))
    assert own(place).keys() == both.keys()
    done(run("uninstall", order[0]))
    assert own(place).keys() == alone[order[1]].keys()
    done(run("uninstall", order[1]))
    assert own(place) == {}
    assert not [path for path in place.project.iterdir() if path.name != ".agent-packages"]


@pytest.mark.parametrize("target", ["cursor", "claude-code"])
def test_a_newer_bundle_leaves_what_another_one_has_too(place: Place, run: Run, target: str) -> None:
    done(run("install", bundled(place, target, {}, "one", style="1.0.0")))
    done(run("install", bundled(place, target, {}, "two", style="1.0.0")))
    done(run("install", bundled(place, target, {}, "one", "1.1.0")))
    assert done(run("verify")).endswith("all in order\n")
    assert any(b"plain words" in data for data in own(place).values())
    assert any(b"files-server" in data for data in own(place).values())


@pytest.mark.parametrize("target", ["cursor", "claude-code", "copilot"])
def test_several_bundles_come_at_once(place: Place, run: Run, target: str) -> None:
    one, two = (bundled(place, target, MORE, name) for name in ("one", "two"))
    done(run("install", one, two))
    both = own(place)
    assert sum(data.count(b"files-server") for data in both.values()) == 1
    done(run("install", two, one))
    assert own(place) == both
    done(run("uninstall", "one", "two"))
    assert own(place) == {}


def test_a_bundle_may_share_no_other_version_with_another(place: Place, run: Run) -> None:
    done(run("install", bundled(place, "claude-code", {}, "one", style="1.0.0")))
    before = place.files()
    path = bundled(place, "claude-code", {"rules/words/RULE.md": RULE.replace("plain", "short")}, "two")
    assert run("install", path)[0] == 2
    path = bundled(place, "claude-code", {}, "two", style="1.1.0")
    assert run("install", path)[::2] == (
        2,
        "error: `.claude/skills/style/SKILL.md` is otherwise in `one` 1.0.0 (claude-code), which was built with another "
        "version of it\n"
        "  at .claude/skills/style/SKILL.md\n"
        "  fix: build both anew of the same versions, or install with --force\n",
    )
    assert place.files() == before
    done(run("install", path, "--force"))
    assert done(run("verify")).endswith("all in order\n")
    done(run("uninstall", "two"))
    assert ".claude/skills/style/SKILL.md" in own(place)


def test_a_server_that_another_bundle_has_otherwise_is_told_as_its(place: Place, run: Run) -> None:
    done(run("install", bundled(place, "claude-code")))
    other = {"mcp/servers.json": MORE["mcp/servers.json"].replace("files-server", "other")}
    path = bundled(place, "claude-code", other, "other")
    assert run("install", path)[::2] == (
        2,
        "error: `mcpServers.files` of `.mcp.json` is otherwise in `acme` 1.0.0 (claude-code), which was built with "
        "another version of it\n"
        "  at .mcp.json\n  fix: build both anew of the same versions, or install with --force\n",
    )
    done(run("install", path, "--force"))
    assert done(run("verify")).endswith("all in order\n")


def test_a_newer_bundle_says_what_it_shares_with_an_older_one(place: Place, run: Run) -> None:
    done(run("install", bundled(place, name="one", style="1.0.0"), bundled(place, name="two", style="1.0.0")))
    code, _, err = run("install", bundled(place, name="one", version="2.0.0", style="1.1.0"))
    assert (code, err) == (
        0,
        "warning: `.cursor/skills/style/SKILL.md` is otherwise in `two` 1.0.0 (cursor), which was built with another "
        "version of it\n"
        "  at .cursor/skills/style/SKILL.md\n"
        "  fix: build that one anew too\n\n",
    )
    assert run("install", bundled(place, name="two", version="2.0.0", style="1.1.0"))[::2] == (0, "")


def test_what_people_had_before_stays_theirs(place: Place, run: Run) -> None:
    path = bundled(place)
    done(run("install", path))
    theirs = own(place)
    shutil.rmtree(place.project / ".agent-packages")
    skill = place.project / ".cursor/skills/review/scripts/run.sh"
    done(run("install", path))
    done(run("uninstall", "acme"))
    assert {name for name in theirs if name.startswith(".cursor/skills/")} <= own(place).keys()
    done(run("install", path, "--force"))
    done(run("uninstall", "acme"))
    assert not skill.exists()


def test_carriage_returns_stay(place: Place, run: Run) -> None:
    (place.project / "AGENTS.md").write_bytes(b"# Mine\r\n")
    path = bundled(place)
    done(run("install", path))
    text = own(place)["AGENTS.md"]
    assert text.count(b"\n") == text.count(b"\r\n")
    done(run("install", path))
    assert own(place)["AGENTS.md"] == text
    assert done(run("verify")).endswith("all in order\n")
    done(run("uninstall", "acme"))
    assert own(place) == {"AGENTS.md": b"# Mine\r\n"}


def test_instructions_that_are_a_link_are_written_where_they_lead(place: Place, run: Run) -> None:
    (place.project / "AGENTS.md").write_text("# Mine\n")
    (place.project / "CLAUDE.md").symlink_to("AGENTS.md")
    claude, cursor = bundled(place, "claude-code"), bundled(place, "cursor", name="other")
    out = done(run("install", claude, cursor))
    assert out.count("  ~ AGENTS.md\n") == 2
    assert (place.project / "CLAUDE.md").is_symlink()
    assert own(place)["AGENTS.md"].count(b"# How we work") == 2
    assert done(run("verify")).endswith("all in order\n")
    assert "  ~ AGENTS.md\n" in done(run("uninstall", "acme"))
    assert own(place)["AGENTS.md"].count(b"# How we work") == 1
    done(run("uninstall", "other"))
    assert (place.project / "AGENTS.md").read_text() == "# Mine\n"


@pytest.mark.parametrize("leads", ["../outside.md", ".git/config", "nowhere/x.md"])
def test_instructions_that_are_a_link_to_something_else_stay(place: Place, run: Run, leads: str) -> None:
    (place.project / ".git").mkdir()
    (place.project / ".git/config").write_text("[core]\n")
    (place.project / "CLAUDE.md").symlink_to(leads)
    assert run("install", bundled(place, "claude-code"))[::2] == (
        2,
        "error: a link or a folder stands at `CLAUDE.md`, and no bundle writes there\n"
        "  at CLAUDE.md\n  fix: move it away\n",
    )
    assert (place.project / ".git/config").read_text() == "[core]\n"


def test_a_folder_that_is_a_link_into_git_s_is_not_written(place: Place, run: Run) -> None:
    (place.project / ".git/hooks").mkdir(parents=True)
    (place.project / ".cursor").mkdir()
    (place.project / ".cursor/skills").symlink_to("../.git")
    path = bundled(place, files={"skills/hooks/SKILL.md": "---\nname: hooks\ndescription: Hooks\n---\n"})
    code, _, err = run("install", path)
    assert (code, err.splitlines()[0]) == (
        2,
        "error: a link or a folder stands at `.cursor/skills/hooks/SKILL.md`, and no bundle writes there",
    )
    assert list((place.project / ".git/hooks").iterdir()) == []
    state = record_of(files={".cursor/skills/config": Digest.of(b"mine").hex})
    (place.project / ".agent-packages").mkdir()
    (place.project / ".agent-packages/.deployed.json").write_text(state)
    (place.project / ".git/config").write_bytes(b"mine")
    run("uninstall", "acme")
    assert (place.project / ".git/config").read_bytes() == b"mine"


def test_a_file_of_a_skill_that_shows_marks_is_the_skill_s(place: Place, run: Run) -> None:
    marks = "<!-- aam:begin -->\n{0}\n<!-- aam:end -->\n"
    reference = "skills/review/references/AGENTS.md"
    done(run("install", bundled(place, files={reference: marks.format("one")})))
    done(run("install", bundled(place, files={reference: marks.format("two")}, version="1.1.0")))
    assert own(place)[f".cursor/{reference}"].decode() == marks.format("two")
    done(run("uninstall", "acme"))
    assert own(place) == {}


def test_verify_sees_what_is_shared(place: Place, run: Run) -> None:
    done(run("install", bundled(place)))
    (place.project / "AGENTS.md").write_text(own(place)["AGENTS.md"].decode().replace("How we work", "Edited"))
    (place.project / ".cursor/mcp.json").write_text('{"mcpServers": {"files": {"command": "other"}}}')
    assert run("verify")[::2] == (
        1,
        "error: `package:acme` is changed or gone, which the bundle of `acme` brought\n"
        "  at AGENTS.md\n  fix: deploy the bundle again, with --force\n\n"
        "error: `mcpServers.files` is changed or gone, which the bundle of `acme` brought\n"
        "  at .cursor/mcp.json\n  fix: deploy the bundle again, with --force\n\n",
    )
    done(run("install", "../acme-1.0.0-cursor.bundle.aam", "--force"))
    assert done(run("verify")).endswith("all in order\n")


def test_programs_that_a_bundle_lets_run_are_told_when_they_come(place: Place, run: Run) -> None:
    path = bundled(place)
    told = (
        "warning: `acme` brings MCP servers, which run programs: see `.cursor/mcp.json`\n"
        "  at .cursor/mcp.json\n  fix: take it back with: aam uninstall acme\n\n"
    )
    assert run("install", path)[::2] == (0, told)
    assert run("install", path)[::2] == (0, "")


def test_a_bundle_is_no_package_that_somebody_needs(place: Place, run: Run) -> None:
    done(run("install", bundled(place)))
    assert run("why", "acme")[::2] == (
        2,
        "error: `acme` is a bundle (for cursor): no package needs it, and it needs none\n"
        "  at .agent-packages/.deployed.json\n  fix: take it back with: aam uninstall acme\n",
    )
