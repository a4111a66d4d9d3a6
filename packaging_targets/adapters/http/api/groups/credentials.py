"""Tokens, and who somebody is."""

from __future__ import annotations

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.endpoint import body_of
from packaging_targets.adapters.http.api.lists import list_answered
from packaging_targets.adapters.http.api.operation import SENT, Body, Operation, Reply, object_of
from packaging_targets.adapters.http.api.queries import LISTS
from packaging_targets.adapters.http.api.values import moment, token_value
from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.identifying import exchanged
from packaging_targets.adapters.http.messages.answers import done
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.access import ACTIONS, grants_value
from packaging_targets.services.aam.hosting.people import tokens

LABEL = {"type": "string", "maxLength": 200}
ALLOWED = {
    "actions": {"type": "array", "items": {"enum": list(ACTIONS)}, "minItems": 1, "maxItems": 4},
    "patterns": {"type": "array", "items": {"type": "string", "maxLength": 130}, "minItems": 1, "maxItems": 50},
}
_ORDER = Body(
    object_of(
        ("label", "actions", "patterns"),
        label=LABEL,
        **ALLOWED,
        expires_in={"type": ["integer", "null"], "minimum": 1, "maximum": 10 * 366 * 86400},
    ),
    {"label": "CI", "actions": ["read", "publish"], "patterns": ["@acme/*"], "expires_in": 7776000},
)
_IDENTITY = Body(
    object_of(("token",), token={"type": "string", "minLength": 1, "maxLength": 16384}), {"token": "eyJhbGciOi…"}
)


async def create(call: Call) -> ASGIApp:
    """Make a token, whose secret is told this once."""
    sent = await body_of(call, _ORDER)
    issued = await call.site.in_thread(
        tokens.create_token,
        call.site.host,
        call.who,
        sent["label"],
        sent["actions"],
        sent["patterns"],
        sent.get("expires_in"),
    )
    return done({**token_value(issued.token), "token": issued.secret}, call.headers, 201)


async def own(call: Call) -> ASGIApp:
    """Answer with a part of the tokens that somebody may see."""
    return await list_answered(call, tokens.tokens, "tokens", token_value)


async def revoke(call: Call) -> ASGIApp:
    """Let a token hold no longer."""
    found = await call.site.in_thread(tokens.revoke_token, call.site.host, call.who, call.parameters["id"])
    return done(token_value(found), call.headers)


async def exchange(call: Call) -> ASGIApp:
    """Take an identity token for a token of ours."""
    sent = await body_of(call, _IDENTITY)
    issued = await exchanged(call, sent["token"])
    token = issued.token
    value = {"token": issued.secret, "expires_at": moment(token.expires_at), "person": token.person}
    return done(value, call.headers, 201)


async def whoami(call: Call) -> ASGIApp:
    """Answer with who asks."""
    who = call.who
    if who.is_anonymous:
        raise RefusalError.of("UNAUTHORIZED", "no credentials were sent", "", "send a token: aam login")
    value = {
        "person": who.person,
        "token": who.token or None,
        "grants": grants_value(who.grants),
        "expires_at": moment(who.expires_at),
    }
    return done(value, call.headers)


OPERATIONS = (
    Operation(
        "POST",
        "/tokens",
        "createToken",
        "Make a token that allows no more than one's own; it is told this once",
        create,
        (Reply(201, "The token.", "NewToken", examples.NEW_TOKEN),),
        "tokens",
        "people",
        ("FORBIDDEN", *SENT),
        body=_ORDER,
    ),
    Operation(
        "GET",
        "/tokens",
        "listTokens",
        "One's own tokens that allow no more than the one that asks, without their secrets; all for an admin",
        own,
        (Reply(200, "A part of them.", "TokenList", examples.TOKEN_LIST, headers=("Link", "X-Total-Count")),),
        "tokens",
        "people",
        queries=LISTS,
    ),
    Operation(
        "DELETE",
        "/tokens/{id}",
        "revokeToken",
        "Let a token hold no longer: this one, or one's own that allows no more",
        revoke,
        (Reply(200, "The token, which is revoked.", "Token", examples.TOKEN),),
        "tokens",
        "people",
        ("FORBIDDEN", "TOKEN_NOT_FOUND"),
    ),
    Operation(
        "POST",
        "/auth/oidc",
        "exchange",
        "Take a trusted publisher's identity token for a token of the registry, which holds for a short while",
        exchange,
        (Reply(201, "The token.", "Exchanged", examples.EXCHANGED),),
        "tokens",
        refusals=SENT,
        body=_IDENTITY,
    ),
    Operation(
        "GET",
        "/whoami",
        "whoami",
        "Who the credentials are of, and what they allow",
        whoami,
        (Reply(200, "Who asks.", "Whoami", examples.WHOAMI),),
        "tokens",
        "people",
    ),
)
