"""CycloneDX and SPDX: valid for their own libraries, the same bytes every time, and what other tools expect."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.schema import SchemaVersion
from cyclonedx.schema.schema import SchemaVersion1Dot6
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from sources import Sources
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from packaging_targets.errors import RequestError
from packaging_targets.formats.attest.cyclonedx import _file, write_cyclonedx
from packaging_targets.formats.attest.inventory import BaseImage, ImageFile, Inventory, Layers, take
from packaging_targets.formats.attest.spdx import write_spdx
from packaging_targets.model.manifest import Entry, Manifest

DIGEST = "sha256:" + "ab" * 32
BASE = BaseImage(f"ghcr.io/acme/python:3.12@{DIGEST}", DIGEST, {"linux/amd64": DIGEST})
NODE = '{"name": "left-pad", "version": "1.3.0", "license": "MIT"}'
ENTRIES = (
    Entry('app/größe "1"\n.js', text="x"),
    Entry("app/node_modules/b/node_modules/left-pad/package.json", text=NODE),
    Entry("app/node_modules/b/package.json", text='{"name": "b", "version": "2", "license": "see LICENSE"}'),
    Entry("app/node_modules/c/package.json", text="{"),
    Entry("app/node_modules/left-pad/package.json", text=NODE),
    Entry("py/x-1.dist-info/METADATA", text="Name: x\nVersion: 1\nLicense-Expression: Apache-2.0 OR MIT\n"),
)


def sample(*entries: Entry, base: BaseImage | None = BASE) -> Inventory:
    layers = Layers([Manifest.of(entries or ENTRIES)])
    return take(layers, Sources({}), name="ghcr.io/acme/api", version="1.2.3", created=1_700_000_000, base=base)


def cyclonedx(inventory: Inventory) -> dict[str, Any]:
    """Return the document, once it is found to be valid."""
    out = io.BytesIO()
    write_cyclonedx(out, inventory)
    wrong = _validator().validate_str(out.getvalue().decode())
    assert wrong is None, str(wrong)[:300]
    said: dict[str, Any] = json.loads(out.getvalue())
    return said


@cache
def _validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def spdx(inventory: Inventory) -> dict[str, Any]:
    """Return the document, once it is found to be valid."""
    out = io.BytesIO()
    write_spdx(out, inventory)
    said: dict[str, Any] = json.loads(out.getvalue())
    document = JsonLikeDictParser().parse(said)
    assert [one.validation_message for one in validate_full_spdx_document(document)] == []
    return said


def test_cyclonedx_lists_the_base_packages_and_files() -> None:
    said = cyclonedx(sample())
    assert list(said)[:3] == ["$schema", "bomFormat", "specVersion"]
    assert said["metadata"]["component"] == {
        "bom-ref": "image",
        "name": "ghcr.io/acme/api",
        "type": "container",
        "version": "1.2.3",
    }
    assert said["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    base, *others = said["components"]
    assert (base["type"], base["version"], base["hashes"]) == (
        "container",
        DIGEST,
        [{"alg": "SHA-256", "content": "ab" * 32}],
    )
    assert base["properties"] == [{"name": "packaging-targets:platform:linux/amd64", "value": DIGEST}]
    packages = {one["purl"]: one for one in others if one["type"] == "library"}
    assert {purl: one["licenses"] for purl, one in packages.items()} == {
        "pkg:npm/b@2": [{"license": {"name": "see LICENSE"}}],
        "pkg:npm/left-pad@1.3.0": [{"license": {"id": "MIT"}}],
        "pkg:pypi/x@1": [{"expression": "Apache-2.0 OR MIT"}],
    }
    assert packages["pkg:npm/left-pad@1.3.0"]["evidence"]["occurrences"] == [
        {"location": "app/node_modules/b/node_modules/left-pad/package.json"},
        {"location": "app/node_modules/left-pad/package.json"},
    ]
    assert [one["name"] for one in others if one["type"] == "file"] == [entry.dest for entry in ENTRIES]
    assert said["properties"] == [
        {"name": "packaging-targets:note", "value": "`app/node_modules/c/package.json` is no JSON"}
    ]
    assert said["dependencies"][0] == {"ref": "image", "dependsOn": ["base-image", *packages]}


def test_spdx_lists_the_base_packages_and_files() -> None:
    said = spdx(sample())
    image, base, *packages = said["packages"]
    assert (image["name"], image["versionInfo"], image["filesAnalyzed"]) == ("ghcr.io/acme/api", "1.2.3", True)
    sums = sorted(hashlib.sha1((entry.text or "").encode()).hexdigest() for entry in ENTRIES)
    code = hashlib.sha1("".join(sums).encode()).hexdigest()
    assert image["packageVerificationCode"] == {"packageVerificationCodeValue": code}
    assert base["checksums"] == [{"algorithm": "SHA256", "checksumValue": "ab" * 32}]
    assert base["externalRefs"][0]["referenceLocator"].startswith("pkg:oci/python@sha256")
    found = {one["name"]: (one["licenseDeclared"], one.get("licenseComments"), one["sourceInfo"]) for one in packages}
    left_pad = "app/node_modules/b/node_modules/left-pad/package.json\napp/node_modules/left-pad/package.json"
    assert found == {
        "b": ("NOASSERTION", "The package states: see LICENSE", "app/node_modules/b/package.json"),
        "left-pad": ("MIT", None, left_pad),
        "x": ("Apache-2.0 OR MIT", None, "py/x-1.dist-info/METADATA"),
    }
    assert [one["fileName"] for one in said["files"]] == [f"./{entry.dest}" for entry in ENTRIES]
    assert {sum_["algorithm"] for sum_ in said["files"][0]["checksums"]} == {"SHA1", "SHA256"}
    assert said["comment"] == "`app/node_modules/c/package.json` is no JSON"
    assert said["creationInfo"] == {"created": "2023-11-14T22:13:20Z", "creators": ["Tool: packaging-targets"]}
    kinds = [one["relationshipType"] for one in said["relationships"]]
    assert kinds == ["DESCRIBES", "DESCENDANT_OF", *["CONTAINS"] * (3 + len(ENTRIES))]


def test_a_path_that_differs_by_platform_is_there_twice() -> None:
    manifests = [Manifest.of([Entry("x", text=text)]) for text in "12"]
    layers = Layers(manifests, ["linux/amd64", "linux/arm64"], ["", "linux/arm64"])
    inventory = take(layers, Sources({}), name="api")
    assert [one["bom-ref"] for one in cyclonedx(inventory)["components"]] == [
        "file:x#linux/amd64",
        "file:x#linux/arm64",
    ]
    comments = {one["comment"]: one["fileName"] for one in spdx(inventory)["files"]}
    assert comments == {"For linux/amd64 alone.": "./x", "For linux/arm64 alone.": "./x"}


@pytest.mark.parametrize("document", [cyclonedx, spdx])
def test_an_image_of_nothing_is_valid_too(document: Callable[[Inventory], dict[str, Any]]) -> None:
    said = document(take(Layers([]), Sources({}), name="empty"))
    assert "files" not in said
    assert not said.get("components")


@pytest.mark.parametrize(
    ("write", "digest"),
    [
        (write_cyclonedx, "156ba1206616ca218285d6a6a2806595086800252c96f4d065f932ba29840ade"),
        (write_spdx, "c2477c04839265fdfd5e2302368aa43c3b613b14248d80e6e8dbe99152fdbd75"),
    ],
)
def test_the_golden_documents(write: Callable[[io.BytesIO, Inventory], None], digest: str) -> None:
    """With the versions of the libraries that are installed; their versions are part of an action's key."""
    first, second = io.BytesIO(), io.BytesIO()
    write(first, sample())
    write(second, sample())
    assert first.getvalue() == second.getvalue()
    assert hashlib.sha256(first.getvalue()).hexdigest() == digest


