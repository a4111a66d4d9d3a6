"""What people look at in an archive: its contents, and what differs between two."""

from __future__ import annotations

import io

import pytest
from agents import archive_of, packed
from signatures import signature

from packaging_targets.errors import IntegrityError
from packaging_targets.model.digest import Digest
from packaging_targets.services.aam.browsing.contents import MAX_README, Contents, Item, read_contents, read_texts
from packaging_targets.services.aam.browsing.differences import MAX_LINES, differences, lines_of_difference
from packaging_targets.services.aam.browsing.signatures import Claim, claim_of


def contents(**files: str) -> Contents:
    named = {path.replace("__", "/").replace("_md", ".md"): text for path, text in files.items()}
    return read_contents(io.BytesIO(packed("plain", skills=(), files=named)), "plain@1.0.0")


def test_contents_are_what_is_in_an_archive() -> None:
    data = packed("plain", skills=("look",), files={"README.md": "# Plain\n", "a.bin": "x" * 10})
    found = read_contents(io.BytesIO(data), "plain@1.0.0")
    assert found.readme == "# Plain\n"
    assert found.items == (Item("skill", "look", "What look does in plain 1.0.0.", "skills/look/SKILL.md"),)
    assert [(one.path, one.size) for one in found.files][:2] == [("README.md", 8), ("a.bin", 10)]
    assert found.files[1].digest == Digest.of(b"x" * 10).hex
    assert (found.faults, found.readme_cut, found.digest) == (0, False, Digest.of(data))


def test_a_readme_is_cut_where_it_is_too_long() -> None:
    found = contents(README_md="x" * (MAX_README + 1))
    assert (len(found.readme), found.readme_cut) == (MAX_README, True)
    assert not contents(README_md="x" * MAX_README).readme_cut
    assert len(contents(README_md=" ".join(map(str, range(100_000)))).readme) == MAX_README


def test_the_readme_is_the_one_at_the_root() -> None:
    assert contents(docs__README_md="no").readme == ""
    assert contents(readme_md="yes", README="no").readme == "yes"


def test_what_cannot_be_read_is_counted() -> None:
    assert contents(skills__look__SKILL_md="no front matter").faults > 0
    assert contents(skills__look__SKILL_md="x" * (200 << 10)).items == ()


def test_what_is_no_package_is_refused() -> None:
    with pytest.raises(IntegrityError):
        read_contents(io.BytesIO(archive_of({"a": b""})), "x")


def test_texts_are_read_where_they_are_texts_and_small() -> None:
    data = archive_of(
        {"a": b"\xff", "b": b"12345", "c": b"1234", "package.agent.json": b'{"name": "x", "version": "1.0.0"}'}
    )
    found = read_texts(io.BytesIO(data), "x", frozenset("abc"), 4)
    assert found == {"c": "1234"}


def test_differences_are_told_by_path() -> None:
    before, after = contents(a="1", b="2", c="3"), contents(b="2", c="4", d="5")
    found = [(one.path, one.state, one.becomes_executable) for one in differences(before, after)]
    assert found == [("a", "removed", False), ("c", "changed", False), ("d", "added", False)]
    assert [one.state for one in differences(None, before)] == ["added"] * 4
    assert differences(before, before) == ()


def test_lines_are_told_with_some_around_them() -> None:
    before = "".join(f"{at}\n" for at in range(9))
    assert lines_of_difference(before, before.replace("4", "four")) == [
        "@@ -2,7 +2,7 @@", " 1", " 2", " 3", "-4", "+four", " 5", " 6", " 7",
    ]  # fmt: skip
    assert lines_of_difference("", "--- a\n+++ b\n") == ["@@ -0,0 +1,2 @@", "+--- a", "++++ b"]
    assert lines_of_difference("--- a\n", "") == ["@@ -1 +0,0 @@", "---- a"]


def test_no_file_fills_a_page() -> None:
    long = "".join(f"{at}\n" for at in range(5_000))
    shown = lines_of_difference("", long)
    assert len(shown) == MAX_LINES + 1
    assert shown[-1] == "@@ more than 400 lines: the archive has the rest @@"


def test_a_signature_that_names_nobody_claims_nothing() -> None:
    assert claim_of(signature(b"x")) == Claim()
    assert claim_of(b"no json") == Claim()
