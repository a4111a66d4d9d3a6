"""The page that says which test shows which requirement of `features package` is whole and up to date."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    path = Path(__file__).with_name("conformance.py")
    spec = importlib.util.spec_from_file_location("conformance", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["conformance"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.requirement("FR-8")
def test_every_requirement_is_shown_by_a_test(conformance: ModuleType) -> None:
    shown = conformance.shown()
    assert [name for name in conformance.REQUIREMENTS if name not in shown] == []


def test_tests_name_requirements_that_there_are(conformance: ModuleType) -> None:
    assert sorted(set(conformance.shown()) - set(conformance.REQUIREMENTS)) == []


def test_the_page_is_up_to_date(conformance: ModuleType) -> None:
    assert conformance.PAGE.read_text("utf-8") == conformance.page(), "run `python tests/conformance.py`"
