"""The log of all that was done: only added to, and each entry has the digest of the one before.

    digest = SHA-256 of the canonical JSON of
             {"number", "at", "actor", "action", "package", "version", "details", "previous"}

So no entry can be changed, taken out or put elsewhere without all that follow being other ones too. Who keeps a
digest elsewhere can tell later whether the log up to there is still the same.

An act that changes the registry is noted as an intent before, and the note goes with the entry that tells of it: what
a killed server has done is found by what it left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, false, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from packaging_targets.errors import Problem
from packaging_targets.model.digest import Digest, canonical_json
from packaging_targets.registry.aam.database import tables
from packaging_targets.registry.aam.database.matching import may_stand
from packaging_targets.registry.aam.database.prepared import Prepared
from packaging_targets.registry.aam.desk.listing import Part, Span, new_number, part_of

NOTHING = "0" * 64  # what the first entry has as the digest of the one before
_LOG = "audit"
_BATCH = 1000
_ADVANCE = Prepared(
    update(tables.heads)
    .where(tables.heads.c.log == _LOG)
    .values(number=tables.heads.c.number + 1)
    .returning(tables.heads.c.number, tables.heads.c.digest)
)
_END = Prepared(update(tables.heads).where(tables.heads.c.log == _LOG).values(digest=bindparam("last")))
_ADD = Prepared(insert(tables.audit))
_NOTE = Prepared(insert(tables.intents))
_FORGET = Prepared(delete(tables.intents).where(tables.intents.c.number == bindparam("sought")))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is done: by whom, what, to which version of a package, if any; `details` are JSON, no secrets."""

    actor: str
    action: str
    package: str = ""
    version: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the log, at a time in seconds since 1970; numbers count from 1."""

    number: int
    at: int
    event: Event
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Intent:
    """What was begun at a time, and whose end nobody has told yet."""

    number: str
    at: int
    event: Event


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the log: how many there are, and its digest, to keep elsewhere."""

    number: int = 0
    digest: str = NOTHING


def append(connection: Connection, event: Event, at: int) -> Entry:
    """Add an event to the log, behind all others who do so now."""
    row = _ADVANCE.run(connection).one_or_none()
    if row is None:
        _begin(connection)
        row = _ADVANCE.run(connection).one()
    digest = _digest(row.number, at, event, row.digest)
    details = canonical_json(dict(event.details)).decode()
    values = {"number": row.number, "at": at, "actor": event.actor, "action": event.action, "package": event.package}
    values |= {"version": event.version, "details": details, "previous": row.digest, "digest": digest}
    _ADD.run(connection, **values)
    _END.run(connection, last=digest)
    return Entry(row.number, at, event, row.digest, digest)


def listed(connection: Connection, span: Span, package: str = "", action: str = "") -> Part[Entry]:
    """Return a part of the log, the newest first, or of what is about a package, or an action."""
    column = tables.audit.c
    asked = [(column.package, package), (column.action, action)]
    may_be = all(may_stand(text) for _, text in asked)
    chosen = and_(true() if may_be else false(), *(one == text for one, text in asked if text and may_be))
    return part_of(connection, tables.audit, chosen, span, _entry)


def is_told(connection: Connection, event: Event, since: int = 0) -> bool:
    """Tell whether the log has the action of an event on its version, and its tag, by anybody since some time."""
    column = tables.audit.c
    same = and_(column.package == event.package, column.version == event.version, column.action == event.action)
    if since:
        same = and_(same, column.at >= since)
    if "tag" in event.details and event.action != "publish":
        same = and_(same, column.details == canonical_json(dict(event.details)).decode())
    return connection.execute(select(column.number).where(same).limit(1)).first() is not None


def head(connection: Connection) -> Head:
    """Return the last entry's number and digest, as those who add to the log know them."""
    row = connection.execute(select(tables.heads).where(tables.heads.c.log == _LOG)).one_or_none()
    return Head() if row is None else Head(row.number, row.digest)


