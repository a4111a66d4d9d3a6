"""A registry moves into a database and an object store: the same documents and bytes, again and again, or it is told."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agents import packed, publish
from served_registries import Clock, database_in, folder_registry
from services import ObjectStore, Postgres
from signatures import signature

from packaging_targets.adapters.cli.aam.program import main as aam
from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.desk.access import OPERATOR
from packaging_targets.registry.aam.folder.mirroring import mirror
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.served.objects.folder import FolderObjects
from packaging_targets.registry.aam.served.objects.s3 import S3Objects
from packaging_targets.registry.aam.served.stored import StoredRegistry
from packaging_targets.services.aam.hosting.auditing import check_chain, entries
from packaging_targets.services.aam.hosting.host import Host, HostSettings
from packaging_targets.services.aam.hosting.keeping.importing import Imported, import_packages

REVIEW, PLAIN = PackageName("acme", "review"), PackageName("", "plain")


@pytest.fixture
def stored(tmp_path: Path, clock: Clock) -> Iterator[StoredRegistry]:
    with database_in(tmp_path) as engine:
        yield StoredRegistry(engine, FolderObjects(str(tmp_path / "objects")), clock, "https://registry.test")


@pytest.fixture
def source(tmp_path: Path, clock: Clock) -> FolderRegistry:
    """A folder in which much has happened."""
    (tmp_path / "old").mkdir()
    found = folder_registry(tmp_path / "old", clock)
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
        clock.now += 3600
        publish(found, "@acme/review", version, description=f"Reviews {version}")
    found.publish(io.BytesIO(signed := packed("plain", "1.0.0")), "next", signature(signed, "plain"))
    found.yank(REVIEW, "1.1.0", "it deletes")
    found.deprecate(REVIEW, "1.0.0", "take 2")
    found.set_tag(REVIEW, "old", "1.0.0")
    return found


def host_of(stored: StoredRegistry, clock: Clock) -> Host:
    return Host(database=stored._engine, settings=HostSettings(), clock=clock, holdings=stored)


def take(stored: StoredRegistry, source: FolderRegistry, clock: Clock, *names: PackageName) -> Imported:
    return import_packages(host_of(stored, clock), OPERATOR, source, names, lambda _: None)


def document(folder: FolderRegistry, name: PackageName) -> bytes:
    return Path(folder.tree.meta(name.folder)).read_bytes()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a verb of `aam registry`; return its exit code."""

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["aam", "registry", *words])
        return aam()

    for name in ("DATABASE", "BUCKET", "ROOT"):
        monkeypatch.delenv(f"AAM_REGISTRY_{name}", raising=False)
    return run


def told(done: Imported) -> list[str]:
    return [one.what for one in done.problems]


def test_everything_is_as_it_was_and_a_second_time_changes_nothing(
    stored: StoredRegistry, source: FolderRegistry, clock: Clock
) -> None:
    done = take(stored, source, clock)
    assert sorted(done.copied) == [
        "@acme/review@1.0.0", "@acme/review@1.1.0", "@acme/review@2.0.0-rc.1", "plain@1.0.0"
    ]  # fmt: skip
    assert (done.present, sorted(done.changed), done.problems) == (0, ["@acme/review", "plain"], [])
    for name in (REVIEW, PLAIN):
        found = stored.document(name)
        assert found is not None
        assert found.data == document(source, name)
        metadata = source.metadata(name)
        assert metadata is not None
        for release in metadata.releases.values():
            with stored.open(name, release) as copy, source.open(name, release) as own:
                assert copy.read() == own.read()
            assert stored.signature(name, release) == source.signature(name, release)
    assert take(stored, source, clock) == Imported(present=4)
    log = entries(host_of(stored, clock), OPERATOR).entries
    assert [(one.event.action, one.event.package) for one in reversed(log)] == [
        ("import", "@acme/review"), ("import", "plain")
    ]  # fmt: skip
    assert check_chain(host_of(stored, clock)) == ()


def test_out_of_it_again_it_is_the_same(
    stored: StoredRegistry, source: FolderRegistry, clock: Clock, tmp_path: Path
) -> None:
    take(stored, source, clock)
    (tmp_path / "new").mkdir()
    back = folder_registry(tmp_path / "new", clock)
    assert mirror(stored, back).problems == []
    assert [document(back, name) for name in (REVIEW, PLAIN)] == [document(source, name) for name in (REVIEW, PLAIN)]


