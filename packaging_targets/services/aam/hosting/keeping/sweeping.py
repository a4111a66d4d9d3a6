"""Taking away archives that nobody names any more: now and then, by one of all the servers of a database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import mark, set_mark
from packaging_targets.registry.aam.database.transactions import faults_told, transact
from packaging_targets.registry.aam.desk.approvals import open_among
from packaging_targets.registry.aam.served.objects.sweeping import Swept
from packaging_targets.services.aam.hosting.host import Host

EVERY = 6 * 3600
"""Seconds between two times, whichever servers do it."""
_MARK = "swept"


def sweep_if_due(host: Host) -> Swept | None:
    """Take away what nobody names, or return None where that was done not long ago; raises RegistryError."""
    now = host.clock()

    def is_due(connection: Connection) -> bool:
        if now < int(mark(connection, _MARK) or 0) + EVERY:
            return False
        set_mark(connection, _MARK, str(now))
        return True

    return sweep(host) if transact(host.database, is_due) else None


def sweep(host: Host) -> Swept:
    """Take away archives older than a day that no release names, and of requests that are decided."""

    def waiting(numbers: Sequence[str]) -> set[str]:
        with faults_told(), reading(host.database) as connection:
            return open_among(connection, numbers)

    return host.holdings.sweep(waiting)
