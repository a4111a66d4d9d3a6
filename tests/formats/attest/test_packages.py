"""Packages are told from files that nobody wrote for us: what is good is read, what is bad becomes a note."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.attest.go_build import Module, go_modules
from packaging_targets.formats.attest.packages import Packages

METADATA = "app/lib/some_lib-1.0.dist-info/METADATA"
NODE = "app/node_modules/left-pad/package.json"
DPKG = "var/lib/dpkg/status"


def packages(path: str, data: bytes | str) -> Packages:
    found = Packages()
    given = data.encode() if isinstance(data, str) else data
    if found.wants(path, len(given)):
        found.read(path, given)
    return found


def purls(found: Packages) -> list[str]:
    return [package.purl for package in found.found()]


def test_a_python_package_has_a_name_a_version_and_a_licence() -> None:
    data = "Metadata-Version: 2.4\r\nName: Some_Lib\r\nVersion: 1.0\r\nLicense: old\r\nLicense-Expression: MIT\r\n\r\nName: body\r\n"
    (package,) = packages(METADATA, data).found()
    assert (package.purl, package.name, package.version) == ("pkg:pypi/some-lib@1.0", "Some_Lib", "1.0")
    assert (package.license, package.paths) == ("MIT", (METADATA,))


def test_an_old_python_package_has_the_same() -> None:
    found = packages("usr/lib/x.egg-info/PKG-INFO", "Name: x\nVersion: 2\nLicense: BSD\n the rest of it\nSummary: -\n")
    assert [(one.purl, one.license) for one in found.found()] == [("pkg:pypi/x@2", "BSD")]
    assert packages("usr/lib/x.egg-info/PKG-INFO", "Name: x\nVersion: 2\nLicense: UNKNOWN\n").found()[0].license == ""


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"license": "MIT"}, "MIT"),
        ({"license": {"type": "ISC", "url": "…"}}, "ISC"),
        ({"licenses": [{"type": "MIT"}, {"type": "Apache-2.0"}]}, "(MIT OR Apache-2.0)"),
        ({"license": 7}, ""),
        ({"license": ["MIT"]}, ""),
        ({}, ""),
    ],
)
def test_a_node_package_states_its_licence_in_one_of_many_ways(said: dict[str, Any], licence: str) -> None:
    (package,) = packages(NODE, json.dumps({"name": "left-pad", "version": "1.3.0", **said})).found()
    assert (package.purl, package.license) == ("pkg:npm/left-pad@1.3.0", licence)


def test_a_node_package_may_have_a_scope() -> None:
    (package,) = packages("node_modules/@a/b/package.json", '{"name": "@a/b", "version": "1.0.0"}').found()
    assert (package.purl, package.name) == ("pkg:npm/%40a/b@1.0.0", "@a/b")


@pytest.mark.parametrize(
    "path",
    [
        "package.json",
        "app/package.json",
        "node_modules/package.json",
        "node_modules/a/test/package.json",
        "node_modules/.bin/package.json",
        "node_modules/a/package.json.bak",
        "METADATA",
        "a.dist-info/METADATA/x",
        "app/var/lib/dpkg/status",
        "var/lib/dpkg/status.d/libc6.md5sums",
    ],
)
def test_files_of_such_names_elsewhere_are_no_metadata(path: str) -> None:
    assert not Packages().wants(path, 10)


STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u4
Description: C library
 with more lines: and colons

Package: gone
Status: deinstall ok config-files
Version: 1

Package: nameless-version
Status: install ok installed

Package: tzdata
Status: install ok installed
Architecture: all
Version: 1:2024a
"""


def test_debian_packages_are_those_that_are_installed() -> None:
    found = packages(DPKG, STATUS)
    assert purls(found) == [
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64",
        "pkg:deb/debian/tzdata@1:2024a?arch=all",
    ]
    assert found.notes == [f"`{DPKG}` has entries without a name and a version"]


