"""Files of a tar by name: found in one pass, read in any order, and nothing else is followed."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tars import made

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.archive.reading.tar_files import TarFiles
from packaging_targets.formats.archive.reading.tar_reader import Limits

NAME = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)


def opened(data: bytes, limits: Limits | None = None) -> TarFiles:
    return TarFiles(io.BytesIO(data), limits or Limits())


@given(st.dictionaries(st.lists(NAME, min_size=1, max_size=3).map("/".join), st.binary(max_size=2000), max_size=6))
def test_every_file_is_read_by_its_name(files: dict[str, bytes]) -> None:
    found = opened(made(*({"name": name, "data": data} for name, data in files.items())))
    assert found.sizes == {name: len(data) for name, data in files.items()}
    assert {name: b"".join(found.pieces(name)) for name in reversed(files)} == files
    assert found.problems == []


def test_folders_and_a_dot_before_names_are_nothing_special() -> None:
    found = opened(made({"name": "./", "type": tarfile.DIRTYPE}, {"name": "./a", "data": b"1"}))
    assert (found.sizes, found.problems) == ({"a": 1}, [])


def test_what_is_no_file_and_names_that_lead_elsewhere_are_told() -> None:
    found = opened(
        made(
            {"name": "a", "data": b"1"},
            {"name": "a", "data": b"2"},
            {"name": "./a", "data": b"3"},
            {"name": "/etc/passwd", "data": b"4"},
            {"name": "x/../../y", "data": b"5"},
            {"name": "soft", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
            {"name": "hard", "type": tarfile.LNKTYPE, "linkname": "a"},
            {"name": "pipe", "type": tarfile.FIFOTYPE},
            {"name": "zero", "type": tarfile.CHRTYPE},
            {"name": "\x1b[2J", "type": tarfile.SYMTYPE, "linkname": "a"},
        )
    )
    only = "and only files are read from the tar"
    assert [problem.what for problem in found.problems] == [
        "`a` stands twice in the tar",
        "`./a` stands twice in the tar",
        "`/etc/passwd` is no relative path without `.` and `..`",
        "`x/../../y` is no relative path without `.` and `..`",
        f"`soft` is a symbolic link, {only}",
        f"`hard` is a hard link, {only}",
        f"`pipe` is a FIFO, {only}",
        f"`zero` is a device, {only}",
        f"`\\x1b[2J` is a symbolic link, {only}",
    ]
    assert found.sizes == {"a": 1}


def test_what_is_no_tar_and_too_many_entries_are_refused() -> None:
    with pytest.raises(IntegrityError, match="there is no tar header at byte 0"):
        opened(b"x" * 1024)
    with pytest.raises(IntegrityError, match="the archive has more than 2 entries, the limit"):
        opened(made(*({"name": str(number)} for number in range(3))), Limits(entries=2))
    with pytest.raises(IntegrityError, match="ends in the middle of an entry"):
        opened(made({"name": "a", "data": b"1" * 1000})[:1000])
