"""What clients would make of an archive: every oddity is told, and hostile archives are met by limits."""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tars import made

from packaging_targets.errors import Problem
from packaging_targets.formats.archive.reading.tar_reader import Limits, TarEntry
from packaging_targets.formats.feature.archive import FeatureArchive, path_of, read_feature_archive

METADATA = json.dumps({"id": "go", "version": "1.0.0", "name": "Go"}).encode()
NAME = "devcontainer-feature-go.tgz"


def tar(*entries: dict[str, Any], metadata: bytes | None = METADATA, script: bytes | None = b"#!/bin/sh\n") -> bytes:
    """Return the tar of a valid feature with more entries (see the attributes of TarInfo; `data` is the content)."""
    own: list[dict[str, Any]] = [{"name": "./", "type": tarfile.DIRTYPE, "mode": 0o755}]
    if metadata is not None:
        own.append({"name": "./devcontainer-feature.json", "data": metadata})
    if script is not None:
        own.append({"name": "./install.sh", "data": script, "mode": 0o755})
    return made(*own, *entries)


def look(data: bytes, name: str = NAME, **limits: int) -> FeatureArchive:
    return read_feature_archive(name, io.BytesIO(data), Limits(**limits) if limits else None)


def zipped(data: bytes) -> bytes:
    return zlib.compress(data, wbits=31)


def packed(*entries: dict[str, Any], **options: Any) -> bytes:
    return zipped(tar(*entries, **options))


def told(problems: list[Problem]) -> list[str]:
    return [problem.what for problem in problems]


def test_a_good_archive() -> None:
    found = look(packed())
    assert (found.errors, found.warnings, found.notes) == ([], [], [])
    assert found.feature
    assert (found.feature.id, found.feature.version, found.compression) == ("go", "1.0.0", "gzip")
    assert (found.packed, found.unpacked) == (len(packed()), len(tar()))
    assert [path_of(entry) for entry in found.entries] == ["", "devcontainer-feature.json", "install.sh"]


def test_an_archive_that_is_not_compressed() -> None:
    found = look(tar())
    assert (found.errors, found.compression) == ([], "none")
    assert found.notes == ["the archive is not compressed, although clients expect a .tgz; they read it all the same"]


def test_the_name_that_web_addresses_need() -> None:
    (note,) = look(packed(), "out/go-1.0.0.tgz").notes
    assert note == f"from a web address clients take it under the name `{NAME}` alone; registries do not care"


@pytest.mark.requirement("FR-7.metadata")
@pytest.mark.parametrize(
    ("metadata", "what"),
    [
        (None, f"`{NAME}` holds no `devcontainer-feature.json`"),
        (b"{", '`devcontainer-feature.json` is not JSON: expected `}` or a key in `"`, but the file ends'),
        (b'{"id": "go"}', "`version` is missing"),
        (
            b" " * (2 << 20),
            "`devcontainer-feature.json` is not JSON: the file has 1,048,577 bytes, and the limit is 1,048,576",
        ),
    ],
)
def test_metadata_that_clients_cannot_read(metadata: bytes | None, what: str) -> None:
    assert told(look(packed(metadata=metadata), ratio=10_000).errors) == [what]


def test_no_script_to_install() -> None:
    assert told(look(packed(script=None)).errors) == [f"`{NAME}` holds no `install.sh`"]


@pytest.mark.requirement("B-crlf")
def test_what_a_folder_can_have_wrong_is_told_of_an_archive_too() -> None:
    found = look(packed({"name": "./.x"}, {"name": "./A"}, {"name": "./a"}, script=b"#!/bin/sh\r\n"))
    assert told(found.warnings) == [
        f"`{NAME}/.x` starts with a dot: clients that fetch the archive from a web address drop it",
        "`A` and `a` are one file where case does not count",
        f"`{NAME}/install.sh` has Windows line endings (CRLF), on which a shell in a container fails",
    ]


@pytest.mark.requirement("UP-links", "B-archive")
@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"name": "/etc/x"}, "the entry `/etc/x` leads out of the archive: clients rewrite its name or drop it"),
        ({"name": ".//etc/x"}, None),
        ({"name": "./../x"}, "the entry `../x` leads out of the archive: clients rewrite its name or drop it"),
        (
            {"name": "./a/../../x"},
            "the entry `a/../../x` leads out of the archive: clients rewrite its name or drop it",
        ),
        ({"name": "./p", "type": tarfile.FIFOTYPE}, "the entry `p` is a FIFO: clients drop it"),
        ({"name": "./d", "type": tarfile.CHRTYPE}, "the entry `d` is a device: clients drop it"),
        ({"name": "./s", "type": b"S"}, "the entry `s` is of the type 'S': clients drop it"),
        (
            {"name": "./l", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
            f"`{NAME}/l` is a symbolic link to `/etc/passwd`, an absolute path",
        ),
        (
            {"name": "./l", "type": tarfile.SYMTYPE, "linkname": "../x"},
            f"`{NAME}/l` is a symbolic link to `../x`, which leaves the feature's folder or leads in a circle",
        ),
        (
            {"name": "./h", "type": tarfile.LNKTYPE, "linkname": "./nothing"},
            "`h` is a hard link to `nothing`, which does not stand before it",
        ),
        ({"name": "./h", "type": tarfile.LNKTYPE, "linkname": "./install.sh"}, None),
        ({"name": b"./caf\xe9".decode("utf-8", "surrogateescape")}, f"the file name `{NAME}/caf\\xe9` is not UTF-8"),
    ],
)
def test_entries_that_clients_drop_or_rewrite(entry: dict[str, Any], what: str | None) -> None:
    assert told(look(packed(entry)).errors) == ([what] if what else [])


