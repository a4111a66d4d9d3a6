"""`why`, `affected` and `query` are judged by what a build then does; and a real collection is packed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from checkout import Checkout, rounds
from monorepo import Monorepo, Source
from repository import commit, git

from packaging_targets.adapters.testing import Run, Workspace

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from collections.abc import Iterable

# One process for all questions about an edit.
_ASK = """
import json
from packaging_targets.services.affected import affected
from packaging_targets.services.graph.opening import open_graph
from packaging_targets.services.query.meaning import query
from packaging_targets.services.why import why

found = affected("HEAD")
graph, package = open_graph()
direct = [str(one.label) for one in found if one.directly]
covered = query(graph, f"rdeps(//..., set({' '.join(direct)}))", package) if direct else []
print(json.dumps({
    "affected": [str(one.label) for one in found],
    "direct": direct,
    "rdeps": list(map(str, covered)),
    "why": {str(label): why(str(label)) for label in graph},
}))
"""
_REPO = os.environ.get("FEATURES_REPO", "")


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said before a build: labels, and for each label the text of `why`."""

    affected: set[str]
    direct: set[str]
    rdeps: set[str]
    why: dict[str, str]

    def saying(self, words: str) -> set[str]:
        """Return the labels of which `why` says so of one action or more."""
        return {label for label, text in self.why.items() if words in text}

    def reasons(self, label: str) -> str:
        """Return what `why` says of a run that is to come."""
        told = self.why[label].splitlines()
        places = [place for place, line in enumerate(told) if line.endswith(" would run:")]
        listed = (takewhile(lambda line: line.startswith("  "), told[place + 1 :]) for place in places)
        return "\n".join(chain.from_iterable(listed))


def ask(ws: Workspace) -> Answers:
    run = ws.run([sys.executable, "-c", _ASK])
    assert run.exit_code == 0, run.output
    answers = json.loads(run.output)
    return Answers(set(answers["affected"]), set(answers["direct"]), set(answers["rdeps"]), answers["why"])


def labels(ids: Iterable[str]) -> set[str]:
    return {name.partition("#")[0] for name in ids}


def ran(run: Run) -> set[str]:
    return labels([*run.built, *run.restored])


def edited_file(before: dict[str, Source], after: dict[str, Source]) -> str:
    """Return the source that an edit changed, where it was one and is no target file."""
    changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    return changed[0] if len(changed) == 1 and not changed[0].endswith("TARGETS.toml") else ""


def _judge(checkout: Checkout, repo: Monorepo, edit: str, before: dict[str, Source]) -> None:
    """Compare what is said of an edit with what the build of it runs."""
    said = ask(checkout.ws)
    run = checkout.ws.build()
    assert run.exit_code == 0, run.output
    done = ran(run)
    story = f"{edit}\nran: {sorted(done)}\n{said}\n{run.output}"
    would, may = said.saying(" would run:"), said.saying(" may run, after")
    assert done <= said.affected, story
    assert said.rdeps == said.affected, story
    assert would <= done <= would | may, story
    # Declared differently, and yet the same: an `exclude` that matches nothing. Only fields can be so.
    assert edit.startswith("edit fields") or said.direct <= done, story
    if (path := edited_file(before, repo.files())) and path.startswith(("m", "features")):
        # A list of sources is told by its first few items that came or went.
        clues = (path, *(f"parameter {what} sources" for what in ("added", "removed", "changed")))
        told = {label for label in would if any(clue in said.reasons(label) for clue in clues)}
        silent = (would & said.direct) - told
        assert not silent, story
    assert all(said.reasons(label) for label in would), story


def _ask_over_edits(tmp_path: Path, seed: int, count: int) -> None:
    repo, checkout = Monorepo(seed), Checkout(tmp_path / "repo")
    checkout.take(repo)
    git(checkout.ws, "init", "-q")
    checkout.ws.write({".gitignore": "dist/\nops/\ndocs/\n"})
    assert checkout.ws.build().exit_code == 0
    for _ in range(count):
        commit(checkout.ws)
        before = repo.files()
        edit = repo.edit()
        checkout.take(repo)
        _judge(checkout, repo, edit, before)


def test_answers_are_what_a_build_does(tmp_path: Path) -> None:
    _ask_over_edits(tmp_path, seed=31, count=6)


@pytest.mark.slow
def test_answers_are_what_a_build_does_over_many_edits(tmp_path: Path) -> None:
    _ask_over_edits(tmp_path, seed=32, count=rounds(50))


@pytest.mark.skipif(not _REPO, reason="FEATURES_REPO names no checkout of a collection of features")
def test_a_real_collection(tmp_path: Path) -> None:
    """One target file at its root packs it; an edit of one script packs one archive; GNU tar reads each."""
    root = tmp_path / "repo"
    shutil.copytree(Path(_REPO) / "src", root / "src", symlinks=True)
    names = sorted(path.name for path in (root / "src").iterdir() if path.is_dir())
    ws = Workspace(root)
    with ws.path("TARGETS.toml").open("a") as file:
        file.write('[[feature_collection]]\nname = "features"\n')
    run = ws.build()
    assert run.exit_code == 0, run.output
    archives = [name for name in ws.paths("dist") if name.endswith(".tgz")]
    assert len(archives) == len(names) > 0
    for name in archives:
        listed = subprocess.run(["tar", "tzf", ws.path(name)], capture_output=True, text=True, check=True)
        assert listed.stderr == ""
        assert {"./devcontainer-feature.json", "./install.sh"} <= set(listed.stdout.splitlines())
    script = ws.path(f"src/{names[0]}/install.sh")
    script.write_bytes(script.read_bytes() + b"# edited\n")
    assert ws.build().built == [f"//:features#{names[0]}"]
