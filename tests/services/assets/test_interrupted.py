"""Whoever looks at a project in which a change was killed, after it was decided, finishes that first, and sees it done."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
from studio import Studio

from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.reading.details import details
from packaging_targets.services.assets.reading.doctor import doctor
from packaging_targets.services.assets.reading.listing import list_assets
from packaging_targets.services.assets.reading.pictures import preview
from packaging_targets.services.assets.reading.summary import summary
from packaging_targets.services.assets.rearranging.plan import apply
from packaging_targets.services.assets.rearranging.quarantine import gc, quarantine

_PATIENCE = 30  # seconds, after which somebody waits for himself

LOOKS: dict[str, Callable[[Studio], object]] = {
    "build": lambda studio: build(studio.project).assets,
    "details": lambda studio: details(studio.project, "two"),
    "doctor": lambda studio: doctor(studio.project).assets,
    "gc": lambda studio: gc(studio.project),
    "list": lambda studio: list_assets(studio.project),
    "preview": lambda studio: preview(studio.project, "two"),
    "summary": lambda studio: summary(studio.project),
}


def killed_when_decided(act: Callable[[], object]) -> None:
    """Do it in a process that is killed as soon as the journal stands in its place."""
    child = os.fork()
    if child == 0:
        is_decided = False

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal is_decided
            if is_decided and event != "os.kill":  # which tells of itself
                os.kill(os.getpid(), signal.SIGKILL)
            is_decided = event == "os.rename" and str(arguments[1]).endswith("/journal.json")

        sys.addaudithook(hook)
        try:
            act()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def lose_patience(*_: object) -> None:
    raise TimeoutError


@pytest.mark.parametrize("look", LOOKS)
def test_what_was_decided_is_finished_by_who_looks(studio: Studio, look: str) -> None:
    studio.sound("assets/one")
    studio.sound("assets/two")
    killed_when_decided(lambda: apply(quarantine(studio.project, "one")))
    assert (studio.root / "assets/one").exists()
    signal.signal(signal.SIGALRM, lose_patience)
    signal.alarm(_PATIENCE)
    try:
        LOOKS[look](studio)
    finally:
        signal.alarm(0)
    assert not (studio.root / "assets/one").exists()
    assert [row["root"] for row in studio.index()["quarantine"]] == ["one"]
