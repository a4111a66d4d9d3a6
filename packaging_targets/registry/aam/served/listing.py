"""Pages of the list of packages, and searches in it: SQL alone, whatever has the documents.

A page starts behind the last line of the one before, which its cursor names, so that a page far down costs what the
first does. A search is a row of stages, as `searching.py` ranks them, each in the order of names.

What has words is looked for in one of two ways. At most `MOST_COUNTED` packages are gathered, and sorted here: for
rare words that is all of them. Where there are more, the words are common, and going through the list in its order
finds a page of them soon; how many there are is not counted then, as that would take longer than all else.
"""

from __future__ import annotations

import base64
import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    TableClause,
    and_,
    func,
    not_,
    or_,
    select,
    true,
)

from packaging_targets.formats.aam.names import name_faults
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import COLUMNS, line_in
from packaging_targets.registry.aam.database.matching import Condition, fits, has_words, may_stand, ranked
from packaging_targets.registry.aam.database.tables import packages
from packaging_targets.registry.aam.database.transactions import faults_told
from packaging_targets.registry.aam.database.words import NAMES, SHORTEST, WORDS, is_indexed, numbers_with
from packaging_targets.registry.aam.searching import TOLD, rank_of
from packaging_targets.registry.aam.served.holdings import Page, Query, Visibility

_Asked = tuple[bool, Visibility]
_Found = tuple[int, Sequence[Any]]
"""A line, and the number of the stage that has found it."""

MAX_WORDS = 32
MOST_COUNTED = 1000
"""Of more packages that have some words, nobody is told how many there are."""
_MAX_CURSOR = 1000
_KEPT = 1024
_FRESH = 5.0
"""For so many seconds a total that was counted is told again, though other replicas may have changed it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page starts: behind the package of a name, which was found in a stage."""

    stage: int = 0
    modified_at: int = 0
    name: str = ""


class _Hit(NamedTuple):
    """What tells the place in an order of a package that has the words."""

    number: int
    name: str
    short: str
    modified_at: int


class Listing:
    """The list of packages in a database; any number of threads may ask at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._totals: OrderedDict[_Asked, tuple[float, int]] = OrderedDict()
        self._is_indexed: bool | None = None

    def changed(self) -> None:
        """Forget totals, as the list is another one now."""
        with self._lock:
            self._totals.clear()

    def page(self, query: Query) -> Page:
        """Return a page; raises RefusalError for a cursor that is none, and where the database cannot be reached."""
        place = _parse_cursor(query.after, query.order) if query.after else _Place()
        words = query.words.casefold().split()
        if len(words) > MAX_WORDS:
            what = f"{len(words):,} words are looked for, and {MAX_WORDS} is the most"
            raise RefusalError.of("BAD_REQUEST", what, "", "look for fewer")
        if not all(map(may_stand, words)):
            return Page((), "", 0)
        with faults_told(), reading(self._engine) as connection:
            return self._page(connection, query, words, place)

    def _page(self, connection: Connection, query: Query, words: Sequence[str], place: _Place) -> Page:
        if not words:
            seen = and_(_shown(connection, query), _visible(query.visibility))
            total = self._total(connection, (query.yanked, query.visibility), seen)
            return _page_of(query, _walked(connection, query, [seen], place) if total else [], total)
        hits = self._hits(connection, query, words, packages.c.sought)
        if len(hits) <= MOST_COUNTED:
            return _page_of(query, _sorted(connection, query, words, place, hits), len(hits))
        return _page_of(query, self._of_many(connection, query, words, place), MOST_COUNTED)

    def _of_many(self, connection: Connection, query: Query, words: Sequence[str], place: _Place) -> Sequence[_Found]:
        """Return one line more than a page has; whose names have the words are few more often than not."""
        shown = _shown(connection, query, looked_up=query.order == "relevance")
        seen = and_(shown, _visible(query.visibility))
        if query.order != "relevance":
            return _walked(connection, query, [and_(seen, has_words(packages.c.sought, words))], place)
        stages = ranked(connection, words, seen)
        if place.stage == TOLD:
            return _walked(connection, query, stages, place)
        named = self._hits(connection, query, words, packages.c.name)
        if len(named) > MOST_COUNTED:
            return _walked(connection, query, stages, place)
        found = _sorted(connection, query, words, place, named)
        left = replace(query, limit=query.limit - len(found))
        return [*found, *_walked(connection, left, stages, _Place(TOLD))] if left.limit >= 0 else found

    def _hits(
        self, connection: Connection, query: Query, words: Sequence[str], text: ColumnElement[str]
    ) -> Sequence[_Hit]:
        """Return the packages that have all words in a text, if they are few, and else some, one more than are few."""
        columns = packages.c
        has_them = has_words(text, words)
        few = self._looked_up(connection, words, NAMES if text is columns.name else WORDS)
        if few is not None:
            has_them = and_(columns.number.in_(few), has_them)
        seen = and_(_shown(connection, query, looked_up=few is not None), _visible(query.visibility))
        wanted = select(columns.number, columns.name, columns.short, columns.modified_at).where(seen, has_them)
        return [_Hit(*row) for row in connection.execute(wanted.limit(MOST_COUNTED + 1))]

    def _looked_up(self, connection: Connection, words: Sequence[str], table: TableClause) -> Sequence[int] | None:
        """Return the numbers of the packages that SQLite's index of words has for them, or None for too many."""
        long = [word for word in words if len(word) >= SHORTEST]
        if self._is_indexed is None:
            self._is_indexed = is_indexed(connection)
        if not (long and self._is_indexed):
            return None
        numbers = list(connection.execute(numbers_with(table, long, MOST_COUNTED + 1)).scalars())
        return numbers if len(numbers) <= MOST_COUNTED else None

    def _total(self, connection: Connection, key: _Asked, condition: Condition) -> int:
        now = time.monotonic()
        with self._lock:
            at, total = self._totals.get(key, (0.0, 0))
        if total and now - at < _FRESH:
            return total
        total = connection.execute(select(func.count()).select_from(packages).where(condition)).scalar_one()
        with self._lock:
            self._totals[key] = now, total
            self._totals.move_to_end(key)
            if len(self._totals) > _KEPT:
                self._totals.popitem(last=False)
        return total


