"""Each change of registry and workspace, killed at many moments: it has happened whole, or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from studio import Studio, tree
from verbs import VERBS, start

from packaging_targets.services.assets.transaction import settle

_AUDITED = (
    "open",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.chmod",
    "os.link",
    "os.utime",
    "os.scandir",
    "os.listdir",
)


def killed(act: Callable[[], object], at: int) -> int:
    """Do it in a process that is killed just before it asks the system for the `at`th time; return the exit status."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal count
            del arguments
            if event in _AUDITED:
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            act()
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    return os.waitpid(child, 0)[1]


def rows(studio: Studio) -> object:
    """Return the registry without UUIDs, which are made anew in each process."""
    index = studio.index()
    return {
        "next": index["next_asset_id"],
        **{
            part: [(row["asset_id"], row["root"], row["included_in_build"]) for row in index[part]]
            for part in ("assets", "quarantine")
        },
    }


def files_of(studio: Studio) -> list[str]:
    """Return where the files of assets lie, and their sizes; not the registry, nor what a change had only begun."""
    found = tree(studio.root / "assets")
    ours = (".prometeu/index.json", ".prometeu/journal")
    return sorted(
        f"{path} {len(data)}" for path, data in found.items() if isinstance(data, bytes) and not path.startswith(ours)
    )


def _moments(tmp_path: Path, verb: str, step: int) -> int:
    template = start(tmp_path / "template")
    shutil.copytree(template.root, tmp_path / "done", symlinks=True)
    done = Studio(tmp_path / "done")
    before = rows(done), files_of(done)
    VERBS[verb](done)
    after = rows(done), files_of(done)
    moments = 0
    outcomes = set()
    for at in range(1, 400, step):
        root = tmp_path / f"{at}"
        shutil.copytree(template.root, root, symlinks=True)
        studio = Studio(root)
        if verb == "register":
            studio.write("assets/fresh/deep/x.wav", (root / "assets/one/x.wav").read_bytes())
        status = killed(lambda studio=studio: VERBS[verb](studio), at)  # type: ignore[misc]
        if not os.WIFSIGNALED(status):
            assert status == 0
            break
        moments += 1
        # The next command that changes something finds all or nothing; one that looks does not fail.
        studio.assets()
        settle(studio.project)
        now = rows(studio), files_of(studio)
        if verb == "register" and now[0] == before[0]:
            (root / "assets/fresh/deep/x.wav").unlink()
            now = rows(studio), files_of(studio)
        assert now in (before, after), f"{verb}, killed before call {at}"
        outcomes.add(now == after)
        # And so does the next change, with an id that nobody has had.
        assert studio.sound("assets/next") == now[0]["next"]  # type: ignore[index]
        leftovers = [path for path in studio.tree() if "journal" in path]
        assert leftovers == []
        shutil.rmtree(root)
    assert outcomes == {False, True}
    return moments


@pytest.mark.parametrize("verb", VERBS)
def test_a_change_that_is_killed_has_happened_whole_or_not_at_all(
    tmp_path: Path, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _moments(tmp_path, verb, 11) > 2


@pytest.mark.slow
def test_every_change_killed_before_every_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    moments = sum(_moments(tmp_path / verb, verb, 1) for verb in VERBS)
    assert moments > 200
