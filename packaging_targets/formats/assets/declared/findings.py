"""Reading JSON that people write: everything that is wrong with a file is found, with its JSON path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from packaging_targets.errors import near_miss
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.formats.assets.spelling import is_deeper

DEPTH_LIMIT = 24
"""How deep its objects and lists may nest: what the header of a pack allows, less what the header adds."""

_SHOWN = 40  # characters of a value that a message bears
_LISTED = 20  # choices that a message bears
# To compare two names takes a while. Of a file whose mistakes are many, people read the first few.
_LOOKED_FOR, _COMPARED = 5, 1_000
_INTEGER_LIMIT = 1 << 63
_SURROGATE = re.compile("[\ud800-\udfff]")
_DIGITS = 18  # an integer of fewer fits into 64 bits, whatever its sign
_TYPES = {bool: "true or false", dict: "an object", int: "an integer", list: "a list", str: "a string"}


class Findings:
    """What is wrong with one file; `code` is that of findings which have no other one."""

    def __init__(self, file: str, code: str, asset: str = "") -> None:
        self._file = file
        self._code = code
        self._asset = asset
        self._looked_for = 0
        self.diagnostics: list[Diagnostic] = []

    def add(self, path: str, what: str, fix: str = "", code: str = "") -> None:
        """Report that `path` is wrong."""
        self.diagnostics.append(Diagnostic(self._file, path, code or self._code, what, fix, self._asset))

    def near(self, path: str, known: Iterable[str]) -> str:
        """Return `did you mean …?` for a path that is not known; an empty text where nothing is near, or many were."""
        self._looked_for += 1
        return near_miss(path, islice(known, _COMPARED)) if self._looked_for <= _LOOKED_FOR else ""

    @property
    def blocking(self) -> int:
        """How many of them stop a build."""
        return sum(one.is_blocking for one in self.diagnostics)

    def members(
        self,
        value: Any,
        path: str,
        required: Mapping[str, type],
        optional: Mapping[str, type] | None = None,
        code: str = "",
    ) -> dict[str, Any]:
        """Return the members of the object `value` that are of the type they should be; report all others."""
        if not isinstance(value, dict):
            self.add(path, f"{shown(value)} is no object", code=code)
            return {}
        known = {**required, **(optional or {})}
        for name in required.keys() - value.keys():
            self.add(path, f"`{name}` is missing", f'add "{name}": {_EXAMPLES[required[name]]}', code)
        for name in value.keys() - known.keys():
            self.add(f"{path}.{_cut(name)}", f"there is no member `{_cut(name)}`", choices(name, known), code)
        fitting = {name: value[name] for name in known if name in value and type(value[name]) is known[name]}
        for name in (known.keys() & value.keys()) - fitting.keys():
            what = f"`{name}` must be {_TYPES[known[name]]}, but is {shown(value[name])}"
            self.add(f"{path}.{name}", what, code=code)
        return fitting

    def inner(
        self,
        outer: Mapping[str, Any],
        path: str,
        required: Mapping[str, type],
        optional: Mapping[str, type] | None = None,
        code: str = "",
    ) -> dict[str, Any]:
        """Do as `members` for the member of `outer` that `path` ends in, where it is there."""
        value = outer.get(_last(path))
        return {} if value is None else self.members(value, path, required, optional, code)


_EXAMPLES = {bool: "true", dict: "{…}", int: "0", list: "[…]", str: '"…"'}


def parse(raw: bytes, findings: Findings, limit: int) -> Any:
    """Return the JSON value in `raw`, of `limit` bytes at most, or None where `findings` says why not."""
    numbers = _Numbers()
    value = None
    try:
        what = "null is no object"
        if len(raw) > limit:
            what = f"the file is {len(raw)} bytes long, and {limit} are allowed"
        else:
            value = numbers.parse(raw.decode())
    except UnicodeDecodeError as error:
        what = f"the file is not UTF-8: byte {error.start}"
    except RecursionError:
        what = f"the file nests deeper than {DEPTH_LIMIT} levels"
    except ValueError as error:
        text = str(error)
        what = f"the file is not JSON: {text[0].lower()}{text[1:]}"
    if value is None:
        findings.add("$", what)
        return None
    if not (numbers.odd or b"\\u" in raw or is_deeper(value, DEPTH_LIMIT)):
        return value
    before = len(findings.diagnostics)
    for path, what in _unfit(value, "$", 0):
        findings.add(path, what)
    return value if len(findings.diagnostics) == before else None


def choices(word: str, known: Iterable[str]) -> str:
    """Return the fix for a word that is not known: the near miss, or all there are."""
    listed = sorted(known)
    every = f"choose one of {', '.join(listed)}" if 0 < len(listed) <= _LISTED else ""
    return near_miss(word, listed) or every


def shown(value: Any) -> str:
    """Return `value` as JSON, cut where it is long."""
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    value.clear()
    for name, item in pairs:
        if name in value:
            raise ValueError(f"`{name}` stands twice in one object")
        value[name] = item
    return value


class _Numbers:
    """Parsing that notices numbers which are no 64-bit integers, so that not every value must be looked at."""

    def __init__(self) -> None:
        self.odd = False

    def parse(self, text: str) -> Any:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=self._float,
            parse_constant=self._float,
            parse_int=self._integer,
        )

    def _float(self, text: str) -> float:
        self.odd = True
        return float(text)

    def _integer(self, text: str) -> int:
        if len(text) >= _DIGITS:
            self.odd = True
        return int(text)


def _unfit(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield what the header of a pack has no form for."""
    if isinstance(value, float):
        yield path, f"{value!r} is no integer, and runtimes read nothing else"
    elif isinstance(value, int) and not -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        yield path, "the integer does not fit into 64 bits"
    elif isinstance(value, str) and _SURROGATE.search(value):
        yield path, "the string holds half a surrogate pair"
    elif isinstance(value, dict | list):
        if depth == DEPTH_LIMIT:
            yield path, f"the file nests deeper than {DEPTH_LIMIT} levels"
            return
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            place = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"
            if isinstance(key, str) and _SURROGATE.search(key):
                yield path, "a name holds half a surrogate pair"
            else:
                yield from _unfit(item, place, depth + 1)
