"""Requests for approval, at a registry's desk: listed, looked at, decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from packaging_targets.formats.aam.documents.reading import load_object
from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.aam.http.answers import MAX_ANSWER, published_in
from packaging_targets.registry.aam.http.desk.listing import listed
from packaging_targets.registry.aam.http.desk.values import AskedApproval, approval_in, approval_of
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.registry.http.messages import Answer, Request

_ROOM = "approvals"
_JSON = {"Content-Type": "application/json"}


def approvals(session: Session, state: str = "") -> Iterator[AskedApproval]:
    """Yield the requests that somebody made, or may decide, the newest first; without a state those that wait."""
    for value in listed(session, _ROOM, state=state):
        yield approval_in(value, session.address.url)


def approval(session: Session, number: str) -> AskedApproval:
    """Return a request; raises RefusalError (APPROVAL_NOT_FOUND) where there is none that they may see."""
    request = Request("GET", session.address.entry(_ROOM, number))
    return approval_of(session.done(request).body, session.address.url)


def waiting(session: Session, asked: AskedApproval) -> AbstractContextManager[BinaryIO]:
    """Open the archive that waits, which is here as a whole then; raises RefusalError (GONE) once it is decided."""
    return session.opened(session.address.entry(_ROOM, asked.number, "tarball"), asked.integrity, asked.size)


def approve(session: Session, number: str) -> tuple[AskedApproval, Published]:
    """Let what waits be published; return the request as it is then, and what was published."""
    where = session.address.url
    value = load_object(_decided(session, number, "approve", None).body, where, MAX_ANSWER)
    decided, published = value.get("approval"), value.get("published")
    return (
        approval_in(decided if isinstance(decided, dict) else {}, where),
        published_in(published if isinstance(published, dict) else {}, where),
    )


def reject(session: Session, number: str, reason: str) -> AskedApproval:
    """Let a request end without a publishing."""
    answer = _decided(session, number, "reject", json.dumps({"reason": reason}).encode())
    return approval_of(answer.body, session.address.url)


def _decided(session: Session, number: str, how: str, body: bytes | None) -> Answer:
    # Not done again where the answer is lost: the second time it would be told that it is decided already.
    url = session.address.entry(_ROOM, number, how)
    return session.done(Request("POST", url, _JSON if body else {}, body, repeatable=False, limit=MAX_ANSWER))
