"""Ranges mean what they mean to npm."""

from __future__ import annotations

import json
import os
import re
import shutil

import pytest
from npm_ranges import VECTORS, npm_says, pairs

from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion

KNOWN = json.loads(VECTORS.read_text("utf-8"))


def allows(version: str, text: str) -> bool:
    return VersionRange.parse(text).allows(SemanticVersion.parse(version))


@pytest.mark.uaaps("P8")
def test_the_vectors_of_npms_answers() -> None:
    assert {allowed for *_, allowed in KNOWN["pairs"]} == {True, False}
    assert len(KNOWN["pairs"]) > 500
    wrong = [(version, text) for version, text, allowed in KNOWN["pairs"] if allows(version, text) != allowed]
    assert wrong == []


@pytest.mark.uaaps("P8")
@pytest.mark.service
def test_npm_agrees_on_100_000_pairs() -> None:
    modules = os.environ.get("PACKAGING_NODE_MODULES", "")
    if not os.path.isdir(os.path.join(modules, "semver")) or not shutil.which("node"):
        pytest.skip("npm's semver is not here")
    asked = pairs(100_000, 7)
    said = npm_says(asked, modules)
    assert said.count(True) > 5_000
    wrong = [(pair, npm) for pair, npm in zip(asked, said, strict=True) if allows(*pair) != npm]
    assert wrong == []


@pytest.mark.uaaps("P8")
@pytest.mark.parametrize("text", KNOWN["refused"])
def test_what_is_no_range_here(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (range of versions|semantic version)"):
        VersionRange.parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (">= 1.0.0", "`>= 1.0.0` is no range of versions, as its version has to stand right behind `>=`"),
        ("^ 1.0.0", "`^ 1.0.0` is no range of versions, as its version has to stand right behind `^`"),
        ("1.0.0 || 2.0.0", "`1.0.0 || 2.0.0` is no range of versions, as no range has `||`"),
        ("1.0.0 - 2.0.0", "`1.0.0 - 2.0.0` is no range of versions, as no range has `-`"),
        ("1.0.0  2.0.0", "`1.0.0  2.0.0` is no range of versions, as comparators are joined by one space"),
        (">", "`>` is no range of versions, as its version has to stand right behind `>`"),
    ],
)
def test_why_a_text_is_no_range(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        VersionRange.parse(text)


@pytest.mark.uaaps("P9")
def test_a_prerelease_is_in_a_range_that_names_one_of_its_numbers() -> None:
    assert not allows("1.1.0-beta", "^1.0.0")
    assert not allows("1.1.0-beta", "^1.0.0-alpha")
    assert allows("1.0.0-beta", "^1.0.0-alpha")
    assert not allows("1.0.0-beta", "*")
    assert not allows("1.0.0-alpha", "<1.0.0")


@pytest.mark.uaaps("P10")
def test_build_metadata_says_nothing() -> None:
    for text in ("1.0.0", "=1.0.0+a", ">=1.0.0+b", "<=1.0.0", "^1.0.0+c", "~1.0.0"):
        assert allows("1.0.0+x", text)
    for text in (">1.0.0", "<1.0.0+z"):
        assert not allows("1.0.0+x", text)


def test_numbers_that_npm_does_not_know() -> None:
    """The documented exception: to semver.org they are numbers like others."""
    assert allows("1.0.9007199254740993", ">1.0.9007199254740992")


def test_an_exact_range() -> None:
    assert VersionRange.parse("1.0.0").is_exact
    assert VersionRange.parse("=1.0.0").is_exact
    assert not VersionRange.parse("^1.0.0").is_exact
    assert str(VersionRange.parse(">=1.0.0 <2.0.0")) == ">=1.0.0 <2.0.0"
    assert not VersionRange.parse("*").is_exact
    with pytest.raises(ValueError, match="is no range"):
        VersionRange.parse("1.0.0 " * 100)