def test_an_image_without_a_shell_lists_a_debian_package_a_file() -> None:
    found = packages("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n")
    assert purls(found) == ["pkg:deb/debian/base-files@12.4?arch=amd64"]


def test_packages_of_debian_are_those_of_the_distribution_that_the_image_is() -> None:
    found = packages("usr/lib/os-release", 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\n')
    found.read(DPKG, b"Package: a\nVersion: 1\n")
    assert purls(found) == ["pkg:deb/ubuntu/a@1"]


def test_a_package_in_two_places_is_one_package() -> None:
    found = packages(NODE, '{"name": "a", "version": "1"}')
    other = "app/node_modules/b/node_modules/a/package.json"
    found.read(other, b'{"name": "a", "version": "1"}')
    (package,) = found.found()
    assert package.paths == (other, NODE)


@pytest.mark.parametrize(
    ("path", "data", "note"),
    [
        (NODE, b"{", f"`{NODE}` is no JSON"),
        (NODE, b"\xff\xfe\xff", f"`{NODE}` is no JSON"),
        (NODE, b"[" * 100_000, f"`{NODE}` is no JSON"),
        (NODE, b"9" * 5000, f"`{NODE}` is no JSON"),
        (NODE, b"[]", f"`{NODE}` is no JSON object"),
        (NODE, b'{"type": "module"}', f"`{NODE}` names no package and its version"),
        (NODE, b'{"name": "a\\u0000b", "version": "1"}', f"`{NODE}` names no package and its version"),
        (NODE, b'{"name": "\\ud800", "version": "1"}', f"`{NODE}` names no package and its version"),
        (NODE, b'{"name": "a", "version": ["1"]}', f"`{NODE}` names no package and its version"),
        (NODE, b'{"name": "a", "version": "%s"}' % (b"1" * 1001), f"`{NODE}` names no package and its version"),
        (NODE, b'{"name": "a/", "version": "1"}', f"`{NODE}` names a package by what is no name"),
        (METADATA, b"", f"`{METADATA}` names no package and its version"),
        (METADATA, b"\n\nName: x\n", f"`{METADATA}` names no package and its version"),
        (METADATA, b"x" * ((1 << 20) + 1), f"`{METADATA}` was not read: it is larger than 1 MiB"),
    ],
)
def test_what_cannot_be_read_is_a_note(path: str, data: bytes, note: str) -> None:
    found = packages(path, data)
    assert (found.found(), found.notes) == ((), [note])


TEXT = st.text(max_size=30) | st.none() | st.integers() | st.lists(st.text(max_size=5), max_size=2)


@given(st.dictionaries(st.sampled_from(["name", "version", "license", "licenses"]), TEXT))
def test_any_json_is_a_package_or_a_note(said: dict[str, Any]) -> None:
    found = packages(NODE, json.dumps(said))
    assert len(found.found()) + len(found.notes) == 1


@given(st.binary(max_size=300) | st.text("Packge: Vrsion\nSttu", max_size=300).map(str.encode))
def test_any_bytes_are_packages_or_notes(data: bytes) -> None:
    for path in (METADATA, NODE, DPKG, "etc/os-release"):
        packages(path, data).found()


# Go

SENTINEL = b"0123456789abcdef"


def length(number: int) -> bytes:
    """Return a number, seven bits a byte."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def build_info(listing: str, version: str = "go1.22.1", flags: int = 2) -> bytes:
    modules = SENTINEL + listing.encode() + SENTINEL
    head = b"\xff Go buildinf:" + bytes([8, flags]) + bytes(16)
    return head + length(len(version)) + version.encode() + length(len(modules)) + modules


def elf(section: bytes, name: bytes = b".go.buildinfo", *, bits: int = 64, order: str = "<") -> bytes:
    """Return a program of three sections: none, `name`, and the names."""
    header, row = {64: ("HHIQQQIHHHHHH", "IIQQQQIIQQ"), 32: ("HHIIIIIHHHHHH", "IIIIIIIIII")}[bits]
    names = b"\0" + name + b"\0.shstrtab\0"
    start = 16 + struct.calcsize(order + header)
    table = start + len(section) + len(names)
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2]) + bytes(10)
    size = struct.calcsize(order + row)
    head = struct.pack(order + header, 2, 62, 1, 0, 0, table, 0, start, 0, 0, size, 3, 2)
    sections = [(0, 0, 0), (1, start, len(section)), (2 + len(name), start + len(section), len(names))]
    rows = [struct.pack(order + row, word, 0, 0, 0, at, long, 0, 0, 0, 0) for word, at, long in sections]
    return ident + head + section + names + b"".join(rows)


LISTING = "path\tacme/cmd\nmod\tacme\t(devel)\t\ndep\tgolang.org/x/sys\tv0.1.0\th1:x\ndep\ta.b/c\tv1.0.0\n=>\tfork.d/c\tv1.0.1\th1:y\nbuild\t-compiler=gc\n"
MODULES = (
    Module("stdlib", "1.22.1"),
    Module("acme", ""),
    Module("golang.org/x/sys", "v0.1.0"),
    Module("fork.d/c", "v1.0.1"),
)


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("order", "<>")
def test_a_go_program_lists_its_modules(bits: int, order: str) -> None:
    program = elf(build_info(LISTING), bits=bits, order=order)
    assert go_modules(io.BytesIO(program)) == MODULES


def test_modules_of_go_are_packages() -> None:
    found = Packages()
    program = elf(build_info(LISTING, "go1.22.1 X:nocoverageredesign"))
    assert found.is_program(program)
    found.read_program("usr/bin/acme", io.BytesIO(program))
    assert purls(found) == [
        "pkg:golang/acme",
        "pkg:golang/fork.d/c@v1.0.1",
        "pkg:golang/golang.org/x/sys@v0.1.0",
        "pkg:golang/stdlib@1.22.1",
    ]
    assert [package.name for package in found.found()] == ["acme", "fork.d/c", "golang.org/x/sys", "stdlib"]


@pytest.mark.parametrize(
    "program",
    [
        elf(build_info(LISTING), b".text"),
        elf(build_info(LISTING, flags=0)),
        elf(b"something else"),
        b"\x7fELF\x07\x07" + bytes(100),
    ],
)
def test_other_programs_list_none(program: bytes) -> None:
    assert go_modules(io.BytesIO(program)) == ()


WHOLE = elf(build_info(LISTING))


@pytest.mark.parametrize(
    "program",
    [
        b"\x7fELF",
        WHOLE[:40],
        WHOLE[:-1],
        elf(build_info(LISTING)[:60]),
        elf(build_info(LISTING)[:32] + b"\xff" * 100_000),
        elf(build_info("\0")[:32] + b"\x01\xff\x00"),
        WHOLE.replace(struct.pack("<Q", len(build_info(LISTING))), struct.pack("<Q", 1 << 62)),
    ],
)
def test_a_program_that_is_not_what_it_says_is_a_note(program: bytes) -> None:
    found = Packages()
    found.read_program("bin/x", io.BytesIO(program))
    assert (found.found(), found.notes) == ((), ["`bin/x` was not read: its headers are not those of a program"])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6))
def test_no_program_is_too_odd(changes: list[tuple[int, int]]) -> None:
    program = bytearray(WHOLE)
    for place, byte in changes:
        program[place] = byte
    Packages().read_program("bin/x", io.BytesIO(bytes(program)))


@pytest.mark.service
@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is a Go program to read")
def test_a_real_program_of_go() -> None:
    with Path(str(shutil.which("skopeo"))).open("rb") as file:
        modules = go_modules(file)
    # Debian builds it without modules, so that there may be no more than the language's own.
    assert modules[0].path == "stdlib"
    assert re.fullmatch(r"1\.\d+(\.\d+)?", modules[0].version)
