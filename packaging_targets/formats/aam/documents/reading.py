"""Reading JSON that anybody may have written: limits first, and every problem with its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from packaging_targets.errors import Problem, RegistryError, plain, raise_all
from packaging_targets.formats.aam.times import parse_time

MAX_DEPTH = 32
"""How deep members that we do not know may nest."""

_SHOWN = 80


def load_object(data: bytes, where: str, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object that `data` is; raises RegistryError, with the line, where it is none."""
    if len(data) > max_bytes:
        what = f"the document has {len(data):,} bytes, and the limit is {max_bytes:,}"
        raise RegistryError.one(what, where)
    try:
        value = json.loads(data, object_pairs_hook=_members, parse_constant=_no_constant)
        if b"\\u" in data:  # half of a pair cannot be written again
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise RegistryError.one(f"the document is no JSON: {error.msg.lower()}", f"{where}:{error.lineno}") from None
    except UnicodeDecodeError:
        raise RegistryError.one("the document is not UTF-8", where) from None
    except UnicodeEncodeError:
        raise RegistryError.one("the document holds half of a surrogate pair", where) from None
    except RecursionError:
        raise RegistryError.one("the document nests too deep", where) from None
    except ValueError as error:
        raise RegistryError.one(f"the document is no JSON: {error}", where) from None
    if not isinstance(value, dict):
        raise RegistryError.one(f"the document must be an object, but is {_told(value)}", where)
    return value


class Reading:
    """What is found while the value of a document is looked at; `where` is its path."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []

    def wrong(self, field: str, what: str, fix: str = "") -> None:
        """Remember a problem with the member that `field` leads to."""
        self.problems.append(Problem(self.where, what, fix, field=field))

    def done(self) -> None:
        """Raise RegistryError with all problems, or do nothing where there is none."""
        raise_all(self.problems, RegistryError)

    def text(self, holder: Mapping[str, Any], key: str, field: str, *, needed: bool = False) -> str:
        """Return a member that is a string; empty where there is none, or another thing."""
        value = holder.get(key)
        if isinstance(value, str) or (value is None and not needed):
            return value or ""
        self._not(f"{field}.{key}", key, "a string", value, lacks=key not in holder)
        return ""

    def line(self, holder: Mapping[str, Any], key: str, field: str) -> str:
        """Return a member that is a string as one line: what is told to people may not look like several things."""
        text = self.text(holder, key, field)
        return text if plain(text) == text else " ".join(text.split())

    def number(self, holder: Mapping[str, Any], key: str, field: str) -> int:
        """Return a member that is a whole number, 0 or more; 0 where there is none, or another thing."""
        value = holder.get(key, 0)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self._not(f"{field}.{key}", key, "a whole number", value)
        return 0

    def flag(self, holder: Mapping[str, Any], key: str, field: str) -> bool:
        """Return a member that is true or false; False where there is none, or another thing."""
        value = holder.get(key, False)
        if isinstance(value, bool):
            return value
        self._not(f"{field}.{key}", key, "true or false", value)
        return False

    def time(self, holder: Mapping[str, Any], key: str, field: str) -> int:
        """Return a member that is a time, as seconds since 1970; 0 where there is none, or another thing."""
        text = self.text(holder, key, field)
        try:
            return parse_time(text) if text else 0
        except ValueError as error:
            self.wrong(f"{field}.{key}", str(error))
            return 0

    def mapping(self, holder: Mapping[str, Any], key: str, field: str, *, needed: bool = False) -> dict[str, Any]:
        """Return a member that is an object; an empty one where there is none, or another thing."""
        value = holder.get(key)
        if isinstance(value, dict):
            return value
        if needed or key in holder:
            self._not(f"{field}.{key}", key, "an object", value, lacks=key not in holder)
        return {}

    def texts(self, holder: Mapping[str, Any], key: str, field: str) -> tuple[str, ...]:
        """Return a member that is a list of strings; an empty one where there is none, or another thing."""
        value = holder.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self._not(f"{field}.{key}", key, "a list of strings", value)
        return ()

    def others(self, holder: Mapping[str, Any], known: Iterable[str], field: str) -> dict[str, Any]:
        """Return the members that are not `known`, which are kept as they are."""
        found = {key: value for key, value in sorted(holder.items()) if key not in known}
        for key, value in found.items():
            if _nests_deeper(value, MAX_DEPTH):
                self.wrong(member(field, key), f"the member `{key}` nests deeper than {MAX_DEPTH} levels")
        return found

    def _not(self, field: str, key: str, kind: str, value: object, *, lacks: bool = False) -> None:
        found = "is missing" if lacks else f"is {_told(value)}"
        self.wrong(field, f"`{key}` must be {kind}, but {found}")


def member(field: str, key: str) -> str:
    """Return the path of a member of what `field` leads to."""
    return f"{field}[{json.dumps(key[:_SHOWN], ensure_ascii=False)}]"


def _told(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
        raise ValueError(f"the member `{twice[:_SHOWN]}` stands twice in one object")
    return found


def _no_constant(text: str) -> object:
    raise ValueError(f"`{text}` is no number")


def _nests_deeper(value: object, levels: int) -> bool:
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    else:
        return False
    return levels == 0 or any(_nests_deeper(one, levels - 1) for one in inner)
