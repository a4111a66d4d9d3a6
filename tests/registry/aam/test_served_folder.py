"""A folder registry that is served: the list follows index.json, whoever changes that, and documents are the files."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from agents import packed, publish
from served_registries import Clock, database_in, folder_registry, full
from sqlalchemy import Engine

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.folder.staging import Staging
from packaging_targets.registry.aam.served.caching import Documents, KnowingTree
from packaging_targets.registry.aam.served.holdings import Page, Query
from packaging_targets.registry.aam.served.served_folder import ServedFolder

PLAIN = PackageName("", "plain")


@pytest.fixture
def served(tmp_path: Path, clock: Clock) -> Iterator[ServedFolder]:
    """A server's holdings of an empty registry."""
    with database_in(tmp_path) as engine:
        yield ServedFolder(folder_registry(tmp_path, clock), engine)


@pytest.fixture
def beside(served: ServedFolder, clock: Clock) -> FolderRegistry:
    """The same registry, as somebody has it who knows nothing of the server."""
    return FolderRegistry(served.tree.root, clock)


def listed(page: Page) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(str(one.name), one.latest, one.versions) for one in page.entries]


def in_step(served: ServedFolder) -> bool:
    return list(served.page(Query(limit=1000)).entries) == list(served.summaries())


def again(served: ServedFolder) -> ServedFolder:
    """The holdings of a server that was started anew."""
    return ServedFolder(FolderRegistry(served.tree.root, served.clock), served._engine)


# What documents say


def test_what_is_known_of_a_package_is_what_its_file_says_now(served: ServedFolder, beside: FolderRegistry) -> None:
    publish(served, "plain", "1.10.0")
    publish(served, "plain", "1.9.0")
    known, read = served.metadata(PLAIN), beside.metadata(PLAIN)
    assert known is served.metadata(PLAIN)
    assert known is not None
    assert read is not None
    assert (known, list(known.releases)) == (read, list(read.releases))
    beside.deprecate(PLAIN, "1.9.0", "old")
    assert served.metadata(PLAIN) == beside.metadata(PLAIN)
    publish(served, "plain", "2.0.0")
    assert served.metadata(PLAIN) == beside.metadata(PLAIN)
    assert [one.deprecated for one in beside.metadata(PLAIN).releases.values()] == ["old", "", ""]  # type: ignore[union-attr]  # it is there


