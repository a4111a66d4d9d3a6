"""Reindexing, verifying and mirroring registries in folders."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents import packed, publish
from signatures import signature

from packaging_targets.errors import Problem, RegistryError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.folder import reindexing
from packaging_targets.registry.aam.folder.mirroring import mirror
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.folder.staging import Staging
from packaging_targets.registry.aam.folder.verifying import verify
from packaging_targets.registry.aam.opening import open_folder

REVIEW = PackageName("acme", "review")
PLAIN = PackageName("", "plain")
LISTINGS = ("index.json", "dist-tags.json")
ARCHIVE = "packages/acme--review/versions/1.0.0.aam"


def tree_of(registry: FolderRegistry) -> dict[str, bytes]:
    root = Path(registry.tree.root)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def at(registry: FolderRegistry, path: str) -> Path:
    return Path(registry.tree.root, path)


def place(registry: FolderRegistry, path: str, data: bytes, mtime: int = 1_600_000_000) -> None:
    at(registry, path).parent.mkdir(parents=True, exist_ok=True)
    at(registry, path).write_bytes(data)
    os.utime(at(registry, path), (mtime, mtime))


def told(problems: list[Problem], registry: FolderRegistry) -> list[str]:
    return [f"{one.place}: {one.what}".replace(f"{registry.tree.root}/", "") for one in sorted(problems)]


@pytest.fixture
def filled(folder: FolderRegistry) -> FolderRegistry:
    """A registry with yanks and tags."""
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        publish(folder, "@acme/review", version)
    publish(folder, "plain", "1.0.0-rc.1")
    publish(folder, "plain", "2.0.0", tag="next")
    publish(folder, "gone")
    folder.yank(PackageName("", "gone"), "1.0.0", "bad")
    folder.yank(REVIEW, "1.1.0")
    folder.set_tag(REVIEW, "stable", "1.0.0")
    folder.deprecate(REVIEW, "1.0.0", "use 2")
    return folder


# Reindexing


@pytest.mark.uaaps("P42")
def test_a_registry_that_is_in_order_is_left_alone(filled: FolderRegistry) -> None:
    before = {path: path.stat().st_mtime_ns for path in Path(filled.tree.root).rglob("*") if path.is_file()}
    done = reindex(filled)
    assert (done.packages, done.versions, done.changed, done.problems, done.mended) == (3, 6, False, [], [])
    assert {path: path.stat().st_mtime_ns for path in Path(filled.tree.root).rglob("*") if path.is_file()} == before


@pytest.mark.uaaps("S12.5.reindex", "P36", "P42")
def test_listings_are_rebuilt_from_what_is_true(filled: FolderRegistry) -> None:
    before = tree_of(filled)
    at(filled, "index.json").write_text("{}")
    at(filled, "dist-tags.json").unlink()
    at(filled, f"{ARCHIVE}.sha256").unlink()
    assert reindex(filled).changed
    assert tree_of(filled) == before


@pytest.mark.uaaps("S12.5.reindex", "P42", "S12.5.sha256-sibling")
def test_archives_that_were_placed_by_hand_are_taken_over(
    filled: FolderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(filled, "packages/acme--review/versions/2.1.0.aam", packed("@acme/review", "2.1.0"), 1_700_000_000)
    place(filled, "packages/myorg--new/versions/1.0.0.aam", packed("@myorg/new", "1.0.0", {"plain": "^2.0.0"}))
    place(filled, "packages/myorg--new/versions/0.9.0.aam", packed("@myorg/new", "0.9.0"))
    done = reindex(filled)
    assert sorted(done.adopted) == ["@acme/review@2.1.0", "@myorg/new@0.9.0", "@myorg/new@1.0.0"]
    assert (done.problems, done.mended, done.packages, done.versions) == ([], [], 4, 9)
    found = filled.metadata(REVIEW)
    assert found is not None
    assert found.tags == {"latest": "2.1.0", "stable": "1.0.0"}
    assert found.releases["2.1.0"].published_at == 1_700_000_000
    assert found.releases["1.1.0"].yanked is not None
    new = filled.metadata(PackageName("myorg", "new"))
    assert new is not None
    assert (new.modified_at, new.tags) == (1_600_000_000, {"latest": "1.0.0"})
    assert new.releases["1.0.0"].dependencies == {"plain": "^2.0.0"}
    assert verify(filled).problems == []
    before = tree_of(filled)
    assert reindex(filled).changed is False
    assert tree_of(filled) == before
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    place(filled, "packages/timed/versions/1.0.0.aam", packed("timed"))
    reindex(filled)
    timed = filled.metadata(PackageName("", "timed"))
    assert timed is not None
    assert timed.releases["1.0.0"].published_at == 86400


@pytest.mark.uaaps("P42", "P6", "P10")
def test_what_cannot_be_taken_over_is_told_and_left_alone(filled: FolderRegistry) -> None:
    versions = "packages/acme--review/versions"
    place(filled, f"{versions}/3.0.0.aam", packed("@acme/review", "3.0.1"))
    place(filled, f"{versions}/3.1.0.aam", packed("@evil/review", "3.1.0"))
    place(filled, f"{versions}/3.2.0.aam", b"no archive")
    place(filled, f"{versions}/2.0.0+b.aam", packed("@acme/review", "2.0.0+b"))
    place(filled, f"{versions}/3.3.0.aam", packed("@acme/review", "3.3.0"))
    place(filled, f"{versions}/3.3.0.aam.sha256", b"0" * 64 + b"  3.3.0.aam\n")
    before = tree_of(filled)
    done = reindex(filled)
    assert told(done.problems, filled) == [
        f"{versions}/2.0.0+b.aam: @acme/review@2.0.0+b is published already as 2.0.0: build metadata makes no other version",
        f"{versions}/3.0.0.aam: the archive is @acme/review@3.0.1, and lies where another belongs",
        f"{versions}/3.1.0.aam: the archive is @evil/review@3.1.0, and lies where another belongs",
        f"{versions}/3.2.0.aam: this is not in gzip, as archives of packages are",
        f"{versions}/3.3.0.aam: the archive has other bytes than its checksum says",
    ]
    assert all(one.fix for one in done.problems)
    assert (done.adopted, done.changed) == ([], False)
    assert tree_of(filled) == before


@pytest.mark.uaaps("P42")
def test_a_passing_outage_hides_versions_and_nothing_is_forgotten(filled: FolderRegistry, tmp_path: Path) -> None:
    before = tree_of(filled)
    versions = at(filled, "packages/acme--review/versions")
    versions.rename(tmp_path / "away")
    done = reindex(filled)
    assert told(done.problems, filled) == [
        f"packages/acme--review/versions/{version}.aam: the archive of version {version} is missing, and the version is hidden until it is back"
        for version in ("1.0.0", "1.1.0", "2.0.0")
    ]
    assert (done.mended, [str(one.name) for one in filled.summaries()]) == ([], ["plain"])
    assert b"@acme/review" not in at(filled, "dist-tags.json").read_bytes()
    assert [reindex(filled).changed, len(reindex(filled).problems)] == [False, 3]
    assert {one.split(": ")[1] for one in told(verify(filled).problems, filled)} == {
        f"the archive of @acme/review@{version} is missing" for version in ("1.0.0", "1.1.0", "2.0.0")
    }
    (tmp_path / "away").rename(versions)
    assert verify(filled).problems != []
    done = reindex(filled)
    assert (done.problems, done.mended, done.adopted) == ([], [], [])
    assert tree_of(filled) == before
    assert verify(filled).problems == []


@pytest.mark.uaaps("P11", "P42")
def test_tags_lead_elsewhere_while_an_archive_is_missing(filled: FolderRegistry, tmp_path: Path) -> None:
    newest = at(filled, "packages/acme--review/versions/2.0.0.aam")
    newest.rename(tmp_path / "away")
    reindex(filled)
    found = filled.metadata(REVIEW)
    assert found is not None
    assert (dict(found.tags), found.leading["latest"]) == ({"latest": "2.0.0", "stable": "1.0.0"}, "1.0.0")
    assert next(filled.summaries()).latest == "1.0.0"
    publish(filled, "@acme/review", "1.5.0")
    (tmp_path / "away").rename(newest)
    reindex(filled)
    shown = next(filled.summaries())
    assert (shown.latest, shown.versions) == ("2.0.0", ("1.0.0", "1.5.0", "2.0.0"))


@pytest.mark.uaaps("P40", "P42")
def test_a_version_whose_archive_is_missing_takes_no_other_bytes(filled: FolderRegistry) -> None:
    at(filled, ARCHIVE).unlink()
    reindex(filled)
    for files, what, fix in (
        ({"evil": ""}, "with other bytes", "raise `version` in package.agent.json: a published version never changes"),
        (None, "with the same bytes", "place the archive where it is missing, and reindex the registry"),
    ):
        with pytest.raises(RegistryError) as error:
            publish(filled, "@acme/review", "1.0.0", files=files)
        (problem,) = error.value.problems
        assert (problem.what, problem.fix) == (f"@acme/review@1.0.0 is published already, {what}", fix)
    place(filled, ARCHIVE, packed("@acme/review", "1.0.0", files={"evil": ""}))
    done = reindex(filled)
    assert told(done.problems, filled) == [f"{ARCHIVE}: the bytes of version 1.0.0 are not those that were published"]
    assert next(filled.summaries()).versions == ("2.0.0",)


@pytest.mark.uaaps("P42")
def test_a_checksum_of_nothing_is_removed(filled: FolderRegistry) -> None:
    before = tree_of(filled)
    place(filled, "packages/acme--review/versions/9.0.0.aam.sha256", b"0" * 64 + b"  9.0.0.aam\n")
    assert verify(filled).problems != []
    done = reindex(filled)
    assert told(done.mended, filled) == [
        "packages/acme--review/versions/9.0.0.aam.sha256: a checksum without an archive was removed"
    ]
    assert (done.changed, tree_of(filled)) == (True, before)


@pytest.mark.uaaps("P42", "P54")
def test_bytes_that_changed_under_a_version_are_told_and_never_accepted(filled: FolderRegistry) -> None:
    before = tree_of(filled)
    place(filled, ARCHIVE, packed("@acme/review", "1.0.0", files={"evil": ""}))
    done = reindex(filled)
    assert told(done.problems, filled) == [f"{ARCHIVE}: the bytes of version 1.0.0 are not those that were published"]
    after = tree_of(filled)
    assert {path for path in before if before[path] != after[path]} == {ARCHIVE}


@pytest.mark.uaaps("P42")
def test_what_killed_processes_left_is_removed(filled: FolderRegistry) -> None:
    before = tree_of(filled)
    for path in (".aam-1.new", "packages/.aam-1.new", "packages/plain/.aam-2.new", "packages/plain/versions/.aam-3.new", ".aam-pending.new"):  # fmt: skip
        place(filled, path, b"half")
    place(filled, ".aam-pending", b'{"folder": "../../etc", "made": "../x"}')
    done = reindex(filled)
    assert {one.what for one in done.mended} == {"an unfinished file of a killed process was removed"}
    assert tree_of(filled) == before


def test_a_marker_that_somebody_made_up_removes_nothing_outside(folder: FolderRegistry, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "1.0.0.aam").write_bytes(b"mine")
    at(folder, "packages/plain").mkdir()
    at(folder, "packages/plain/versions").symlink_to(tmp_path / "outside")
    place(folder, ".aam-pending", b'{"folder": "plain", "made": "1.0.0"}')
    publish(folder, "other")
    assert (tmp_path / "outside" / "1.0.0.aam").read_bytes() == b"mine"


def test_a_damaged_meta_is_told_and_the_others_are_brought_in_order(filled: FolderRegistry) -> None:
    meta = at(filled, "packages/acme--review/meta.json")
    meta.write_text("{")
    at(filled, "index.json").unlink()
    done = reindex(filled)
    assert [one.split(":")[0] for one in told(done.problems, filled)] == ["packages/acme--review/meta.json"]
    assert meta.read_text() == "{"
    assert [str(one.name) for one in filled.summaries()] == ["plain"]


@pytest.mark.uaaps("P36", "P42")
def test_a_package_whose_meta_is_damaged_keeps_its_lines_in_the_listings(filled: FolderRegistry) -> None:
    before = tree_of(filled)
    at(filled, "packages/acme--review/meta.json").write_text("{")
    done = reindex(filled)
    assert ([one.split(":")[0] for one in told(done.problems, filled)], done.changed) == ([META], False)
    assert [at(filled, name).read_bytes() for name in LISTINGS] == [before[name] for name in LISTINGS]
    assert {one.split(":")[0] for one in told(verify(filled).problems, filled) if "versions/" not in one} == {META}
    at(filled, "index.json").write_bytes(before["index.json"].replace(b"},", b"} ,"))  # all lines are written anew
    with io.BytesIO(packed("plain", "3.0.0")) as archive:
        published = filled.publish(archive)
    assert [one.split(":")[0] for one in told(list(published.warnings), filled)] == [META]
    assert [(str(one.name), one.latest) for one in filled.summaries()] == [
        ("@acme/review", "2.0.0"),
        ("plain", "3.0.0"),
    ]
    assert b'"@acme/review": {"latest": "2.0.0", "stable": "1.0.0"}' in at(filled, "dist-tags.json").read_bytes()


@pytest.mark.uaaps("P42")
def test_several_processes_bring_in_order_what_one_does(
    filled: FolderRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        place(filled, f"packages/p{number}/versions/1.0.0.aam", packed(f"p{number}"))
    place(filled, "packages/p7/versions/1.0.0.aam", packed("p6"))
    place(filled, "packages/p8/meta.json", b"{")
    place(filled, "packages/p9/.aam-1.new", b"half")
    at(filled, ARCHIVE).unlink()
    shutil.copytree(filled.tree.root, tmp_path / "other" / "registry")
    other = open_folder(str(tmp_path / "other" / "registry"))
    alone = reindex(filled)
    monkeypatch.setattr(reindexing, "_PARALLEL", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    together = reindex(other)
    assert (len(alone.adopted), len(alone.problems), len(alone.mended)) == (6, 3, 1)
    assert (told(together.problems, other), told(together.mended, other)) == (
        told(alone.problems, filled),
        told(alone.mended, filled),
    )
    assert (together.adopted, together.packages, together.versions) == (alone.adopted, 9, 12)
    assert tree_of(other) == tree_of(filled)
    assert reindex(other).changed is False


def test_a_disk_that_is_full_leaves_nothing_of_any_process(
    filled: FolderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        place(filled, f"packages/p{number}/versions/1.0.0.aam", packed(f"p{number}"))
    before = tree_of(filled)
    write = Staging.write

    def full(staging: Staging, path: str, *pieces: bytes) -> None:
        if "/p4/" in path:
            raise OSError(errno.ENOSPC, "full")
        write(staging, path, *pieces)

    monkeypatch.setattr(Staging, "write", full)
    monkeypatch.setattr(reindexing, "_PARALLEL", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    with pytest.raises(RegistryError, match="the disk has no room for this; nothing was changed"):
        reindex(filled)
    assert tree_of(filled) == before


def test_a_folder_that_is_not_called_as_its_package_is_told(filled: FolderRegistry) -> None:
    at(filled, "packages/acme--review").rename(at(filled, "packages/review"))
    done = reindex(filled)
    assert told(done.problems, filled) == [
        "packages/review: the folder holds @acme/review, whose folder is `acme--review`"
    ]
    assert [str(one.name) for one in filled.summaries()] == ["plain"]


# Verifying


def _swap(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    stat = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as who hides it would


def _other_line(path: Path) -> None:
    path.write_text("0" * 64 + "  1.0.0.aam\n")


def _replaced(old: bytes, new: bytes) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new))

    return replace


META = "packages/acme--review/meta.json"


@pytest.mark.uaaps("S12.5.sha256-sibling", "S12.5.mapping", "S12.5.index", "S12.5.dist-tags")
@pytest.mark.parametrize(
    ("path", "damage", "expected"),
    [
        (ARCHIVE, _swap, f"{ARCHIVE}: the bytes of @acme/review@1.0.0 are not those that meta.json names"),
        (ARCHIVE, Path.unlink, f"{ARCHIVE}: the archive of @acme/review@1.0.0 is missing"),
        (f"{ARCHIVE}.sha256", _other_line, f"{ARCHIVE}.sha256: the checksum is not that of the published archive"),
        (f"{ARCHIVE}.sha256", Path.unlink, f"{ARCHIVE}.sha256: the checksum is missing"),
        (META, _replaced(b"for tests", b"for others"), f"{ARCHIVE}: meta.json says other things than the manifest in the archive: description"),
        (META, _replaced(b'"stable": "1.0.0"', b'"stable": "9.0.0"'), f"{META}  ($.dist-tags.stable): the tag `stable` leads to 9.0.0, which is not there"),
        (META, _replaced(b'"stable": "1.0.0"', b'"stable": "1.1.0"'), f"{META}  ($.dist-tags.stable): the tag `stable` leads to 1.1.0, which is yanked"),
        (META, _replaced(b'"name": "@acme/review"', b'"name": "@acme/other"'), f"{META}  ($.name): the folder `acme--review` holds @acme/other, whose folder is `acme--other`"),
        ("index.json", _replaced(b'"1.0.0", "2.0.0"', b'"2.0.0"'), "index.json: what it says of @acme/review is not what its meta.json says"),
        ("index.json", _replaced(b'"plain"', b'"plaim"'), "index.json: it lacks plain"),
        ("index.json", _replaced(b'"plain"', b'"plaim"'), "index.json: it lists plaim, which is not there or hidden"),
        ("index.json", _replaced(b"2026-", b"2025-"), "index.json  ($.updatedAt): `updatedAt` is not the time of the newest event"),
        ("index.json", _replaced(b"  ]", b"]"), "index.json: the index is not written as we write it"),
        ("index.json", _replaced(b"{", b"["), "index.json:2: the document is no JSON: expecting ',' delimiter"),
        ("dist-tags.json", _replaced(b'"stable"', b'"staple"'), "dist-tags.json: what it says of @acme/review is not what its meta.json says"),
        ("dist-tags.json", Path.unlink, "dist-tags.json: the file is missing"),
        ("notes.txt", Path.touch, "notes.txt: this is no part of a registry"),
        ("packages/acme--review/versions/notes", Path.touch, "packages/acme--review/versions/notes: this is no part of a registry"),
        ("packages/acme--review/versions/9.0.0.aam", Path.touch, "packages/acme--review/versions/9.0.0.aam: meta.json does not know this archive"),
        (".aam-1.new", Path.touch, ".aam-1.new: this was left by a process that was killed"),
    ],
)  # fmt: skip
def test_every_damage_is_found(filled: FolderRegistry, path: str, damage: Callable[[Path], Any], expected: str) -> None:
    assert verify(filled).problems == []
    damage(at(filled, path))
    assert expected in told(verify(filled).problems, filled)


def test_all_problems_are_told_at_once(filled: FolderRegistry) -> None:
    _swap(at(filled, ARCHIVE))
    at(filled, "packages/plain/versions/2.0.0.aam").unlink()
    at(filled, "dist-tags.json").unlink()
    found = verify(filled)
    assert len(found.problems) == 3
    assert (found.packages, found.versions) == (3, 6)


# Mirroring


@pytest.mark.uaaps("P44")
def test_a_mirror_is_the_same_to_the_byte_and_copies_what_is_new_alone(
    filled: FolderRegistry, tmp_path: Path, clock: Any
) -> None:
    target, shown = open_folder(str(tmp_path / "mirror")), list[str]()
    done = mirror(filled, target, tell=shown.append)
    assert (len(done.copied), done.present, done.problems) == (6, 0, [])
    assert shown == [f"copying {one}" for one in done.copied]
    assert tree_of(target) == tree_of(filled)
    assert verify(target).problems == []
    assert reindex(target).changed is False
    again = mirror(filled, target)
    assert (again.copied, again.present, again.changed) == ([], 6, [])
    clock.now += 5
    publish(filled, "plain", "3.0.0")
    filled.unyank(REVIEW, "1.1.0")
    more = mirror(filled, target)
    assert (more.copied, sorted(more.changed)) == (["plain@3.0.0"], ["@acme/review", "plain"])
    assert tree_of(target) == tree_of(filled)


@pytest.mark.uaaps("P44")
def test_named_packages_are_mirrored_alone(filled: FolderRegistry, tmp_path: Path) -> None:
    target = open_folder(str(tmp_path / "mirror"))
    done = mirror(filled, target, [PLAIN, PackageName("", "absent")])
    assert [one.what for one in done.problems] == ["there is no package absent in the registry"]
    assert list(target.names()) == [PLAIN]
    assert verify(target).problems == []


@pytest.mark.uaaps("P44", "P54")
def test_a_mirror_never_takes_over_damage(filled: FolderRegistry, tmp_path: Path) -> None:
    _swap(at(filled, ARCHIVE))
    target = open_folder(str(tmp_path / "mirror"))
    done = mirror(filled, target)
    assert [one.what for one in done.problems] == [
        "the bytes of `packages/acme--review/versions/1.0.0.aam` are not what they claim to be"
    ]
    assert len(done.copied) == 5
    assert verify(target).problems == []
    found = target.metadata(REVIEW)
    assert found is not None
    assert (sorted(found.releases), found.tags) == (["1.1.0", "2.0.0"], {"latest": "2.0.0"})


@pytest.mark.uaaps("P44", "P54")
def test_a_source_that_changed_a_version_is_refused(filled: FolderRegistry, tmp_path: Path, clock: Any) -> None:
    target = open_folder(str(tmp_path / "mirror"))
    mirror(filled, target)
    before = tree_of(target)
    shutil.rmtree(at(filled, "packages/acme--review"))
    reindex(filled)
    publish(filled, "@acme/review", "1.0.0", files={"evil": ""})
    done = mirror(filled, target, [REVIEW])
    assert [one.what for one in done.problems] == [
        "the bytes of @acme/review@1.0.0 are not those that the mirror has: a version never changes"
    ]
    assert {path: data for path, data in tree_of(target).items() if path.endswith(".aam")} == {
        path: data for path, data in before.items() if path.endswith(".aam")
    }
    assert verify(target).problems == []


@pytest.mark.uaaps("P11", "P44")
def test_a_mirror_that_has_more_keeps_its_own_and_latest_never_moves_back(
    filled: FolderRegistry, tmp_path: Path, clock: Any
) -> None:
    target = FolderRegistry(str(tmp_path / "mirror"), clock)
    mirror(filled, target)
    clock.now += 5
    publish(target, "@acme/review", "3.0.0")
    publish(target, "plain", "1.5.0", tag="old")
    target.set_tag(REVIEW, "stable", "3.0.0")
    filled.unyank(REVIEW, "1.1.0")
    for _ in range(2):
        mirror(filled, target)
        found, plain = target.metadata(REVIEW), target.metadata(PLAIN)
        assert found is not None
        assert plain is not None
        assert (found.tags, found.modified_at) == ({"latest": "3.0.0", "stable": "1.0.0"}, clock.now)
        assert plain.tags == {"latest": "1.0.0-rc.1", "next": "2.0.0", "old": "1.5.0"}
        assert verify(target).problems == []


@pytest.mark.parametrize(("source", "names"), [("none", ()), ("none", (PLAIN,)), ("registry", (PackageName("", "absent"),))])  # fmt: skip
def test_nothing_is_made_where_there_is_nothing_to_copy(
    filled: FolderRegistry, tmp_path: Path, source: str, names: tuple[PackageName, ...]
) -> None:
    assert Path(filled.tree.root).name == "registry"
    done = mirror(open_folder(str(tmp_path / source)), open_folder(str(tmp_path / "mirror")), names)
    assert [one.what for one in done.problems] == [
        "there is no such folder" if source == "none" else "there is no package absent in the registry"
    ]
    assert not (tmp_path / "mirror").exists()


def test_a_registry_cannot_be_a_mirror_of_itself(filled: FolderRegistry, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(filled.tree.root)
    with pytest.raises(RegistryError, match="a registry cannot be a mirror of itself"):
        mirror(filled, open_folder(str(tmp_path / "link")))


# Signatures


SIGNED = f"{ARCHIVE}.sigstore.json"


@pytest.fixture
def signed(folder: FolderRegistry) -> FolderRegistry:
    """A registry with a version that is signed, and one that is not."""
    data = packed("@acme/review")
    folder.publish(io.BytesIO(data), signature=signature(data))
    publish(folder, "@acme/review", "1.1.0")
    return folder


@pytest.mark.uaaps("P71")
def test_a_signature_is_part_of_a_registry_and_reindexing_leaves_it_alone(signed: FolderRegistry) -> None:
    before = tree_of(signed)
    assert SIGNED in before
    assert verify(signed).problems == []
    at(signed, "index.json").write_text("{}")
    assert reindex(signed).problems == []
    assert tree_of(signed) == before


@pytest.mark.uaaps("P71")
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{", "the signature of @acme/review@1.0.0 cannot be read: the document is no JSON: "),
        (b" " * (2 << 20), "the signature of @acme/review@1.0.0 cannot be read: the document has 1,048,577 bytes"),
        (
            signature(packed("@acme/review", "1.1.0"), version="1.1.0"),
            "its subject is `acme--review-1.1.0.aam`, not `acme--review-1.0.0.aam`",
        ),
    ],
    ids=["unreadable", "huge", "another"],
)
def test_a_signature_that_is_none_of_its_archive_is_told(signed: FolderRegistry, data: bytes, told: str) -> None:
    at(signed, SIGNED).write_bytes(data)
    problems = verify(signed).problems
    assert {one.where.partition(":")[0] for one in problems} == {str(at(signed, SIGNED))}
    assert any(told in one.what for one in problems)
    assert {one.fix for one in problems} == {"bring back the signature that was published, or remove the file"}


@pytest.mark.uaaps("P71")
def test_a_signature_that_was_placed_by_hand_is_looked_at_with_its_archive(signed: FolderRegistry) -> None:
    versions = "packages/plain/versions"
    for version, of in (("1.0.0", "1.0.0"), ("1.1.0", "1.0.0")):
        place(signed, f"{versions}/{version}.aam", packed("plain", version))
        place(signed, f"{versions}/{version}.aam.sigstore.json", signature(packed("plain", of), "plain", of))
    done = reindex(signed)
    assert sorted(done.adopted) == ["plain@1.0.0", "plain@1.1.0"]
    assert {one.where for one in done.problems} == {str(at(signed, f"{versions}/1.1.0.aam.sigstore.json"))}
    place(signed, f"{versions}/3.0.0.aam.sigstore.json", b"{}")
    assert f"{versions}/3.0.0.aam.sigstore.json: this is no part of a registry" in told(verify(signed).problems, signed)


@pytest.mark.uaaps("P71")
def test_a_mirror_has_the_signatures_too(signed: FolderRegistry, tmp_path: Path) -> None:
    target = open_folder(str(tmp_path / "mirror"))
    assert mirror(signed, target).problems == []
    assert tree_of(target) == tree_of(signed)
    at(signed, SIGNED).write_bytes(b"{}")  # what was mirrored is not asked for again
    assert mirror(signed, target).problems == []
    assert verify(target).problems == []
    other = open_folder(str(tmp_path / "other"))
    problems = mirror(signed, other).problems
    assert {one.where for one in problems} == {signed.url}
    assert SIGNED not in tree_of(other)
    assert ARCHIVE in tree_of(other)


@pytest.mark.uaaps("P71")
def test_a_mirror_that_was_killed_before_it_knew_the_version_gets_the_signature(
    signed: FolderRegistry, tmp_path: Path
) -> None:
    target = open_folder(str(tmp_path / "mirror"))
    mirror(signed, target)
    at(target, SIGNED).unlink()
    at(target, "packages/acme--review/meta.json").unlink()
    assert mirror(signed, target).copied == []
    assert tree_of(target) == tree_of(signed)


@pytest.mark.uaaps("P71")
def test_a_signature_goes_with_a_version_that_was_never_published(signed: FolderRegistry) -> None:
    data = packed("@acme/review", "2.0.0")
    place(signed, "packages/acme--review/versions/2.0.0.aam", data)
    place(signed, "packages/acme--review/versions/2.0.0.aam.sigstore.json", signature(data, version="2.0.0"))
    at(signed, ".aam-pending").write_text('{"folder": "acme--review", "made": "2.0.0"}')
    publish(signed, "plain")  # whoever changes something next takes it back
    assert not [path for path in tree_of(signed) if "2.0.0" in path]
    assert verify(signed).problems == []
