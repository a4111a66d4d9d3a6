"""`aam registry account` and `publisher`: create, ls and rm."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.desk.operating import add_operator, granted, opened, whole
from packaging_targets.adapters.cli.aam.granting import add_grant, allowed, grants_told
from packaging_targets.adapters.output import table, tell
from packaging_targets.errors import RequestError, reason

if TYPE_CHECKING:
    from packaging_targets.registry.aam.desk.publishers import Publisher


def add_accounts(verbs: Any) -> None:
    """Add the verbs behind `account`."""
    making = add_operator(verbs, "create", "make an account; the password comes from standard input", _create_account)
    making.add_argument("--name", required=True, help="what it is called, and who acts with it")
    add_grant(making)
    add_operator(verbs, "ls", "list accounts", _list_accounts)
    add_operator(verbs, "rm", "remove an account", _remove_account, "NAME")


def add_publishers(verbs: Any) -> None:
    """Add the verbs behind `publisher`."""
    making = add_operator(verbs, "create", "trust whom an issuer of identity tokens names", _create_publisher)
    making.add_argument("--label", default="", help="what people call it")
    making.add_argument("--issuer", required=True, metavar="URL", help="https://token.actions.githubusercontent.com")
    making.add_argument("--subject", required=True, help="whom it names, where `*` stands for any characters")
    making.add_argument(
        "--claim", action="append", default=[], metavar="NAME=TEXT", help="what its identity tokens have to say besides"
    )
    add_grant(making)
    add_operator(verbs, "ls", "list whom the registry trusts", _list_publishers)
    add_operator(verbs, "rm", "trust somebody no longer", _remove_publisher, "NUMBER")


def _create_account(options: Namespace) -> int:
    password = _password(options)
    with opened(options, make=True) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.accounts import create_account

        grant = granted(options)
        account = create_account(desk, operator, options.name, password, grant.actions, grant.patterns)
    value = {"ok": True, "name": account.name, "grants": grants_told(account.grants)}
    return tell(options, value, [f"account {account.name}: {allowed(account.grants)}"])


def _list_accounts(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.accounts import accounts

        found = accounts(desk, operator)
    lines = [f"{one.name}  {allowed(one.grants)}" for one in found]
    value = [{"name": one.name, "grants": grants_told(one.grants)} for one in found]
    return tell(options, {"ok": True, "accounts": value}, lines or ["no accounts"])


def _remove_account(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.accounts import remove_account

        remove_account(desk, operator, options.about)
    return tell(options, {"ok": True, "name": options.about}, [f"there is no account {options.about} any more"])


def _create_publisher(options: Namespace) -> int:
    claims = dict(_claim(text) for text in options.claim)
    with opened(options, make=True) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.publishers import Trust, create_publisher

        grant = granted(options)
        trust = Trust(options.label, options.issuer, options.subject, grant.actions, grant.patterns, claims)
        made = create_publisher(desk, operator, trust)
    line = f"publisher {made.number}: {made.subject} of {made.issuer} may {allowed(made.grants)}"
    return tell(options, {"ok": True, **_publisher_value(made)}, [line])


def _list_publishers(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.publishers import publishers

        found = whole(lambda after: publishers(desk, operator, after))
    rows = [(one.number, one.issuer, one.subject, allowed(one.grants), one.label) for one in found]
    lines = table([("NUMBER", "ISSUER", "SUBJECT", "ALLOWS", "LABEL"), *rows]) if rows else ["nobody is trusted"]
    return tell(options, {"ok": True, "publishers": [_publisher_value(one) for one in found]}, lines)


def _remove_publisher(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.publishers import remove_publisher

        gone = remove_publisher(desk, operator, options.about)
    return tell(
        options, {"ok": True, **_publisher_value(gone)}, [f"{gone.subject} of {gone.issuer} is trusted no longer"]
    )


def _password(options: Namespace) -> str:
    """Return the password on the first line of standard input, or what somebody types without seeing it."""
    try:
        if sys.stdin.isatty():
            from getpass import getpass

            return getpass(f"password of {options.name}: ")
        return sys.stdin.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise RequestError.one(f"the password cannot be read from standard input: {why}") from error


def _claim(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise RequestError.one(f"`{text[:80]}` is no claim", "", "write it as repository_owner_id=1234567")
    return name, value


def _publisher_value(one: Publisher) -> dict[str, Any]:
    about = {"id": one.number, "label": one.label, "issuer": one.issuer, "subject": one.subject}
    return {**about, "claims": dict(one.claims), "grants": grants_told(one.grants)}
