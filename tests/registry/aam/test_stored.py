"""Registries in databases and object stores: races, connections that break, disks that are full, and what is lost."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

import pytest
from agents import packed, publish
from served_registries import Clock, database_in, full
from services import ObjectStore, Postgres
from sqlalchemy import Connection, Engine, insert

from packaging_targets.errors import IntegrityError, RegistryError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.lines import mark, set_mark
from packaging_targets.registry.aam.database.tables import packages
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.registry.aam.served.holdings import Document
from packaging_targets.registry.aam.served.objects.folder import FolderObjects
from packaging_targets.registry.aam.served.objects.protocol import PIECE, ArchiveObjects
from packaging_targets.registry.aam.served.objects.s3 import S3Objects
from packaging_targets.registry.aam.served.stored import StoredRegistry

PLAIN = PackageName("", "plain")
URL = "https://registry.test/aam"


@pytest.fixture
def stored(tmp_path: Path, clock: Clock) -> Iterator[StoredRegistry]:
    """A registry in SQLite and a folder."""
    with database_in(tmp_path) as engine:
        yield StoredRegistry(engine, FolderObjects(str(tmp_path / "objects")), clock, URL)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArchiveObjects:
    """An object store of each kind."""
    if request.param == "folder":
        return FolderObjects(str(tmp_path / "objects"))
    running: ObjectStore = request.getfixturevalue("an_object_store")
    return S3Objects(*running.place())


ON_BOTH = pytest.mark.parametrize("store", ["folder", pytest.param("s3", marks=pytest.mark.service)], indirect=True)


# Races


def race(registries: tuple[StoredRegistry, StoredRegistry], rounds: int) -> None:
    """Publish each version twice at the same moment, by two replicas: one is told that it has, and the bytes are its."""
    barrier = Barrier(2)

    def run(registry: StoredRegistry, version: str, filling: str) -> Published | str:
        archive = io.BytesIO(packed("plain", version, files={filling: filling}))
        barrier.wait(30)
        try:
            return registry.publish(archive)
        except RefusalError as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as pool:
        for number in range(rounds):
            version = f"1.{number}.0"
            runs = [pool.submit(run, one, version, side) for one, side in zip(registries, "ab", strict=True)]
            results = [one.result() for one in runs]
            won = [one for one in results if isinstance(one, Published)]
            assert [one for one in results if one not in won] == ["VERSION_CONFLICT"]
            known = registries[0].metadata(PLAIN)
            assert known is not None
            assert known.releases[version] == won[0].release
            assert len(known.releases) == number + 1


def replicas(
    engines: tuple[Engine, Engine], objects: ArchiveObjects, clock: Clock
) -> tuple[StoredRegistry, StoredRegistry]:
    one, other = (StoredRegistry(engine, objects, clock, URL) for engine in engines)
    return one, other


def test_of_two_replicas_on_sqlite_one_publishes(stored: StoredRegistry, clock: Clock) -> None:
    other = open_database(str(stored._engine.url))
    race(replicas((stored._engine, other), stored._objects, clock), 20)
    other.dispose()


@pytest.mark.service
@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_of_two_replicas_one_publishes(distributed: StoredRegistry, clock: Clock, rounds: int) -> None:
    url = distributed._engine.url.render_as_string(hide_password=False)
    other = open_database(url)
    race(replicas((distributed._engine, other), distributed._objects, clock), rounds)
    other.dispose()


@pytest.mark.service
def test_many_packages_and_tags_at_once_lose_nothing(distributed: StoredRegistry) -> None:
    publish(distributed, "plain", "1.0.0")

    def tag(number: int) -> None:
        distributed.set_tag(PLAIN, f"t{number}", "1.0.0")
        publish(distributed, f"p{number % 4}", f"1.{number}.0")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tag, range(40)))
    known = distributed.metadata(PLAIN)
    assert known is not None
    assert len(known.tags) == 41
    assert [len(one.versions) for one in distributed.summaries()] == [10, 10, 10, 10, 1]


# What breaks


@pytest.mark.service
def test_a_connection_that_breaks_before_anything_is_certain_is_made_again(
    distributed: StoredRegistry, a_postgres: Postgres
) -> None:
    engine = distributed._engine
    tries: list[int] = []

    def work(connection: Connection) -> str:
        set_mark(connection, "key", f"try {len(tries)}")
        if not tries:
            tries.append(a_postgres.break_connections(str(engine.url)))
        return mark(connection, "key")

    assert transact(engine, work) == "try 1"
    publish(distributed, "plain")
    a_postgres.break_connections(str(engine.url))
    assert distributed.document(PLAIN) is not None


@pytest.mark.service
def test_a_connection_that_breaks_while_the_change_is_made_leaves_it_open(
    distributed: StoredRegistry, a_postgres: Postgres
) -> None:
    engine = distributed._engine

    def work(connection: Connection) -> None:
        set_mark(connection, "key", "value")
        a_postgres.break_connections(str(engine.url))

    with pytest.raises(RefusalError) as error:
        transact(engine, work)
    assert error.value.code == "REGISTRY_UNAVAILABLE"
    assert str(error.value) == (
        "error: the connection to the database was lost, and whether the change was made is not known\n"
        "  fix: look whether it is there before you try it again"
    )


@pytest.mark.service
def test_a_deadlock_is_tried_again(distributed: StoredRegistry) -> None:
    engine, barrier = distributed._engine, Barrier(2)
    tries: list[str] = []
    with engine.begin() as connection:
        for key in "ab":
            set_mark(connection, key, "")

    def work(connection: Connection, first: str, second: str) -> None:
        tries.append(first)
        set_mark(connection, first, first)
        if len(tries) <= 2:
            barrier.wait(10)
        set_mark(connection, second, first)

    threads = [
        Thread(target=transact, args=(engine, partial(work, first=one, second=other))) for one, other in ("ab", "ba")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 3


def test_a_database_that_is_not_there_is_told_without_its_password(clock: Clock, tmp_path: Path) -> None:
    engine = open_database("postgresql://ann:s3cret@127.0.0.1:1/nothing")
    registry = StoredRegistry(engine, FolderObjects(str(tmp_path)), clock, URL)
    for ask in (registry.demand, lambda: registry.document(PLAIN), lambda: publish(registry, "plain")):
        with pytest.raises(RefusalError) as error:
            ask()
        assert error.value.code == "REGISTRY_UNAVAILABLE"
        assert error.value.problems[0].what == "the registry's database cannot be reached"
        assert "s3cret" not in str(error.value)
    assert "s3cret" not in repr(engine)


def test_a_full_database_publishes_nothing(stored: StoredRegistry) -> None:
    def fill() -> None:
        for number in range(1, 40):
            before.append(stored.document(PLAIN))
            publish(stored, "plain", f"1.{number}.0", description="long " * 200)

    before: list[Document | None] = []
    with full(stored._engine):
        with pytest.raises(RefusalError) as error:
            fill()
        assert error.value.code == "REGISTRY_UNAVAILABLE"
        assert error.value.problems[0].what == "the database's disk has no room for this; nothing was changed"
        assert stored.document(PLAIN) == before[-1]
    publish(stored, "plain", "2.0.0")


def test_a_full_disk_publishes_nothing_and_leaves_nothing(
    stored: StoredRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("packaging_targets.registry.aam.served.objects.folder.os.fsync", no_room)
        with pytest.raises(RefusalError) as error:
            publish(stored, "plain")
    assert error.value.code == "REGISTRY_UNAVAILABLE"
    assert str(error.value) == (
        f"error: the registry's disk has no room for this; nothing was changed\n  at {URL}\n"
        "  fix: try it again when its operator has looked"
    )
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []
    assert list(stored.names()) == []


def test_an_archive_is_kept_once_and_what_another_try_left_is_used(stored: StoredRegistry, tmp_path: Path) -> None:
    data = packed("plain")
    place = tmp_path / "objects" / "archives" / "sha256" / Digest.of(data).hex
    stored._objects.put(f"archives/sha256/{Digest.of(data).hex}", io.BytesIO(data), Digest.of(data), len(data))
    inode = place.stat().st_ino
    release = stored.publish(io.BytesIO(data)).release
    assert place.stat().st_ino == inode
    with stored.open(PLAIN, release) as file:
        file.seek(3)
        assert file.read() == data[3:]
    place.unlink()
    with pytest.raises(RegistryError) as error, stored.open(PLAIN, release):
        pass
    assert str(error.value) == "error: the archive is not where the registry keeps it\n  at plain@1.0.0"


def test_a_folder_that_belongs_to_another_package_is_refused(stored: StoredRegistry) -> None:
    with stored._engine.begin() as connection:
        connection.execute(insert(packages).values(name="other", folder="plain", short="other"))
    with pytest.raises(RefusalError) as error:
        publish(stored, "plain")
    assert (error.value.code, error.value.problems[0].what) == (
        "CONFLICT",
        "the folder of plain belongs to another package",
    )


def test_names_are_read_in_parts(stored: StoredRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packaging_targets.registry.aam.served.stored._BATCH", 2)
    for name in ("a", "b", "c", "d", "e"):
        publish(stored, name)
    stored.yank(PackageName("", "c"), "1.0.0")
    assert [str(one) for one in stored.names()] == ["a", "b", "c", "d", "e"]
    assert [str(one.name) for one in stored.summaries()] == ["a", "b", "d", "e"]


# Objects


@ON_BOTH
def test_objects_are_whole_or_not_there(store: ArchiveObjects) -> None:
    data = os.urandom(2 * PIECE + 7)
    digest = Digest.of(data)
    store.demand()
    assert store.size("archives/a") is None
    source = io.BytesIO(data)
    source.seek(5)
    store.put("archives/a", source, digest, len(data))
    assert store.size("archives/a") == len(data)
    for start, end in ((0, len(data)), (0, 0), (7, 8), (PIECE - 1, PIECE + 1), (len(data) - 1, len(data))):
        assert b"".join(store.pieces("archives/a", start, end)) == data[start:end]
    with pytest.raises(RegistryError, match="the archive is shorter than the registry knows it"):
        list(store.pieces("archives/a", 0, len(data) + 1))
    store.delete("archives/a")
    store.delete("archives/a")
    assert store.size("archives/a") is None
    with pytest.raises(RegistryError, match="the archive is not where the registry keeps it"):
        list(store.pieces("archives/a", 0, 1))


@ON_BOTH
def test_what_is_not_what_it_claims_to_be_is_not_kept(store: ArchiveObjects) -> None:
    with pytest.raises((IntegrityError, RefusalError)):
        store.put("archives/a", io.BytesIO(b"others"), Digest.of(b"archive"), 6)
    assert store.size("archives/a") is None


def test_a_store_that_is_not_there_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "s3cret", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    objects = S3Objects("bucket", endpoint="http://127.0.0.1:1")
    with pytest.raises(RefusalError) as error:
        objects.size("archives/a")
    assert error.value.code == "REGISTRY_UNAVAILABLE"
    assert str(error.value) == ("error: the registry's object store cannot be reached\n  fix: try it again in a moment")


# Waiting for approval


def test_what_was_set_aside_comes_back_until_it_is_discarded(stored: StoredRegistry) -> None:
    key, data = "0123456789abcdef", os.urandom(3 << 20)
    stored.set_aside(key, io.BytesIO(data))
    with stored.aside(key) as file:
        file.seek(1 << 20)
        assert file.read() == data[1 << 20 :]
        file.seek(0)
        assert file.read(10) == data[:10]
    stored.discard(key)
    stored.discard(key)
    with pytest.raises(RefusalError) as error, stored.aside(key):
        pass
    assert (error.value.code, str(error.value)) == (
        "GONE",
        "error: the archive that waited for approval is not there any more",
    )


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "0123456", "0123456789ABCDEF", "0123456789abcdef\n", "a/b"]
)
def test_keys_that_are_none_of_ours_are_refused(stored: StoredRegistry, key: str) -> None:
    for ask in (
        lambda: stored.set_aside(key, io.BytesIO(b"")),
        lambda: stored.discard(key),
        lambda: stored.aside(key).__enter__(),
    ):
        with pytest.raises(RefusalError) as error:
            ask()
        assert error.value.code == "APPROVAL_NOT_FOUND"
