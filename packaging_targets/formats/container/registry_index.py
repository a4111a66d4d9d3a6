"""The index of container targets: what the target files say, merged into the `registry.json` that stands.

The index belongs to people as well as to us. An entry that we write carries `declaredBy`, its target's label:

- a declared target's entry, found by `id` or by the older `name`, gets the keys that the target gives, before any
  further ones; declared entries are sorted by id among themselves, new ones follow;
- an entry whose `declaredBy` names no target any more goes; an entry without one is a person's, and stays;
- every further key of the index and of its entries stays as it is, in its order;
- a `port`, `healthPath` or `platforms` that a person had written before the target was declared, and that the
  target does not give, is such a further key: `undeclaredKeys` remembers it. One that the target gave goes when the
  target drops it.

The text is JSON in UTF-8, two spaces deep, with a final newline. An index that says the same already keeps
its bytes.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import IntegrityError, Problem, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LIMIT = 16 << 20
"""Bytes that an index may have."""

_OPTIONAL = ("port", "healthPath", "platforms")
_DECLARED = frozenset({"id", "type", "module", "dockerfile", "context", "image", "declaredBy", *_OPTIONAL})
_FIX = "correct the file, or delete it and build again: the declared targets come back"


def merge(previous: bytes | None, entries: Sequence[Mapping[str, Any]], where: str) -> bytes:
    """Return the index `previous` with `entries`, each with `id` and `declaredBy`, brought up to date.

    Raises IntegrityError with every reason why `previous`, which stands at `where`, is no index.
    """
    index: dict[str, Any] = {} if previous is None else parse(previous, where)
    before = _dump(index)
    if "version" not in index:
        index = {"version": 1, **index}
    index["targets"] = list(_merged(index.get("targets", []), entries))
    text = _dump(index)
    return previous if previous is not None and text == before else text


def parse(data: bytes, where: str) -> dict[str, Any]:
    """Return the index that `data` holds; raises IntegrityError with every defect."""
    index, problems = inspect(data, where)
    raise_all(problems, IntegrityError)
    return index


def inspect(data: bytes, where: str) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return as much of the index as can be read, and what is wrong with it."""
    if len(data) > LIMIT:
        return {}, (Problem(where, f"the index has {len(data)} bytes, more than {LIMIT}", _FIX),)
    try:
        index = _load(data, where)
    except IntegrityError as error:
        return {}, error.problems
    if not isinstance(index, dict):
        return {}, (Problem(where, "the index is not a JSON object", _FIX),)
    return index, tuple(Problem(where, what, _FIX) for what in _defects(index.get("targets", [])))


def without(data: bytes, name: str, where: str) -> bytes:
    """Return the index that `data` holds without the entry `name`; raises IntegrityError with every defect."""
    index = parse(data, where)
    index["targets"] = [entry for entry in index.get("targets", []) if id_of(entry) != name]
    return _dump(index)


def is_declared_alone(data: bytes) -> bool:
    """Tell whether an index holds nothing but what targets declare: no key and no entry that a person wrote."""
    try:
        index = parse(data, "")
    except IntegrityError:
        return False
    entries = index.pop("targets", [])
    return index == {"version": 1} and all(_is_declared(entry) and entry.keys() <= _DECLARED for entry in entries)


def id_of(entry: Mapping[str, Any]) -> Any:
    """Return an entry's id, which older tools wrote as `name`."""
    return entry.get("id", entry.get("name"))


def _load(data: bytes, where: str) -> Any:
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_exact)
        _dump(value)  # what could not be written again is refused before anything is changed
    except json.JSONDecodeError as error:
        what = f"the index is no JSON: {error.msg} (column {error.colno})"
        raise IntegrityError.one(what, f"{where}:{error.lineno}", _FIX) from error
    except RecursionError as error:
        raise IntegrityError.one("the index is nested too deeply", where, _FIX) from error
    except ValueError as error:  # not UTF-8, a repeated key, NaN
        raise IntegrityError.one(f"the index is no JSON: {error}", where, _FIX) from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key `{next(key for key in keys if keys.count(key) > 1)}` stands twice")
    return value


def _no_constant(text: str) -> None:
    raise ValueError(f"`{text}` is no JSON number")


def _exact(text: str) -> float:
    """Return a number that is the same when it is written again."""
    value = float(text)
    try:
        is_same = Decimal(text) == Decimal(repr(value))
    except ArithmeticError:  # it has an exponent beyond all reason
        is_same = False
    if not is_same:
        raise ValueError(f"`{text}` is no number that a program could write again")
    return value


def _defects(targets: Any) -> Iterator[str]:
    if not isinstance(targets, list):
        yield "`targets` of the index is not a list"
        return
    seen: set[str] = set()
    for number, entry in enumerate(targets):
        name = id_of(entry) if isinstance(entry, dict) else None
        if not isinstance(entry, dict):
            yield f"entry {number} of the index is not an object"
        elif not isinstance(name, str):
            yield f"entry {number} of the index has no `id`"
        elif name in seen:
            yield f"`{name}` stands twice in the index"
        else:
            seen.add(name)


def _merged(standing: Iterable[dict[str, Any]], entries: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a person's entries where they stand, and the declared ones by id in all other places.

    What is declared so comes out the same, whatever was declared before it.
    """
    declared = {entry["id"]: entry for entry in entries}
    ours: dict[Any, dict[str, Any]] = {}
    places: list[dict[str, Any] | None] = []
    for entry in standing:
        name = id_of(entry)
        if name in declared:
            ours[name] = _updated(entry, declared.pop(name))
            places.append(None)
        elif not _is_declared(entry):
            places.append(entry)
    ours.update({name: dict(entry) for name, entry in declared.items()})
    places += [None] * len(declared)
    by_id = iter([ours[name] for name in sorted(ours)])
    yield from (entry if entry is not None else next(by_id) for entry in places)


def _is_declared(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("declaredBy", "")).startswith("//")


def _updated(entry: dict[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    kept = entry.get("undeclaredKeys", []) if _is_declared(entry) else _OPTIONAL
    absent = [key for key in _OPTIONAL if key in entry and key not in declared]
    persons = [key for key in absent if key in kept]
    gone = {"undeclaredKeys", *absent} - set(persons)
    further = {key: value for key, value in entry.items() if key not in gone and key not in declared}
    updated = {**declared, **further}
    return updated | {"undeclaredKeys": persons} if persons else updated


def _dump(index: Any) -> bytes:
    # half of a surrogate pair, which JSON can spell and UTF-8 cannot, goes back to its JSON spelling
    return (json.dumps(index, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")
