"""Archives on their way in: streamed to a file that has no name, counted as they come, whole in time, or gone.

A small one stays in memory: it would be in the hands of another thread four times longer than it takes to look at it.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from starlette.requests import ClientDisconnect

from packaging_targets.adapters.http.bodies.json_body import overdue
from packaging_targets.adapters.http.bodies.multipart import Parts, boundary_of
from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.site import UPLOAD
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.signature import MAX_SIGNATURE

TYPES = ("application/gzip", "application/octet-stream", "application/x-gzip")
_PIECE = 256 << 10  # bytes that are written at once; what has fewer is in no file
_AROUND = 64 << 10  # bytes of a form besides its parts


@dataclass(frozen=True, slots=True)
class Upload:
    """An archive that is here, in a file that can be sought in, and the signature that came with it, or empty."""

    archive: BinaryIO
    signature: bytes


class _Body(Protocol):
    """A body as it comes: `pending` is what belongs to the archive, and is taken from there."""

    pending: bytearray

    @property
    def signature(self) -> bytes: ...

    def feed(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


class _Raw:
    """A body that is the archive."""

    signature = b""

    def __init__(self) -> None:
        self.pending = bytearray()

    def feed(self, data: bytes) -> None:
        self.pending += data

    def finish(self) -> None:
        return


@asynccontextmanager
async def uploaded(call: Call) -> AsyncIterator[Upload]:
    """Receive an archive; raises RefusalError where it is too large, too slow, or of a type that is not known."""
    limit = call.site.host.settings.max_archive
    kind, _, _ = call.headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    is_form = kind.strip() == "multipart/form-data"
    if not is_form and kind.strip() not in TYPES:
        what = "the body must be an archive"
        fix = "send Content-Type: application/gzip, or multipart/form-data with a part `archive`"
        raise RefusalError.of("UNSUPPORTED_MEDIA_TYPE", what, "", fix)
    body: _Body = Parts(boundary_of(call.headers[b"content-type"]), MAX_SIGNATURE) if is_form else _Raw()
    most = limit + (MAX_SIGNATURE + _AROUND if is_form else 0)
    if call.told_size > most:
        raise _too_large(limit)
    async with _place(call) as place:
        async with _deadline(call):
            await _receive(call, body, place, most)
        if place.size > limit:
            raise _too_large(limit)
        yield Upload(place.file, body.signature)


@asynccontextmanager
async def _deadline(call: Call) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(call.site.host.settings.body_seconds):
            yield
    except TimeoutError:
        raise overdue() from None


class _Place:
    """Where an archive is gathered: in memory, until there is more than a piece."""

    def __init__(self) -> None:
        self.file: BinaryIO = io.BytesIO()
        self.size = 0

    def write(self, piece: bytearray, folder: str | None) -> None:
        """Write what came of an archive into a file of a folder."""
        if not self.size:
            self.file = tempfile.TemporaryFile(dir=folder, prefix=UPLOAD)  # noqa: SIM115  # closed by `_place`
        self.size += self.file.write(piece)

    def keep(self, piece: bytearray) -> None:
        """Keep in memory what is the first that came of an archive, and all."""
        self.file, self.size = io.BytesIO(piece), len(piece)


@asynccontextmanager
async def _place(call: Call) -> AsyncIterator[_Place]:
    place = _Place()
    try:
        yield place
    finally:
        if not isinstance(place.file, io.BytesIO):
            await call.site.in_thread(place.file.close)


async def _receive(call: Call, body: _Body, place: _Place, most: int) -> None:
    size = 0
    while not call.is_read:
        message = await call.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        size += len(message["body"])
        if size > most:
            raise _too_large(call.site.host.settings.max_archive)
        body.feed(message["body"])
        if len(body.pending) >= _PIECE:
            await _write(call, body, place)
    body.finish()
    if place.size:
        await _write(call, body, place)
    else:
        place.keep(body.pending)
    call.site.metrics.received(size)


async def _write(call: Call, body: _Body, place: _Place) -> None:
    piece, body.pending = body.pending, bytearray()
    await call.site.in_thread(place.write, piece, call.site.uploads)


def _too_large(limit: int) -> RefusalError:
    return RefusalError.of("ARCHIVE_TOO_LARGE", f"the archive has more than {limit:,} bytes, which is the most here")
