"""Reading tars that others made: the same entries as other programs see, and no surprises from hostile ones."""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tars import made

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.archive.reading.tar_reader import FILE, FOLDER, HARD_LINK, LINK, Limits, TarReader

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200)


def read(data: bytes, **limits: int) -> list[tuple[bytes, bytes, bytes]]:
    """Return (name, kind, content or link target) of every entry."""
    reader = TarReader(io.BytesIO(data), Limits(**limits))
    return [(entry.name, entry.kind, b"".join(reader.content()) or entry.link) for entry in reader]


def refusal(data: bytes, **limits: int) -> str:
    with pytest.raises(IntegrityError) as caught:
        read(data, **limits)
    return str(caught.value)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_three_forms_are_read(form: int) -> None:
    long = "d/" * 60 + "x" * 90
    data = made(
        {"name": "./", "type": tarfile.DIRTYPE},
        {"name": "./a", "data": b"1" * 1000, "mode": 0o755, "mtime": 7, "uid": 3, "uname": "ana"},
        {"name": long, "data": b"2"},
        {"name": "./link", "type": tarfile.SYMTYPE, "linkname": "a"},
        {"name": "./hard", "type": tarfile.LNKTYPE, "linkname": "./a"},
        form=form,
    )
    assert read(data) == [
        (b"./", FOLDER, b""),
        (b"./a", FILE, b"1" * 1000),
        (long.encode(), FILE, b"2"),
        (b"./link", LINK, b"a"),
        (b"./hard", HARD_LINK, b"./a"),
    ]
    entry = list(TarReader(io.BytesIO(data), Limits()))[1]
    assert (entry.mode, entry.mtime, entry.owners) == (0o755, 7, (3, 0, b"ana", b""))


@given(st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=6), st.sampled_from([1, 2]))
def test_what_python_writes_is_read(entries: list[tuple[str, bytes]], form: int) -> None:
    kept = [(name.strip("/") or "x", data) for name, data in entries]
    data = made(*({"name": name, "data": content} for name, content in kept), form=form)
    assert read(data) == [(name.encode(), FILE, content) for name, content in kept]


def test_content_that_is_not_asked_for_is_passed_over() -> None:
    data = made({"name": "a", "data": b"1" * 700}, {"name": "b", "data": b"2"})
    assert [entry.name for entry in TarReader(io.BytesIO(data), Limits())] == [b"a", b"b"]


def test_entries_of_unknown_types_have_content_and_folders_have_none() -> None:
    data = made({"name": "s", "type": b"S", "data": b"1" * 700}, {"name": "b", "data": b"2"})
    assert [name for name, _, _ in read(data)] == [b"s", b"b"]
    folder = bytearray(made({"name": "d/", "type": tarfile.DIRTYPE}, {"name": "b", "data": b"2"}))
    folder[124:136] = b"%011o\0" % 4096
    folder[148:156] = b" " * 8
    folder[148:156] = b"%06o\0 " % sum(folder[:512])
    assert [name for name, _, _ in read(bytes(folder))] == [b"d/", b"b"]


def test_what_stands_behind_the_archive_is_counted() -> None:
    data = made({"name": "a"})
    reader = TarReader(io.BytesIO(data + b"\0\0xyz"), Limits())
    assert len(list(reader)) == 1
    assert reader.rest() == 3


def test_a_size_beyond_eight_gigabytes_is_read_and_not_believed() -> None:
    data = bytearray(made({"name": "a", "data": b"1"}))
    data[124:136] = b"\x80" + (9 << 30).to_bytes(11, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert refusal(bytes(data)) == "error: the archive ends in the middle of an entry, at byte 10,240 of the tar"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda data: data[:700], "the archive ends in the middle of an entry, at byte 700 of the tar"),
        (lambda data: data[:100], "the archive ends in the middle of an entry, at byte 100 of the tar"),
        (lambda data: b"x" + data[1:], "there is no tar header at byte 0: its checksum is another"),
        (lambda data: data[:124] + b"9" * 11 + data[135:], "there is no tar header at byte 0: its checksum is another"),
        (lambda data: data[:148] + b"zzzzzz" + data[154:], "there is no tar header at byte 0: a number is 'zzzzzz'"),
        (lambda data: b"PK" * 600, "there is no tar header at byte 0: a number is 'PKPKPKPK'"),
    ],
)
def test_damage_is_told_with_its_place(change: Any, what: str) -> None:
    assert refusal(change(made({"name": "a", "data": b"1" * 600}))) == f"error: {what}"


def test_limits() -> None:
    many = made(*({"name": f"f{number}"} for number in range(11)))
    assert len(read(many, entries=11)) == 11
    assert refusal(many, entries=10) == "error: the archive has more than 10 entries, the limit"
    long = made({"name": "x" * 300}, form=tarfile.GNU_FORMAT)
    assert refusal(long, path=200) == "error: the archive has more than 201 bytes in an extended header, the limit"
    assert (
        refusal(made({"name": "x" * 300}), path=200)
        == "error: the archive has more than 200 bytes in a path, the limit"
    )
    huge = made({"name": "a", "pax_headers": {"comment": "x" * 70_000}})
    assert refusal(huge) == "error: the archive has more than 65,536 bytes in an extended header, the limit"


@pytest.mark.parametrize("record", [b"5 a=b\n", b"6 a=b", b"999 a=b\n", b"x a=b\n", b"0 \n", b"11 size=-1\n"])
def test_damaged_pax_records(record: bytes) -> None:
    data = bytearray(made({"name": "a", "pax_headers": {"k" * 3: "v" * 3}}))
    data[512:1024] = record.ljust(512, b"\0")
    data[124:136] = b"%011o\0" % len(record)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert "is damaged" in refusal(bytes(data))


@given(st.data())
def test_no_damage_leads_to_anything_but_an_integrity_error(data: st.DataObject) -> None:
    whole = bytearray(made({"name": "a" * 150, "data": b"1" * 600}, {"name": "b", "pax_headers": {"x": "y"}}))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(IntegrityError):
        read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


def test_global_headers_with_many_keys_cost_no_time_at_every_entry() -> None:
    shared = b"".join(
        tarfile.TarInfo._create_pax_generic_header({f"{i}.{j}": "" for j in range(1500)}, tarfile.XGLTYPE, "utf-8")  # type: ignore[attr-defined]
        for i in range(100)
    )
    entries = made(*({"name": str(place)} for place in range(3000)))
    started = time.process_time()
    assert len(read(shared + entries)) == 3000
    assert time.process_time() - started < 5  # it was a minute, when 150,000 keys were joined for each entry
