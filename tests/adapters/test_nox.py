"""The sessions for a noxfile, as `nox` runs them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from repository import commit, git

from packaging_targets.adapters.testing import Run, Workspace

pytest.importorskip("nox")

NOXFILE = "from packaging_targets.adapters.nox import sessions\n\nsessions()\n"
ARCHIVE = '[[archive]]\nname = "all"\nsrcs = ["*.txt"]\n'
SERVICE = '[[service]]\nname = "api"\nport = 80\n'


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A committed workspace with a noxfile, an archive, and a service whose Dockerfile belongs into git."""
    ws = Workspace(tmp_path / "repo")
    programs = os.path.dirname(sys.executable)
    ws.environment["PATH"] = os.pathsep.join((programs, os.environ["PATH"]))
    ws.environment["NO_COLOR"] = "1"
    ws.write({"noxfile.py": NOXFILE, ".gitignore": "dist/\n.nox/\n.packaging/\n__pycache__/\n"})
    ws.write({"a/TARGETS.toml": ARCHIVE, "a/one.txt": "1", "b/TARGETS.toml": ARCHIVE, "b/one.txt": "2"})
    ws.write({"api/TARGETS.toml": SERVICE, "api/main.py": "print(1)\n"})
    git(ws, "init", "-q", ".")
    commit(ws)
    return ws


def nox(ws: Workspace, *words: str) -> Run:
    """Run nox without making environments: what is installed here is what is tested."""
    return ws.run([sys.executable, "-m", "nox", "--no-venv", *words])


def test_five_sessions_are_listed_and_build_is_the_default(ws: Workspace) -> None:
    lines = [line for line in nox(ws, "--list").output.splitlines() if line.startswith(("* ", "- "))]
    assert [line.partition(" -> ")[0] for line in lines] == [
        "* build",
        "- verify",
        "- affected",
        "- reproduce",
        "- publish",
    ]
    assert lines[2].endswith(" -> Build what changed since a revision: `nox -s affected -- REV`.")


def test_build_passes_words_on(ws: Workspace) -> None:
    run = nox(ws, "-s", "build", "--", "//a:all")
    assert run.exit_code == 0
    assert run.built == ["//a:all"]


def test_a_build_that_fails_fails_the_session(ws: Workspace) -> None:
    ws.write({"a/TARGETS.toml": ARCHIVE.replace("archive", "arkive")})
    run = nox(ws, "-s", "build")
    assert run.exit_code == 1
    assert "there is no rule `arkive`" in run.output


def test_verify_names_generated_files_that_are_not_committed(ws: Workspace) -> None:
    run = nox(ws, "-s", "verify")
    assert run.exit_code == 1
    assert "the build changed files that belong into git; commit what it made:" in run.output
    made = [path for path in ws.paths("ops") if path.endswith("Dockerfile")]
    assert made
    assert all(f"\n  {path}\n" in run.output for path in made)
    assert "dist/" not in run.output.partition("commit what it made:")[2]


def test_verify_passes_once_they_are_committed_whatever_else_is_edited(ws: Workspace) -> None:
    nox(ws, "-s", "build")
    commit(ws)
    ws.write({"notes.md": "new\n", "a/one.txt": "edited\n"})
    run = nox(ws, "-s", "verify")
    assert (run.exit_code, run.built) == (0, ["//a:all"])
    assert "entries are sound" in run.output


def test_verify_names_a_committed_file_that_is_out_of_date(ws: Workspace) -> None:
    nox(ws, "-s", "build")
    commit(ws)
    ws.write({"api/TARGETS.toml": SERVICE.replace("80", "8080")})
    run = nox(ws, "-s", "verify")
    assert run.exit_code == 1
    told = run.output.partition("commit what it made:")[2]
    assert "Dockerfile" in told
    assert "TARGETS.toml" not in told


def test_affected_builds_what_changed_since_a_revision(ws: Workspace) -> None:
    nox(ws, "-s", "build")
    commit(ws)
    ws.write({"b/one.txt": "edited\n"})
    run = nox(ws, "-s", "affected", "--", "HEAD")
    assert (run.exit_code, run.built) == (0, ["//b:all"])


def test_affected_has_nothing_to_do_where_nothing_changed(ws: Workspace) -> None:
    nox(ws, "-s", "build")
    commit(ws)
    run = nox(ws, "-s", "affected", "--", "HEAD")
    assert run.exit_code == 0
    assert "the change since HEAD affects no target" in run.output
    assert run.events == ()


def test_affected_asks_for_a_revision(ws: Workspace) -> None:
    run = nox(ws, "-s", "affected")
    assert run.exit_code == 1
    assert "say since when: nox -s affected -- REV" in run.output


def test_affected_tells_of_a_revision_that_git_does_not_know(ws: Workspace) -> None:
    run = nox(ws, "-s", "affected", "--", "nowhere")
    assert run.exit_code == 1
    assert "git knows no revision `nowhere`" in run.output


def test_reproduce_compares_two_builds(ws: Workspace) -> None:
    run = nox(ws, "-s", "reproduce")
    assert run.exit_code == 0
    assert "the same bytes in both builds" in run.output
