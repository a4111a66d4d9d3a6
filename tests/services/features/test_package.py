"""`features package`: what it makes of valid folders."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.features.receipt import Receipt
from packaging_targets.store import states
from packaging_targets.store.action_cache import ActionCache
from packaging_targets.store.layout import default_cache
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from tests.services.features.conftest import Features

LISTING = "devcontainer-collection.json"


def members(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return archive.getmembers()


def names(data: bytes) -> list[str]:
    return [member.name for member in members(data)]


@pytest.mark.requirement("FR-1", "FR-2", "FR-3", "A-1", "US-1", "SC-1", "CL-2", "DE-extra", "UP-names")
def test_a_single_feature(features: Features) -> None:
    features.feature("any-folder", id="color")
    result = features.package("any-folder")
    assert (result.mode, [archive.name for archive in result.archives]) == ("single", ["color-1.0.0.tgz"])
    assert sorted(features.output()) == ["color-1.0.0.tgz", LISTING]
    assert json.loads(features.output()[LISTING]) == {
        "sourceInformation": {"source": "devcontainer-cli"},
        "features": [{"id": "color", "version": "1.0.0", "name": "Any-Folder"}],
    }


@pytest.mark.requirement("FR-1", "FR-2", "FR-3", "A-2", "US-2", "SC-1", "SC-2", "FR-3.content", "DE-features")
def test_a_collection(features: Features) -> None:
    more = {"description": "Go", "options": {"v": {"type": "string", "default": "1"}}, "installsAfter": ["a"]}
    features.feature("src/go", dependsOn={"b": {}}, containerEnv={"A": "b"}, **more)
    features.feature("src/az", version="2.1.0")
    result = features.package()
    assert (result.mode, result.source) == ("collection", "src")
    assert sorted(features.output()) == ["az-2.1.0.tgz", LISTING, "go-1.0.0.tgz"]
    listed = json.loads(features.output()[LISTING])
    assert listed["sourceInformation"]["source"] == "devcontainer-cli"
    assert listed["features"] == [
        {"id": "az", "version": "2.1.0", "name": "Az"},
        {"id": "go", "version": "1.0.0", "name": "Go", "dependsOn": {"b": {}}, "containerEnv": {"A": "b"}, **more},
    ]


@pytest.mark.requirement("D-8", "FR-3.content")
def test_the_collection_file_keeps_keys_in_order_and_words_as_they_are(features: Features) -> None:
    features.write(
        {"devcontainer-feature.json": '{"version": "1.0.0", "name": "Größe", "id": "x", "keywords": ["日本"]}'}
    )
    features.package()
    text = features.output()[LISTING].decode()
    assert text.endswith("\n}\n")
    (listed,) = json.loads(text)["features"]
    assert list(listed) == ["version", "name", "id", "keywords"]
    assert "Größe" in text
    assert "日本" in text


@pytest.mark.requirement("FR-1.both")
def test_a_target_with_a_feature_and_src_is_a_single_feature(features: Features) -> None:
    features.feature("")
    features.feature("src/go")
    result = features.package()
    assert (result.mode, [archive.name for archive in result.archives]) == ("single", ["color-1.0.0.tgz"])
    assert "./src/go/install.sh" in names(features.output()["color-1.0.0.tgz"])


@pytest.mark.requirement("FR-5.target", "FR-5.output", "US-4", "UP-default-target", "DE-flags")
def test_the_target_is_the_current_folder_and_the_output_is_made_below_it(features: Features) -> None:
    features.feature("src/go")
    assert features.run("package").exit_code == 0
    assert sorted(features.output()) == [LISTING, "go-1.0.0.tgz"]
    assert features.run("package", "-o", "a/b/c").exit_code == 0
    assert features.run("package", "--output-folder", "d").exit_code == 0
    assert features.output("a/b/c") == features.output("d") == features.output()


@pytest.mark.requirement("UP-output", "DE-output", "D-2")
@pytest.mark.parametrize("folder", ["output", "sub/out"])
def test_the_output_folder_is_never_packed(features: Features, folder: str) -> None:
    features.feature("")
    features.package(output=folder)
    first = features.output(folder)
    features.package(output=folder)
    assert features.output(folder) == first
    assert names(first["color-1.0.0.tgz"]) == [".", "./devcontainer-feature.json", "./install.sh"]
    features.feature("src/go")
    features.path("devcontainer-feature.json").unlink()
    features.package(output="src/go-out")
    features.package(output="src/go-out")
    assert sorted(features.output("src/go-out")) == [LISTING, "go-1.0.0.tgz"]


@pytest.mark.requirement("FR-2.overwrite", "FR-4", "A-3", "US-3", "DE-flags")
def test_force_leaves_new_artifacts_alone(features: Features, tmp_path: Path) -> None:
    features.feature("src/go")
    features.write({"output/old-0.1.0.tgz": "old", "output/go-1.0.0.tgz": "old", "output/deep/er/x": ""})
    (tmp_path / "kept").write_text("kept")
    features.path("output/link").symlink_to(tmp_path)
    features.package()
    assert sorted(features.output()) == [
        "deep/", "deep/er/", "deep/er/x", LISTING, "go-1.0.0.tgz", "link/", "old-0.1.0.tgz",
    ]  # fmt: skip
    assert features.output()["go-1.0.0.tgz"].startswith(b"\x1f\x8b")
    result = features.package(force=True)
    assert result.removed == ("deep", "link", "old-0.1.0.tgz")
    assert sorted(features.output()) == [LISTING, "go-1.0.0.tgz"]
    assert (tmp_path / "kept").read_text() == "kept"


@pytest.mark.requirement("FR-4", "FR-2.overwrite")
def test_a_folder_in_the_place_of_an_archive(features: Features) -> None:
    features.feature("src/go")
    features.write({"output/go-1.0.0.tgz/x": "mine"})
    assert features.refusal() == (
        "error: there are folders where files belong: `go-1.0.0.tgz`\n"
        "  at ./output\n"
        "  fix: remove what stands there, or use --force-clean-output-folder"
    )
    assert features.output() == {"go-1.0.0.tgz/": b"", "go-1.0.0.tgz/x": b"mine"}
    features.package(force=True)
    assert sorted(features.output()) == [LISTING, "go-1.0.0.tgz"]


@pytest.mark.requirement("FR-2.gzip", "FR-2.gzip-header", "UP-gzip")
def test_archives_are_gzip_with_a_fixed_header(features: Features) -> None:
    features.feature("")
    features.package()
    data = features.output()["color-1.0.0.tgz"]
    assert data[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    assert gzip.decompress(data)[257:263] == b"ustar\0"


@pytest.mark.requirement("FR-2.header", "FR-2.order", "D-3", "UP-time", "UP-order", "UP-umask", "DE-order")
def test_headers_and_order(features: Features) -> None:
    features.feature("")
    features.write({"a/b": "", "a-b": "", "A": "", "a/c/d": "", "run": ""})
    features.path("run").chmod(0o4711)
    features.package()
    found = members(features.output()["color-1.0.0.tgz"])
    assert [(one.name, one.mode) for one in found] == [
        (".", 0o755),
        ("./A", 0o644),
        ("./a", 0o755),
        ("./a-b", 0o644),
        ("./a/b", 0o644),
        ("./a/c", 0o755),
        ("./a/c/d", 0o644),
        ("./devcontainer-feature.json", 0o644),
        ("./install.sh", 0o755),
        ("./run", 0o755),
    ]
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in found} == {(0, 0, 0, "", "")}


@pytest.mark.requirement("FR-2.junk", "D-4", "UP-junk", "DE-junk")
def test_junk_is_left_out(features: Features) -> None:
    features.feature("")
    junk = (
        ".git/HEAD",
        "sub/.git",
        ".hg/x",
        ".svn/x",
        ".DS_Store",
        "Thumbs.db",
        "__pycache__/a.pyc",
        "a~",
        ".#a",
        "a.swp",
    )
    features.write(dict.fromkeys([*junk, "TARGETS.toml"], ""))
    features.package()
    assert names(features.output()["color-1.0.0.tgz"]) == [".", "./devcontainer-feature.json", "./install.sh"]


@pytest.mark.requirement("D-4")
def test_a_folder_that_is_a_package_of_its_own_is_left_out_and_said(features: Features) -> None:
    features.feature("")
    features.write({"sub/TARGETS.toml": "", "sub/x": ""})
    (warning,) = features.package().warnings
    assert warning.what == "`sub` is not packed: it has a `TARGETS.toml`, which makes it a package of its own"
    assert names(features.output()["color-1.0.0.tgz"]) == [".", "./devcontainer-feature.json", "./install.sh"]


@pytest.mark.requirement("FR-2.pax", "DE-long", "EC-non-ascii", "EC-deep", "FR-7.path-length")
def test_names_beyond_ascii_long_names_and_deep_folders(features: Features) -> None:
    features.feature("")
    long, deep = "x" * 120 + ".txt", "/".join(["ordner"] * 90) + "/tief.txt"
    features.write({"Größe/日本.txt": "1", long: "2", deep: "3"})
    features.package()
    data = features.output()["color-1.0.0.tgz"]
    assert {"./Größe/日本.txt", f"./{long}", f"./{deep}"} <= set(names(data))
    assert {key for one in members(data) for key in one.pax_headers} <= {"path", "linkpath"}


@pytest.mark.requirement("FR-2.deterministic", "SC-3")
def test_the_same_sources_give_the_same_bytes_wherever_and_whenever(features: Features) -> None:
    for root, order in (("one", (1, 2, 3)), ("another/place", (3, 1, 2))):
        for number in order:
            features.feature(f"{root}/src/f{number}")
            features.write({f"{root}/src/f{number}/b{number}/x": "1", f"{root}/src/f{number}/a": "2"})
    os.utime(features.path("one/src/f1/a"), (1, 1))
    features.package("one", output="first")
    features.package("another/place/", output="second")
    assert features.output("first") == features.output("second")
    assert features.output("first") == {**features.output("first")}


@pytest.mark.requirement("FR-2.deterministic", "SC-3", "B-umask", "UP-umask")
def test_neither_umask_nor_locale_nor_environment_count(features: Features) -> None:
    features.feature("one/src/go")
    features.write({"one/src/go/Größe/b": "", "one/src/go/a": ""})
    before = os.umask(0o077)
    try:
        features.feature("two/src/go")
        features.write({"two/src/go/Größe/b": "", "two/src/go/a": ""})
        features.package("two", output="second")
    finally:
        os.umask(before)
    assert (
        features.run(
            "package", "one", "-o", "first", SOURCE_DATE_EPOCH="1700000000", LC_ALL="C", TZ="Asia/Tokyo"
        ).exit_code
        == 0
    )
    assert features.output("first") == features.output("second")


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=12).filter(
    lambda name: name not in {".", "..", "TARGETS.toml"} and not is_junk(name)
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=300), max_size=6))
@pytest.mark.requirement("FR-2", "FR-2.order", "SC-3", "EC-non-ascii")
def test_any_tree_is_packed_whole_in_order_and_the_same_again(features: Features, files: dict[str, bytes]) -> None:
    shutil.rmtree("go", ignore_errors=True)
    features.feature("go")
    written = {"devcontainer-feature.json", "install.sh"}
    for name, data in files.items():
        with contextlib.suppress(FileExistsError, IsADirectoryError, NotADirectoryError):
            features.write({f"go/{name}": data})
            written.add(name)
    features.package("go")
    before = features.output()
    with tarfile.open(features.path("output/go-1.0.0.tgz")) as archive:
        found = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        assert {name: file.read() for name, file in found.items() if file} == {
            f"./{name}": features.path(f"go/{name}").read_bytes() for name in written
        }
        order = [one.name + "/" * one.isdir() for one in archive.getmembers()][1:]
        assert [name.rstrip("/") for name in order] == sorted((name.rstrip("/") for name in order), key=str.encode)
    features.package("go")
    assert features.output() == before


@pytest.mark.requirement("FR-2.deterministic", "SC-3")
def test_golden_digests(features: Features) -> None:
    """These change only with a release that says so."""
    features.write(
        {
            "src/go/devcontainer-feature.json": '{"id": "go", "version": "1.2.3", "name": "Go"}',
            "src/go/install.sh": "#!/bin/sh\necho go\n" * 100,
            "src/go/lib/Größe.txt": "1\n",
            "src/go/lib/" + "n" * 120: "2\n",
            "src/a_b/devcontainer-feature.json": '{"id": "a_b", "version": "0.1.0-rc.1", "name": "A"}',
            "src/a_b/install.sh": "#!/bin/sh\n",
        }
    )
    features.path("src/go/install.sh").chmod(0o755)
    features.path("src/go/link").symlink_to("lib/Größe.txt")
    result = features.package()
    told = {archive.name: (archive.packed.sha256[:16], archive.packed.tar_sha256[:16]) for archive in result.archives}
    output = features.output()
    for archive in result.archives:
        data = output[archive.name]
        assert hashlib.sha256(data).hexdigest() == archive.packed.sha256
        assert hashlib.sha256(gzip.decompress(data)).hexdigest() == archive.packed.tar_sha256
        assert len(data) == archive.packed.size
    assert (told, hashlib.sha256(output[LISTING]).hexdigest()[:16]) == GOLDEN


GOLDEN = (
    {
        "a-b-0.1.0-rc.1.tgz": ("b681a235e68fe6de", "7777eb3365c1207b"),
        "go-1.2.3.tgz": ("661da3eba2684937", "69a878d02ba476aa"),
    },
    "dec64ad50c81ec0a",
)


@pytest.mark.requirement("D-10", "FR-2.deterministic")
def test_the_verb_and_the_rules_make_the_same_bytes(features: Features, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    for where in ("f/src/go", "f/src/a_b"):
        features.feature(where)
        features.write({f"{where}/sub/x": "1", f"{where}/.hidden": "2"})
        for path in (one for one in sorted(features.path(where).rglob("*")) if one.is_file()):
            name = path.relative_to(features.root).as_posix()
            ws.write({name: path.read_bytes()}, executable=os.access(path, os.X_OK))
    ws.write({"f/TARGETS.toml": '[[feature_collection]]\nname = "all"\n'})
    assert ws.build().exit_code == 0
    result = features.package("f")
    assert {f"dist/f/all/{name}": data for name, data in features.output().items()} == ws.contents("dist/f/all")
    for archive in result.archives:
        digest = ws.read(f"dist/f/all.digests/{archive.name.removesuffix('.tgz')}.tar.sha256")
        assert digest == archive.packed.tar_sha256 + "\n"


@pytest.mark.requirement("D-10", "FR-2.deterministic")
def test_output_folders_inside_features_are_packed_by_nobody(features: Features, tmp_path: Path) -> None:
    features.feature("f/src/go")
    features.package("f", output="clean")
    clean = features.output("clean")
    features.package("f/src/go", output="f/src/go/output")
    features.package("f/src/go", output="f/src/go/deep/made")
    result = features.package("f", output="again")
    assert features.output("again") == clean
    assert [str(one) for one in result.warnings] == [
        f"error: `f/src/go/{folder}` is an output folder, with a `devcontainer-collection.json`, "
        f"and so no part of the feature\n  at f/src/go/{folder}\n"
        "  fix: remove it, or package into a folder outside the feature"
        for folder in ("deep/made", "output")
    ]
    features.package("f/src/go", output="single")
    assert features.output("single")["go-1.0.0.tgz"] == clean["go-1.0.0.tgz"]
    ws = Workspace(tmp_path / "repo")
    for path in (one for one in features.path("f").rglob("*") if one.is_file()):
        name = path.relative_to(features.root).as_posix()
        ws.write({name: path.read_bytes()}, executable=os.access(path, os.X_OK))
    ws.write({"f/TARGETS.toml": '[[feature_collection]]\nname = "all"\n'})
    run = ws.packaging("build")
    assert run.exit_code == 0
    assert [line for line in run.output.splitlines() if line.startswith("warning")] == [
        str(one).splitlines()[0].replace("error", "warning") for one in result.warnings
    ]
    assert {f"dist/f/all/{name}": data for name, data in clean.items()} == ws.contents("dist/f/all")


@pytest.mark.requirement("D-9")
def test_the_name_that_web_addresses_need(features: Features) -> None:
    features.feature("src/go")
    features.package(naming="upstream")
    assert sorted(features.output()) == [LISTING, "devcontainer-feature-go.tgz"]


@pytest.mark.requirement("UP-rewrite")
def test_metadata_is_packed_as_it_is(features: Features) -> None:
    text = b'{ "id": "go", /* old */ "version": "1.0.0", "name": "Go", "legacyIds": ["golang"], }'
    features.write({"src/go/devcontainer-feature.json": text, "src/go/install.sh": ""})
    features.package()
    with tarfile.open(features.path("output/go-1.0.0.tgz")) as archive:
        packed = archive.extractfile("./devcontainer-feature.json")
        assert packed
        assert packed.read() == text


@pytest.mark.requirement("D-5", "UP-links", "DE-links")
def test_links_inside_stay_links_and_hard_links_become_files(features: Features) -> None:
    features.feature("")
    features.write({"lib/a": "1"})
    features.path("lib/link").symlink_to("../install.sh")
    features.path("folder").symlink_to("lib")
    os.link(features.path("lib/a"), features.path("twin"))
    features.package()
    found = {one.name: (one.type, one.linkname) for one in members(features.output()["color-1.0.0.tgz"])}
    assert found["./lib/link"] == (tarfile.SYMTYPE, "../install.sh")
    assert found["./folder"] == (tarfile.SYMTYPE, "lib")
    assert found["./twin"] == found["./lib/a"] == (tarfile.REGTYPE, "")


# What is left alone


@pytest.mark.requirement("D-11")
def test_what_has_not_changed_is_left_alone(features: Features) -> None:
    for name in ("go", "az", "node"):
        features.feature(f"src/{name}")
    features.rest()
    assert [one.kept for one in features.package(force=True).archives] == [False] * 3
    first = {path: os.stat(path).st_ino for path in features.path("output").iterdir()}
    assert [one.kept for one in features.package(force=True).archives] == [True] * 3
    assert {path: os.stat(path).st_ino for path in features.path("output").iterdir()} == first
    features.write({"src/go/install.sh": "#!/bin/sh\necho\n"})
    result = features.package()
    assert {one.feature.id: one.kept for one in result.archives} == {"az": True, "go": False, "node": True}
    assert os.stat("output/" + LISTING).st_ino == first[features.path("output/" + LISTING)]
    features.feature("src/go", version="1.1.0")
    features.package(force=True)
    assert sorted(features.output()) == ["az-1.0.0.tgz", LISTING, "go-1.1.0.tgz", "node-1.0.0.tgz"]


@pytest.mark.requirement("D-11", "SC-3")
@pytest.mark.parametrize("damage", ["edited", "removed", "same size", "replaced by a link"])
def test_an_archive_that_somebody_changed_is_made_again(features: Features, damage: str) -> None:
    features.feature("src/go")
    features.feature("src/az")
    features.rest()
    features.package()
    before = features.output()
    archive = features.path("output/go-1.0.0.tgz")
    if damage == "edited":
        archive.write_bytes(b"mine")
    elif damage == "same size":
        archive.write_bytes(b"x" * len(before["go-1.0.0.tgz"]))
    else:
        archive.unlink()
        if damage == "replaced by a link":
            archive.symlink_to("az-1.0.0.tgz")
    assert {one.feature.id: one.kept for one in features.package().archives} == {"az": True, "go": False}
    assert features.output() == before
    assert not archive.is_symlink()


@pytest.mark.requirement("D-11", "SC-3")
@pytest.mark.parametrize(
    "change", ["mode", "name", "content of the same size and time", "a file more", "a file less", "a link"]
)
def test_every_change_of_a_source_is_seen(features: Features, change: str) -> None:
    features.feature("src/go")
    features.write({"src/go/a": "1", "src/go/b": "2"})
    features.path("src/go/link").symlink_to("a")
    os.utime("src/go/a", (1_700_000_000, 1_700_000_000))
    features.rest()
    features.package()
    before, path = features.output(), features.path("src/go/a")
    if change == "mode":
        path.chmod(0o755)
    elif change == "name":
        path.rename(features.path("src/go/c"))
    elif change == "a file more":
        features.write({"src/go/c": ""})
    elif change == "a file less":
        features.path("src/go/b").unlink()
    elif change == "a link":
        features.path("src/go/link").unlink()
        features.path("src/go/link").symlink_to("b")
    else:
        path.write_text("3")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    features.package()
    assert features.output()["go-1.0.0.tgz"] != before["go-1.0.0.tgz"]


@pytest.mark.requirement("D-11", "SC-3")
def test_sources_too_young_to_tell_are_packed_again(features: Features, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two edits within one tick of the file system's clock may leave the same stat."""
    features.feature("src/go")
    with monkeypatch.context() as patch:
        patch.setattr(states, "_FINE_TICK_NS", 10**12)
        assert not features.package().archives[0].kept
        assert not features.package().archives[0].kept
    features.rest()
    assert not features.package().archives[0].kept
    assert features.package().archives[0].kept