def test_entries_that_stand_twice() -> None:
    found = look(packed({"name": "install.sh", "data": b"other", "mode": 0o755}))
    assert told(found.warnings) == ["`install.sh` stands twice in the archive: the last one counts"]
    assert found.notes == ["1 entry does not start with `./`, as those of other packers do; clients read both"]


def test_what_makes_other_bytes_of_the_same_sources() -> None:
    entry = {"name": "./x", "mtime": 5, "uid": 1000, "uname": "ana", "mode": 0o4755}
    assert look(packed(entry, {**entry, "name": "./y"}, script=b"")).notes == [
        "2 entries carry a time: packed again, the same sources give other bytes",
        "2 entries carry an owner: packed by others, the same sources give other bytes",
        "2 entries have a setuid, setgid or sticky bit, which clients drop",
    ]


@pytest.mark.requirement("B-archive")
@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the archive is empty"),
        (b"PK\x03\x04rest", "this is zip: clients read tar, as it is or in gzip"),
        (b"\x28\xb5\x2f\xfdrest", "this is zstd: clients read tar, as it is or in gzip"),
        (b'{"id": "go"}', "this is JSON: clients read tar, as it is or in gzip"),
        (packed()[:-8], "the gzip stream ends too early"),
        (packed()[:100], "the gzip stream ends too early"),
        (packed() + b"more", "bytes that are no gzip stand behind the gzip stream"),
        (zipped(b"hello" * 200), "there is no tar header at byte 0: a number is 'lohelloh'"),
        (zipped(tar()[:700]), "the archive ends in the middle of an entry, at byte 700 of the tar"),
    ],
    ids=range(9),
)
def test_damaged_archives(data: bytes, what: str) -> None:
    found = look(data)
    assert told(found.errors) == [what]
    assert found.errors[0].where == NAME


def test_a_damaged_gzip_stream() -> None:
    data = bytearray(packed({"name": "./data", "data": bytes(range(256)) * 40}))
    data[len(data) // 2] ^= 0xFF
    (what,) = told(look(bytes(data)).errors)
    assert what.startswith(("the gzip stream is damaged: ", "there is no tar header"))


def test_gzip_in_many_members_with_zeros_behind() -> None:
    whole = tar({"name": "./data", "data": b"x" * 5000})
    data = b"".join(zipped(whole[at : at + 1000]) for at in range(0, len(whole), 1000))
    assert look(data + bytes(512)).errors == []
    assert look(data + bytes(512)).unpacked == len(whole)


@pytest.mark.requirement("B-archive")
def test_limits() -> None:
    bomb = zipped(tar({"name": "./zeros", "data": bytes(8 << 20)}))
    assert told(look(bomb).errors) == ["the archive unpacks to more than 250 times its size, the limit"]
    assert told(look(bomb, ratio=10_000, unpacked=1 << 20).errors) == [
        "the archive unpacks to more than 1,048,576 bytes, the limit"
    ]
    assert told(look(packed(), packed=100).errors) == ["the archive has more than 100 bytes, the limit"]
    assert told(look(packed(), entries=2).errors) == ["the archive has more than 2 entries, the limit"]
    assert look(bomb, ratio=10_000).errors == []


def test_little_is_kept_of_a_large_script() -> None:
    found = look(packed(script=b"#" * (3 << 20) + b"\r\n"), ratio=10_000)
    assert (found.errors, found.warnings) == ([], [])


@given(st.binary(max_size=400))
def test_any_bytes_are_told_of_and_raise_nothing(data: bytes) -> None:
    assert look(data).errors
    assert look(zipped(data)).errors


@given(st.integers(0), st.integers(0, 255), st.booleans())
def test_no_damage_raises_anything(at: int, value: int, compressed: bool) -> None:
    data = bytearray(
        tar({"name": "./" + "x" * 150, "data": b"1"}, {"name": "./l", "type": tarfile.SYMTYPE, "linkname": "x"})
    )
    data[at % len(data)] = value
    look(zipped(bytes(data)) if compressed else bytes(data))


@pytest.mark.parametrize(
    ("name", "path"), [(b"./a/b", "a/b"), (b"././/a/", "a"), (b".", ""), (b"./", ""), (b"..", ".."), (b"/a", "/a")]
)
def test_paths(name: bytes, path: str) -> None:
    assert path_of(TarEntry(name, b"0")) == path
