"""The OpenAPI document: valid, checked in as it is served, with examples that are what they are examples of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import Asking
from jsonschema import Draft202012Validator

import packaging_targets
from packaging_targets.adapters.http.api.table import OPERATIONS
from packaging_targets.adapters.http.openapi.document import document_of, document_value
from packaging_targets.formats.aam.refusals import CODES

ROOT = Path(packaging_targets.__file__).parents[1]
KEPT = ROOT / "docs" / "uaaps" / "openapi.json"
DOCUMENT = document_value(OPERATIONS)


def test_the_document_that_is_checked_in_is_current() -> None:
    """Write it anew: python -m packaging_targets.adapters.http.openapi.writing > docs/uaaps/openapi.json."""
    assert KEPT.read_bytes() == document_of(OPERATIONS).data


def test_the_document_is_what_is_served(ask: Asking) -> None:
    assert ask.get("/openapi.json").value == DOCUMENT


def test_the_document_is_valid() -> None:
    validation = pytest.importorskip("openapi_spec_validator")
    validation.validate(DOCUMENT)


def examples() -> Iterator[tuple[str, Any, Any]]:
    """Every example of a body or an answer, and its schema."""
    for path, verbs in DOCUMENT["paths"].items():
        for method, operation in verbs.items():
            if method == "parameters":
                continue
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (one for body in bodies for one in body.get("content", {}).values()):
                if "example" in content:
                    yield f"{method} {path}", content["schema"], content["example"]
    for code, one in DOCUMENT["components"]["examples"].items():
        yield code, {"$ref": "#/components/schemas/Error"}, one["value"]


def test_examples_are_what_their_schemas_say() -> None:
    seen = 0
    for where, schema, example in examples():
        whole = {**schema, "components": DOCUMENT["components"]}
        assert [error.message for error in Draft202012Validator(whole).iter_errors(example)] == [], where
        seen += 1
    assert seen > 90


def test_names_of_operations_are_unique_and_every_code_can_be_had() -> None:
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    told = json.dumps(DOCUMENT)
    # Those that no operation has are what unknown paths and methods get.
    assert {code for code in CODES if f"`{code}`" not in told} == set()


def test_every_operation_of_the_contract_is_there() -> None:
    page = (ROOT / "docs" / "uaaps" / "http.md").read_text("utf-8")
    paths = {path.replace("{", ":").replace("}", "") for path in DOCUMENT["paths"]}
    assert [path for path in sorted(paths) if f"{path}`" not in page and f"{path}?" not in page] == []
