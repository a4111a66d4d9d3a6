"""Ranges of semantic versions, with npm's meaning: `1.2.3`, `^1.2.0`, `~1.2.0`, `>=1.0.0 <2.0.0`, `*`.

A range is comparators joined by spaces, all of which have to hold. A prerelease is in a range only where one of the
comparators names a prerelease of the same three numbers. What else npm knows (`||`, `1.x`, `1.2`, `1.0.0 - 2.0.0`) is
refused: UAAPS has no such ranges, and `1.2` may be the name of a tag. npm knows no numbers above 2**53 - 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging_targets.model.versions.semver import SemanticVersion

_COMPARATOR = re.compile(r"(\^|~|>=|<=|>|<|=|)(.*)")
_NPMS = {"||", "-"}
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Comparator:
    """One bound: `operator` is one of `>=`, `>`, `<=`, `<`, `=`."""

    operator: str
    version: SemanticVersion

    def allows(self, version: SemanticVersion) -> bool:
        """Tell whether the bound holds, by precedence alone: `<` orders versions by it, while `==` knows builds."""
        match self.operator:
            case ">=":
                return not version < self.version
            case ">":
                return self.version < version
            case "<=":
                return not self.version < version
            case "<":
                return version < self.version
        return not (version < self.version or self.version < version)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Which versions are allowed: those within all of `comparators`. `text` is the range as it was written."""

    text: str
    comparators: tuple[Comparator, ...]

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """Return the range that `text` is; raises ValueError where it is none."""
        if text == "*":
            return cls(text, ())
        if not text or len(text) > _LONGEST:
            raise ValueError(f"`{text[:80]}` is no range of versions")
        return cls(text, tuple(one for part in text.split(" ") for one in _comparators(part, text)))

    def __str__(self) -> str:
        return self.text

    @property
    def is_exact(self) -> bool:
        """Whether one version is allowed, whatever its build metadata."""
        return len(self.comparators) == 1 and self.comparators[0].operator == "="

    def allows(self, version: SemanticVersion) -> bool:
        """Tell whether a version is in the range."""
        if not all(one.allows(version) for one in self.comparators):
            return False
        if not version.prerelease:
            return True
        numbers = (version.major, version.minor, version.patch)
        named = (one.version for one in self.comparators if one.version.prerelease)
        return any((one.major, one.minor, one.patch) == numbers for one in named)


def _comparators(part: str, text: str) -> tuple[Comparator, ...]:
    match = _COMPARATOR.fullmatch(part)
    if match is None or not match[2] or part in _NPMS:
        raise ValueError(f"`{text}` is no range of versions, as {_why(part)}")
    operator, version = match[1], SemanticVersion.parse(match[2])
    if operator not in {"^", "~"}:
        return (Comparator(operator or "=", version),)
    end = _caret_end(version) if operator == "^" else SemanticVersion(version.major, version.minor + 1, 0)
    # npm's upper bound is the lowest prerelease of the next version, so that no prerelease of it is allowed.
    below = SemanticVersion(end.major, end.minor, end.patch, ("0",))
    return Comparator(">=", version), Comparator("<", below)


def _why(part: str) -> str:
    """Return why a part that is no comparator stands in no range."""
    if part in _NPMS:
        return f"no range has `{part}`"
    return f"its version has to stand right behind `{part}`" if part else "comparators are joined by one space"


def _caret_end(version: SemanticVersion) -> SemanticVersion:
    if version.major:
        return SemanticVersion(version.major + 1, 0, 0)
    if version.minor:
        return SemanticVersion(0, version.minor + 1, 0)
    return SemanticVersion(0, 0, version.patch + 1)
