"""What a package would change: what a person looks at before they approve it.

Its files, what it gives to agents, and what it depends on, each compared with the version that it follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import Literal, TypeAlias

from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.services.aam.browsing.contents import Contents, Member

MAX_TEXT = 64 << 10
"""The most bytes of a file of which lines are compared."""
MAX_LINES = 400
"""The most lines that are shown of a file."""
MAX_SHOWN = 25
"""The most files of which lines are shown."""
_MAX_COMPARED = 2_000
_NEEDS = {"": "dependencies", "optional": "optionalDependencies", "peer": "peerDependencies"}

State = Literal["added", "removed", "changed"]
_Told: TypeAlias = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that differs: what it is on either side, None where it is not there."""

    before: Member | None
    after: Member | None

    @property
    def path(self) -> str:
        """The file's path."""
        return (self.after or self.before or _NOTHING).path

    @property
    def state(self) -> State:
        """What happens to it."""
        return _state(self.before, self.after)

    @property
    def becomes_executable(self) -> bool:
        """Whether it can be run afterwards, and could not before."""
        return bool(self.after and self.after.executable and not (self.before and self.before.executable))


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a package says of itself and that differs: what is said on either side, None for nothing.

    Of a dependency, `kind` is empty, `optional` or `peer`, and its range is said; of an `Item`, its description.
    """

    kind: str
    name: str
    before: str | None
    after: str | None

    @property
    def state(self) -> State:
        """What happens to it."""
        return _state(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two archives: files, what they give to agents, and what they depend on."""

    files: tuple[Difference, ...]
    gives: tuple[Change, ...]
    needs: tuple[Change, ...]


_NOTHING = Member("", 0, "")


def changes(before: Contents | None, after: Contents) -> Changes:
    """Return what differs between two archives; all is added where there is none before."""
    gives = _changes(_items(before) if before else {}, _items(after))
    return Changes(differences(before, after), gives, _changes(_needs(before) if before else {}, _needs(after)))


def former_of(metadata: PackageMetadata | None, version: SemanticVersion) -> Release | None:
    """Return the release that a version would follow: the highest lower one, or else the lowest; None for none."""
    there = list(metadata.newest_first()) if metadata else []
    lower = [one for one in there if one.version < version]
    return next(iter(lower or there[::-1]), None)


def wanted_paths(found: Sequence[Difference]) -> frozenset[str]:
    """Return the files of which lines are shown, if they are texts: small ones, what agents read first."""
    small = [one.path for one in found if _largest(one) <= MAX_TEXT]
    return frozenset(sorted(small, key=lambda path: (not path.endswith((".md", ".json", ".yaml")), path))[:MAX_SHOWN])


def differences(before: Contents | None, after: Contents) -> tuple[Difference, ...]:
    """Return the files that differ between two archives, by path; all are added where there is none before."""
    old = {one.path: one for one in before.files} if before else {}
    new = {one.path: one for one in after.files}
    found = (Difference(old.get(path), new.get(path)) for path in sorted(old.keys() | new.keys()))
    return tuple(one for one in found if one.before != one.after)


def lines_of_difference(before: str, after: str) -> Sequence[str]:
    """Return what differs between two texts as lines that start with `+`, `-`, a blank, or `@@`.

    There are MAX_LINES at most; the last one says so where there would be more. Of long texts that differ, all lines
    are taken out and put in again: to compare them takes too long.
    """
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > _MAX_COMPARED:
        found: Iterator[str] = (f"{sign}{line}" for sign, lines in (("-", old), ("+", new)) for line in lines)
    else:
        found = islice(unified_diff(old, new, lineterm="", n=3), 2, None)  # the names of the files stand first
    shown: list[str] = []
    for line in found:
        if len(shown) == MAX_LINES:
            shown.append(f"@@ more than {MAX_LINES} lines: the archive has the rest @@")
            break
        shown.append(line)
    return shown


def _state(before: object, after: object) -> State:
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


def _changes(before: _Told, after: _Told) -> tuple[Change, ...]:
    keys = sorted(before.keys() | after.keys())
    return tuple(Change(*key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key))


def _items(contents: Contents) -> _Told:
    """Return what is said of each item; of several hooks of one event all that they do."""
    found: dict[tuple[str, str], str] = {}
    for one in contents.items:
        key = one.kind, one.name
        found[key] = f"{found[key]}; {one.description}" if key in found else one.description
    return found


def _needs(contents: Contents) -> _Told:
    ranges = {kind: contents.value.get(member) for kind, member in _NEEDS.items()}
    return {
        (kind, name): str(within)
        for kind, held in ranges.items()
        for name, within in (held.items() if isinstance(held, Mapping) else ())
    }


def _largest(one: Difference) -> int:
    return max(side.size for side in (one.before, one.after) if side)
