"""The parameters of an action kind: their names, what each must be, and what it is where it is left out.

They are checked while a rule is analysed, so that whoever writes the rule is told there and not by a program that
fails. A cold build checks 20,000 actions: a value is looked at as a whole, by functions that are written in C, and only
one that does not fit is looked into, for words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging_targets.errors import Problem, near_miss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging_targets.model.action import Action

_NEEDED = object()
_LISTS = {list, tuple}
_ROW_LENGTHS = {1, 2, 3, 4, 5}


class Param(NamedTuple):
    """A parameter: `what` ends the sentence `it must be …`, and `example` is how a rule writes it, in Python.

    `fits` looks at a value; where that is a list, `item` looks at one of its items, to find the one to blame.
    """

    what: str
    fits: Callable[[Any], bool]
    example: str
    default: Any = _NEEDED
    item: Callable[[Any], bool] | None = None

    @property
    def is_needed(self) -> bool:
        """Whether it has no default."""
        return self.default is _NEEDED

    def fault(self, value: object) -> str:
        """Return what is wrong with a value that does not fit, for the end of a sentence."""
        if self.item and isinstance(value, list | tuple):
            for one in value:
                if not self.item(one):
                    return f"must be {self.what}, but holds {_shown(one)}"
        return f"must be {self.what}, but is {_shown(value)}"


class Params:
    """What the parameters of a kind must be, by their names."""

    def __init__(self, **known: Param) -> None:
        self.known = known
        self._needed = frozenset(name for name, param in known.items() if param.is_needed)
        self._defaults = {name: param.default for name, param in known.items() if not param.is_needed}

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters with the defaults of those that are left out."""
        return {**self._defaults, **given}

    def problems(self, action: Action) -> Iterator[Problem]:
        """Yield all that is wrong with an action's parameters, without a place."""
        kind, given = action.kind, action.params
        if not isinstance(given, Mapping):
            what = f"the parameters of `{kind}` must be a table, but are {_shown(given)}"
            yield Problem("", what, f"write {{{', '.join(self._written(name) for name in sorted(self._needed))}}}")
            return
        known = self.known
        for name, value in given.items():
            param = known.get(name)
            if param is None:
                yield Problem("", f"the kind `{kind}` has no parameter `{name}`", self._names_like(name))
            elif not param.fits(value):
                what = f"the parameter `{name}` of `{kind}` {param.fault(value)}"
                yield Problem("", what, f"write {self._written(name)}")
            elif param is MANIFEST:
                yield from _unread(action, value)
            elif param is MANIFESTS:
                yield from _unread(action, [row for rows in value for row in rows])
        for name in self._needed.difference(given):
            yield Problem("", f"the kind `{kind}` lacks the parameter `{name}`", f"write {self._written(name)}")

    def _written(self, name: str) -> str:
        return f'"{name}": {self.known[name].example}'

    def _names_like(self, name: object) -> str:
        hint = near_miss(str(name), self.known)
        listing = f"(its parameters: {', '.join(sorted(self.known))})"
        return f"{hint}  {listing}" if hint else listing


def _unread(action: Action, rows: list[list[Any]]) -> Iterator[Problem]:
    """Yield the problem of sources that a manifest names and the action cannot read."""
    lost = {row[1] for row in rows if len(row) > 1}.difference(action.inputs)
    lost.discard(None)
    if lost:
        first, more = min(lost, key=str), len(lost) - 1
        others = f" and {more} other{'s' if more > 1 else ''}" if more else ""
        what = f"the manifest of `{action.kind}` names `{first}`{others}, which the action does not have as inputs"
        yield Problem("", what, "pass manifest.sources as inputs")


# What values may be -------------------------------------------------------------------------------------------------


def text(example: str = '"…"', *, default: Any = _NEEDED) -> Param:
    """Any text."""
    return Param("a text", lambda value: type(value) is str, example, default)


def one_of(*choices: str) -> Param:
    """One of some texts."""
    shown = " or ".join(f'"{choice}"' for choice in choices)
    return Param(shown, lambda value: type(value) is str and value in choices, shown)


def flag() -> Param:
    """True or false; left out, it is false."""
    return Param("true or false", lambda value: type(value) is bool, "True", default=False)


def whole(low: int, high: int | None = None, *, example: object = None, default: Any = _NEEDED) -> Param:
    """A whole number from `low` to `high`, both included, or without an end."""
    limits = f", {low} or more" if high is None else f" from {low} to {high}"

    def fits(value: Any) -> bool:
        # True and False are whole numbers to Python.
        return type(value) is int and low <= value and (high is None or value <= high)

    return Param(f"a whole number{limits}", fits, str(default if example is None else example), default)