def test_what_is_new_comes_and_who_changed_it_later_is_right(
    stored: StoredRegistry, source: FolderRegistry, clock: Clock
) -> None:
    take(stored, source, clock)
    clock.now += 3600
    publish(source, "@acme/review", "3.0.0")
    source.unyank(REVIEW, "1.1.0")
    assert take(stored, source, clock, REVIEW).copied == ["@acme/review@3.0.0"]
    found = stored.document(REVIEW)
    assert found is not None
    assert found.data == document(source, REVIEW)
    clock.now += 3600
    publish(source, "@acme/review", "3.1.0")
    clock.now += 3600
    stored.yank(REVIEW, "1.0.0", "here")
    publish(stored, "@acme/review", "4.0.0")
    assert take(stored, source, clock, REVIEW).copied == ["@acme/review@3.1.0"]
    known = stored.metadata(REVIEW)
    assert known is not None
    assert (known.tags["latest"], len(known.releases)) == ("4.0.0", 6)
    assert known.releases["1.0.0"].yanked is not None


def test_other_bytes_of_a_version_are_told_all_at_once_and_the_rest_comes(
    stored: StoredRegistry, source: FolderRegistry, clock: Clock
) -> None:
    for version in ("1.0.0", "1.1.0+other"):
        publish(stored, "@acme/review", version, description="other")
    done = take(stored, source, clock)
    assert told(done) == [
        "@acme/review@1.0.0 is there already with other bytes: a version never changes",
        "@acme/review@1.1.0 is there already with other bytes: a version never changes",
    ]
    assert (done.copied, done.changed) == (["plain@1.0.0"], ["plain"])


def test_a_damaged_archive_is_told_and_its_package_stays_away_until_it_is_mended(
    stored: StoredRegistry, source: FolderRegistry, clock: Clock
) -> None:
    path = Path(source.tree.archive(REVIEW.folder, "1.1.0"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    done = take(stored, source, clock)
    assert told(done) == ["the archive of @acme/review@1.1.0 is not what its integrity says"]
    assert done.copied == ["plain@1.0.0"]
    assert stored.metadata(REVIEW) is None
    path.write_bytes(data)
    assert take(stored, source, clock).changed == ["@acme/review"]


def test_an_archive_that_is_another_package_is_not_taken(
    stored: StoredRegistry, source: FolderRegistry, clock: Clock
) -> None:
    folder, data = Path(source.tree.root, "packages", "plain"), packed("other", "1.0.0")
    meta = json.loads((folder / "meta.json").read_text())
    sizes = meta["versions"]["1.0.0"]["size"], len(data)
    meta["versions"]["1.0.0"]["size"] += 1
    (folder / "meta.json").write_text(json.dumps(meta))
    what = "the archive of plain@1.0.0 is {}@1.0.0 with {:,} bytes"
    assert told(take(stored, source, clock, PLAIN)) == [what.format("plain", sizes[0])]
    meta["versions"]["1.0.0"] |= {"size": len(data), "integrity": integrity_of(Digest.of(data))}
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "versions/1.0.0.aam").write_bytes(data)
    assert told(take(stored, source, clock, PLAIN)) == [what.format("other", sizes[1])]
    assert stored.metadata(PLAIN) is None


def test_a_package_that_is_named_twice_is_taken_once(
    stored: StoredRegistry, source: FolderRegistry, clock: Clock
) -> None:
    assert take(stored, source, clock, PLAIN, PLAIN).copied == ["plain@1.0.0"]


def test_it_has_to_be_said_which_server(
    source: FolderRegistry, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", source.url) == 2
    assert capsys.readouterr().err == (
        "error: it is not said which server's database and bucket are meant\n"
        "  fix: give --database and --bucket; into a folder, `aam registry mirror` copies a registry\n"
    )


@pytest.mark.service
def test_by_the_command(
    source: FolderRegistry,
    a_postgres: Postgres,
    an_object_store: ObjectStore,
    clock: Clock,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    database, (bucket, prefix) = a_postgres.database(), an_object_store.place()
    words = ["--database", database, "--bucket", f"s3://{bucket}/{prefix}"]
    assert run("import", source.url, "plain", *words) == 0
    assert capsys.readouterr().out == "copied: 1, there already: 0, packages that changed: 1\n"
    assert run("import", source.url, "--json", *words) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["ok"], value["present"], value["changed"]) == (True, 1, ["@acme/review"])
    engine = open_database(database)
    stored = StoredRegistry(
        engine, S3Objects(bucket, prefix, os.environ["AWS_ENDPOINT_URL_S3"]), clock, "https://x.test"
    )
    found = stored.document(REVIEW)
    assert found is not None
    assert found.data == document(source, REVIEW)
    engine.dispose()
