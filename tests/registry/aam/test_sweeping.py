"""What nobody names is taken away after a day; what a release names, waits or is on its way never is."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from agents import packed, publish
from served_registries import Clock, database_in, folder_registry
from services import ObjectStore
from sqlalchemy import Engine

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.database.lines import set_mark
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.served.objects import turns
from packaging_targets.registry.aam.served.objects.folder import FolderObjects
from packaging_targets.registry.aam.served.objects.protocol import ArchiveObjects, Listed
from packaging_targets.registry.aam.served.objects.s3 import S3Objects
from packaging_targets.registry.aam.served.objects.sweeping import AGE, ARCHIVES, Swept
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.registry.aam.served.stored import StoredRegistry

URL = "https://registry.test/aam"
PLAIN = PackageName("", "plain")
DATA = packed("plain", "2.0.0")
LEFT = f"{ARCHIVES}{Digest.of(DATA).hex}"
WAITING, DECIDED = "00aa00aa00", "00bb00bb00"
KINDS = pytest.mark.parametrize(
    "stored", ["sqlite", pytest.param("distributed", marks=pytest.mark.service)], indirect=True
)


@pytest.fixture
def stored(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[StoredRegistry]:
    """A registry in each database, with a store beside it; its clock is of the store's time."""
    clock.now = int(os.stat(tmp_path).st_mtime)
    if getattr(request, "param", "sqlite") == "distributed":
        engine: Engine = request.getfixturevalue("an_empty_database")
        running: ObjectStore = request.getfixturevalue("an_object_store")
        yield StoredRegistry(engine, S3Objects(*running.place()), clock, URL)
        return
    with database_in(tmp_path) as engine:
        yield StoredRegistry(engine, FolderObjects(str(tmp_path / "objects")), clock, URL)


def keep(objects: ArchiveObjects, key: str, data: bytes = DATA) -> None:
    objects.put(key, io.BytesIO(data), Digest.of(data), len(data))


def sweep(registry: StoredRegistry | ServedFolder) -> Swept:
    return registry.sweep(lambda numbers: {one for one in numbers if one == WAITING})


@KINDS
def test_only_what_is_older_than_a_day_and_named_by_nobody_goes(stored: StoredRegistry, clock: Clock) -> None:
    objects = stored._objects
    release = publish(stored, "plain").release
    others = f"{ARCHIVES}readme.txt"  # which is none of ours
    for key in (LEFT, others, f"aside/{WAITING}", f"aside/{DECIDED}"):
        keep(objects, key)
    assert sweep(stored) == Swept()
    clock.now += AGE + 60
    assert sweep(stored) == Swept(2, 2 * len(DATA))
    assert [objects.size(key) for key in (LEFT, f"aside/{DECIDED}")] == [None, None]
    assert [objects.size(key) for key in (others, f"aside/{WAITING}")] == [len(DATA)] * 2
    with stored.open(PLAIN, release) as file:
        assert file.read() == packed("plain")
    assert sweep(stored) == Swept()
    stored.publish(io.BytesIO(DATA))  # which nothing hinders
    clock.now += AGE + 60
    assert sweep(stored) == Swept()


