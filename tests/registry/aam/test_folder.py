"""What only registries in folders promise: their tree, links, locks, disks, and what others did to them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from agents import packed, publish
from rights import WITHOUT_RIGHTS, needs_rights_dropped

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError, RequestError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.folder.verifying import verify
from packaging_targets.registry.aam.opening import open_folder

REVIEW = PackageName("acme", "review")


def tree_of(registry: FolderRegistry) -> dict[str, bytes]:
    root = Path(registry.tree.root)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def at(registry: FolderRegistry, path: str) -> Path:
    return Path(registry.tree.root, path)


def told(error: pytest.ExceptionInfo[PackagingError], registry: FolderRegistry) -> str:
    return str(error.value).replace(registry.url, "URL").replace(registry.tree.root, "ROOT")


# The tree


@pytest.mark.uaaps(
    "S12.5.layout", "S12.5.mapping", "S12.5.sha256-sibling", "S12.5.dist-tags", "S12.5.index", "P27", "P38"
)
def test_the_tree_is_the_one_of_the_text(folder: FolderRegistry) -> None:
    publish(folder, "code-review", "1.0.0")
    publish(folder, "@myorg/code-review", "2.0.0")
    files = tree_of(folder)
    assert sorted(files) == [
        "dist-tags.json",
        "index.json",
        "packages/code-review/meta.json",
        "packages/code-review/versions/1.0.0.aam",
        "packages/code-review/versions/1.0.0.aam.sha256",
        "packages/myorg--code-review/meta.json",
        "packages/myorg--code-review/versions/2.0.0.aam",
        "packages/myorg--code-review/versions/2.0.0.aam.sha256",
    ]
    assert json.loads(files["index.json"])["packages"][0] == {
        "name": "@myorg/code-review",
        "latest": "2.0.0",
        "versions": ["2.0.0"],
        "description": "@myorg/code-review, for tests.",
    }
    assert json.loads(files["dist-tags.json"]) == {
        "@myorg/code-review": {"latest": "2.0.0"},
        "code-review": {"latest": "1.0.0"},
    }
    assert json.loads(files["packages/code-review/meta.json"])["versions"]["1.0.0"]["tarball"] == "versions/1.0.0.aam"
    checked = subprocess.run(
        ["sha256sum", "-c", "2.0.0.aam.sha256"],
        cwd=at(folder, "packages/myorg--code-review/versions"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert checked.stdout == "2.0.0.aam: OK\n"


@pytest.mark.uaaps("S12.5.init")
def test_a_registry_is_made_once_and_in_an_empty_folder_alone(tmp_path: Path, folder: FolderRegistry) -> None:
    publish(folder, "plain")
    before = tree_of(folder)
    assert initialise(folder) is False
    assert tree_of(folder) == before
    other = open_folder(str(tmp_path / "new" / "deep"))
    assert initialise(other) is True
    assert list(other.summaries()) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    full = open_folder(str(tmp_path / "full"))
    with pytest.raises(RegistryError) as error:
        initialise(full)
    assert told(error, full) == (
        "error: the folder is not empty: it has `notes.txt` in it\n"
        "  at ROOT\n"
        "  fix: name a folder that is empty, or is not there yet"
    )


@pytest.mark.parametrize(
    ("made", "what", "verb"),
    [(False, "there is no such folder", "init"), (True, "there is no registry in the folder", "init")],
)
def test_where_there_is_no_registry_that_is_told(tmp_path: Path, made: bool, what: str, verb: str) -> None:
    if made:
        (tmp_path / "r").mkdir()
    registry = open_folder(str(tmp_path / "r"))
    for ask in (lambda: list(registry.summaries()), lambda: registry.metadata(REVIEW), lambda: publish(registry, "a"), lambda: verify(registry), lambda: reindex(registry)):  # fmt: skip
        with pytest.raises(RegistryError) as error:
            ask()
        assert told(error, registry) == f"error: {what}\n  at ROOT\n  fix: aam registry {verb} URL"


# Addresses


def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for address in (f"file://{tmp_path}/a%20b", f"file://localhost{tmp_path}/a%20b", "./a b", f"{tmp_path}/x/../a b", f"FILE://{tmp_path}/a%20b/"):  # fmt: skip
        assert open_folder(address).url == f"file://{tmp_path}/a%20b"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("review", "error: `review` is no address of a registry\n  fix: write file:///opt/aam-registry, or a path that starts with `/`, `./` or `../`"),
        ("file://opt/reg", "error: `file://opt/reg` does not name a folder of this machine\n  fix: write file:///opt/reg"),
        ("ftp://x/y", "error: `ftp://x/y` is no address of a registry\n  fix: write file:///opt/aam-registry, or a path that starts with `/`, `./` or `../`"),
        ("file:///a%00b", "error: the address of a registry cannot hold a null character\n  fix: write file:///opt/aam-registry, or a path that starts with `/`, `./` or `../`"),
    ],
)  # fmt: skip
def test_wrong_addresses(address: str, text: str) -> None:
    with pytest.raises(RequestError) as error:
        open_folder(address)
    assert str(error.value) == text


@pytest.mark.uaaps("S12.0.scheme")
def test_a_server_is_told_plainly_where_a_folder_is_needed() -> None:
    with pytest.raises(RequestError) as error:
        open_folder("https://aamregistry.io")
    assert str(error.value) == (
        "error: `https://aamregistry.io` is a server, and this is done in the folder of a registry\n"
        "  fix: on the server, name the folder that it serves"
    )


# Folders that belong to others


@pytest.mark.uaaps("P6", "S12.5.mapping")
def test_a_folder_that_belongs_to_another_name_is_neither_published_to_nor_believed(folder: FolderRegistry) -> None:
    publish(folder, "@acme/review", "1.0.0")
    meta = at(folder, "packages/acme--review/meta.json")
    meta.write_bytes(meta.read_bytes().replace(b"@acme/review", b"@evil/review"))
    before = tree_of(folder)
    with pytest.raises(RegistryError) as error:
        publish(folder, "@acme/review", "2.0.0")
    assert told(error, folder) == (
        "error: the folder of @acme/review belongs to @evil/review, as `packages/acme--review/meta.json` says\n"
        "  at URL\n"
        "  fix: aam registry verify URL"
    )
    assert tree_of(folder) == before
    assert folder.metadata(REVIEW) is None
    assert folder.metadata(PackageName("evil", "review")) is None
    assert list(folder.names()) == []


@pytest.mark.parametrize("name", ["..", "a b", "a\nb", "A", "-x", "con", "x--y--z", "ü", "a" * 200, "\udcff"])
def test_folders_with_hostile_names_are_told_and_harm_nobody(folder: FolderRegistry, name: str) -> None:
    publish(folder, "plain")
    path = os.path.join(folder.tree.packages, name if name != ".." else "...", "versions")
    os.makedirs(path)
    with open(os.path.join(path, "1.0.0.aam"), "wb") as file:
        file.write(packed("@acme/review"))
    done = reindex(folder)
    assert [one.what for one in done.problems] == ["the archive is @acme/review@1.0.0, and lies where another belongs"]
    assert [str(one.name) for one in folder.summaries()] == ["plain"]
    assert len(verify(folder).problems) == 1
    publish(folder, "plain", "2.0.0")


# Links


@pytest.mark.uaaps("S12.5.no-symlinks-outside")
@pytest.mark.parametrize("place", ["index.json", "packages", "packages/acme--review", "packages/acme--review/meta.json", "packages/acme--review/versions", "packages/acme--review/versions/1.0.0.aam"])  # fmt: skip
def test_a_link_that_leaves_the_root_is_refused(folder: FolderRegistry, tmp_path: Path, place: str) -> None:
    done = publish(folder, "@acme/review", "1.0.0")
    outside = tmp_path / "outside"
    shutil.move(at(folder, place), outside)
    at(folder, place).symlink_to(outside)
    refused = f"error: `{place}` is a link that leads out of the registry\n  at ROOT\n  fix: replace the link by what it leads to"

    def read() -> None:
        list(folder.summaries())
        folder.metadata(REVIEW)
        with folder.open(REVIEW, done.release) as file:
            file.read()

    with pytest.raises(RegistryError) as error:
        read()
    assert f"`{place}" in told(error, folder)
    assert "is a link that leads out of the registry" in told(error, folder)
    told_by_verify = [str(one).replace(folder.tree.root, "ROOT") for one in verify(folder).problems]
    assert refused in told_by_verify or any(place in one for one in told_by_verify)
    if place != "packages/acme--review/versions/1.0.0.aam":
        with pytest.raises(RegistryError):
            publish(folder, "@acme/review", "2.0.0")


@pytest.mark.uaaps("S12.5.no-symlinks-outside")
def test_links_within_the_root_are_followed(folder: FolderRegistry) -> None:
    done = publish(folder, "@acme/review", "1.0.0")
    shutil.move(at(folder, "packages/acme--review/versions/1.0.0.aam"), at(folder, "packages/kept"))
    at(folder, "packages/acme--review/versions/1.0.0.aam").symlink_to("../../kept")
    with folder.open(REVIEW, done.release) as file:
        assert len(file.read()) == done.release.size
    publish(folder, "@acme/review", "2.0.0")
    assert reindex(folder).problems == []
    assert [one.what for one in verify(folder).problems] == ["this is no part of a registry"]  # packages/kept


def test_a_root_that_is_a_link_itself_is_fine(folder: FolderRegistry, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder.tree.root)
    registry = open_folder(str(tmp_path / "link"))
    publish(registry, "plain")
    assert [str(one.name) for one in registry.summaries()] == ["plain"]


# What others wrote


@pytest.mark.uaaps("P36", "P38")
@pytest.mark.parametrize("name", ["index.json", "dist-tags.json"])
@pytest.mark.parametrize(
    "text", ["", "not json", "{}", '{"formatVersion": 1, "updatedAt": "2030-01-01T00:00:00Z", "packages": []}', None]
)
def test_a_damaged_or_foreign_listing_is_written_anew_by_the_next_change(
    folder: FolderRegistry, name: str, text: str | None
) -> None:
    for package in ("a", "b", "@c/d"):
        publish(folder, package)
    at(folder, name).write_text(text) if text is not None else at(folder, name).unlink()
    if text is None and name == "index.json":
        with pytest.raises(RegistryError, match=r"(?s)the registry has no index.json.*aam registry reindex"):
            publish(folder, "b", "2.0.0")
        reindex(folder)
    publish(folder, "b", "2.0.0")
    assert [(str(one.name), one.latest) for one in folder.summaries()] == [
        ("@c/d", "1.0.0"),
        ("a", "1.0.0"),
        ("b", "2.0.0"),
    ]
    assert verify(folder).problems == []


@pytest.mark.uaaps("P28")
def test_what_people_add_to_documents_stays(folder: FolderRegistry) -> None:
    publish(folder, "plain", "1.0.0")
    meta, index = at(folder, "packages/plain/meta.json"), at(folder, "index.json")
    value = json.loads(meta.read_bytes())
    value["x-team"] = "core"
    value["versions"]["1.0.0"]["signature"] = {"kept": True}
    meta.write_text(json.dumps(value))
    listing = json.loads(index.read_bytes())
    listing["x-title"] = "Ours"
    listing["packages"][0]["x-stars"] = 5
    index.write_text(json.dumps(listing))
    publish(folder, "plain", "2.0.0")
    publish(folder, "other")
    assert reindex(folder).changed is False
    found, listed = json.loads(meta.read_bytes()), json.loads(index.read_bytes())
    assert (found["x-team"], found["versions"]["1.0.0"]["signature"]) == ("core", {"kept": True})
    assert (listed["x-title"], listed["packages"][1]["x-stars"]) == ("Ours", 5)


def test_a_damaged_meta_is_told_with_its_line_and_nothing_is_lost(folder: FolderRegistry) -> None:
    publish(folder, "@acme/review", "1.0.0")
    publish(folder, "plain")
    meta = at(folder, "packages/acme--review/meta.json")
    meta.write_text('{"name": "@acme/review",\n  "versions": {')
    before = tree_of(folder)
    for ask in (lambda: folder.metadata(REVIEW), lambda: publish(folder, "@acme/review", "2.0.0"), lambda: list(folder.names())):  # fmt: skip
        with pytest.raises(RegistryError) as error:
            ask()
        assert told(error, folder).startswith("error: the document is no JSON: ")
        assert "ROOT/packages/acme--review/meta.json:2" in told(error, folder)
    assert tree_of(folder) == before
    publish(folder, "plain", "2.0.0")  # others go on


def test_what_is_no_file_is_refused_at_once(folder: FolderRegistry) -> None:
    publish(folder, "plain")
    at(folder, "index.json").unlink()
    os.mkfifo(at(folder, "index.json"))
    with pytest.raises(RegistryError, match=r"`index.json` must be a file"):
        list(folder.summaries())


@pytest.mark.uaaps("P40")
def test_an_archive_that_somebody_placed_is_not_replaced(folder: FolderRegistry) -> None:
    publish(folder, "plain", "1.0.0")
    placed = at(folder, "packages/plain/versions/2.0.0.aam")
    placed.write_bytes(packed("plain", "2.0.0", files={"placed": ""}))
    with pytest.raises(RegistryError) as error:
        publish(folder, "plain", "2.0.0")
    assert told(error, folder) == (
        "error: `packages/plain/versions/2.0.0.aam` is another archive, which meta.json does not know\n"
        "  at ROOT\n"
        "  fix: aam registry reindex URL, which takes it over, or remove it"
    )
    publish(folder, "plain", "2.0.0", files={"placed": ""})  # the same bytes are taken over
    assert verify(folder).problems == []


def test_an_archive_that_changes_while_it_is_published_is_refused(folder: FolderRegistry) -> None:
    class Changing(io.BytesIO):
        rounds = 0

        def seek(self, offset: int, whence: int = 0) -> int:
            if offset == 0 and whence == 0:
                self.rounds += 1
            if self.rounds == 2:
                super().seek(20)
                self.write(b"!")
            return super().seek(offset, whence)

    before = tree_of(folder)
    with pytest.raises(IntegrityError, match="they changed while they were read"):
        folder.publish(Changing(packed("plain")))
    assert tree_of(folder) == before
    assert not at(folder, "packages/plain").exists()


# Locks, disks, rights


@pytest.mark.uaaps("S12.5.index-atomic")
def test_who_writes_waits_for_others_and_readers_wait_for_nobody(tmp_path: Path, folder: FolderRegistry) -> None:
    publish(folder, "plain")
    waited = threading.Event()
    registry = FolderRegistry(folder.tree.root, lambda: 0, waited.set)
    descriptor = os.open(folder.tree.root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        writer = threading.Thread(target=lambda: publish(registry, "plain", "2.0.0"))
        writer.start()
        assert waited.wait(10)
        assert [one.versions for one in registry.summaries()] == [("1.0.0",)]
        assert registry.metadata(PackageName("", "plain")) is not None
    finally:
        os.close(descriptor)
    writer.join(10)
    assert [one.versions for one in registry.summaries()] == [("1.0.0", "2.0.0")]


@needs_rights_dropped
@pytest.mark.uaaps("S12.5.read-only", "P43")
def test_a_read_only_root_is_read_and_refuses_changes_in_one_sentence(folder: FolderRegistry) -> None:
    publish(folder, "@acme/review", "1.0.0")
    script = f"""
