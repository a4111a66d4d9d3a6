"""Tar archives: what readers make of them, to the byte."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources import NOTHING, Sources

from packaging_targets.errors import PackagingError
from packaging_targets.formats.archive import tar
from packaging_targets.formats.archive.tar import Owner, write_tar
from packaging_targets.model.manifest import Entry, Manifest


def tar_of(manifest: Manifest, sources: Sources = NOTHING, *, mtime: int = 0, root: bool = False) -> bytes:
    out = io.BytesIO()
    write_tar(out, manifest, sources, mtime=mtime, root=root)
    return out.getvalue()


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


def sample() -> tuple[Manifest, Sources]:
    """Return one of everything: both modes, long names, links, text and folders."""
    files: dict[str, bytes | str] = {
        "a.txt": b"hello\n",
        "run.sh": b"#!/bin/sh\n",
        "now": "a.txt",
        "big": bytes(range(256)) * 9,
    }
    entries = [
        Entry("a.txt", "a.txt"),
        Entry("bin/run", "run.sh"),
        Entry("bin/plain", "run.sh", executable=False),
        Entry("bin/forced", "a.txt", executable=True),
        Entry("current", "now"),
        Entry("far", link="../" * 40 + "away"),
        Entry("d" * 90 + "/" + "e" * 90 + "/file", "big"),
        Entry("n" * 120, text="long name\n"),
        Entry("übung/größe", text="ä\n"),
        Entry("zz-empty"),
    ]
    return Manifest.of(entries), Sources(files)


def test_the_golden_bytes() -> None:
    digest = hashlib.sha256(tar_of(*sample())).hexdigest()
    assert digest == "7f09b22ea5af872c58714ad1e0e78a8f71ef249957ea49ebc44332a6a3659728"
    digest = hashlib.sha256(tar_of(*sample(), mtime=1_700_000_000, root=True)).hexdigest()
    assert digest == "ce5c7f28273dac96c9fc71cdcac03a7dec0a92d04bf9d438be2ee175fe3d9b76"


def test_one_header_is_ustar_field_by_field() -> None:
    data = tar_of(Manifest.of([Entry("run.sh", "run.sh")]), Sources({"run.sh": b"12345"}), mtime=1)
    header = data[:512]
    assert header[:100] == b"run.sh".ljust(100, b"\0")
    numbers = (b"0000755", b"0000000", b"0000000", b"00000000005", b"00000000001", b"")
    assert header[100:148] == b"\0".join(numbers)
    assert header[156:345] == b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\x000000000\x00"
    assert header[345:] == bytes(167)
    blank = header[:148] + b" " * 8 + header[156:]
    assert header[148:156] == b"%06o\0 " % sum(blank)
    assert data[512:] == b"12345".ljust(512, b"\0") + bytes(1024)


def test_modes_owners_and_times() -> None:
    with tarfile.open(fileobj=io.BytesIO(tar_of(*sample(), mtime=77))) as archive:
        found = {member.name: member for member in archive}
    modes = {name: oct(found[name].mode) for name in ("a.txt", "bin/run", "bin/plain", "bin/forced", "bin", "current")}
    assert modes == {
        "a.txt": "0o644",
        "bin/run": "0o755",
        "bin/plain": "0o644",
        "bin/forced": "0o755",
        "bin": "0o755",
        "current": "0o777",
    }
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in found.values()} == {(0, 0, "", "", 77)}
    assert (found["current"].linkname, found["far"].linkname) == ("a.txt", "../" * 40 + "away")


def test_an_owner_has_a_folder_and_all_below_it() -> None:
    manifest = Manifest.of([Entry("srv/app/a", text="1"), Entry("srv/app/l", link="a"), Entry("srv/apple", text="2")])
    out = io.BytesIO()
    write_tar(out, manifest, NOTHING, owner=Owner(1000, 50, b"srv/app"))
    assert hashlib.sha256(out.getvalue()).hexdigest()[:16] == "81865309cbdc2927"
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        owners = {member.name: (member.uid, member.gid) for member in archive}
    mine, root = (1000, 50), (0, 0)
    assert owners == {"srv": root, "srv/app": mine, "srv/app/a": mine, "srv/app/l": mine, "srv/apple": root}
    whole = io.BytesIO()
    write_tar(whole, manifest, NOTHING, owner=Owner(2_097_151, 2_097_151))
    with tarfile.open(fileobj=io.BytesIO(whole.getvalue())) as archive:
        assert {(member.uid, member.gid) for member in archive} == {(2_097_151, 2_097_151)}


@pytest.mark.parametrize("owner", [Owner(1 << 21, 0), Owner(0, 1 << 21), Owner(-1, 0)])
def test_an_owner_that_tar_has_no_room_for(owner: Owner) -> None:
    with pytest.raises(PackagingError) as caught:
        write_tar(io.BytesIO(), Manifest.of([]), NOTHING, owner=owner)
    assert str(caught.value) == (
        f"error: a tar archive has no room for the owner {owner.user}:{owner.group}\n"
        "  fix: choose numbers below 2,097,152"
    )


def test_root_puts_a_dot_before_every_name() -> None:
    data = tar_of(Manifest.of([Entry("a/b", text="x")]), root=True)
    assert names(data) == [".", "./a", "./a/b"]
    assert data[:3] == b"./\0"


def test_the_order_is_that_of_bytes() -> None:
    manifest = Manifest.of([Entry(name, text="") for name in ("é", "z", "a.b", "a/b", "\U0001f600", "\uffee")])
    assert names(tar_of(manifest)) == ["a", "a.b", "a/b", "z", "é", "\uffee", "\U0001f600"]


@pytest.mark.parametrize(
    ("name", "extended"),
    [
        ("n" * 100, False),
        ("n" * 101, True),
        ("p" * 155 + "/" + "n" * 100, False),
        ("p" * 156 + "/" + "n" * 99, True),
        ("p" * 155 + "/" + "n" * 101, True),
        ("a/" * 127 + "n", False),
        ("ü" * 50, False),
        ("ü" * 51, True),
    ],
)
def test_pax_only_where_ustar_has_no_room(name: str, extended: bool) -> None:
    data = tar_of(Manifest.of([Entry(name, text="x")], folders=False))
    assert names(data) == [name]
    assert (data[156:157] == b"x") is extended
    assert b"mtime=" not in data


def test_a_long_folder_name_keeps_its_slash() -> None:
    data = tar_of(Manifest.of([Entry("p" * 20 + "/" + "f" * 99)], folders=False))
    assert data[:101] == b"f" * 99 + b"/" + b"0"
    assert b"path=" + b"f" * 100 + b"/\n" in tar_of(Manifest.of([Entry("f" * 100)]))


def test_a_size_beyond_ustar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar, "_SIZE_LIMIT", 5)  # so that a test does not take 8 GiB
    data = tar_of(Manifest.of([Entry("a", text="12345"), Entry("b", text="1234")]))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [(member.name, member.size) for member in archive] == [("a", 5), ("b", 4)]
        assert archive.extractfile("a").read() == b"12345"  # type: ignore[union-attr]  # it is a file
    assert b"9 size=5\n" in data


@pytest.mark.parametrize("announced", [0, 4, 6, 3 << 20])
def test_a_source_that_changes(announced: int) -> None:
    sources = Sources({"src/x": b"12345"}, {"src/x": announced})
    with pytest.raises(PackagingError) as caught:
        tar_of(Manifest.of([Entry("x", "src/x")]), sources)
    assert str(caught.value) == "error: `src/x` changed while it was read\n  fix: run the build again"


def test_a_large_source_is_read_in_pieces() -> None:
    data = bytes(range(256)) * 10_000
    archive = tar_of(Manifest.of([Entry("x", "x")]), Sources({"x": data}))
    assert archive[512 : 512 + len(data)] == data
    assert len(archive) == 512 + len(data) + -len(data) % 512 + 1024


def test_names_that_are_not_utf8_are_told_at_once_and_before_anything_is_written() -> None:
    out = io.BytesIO()
    manifest = Manifest.of([Entry("caf\udce9", text=""), Entry("a\udcff/b", text="")])
    with pytest.raises(PackagingError) as caught:
        write_tar(out, manifest, NOTHING)
    assert str(caught.value) == (
        "error: the name of `a\\xff/b` is not UTF-8\n  fix: rename it, or exclude it\n\n"
        "error: the name of `a\\xff` is not UTF-8\n  fix: rename it, or exclude it\n\n"
        "error: the name of `caf\\xe9` is not UTF-8\n  fix: rename it, or exclude it"
    )
    assert out.getvalue() == b""


def test_a_link_that_is_not_utf8() -> None:
    with pytest.raises(PackagingError) as caught:
        tar_of(Manifest.of([Entry("l", "l")]), Sources({"l": "caf\udce9"}))
    assert str(caught.value) == (
        "error: `l` is a link whose target `caf\\xe9` is not UTF-8\n  fix: rename it, or exclude it"
    )


@pytest.mark.parametrize("mtime", [-1, 1 << 33])
def test_a_time_without_room(mtime: int) -> None:
    with pytest.raises(PackagingError) as caught:
        tar_of(Manifest.of([]), mtime=mtime)
    assert str(caught.value) == (
        f"error: a tar archive has no room for the time {mtime}\n  fix: set SOURCE_DATE_EPOCH to seconds since 1970"
    )


SEGMENTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
PATHS = st.lists(SEGMENTS.filter(lambda part: part not in {".", ".."}), min_size=1, max_size=6).map("/".join)
LINKS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=150)
KINDS = st.one_of(st.binary(max_size=1500), LINKS, st.none())


@given(st.dictionaries(PATHS, st.tuples(KINDS, st.sampled_from([None, True, False])), max_size=8), st.booleans())
def test_any_manifest_comes_back(tree: dict[str, tuple[bytes | str | None, bool | None]], root: bool) -> None:
    sources = Sources({path: data for path, (data, _) in tree.items() if data is not None})
    entries = [
        Entry(path) if data is None else Entry(path, path, executable=executable)
        for path, (data, executable) in tree.items()
    ]
    try:
        manifest = Manifest.of(entries)
    except ValueError:
        return  # a file in the place of a folder
    with tarfile.open(fileobj=io.BytesIO(tar_of(manifest, sources, root=root))) as archive:
        found = archive.getmembers()[root:]
        assert [member.name.removeprefix("./") for member in found] == [entry.dest for entry in manifest.entries]
        for member, entry in zip(found, manifest.entries, strict=True):
            data, executable = tree.get(entry.dest, (None, None))
            if isinstance(data, str):
                assert (member.type, member.linkname) == (tarfile.SYMTYPE, data)
            elif data is None:
                assert member.isdir()
            else:
                assert archive.extractfile(member).read() == data  # type: ignore[union-attr]  # it is a file
                assert bool(member.mode & 0o111) is (entry.dest.endswith(".sh") if executable is None else executable)


@pytest.mark.service
@pytest.mark.parametrize("tool", ["tar", "bsdtar"])
def test_real_tools_unpack_it(tool: str, tmp_path: Path) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "x.tar").write_bytes(tar_of(*sample(), root=True))
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run([tool, "-xf", "../x.tar"], cwd=out, capture_output=True, env=environment, check=True)
    assert done.stderr == b""
    assert (out / "bin/forced").read_bytes() == b"hello\n"
    assert (out / ("d" * 90) / ("e" * 90) / "file").read_bytes() == bytes(range(256)) * 9
    assert (out / ("n" * 120)).read_text() == "long name\n"
    assert (out / "übung/größe").read_text() == "ä\n"
    assert (out / "far").readlink().as_posix() == "../" * 40 + "away"
    assert sum(1 for _ in out.rglob("*")) == len(sample()[0].entries)


@pytest.mark.service
def test_node_lists_it(tmp_path: Path) -> None:
    """What `@devcontainers/cli` reads features with; npm brings it along."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    root = subprocess.run(["npm", "root", "-g"], capture_output=True, encoding="utf-8", check=True).stdout
    module = Path(root.strip(), "npm/node_modules/tar")
    (tmp_path / "x.tar").write_bytes(tar_of(*sample()))
    script = """
        const [module, file] = process.argv.slice(1)
        require(module).t({file, sync: true, strict: true, onentry: entry => console.log(entry.path)})
    """
    command = ["node", "-e", script, str(module), str(tmp_path / "x.tar")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert [line.rstrip("/") for line in done.stdout.splitlines()] == [entry.dest for entry in sample()[0].entries]
