"""Versions that wait for a second person: asked for, shown, approved or rejected.

The archive is set aside first, durably, and the request stands after that. Whoever approves takes the request, and
publishes; whoever comes at the same moment finds it taken. A server that is killed anywhere leaves a note, and
`settle_approvals` brings the request to where it belongs: published, waiting again, or gone with its archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from packaging_targets.errors import IntegrityError, PackagingError, RequestError, plain
from packaging_targets.formats.aam.documents.transitions import Publication
from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import CODES, RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import approvals as table
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.approvals import Approval, State
from packaging_targets.registry.aam.desk.listing import MOST, Part, Span, new_number
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.recording import RECOVERED
from packaging_targets.services.aam.hosting.refusing import forbidden, verb, without_address

MAX_REASON = 1000  # characters
BUSY = 120  # seconds that no publishing from what was set aside takes
_BLOCK = 1 << 20
_OURS = 500  # statuses from here on say that the registry is to blame
_CHOICES: Mapping[str, Sequence[State]] = {
    "": ("pending", "approving"),
    "pending": ("pending", "approving"),
    "approved": ("approved",),
    "failed": ("failed",),
    "rejected": ("rejected",),
    "all": table.STATES,
}


def ask(
    host: Host, who: Identity, name: PackageName, publication: Publication, archive: BinaryIO, signature: bytes
) -> str:
    """Let a version wait, whose archive has been looked into; return the number of the request.

    Who asks again with the same archive gets the same one; raises RefusalError (CONFLICT) for another.
    """
    release, at = publication.release, host.clock()
    number = new_number(at)
    asked = Approval(
        number,
        name,
        str(release.version),
        publication.tag,
        release.integrity,
        release.size,
        plain(release.description),
        who.person,
        at,
        signature=signature,
    )
    with reading(host.database) as connection:
        waiting = table.waiting_for(connection, name, asked.version)
    if waiting is not None:
        return _same(waiting, asked)
    note = transact(host.database, lambda connection: table.noted(connection, asked, at))
    archive.seek(0)
    host.holdings.set_aside(number, archive)
    if transact(host.database, lambda connection: table.asked(connection, asked, note)):
        return number
    host.holdings.discard(number)
    transact(host.database, lambda connection: audit.forget(connection, note))
    return ask(host, who, name, publication, archive, signature)


@verb
def approvals(host: Host, who: Identity, state: str = "", after: str = "", limit: int = MOST) -> Part[Approval]:
    """Return a part of the requests that somebody made, or has in their care, the newest first.

    `state` is one of pending (as is nothing), approved, failed, rejected and all.
    """
    if who.is_anonymous:
        raise forbidden(who, "may not see requests for approval")
    if state not in _CHOICES:
        what = f"there is no state `{state[:80]}`"
        raise RefusalError.of("BAD_REQUEST", what, "", f"write one of {', '.join(filter(None, _CHOICES))}")
    with reading(host.database) as connection:
        return table.listed(connection, who, _CHOICES[state], Span(after, limit))


@verb
def approval(host: Host, who: Identity, number: str) -> Approval:
    """Return a request; raises RefusalError (APPROVAL_NOT_FOUND) where there is none that they may see."""
    return _seen(host, who, number)


@verb
def open_aside(host: Host, who: Identity, number: str) -> AbstractContextManager[BinaryIO]:
    """Open the archive of a request, which can be sought in; raises RefusalError: GONE once it is decided."""
    found = _seen(host, who, number)
    if not found.is_open:
        raise RefusalError.of("GONE", f"the request is {found.state}: its archive is not kept")
    return host.holdings.aside(number)


@verb
def approve(host: Host, who: Identity, number: str) -> tuple[Approval, Published]:
    """Publish what waits; return the request as it is then, and what was published.

    Raises RefusalError: FORBIDDEN for its own publisher, and who has not the package in their care; CONFLICT where it
    is decided, or being decided; and what publishing it raises, after which it has failed, or waits again.
    """
    found = _decidable(host, who, number)
    taken = replace(found, state="approving", decided_by=who.person, decided_at=host.clock())
    note = transact(host.database, lambda connection: table.taken(connection, taken))
    if not note:
        raise _decided(_seen(host, who, number))
    try:
        published = _published(host, taken)
    except PackagingError as error:
        _give_back(host, taken, note, error)
        raise
    done = replace(taken, state="approved", decided_at=host.clock())
    transact(host.database, lambda connection: table.finished(connection, done, {}))
    _clear(host, number, note)
    return done, published


@verb
def reject(host: Host, who: Identity, number: str, reason: str = "") -> Approval:
    """Let a request end without a publishing; raises RefusalError as `approve` does."""
    if plain(reason) != reason or len(reason) > MAX_REASON:
        what = f"the reason must be one line of up to {MAX_REASON:,} characters, without control characters"
        raise RequestError.one(what, "", "write it in one line")
    found = _decidable(host, who, number)
    done = replace(found, state="rejected", decided_by=who.person, decided_at=host.clock(), reason=reason)
    note = transact(host.database, lambda connection: table.rejected(connection, done))
    if not note:
        raise _decided(_seen(host, who, number))
    _clear(host, number, note)
    return done


def settle_approvals(host: Host) -> int:
    """Look into requests that a killed server was at; return of how many was told that they are approved."""
    with reading(host.database) as connection:
        left = [one for one in audit.intents(connection) if one.event.action == table.NOTE]
        found = [(one, table.numbered(connection, str(one.event.details["number"]))) for one in left]
    told = 0
    for note, request in found:
        is_over = note.at + BUSY < host.clock()
        if request is not None and request.state == "approving":
            told += _resumed(host, request, note.number, is_over=is_over)
        elif is_over and (request is None or not request.is_open):
            _clear(host, str(note.event.details["number"]), note.number)
        elif is_over:
            transact(host.database, partial(audit.forget, number=note.number))
    return told


def own_warnings(published: Published) -> Published:
    """Return what was published without warnings about other packages, which whoever published may not see."""
    about = f"{published.name}@{published.release.version}"
    return replace(published, warnings=tuple(one for one in published.warnings if one.where == about))


def _seen(host: Host, who: Identity, number: str) -> Approval:
    """Return a request that somebody made, or has in their care."""
    if who.is_anonymous:
        raise forbidden(who, "may not see requests for approval")
    with reading(host.database) as connection:
        found = table.numbered(connection, number)
    if found is None or not (found.publisher == who.person or who.may("admin", str(found.name))):
        raise RefusalError.of("APPROVAL_NOT_FOUND", f"there is no request for approval `{number[:80]}`")
    return found


def _decidable(host: Host, who: Identity, number: str) -> Approval:
    found = _seen(host, who, number)
    if found.publisher == who.person:
        raise forbidden(who, "asked for this, and another person has to decide it")
    if not who.may("admin", str(found.name)):
        raise forbidden(who, f"may not decide about {found.name}")
    if found.state != "pending":
        raise _decided(found)
    return found


def _decided(found: Approval) -> RefusalError:
    by = f" by {found.decided_by}" if found.decided_by else ""
    told = f"is being decided{by}" if found.is_open else f"is {found.state} already{by}"
    return RefusalError.of("CONFLICT", f"the request for {found.name}@{found.version} {told}")


def _same(waiting: Approval, asked: Approval) -> str:
    """Return the number of a request that waits, where it is the one that is asked for now."""
    if (waiting.publisher, waiting.integrity, waiting.tag) == (asked.publisher, asked.integrity, asked.tag):
        return waiting.number
    how = "with the same bytes" if waiting.integrity == asked.integrity else "with other bytes"
    what = f"{waiting.name}@{waiting.version} waits for approval already, {how}"
    raise RefusalError.of("CONFLICT", what, "", "let that be rejected, or raise `version` in package.agent.json")


def _published(host: Host, taken: Approval) -> Published:
    """Publish what was set aside: the very bytes that were asked for."""
    with host.holdings.aside(taken.number) as archive:
        found = hashlib.sha256()
        while block := archive.read(_BLOCK):
            found.update(block)
        if integrity_of(Digest(found.hexdigest())) != taken.integrity:
            raise IntegrityError.one(f"the archive of {taken.name}@{taken.version} that was set aside is another one")
        archive.seek(0)
        try:
            return own_warnings(host.holdings.publish(archive, taken.tag, taken.signature))
        except RefusalError:
            there = _there(host, taken)
            if there is None:
                raise
            return there


def _there(host: Host, taken: Approval) -> Published | None:
    """Return what a request asks for, where it is published: by somebody who was thought to be gone."""
    metadata = host.holdings.metadata(taken.name)
    release = metadata.releases.get(taken.version) if metadata is not None else None
    if metadata is None or release is None or release.integrity != taken.integrity:
        return None
    return Published(taken.name, release, tuple(tag for tag, to in metadata.tags.items() if to == taken.version))


def _give_back(host: Host, taken: Approval, note: str, error: PackagingError) -> None:
    """Let a request that could not be published have failed, or wait again where that may help."""
    status = CODES[error.code][0] if isinstance(error, RefusalError) else 503
    if not isinstance(error, IntegrityError) and status >= _OURS:
        transact(host.database, lambda connection: table.waits_again(connection, taken, note))
        return
    reason = "; ".join(one.what for one in without_address(host, error.problems))
    done = replace(taken, state="failed", reason=plain(reason)[:MAX_REASON])
    transact(host.database, lambda connection: table.failed(connection, done))
    _clear(host, taken.number, note)


def _resumed(host: Host, request: Approval, note: str, *, is_over: bool) -> bool:
    """Bring a request that somebody was publishing to where it belongs; tell whether it was published."""
    if _there(host, request) is not None:
        done = replace(request, state="approved")
        told = transact(host.database, lambda connection: table.finished(connection, done, RECOVERED))
        _clear(host, request.number, note)
        return told
    if is_over:
        transact(host.database, lambda connection: table.waits_again(connection, request, note))
    return False


def _clear(host: Host, number: str, note: str) -> None:
    """Forget the archive of a request that is decided, and then the note that says it is there."""
    host.holdings.discard(number)
    transact(host.database, lambda connection: audit.forget(connection, note))
