"""What a registry knows of people and tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from packaging_targets.errors import RequestError
from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.aam.http.answers import (
    Granted,
    Greeting,
    Issued,
    Person,
    greeting_of,
    issued_of,
    person_of,
)
from packaging_targets.registry.http.messages import Request

_JSON = {"Content-Type": "application/json"}


def greeting(session: Session) -> Greeting:
    """Return what a registry says of itself; raises RegistryError where it is none."""
    return greeting_of(session.done(Request("GET", session.address.to())).body, session.address.url)


def whoami(session: Session) -> Person:
    """Return who the registry takes somebody for; raises RefusalError where it does not know their credentials."""
    return person_of(session.done(Request("GET", session.address.to("whoami"))).body, session.address.url)


def make_token(session: Session, label: str, grants: Sequence[Granted]) -> Issued:
    """Make a token that may do what the first of some grants allows."""
    if not grants:
        raise RequestError.one("the account may do nothing, so no token can be made for it", session.address.url)
    value = {"label": label, "actions": grants[0].actions, "patterns": grants[0].patterns}
    # Not done again where the answer is lost: each time makes a token.
    request = Request("POST", session.address.to("tokens"), _JSON, json.dumps(value).encode(), repeatable=False)
    return issued_of(session.done(request).body, session.address.url)


def revoke_token(session: Session, number: str) -> None:
    """Let a token be worth nothing; raises RefusalError where that is not allowed."""
    session.done(Request("DELETE", session.address.to("tokens") + f"/{quote(number, safe='')}"))
