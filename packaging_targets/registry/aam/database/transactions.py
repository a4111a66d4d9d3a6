"""Transactions that are tried again where that can help, and what keeps a database from serving, in plain words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import writing

T = TypeVar("T")

_TRIES = 6
_PAUSE = 0.02
"""Seconds before the second try; each pause after that is twice as long."""
_AGAIN = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
_AFTERWARDS = "try it again in a moment"


@contextmanager
def faults_told() -> Iterator[None]:
    """Let what keeps a database from serving be a refusal with the code REGISTRY_UNAVAILABLE."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        raise RefusalError.of("REGISTRY_UNAVAILABLE", _told(error), "", _AFTERWARDS) from error


def transact(engine: Engine, work: Callable[[Connection], T], *, later: bool = False) -> T:
    """Do work in one transaction, and return what it returns; it is done again where the database gave it up.

    Where it is for `later`, SQLite does not wait for the disk; see `writing`.

    Raises RefusalError (REGISTRY_UNAVAILABLE) where the database cannot be reached, or whether it made the change
    is not known.
    """
    with faults_told():
        for number in range(_TRIES - 1):
            try:
                return _once(writing(engine, later=later), work)
            except DBAPIError as error:
                if not _may_help(error):
                    raise
                time.sleep(_PAUSE * 2**number * random.uniform(0.5, 1))  # noqa: S311  # spreads those who meet
        return _once(writing(engine, later=later), work)


def _once(opened: Connection, work: Callable[[Connection], T]) -> T:
    with opened as connection:
        transaction = connection.begin()
        try:
            result = work(connection)
        except BaseException:
            _undo(transaction.rollback)
            raise
        try:
            transaction.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            what = "the connection to the database was lost, and whether the change was made is not known"
            fix = "look whether it is there before you try it again"
            raise RefusalError.of("REGISTRY_UNAVAILABLE", what, "", fix) from error
        return result


def _undo(rollback: Callable[[], None]) -> None:
    """Roll back; where the connection is lost, the database has done so."""
    try:
        rollback()
    except SQLAlchemyError:
        return


def _may_help(error: DBAPIError) -> bool:
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _AGAIN


def _told(error: Exception) -> str:
    text = str(getattr(error, "orig", error)).lower()
    if "disk is full" in text or "no space left" in text or "could not extend file" in text:
        return "the database's disk has no room for this; nothing was changed"
    if "malformed" in text or "not a database" in text:
        return "the registry's database is damaged"
    if "locked" in text or "timeout" in text or "timed out" in text:
        return "the registry's database is busy"
    return "the registry's database cannot be reached"
