"""Publishing to a registry on a server: an archive goes there once, whatever happens to the answer.

Where there is none, the registry is asked whether it has the version, or a request for its approval, before the
archive is sent again and before failure is told. What is there with other bytes is what it is: published by another.
"""

from __future__ import annotations

import errno
import io
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError
from packaging_targets.formats.aam.documents.transitions import release_of as release_from
from packaging_targets.formats.aam.integrity import integrity_of, parse_integrity
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.aam.http.answers import MAX_ANSWER, published_of, version_of
from packaging_targets.registry.aam.http.desk.approvals import approvals
from packaging_targets.registry.aam.measuring import measured
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.registry.http.messages import Body, Request
from packaging_targets.registry.http.multipart import multipart

_CONFLICT = 409
_MAX_WAITING = 4_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """An archive that was checked, on its way to a registry."""

    archive: BinaryIO
    where: str
    manifest: AgentManifest
    digest: Digest
    size: int

    @classmethod
    def of(cls, archive: BinaryIO, where: str) -> Parcel:
        """Check an archive; raises IntegrityError with all that is wrong with it."""
        return cls(archive, where, *measured(archive, where))

    def body(self, signature: bytes) -> tuple[str, Body]:
        """Return the content type and the body that the parcel is sent as."""
        if not signature:
            return "application/gzip", Body(self.size, self._opened)
        self.archive.seek(0)
        archive = (
            "archive",
            self.manifest.name.archive(self.manifest.version),
            "application/gzip",
            self.archive.read(),
        )
        media = "application/vnd.dev.sigstore.bundle.v0.3+json"
        kind, data = multipart([archive, ("signature", "signature.sigstore.json", media, signature)])
        return kind, Body(len(data), lambda: io.BytesIO(data))

    def _opened(self) -> BinaryIO:
        self.archive.seek(0)
        return io.BufferedReader(_Kept(self.archive, self.size), 1 << 18)


def send(session: Session, parcel: Parcel, tag: str, signature: bytes) -> Published:
    """Publish an archive; raises RefusalError where the registry refuses, IntegrityError where it has other bytes."""
    kind, body = parcel.body(signature)
    request = Request("POST", session.address.to("packages", tag=tag), {"Content-Type": kind}, body, repeatable=False)
    attempt, attempts = 0, session.transport.patience.attempts
    while True:
        attempt += 1
        answer, lost = None, None
        try:
            answer = session.transport.tried(partial(session.send, request), attempt, attempts)
        except (RegistryError, IntegrityError) as error:
            if isinstance(error, RefusalError):
                raise
            lost = error
        if answer is not None and answer.done:
            return _checked(published_of(answer.body, session.address.url), parcel, session.address.url)
        doubtful = answer is None or answer.may_pass or (attempt > 1 and answer.status == _CONFLICT)
        if doubtful and (done := _there(session, parcel)):
            return done
        if lost is not None:
            raise lost
        if answer is not None:
            raise session.error(request, answer)


def _checked(published: Published, parcel: Parcel, url: str) -> Published:
    told = published.name, published.release.version, parse_integrity(published.release.integrity)
    if told != (parcel.manifest.name, parcel.manifest.version, parcel.digest):
        wanted = f"{parcel.manifest.name}@{parcel.manifest.version}"
        what = f"the registry says that it has published other bytes than those of {wanted}"
        raise IntegrityError.one(what, url, f"compare what it has: aam info {wanted}")
    return published


def _there(session: Session, parcel: Parcel) -> Published | None:
    """Return what the registry has of an archive, published or waiting, or None where it has nothing, or tells none."""
    try:
        return _published(session, parcel) or _waiting(session, parcel)
    except PackagingError:
        return None  # what is told is why publishing failed


def _published(session: Session, parcel: Parcel) -> Published | None:
    name = parcel.manifest.name
    request = Request("GET", session.address.to("packages", str(name), str(parcel.manifest.version)), limit=MAX_ANSWER)
    answer = session.send(request)
    if not answer.done:
        return None
    release, tags = version_of(answer.body, session.address.url)
    same = release.version == parcel.manifest.version and parse_integrity(release.integrity) == parcel.digest
    return Published(name, release, tags) if same else None


def _waiting(session: Session, parcel: Parcel) -> Published | None:
    for one in islice(approvals(session, "pending"), _MAX_WAITING):
        if one.integrity == integrity_of(parcel.digest):
            release = release_from(parcel.manifest, parcel.digest, parcel.size, 0)
            return Published(parcel.manifest.name, release, (), pending=one.number)
    return None


class _Kept(io.RawIOBase):
    """So many bytes of a file, which stays open: it may have to be sent again."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer; raises OSError where the file has become shorter."""
        data = self._file.read(min(len(buffer), self._left))
        if not data and self._left:
            raise OSError(errno.EIO, "the archive has become shorter")
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)
