"""Semantic versions, and the tags that move to the newest of them.

Where 1.2.2, 1.9.0 and 2.0.0 are, 1.2.3 takes `1.2` over; `1` stays with 1.9.0, and `latest` with 2.0.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LATEST = "latest"

_NUMBER = r"(0|[1-9][0-9]*)"
_WORD = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_WORDS = rf"({_WORD}(?:\.{_WORD})*)"
_BUILD = r"([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)"
_SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_WORDS})?(?:\+{_BUILD})?")
_MAX_LENGTH = 256


def is_semantic_version(text: str) -> bool:
    """Tell whether `text` is a semantic version."""
    return _SEMVER.fullmatch(text) is not None


@total_ordering
@dataclass(frozen=True, slots=True)
class SemanticVersion:
    """A version as https://semver.org has it. Build metadata orders nothing, but is part of what it is."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    build: str = ""

    @classmethod
    def parse(cls, text: str) -> SemanticVersion:
        """Return the version that `text` is; raises ValueError where it is none."""
        match = _SEMVER.fullmatch(text) if len(text) <= _MAX_LENGTH else None
        if match is None:
            raise ValueError(f"`{text[:_MAX_LENGTH]}` is no semantic version")
        major, minor, patch, prerelease, build = match.groups()
        words = tuple(prerelease.split(".")) if prerelease else ()
        return cls(int(major), int(minor), int(patch), words, build or "")

    def __str__(self) -> str:
        prerelease = f"-{'.'.join(self.prerelease)}" if self.prerelease else ""
        return f"{self.major}.{self.minor}.{self.patch}{prerelease}{f'+{self.build}' if self.build else ''}"

    def __lt__(self, other: SemanticVersion) -> bool:
        return self.precedence() < other.precedence()

    def precedence(self) -> tuple[object, ...]:
        """Return what versions are sorted by: many of them are sorted faster by it than by each other."""
        if not self.prerelease:  # a release comes after its prereleases
            return (self.major, self.minor, self.patch, True, ())
        # Among their words, numbers come before others.
        words = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in self.prerelease)
        return (self.major, self.minor, self.patch, False, words)


def moving_tags(version: SemanticVersion, published: Iterable[str]) -> tuple[str, ...]:
    """Return the tags that `version` takes over, given all tags of its repository: `1`, `1.2`, `latest` or fewer.

    A tag moves to the newest release of its range. A prerelease moves none, and holds none back. Tags that are no
    versions are passed over.
    """
    if version.prerelease or version.build:
        return ()
    others = [other for other in map(_release, published) if other is not None]

    def newest(among: Iterable[SemanticVersion]) -> bool:
        return all(other <= version for other in among)

    of_major = [other for other in others if other.major == version.major]
    of_minor = [other for other in of_major if other.minor == version.minor]
    ranges = ((f"{version.major}", of_major), (f"{version.major}.{version.minor}", of_minor), (LATEST, others))
    return tuple(tag for tag, among in ranges if newest(among))


def _release(tag: str) -> SemanticVersion | None:
    try:
        version = SemanticVersion.parse(tag)
    except ValueError:
        return None
    return None if version.prerelease or version.build else version
