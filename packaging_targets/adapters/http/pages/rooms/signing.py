"""Signing in and out."""

from __future__ import annotations

import re
import threading

from starlette.responses import Response

from packaging_targets.adapters.http.limits import counted_as
from packaging_targets.adapters.http.pages.visiting import FORM, SESSION, Visit
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.sessions import Session
from packaging_targets.services.aam.hosting.people.sessions import sign_in, sign_out

_PAGE = re.compile(r"/browse(?:[/?][!-\[\]-~]*)?")
_LONGEST = 1000
# Who sends many passwords at once waits for each, and so fails no more often than one by one.
_turns = threading.BoundedSemaphore(2)


def signing_in(visit: Visit) -> Response:
    """Show the form."""
    return _form(visit)


def sign(visit: Visit) -> Response:
    """Sign somebody in, and lead on to where they wanted to go."""
    call = visit.call
    if not call.is_secure:
        what = "this page came over plain HTTP, where anybody on the way could read what you type"
        return _form(visit, 400, f"{what}: open it with https://")
    try:
        with _turns:
            secret, session = _signed_in(visit)
    except RefusalError as error:
        if error.code != "UNAUTHORIZED":
            raise
        return _form(visit, 401, error.problems[0].what)
    if visit.secret:
        sign_out(visit.host, visit.secret)
    response = visit.to(wanted_page(visit.sent("next", _LONGEST)))
    visit.set_cookie(response, SESSION, secret, max(session.expires_at - visit.host.clock(), 0))
    visit.set_cookie(response, FORM, "", 0)
    return response


def _signed_in(visit: Visit) -> tuple[str, Session]:
    """Open a session; failures are counted by address."""
    rates, address = visit.call.site.rates, counted_as(visit.call.address)
    rates.demand("failure", address)
    token, name, password = visit.sent("token"), visit.sent("name"), visit.form.get("password", ("",))[0]
    try:
        return sign_in(visit.host, token, name, password)
    except RefusalError as error:
        if error.code == "UNAUTHORIZED":
            rates.fail(address)
        raise


def signing_out(visit: Visit) -> Response:
    """Sign somebody out."""
    sign_out(visit.host, visit.secret)
    response = visit.to("/browse")
    visit.set_cookie(response, SESSION, "", 0)
    return response


def wanted_page(text: str) -> str:
    """Return the page that a text names, or the first one: nobody is led to another server, whatever it says."""
    return text if _PAGE.fullmatch(text) and "//" not in text.partition("?")[0] else "/browse"


def _form(visit: Visit, status: int = 200, fault: str = "") -> Response:
    wanted = visit.sent("next", _LONGEST) or visit.asked("next", _LONGEST)
    return visit.page("sign-in.html", status, next=wanted_page(wanted), fault=fault)
