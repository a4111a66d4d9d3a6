"""Publishing: an archive comes in, is looked into, and is there for all, or waits for somebody's word."""

from __future__ import annotations

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.operation import Operation, Reply
from packaging_targets.adapters.http.api.queries import TAG
from packaging_targets.adapters.http.api.values import path_of, published_value
from packaging_targets.adapters.http.bodies.uploads import uploaded
from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.answers import done
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.services.aam.hosting import publishing

_TOOL = "publish with `aam`, or send a token"
_PUBLISHERS = frozenset({"publish", "admin"})


async def publish(call: Call) -> ASGIApp:
    """Publish the archive that is sent."""
    _demand_right(call)
    tag = call.query.get("tag", "")
    async with uploaded(call) as upload:
        published = await call.site.validated(
            publishing.publish, call.site.host, call.who, upload.archive, tag, upload.signature
        )
    value = published_value(published)
    if published.pending:
        return done(value, call.headers, 202, path_of(call, "approvals", published.pending))
    location = path_of(call, "packages", str(published.name), str(published.release.version))
    return done(value, call.headers, 201, location)


def _demand_right(call: Call) -> None:
    """Refuse who can publish nothing before anything is received; which package it is, only the archive tells."""
    if call.who.is_anonymous:
        if not call.site.host.settings.open_publishing:
            fix = f"aam login --registry {call.site.host.settings.url or 'URL'}"
            raise RefusalError.of("UNAUTHORIZED", "publishing needs credentials", "", fix)
        if b"origin" in call.headers:  # any site that somebody visits could send a form here
            raise RefusalError.of(
                "UNAUTHORIZED", "a page in a browser publishes nothing without credentials", "", _TOOL
            )
    elif not any(_PUBLISHERS & set(grant.actions) for grant in call.who.grants):
        raise RefusalError.of("FORBIDDEN", "the credentials do not allow to publish anything")


OPERATIONS = (
    Operation(
        "POST",
        "/packages",
        "publish",
        "Publish an archive; name and version are those of its manifest",
        publish,
        (
            Reply(201, "It is published.", "Published", examples.PUBLISHED, headers=("Location",)),
            Reply(202, "It waits for a second person's word.", "Published", examples.PENDING, headers=("Location",)),
        ),
        "publishing",
        refusals=(
            "FORBIDDEN",
            "REQUEST_TIMEOUT",
            "VERSION_CONFLICT",
            "CONFLICT",
            "ARCHIVE_TOO_LARGE",
            "UNSUPPORTED_MEDIA_TYPE",
            "MANIFEST_INVALID",
            "SIGNATURE_INVALID",
        ),
        queries=(TAG,),
        is_upload=True,
    ),
)
