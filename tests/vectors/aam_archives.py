"""Archives of packages put together by hand, good and hostile, for `make_aam.py`: nothing of our package is used."""

from __future__ import annotations

import json
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

MANIFEST = "package.agent.json"
END = bytes(1024)
GOOD = json.dumps({"name": "@acme/review", "version": "1.2.0"}).encode()


@dataclass
class Archive:
    """An archive, and what a reader has to make of it: `files`, or a refusal with the words of ours in `what`."""

    name: str
    ids: tuple[str, ...]
    data: bytes
    what: str = ""
    files: dict[str, tuple[bytes, bool]] = field(default_factory=dict)


def header(name: bytes, size: int, kind: bytes = b"0", **fields: Any) -> bytes:
    """Return a header; `fields` are mode, mtime, user, group, link, prefix, magic, and `size_field` as raw bytes."""
    block = bytearray(512)
    block[0 : len(name)] = name[:100]
    for at, key, usual, width in ((100, "mode", 0o644, 7), (108, "user", 0, 7), (116, "group", 0, 7)):
        block[at : at + width] = b"%0*o" % (width, fields.get(key, usual))
    block[124:136] = fields.get("size_field", b"%011o\0" % size)
    block[136:147] = b"%011o" % fields.get("mtime", 0)
    block[156:157] = kind
    link = fields.get("link", b"")
    block[157 : 157 + len(link)] = link
    block[257:265] = fields.get("magic", b"ustar\x0000")
    prefix = fields.get("prefix", b"")
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


def entry(name: str | bytes, data: bytes = b"", kind: bytes = b"0", **fields: Any) -> bytes:
    raw = name.encode() if isinstance(name, str) else name
    return header(raw, len(data), kind, **fields) + data + bytes(-len(data) % 512)


def manifest(data: bytes = GOOD, name: str = MANIFEST) -> bytes:
    return entry(name, data)


def pax(records: dict[str, bytes], kind: bytes = b"x") -> bytes:
    body = b""
    for key, value in records.items():
        rest = b" %b=%b\n" % (key.encode(), value)
        length = len(rest)
        while length != len(rest) + len(str(length)):
            length = len(rest) + len(str(length))
        body += b"%d%b" % (length, rest)
    return entry("PaxHeaders/x", body, kind)


