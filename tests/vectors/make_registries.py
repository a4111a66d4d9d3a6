"""Makes the registries among the vectors: `python tests/vectors/make_registries.py` writes them to `aam/registries`.

Nothing of the package is used here: documents are written by hand, archives are put together by `aam_archives.py`.
What the members of `registries.json` mean: README.md in this folder.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aam_archives import manifest, packed

FOLDER = Path(__file__).parent / "aam"
AT = 1_771_768_800
TIME = "2026-02-22T14:00:00Z"
LATER = "2026-02-23T08:30:00Z"

Tree = dict[str, bytes | str]
"""What is in a registry: bytes by path, and where links lead."""


@dataclass
class Vector:
    """A registry, and what has to be found in it; `row` is what `registries.json` says besides."""

    name: str
    ids: tuple[str, ...]
    tree: Tree
    row: dict[str, Any] = field(default_factory=dict)


def archive(name: str, version: str, description: str = "") -> bytes:
    value = {"name": name, "version": version, "description": description or f"What {name} is for."}
    return packed(manifest(json.dumps(value).encode()))


def release(name: str, version: str, at: str = TIME, **members: Any) -> dict[str, Any]:
    data = archive(name, version)
    return {
        "version": version,
        "description": f"What {name} is for.",
        "author": "",
        "publishedAt": at,
        "integrity": f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}",
        "tarball": f"versions/{version}.aam",
        "size": len(data),
        **members,
    }


def files(name: str, *versions: str) -> Tree:
    folder = name.removeprefix("@").replace("/", "--")
    tree: Tree = {}
    for version in versions:
        data = archive(name, version)
        path = f"packages/{folder}/versions/{version}.aam"
        tree[path] = data
        tree[f"{path}.sha256"] = f"{hashlib.sha256(data).hexdigest()}  {version}.aam\n".encode()
    return tree


def meta(name: str, releases: list[dict[str, Any]], tags: dict[str, str], at: str = TIME) -> Tree:
    folder = name.removeprefix("@").replace("/", "--")
    value = {"name": name, "versions": {one["version"]: one for one in releases}, "dist-tags": tags, "modifiedAt": at}
    return {f"packages/{folder}/meta.json": (json.dumps(value, indent=2) + "\n").encode()}


def listings(lines: list[str], tags: list[str], at: str = TIME) -> Tree:
    """index.json and dist-tags.json, of lines that have no commas behind them."""
    head = f'{{\n  "formatVersion": 1,\n  "updatedAt": "{at}",\n  "packages": [\n'
    index = head + ",\n".join(f"    {line}" for line in lines) + ("\n" if lines else "") + "  ]\n}\n"
    told = "{\n" + ",\n".join(f"  {line}" for line in tags) + ("\n" if tags else "") + "}\n"
    return {"index.json": index.encode(), "dist-tags.json": told.encode()}


SCOPED = '{"name": "@myorg/code-review", "latest": "2.0.0", "versions": ["2.0.0"], "description": "What @myorg/code-review is for."}'
PLAIN = '{"name": "code-review", "latest": "1.1.0", "versions": ["1.0.0", "1.1.0"], "description": "What code-review is for."}'
HALF = '{"name": "code-review", "latest": "1.0.0", "versions": ["1.0.0"], "description": "What code-review is for."}'
SCOPED_TAGS = '"@myorg/code-review": {"latest": "2.0.0"}'
PLAIN_TAGS = '"code-review": {"latest": "1.1.0", "stable": "1.0.0"}'
SCOPED_ROW = {"latest": "2.0.0", "versions": ["2.0.0"], "tags": {"latest": "2.0.0"}, "yanked": []}
PLAIN_ROW = {
    "latest": "1.1.0",
    "versions": ["1.0.0", "1.1.0"],
    "tags": {"latest": "1.1.0", "stable": "1.0.0"},
    "yanked": [],
}


def good() -> Tree:
    """The two packages of the text."""
    plain = [release("code-review", version) for version in ("1.0.0", "1.1.0")]
    return (
        listings([SCOPED, PLAIN], [SCOPED_TAGS, PLAIN_TAGS])
        | files("code-review", "1.0.0", "1.1.0")
        | meta("code-review", plain, {"latest": "1.1.0", "stable": "1.0.0"})
        | files("@myorg/code-review", "2.0.0")
        | meta("@myorg/code-review", [release("@myorg/code-review", "2.0.0")], {"latest": "2.0.0"})
    )


def yanked() -> Tree:
    """The same with a yanked version, which was `latest` and `stable`, and a package whose versions are all yanked."""
    one = release(
        "code-review", "1.1.0", yanked={"at": LATER, "reason": "it deletes files", "tags": ["latest", "stable"]}
    )
    scoped = release(
        "@myorg/code-review", "2.0.0", yanked={"at": LATER, "tags": ["latest"]}, deprecated="use code-review"
    )
    return (
        good()
        | listings([HALF], ['"code-review": {"latest": "1.0.0"}'], LATER)
        | meta("code-review", [release("code-review", "1.0.0"), one], {"latest": "1.0.0"}, LATER)
        | meta("@myorg/code-review", [scoped], {}, LATER)
    )


def vectors() -> Iterator[Vector]:
    both = {"@myorg/code-review": SCOPED_ROW, "code-review": PLAIN_ROW}
    yield Vector("empty", ("S12.5.init",), listings([], [], "1970-01-01T00:00:00Z"), {"packages": {}})
    yield Vector("text", ("S12.5.layout", "S12.5.mapping", "S12.5.sha256-sibling", "P38"), good(), {"packages": both})
    hidden = {
        "code-review": {"latest": "1.0.0", "versions": ["1.0.0"], "tags": {"latest": "1.0.0"}, "yanked": ["1.1.0"]}
    }
    yield Vector("yanked", ("P41",), yanked(), {"packages": hidden})
    placed: Tree = dict(files("@myorg/code-review", "2.0.0") | files("code-review", "1.0.0", "1.1.0"))
    del placed["packages/code-review/versions/1.1.0.aam.sha256"]
    plain = [release("code-review", version) for version in ("1.0.0", "1.1.0")]
    whole = (
        good()
        | listings([SCOPED, PLAIN], [SCOPED_TAGS, '"code-review": {"latest": "1.1.0"}'])
        | meta("code-review", plain, {"latest": "1.1.0"})
    )
    yield Vector("placed", ("S12.5.reindex", "P42"), placed, {"reindexed": "placed-reindexed", "time": AT})
    yield Vector("placed-reindexed", ("P36", "P37", "P38"), whole, {"packages": both | {"code-review": PLAIN_ROW | {"tags": {"latest": "1.1.0"}}}})  # fmt: skip
    yield from damaged()


def without(path: str) -> Callable[[Tree], None]:
    return lambda tree: tree.__delitem__(path)


def put(path: str, content: bytes | str) -> Callable[[Tree], None]:
    return lambda tree: tree.__setitem__(path, content)


def replaced(path: str, old: bytes, new: bytes) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        data = tree[path]
        assert isinstance(data, bytes)
        assert old in data
        tree[path] = data.replace(old, new)

    return change


def damaged() -> Iterator[Vector]:
    """The good one with one thing wrong; `damaged` has the files that have to be told."""
    versions = "packages/code-review/versions"
    first, plain = f"{versions}/1.0.0.aam", "packages/code-review/meta.json"
    cases: list[tuple[str, tuple[str, ...], Callable[[Tree], None], list[str]]] = [
        ("tampered-archive", ("P40",), put(first, archive("code-review", "1.0.0", "Other.")), [first]),
        ("missing-archive", ("P39",), without(first), [first]),
        ("tampered-checksum", ("S12.5.sha256-sibling", "P27"), put(f"{first}.sha256", b"0" * 64 + b"  1.0.0.aam\n"), [f"{first}.sha256"]),
        ("missing-checksum", ("S12.5.sha256-sibling",), without(f"{first}.sha256"), [f"{first}.sha256"]),
        ("unknown-archive", ("P42",), put(f"{versions}/3.0.0.aam", archive("code-review", "3.0.0")), [f"{versions}/3.0.0.aam"]),
        ("unknown-file", ("S12.5.layout",), put("notes.txt", b"x"), ["notes.txt"]),
        ("unfinished", ("P42",), put(".aam-0123456789abcdef.new", b"x"), [".aam-0123456789abcdef.new"]),
        ("other-name", ("P6", "S12.5.mapping"), replaced(plain, b'"name": "code-review"', b'"name": "code-reviews"'), [plain, first, f"{versions}/1.1.0.aam", "index.json", "dist-tags.json"]),
        ("torn-meta", ("P36",), replaced(plain, b'"\n}\n', b""), [plain]),
        ("climbing-tarball", ("P24",), replaced(plain, b'"versions/1.0.0.aam"', b'"../../../versions/1.0.0.aam"'), [plain]),
        ("tag-nowhere", ("S12.5.dist-tags",), replaced(plain, b'"stable": "1.0.0"', b'"stable": "9.0.0"'), [plain, "dist-tags.json"]),
        ("stale-index", ("S12.5.index", "S12.5.index-atomic"), replaced("index.json", PLAIN.encode(), HALF.encode()), ["index.json"]),
        ("stale-tags", ("S12.5.dist-tags",), replaced("dist-tags.json", b', "stable": "1.0.0"', b""), ["dist-tags.json"]),
        ("missing-tags", ("S12.5.dist-tags",), without("dist-tags.json"), ["dist-tags.json"]),
        ("link-outside", ("S12.5.no-symlinks-outside",), put(first, "../../../../text/packages/code-review/versions/1.0.0.aam"), [first]),
    ]  # fmt: skip
    for name, ids, change, places in cases:
        tree = good()
        change(tree)
        yield Vector(name, ids, tree, {"damaged": sorted(places)})


def rows() -> list[dict[str, Any]]:
    return [{"registry": f"registries/{one.name}", "ids": list(one.ids), **one.row} for one in vectors()]


def write(tree: Tree, folder: Path) -> None:
    """Write what is in a registry."""
    for path, content in tree.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            place.symlink_to(content)
        else:
            place.write_bytes(content)


def main() -> None:
    shutil.rmtree(FOLDER / "registries", ignore_errors=True)
    for one in vectors():
        write(one.tree, FOLDER / "registries" / one.name)
    lines = ",\n".join(json.dumps(row, ensure_ascii=True, sort_keys=True) for row in rows())
    (FOLDER / "registries.json").write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
