"""Tokens: one's own, or all for who administers the registry; made, and revoked."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from packaging_targets.adapters.http.pages.visiting import Visit
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.tokens import IssuedToken, Token
from packaging_targets.services.aam.hosting.people import tokens as verbs

_LIMIT = 30
_DAY = 86400
_DAYS = (1, 7, 30, 90, 365)
_USUAL = "30"
_MAY = {
    "read": "private packages",
    "publish": "new versions, tags and deprecations",
    "yank": "hide versions, and show them again",
    "admin": "all of it, and decide on approvals",
}


def tokens(visit: Visit) -> Response:
    """List tokens, with a form that makes one."""
    return _shown(visit, done="The token is revoked: nobody can use it any more." if visit.asked("revoked") else "")


def create(visit: Visit) -> Response:
    """Make a token, and show it this once: it stands in this answer and nowhere else."""
    days = visit.sent("days")
    lifetime = int(days) * _DAY if days in set(map(str, _DAYS)) else None
    actions, patterns = visit.form.get("actions", ()), visit.sent("patterns", 10_000).replace(",", " ").split()
    try:
        issued = verbs.create_token(visit.host, visit.who, visit.sent("label"), actions, patterns, lifetime)
    except RefusalError as error:
        if error.code not in {"BAD_REQUEST", "FORBIDDEN"}:
            raise
        status = 400 if error.code == "BAD_REQUEST" else 403
        return _shown(visit, status, fault="; ".join(one.what for one in error.problems))
    return _shown(visit, made=issued)


def revoke(visit: Visit) -> Response:
    """Let a token hold no longer."""
    number = visit.path.split("/")[3]
    revoked = verbs.revoke_token(visit.host, visit.who, number)
    if revoked.number == visit.who.token:
        return visit.to("/browse")
    return visit.to("/browse/tokens", revoked="yes")


def _shown(
    visit: Visit, status: int = 200, made: IssuedToken | None = None, fault: str = "", done: str = ""
) -> Response:
    after = visit.asked("after")
    part = verbs.tokens(visit.host, visit.who, after, _LIMIT)
    return visit.page(
        "tokens.html",
        status,
        tokens=[_row(visit, one) for one in part.entries],
        all=visit.who.may("admin"),
        made=made and {"label": made.token.label, "secret": made.secret},
        fault=fault,
        done=done,
        given=_given(visit, failed=bool(fault)),
        actions=[{"name": name, "does": does} for name, does in _MAY.items()],
        days=_DAYS,
        next=visit.link("/browse/tokens", after=part.next) if part.next else "",
        first=visit.link("/browse/tokens") if after else "",
    )


def _given(visit: Visit, *, failed: bool) -> dict[str, Any]:
    """Return what stands in the form: what was sent, where that has to be mended."""
    if not failed:
        return {"label": "", "actions": ("read",), "patterns": "*", "days": _USUAL}
    return {
        "label": visit.sent("label"),
        "actions": visit.form.get("actions", ()),
        "patterns": visit.sent("patterns"),
        "days": visit.sent("days"),
    }


def _row(visit: Visit, one: Token) -> dict[str, Any]:
    fault = one.fault(visit.host.clock())
    return {
        "number": one.number,
        "person": one.person,
        "label": one.label,
        "actions": sorted({action for grant in one.grants for action in grant.actions}),
        "patterns": sorted({pattern for grant in one.grants for pattern in grant.patterns}),
        "expires_at": one.expires_at,
        "state": {"was revoked": "revoked", "has expired": "expired"}.get(fault, fault),
        "mine": one.number == visit.who.token,
    }
