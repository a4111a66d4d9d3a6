"""Who somebody is to a registry, and tokens, at its desk: made, listed and revoked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.aam.http.answers import Issued, Person, issued_of, person_of
from packaging_targets.registry.aam.http.desk.listing import listed
from packaging_targets.registry.aam.http.desk.values import HeldToken, token_in, token_of
from packaging_targets.registry.http.messages import Request

_ROOM = "tokens"
_JSON = {"Content-Type": "application/json"}


def whoami(session: Session) -> Person:
    """Return who the registry takes somebody for; raises RefusalError where it does not know their credentials."""
    return person_of(session.done(Request("GET", session.address.to("whoami"))).body, session.address.url)


def make_token(
    session: Session, label: str, actions: Sequence[str], patterns: Sequence[str], seconds: int | None = None
) -> tuple[Issued, HeldToken]:
    """Make a token, which holds as long as the registry likes where nothing is said; return its secret, and itself."""
    value = {"label": label, "actions": list(actions), "patterns": list(patterns), "expires_in": seconds}
    # Not done again where the answer is lost: each time makes a token.
    request = Request("POST", session.address.to(_ROOM), _JSON, json.dumps(value).encode(), repeatable=False)
    where, data = session.address.url, session.done(request).body
    return issued_of(data, where), token_of(data, where)


def tokens(session: Session) -> Iterator[HeldToken]:
    """Yield the tokens that somebody may see, the newest first."""
    for value in listed(session, _ROOM):
        yield token_in(value, session.address.url)


def revoke_token(session: Session, number: str) -> HeldToken:
    """Let a token be worth nothing; raises RefusalError where that is not allowed."""
    request = Request("DELETE", session.address.entry(_ROOM, number))
    return token_of(session.done(request).body, session.address.url)
