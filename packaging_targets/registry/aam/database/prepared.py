"""Statements that every act runs: SQLAlchemy makes their text once, as looking it up again takes longer than SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult, Delete, Insert, Update
from sqlalchemy.engine import Compiled


class Prepared:
    """A statement with names of values in it; columns get these as they are, so that none may need a conversion."""

    def __init__(self, statement: Insert | Update | Delete) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None, Mapping[str, Any]]] = {}

    def run(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        """Run it with values for its names."""
        kind = connection.dialect.name
        if kind not in self._compiled:
            self._compiled[kind] = _parts(self._statement.compile(dialect=connection.dialect))
        text, order, own = self._compiled[kind]
        known = {**own, **values}
        return connection.exec_driver_sql(text, known if order is None else tuple(known[name] for name in order))


def _parts(compiled: Compiled) -> tuple[str, tuple[str, ...] | None, Mapping[str, Any]]:
    """Return a statement's text, the order of its values where they have one, and those that it has of its own."""
    order = getattr(compiled, "positiontup", None)
    return str(compiled), None if order is None else tuple(order), dict(compiled.params)