@pytest.mark.requirement("D-11")
def test_what_is_remembered_may_be_lost_or_damaged(features: Features, tmp_path: Path) -> None:
    features.feature("src/go")
    features.rest()
    features.package()
    before = features.output()
    (entry,) = (path for path in (tmp_path / "cache").rglob("*") if path.is_file())
    whole = entry.read_bytes()
    for damaged in (
        b"",
        whole[:-1],
        whole[:20],
        whole.replace(b"go-1.0.0", b"go-1.0.1"),
        whole[:12] + b"{}" + whole[14:],
    ):
        entry.write_bytes(damaged)
        assert [one.kept for one in features.package().archives] == [False]
        assert features.output() == before
    assert [one.kept for one in features.package().archives] == [True]


@pytest.mark.requirement("D-11")
@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"checked": {}, "standing": {"go-1.0.0.tgz": [7, "x", []]}}', b'"x"']
)
def test_what_another_version_remembers_may_look_different(features: Features, data: bytes) -> None:
    features.feature("src/go")
    features.rest()
    features.package()
    key = Receipt.recall("src", os.path.realpath("output"), "collection", "versioned").key
    ActionCache(default_cache()).store(key, {"receipt": data}, {"receipt": "f" + hashlib.sha256(data).hexdigest()})
    assert [one.kept for one in features.package().archives] == [False]
    assert [one.kept for one in features.package().archives] == [True]