def optional_whole(low: int, high: int) -> Param:
    """A whole number, or null, which it is where it is left out."""
    number = whole(low, high, default=None, example=low)
    return number._replace(what=f"{number.what}, or null", fits=lambda value: value is None or number.fits(value))


def texts(example: str, *, first: str = "", default: Any = _NEEDED) -> Param:
    """A list of texts that a program can be given; `first` says what the first is, where one has to be there."""

    def fits(value: Any) -> bool:
        if type(value) not in _LISTS or not {str}.issuperset(map(type, value)) or "\0" in "".join(value):
            return False
        return bool(value and value[0]) or not first

    what = f"a list of texts{f', {first} first' if first else ''}"
    return Param(what, fits, example, default, lambda one: type(one) is str and "\0" not in one)


def readable(
    what: str, read: Callable[[str], object], example: str, *, default: Any = _NEEDED, many: bool = False
) -> Param:
    """A text, or with `many` a list of some, that `read` can read: it raises ValueError for others."""

    def item(value: Any) -> bool:
        try:
            return type(value) is str and (value == default or read(value) is not None)
        except ValueError:
            return False

    def fits(value: Any) -> bool:
        return type(value) in _LISTS and len(value) > 0 and all(map(item, value))

    if many:
        return Param(f"a list of {what}", fits, example, default, item)
    return Param(what, item, example, default)


def environment() -> Param:
    """Names and values of environment variables."""

    def fits(value: Any) -> bool:
        if type(value) is not dict or not {str}.issuperset(map(type, (*value, *value.values()))):
            return False
        return all(value) and "=" not in "".join(value) and "\0" not in "".join((*value, *value.values()))

    return Param("a table of texts by the names of variables", fits, '{"LANG": "C"}', {})


def folder() -> Param:
    """A folder of the workspace; left out, it is the root."""

    def fits(value: Any) -> bool:
        return type(value) is str and not value.startswith("/") and ".." not in value.split("/") and "\0" not in value

    return Param("a folder relative to the workspace", fits, "context.target.label.package", "")


def table(example: str, *, default: Any = _NEEDED) -> Param:
    """Any JSON object."""
    return Param("a table that JSON can hold", lambda value: type(value) is dict and _is_json(value), example, default)


def tables(*members: str) -> Param:
    """A list of JSON objects that have at least `members`."""
    names = frozenset(members)

    def item(one: Any) -> bool:
        return type(one) is dict and names <= one.keys() and _is_json(one)

    def fits(value: Any) -> bool:
        return type(value) in _LISTS and all(map(item, value))

    listing = ", ".join(f"`{name}`" for name in members)
    example = ", ".join(f'"{name}": …' for name in members)
    return Param(f"a list of tables with {listing}", fits, f"[{{{example}}}]", item=item)


def pairs(example: str) -> Param:
    """A list of pairs of texts."""

    def item(one: Any) -> bool:
        return type(one) in _LISTS and list(map(type, one)) == [str, str]

    def fits(value: Any) -> bool:
        return type(value) in _LISTS and all(map(item, value))

    return Param("a list of pairs of texts", fits, f"[{example}]", item=item)


def _is_row(one: Any) -> bool:
    return type(one) in _LISTS and len(one) in _ROW_LENGTHS


def _is_manifest(value: Any) -> bool:
    # Row by row, and no cell: a manifest may have 10,000 rows.
    return type(value) in _LISTS and _LISTS.issuperset(map(type, value)) and _ROW_LENGTHS.issuperset(map(len, value))


MANIFEST = Param("what Manifest.to_json() gives", _is_manifest, "manifest.to_json()", item=_is_row)
"""What goes where; the action needs all of its sources as inputs."""

MANIFESTS = Param(
    "a list of what Manifest.to_json() gives",
    lambda value: type(value) in _LISTS and all(map(_is_manifest, value)),
    "[manifest.to_json()]",
    item=_is_manifest,
)
"""Trees that lie one above the other; the action needs all of their sources as inputs."""

MTIME = whole(0, example="context.source_date_epoch", default=0)
"""Seconds since 1970."""


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _shown(value: object) -> str:
    from packaging_targets.workspace.rules.schema import shown

    return shown(value) if _is_json(value) else f"a value of the type {type(value).__name__}"
