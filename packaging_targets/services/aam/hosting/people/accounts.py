"""Accounts: names and passwords, for those who cannot send a token. Operators make them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import accounts as table
from packaging_targets.registry.aam.desk import audit, sessions, tokens
from packaging_targets.registry.aam.desk.access import Identity, grants_value
from packaging_targets.registry.aam.desk.accounts import Account
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.services.aam.hosting.host import Desk
from packaging_targets.services.aam.hosting.people.wishes import demand_sound, grant_of
from packaging_targets.services.aam.hosting.refusing import demand_admin, verb

MIN_PASSWORD = 8  # characters


@verb
def create_account(
    desk: Desk, who: Identity, name: str, password: str, actions: Sequence[str], patterns: Sequence[str]
) -> Account:
    """Make an account, or give the one of that name another password and other rights, and end its sessions."""
    demand_admin(who, "make accounts")
    grant, faults = grant_of(actions, patterns)
    if fault := table.name_fault(name):
        faults.append(Problem("", f"the name `{name[:80]}` {fault}"))
    if not MIN_PASSWORD <= len(password) <= table.MAX_PASSWORD:
        faults.append(Problem("", f"a password has {MIN_PASSWORD} to {table.MAX_PASSWORD:,} characters"))
    demand_sound(faults)
    account = Account(name, (grant,))
    kept = table.hashed(password)
    transact(desk.database, lambda connection: _made(connection, who, (account, kept), desk.clock()))
    return account


@verb
def accounts(desk: Desk, who: Identity) -> list[Account]:
    """Return all accounts, by name."""
    demand_admin(who, "see accounts")
    with reading(desk.database) as connection:
        return table.listed(connection)


@verb
def remove_account(desk: Desk, who: Identity, name: str) -> None:
    """Remove an account, end its sessions, and revoke all tokens of who has its name; raises RefusalError (NOT_FOUND).

    They may have made tokens for years ahead.
    """
    demand_admin(who, "remove accounts")
    if not transact(desk.database, lambda connection: _removed(connection, who, name, desk.clock())):
        raise RefusalError.of("NOT_FOUND", f"there is no account `{name[:80]}`")


def _made(connection: Connection, who: Identity, made: tuple[Account, str], at: int) -> None:
    account, kept = made
    table.add(connection, account, kept)
    sessions.close_all_of(connection, account.name)
    details = {"account": account.name, "grants": grants_value(account.grants)}
    audit.append(connection, Event(who.person, "account.created", details=details), at)


def _removed(connection: Connection, who: Identity, name: str, at: int) -> bool:
    if not table.remove(connection, name):
        return False
    sessions.close_all_of(connection, name)
    details = {"account": name, "tokens_revoked": tokens.revoke_all_of(connection, name, at)}
    audit.append(connection, Event(who.person, "account.removed", details=details), at)
    return True
