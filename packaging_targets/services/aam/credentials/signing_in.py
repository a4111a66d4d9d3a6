"""`aam login`, `aam logout`, `aam whoami`: a token is kept when the registry has said whose it is."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from packaging_targets.errors import PackagingError, Problem, RegistryError, RequestError
from packaging_targets.registry.aam.http.access import exchange
from packaging_targets.registry.aam.http.answers import Issued, Person
from packaging_targets.registry.aam.http.credentials import TYPED_IDENTITY, TYPED_PASSWORD, TYPED_TOKEN, Credentials
from packaging_targets.registry.aam.http.desk.tokens import make_token, revoke_token
from packaging_targets.registry.aam.http.desk.tokens import whoami as recognised
from packaging_targets.registry.aam.http.login.browser import identity_by_browser
from packaging_targets.registry.aam.http.registry import HttpRegistry
from packaging_targets.registry.aam.opening import is_server
from packaging_targets.services.aam.config import read_config
from packaging_targets.services.aam.credentials.finding import find_credentials
from packaging_targets.services.aam.credentials.keeping import forget, keep, kept_credentials


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in where, until when (seconds since 1970, None for ever), and where the token is kept."""

    url: str
    person: str
    expires_at: int | None
    place: str


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What a signing out came to: whether there was a token, and why it could not be revoked, if it was not."""

    url: str
    was_in: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom a registry takes us for, and where what we showed it came from."""

    url: str
    person: Person
    source: str


def login_with_token(registry: str, token: str) -> SignedIn:
    """Sign in with a token of the registry."""
    return _kept(server_of(registry), Issued(_one_line(token)))


def login_with_password(registry: str, user: str, password: str) -> SignedIn:
    """Sign in with a name and a password, which are exchanged for a token."""
    url = server_of(registry)
    known = _session(url, Credentials("basic", password, user, TYPED_PASSWORD))
    grants = recognised(known.session).grants
    if not grants:
        raise RequestError.one("the account may do nothing, so no token can be made for it", url)
    label = f"aam login on {platform.node() or 'a machine'}"[:200]
    issued, _ = make_token(known.session, label, grants[0].actions, grants[0].patterns)
    known.close()
    return _kept(url, issued)


def login_with_identity(registry: str, identity: str) -> SignedIn:
    """Sign in with the token of an identity provider, which is exchanged."""
    url = server_of(registry)
    known = _session(url, None)
    given = Credentials("identity", _one_line(identity), source=TYPED_IDENTITY)
    issued = exchange(known.session.transport, known.session.address, given)
    known.close()
    return _kept(url, issued)


def login_with_browser(registry: str, show: Callable[[str], None]) -> SignedIn:
    """Sign in at the provider that the registry names; `show` gets the address that a browser is to open."""
    known = _session(server_of(registry), None)
    identity = identity_by_browser(known.session, show)
    known.close()
    return login_with_identity(registry, identity)


def logout(registry: str) -> SignedOut:
    """Revoke the token that is kept for a registry, if that can be, and forget it."""
    url = server_of(registry)
    problems: tuple[Problem, ...] = ()
    try:
        token = kept_credentials(url)
        if token is not None:
            known = _session(url, token)
            revoke_token(known.session, recognised(known.session).token)
            known.close()
    except PackagingError as error:
        problems = error.problems
    return SignedOut(url, forget(url), problems)


def whoami(registry: str) -> Recognised:
    """Return whom a registry takes us for; raises RefusalError where there are no credentials, or it knows none."""
    with visited(server_of(registry)) as known:
        credentials = known.session.credentials
        return Recognised(known.url, recognised(known.session), credentials.source if credentials else "")


def server_of(text: str, lack: str = "where nobody signs in") -> str:
    """Return the URL of the server that a text names; raises RequestError where it is a folder.

    `lack` says what folders lack, as the end of "`…` is a folder, …".
    """
    url = read_config().registry(text).url
    if not is_server(url):
        raise RequestError.one(f"`{url}` is a folder, {lack}", "", "name a server: --registry https://…")
    return url


@contextmanager
def visited(url: str) -> Iterator[HttpRegistry]:
    """Speak to the server at a URL, with the credentials that are for it."""
    config = read_config()
    with closing(HttpRegistry(url, lambda: find_credentials(config, url))) as known:
        yield known


def _kept(url: str, issued: Issued) -> SignedIn:
    """Ask who a token is of, and keep it."""
    known = _session(url, Credentials("token", issued.token, source=TYPED_TOKEN))
    person = recognised(known.session)
    known.close()
    if not person.person:
        raise RegistryError.one("the registry does not say whose token this is", url, "tell whoever runs it")
    expires_at = person.expires_at or issued.expires_at
    return SignedIn(url, person.person, expires_at, keep(url, issued.token, person.person, expires_at))


def _session(url: str, credentials: Credentials | None) -> HttpRegistry:
    return HttpRegistry(url, lambda: credentials)


def _one_line(text: str) -> str:
    found = text.strip()
    if not found:
        raise RequestError.one("there is no token", "", "give one that is not empty")
    return found