@KINDS
def test_what_lay_there_already_is_not_taken_from_under_a_publishing(
    stored: StoredRegistry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep comes between each two steps of a publishing: what is published is there, whichever of them it is."""
    swept: list[Swept] = []
    steps = [0]

    def between(done: Callable[..., object]) -> Callable[..., object]:
        def step(*given: object) -> object:
            steps[0] += 1
            if steps[0] == stop:
                swept.append(sweep(StoredRegistry(stored._engine, plain, clock, URL)))
            return done(*given)

        return step

    plain = stored._objects
    for stop in range(1, 4):
        version = f"2.{stop}.0"
        data = packed("plain", version)
        keep(plain, f"{ARCHIVES}{Digest.of(data).hex}", data)
        clock.now += AGE + 60
        steps[0] = 0
        with monkeypatch.context() as patch:
            patch.setattr(type(plain), "size", between(type(plain).size))
            patch.setattr("packaging_targets.registry.aam.served.stored.transact", between(transact))
            release = stored.publish(io.BytesIO(data)).release
        with stored.open(PLAIN, release) as file:
            assert file.read() == data
    assert [one.objects for one in swept] == [1, 0, 0]  # what is on its way stays


def test_while_an_archive_is_taken_away_nobody_publishes_it(stored: StoredRegistry, clock: Clock) -> None:
    hexed = Digest.of(DATA).hex
    with stored._engine.begin() as connection:
        assert turns.let_go(connection, [hexed], clock.now, clock.now - AGE) == [hexed]
    with pytest.raises(RefusalError) as error:
        stored.publish(io.BytesIO(DATA))
    assert error.value.code == "REGISTRY_UNAVAILABLE"
    assert str(error.value) == (
        "error: an archive of these bytes that an earlier try left is being taken away just now\n"
        f"  at {URL}\n  fix: try it again in a moment"
    )
    assert stored.metadata(PLAIN) is None
    clock.now += 2 * turns.LONGEST + 1  # who was at it was killed
    stored.publish(io.BytesIO(DATA))
    with stored._engine.begin() as connection:
        assert turns.let_go(connection, [hexed], clock.now, clock.now) == []


def test_a_sweep_that_takes_long_is_not_taken_for_lost(
    stored: StoredRegistry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first page takes an hour, and somebody publishes what is on the second one while that is taken away."""
    plain, (first, second) = type(stored._objects), (packed("plain", "2.0.0"), packed("plain", "2.1.0"))
    for data in (first, second):
        keep(stored._objects, f"{ARCHIVES}{Digest.of(data).hex}", data)
    clock.now += AGE + 60
    deleted, refused, delete, pages = [], [], plain.delete, plain.pages

    def slow(self: FolderObjects, key: str) -> None:
        deleted.append(key)
        if len(deleted) == 1:
            clock.now += 3600
        else:
            data = first if key.endswith(Digest.of(first).hex) else second
            with pytest.raises(RefusalError) as error:
                stored.publish(io.BytesIO(data))
            refused.append(error.value.code)
        delete(self, key)

    def one_a_page(self: FolderObjects, start: str) -> Iterator[list[Listed]]:
        yield from ([one] for page in list(pages(self, start)) for one in page)

    monkeypatch.setattr(plain, "delete", slow)
    monkeypatch.setattr(plain, "pages", one_a_page)
    assert sweep(stored).objects == 2
    assert refused == ["REGISTRY_UNAVAILABLE"]


@KINDS
def test_two_sweep_at_once(stored: StoredRegistry, clock: Clock) -> None:
    for number in range(40):
        keep(stored._objects, f"{ARCHIVES}{number:064x}")
    clock.now += AGE + 60
    done: list[Swept] = []
    threads = [Thread(target=lambda: done.append(sweep(stored))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.objects for one in done) == 40
    assert [page for page in stored._objects.pages(ARCHIVES) if page] == []


@KINDS
def test_what_is_put_anew_is_not_taken_for_what_lay_there(
    stored: StoredRegistry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that sweeps slowly still has a list from before another one took an archive away."""
    put, old = type(stored._objects).put, Listed(LEFT, len(DATA), clock.now - AGE - 60)
    sweep(stored)

    def slow(*given: Any) -> None:
        put(*given)
        monkeypatch.setattr(
            type(stored._objects), "pages", lambda self, start: iter([[old]] if start == ARCHIVES else [])
        )
        assert sweep(stored) == Swept()

    monkeypatch.setattr(type(stored._objects), "put", slow)
    release = stored.publish(io.BytesIO(DATA)).release
    with stored.open(PLAIN, release) as file:
        assert file.read() == DATA


def test_the_store_of_another_registry_is_left_alone(stored: StoredRegistry, clock: Clock) -> None:
    keep(stored._objects, LEFT)
    sweep(stored)
    with stored._engine.begin() as connection:
        set_mark(connection, "registry", "another")
    clock.now += AGE + 60
    with pytest.raises(RegistryError) as error:
        sweep(stored)
    assert str(error.value) == (
        f"error: the object store belongs to another registry: nothing in it is taken away\n  at {URL}\n"
        "  fix: give each registry a bucket or a prefix of its own; if this one is, delete the object `registry` in it"
    )
    assert stored._objects.size(LEFT) == len(DATA)


def test_beside_a_folder_what_waited_goes(tmp_path: Path, clock: Clock) -> None:
    clock.now = int(os.stat(tmp_path).st_mtime)
    with database_in(tmp_path) as engine:
        served = ServedFolder(folder_registry(tmp_path, clock), engine)
        for number in (WAITING, DECIDED):
            served.set_aside(number, io.BytesIO(DATA))
        clock.now += AGE + 60
        assert sweep(served) == Swept(1, len(DATA))
        with served.aside(WAITING) as file:
            assert file.read() == DATA