def stored(data: bytes, front: bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\xff") -> bytes:
    """Return a gzip member whose blocks are stored: its bytes depend on no library."""
    pieces = [data[at : at + 65535] for at in range(0, len(data), 65535)] or [b""]
    blocks = [
        struct.pack("<BHH", at == len(pieces) - 1, len(piece), len(piece) ^ 0xFFFF) + piece
        for at, piece in enumerate(pieces)
    ]
    return front + b"".join(blocks) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def squeezed(data: bytes) -> bytes:
    """Return a gzip file of zlib: for what is too large to be stored. Other versions of zlib make other bytes."""
    packing = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packing.compress(data) + packing.flush()


def packed(*entries: bytes) -> bytes:
    return stored(b"".join(entries) + END)


def good() -> Iterator[Archive]:
    own = {MANIFEST: (GOOD, False)}
    skill = b"---\nname: review\n---\n"
    long = "skills/" + "d" * 60 + "/" + "f" * 90 + ".md"
    deep = "/".join(["a"] * 33)
    yield Archive("minimal", ("S12.1.format", "S12.1.manifest-at-root"), packed(manifest()), files=own)
    yield Archive(
        "executable",
        ("P21",),
        packed(manifest(), entry("skills/r/run.sh", b"#!/bin/sh\n", mode=0o755), entry("skills/r/SKILL.md", skill)),
        files={**own, "skills/r/run.sh": (b"#!/bin/sh\n", True), "skills/r/SKILL.md": (skill, False)},
    )
    yield Archive(
        "leading-dot",
        ("P24",),
        packed(entry("./", kind=b"5"), manifest(name="./" + MANIFEST), entry("./a/", kind=b"5"), entry("./a/b", b"1")),
        files={**own, "a/b": (b"1", False)},
    )
    yield Archive(
        "divided-name",
        (),
        packed(entry(long[68:], skill, prefix=long[:67].encode()), manifest()),
        files={long: (skill, False), **own},
    )
    yield Archive(
        "pax-name", (), packed(pax({"path": "é/ñ".encode()}), entry("x", b"1"), manifest()), files={"é/ñ": (b"1", False), **own}
    )  # fmt: skip
    yield Archive(
        "gnu-name",
        (),
        packed(entry("././@LongLink", long.encode() + b"\0", b"L"), entry("x", b"1"), manifest()),
        files={long: (b"1", False), **own},
    )
    yield Archive("pax-global", (), packed(pax({"comment": b"0" * 40}, b"g"), manifest()), files=own)
    yield Archive("old-tar", (), packed(entry(MANIFEST, GOOD, b"\0", magic=bytes(8))), files=own)
    yield Archive(
        "owners-and-times",
        (),
        packed(entry(MANIFEST, GOOD, mode=0o600, mtime=1_700_000_000, user=1000, group=1000)),
        files=own,
    )
    yield Archive("deepest", ("P23",), packed(manifest(), entry(deep, b"1")), files={**own, deep: (b"1", False)})
    whole = manifest() + entry("a", b"1" * 700) + END
    members = b"".join(stored(whole[at : at + 500]) for at in range(0, len(whole), 500))
    yield Archive("many-members", (), members, files={**own, "a": (b"1" * 700, False)})
    named = stored(whole, b"\x1f\x8b\x08\x08\x01\x02\x03\x04\0\x03my.tar\0")
    yield Archive("gzip-with-name", (), named, files={**own, "a": (b"1" * 700, False)})
    yield Archive("padded", (), packed(manifest(), bytes(9 << 10)), files=own)


def hostile_names() -> Iterator[Archive]:
    decomposed = unicodedata.normalize("NFD", "é")
    refusals = {
        "absolute": ("/etc/passwd", "S12.1.no-absolute", "is absolute"),
        "parent": ("../evil", "P24", "has a part that is empty, `.` or `..`"),
        "parent-inside": ("a/../../evil", "P24", "has a part that is empty, `.` or `..`"),
        "dot-part": ("a/./b", "P24", "has a part that is empty, `.` or `..`"),
        "empty-part": ("a//b", "P24", "has a part that is empty, `.` or `..`"),
        "backslash": ("..\\evil", "P24", "has a backslash"),
        "drive": ("C:evil", "P24", "has a colon"),
        "newline": ("a\nb", "P24", "has the control character U+000A"),
        "delete": ("a\x7f", "P24", "has the control character U+007F"),
        "direction": ("a\u202egpj.md", "P24", "has the control character U+202E"),
        "decomposed": (decomposed, "P24", "is not in NFC, the composed form of Unicode"),
        "device": ("a/CON", "P24", "has a name that is a device on Windows, `CON`"),
        "device-with-suffix": ("nul.txt", "P24", "has a name that is a device on Windows, `nul.txt`"),
        "final-dot": ("a.", "P24", "has a name that ends in a dot, which Windows takes off"),
        "final-space": ("a /b", "P24", "has a name that ends in a space, which Windows takes off"),
        "git": (".git/config", "P24", "has a name that is version control's, `.git`"),
        "git-of-other-case": ("a/.Git/config", "P24", "has a name that is version control's, `.Git`"),
        "git-file": ("a/.git", "P24", "has a name that is version control's, `.git`"),
        "git-short": ("a/GIT~1/config", "P24", "has a name that is version control's, `GIT~1`"),
        "mercurial": (".hg/hgrc", "P24", "has a name that is version control's, `.hg`"),
        "star": ("a*", "P24", "has a `*`, which Windows has in no name"),
        "too-deep": ("/".join(["a"] * 34), "P23", "lies in more than 32 folders"),
        "long-part": ("a" * 256, "P23", "has a name of more than 255 bytes"),
    }
    for case, (name, statement, what) in refusals.items():
        shown = name[:200] if name.isprintable() else name.replace("\n", "\\x0a")
        told = what if case in {"newline", "delete", "direction"} else f"the path `{shown}` {what}"
        front = pax({"path": name.encode()}) if len(name.encode()) > 100 else b""
        raw = b"x" if front else name.encode()
        yield Archive(f"name-{case}", (statement,), packed(manifest(), front, entry(raw, b"1")), told)
    raw = packed(manifest(), entry(b"a\xff", b"1"))
    yield Archive("name-not-utf8", ("P24",), raw, "the path `a\\xff` is not UTF-8")
    zero = packed(manifest(), pax({"path": b"a\0b"}), entry("x", b"1"))
    yield Archive("name-zero", ("P24",), zero, "has the control character U+0000")
    longest = packed(manifest(), pax({"path": b"/".join([b"a" * 100] * 6)}), entry("x", b"1"))
    yield Archive("name-too-long", ("P23",), longest, "the archive has more than 512 bytes in a path, the limit")


def hostile_kinds() -> Iterator[Archive]:
    kinds = {
        "link": (b"2", "a symbolic link", {"link": b"../../etc/passwd"}),
        "link-inside": (b"2", "a symbolic link", {"link": MANIFEST.encode()}),
        "hard-link": (b"1", "a hard link", {"link": MANIFEST.encode()}),
        "character-device": (b"3", "a device", {}),
        "block-device": (b"4", "a device", {}),
        "fifo": (b"6", "a FIFO", {}),
        "contiguous": (b"7", "a contiguous file", {}),
        "unknown": (b"Z", "of the type 'Z'", {}),
        "sparse": (b"S", "a sparse file", {}),
    }
    for case, (kind, what, fields) in kinds.items():
        data = packed(manifest(), entry("skills/x", b"", kind, **fields))
        statement = "S12.1.no-links" if "link" in case else "P24"
        yield Archive(f"kind-{case}", (statement,), data, f"`skills/x` is {what}")
    records = {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0", "GNU.sparse.name": b"y"}
    yield Archive("kind-sparse-pax", ("P24",), packed(manifest(), pax(records), entry("x")), "`x` is a sparse file")
    into = packed(manifest(), entry("d", b"", b"2", link=b".."), entry("d/x", b"1"))
    yield Archive("kind-link-then-file", ("S12.1.no-links",), into, "`d` is a symbolic link")


def hostile_pairs() -> Iterator[Archive]:
    where = "where neither case nor composition counts"
    pairs = {
        "twice": ("a", "a", "`a` stands twice"),
        "case": ("Read.md", "README.md"[:4].upper() + ".md", f"`READ.md` and `Read.md` are one file {where}"),
        "sharp-s": ("straße", "STRASSE", f"`STRASSE` and `straße` are one file {where}"),
        "sign": ("\u212b", "\u00e5", "is not in NFC"),
        "folders": ("A/x", "a/y", f"`a` and `A` are one folder {where}"),
        "file-then-folder": ("a", "a/b", "`a` is a folder, and `a` a file"),
        "folder-then-file": ("a/b", "a", "`a` is a file, and `a` a folder"),
        "file-in-file-of-other-case": ("A", "a/b", "`a` is a folder, and `A` a file"),
    }
    for case, (first, second, what) in pairs.items():
        yield Archive(f"pair-{case}", ("P24",), packed(manifest(), entry(first, b"1"), entry(second, b"2")), what)
    folder = packed(manifest(), entry("a", b"1"), entry("a/", kind=b"5"))
    yield Archive("pair-file-then-empty-folder", ("P24",), folder, "`a` is a folder, and `a` a file")


def repositories() -> Iterator[Archive]:
    told = "for a repository, and run what is configured there"
    bare = {
        "bare": ("s/HEAD", "s/config", "s/objects/k", "s/refs/k"),
        "bare-of-other-case": ("S/head", "S/Config", "S/Objects/k", "S/REFS"),
        "bare-elsewhere": ("s/HEAD", "s/commondir", "t/objects/k", "t/refs/k"),
    }
    for case, paths in bare.items():
        data = packed(manifest(), *(entry(path, b"1") for path in paths))
        yield Archive(f"git-{case}", ("P24",), data, f"git would take `{paths[0][0]}` {told}")
    root = packed(manifest(), *(entry(path, b"1") for path in ("HEAD", "objects/k", "refs/k")))
    yield Archive("git-bare-root", ("P24",), root, f"git would take `.` {told}")


def hostile_manifests() -> Iterator[Archive]:
    root, none = "S12.1.manifest-at-root", f"there is no `{MANIFEST}` at the root of the archive"
    yield Archive("manifest-missing", (root,), packed(entry("a", b"1")), none)
    yield Archive("manifest-in-folder", (root,), packed(manifest(name="package/" + MANIFEST)), none)
    yield Archive("manifest-of-other-case", (root,), packed(manifest(name="Package.Agent.json")), none)
    yield Archive("manifest-folder", (root,), packed(entry(MANIFEST + "/", kind=b"5")), none)
    yield Archive("manifest-twice", (root,), packed(manifest(), manifest()), f"`{MANIFEST}` stands twice")
    dotted = packed(manifest(), manifest(name="./" + MANIFEST))
    yield Archive("manifest-twice-dotted", (root,), dotted, f"`{MANIFEST}` stands twice")
    link = packed(entry("m", GOOD), entry(MANIFEST, b"", b"2", link=b"m"))
    yield Archive("manifest-link", (root,), link, f"`{MANIFEST}` is a symbolic link")
    yield Archive("manifest-no-json", ("P25",), packed(manifest(b"{")), "this is no JSON")
    name = json.dumps({"name": "acme--review", "version": "1.0.0"}).encode()
    yield Archive(
        "manifest-name", ("P2", "P25"), packed(manifest(name)), "the name `acme--review` has `--` in its name"
    )
    version = json.dumps({"name": "review", "version": "1.0"}).encode()
    yield Archive("manifest-version", ("P7", "P25"), packed(manifest(version)), "`1.0` is no semantic version")
    bundle = packed(entry("bundle.json", b"{}"), manifest())
    yield Archive(
        "manifest-of-bundle", ("P25",), bundle, "`bundle.json` is at the root: this is a bundle, and no package"
    )
    large = squeezed(manifest(GOOD + b" " * (1 << 20)) + END)
    yield Archive("manifest-large", ("P25",), large, f"`{MANIFEST}` has 1,048,6")


def hostile_bytes() -> Iterator[Archive]:
    whole = manifest() + END
    behind = "bytes stand behind the end of the archive"
    yield Archive("bytes-behind-tar", ("P24",), stored(whole + b"more"), behind)
    yield Archive("bytes-second-tar", ("P24",), stored(whole + manifest() + END), behind)
    yield Archive(
        "bytes-behind-gzip", ("P24",), stored(whole) + b"more", "bytes that are no gzip stand behind the gzip"
    )
    yield Archive("bytes-no-gzip", ("S12.1.format",), whole, "this is not in gzip, as archives of packages are")
    yield Archive("bytes-zip", ("S12.1.format",), b"PK\x03\x04" + bytes(60), "this is zip")
    yield Archive("bytes-none", ("S12.1.format",), b"", "the archive is empty")
    yield Archive("bytes-no-tar", ("S12.1.format",), stored(b"hello " * 200), "there is no tar header at byte 0")
    yield Archive("bytes-empty-tar", ("S12.1.manifest-at-root",), stored(END), "there is no `package.agent.json`")
    crc = stored(whole)
    wrong = crc[:-8] + bytes([crc[-8] ^ 1]) + crc[-7:]
    yield Archive("bytes-checksum", (), wrong, "the gzip stream is damaged")
    yield Archive("bytes-cut", (), crc[:-9], "the gzip stream ends too early")
    yield Archive("bytes-no-end", (), stored(manifest()), "the archive ends in the middle of an entry")
    yield Archive("bytes-half-an-end", (), stored(manifest() + bytes(512)), "the archive ends too early")
    lies = header(b"a", 0, size_field=b"%011o\0" % 5000) + b"1" * 512
    yield Archive("size-too-large", (), stored(manifest() + lies + END), "the archive ends in the middle of an entry")
    short = header(b"a", 0, size_field=b"%011o\0" % 3) + b"1" * 1024
    yield Archive("size-too-small", (), stored(manifest() + short + END), "there is no tar header at byte")
    huge = header(b"a", 0, size_field=b"\x80" + (9 << 30).to_bytes(11, "big")) + b"1" * 512
    yield Archive("size-binary", (), stored(manifest() + huge + END), "the archive ends in the middle of an entry")
    negative = header(b"a", 0, size_field=b"\xff" * 12)
    yield Archive("size-negative", (), stored(manifest() + negative + END), "the pax header before byte")
    other = pax({"size": b"-1"}) + entry("a", b"1")
    yield Archive("size-pax", (), stored(manifest() + other + END), "the pax header before byte")
    record = entry("PaxHeaders/x", b"99 path=a\n", b"x") + entry("a", b"1")
    yield Archive("pax-damaged", (), stored(manifest() + record + END), "the pax header that ends at byte")
    dangling = stored(manifest() + pax({"path": b"../evil"}) + END)
    yield Archive("pax-without-entry", ("P24",), dangling, "an extended header has no entry behind it, at byte 2,048")
    sum_ = bytearray(whole)
    sum_[0] ^= 1
    yield Archive(
        "header-checksum", (), stored(bytes(sum_)), "there is no tar header at byte 0: its checksum is another"
    )


def bombs() -> Iterator[Archive]:
    zeros = squeezed(manifest() + entry("zeros", bytes(30 << 20)) + END)
    yield Archive("bomb-zeros", ("P23",), zeros, "the archive unpacks to more than 250 times its size, the limit")
    many = b"".join(header(b"f%d" % number, 0) for number in range(20_000))
    yield Archive("bomb-files", ("P23",), squeezed(manifest() + many + END), "the archive has more than 20,000 entries")
    text = pax({"comment": b"x" * 70_000}) + manifest()
    yield Archive(
        "bomb-pax", ("P23",), squeezed(text + END), "the archive has more than 65,536 bytes in an extended header"
    )
    front, body = pax({"a": b"00000"})[:512], b"11 a=%05d\n" + bytes(501)
    headers = squeezed(b"".join(front + body % number for number in range(40_001)) + manifest() + END)
    yield Archive("bomb-headers", ("P23",), headers, "the archive has more than 40,000 extended headers, the limit")
    behind = squeezed(manifest() + bytes(30 << 20))
    yield Archive("bomb-behind", ("P23",), behind, "the archive unpacks to more than 250 times its size, the limit")


@cache
def archives() -> list[Archive]:
    parts = (good, hostile_names, hostile_kinds, hostile_pairs, repositories, hostile_manifests, hostile_bytes, bombs)
    return [archive for part in parts for archive in part()]
