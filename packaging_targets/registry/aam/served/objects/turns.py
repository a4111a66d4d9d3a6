"""Whose turn it is with an archive in the object store: one row for each digest decides between all replicas.

Who publishes says so before they look whether the bytes lie there already, since an earlier try failed, and who takes
away what nobody names says so before they do. Of two who meet, the later one finds the row of the first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.tables import archives

LONGEST = 300
"""Seconds in which a batch is taken away; whoever has not ended then stops."""
_LOST = 2 * LONGEST  # seconds after which nobody is at it any more: that server was killed


def come(connection: Connection, digest: str, at: int) -> None:
    """Say that an archive is about to be published; raises RefusalError while it is being taken away."""
    _take(connection, digest, "coming", at)


def name(connection: Connection, digest: str, at: int) -> None:
    """Say that a release names an archive, whose bytes are there; raises RefusalError while it is being taken away."""
    _take(connection, digest, "named", at)


def named(connection: Connection, digests: Collection[str]) -> set[str]:
    """Return those of some archives that releases name."""
    column = archives.c
    wanted = select(column.digest).where(column.digest.in_(digests), column.state == "named")
    return set(connection.execute(wanted).scalars())


def let_go(connection: Connection, digests: Sequence[str], at: int, before: int) -> list[str]:
    """Say that archives are being taken away; return those that nobody names, or is about to publish since `before`."""
    column = archives.c
    given_up = or_(and_(column.state == "coming", column.at < before), _is_lost(at))
    return [one for one in sorted(digests) if _put(connection, one, "going", at, given_up)]


def are_gone(connection: Connection, digests: Collection[str]) -> None:
    """Say that archives are not being taken away any more."""
    column = archives.c
    connection.execute(delete(archives).where(column.digest.in_(digests), column.state == "going"))


def _take(connection: Connection, digest: str, state: str, at: int) -> None:
    column = archives.c
    may_be = or_(column.state == "coming", _is_lost(at))
    if not _put(connection, digest, state, at, may_be) and not named(connection, [digest]):
        what = "an archive of these bytes that an earlier try left is being taken away just now"
        raise RefusalError.of("REGISTRY_UNAVAILABLE", what, "", "try it again in a moment")


def _is_lost(at: int) -> ColumnElement[bool]:
    return and_(archives.c.state == "going", archives.c.at < at - _LOST)


def _put(connection: Connection, digest: str, state: str, at: int, instead: ColumnElement[bool]) -> bool:
    """Write the row of an archive, where there is none, or it is one that this one may stand instead of."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = dialect.insert(archives).values(digest=digest, state=state, at=at)
    values = {"state": row.excluded.state, "at": row.excluded.at}
    written = row.on_conflict_do_update(index_elements=["digest"], set_=values, where=instead)
    return connection.execute(written.returning(archives.c.digest)).first() is not None
