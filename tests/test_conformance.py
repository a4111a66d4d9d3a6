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


def test_every_statement_of_the_contract_has_a_vector() -> None:
    page = CONFORMANCE.PAGES[1]
    assert [name for name in page.names if name not in page.vectors] == []


def test_every_vector_is_there() -> None:
    """A project without files, which a repository cannot hold, would be a broken link."""
    files = {file for files in CONFORMANCE.PAGES[1].vectors.values() for file in files}
    assert sorted(file for file in files if not (CONFORMANCE.VECTORS / file).exists()) == []


def test_every_statement_that_can_be_broken_has_a_vector_that_breaks_it() -> None:
    """Whatever stands where pixels do is a picture (G2); a warning stops nothing (A15); companions and ids are what
    a packer makes, and not what it reads (C1, C2, I4)."""
    page = CONFORMANCE.PAGES[1]
    unbroken = [
        name
        for name in page.names
        if not any("/malformed/" in file or "/refused/" in file for file in page.vectors[name])
    ]
    assert unbroken == ["G2", "C1", "C2", "A15", "I4"]


def test_every_statement_about_what_people_declare_has_a_vector_that_keeps_it() -> None:
    page = CONFORMANCE.PAGES[1]
    unkept = [name for name in page.names if not any("/valid/" in file for file in page.vectors[name])]
    assert [name for name in unkept if name[0] in "AGSIC"] == []
