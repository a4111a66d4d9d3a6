"""What is in an image: the last word on each path counts, and every file is there once, with its digests."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources import Sources

from packaging_targets.errors import PackagingError
from packaging_targets.formats.attest.inventory import BaseImage, ImageFile, Inventory, Layers, take, visible
from packaging_targets.model.manifest import Entry, Manifest


def layer(*entries: Entry) -> Manifest:
    return Manifest.of(entries)


def inventory(*layers: Manifest, files: dict[str, bytes | str] | None = None) -> Inventory:
    return take(Layers(layers), Sources(files or {}), name="api")


def names(*layers: Manifest) -> list[str]:
    return [entry.dest for entry in visible(layers).entries if not entry.is_folder]


def test_files_have_their_paths_and_digests_and_links_and_folders_are_left_out() -> None:
    files: dict[str, bytes | str] = {"src/a": b"hello", "src/link": "a"}
    found = inventory(
        layer(Entry("app/a", "src/a"), Entry("app/empty"), Entry("app/link", "src/link"), Entry("app/to", link="a")),
        layer(Entry("app/größe.txt", text="x")),
        files=files,
    )
    assert found.files == (
        ImageFile("app/a", hashlib.sha256(b"hello").hexdigest(), hashlib.sha1(b"hello").hexdigest()),
        ImageFile("app/größe.txt", hashlib.sha256(b"x").hexdigest(), hashlib.sha1(b"x").hexdigest()),
    )


def test_a_later_layer_has_the_last_word() -> None:
    low = layer(Entry("app/a", text="1"), Entry("app/b", text="1"), Entry("lib/x/y", text="1"))
    assert names(low, layer(Entry("app/b", text="2"))) == ["app/a", "app/b", "lib/x/y"]
    assert inventory(low, layer(Entry("app/b", text="2"))).files[1].sha256 == hashlib.sha256(b"2").hexdigest()
    # A file where a folder was, and the other way round.
    assert names(low, layer(Entry("lib", text="2"))) == ["app/a", "app/b", "lib"]
    assert names(low, layer(Entry("lib", link="app"))) == ["app/a", "app/b", "lib"]
    assert names(layer(Entry("lib", text="1")), low) == ["app/a", "app/b", "lib/x/y"]
    assert names(low, layer(Entry("lib", text="2")), layer(Entry("lib/z", text="3"))) == ["app/a", "app/b", "lib/z"]


def test_packages_are_found_while_files_are_read_and_programs_are_read_again() -> None:
    files: dict[str, bytes | str] = {"p": b'{"name": "a", "version": "1"}', "bad": b"{", "elf": b"\x7fELF"}
    found = inventory(
        layer(
            Entry("node_modules/a/package.json", "p"),
            Entry("node_modules/b/package.json", "bad"),
            Entry("bin/x", "elf"),
            Entry("bin/y", text="\x7fELF"),
        ),
        files=files,
    )
    assert [package.purl for package in found.packages] == ["pkg:npm/a@1"]
    assert found.notes == (
        "`bin/x` was not read: its headers are not those of a program",
        "`node_modules/b/package.json` is no JSON",
    )


def test_a_source_that_changes_is_an_error() -> None:
    with pytest.raises(PackagingError) as caught:
        take(Layers([layer(Entry("a", "src"))]), Sources({"src": b"hello"}, {"src": 3}), name="api")
    assert str(caught.value) == "error: `src` changed while it was read\n  fix: run the build again"


DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("reference", "purl"),
    [
        (f"ghcr.io/acme/python:3.12@{DIGEST}", "pkg:oci/python@{}?repository_url=ghcr.io/acme/python&tag=3.12"),
        (f"localhost:5000/python@{DIGEST}", "pkg:oci/python@{}?repository_url=localhost:5000/python"),
        ("bases/Debian", "pkg:oci/debian@{}"),
        ("debian:12", "pkg:oci/debian@{}"),
        ("//bases:debian", "pkg:oci/debian@{}"),
        ("//bases/debian", "pkg:oci/debian@{}"),
    ],
)
def test_a_base_image_has_a_package_url(reference: str, purl: str) -> None:
    record = json.dumps({"digest": DIGEST, "platforms": {"linux/amd64": {"manifest": DIGEST, "layers": []}}})
    base = BaseImage.of(reference, record.encode())
    assert (base.digest, base.platforms) == (DIGEST, {"linux/amd64": DIGEST})
    assert base.purl.replace("%3A", ":") == purl.format(DIGEST)


def test_without_a_record_the_digest_of_a_base_is_what_its_reference_states() -> None:
    assert BaseImage.of(f"ghcr.io/a/b@{DIGEST}") == BaseImage(f"ghcr.io/a/b@{DIGEST}", DIGEST)
    assert BaseImage.of("ghcr.io/a/b:1") == BaseImage("ghcr.io/a/b:1")
    assert BaseImage.of("ghcr.io/a/b:1").purl == ""


def test_the_identity_of_a_document_is_that_of_its_content() -> None:
    one = inventory(layer(Entry("a", text="1")))
    assert one.identity("spdx") == inventory(layer(Entry("a", text="1"))).identity("spdx")
    others = [inventory(layer(Entry("a", text="2"))), inventory(layer(Entry("b", text="1"))), inventory()]
    others.append(take(Layers([layer(Entry("a", text="1"))]), Sources({}), name="api", created=1))
    others.append(take(Layers([layer(Entry("a", text="1"))]), Sources({}), name="api", base=BaseImage("b")))
    assert len({one.identity("cyclonedx"), *(other.identity("spdx") for other in [one, *others])}) == 7


def test_layers_may_be_for_one_platform_of_several() -> None:
    both = layer(Entry("app/x", text="both"), Entry("bin/x", text="old"))
    arm = layer(Entry("bin/x", text="arm"))
    platforms = ("linux/amd64", "linux/arm64", "linux/riscv64")
    found = take(Layers([both, arm], platforms, ["", "linux/arm64"]), Sources({}), name="api")
    told = [(file.path, file.sha256, file.platforms) for file in found.files]
    assert told == [
        ("app/x", hashlib.sha256(b"both").hexdigest(), ()),
        ("bin/x", hashlib.sha256(b"old").hexdigest(), ("linux/amd64", "linux/riscv64")),
        ("bin/x", hashlib.sha256(b"arm").hexdigest(), ("linux/arm64",)),
    ]


PART = st.sampled_from("abc")
PATHS = st.lists(PART, min_size=1, max_size=3).map("/".join)


@st.composite
def layers(draw: st.DrawFn) -> list[Manifest]:
    found: list[Manifest] = []
    for _ in range(draw(st.integers(1, 4))):
        entries: list[Entry] = []
        for path in draw(st.lists(PATHS, max_size=4)):
            try:
                Manifest.of([*entries, Entry(path, text=draw(st.sampled_from("12")))])
            except ValueError:
                continue
            entries.append(Entry(path, text=str(len(found))))
        found.append(Manifest.of(dict.fromkeys(entries)))
    return found


@given(layers())
def test_what_is_seen_is_what_an_engine_leaves_on_disk(given_layers: list[Manifest]) -> None:
    disk: dict[str, str | None] = {}
    for one in given_layers:
        for entry in one.entries:
            if not entry.is_folder:
                disk = {path: text for path, text in disk.items() if not path.startswith(f"{entry.dest}/")}
            disk[entry.dest] = entry.text
    assert {entry.dest: entry.text for entry in visible(given_layers).entries} == disk
