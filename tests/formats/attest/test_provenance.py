"""Provenance: a statement that the library of in-toto takes, with all that went in and nothing of the machine."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.attest.inventory import BaseImage
from packaging_targets.formats.attest.provenance import (
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    Build,
    Material,
    Subject,
    write_provenance,
)
from packaging_targets.model.digest import Digest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what protobuf generates
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
    from in_toto_attestation.v1.statement import Statement

A, B = Digest.of(b"a"), Digest.of(b"b")
BUILD = Build(
    "//services/api:image",
    {"name": "image", "cmd": ["serve"], "user": "app"},
    rule=("oci_image", B.hex),
    created=1_700_000_000,
    version="0.1.0",
    base=BaseImage("bases/debian", str(B)),
    materials=(Material("src/link", link="main.py"), Material("src/größe.py", A), Material("@oci_image/x", B)),
)


def statement(build: Build, *subjects: Subject) -> dict[str, Any]:
    """Return the statement, once the library has taken it."""
    out = io.BytesIO()
    write_provenance(out, subjects, build)
    said: dict[str, Any] = json.loads(out.getvalue())
    parsed = json_format.Parse(out.getvalue(), Statement([], "x", {}).pb)
    Statement.copy_from_pb(parsed).validate()
    predicate = json_format.ParseDict(said["predicate"], Provenance())
    assert predicate.build_definition.build_type == "urn:packaging-targets:oci-image:v1"
    assert predicate.run_details.builder.id
    return said


def test_a_statement_says_what_was_made_of_what() -> None:
    said = statement(BUILD, Subject("ghcr.io/acme/api", A))
    assert said["_type"] == STATEMENT_TYPE
    assert said["predicateType"] == PREDICATE_TYPE
    assert said["subject"] == [{"name": "ghcr.io/acme/api", "digest": {"sha256": A.hex}}]
    definition = said["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {"label": BUILD.label, "fields": BUILD.fields}
    assert definition["internalParameters"] == {
        "sourceDateEpoch": 1_700_000_000,
        "rule": {"name": "oci_image", "digest": B.hex},
    }
    assert definition["resolvedDependencies"] == [
        {"name": "@oci_image/x", "digest": {"sha256": B.hex}},
        {"name": "src/größe.py", "digest": {"sha256": A.hex}},
        {"name": "src/link", "content": base64.b64encode(b"main.py").decode(), "mediaType": "inode/symlink"},
        {"name": "bases/debian", "digest": {"sha256": B.hex}},
    ]
    assert said["predicate"]["runDetails"] == {
        "builder": {"id": "urn:packaging-targets:builder:packaging-targets", "version": {"packaging-targets": "0.1.0"}}
    }


def test_an_image_of_several_platforms_is_several_subjects() -> None:
    subjects = (Subject("api", A), Subject("api", B, "linux/amd64"), Subject("api", A, "linux/arm64/v8"))
    names = [one["name"] for one in statement(BUILD, *subjects)["subject"]]
    assert names == ["api", "api (linux/amd64)", "api (linux/arm64/v8)"]


@pytest.mark.parametrize(
    ("builder", "told"),
    [("https://ci.acme.dev/x", "https://ci.acme.dev/x"), ("our ci", "urn:packaging-targets:builder:our-ci")],
)
def test_a_builder_is_a_uri(builder: str, told: str) -> None:
    said = statement(Build("//a:b", {}, builder=builder), Subject("a", A))
    assert said["predicate"]["runDetails"] == {"builder": {"id": told}}


def test_a_base_without_a_digest_is_left_out() -> None:
    said = statement(Build("//a:b", {}, base=BaseImage("bases/debian")), Subject("a", A))
    assert said["predicate"]["buildDefinition"]["resolvedDependencies"] == []


def test_the_golden_statement() -> None:
    out = io.BytesIO()
    write_provenance(out, [Subject("api", A)], BUILD)
    digest = "817d47dbc639479c6aa2d5b896bf257de4430dccb10a5b9b87a3e2528580ba5c"
    assert hashlib.sha256(out.getvalue()).hexdigest() == digest


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=3), st.permutations(range(4)))
def test_any_names_in_any_order_give_one_statement(
    name: str, path: str, fields: dict[str, str], order: list[int]
) -> None:
    materials = [Material(f"{path}{place}", A) for place in range(4)]
    found = [
        statement(Build(name, fields, materials=one), Subject(name, A))
        for one in (materials, [materials[at] for at in order])
    ]
    assert found[0] == found[1]
