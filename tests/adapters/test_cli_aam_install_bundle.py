"""`aam install FILE.bundle.aam`: deployed at once; what people wrote is merged into, or kept."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from agents import Place, aam, archive_of, files_of, make_place

from packaging_targets.formats.aam.bundle.archive import write_bundle
from packaging_targets.formats.aam.bundle.compiling import compile_bundle
from packaging_targets.formats.aam.package.reader import read_package

Run = Callable[..., tuple[int, str, str]]
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
    place: Place, target: str = "cursor", files: Mapping[str, str] = MORE, name: str = "acme", version: str = "1.0.0"
) -> str:
    """Write the bundle of a package; return where it is, from the project."""
    contents = files_of(name, version, files=files, skills=["review" if name == "acme" else name])
    package = read_package(io.BytesIO(archive_of(contents)), "package")
    bundle = compile_bundle(package, [], target)
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


@pytest.mark.parametrize(
    "state",
    [
        "",
        "[]",
        '{"packages": {"../x": {}}}',
        '{"packages": {"acme": 7}}',
        '{"packages": {"acme": {"vim": {"files": {"x": "y"}, "merged": {}}}}}',
        '{"packages": {"acme": {"cursor": {"files": {".git/config": "x"}, "merged": {}}}}}',
        '{"packages": {"acme": {"cursor": {"files": {"../../x": "x"}, "merged": {}}}}}',
    ],
)
def test_records_that_somebody_else_wrote_are_not_believed(place: Place, run: Run, state: str) -> None:
    done(run("install", bundled(place)))
    (place.project / ".agent-packages/.deployed.json").write_text(state)
    before = place.files()
    code, _, err = run("uninstall", "acme")
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
        "error: `.cursor/mcp.json` is no JSON object without comments, and nothing can be merged into it",
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
