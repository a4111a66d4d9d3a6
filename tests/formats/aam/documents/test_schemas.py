"""The schemas of a registry's documents agree with what is written and read."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.documents.index import Index, changed_parts, index_bytes, parse_index
from packaging_targets.formats.aam.documents.meta import metadata_bytes, parse_metadata
from packaging_targets.formats.aam.documents.tags import parse_tags, tags_bytes, tags_of
from packaging_targets.formats.aam.metadata import PackageMetadata, Release, Yank
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.semver import SemanticVersion

READERS = {"meta": parse_metadata, "index": parse_index, "dist-tags": parse_tags}
INTEGRITY = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def schema(name: str) -> Draft202012Validator:
    text = files("packaging_targets.formats.aam").joinpath(f"schemas/{name}.schema.json").read_text("utf-8")
    value = json.loads(text)
    Draft202012Validator.check_schema(value)
    return Draft202012Validator(value)


def package() -> PackageMetadata:
    one = Release(
        SemanticVersion.parse("1.0.0"), INTEGRITY, "versions/1.0.0.aam", 5, 7, "x", "y", {"a": "^1.0.0"}, {}, {"b": "*"}
    )
    two = Release(
        SemanticVersion.parse("2.0.0-rc.1+b"),
        INTEGRITY,
        "versions/2.0.0-rc.1+b.aam",
        yanked=Yank(7, "bad", ("next",)),
        deprecated="no",
    )
    releases = {str(release.version): release for release in (one, two)}
    return PackageMetadata(PackageName("my_org", "review"), releases, {"latest": "1.0.0"}, 7, {"x-team": 1})


@pytest.mark.uaaps("S12.5.meta", "S12.5.index", "S12.5.dist-tags")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("meta", metadata_bytes(package())),
        ("index", index_bytes(changed_parts(Index((), 0, {"x": 1}), [package()]))),
        ("index", index_bytes(Index(()))),
        ("dist-tags", tags_bytes(tags_of({}, [package()]))),
        ("dist-tags", tags_bytes(tags_of({}, []))),
    ],
)
def test_what_is_written_fits_its_schema_and_is_read(name: str, data: bytes) -> None:
    assert list(schema(name).iter_errors(json.loads(data))) == []
    READERS[name](data, name)


RELEASE = {"integrity": INTEGRITY, "tarball": "versions/1.0.0.aam"}


def of_release(**members: Any) -> dict[str, Any]:
    return {"name": "a", "versions": {"1.0.0": {**RELEASE, **members}}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("meta", {"versions": {}}),
        ("meta", {"name": "a--b", "versions": {}}),
        ("meta", {"name": "con", "versions": {}}),
        ("meta", {"name": "a\n", "versions": {}}),
        ("meta", {"name": "a"}),
        ("meta", {"name": "a", "versions": {"1.0": RELEASE}}),
        ("meta", of_release(integrity="sha256-x")),
        ("meta", of_release(integrity="sha512-x")),
        *(("meta", of_release(tarball=path)) for path in ("/x", "../x", "a/../x", "a//b", "a/", "a\\b", "C:x", "a\0b", ".", "..")),
        ("meta", of_release(publishedAt="today")),
        ("meta", of_release(size=-1)),
        ("meta", of_release(size=1.5)),
        ("meta", of_release(dependencies={"A": "*"})),
        ("meta", of_release(dependencies={"a": "1.x"})),
        ("meta", of_release(yanked="yes")),
        ("meta", of_release(deprecated=1)),
        ("meta", {"name": "a", "versions": {}, "dist-tags": {"Stable": "1.0.0"}}),
        ("meta", {"name": "a", "versions": {}, "dist-tags": {"stable": 1}}),
        ("index", {}),
        ("index", {"formatVersion": 2, "packages": []}),
        ("index", {"formatVersion": 1, "packages": [{"name": "../x"}]}),
        ("index", {"formatVersion": 1, "packages": [{"name": "a", "versions": ["1"]}]}),
        ("index", {"formatVersion": 1, "packages": {}}),
        ("dist-tags", {"a--b": {}}),
        ("dist-tags", {"a": {"A": "1.0.0"}}),
        ("dist-tags", {"a": "1.0.0"}),
    ],
)  # fmt: skip
def test_what_a_schema_refuses_is_refused(name: str, value: Any) -> None:
    assert list(schema(name).iter_errors(value)) != []
    with pytest.raises(RegistryError):
        READERS[name](json.dumps(value).encode(), name)


def test_every_member_is_described() -> None:
    for name in READERS:
        value = schema(name).schema
        assert isinstance(value, dict)
        assert value["description"]
        for part in (value, *value["$defs"].values()):
            for key, one in part.get("properties", {}).items():
                assert "description" in one or "$ref" in one or key in {"formatVersion", "packages"}, (name, key)
