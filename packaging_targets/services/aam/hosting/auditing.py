"""The log, to read and to check; and what a killed server left, to settle."""

from __future__ import annotations

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.audit import Entry, Head
from packaging_targets.registry.aam.desk.listing import MOST, Part, Span
from packaging_targets.services.aam.hosting.approving import settle_approvals
from packaging_targets.services.aam.hosting.host import Desk, Host
from packaging_targets.services.aam.hosting.recording import settle_acts
from packaging_targets.services.aam.hosting.refusing import demand_admin, forbidden, verb


@verb
def entries(
    desk: Desk, who: Identity, after: str = "", limit: int = MOST, package: str = "", action: str = ""
) -> Part[Entry]:
    """Return a part of the log, the newest first; of one package, to whoever has that in their care."""
    if not package:
        demand_admin(who, "read the log")
    elif not who.may("admin", package):
        raise forbidden(who, f"may not read what the log has of {_name(package)}")
    with reading(desk.database) as connection:
        return audit.listed(connection, Span(after, limit), package, action)


@verb
def check_chain(desk: Desk, pinned: str = "") -> tuple[Problem, ...]:
    """Read the whole log, and return all that is wrong; `pinned` is a digest of `head` that somebody kept."""
    with reading(desk.database) as connection:
        return tuple(audit.chain_problems(connection, pinned))


@verb
def head(desk: Desk) -> Head:
    """Return how many entries the log has, and the digest of the last, to keep elsewhere."""
    with reading(desk.database) as connection:
        return audit.head(connection)


@verb
def settle(host: Host) -> int:
    """Look into what killed servers have begun; return how much was told of it. It may be done at any time.

    What happened is told in the log. What did not is forgotten once nobody can be at it any more.
    """
    return settle_acts(host) + settle_approvals(host)


def _name(text: str) -> str:
    try:
        return str(PackageName.parse(text))
    except ValueError:
        return "this package"