def _page_of(query: Query, found: Sequence[_Found], total: int) -> Page:
    """Return a page of lines that may be one more than it has."""
    entries = tuple(line_in(row).summary for _, row in found[: query.limit])
    if len(found) <= query.limit:
        return Page(entries, "", total)
    stage, last = found[query.limit - 1]
    return Page(entries, _cursor(query.order, _Place(stage, last[4], last[0])), total)


def _sorted(
    connection: Connection, query: Query, words: Sequence[str], place: _Place, hits: Sequence[_Hit]
) -> Sequence[_Found]:
    """Return one line more than a page has, if there are as many, of packages that are all known."""
    if query.order == "updated":
        ordered = sorted(((0, hit) for hit in hits), key=lambda one: (one[1].modified_at, one[1].name), reverse=True)
        behind = [one for one in ordered if (one[1].modified_at, one[1].name) < (place.modified_at, place.name)]
    else:
        ranked = query.order == "relevance"
        staged = ((rank_of(hit.name, hit.short, words) if ranked else 0, hit) for hit in hits)
        ordered = sorted(staged, key=lambda one: (one[0], one[1].name))
        behind = [one for one in ordered if (one[0], one[1].name) > (place.stage, place.name)]
    part = (behind if place.name else ordered)[: query.limit + 1]
    wanted = select(*COLUMNS, packages.c.number).where(packages.c.number.in_([hit.number for _, hit in part]))
    rows = {row.number: row for row in connection.execute(wanted)}
    return [(stage, rows[hit.number]) for stage, hit in part if hit.number in rows]


def _walked(
    connection: Connection, query: Query, stages: Sequence[Condition | None], place: _Place
) -> Sequence[_Found]:
    """Return one line more than a page has, if there are as many, by going through the list in its order."""
    columns = packages.c
    found: list[_Found] = []
    newest = query.order == "updated"
    order = (columns.modified_at.desc(), columns.name.desc()) if newest else (columns.name,)
    for number, stage in enumerate(stages):
        if stage is None or number < place.stage:
            continue
        conditions = [stage]
        if place.name and number == place.stage:
            conditions.append(_behind(place, newest=newest))
        left = query.limit + 1 - len(found)
        # Only the lines of the page are read; which they are, an index tells by itself.
        hits = select(columns.number).where(*conditions).order_by(*order).limit(left)
        rows = connection.execute(select(*COLUMNS).where(columns.number.in_(hits)).order_by(*order))
        found += [(number, row) for row in rows]
        if len(found) > query.limit:
            break
    return found


def _behind(place: _Place, *, newest: bool) -> Condition:
    columns = packages.c
    if not newest:
        return columns.name > place.name
    older = or_(columns.modified_at < place.modified_at, columns.name < place.name)
    return and_(columns.modified_at <= place.modified_at, older)


def _shown(connection: Connection, query: Query, *, looked_up: bool = False) -> Condition:
    """Return the condition that packages are shown.

    SQLite takes it for a rare one, and would go through all that are shown rather than look words or names up.
    """
    if query.yanked:
        return true()
    if connection.dialect.name == "sqlite" and looked_up:
        return func.likely(packages.c.shown, type_=Boolean)
    return packages.c.shown == true()


def _visible(visibility: Visibility) -> Condition:
    if not visibility.private:
        return true()
    return or_(not_(fits(visibility.private)), fits(visibility.allowed))


def _cursor(order: str, place: _Place) -> str:
    value = [order, place.stage, place.modified_at, place.name]
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _parse_cursor(text: str, order: str) -> _Place:
    """Return the place that a cursor names; raises RefusalError where it is none, or one of another order."""
    try:
        padded = text[:_MAX_CURSOR].encode("ascii") + b"=" * (-len(text) % 4)
        value = json.loads(base64.b64decode(padded, b"-_", validate=True))
        told, stage, modified_at, name = value
        numbers = all(isinstance(one, int) and 0 <= one < 1 << 62 for one in (stage, modified_at))
        if told == order and numbers and isinstance(name, str) and not any(name_faults(name)):
            return _Place(int(stage), int(modified_at), name)
    except (ValueError, TypeError, RecursionError):
        pass
    raise RefusalError.of("BAD_REQUEST", "the cursor is none that this list has given out", "", "start without one")
