"""Registries of every kind, for the contract: another kind is one more entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from agent_server import AgentServer

from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.http.registry import HttpRegistry
from packaging_targets.registry.aam.protocol import Registry

START = 1_771_768_800  # 2026-02-22T14:00:00Z


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def folder_registry(path: Path, clock: Clock) -> FolderRegistry:
    registry = FolderRegistry(str(path / "registry"), clock)
    initialise(registry)
    return registry


@contextmanager
def in_a_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    yield folder_registry(path, clock)


@contextmanager
def on_a_fake(path: Path, clock: Clock) -> Iterator[Registry]:
    with AgentServer(folder_registry(path, clock)) as server:
        registry = HttpRegistry(server.url)
        yield registry
        registry.close()


KINDS: dict[str, Callable[[Path, Clock], AbstractContextManager[Registry]]] = {
    "folder": in_a_folder,
    "fake server": on_a_fake,
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=sorted(KINDS))
def registry(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """An empty registry of each kind."""
    with KINDS[request.param](tmp_path, clock) as registry:
        yield registry


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> FolderRegistry:
    """An empty registry in a folder."""
    return folder_registry(tmp_path, clock)
