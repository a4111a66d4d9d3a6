"""Pages of the list of packages, and searches in it: SQL alone, whatever has the documents.

A page starts behind the last line of the one before, which its cursor names, so that a page far down costs what the
first does. A search is a row of stages, each in the order of names: packages that are called what is looked for, those
that start with it, those that have it in their name, and those that tell of it.
"""

from __future__ import annotations

import base64
import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Engine, and_, false, func, not_, or_, select, true

from packaging_targets.formats.aam.names import name_faults
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import COLUMNS, line_in
from packaging_targets.registry.aam.database.tables import packages
from packaging_targets.registry.aam.database.transactions import faults_told
from packaging_targets.registry.aam.database.words import SHORTEST, WORDS, has_words
from packaging_targets.registry.aam.served.holdings import Page, Query, Visibility

Condition = ColumnElement[bool]
_Asked = tuple[tuple[str, ...], bool, Visibility]

MAX_WORDS = 32
_MAX_CURSOR = 1000
_FEW = 2000
"""Up to so many packages are gathered and sorted; where there are more, the first of them are soon found in order."""
_KEPT = 1024
_FRESH = 5.0
"""For so many seconds a total that was counted is told again, though other replicas may have changed it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page starts: behind the package of a name, which was found in a stage."""

    stage: int = 0
    modified_at: int = 0
    name: str = ""


class Listing:
    """The list of packages in a database; any number of threads may ask at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._totals: OrderedDict[_Asked, tuple[float, int]] = OrderedDict()
        self._has_words: bool | None = None

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
        if not all(map(_may_stand, words)):
            return Page((), "", 0)
        with faults_told(), reading(self._engine) as connection:
            return self._page(connection, query, words, place)

    def _page(self, connection: Connection, query: Query, words: Sequence[str], place: _Place) -> Page:
        matching, are_few = self._matching(connection, words)
        seen = and_(_shown(connection, query, are_few=are_few), _visible(query.visibility))
        total = self._total(connection, (tuple(words), query.yanked, query.visibility), and_(seen, matching))
        if connection.dialect.name == "sqlite" and words and not are_few and 0 < total <= _FEW:
            matching = packages.c.number.in_(select(packages.c.number).where(matching))
        stages = [and_(seen, stage) for stage in _stages(query, words, matching, are_few=are_few)]
        found = _rows(connection, query, stages, place) if total else []
        entries = tuple(line_in(row).summary for _, row in found[: query.limit])
        if len(found) <= query.limit:
            return Page(entries, "", total)
        stage, last = found[query.limit - 1]
        return Page(entries, _cursor(query.order, _Place(stage, last[4], last[0])), total)

    def _matching(self, connection: Connection, words: Sequence[str]) -> tuple[Condition, bool]:
        """Return the condition that all words are there, and whether it names the few packages that have them."""
        wanted = and_(true(), *(_has(packages.c.sought, word) for word in words))
        long = [word for word in words if len(word) >= SHORTEST]
        if self._has_words is None:
            self._has_words = has_words(connection)
        if not (long and self._has_words):
            return wanted, False
        quoted = " ".join('"{}"'.format(word.replace('"', '""')) for word in long)
        hits = select(WORDS.c.rowid).where(WORDS.c.sought.op("match")(quoted)).limit(_FEW + 1)
        numbers = connection.execute(hits).scalars().all()
        few = len(numbers) <= _FEW
        return (and_(packages.c.number.in_(numbers), wanted) if few else wanted), few

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


def _rows(
    connection: Connection, query: Query, stages: Sequence[Condition], place: _Place
) -> list[tuple[int, Sequence[Any]]]:
    """Return one row more than a page has, if there are as many, each with the number of its stage."""
    columns = packages.c
    found: list[tuple[int, Sequence[Any]]] = []
    newest = query.order == "updated"
    order = (columns.modified_at.desc(), columns.name.desc()) if newest else (columns.name,)
    for number in range(place.stage, len(stages)):
        conditions = [stages[number]]
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


def _shown(connection: Connection, query: Query, *, are_few: bool) -> Condition:
    """Return the condition that packages are shown.

    SQLite takes it for a rare one, and would go through all that are shown rather than look words or names up.
    """
    if query.yanked:
        return true()
    looked_up = connection.dialect.name == "sqlite" and (are_few or query.order == "relevance")
    return func.likely(packages.c.shown, type_=Boolean) if looked_up else packages.c.shown == true()


def _stages(query: Query, words: Sequence[str], matching: Condition, *, are_few: bool) -> Sequence[Condition]:
    """Return the conditions of the stages, which together are all matches, as `searching.py` ranks them.

    What has the words in its name has them; it is looked for there alone, unless the few that match are known.
    """
    if query.order != "relevance" or not words:
        return (matching,)
    name, short, whole = packages.c.name, packages.c.short, " ".join(words)
    is_it = or_(name == whole, short == whole)
    starts = or_(*(and_(one >= whole, one < f"{whole}\x7f") for one in (name, short)))  # names are of ASCII
    has_it = and_(true(), *(_has(name, word) for word in words))
    named = (is_it, and_(starts, not_(is_it)), and_(has_it, not_(starts)))
    return *(and_(matching, stage) if are_few else stage for stage in named), and_(matching, not_(has_it))


def _has(text: ColumnElement[str], word: str) -> Condition:
    return text.like(f"%{_escaped(word)}%", escape="\\")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _visible(visibility: Visibility) -> Condition:
    if not visibility.private:
        return true()
    return or_(not_(_fits(visibility.private)), _fits(visibility.allowed))


def _fits(patterns: Sequence[str]) -> Condition:
    """Return what `holdings.matches` says, for a name in the database."""
    if "*" in patterns:
        return true()
    possible = [one for one in patterns if one == one.lower() and _may_stand(one)]  # as names are
    likes = (packages.c.name.like(_escaped(one).replace("*", "%"), escape="\\") for one in possible)
    return or_(false(), *likes)


def _may_stand(text: str) -> bool:
    """Tell whether a text can be in any name or description; no database is asked for others."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


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