def test_of_documents_that_are_too_large_together_the_last_ones_are_kept(
    served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [PackageName("", one) for one in ("plain", "other")]
    for name in names:
        publish(served, str(name))
    monkeypatch.setattr("packaging_targets.registry.aam.served.caching._PARSED", 600)
    tree = KnowingTree(served.tree.root)
    plain, other = (tree.metadata(name.folder) for name in names)
    assert tree.metadata("other") is other
    assert tree.metadata("plain") is not plain
    assert tree.metadata("plain") == plain


def test_while_a_document_is_written_the_one_before_is_known_too(
    served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(served, "plain")
    commit = Staging.commit

    def read_meanwhile(*given: Any, **named: Any) -> bool:
        assert served.metadata(PLAIN) is known
        return commit(*given, **named)

    known = served.metadata(PLAIN)
    monkeypatch.setattr(Staging, "commit", read_meanwhile)
    monkeypatch.setattr("packaging_targets.registry.aam.folder.tree.parse_metadata", None)  # nothing is read anew
    publish(served, "plain", "2.0.0")
    after = served.metadata(PLAIN)
    assert after is not None
    assert list(after.releases) == ["1.0.0", "2.0.0"]


# The list


def test_what_others_do_to_the_folder_is_in_the_next_page(served: ServedFolder, beside: FolderRegistry) -> None:
    assert served.page(Query()) == Page((), "", 0)
    publish(beside, "plain")
    assert listed(served.page(Query())) == [("plain", "1.0.0", ("1.0.0",))]
    publish(beside, "@acme/review")
    publish(beside, "plain", "1.1.0")
    assert listed(served.page(Query())) == [
        ("@acme/review", "1.0.0", ("1.0.0",)),
        ("plain", "1.1.0", ("1.0.0", "1.1.0")),
    ]
    publish(served, "plain", "1.2.0")
    publish(beside, "other")
    assert in_step(served)
    beside.yank(PackageName("", "other"), "1.0.0")
    assert in_step(served)
    assert [str(one.name) for one in served.page(Query(yanked=True)).entries] == ["@acme/review", "other", "plain"]
    beside.unyank(PackageName("", "other"), "1.0.0")
    assert in_step(served)
    assert [str(one.name) for one in served.search("other", 5)] == ["other"]


def test_a_list_that_is_lost_is_made_again(served: ServedFolder, tmp_path: Path) -> None:
    for name in ("plain", "@acme/review", "gone"):
        publish(served, name)
    served.yank(PackageName("", "gone"), "1.0.0")
    before = served.page(Query(yanked=True))
    shutil.rmtree(tmp_path / "server")
    with database_in(tmp_path) as engine:
        assert ServedFolder(served, engine).page(Query(yanked=True)) == before


def test_the_newest_event_of_a_package_counts_whoever_caused_it(
    served: ServedFolder, beside: FolderRegistry, clock: Clock
) -> None:
    def newest() -> list[str]:
        return [str(one.name) for one in served.page(Query(order="updated")).entries]

    for registry, name in ((served, "a"), (beside, "b"), (served, "c")):
        clock.now += 10
        publish(registry, name)
    assert newest() == ["c", "b", "a"]
    clock.now += 10
    served.deprecate(PackageName("", "a"), "", "old")
    assert newest() == ["a", "c", "b"]
    clock.now += 10
    beside.set_tag(PackageName("", "b"), "stable", "1.0.0")  # no line of index.json tells of that
    assert newest() == ["b", "a", "c"]
    assert [one.modified_at for one in filter(None, map(served.metadata, served.names()))] == [
        clock.now - 10, clock.now, clock.now - 20,
    ]  # fmt: skip


def test_packages_that_are_removed_by_hand_are_gone_after_reindexing(
    served: ServedFolder, beside: FolderRegistry
) -> None:
    for name in ("plain", "other"):
        publish(served, name)
    shutil.rmtree(served.tree.folder("plain"))
    reindex(beside)
    assert [str(one.name) for one in served.page(Query()).entries] == ["other"]
    assert served.document(PLAIN) is None


def test_a_damaged_index_is_told_only_where_there_is_no_list_yet(served: ServedFolder) -> None:
    publish(served, "plain")
    before = served.page(Query())
    Path(served.tree.index).write_text("{")
    assert served.page(Query()) == before
    publish(FolderRegistry(served.tree.root, served.clock), "other")
    assert in_step(served)
    fresh = again(served)
    Path(served.tree.index).unlink()
    assert fresh.page(Query()).total == 2
    with pytest.raises(RegistryError, match=r"the registry has no index\.json"):
        fresh.demand()


def test_a_full_database_keeps_nobody_from_publishing(served: ServedFolder) -> None:
    assert served.page(Query()).total == 0
    with full(served._engine):
        for name in ("plain", "other", "third"):
            assert publish(served, name, description="long " * 200).tags == ("latest",)
        assert served.page(Query()).total < 3  # the list that there is
        assert served.document(PLAIN) is not None
    assert in_step(served)


def test_servers_that_share_a_folder_and_a_database_agree(served: ServedFolder) -> None:
    other = again(served)
    for number in range(6):
        publish((served, other)[number % 2], f"p{number}")
        assert in_step(served)
        assert in_step(other)
    assert other.page(Query()).total == 6


def test_many_publish_and_list_at_once(served: ServedFolder, beside: FolderRegistry) -> None:
    failures: list[BaseException] = []

    def run(registry: FolderRegistry, name: str) -> None:
        try:
            for number in range(4):
                publish(registry, name, f"1.{number}.0")
                assert any(str(one.name) == name for one in served.page(Query(limit=50)).entries)
                assert served.document(PackageName("", name)) is not None
        except BaseException as failure:  # noqa: BLE001  # told by the thread that asserts
            failures.append(failure)

    threads = [
        Thread(target=run, args=(registry, f"p{number}")) for number, registry in enumerate((served, beside, served))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert in_step(served)


KILLED = """
import os, signal, sys
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.opening import open_registry
from packaging_targets.registry.aam.served.in_step.following import Following
from packaging_targets.registry.aam.served.served_folder import ServedFolder
root, database, archive = sys.argv[1:]
served = ServedFolder(open_registry(root), open_database(database))
Following._applied = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with open(archive, "rb") as file:
    served.publish(file)
"""


def test_a_server_that_is_killed_between_folder_and_list_finds_the_rest(served: ServedFolder, tmp_path: Path) -> None:
    publish(served, "other")
    assert in_step(served)
    (tmp_path / "plain.aam").write_bytes(packed("plain"))
    command = [sys.executable, "-c", KILLED, served.tree.root, str(served._engine.url), str(tmp_path / "plain.aam")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [str(one.name) for one in again(served).page(Query()).entries] == ["other", "plain"]
    publish(served, "third")
    assert in_step(served)


# Documents


def test_a_document_is_the_file_and_its_digest(served: ServedFolder, beside: FolderRegistry) -> None:
    assert served.document(PLAIN) is None
    for registry in (served, beside, served):
        publish(registry, "plain", f"1.0.{len(list(served.tree.entries(served.tree.versions('plain'))))}")
        data = Path(served.tree.meta("plain")).read_bytes()
        for _ in range(2):
            found = served.document(PLAIN)
            assert found is not None
            assert (found.data, found.digest) == (data, hashlib.sha256(data).hexdigest())


def test_a_document_that_does_not_change_is_read_once(served: ServedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(served, "plain")
    os.utime(served.tree.meta("plain"), (1, 1))
    monkeypatch.setattr("packaging_targets.registry.aam.served.caching.is_racy", lambda stats: False)
    first = served.document(PLAIN)
    monkeypatch.setattr(served.tree, "open", None)
    assert served.document(PLAIN) is first


def test_a_file_so_young_that_its_stat_may_not_tell_is_read_each_time(served: ServedFolder) -> None:
    publish(served, "plain")
    path = Path(served.tree.meta("plain"))
    known = served.document(PLAIN)
    assert known is not None
    stats = path.stat()
    path.write_bytes(known.data.replace(b"for tests", b"For Tests"))
    os.utime(path, ns=(stats.st_atime_ns, stats.st_mtime_ns))
    found = served.document(PLAIN)
    assert found is not None
    assert b"For Tests" in found.data


def test_only_so_many_documents_are_kept(served: ServedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packaging_targets.registry.aam.served.caching.is_racy", lambda stats: False)
    names = [PackageName("", f"p{number}") for number in range(9)]
    for name in names:
        publish(served, str(name))
    documents = Documents(served.tree, 3 * 2000)
    for _ in range(2):
        assert [documents.of(name) for name in names] == [served.document(name) for name in names]
    assert 0 < len(documents._known) < 9
    assert documents._room >= 0


def test_a_folder_with_another_package_in_it_has_no_document(served: ServedFolder) -> None:
    publish(served, "plain")
    os.rename(served.tree.folder("plain"), served.tree.folder("other"))
    assert served.document(PackageName("", "other")) is None
    assert served.metadata(PackageName("", "other")) is None


def test_links_that_leave_the_registry_are_refused(served: ServedFolder, tmp_path: Path) -> None:
    done = publish(served, "plain")
    outside = tmp_path / "outside"
    shutil.move(served.tree.folder("plain"), outside)
    Path(served.tree.folder("plain")).symlink_to(outside)
    release = done.release
    for ask in (
        lambda: served.document(PLAIN),
        lambda: served.path(PLAIN, release),
        lambda: list(served.pieces(PLAIN, release, 0, 10)),
    ):
        with pytest.raises(RegistryError, match=r"`packages/plain.*` is a link that leads out of the registry"):
            ask()


def test_a_damaged_document_is_told(served: ServedFolder) -> None:
    publish(served, "plain")
    Path(served.tree.meta("plain")).write_text("{")
    with pytest.raises(RegistryError, match="the document is no JSON"):
        served.document(PLAIN)


# Archives


def test_archives_have_a_path_and_pieces(served: ServedFolder) -> None:
    data = packed("plain", files={"filling": os.urandom(400_000).hex()})
    release = served.publish(io.BytesIO(data)).release
    path = served.path(PLAIN, release)
    assert path is not None
    assert Path(path).read_bytes() == data
    for start, end in ((0, len(data)), (0, 0), (5, 6), (262_143, 262_146), (len(data) - 1, len(data))):
        assert b"".join(served.pieces(PLAIN, release, start, end)) == data[start:end]
    os.truncate(path, 100)
    with pytest.raises(RegistryError, match=r"the archive of plain@1\.0\.0 is shorter than meta\.json says"):
        list(served.pieces(PLAIN, release, 0, len(data)))


def test_what_waits_is_where_no_reader_of_the_folder_looks(served: ServedFolder, tmp_path: Path) -> None:
    served.set_aside("0123456789abcdef", io.BytesIO(b"archive"))
    assert (tmp_path / "server" / "aside" / "0123456789abcdef").read_bytes() == b"archive"
    assert os.stat(tmp_path / "server" / "aside").st_mode & 0o77 == 0
    assert list(served.names()) == []


def test_a_server_without_its_database_says_so(served: ServedFolder, tmp_path: Path, clock: Clock) -> None:
    served.demand()
    Path(tmp_path, "server", "registry.sqlite3").write_bytes(b"no database " * 1000)
    served._engine.dispose()
    with pytest.raises(RefusalError) as error:
        served.demand()
    assert error.value.code == "REGISTRY_UNAVAILABLE"
    assert str(error.value) == "error: the registry's database is damaged\n  fix: try it again in a moment"


def test_migrating_twice_changes_nothing(a_sqlite: Engine) -> None:
    migrate(a_sqlite)
