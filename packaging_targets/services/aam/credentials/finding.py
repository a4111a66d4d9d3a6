"""Which secret goes to a registry. Whatever names it has to name the registry too, and be the user's own word:

    config.yaml, the user's      token: "${VAR}" of the source that has the URL
    AAM_TOKEN_NAME               for the source NAME of the user's config.yaml
    AAM_TOKEN, AAM_TOKEN_URL     for the registry at that URL
    AAM_IDENTITY_TOKEN           likewise, or for a source of the user's with `auth: oidc`: it is exchanged
    aam login                    for the registry that was signed in to

What comes with a project, which may be anybody's, names no place that a secret is sent to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from packaging_targets.errors import RequestError
from packaging_targets.registry.aam.http.credentials import Credentials, Kind
from packaging_targets.registry.aam.opening import is_server, server_url
from packaging_targets.services.aam.config.settings import Config, Declared
from packaging_targets.services.aam.credentials.keeping import kept_credentials

TOKEN, TOKEN_URL, IDENTITY = "AAM_TOKEN", "AAM_TOKEN_URL", "AAM_IDENTITY_TOKEN"
"""Variables of the environment."""


def find_credentials(config: Config, url: str) -> Credentials | None:
    """Return the credentials for the registry at `url`, or None where there are none.

    Raises RequestError where a variable that the configuration names is not set and nobody has signed in either.
    """
    missing: RequestError | None = None
    for source in _trusted(config, url):
        try:
            if found := _of_source(source):
                return found
        except RequestError as error:
            missing = error
    if found := _of_variables(url) or kept_credentials(url):
        return found
    if missing is not None:
        raise missing
    return None


def _trusted(config: Config, url: str) -> Iterator[Declared]:
    for source in config.sources.values():
        if source.is_users and config.registry(source.name).url == url:
            yield source


def _of_source(source: Declared) -> Credentials | None:
    if source.token is not None:
        return _given(source, source.token.value(), f"`token` of `{source.name}` in {source.token.where}")
    variable = f"{TOKEN}_{source.name.upper().replace('-', '_')}"
    if token := os.environ.get(variable, ""):
        return _given(source, token, variable)
    identity = os.environ.get(IDENTITY, "") if source.auth == "oidc" else ""
    return Credentials("identity", identity.strip(), source=IDENTITY) if identity else None


def _given(source: Declared, text: str, origin: str) -> Credentials:
    if source.auth == "basic":
        user, colon, password = text.partition(":")
        if not colon:
            what = f"{origin} must be a user and a password with a `:` between them"
            raise RequestError.one(what, "", "write USER:PASSWORD, or sign in: aam login --username USER")
        return Credentials("basic", password, user, origin)
    kind: Kind = "identity" if source.auth == "oidc" else "token"
    return Credentials(kind, text.strip(), source=origin)


def _of_variables(url: str) -> Credentials | None:
    named = os.environ.get(TOKEN_URL, "")
    if not named or not is_server(named) or server_url(named) != url:
        return None
    if token := os.environ.get(TOKEN, ""):
        return Credentials("token", token.strip(), source=TOKEN)
    identity = os.environ.get(IDENTITY, "")
    return Credentials("identity", identity.strip(), source=IDENTITY) if identity else None
