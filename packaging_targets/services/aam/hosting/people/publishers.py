"""Trusted publishers: whose identity tokens may be exchanged for a token of this registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from packaging_targets.errors import Problem, plain
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk import publishers as table
from packaging_targets.registry.aam.desk.access import Grant, Identity, grants_value
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.registry.aam.desk.listing import MOST, Part, Span, new_number
from packaging_targets.registry.aam.desk.oidc.providers import issuer_fault
from packaging_targets.registry.aam.desk.publishers import Publisher
from packaging_targets.services.aam.hosting.host import Desk
from packaging_targets.services.aam.hosting.people.wishes import demand_sound, grant_of, label_faults
from packaging_targets.services.aam.hosting.refusing import demand_admin, verb

_MAX_SUBJECT = 512
_MAX_CLAIMS = 20
_MAX_VALUE = 512
_MAX_STARS = 8


@dataclass(frozen=True, slots=True)
class Trust:
    """Who is to be trusted, as it came in: `actions` on `patterns` for who has the subject and the claims."""

    label: str
    issuer: str
    subject: str
    actions: tuple[str, ...]
    patterns: tuple[str, ...]
    claims: Mapping[str, str | int | bool] = field(default_factory=dict)


@verb
def create_publisher(desk: Desk, who: Identity, trust: Trust) -> Publisher:
    """Trust somebody; raises RefusalError: FORBIDDEN, and BAD_REQUEST with all that is wrong."""
    demand_admin(who, "add trusted publishers")
    grant, faults = grant_of(trust.actions, trust.patterns)
    demand_sound([*faults, *label_faults(trust.label), *_faults(trust)])
    return transact(desk.database, lambda connection: _made(connection, who, trust, grant, desk.clock()))


@verb
def publishers(desk: Desk, who: Identity, after: str = "", limit: int = MOST) -> Part[Publisher]:
    """Return a part of all trusted publishers, the newest first."""
    demand_admin(who, "see trusted publishers")
    with reading(desk.database) as connection:
        return table.listed(connection, Span(after, limit))


@verb
def remove_publisher(desk: Desk, who: Identity, number: str) -> Publisher:
    """Trust somebody no longer; tokens that they have end soon by themselves. Raises RefusalError (NOT_FOUND)."""
    demand_admin(who, "remove trusted publishers")
    removed = transact(desk.database, lambda connection: _removed(connection, who, number, desk.clock()))
    if removed is None:
        raise RefusalError.of("NOT_FOUND", f"there is no trusted publisher `{number[:80]}`")
    return removed


def _made(connection: Connection, who: Identity, trust: Trust, grant: Grant, at: int) -> Publisher:
    number = new_number(at)
    claims = dict(trust.claims)
    made = Publisher(number, trust.label, trust.issuer, trust.subject, claims, (grant,), at, who.person)
    table.add(connection, made)
    audit.append(connection, Event(who.person, "publisher.created", details=_details(made)), at)
    return made


def _removed(connection: Connection, who: Identity, number: str, at: int) -> Publisher | None:
    found = table.numbered(connection, number)
    if found is None or not table.remove(connection, number):
        return None
    audit.append(connection, Event(who.person, "publisher.removed", details=_details(found)), at)
    return found


def _details(about: Publisher) -> dict[str, Any]:
    details: dict[str, Any] = {"publisher": about.number, "label": about.label, "issuer": about.issuer}
    return {**details, "subject": about.subject, "claims": dict(about.claims), "grants": grants_value(about.grants)}


def _faults(trust: Trust) -> Iterator[Problem]:
    if fault := issuer_fault(trust.issuer):
        what = f"the issuer `{plain(trust.issuer[:200])}` {fault}"
        yield Problem("", what, "write it as https://token.actions.githubusercontent.com", field="$.issuer")
    subject = trust.subject
    if not subject or plain(subject) != subject or len(subject) > _MAX_SUBJECT or subject.count("*") > _MAX_STARS:
        what = f"the subject must be one line of up to {_MAX_SUBJECT} characters, with at most {_MAX_STARS} `*`"
        yield Problem("", what, "write it as repo:acme/review:ref:refs/heads/main", field="$.subject")
    elif not subject.strip("*") and not trust.claims:
        what = f"the subject `{subject}` is everybody whom the issuer knows"
        yield Problem("", what, "name somebody, by the subject or by claims", field="$.subject")
    if len(trust.claims) > _MAX_CLAIMS:
        yield Problem("", f"there are {len(trust.claims)} claims, and {_MAX_CLAIMS} is the most", field="$.claims")
    for name, value in trust.claims.items():
        if (
            not isinstance(value, str | int)
            or len(str(value)) > _MAX_VALUE
            or plain(f"{name}{value}") != f"{name}{value}"
        ):
            what = f"the claim `{plain(name[:80])}` must have a text, a number or a boolean, on one line"
            yield Problem("", what, field=f"$.claims.{plain(name[:80])}")