@pytest.mark.parametrize(
    ("platforms", "mark"), [((), ""), (("linux/amd64", "linux/arm64"), "#linux/amd64,linux/arm64")]
)
def test_a_file_is_written_as_the_library_writes_it(platforms: tuple[str, ...], mark: str) -> None:
    file = ImageFile("app/a", "ab" * 32, "cd" * 20, platforms)
    theirs = Component(
        name=file.path,
        type=ComponentType.FILE,
        bom_ref=f"file:{file.path}{mark}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)],
        properties=[Property(name="packaging-targets:platform", value=platform) for platform in platforms],
    )
    assert _file(file) == json.loads(theirs.as_json(view_=SchemaVersion1Dot6))  # type: ignore[attr-defined]  # made by a decorator


LETTERS = st.characters(codec="utf-8", exclude_characters="/\0")
NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(lambda name: name not in {".", ".."})
WORDS = st.text("MITApache-2.0 OR AND()WITH+/\"'\n\\ü", max_size=25)


@settings(max_examples=25, deadline=None)
@given(NAMES, NAMES, NAMES, WORDS)
def test_odd_names_and_licences_are_valid(file: str, name: str, version: str, licence: str) -> None:
    said = json.dumps({"name": name, "version": version, "license": licence})
    inventory = sample(Entry(f"o/{file}", text=""), Entry("node_modules/a/package.json", text=said))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a parser's own, for what is no licence
        for document in (cyclonedx, spdx):
            document(inventory)


@pytest.mark.parametrize(
    ("write", "modules", "package"),
    [
        (write_cyclonedx, ["cyclonedx.model.bom", "cyclonedx.model"], "cyclonedx-python-lib"),
        (write_spdx, ["spdx_tools.spdx", "spdx_tools"], "spdx-tools"),
    ],
)
def test_a_library_that_is_not_there_is_named(
    write: Callable[[io.BytesIO, Inventory], None],
    modules: list[str],
    package: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RequestError) as caught:
        write(io.BytesIO(), sample())
    assert str(caught.value) == (
        f"error: a bill of materials needs the package `{package}`, which is not installed\n"
        "  fix: pip install 'packaging-targets[sbom]'"
    )
