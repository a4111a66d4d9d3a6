"""The pages that say which test shows which requirement are whole and up to date."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


def loaded() -> Any:
    path = Path(__file__).with_name("conformance.py")
    spec = importlib.util.spec_from_file_location("conformance", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["conformance"] = module
    spec.loader.exec_module(module)
    return module


CONFORMANCE = loaded()
EACH_PAGE = pytest.mark.parametrize("page", CONFORMANCE.PAGES, ids=lambda page: page.mark)


@pytest.mark.requirement("FR-8")
@EACH_PAGE
def test_everything_is_shown(page: Any) -> None:
    assert [name for name in page.names if name not in page.tests and name not in page.vectors] == []


@EACH_PAGE
def test_tests_and_vectors_name_what_there_is(page: Any) -> None:
    assert sorted((set(page.tests) | set(page.vectors)) - set(page.names)) == []


@EACH_PAGE
def test_the_page_is_up_to_date(page: Any) -> None:
    assert page.path.read_text("utf-8") == page.text, "run `python tests/conformance.py`"


def test_every_statement_of_the_contract_is_listed() -> None:
    """A number that the page misses would go without a test for good."""
    text = CONFORMANCE.CONTRACT.read_text("utf-8")
    assert sorted(CONFORMANCE.PAGES[1].names) == sorted(set(CONFORMANCE.re.findall(r"\*\*([A-Z]\d+)\*\*", text)))


def test_every_statement_that_a_file_can_break_has_a_file_that_breaks_it() -> None:
    """G2 and G6 say what pixels mean: whatever stands there is a picture."""
    page = CONFORMANCE.PAGES[1]
    unbroken = [
        name
        for name in page.names
        if name[0] in "PHGS" and not any("/malformed/" in file for file in page.vectors.get(name, ()))
    ]
    assert unbroken == ["G2", "G6"]
