"""`aam`: login, logout, whoami."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.granting import moment
from packaging_targets.adapters.cli.aam.telling import add_verb, as_json
from packaging_targets.adapters.output import tell, tells, warn
from packaging_targets.errors import RequestError, legible, reason

if TYPE_CHECKING:
    from packaging_targets.services.aam.credentials.signing_in import SignedIn

_REGISTRY = "the registry: its URL, or its name in the configuration; default: the configured one"
_MAX_SECRET = 1 << 16
_NO_TERMINAL = "type the password at a terminal, or use a token: aam login --token-stdin < token.txt"
_IDENTITY = "AAM_IDENTITY_TOKEN"


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    entering = add_verb(verbs, "login", "sign in to a registry: its token is kept for the other verbs", _login)
    ways = entering.add_mutually_exclusive_group()
    ways.add_argument("--token-stdin", action="store_true", help="read a token of the registry from standard input")
    ways.add_argument("--username", default="", metavar="NAME", help="sign in with a password, which is asked for")
    ways.add_argument("--oidc", action="store_true", help="sign in with a browser, where the registry says")
    exchanged = (
        f"a file with an identity provider's token, or - for standard input; default: {_IDENTITY}, where it is set"
    )
    ways.add_argument("--identity-token", default="", metavar="FILE", help=exchanged)
    leaving = add_verb(verbs, "logout", "revoke the token of a registry, and forget it", _logout)
    asking = add_verb(verbs, "whoami", "tell whom a registry takes you for, and what you may do there", _whoami)
    for parser in (entering, leaving, asking):
        add_server(parser)


def add_server(parser: ArgumentParser) -> None:
    """Add the flag that says which registry on a server is meant."""
    parser.add_argument("--registry", default="", metavar="URL", help=_REGISTRY)


def _login(options: Namespace) -> int:
    done = _signed_in(options)
    value = {
        "ok": True,
        "registry": done.url,
        "person": done.person,
        "expiresAt": moment(done.expires_at),
        "kept": done.place,
    }
    until = f", and is good until {moment(done.expires_at)}" if done.expires_at is not None else ""
    return tell(options, value, [f"signed in to {done.url} as {done.person}", f"  the token is in {done.place}{until}"])


def _signed_in(options: Namespace) -> SignedIn:
    from packaging_targets.services.aam.credentials import signing_in

    signing_in.server_of(options.registry)  # nobody types a secret for what is no server
    if options.oidc:
        return signing_in.login_with_browser(options.registry, lambda url: _open_browser(options, url))
    if options.username:
        password = _asked(f"password of {options.username}: ", _NO_TERMINAL)
        return signing_in.login_with_password(options.registry, options.username, password)
    if options.identity_token:
        return signing_in.login_with_identity(options.registry, _read(options.identity_token))
    if options.token_stdin:
        return signing_in.login_with_token(options.registry, _read("-"))
    if identity := os.environ.get(_IDENTITY, ""):
        return signing_in.login_with_identity(options.registry, identity)
    return signing_in.login_with_token(
        options.registry, _asked("token: ", "pipe it in: aam login --token-stdin < token.txt")
    )


def _logout(options: Namespace) -> int:
    from packaging_targets.services.aam.credentials.signing_in import logout

    done = logout(options.registry)
    warn(options, done.problems)
    value = {
        "ok": True,
        "registry": done.url,
        "wasSignedIn": done.was_in,
        "revoked": done.was_in and not done.problems,
        "warnings": as_json(done.problems),
    }
    if not done.was_in:
        return tell(options, value, [f"nobody was signed in to {done.url}"])
    how = "could not be revoked, and is forgotten here" if done.problems else "is revoked"
    return tell(options, value, [f"signed out of {done.url}: the token {how}"])


def _whoami(options: Namespace) -> int:
    from packaging_targets.services.aam.credentials.signing_in import whoami

    known = whoami(options.registry)
    person = known.person
    value = {
        "ok": True,
        "registry": known.url,
        "person": person.person,
        "token": person.token,
        "grants": [{"actions": list(one.actions), "patterns": list(one.patterns)} for one in person.grants],
        "expiresAt": moment(person.expires_at),
        "source": known.source,
    }
    lines = [f"{person.person} at {known.url}, by {known.source}"]
    lines += [f"  may {', '.join(one.actions)}: {', '.join(one.patterns)}" for one in person.grants]
    lines += [f"  until {moment(person.expires_at)}"] if person.expires_at is not None else []
    return tell(options, value, lines)


def _open_browser(options: Namespace, url: str) -> None:
    import webbrowser

    if tells(options, "info"):
        sys.stderr.write(f"sign in with a browser:\n  {url}\n")
    webbrowser.open(url)


def _asked(prompt: str, fix: str) -> str:
    """Return what somebody types, which is not shown."""
    import getpass

    if not _is_somebody_there():
        raise RequestError.one("there is nobody at the terminal to type a secret", "", fix)
    try:
        return getpass.getpass(prompt, sys.stderr)
    except EOFError:
        raise RequestError.one("nothing was typed") from None


def _is_somebody_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _read(path: str) -> str:
    """Return the secret in a file, or in standard input."""
    try:
        if path == "-":
            return sys.stdin.read(_MAX_SECRET)
        with open(path, encoding="utf-8") as file:
            return file.read(_MAX_SECRET)
    except OSError as error:
        raise RequestError.one(f"`{legible(path)}` cannot be read: {reason(error)}") from error
    except UnicodeDecodeError:
        raise RequestError.one(f"`{legible(path)}` holds no token", "", "a token is one line of text") from None
