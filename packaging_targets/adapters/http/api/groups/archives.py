"""Archives and signatures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.groups.reading import seen
from packaging_targets.adapters.http.api.operation import Operation, Reply
from packaging_targets.adapters.http.bodies.downloads import Sending, Stored, pieces_of_file
from packaging_targets.adapters.http.call import Call
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.services.aam.hosting import seeing

BYTES = ("application/gzip",)
_MISSING = ("PACKAGE_NOT_FOUND", "VERSION_NOT_FOUND", "TAG_NOT_FOUND", "PACKAGE_YANKED", "GONE")


async def tarball(call: Call) -> ASGIApp:
    """Answer with the archive of a version, or with a part of it."""
    name = call.name
    release = await _release(call, name)
    stored = Stored(
        parse_integrity(release.integrity).hex,
        release.size,
        name.archive(release.version),
        partial(_pieces, call, name, release),
        call.site.is_public(str(name)),
    )
    return Sending(call, stored)


async def signature(call: Call) -> ASGIApp:
    """Answer with the Sigstore bundle that a version was published with."""
    name = call.name
    release = await _release(call, name)
    data = await call.site.in_thread(call.site.host.holdings.signature, name, release)
    if data is None:
        what = f"{name}@{release.version} was published without a signature"
        raise RefusalError.of("SIGNATURE_NOT_FOUND", what, "", "aam pkg publish --sign")
    return await call.site.documents.answer(call.headers, data, is_public=call.site.is_public(str(name)))


async def _release(call: Call, name: PackageName) -> Release:
    document, text = await seen(call, name), call.parameters["version"]
    known = call.site.releases.get((document.digest, text))
    if known is not None:
        release = known
    else:
        _, release = await call.site.in_thread(seeing.release_of, call.site.host, call.who, name, text)
        call.site.releases.put((document.digest, text), release)
    if release.missing:
        raise RefusalError.of("GONE", f"the archive of {name}@{release.version} is not in the registry any more")
    return release


def _pieces(call: Call, name: PackageName, release: Release, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of an archive; what waits for a disk is done when the first of them is asked for."""
    path = call.site.host.holdings.path(name, release)
    if path is None:
        yield from call.site.host.holdings.pieces(name, release, start, end)
    else:
        yield from pieces_of_file(path, start, end)


OPERATIONS = (
    Operation(
        "GET",
        "/packages/{name}/{version}/tarball",
        "getArchive",
        "The archive of a version, or a part of it",
        tarball,
        (
            Reply(200, "The archive.", types=BYTES, headers=("Accept-Ranges", "Content-Disposition")),
            Reply(206, "The part that `Range` names.", types=BYTES, headers=("Accept-Ranges", "Content-Range")),
            Reply(304, "It is what `If-None-Match` names."),
        ),
        "archives",
        refusals=(*_MISSING, "RANGE_NOT_SATISFIABLE"),
    ),
    Operation(
        "GET",
        "/packages/{name}/{version}/signature",
        "getSignature",
        "The Sigstore bundle that a version was published with",
        signature,
        (
            Reply(200, "The bundle.", "Signature", examples.SIGNATURE),
            Reply(304, "It is what `If-None-Match` names."),
        ),
        "archives",
        refusals=(*_MISSING, "SIGNATURE_NOT_FOUND"),
    ),
)
