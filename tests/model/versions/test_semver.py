"""Semantic versions, and which tags move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.model.versions.semver import SemanticVersion, moving_tags


def version(text: str) -> SemanticVersion:
    return SemanticVersion.parse(text)


# The order that semver.org gives as an example, and numbers that text would order otherwise.
ORDERED = [
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
    "1.0.0", "1.2.0", "1.10.0", "2.0.0-0", "2.0.0", "10.0.0",
]  # fmt: skip


def test_versions_are_ordered() -> None:
    assert [str(one) for one in sorted(map(version, reversed(ORDERED)))] == ORDERED


@pytest.mark.parametrize("text", ["", "1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", "1.2.3 ", "1.2.x", "\u0661.2.3", "1.2.3\n", "1" * 300 + ".0.0"])  # fmt: skip
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is no semantic version"):
        version(text)


@pytest.mark.parametrize("text", ["1.2.3", "0.0.0", "1.2.3-a.1.0-b", "1.2.3+001.x", "1.2.3-0+0"])
def test_a_version_is_written_as_it_is_read(text: str) -> None:
    assert str(version(text)) == text


@pytest.mark.parametrize(
    ("new", "published", "tags"),
    [
        ("2.0.0", [], ("2", "2.0", "latest")),
        ("1.9.1", ["2.0.0", "2.0", "2", "latest"], ("1", "1.9")),
        ("1.2.3", ["1.2.2", "1.9.0", "2.0.0"], ("1.2",)),
        ("1.2.3", ["1.2.4", "1.9.0", "2.0.0"], ()),
        ("1.2.3", ["1.2.3"], ("1", "1.2", "latest")),
        ("1.2.3", ["2.0.0-beta.1", "9.0.0+build", "sha-abc", "v3.0.0", "3.0"], ("1", "1.2", "latest")),
        ("1.10.0", ["1.9.0"], ("1", "1.10", "latest")),
        ("2.0.0-beta.1", [], ()),
        ("1.0.0+build", [], ()),
    ],
)
def test_a_tag_moves_to_the_newest_release_of_its_range(new: str, published: list[str], tags: tuple[str, ...]) -> None:
    assert moving_tags(version(new), published) == tags


NUMBERS = st.integers(0, 3)
RELEASES = st.builds(SemanticVersion, NUMBERS, NUMBERS, NUMBERS)


@given(st.lists(RELEASES, unique=True), st.randoms())
def test_in_whatever_order_versions_are_published_tags_end_at_the_newest(
    releases: list[SemanticVersion], random: object
) -> None:
    random.shuffle(releases)  # type: ignore[attr-defined]
    tags: dict[str, SemanticVersion] = {}
    for release in releases:
        moved = moving_tags(release, list(tags))
        tags.update(dict.fromkeys((*moved, str(release)), release))
    if releases:
        assert tags["latest"] == max(releases)
    for release in releases:
        assert tags[f"{release.major}"] == max(one for one in releases if one.major == release.major)
        assert tags[f"{release.major}.{release.minor}"] == max(
            one for one in releases if (one.major, one.minor) == (release.major, release.minor)
        )