@pytest.mark.requirement("D-11", "D-6")
def test_warnings_come_again_with_every_run(features: Features) -> None:
    features.feature("src/go", name=None)
    features.rest()
    first, again = features.package(), features.package()
    assert [one.what for one in first.warnings] == ["`name` is missing"]
    assert again.warnings == first.warnings
    assert again.archives[0].kept
    assert features.refusal(strict=True).startswith("error: `name` is missing")


@pytest.mark.requirement("FR-1")
def test_what_is_no_feature_folder_is_passed_over(features: Features) -> None:
    features.feature("src/go")
    features.write({"src/README.md": "", "src/.config/x": "", "src/.git/HEAD": "", "test/go/test.sh": ""})
    features.path("src/golang").symlink_to("../test")
    result = features.package()
    assert [archive.name for archive in result.archives] == ["go-1.0.0.tgz"]
    assert [warning.what for warning in result.warnings] == ["`src/golang` is a symbolic link, and so no feature"]


@pytest.mark.requirement("D-4", "D-10")
def test_empty_folders_are_named(features: Features) -> None:
    features.feature("src/go")
    features.package(output="clean")
    features.write({"src/go/junk/.DS_Store": ""})
    features.path("src/go/a/b").mkdir(parents=True)
    result = features.package()
    assert [str(one) for one in result.warnings] == [
        f"error: the folder `src/go/{folder}` is not packed: it is empty\n  at src/go/{folder}\n"
        "  fix: put a file into it, such as `.gitkeep`, or let `install.sh` make it"
        for folder in ("a/b", "junk")
    ]
    assert features.output() == features.output("clean")


@pytest.mark.requirement("SC-1")
def test_many_features_are_packed_on_all_cores_like_one_after_the_other(
    features: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        features.feature(f"src/f{number}")
        features.write({f"src/f{number}/data": os.urandom(2_000 * number)})
    with monkeypatch.context() as patch:
        patch.setattr(os, "cpu_count", lambda: 1)
        features.package(output="one")
    assert features.run("package", "-o", "many").exit_code == 0
    assert features.output("one") == features.output("many")
