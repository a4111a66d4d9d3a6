"""Checks of JSON values, made of smaller ones: each says of a value what is wrong with it and with its parts.

A check takes the path of a value and the value, and yields faults. Members that nobody knows are no fault, because a
later version of the format may have them; one that looks like a known one is a warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging_targets.errors import near_miss

if TYPE_CHECKING:
    from packaging_targets.formats.plain_json import Path

_LONGEST_SHOWN = 60


class Fault(NamedTuple):
    """What is wrong with the value at a path; `severe` is False for a warning."""

    path: Path
    what: str
    fix: str = ""
    severe: bool = True


Check = Callable[["Path", Any], Iterator[Fault]]
Reason = Callable[[str], str]
"""Return what is wrong about a text, empty where nothing is."""


def called(path: Path) -> str:
    """Return what a value is called in a sentence: `files[0]`, `dependencies.@acme/review`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:140]}" for part in path)
    return f"`{text[1:]}`" if text else "the file"


def must_be(path: Path, value: Any, expected: str, fix: str = "") -> Fault:
    """Return the fault of a value that is not what is expected."""
    text = json.dumps(value, ensure_ascii=False)
    brief = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return Fault(path, f"{called(path)} must be {expected}, but is {brief}", fix)


def anything(_path: Path, _value: Any) -> Iterator[Fault]:
    """Find nothing wrong."""
    return iter(())


def text(expected: str = "a text", *, longest: int = 0, pattern: str = "", reason: Reason | None = None) -> Check:
    """Return the check for a text that is not empty; `reason` is asked about one that is else in order."""

    def check(path: Path, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str) or not value or (pattern and not re.fullmatch(pattern, value)):
            yield must_be(path, value, expected)
        elif longest and len(value) > longest:
            yield Fault(path, f"{called(path)} has {len(value):,} characters, and {longest:,} is the most")
        elif reason and (why := reason(value)):
            yield Fault(path, f"{called(path)}: {why}")

    return check


def whole_number(expected: str, accepted: Callable[[float], bool]) -> Check:
    """Return the check for a whole number, which JSON may write as `1.0` too."""

    def check(path: Path, value: Any) -> Iterator[Fault]:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or not accepted(value):
            yield must_be(path, value, expected)

    return check


def of_type(kind: type, expected: str) -> Check:
    """Return the check for a value of one type of Python's."""

    def check(path: Path, value: Any) -> Iterator[Fault]:
        if not isinstance(value, kind):
            yield must_be(path, value, expected)

    return check


def list_of(item: Check, expected: str, *, unique: bool = True) -> Check:
    """Return the check for a list, whose items stand there once if `unique`."""

    def check(path: Path, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield must_be(path, value, expected)
            return
        for at, one in enumerate(value):
            yield from item((*path, at), one)
            if unique and one in value[:at]:
                yield Fault((*path, at), f"{json.dumps(one, ensure_ascii=False)} stands twice in {called(path)}")

    return check


def map_of(item: Check, expected: str, *, key: Reason | None = None) -> Check:
    """Return the check for an object of items; `key` is asked about each of its keys."""

    def check(path: Path, value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield must_be(path, value, expected)
            return
        for name, one in value.items():
            if key and (why := key(name)):
                yield Fault((*path, name), f"{called(path)}: {why}")
            yield from item((*path, name), one)

    return check


def record(members: Mapping[str, Check], *, required: tuple[str, ...] = (), some: tuple[str, ...] = ()) -> Check:
    """Return the check for an object with these members, of which some have to be there: one of `some` at least."""

    def check(path: Path, value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield must_be(path, value, "an object")
            return
        for name in required:
            if name not in value:
                yield Fault(path, f"{called(path)} has no `{name}`", f'write "{name}": …')
        if some and not any(name in value for name in some):
            yield Fault(path, f"{called(path)} has none of {', '.join(f'`{name}`' for name in some)}")
        for name, one in value.items():
            if name in members:
                yield from members[name]((*path, name), one)
            elif not name.startswith("x-") and (hint := near_miss(name, members.keys() - value.keys())):
                yield Fault((*path, name), f"{called((*path, name))} is no member that is known", hint, severe=False)

    return check


def either(first: type, check: Check, other: Check) -> Check:
    """Return the check that is `check` for values of the type `first`, and `other` for all else."""

    def chosen(path: Path, value: Any) -> Iterator[Fault]:
        return check(path, value) if isinstance(value, first) else other(path, value)

    return chosen