def chain_problems(connection: Connection, pinned: str = "") -> Iterator[Problem]:
    """Read the whole log, and yield what is wrong; `pinned` is a digest that somebody kept, which has to be there."""
    last, known = Head(), head(connection)
    seen = not pinned or pinned == NOTHING
    while rows := _following(connection, last.number, known.number):
        for row in rows:
            yield from _breaks(row, last)
            last = Head(row.number, row.digest)
            seen = seen or row.digest == pinned
    yield from _ends(connection, last, known)
    if not seen:
        yield Problem("the log", f"no entry has the digest `{pinned[:64]}`, which was kept of it", _FIX)


def begin(connection: Connection, event: Event, at: int) -> str:
    """Note what is about to be done; return the number of the note."""
    number = new_number(at)
    value = {"actor": event.actor, "action": event.action, "package": event.package, "version": event.version}
    text = canonical_json({**value, "details": dict(event.details)}).decode()
    _NOTE.run(connection, number=number, at=at, entry=text)
    return number


def forget(connection: Connection, number: str) -> bool:
    """Take a note away; tell whether it was still there."""
    return _FORGET.run(connection, sought=number).rowcount == 1


def intents(connection: Connection) -> list[Intent]:
    """Return what was begun and not ended, the oldest first."""
    rows = connection.execute(select(tables.intents).order_by(tables.intents.c.number))
    return [Intent(row.number, row.at, Event(**json.loads(row.entry))) for row in rows]


_FIX = "keep the database as it is, and compare it with a backup: somebody changed the log past the registry"


def _begin(connection: Connection) -> None:
    """Make the row that counts, if nobody else does so now."""
    try:
        with connection.begin_nested():
            connection.execute(insert(tables.heads).values(log=_LOG, number=0, digest=NOTHING))
    except IntegrityError:
        return


def _breaks(row: Row[Any], last: Head) -> Iterator[Problem]:
    if row.number > last.number + 1:
        yield _problem(f"{_numbers(last.number + 1, row.number - 1)} missing", row.number)
    elif row.previous != last.digest:
        yield _problem(f"entry {row.number:,} does not follow the one before it", row.number)
    try:
        digest = _digest(row.number, row.at, _event(row), row.previous)
    except (ValueError, TypeError):
        digest = ""
    if digest != row.digest:
        yield _problem(f"entry {row.number:,} is not what its digest says: it was changed", row.number)


def _following(connection: Connection, after: int, most: int) -> Sequence[Row[Any]]:
    """Return some entries behind one, up to another: a log is read in pieces, so that nobody waits for who reads it."""
    number = tables.audit.c.number
    chosen = select(tables.audit).where(number > after, number <= most).order_by(number).limit(_BATCH)
    return connection.execute(chosen).all()


def _ends(connection: Connection, last: Head, known: Head) -> Iterator[Problem]:
    """Yield what is wrong with the end of the log; others may add to it meanwhile."""
    if last.number < known.number:
        yield _problem(f"{_numbers(last.number + 1, known.number)} missing at the end", known.number)
    elif last.digest != known.digest:
        yield _problem("the last entry is not the one that was added last", last.number)
    lowest, highest = connection.execute(
        select(func.coalesce(func.min(tables.audit.c.number), 1), func.coalesce(func.max(tables.audit.c.number), 0))
    ).one()
    added = head(connection).number
    if lowest < 1:
        yield _problem(f"entry {lowest:,} is not added by the registry", lowest)
    if highest > added:
        yield _problem(f"{_numbers(added + 1, highest)} not added by the registry", highest)


def _numbers(first: int, last: int) -> str:
    return f"entry {first:,} is" if first == last else f"entries {first:,} to {last:,} are"


def _problem(what: str, number: int) -> Problem:
    return Problem(f"the log:{number}", what, _FIX)


def _digest(number: int, at: int, event: Event, previous: str) -> str:
    value = {"number": number, "at": at, "actor": event.actor, "action": event.action, "package": event.package}
    value |= {"version": event.version, "details": dict(event.details), "previous": previous}
    return Digest.of_value(value).hex


def _event(row: Row[Any]) -> Event:
    return Event(row.actor, row.action, row.package, row.version, json.loads(row.details))


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.number, row.at, _event(row), row.previous, row.digest)
