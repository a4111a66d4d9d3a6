"""Trusted publishers: whose identity tokens are taken for a token of ours."""

from __future__ import annotations

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.endpoint import body_of
from packaging_targets.adapters.http.api.groups.credentials import ALLOWED, LABEL
from packaging_targets.adapters.http.api.lists import list_answered
from packaging_targets.adapters.http.api.operation import SENT, Body, Operation, Reply, object_of
from packaging_targets.adapters.http.api.queries import LISTS
from packaging_targets.adapters.http.api.values import publisher_value
from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.answers import done
from packaging_targets.services.aam.hosting.people import publishers

_CLAIMS = {
    "type": "object",
    "additionalProperties": {"type": ["string", "integer", "boolean"]},
    "maxProperties": 20,
}
_TRUST = Body(
    object_of(
        ("label", "issuer", "subject", "actions", "patterns"),
        label=LABEL,
        issuer={"type": "string", "minLength": 1, "maxLength": 512},
        subject={"type": "string", "minLength": 1, "maxLength": 512},
        claims=_CLAIMS,
        **ALLOWED,
    ),
    {
        "label": "acme's CI",
        "issuer": "https://issuer.example",
        "subject": "repo:acme/review:*",
        "claims": {"environment": "release"},
        "actions": ["publish"],
        "patterns": ["@acme/*"],
    },
)


async def create(call: Call) -> ASGIApp:
    """Trust somebody."""
    sent = await body_of(call, _TRUST)
    trust = publishers.Trust(
        sent["label"],
        sent["issuer"],
        sent["subject"],
        tuple(sent["actions"]),
        tuple(sent["patterns"]),
        sent.get("claims", {}),
    )
    made = await call.site.in_thread(publishers.create_publisher, call.site.host, call.who, trust)
    return done(publisher_value(made), call.headers, 201)


async def trusted(call: Call) -> ASGIApp:
    """Answer with a part of those who are trusted."""
    return await list_answered(call, publishers.publishers, "publishers", publisher_value)


async def remove(call: Call) -> ASGIApp:
    """Trust somebody no longer."""
    found = await call.site.in_thread(publishers.remove_publisher, call.site.host, call.who, call.parameters["id"])
    return done(publisher_value(found), call.headers)


OPERATIONS = (
    Operation(
        "POST",
        "/publishers",
        "createPublisher",
        "Trust whom an issuer vouches for",
        create,
        (Reply(201, "The publisher.", "Publisher", examples.PUBLISHER),),
        "publishers",
        "people",
        ("FORBIDDEN", *SENT),
        body=_TRUST,
    ),
    Operation(
        "GET",
        "/publishers",
        "listPublishers",
        "Those who are trusted, the newest first",
        trusted,
        (Reply(200, "A part of them.", "PublisherList", examples.PUBLISHER_LIST, headers=("Link", "X-Total-Count")),),
        "publishers",
        "people",
        ("FORBIDDEN",),
        LISTS,
    ),
    Operation(
        "DELETE",
        "/publishers/{id}",
        "removePublisher",
        "Trust a publisher no longer",
        remove,
        (Reply(200, "The publisher, as it was.", "Publisher", examples.PUBLISHER),),
        "publishers",
        "people",
        ("FORBIDDEN", "NOT_FOUND"),
    ),
)