import io, sys
sys.path.insert(0, {str(Path(__file__).parents[2] / "kit")!r})
from agents import packed
from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.folder.verifying import verify
from packaging_targets.registry.aam.opening import open_folder
registry, name = open_folder({folder.tree.root!r}), PackageName("acme", "review")
release = registry.metadata(name).releases["1.0.0"]
with registry.open(name, release) as file:
    assert len(file.read()) == release.size
print([one.versions for one in registry.summaries()], verify(registry).problems)
for change in (lambda: registry.publish(io.BytesIO(packed("new"))), lambda: registry.yank(name, "1.0.0"), lambda: reindex(registry)):
    try:
        change()
    except RegistryError as error:
        print(error)
"""
    for path in sorted(Path(folder.tree.root).rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    Path(folder.tree.root).chmod(0o555)
    before = tree_of(folder)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    try:
        done = subprocess.run(
            [*WITHOUT_RIGHTS, sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
    finally:
        for path in (Path(folder.tree.root), *Path(folder.tree.root).rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
    refusal = "error: the registry is read-only\n  at ROOT\n  fix: change it where it may be written\n"
    assert done.stdout.replace(folder.tree.root, "ROOT") == f"[('1.0.0',)] []\n{refusal * 3}"
    assert tree_of(folder) == before


@contextlib.contextmanager
def files_up_to(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("size", [0, 20, 100, 250, 400, 700])
def test_a_disk_without_room_leaves_everything_as_it_was(folder: FolderRegistry, size: int) -> None:
    for number in range(6):
        publish(folder, f"plain{number}")
    before = tree_of(folder)
    with files_up_to(size), pytest.raises(RegistryError) as error:
        publish(folder, "@acme/review", "1.0.0")
    assert told(error, folder) == (
        "error: the disk has no room for this; nothing was changed\n  at ROOT\n  fix: make room, and do it again"
    )
    assert tree_of(folder) == before
    assert not at(folder, "packages/acme--review").exists()
    publish(folder, "@acme/review", "1.0.0")
    assert verify(folder).problems == []


@pytest.mark.parametrize("call", ["fsync", "rename", "mkdir", "utime"])
def test_a_step_that_fails_leaves_a_registry_that_is_in_order(
    folder: FolderRegistry, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of the times that the system is asked for it."""
    publish(folder, "plain", "0.1.0")
    real, number = getattr(os, call), 0
    refusals: list[str] = []
    while True:
        left = [number]

        def failing(*arguments: object, left: list[int] = left, **others: object) -> object:
            left[0] -= 1
            if left[0] == -1:
                raise OSError(errno.EIO, "Input/output error")
            return real(*arguments, **others)

        name = f"new{number}" if call == "mkdir" else "plain"
        version = f"1.{number}.0"
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                publish(folder, name, version)
            except RegistryError as error:
                refusals.append(str(error))
        if left[0] >= 0:
            break  # it was not asked for that often
        publish(folder, "other", version)  # brings to an end what was begun
        assert verify(folder).problems == []
        number += 1
    assert len(refusals) == number >= 1
    assert all("input/output error" in one for one in refusals)
