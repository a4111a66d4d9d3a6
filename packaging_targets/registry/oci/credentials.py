"""Credentials for a registry, from where people already have them; they are never shown, logged or written.

The first that has some wins, in the order of Dev Container clients:

    DEVCONTAINERS_OCI_AUTH    host|user|token, more of them after commas
    the Docker config         credHelpers, credsStore (programs `docker-credential-…`), then auths
    GITHUB_TOKEN              for ghcr.io

The Docker config is `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import PackagingError, RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.registry.oci.reference import Registry

OWN_VARIABLE = "DEVCONTAINERS_OCI_AUTH"
_PARTS = 3
_MAX_CONFIG = 1 << 20
_HELPER_SECONDS = 60
_HELPER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_IDENTITY = "<token>"  # the user name under which helpers give an identity token
_UNKNOWN = "credentials not found"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a secret, or an identity token, which is exchanged for access; `source` says where they are from."""

    user: str = field(repr=False)
    secret: str = field(repr=False)
    identity_token: str = field(default="", repr=False)
    source: str = ""


def find_credentials(registry: Registry, environment: Mapping[str, str] | None = None) -> Credentials | None:
    """Return the credentials for a registry, or None where there are none.

    Raises RequestError where something that should hold some cannot be read, and PackagingError where a
    credential program fails.
    """
    env = os.environ if environment is None else environment
    found = _from_variable(registry, env) or _from_docker(registry, env)
    if found is None and registry.host == "ghcr.io" and env.get("GITHUB_HOST", "github.com") == "github.com":
        token = env.get("GITHUB_TOKEN")
        return Credentials("USERNAME", token, source="GITHUB_TOKEN") if token else None
    return found


def _from_variable(registry: Registry, env: Mapping[str, str]) -> Credentials | None:
    entries = [entry.split("|", _PARTS - 1) for entry in env.get(OWN_VARIABLE, "").split(",") if entry.strip()]
    if any(len(entry) != _PARTS for entry in entries):
        fix = f"write {OWN_VARIABLE}=HOST|USER|TOKEN, and more of them after commas"
        raise RequestError.one(f"{OWN_VARIABLE} has an entry without host, user and token", "the environment", fix)
    for host, user, secret in entries:
        if host.strip().lower() in {registry.host, *registry.credential_keys}:
            return Credentials(user, secret, source=OWN_VARIABLE)
    return None


def _from_docker(registry: Registry, env: Mapping[str, str]) -> Credentials | None:
    folder = env.get("DOCKER_CONFIG") or os.path.join(env.get("HOME") or os.path.expanduser("~"), ".docker")
    path = os.path.join(folder, "config.json")
    config = _read(path)
    helpers = _table(config, "credHelpers")
    for key in registry.credential_keys:
        if key in helpers and (found := _ask(str(helpers[key]), key, path, env)):
            return found
    store = config.get("credsStore")
    if store and not any(key in helpers for key in registry.credential_keys):
        for key in registry.credential_keys:
            if found := _ask(str(store), key, path, env):
                return found
    auths = {_host(key): entry for key, entry in _table(config, "auths").items()}
    for key in registry.credential_keys:
        if found := _of_entry(auths.get(_host(key)), f"`{path}`"):
            return found
    return None


def _read(path: str) -> Mapping[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_CONFIG + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RequestError.one(f"the Docker config cannot be read: {error.strerror}", path, "correct it") from None
    try:
        value = json.loads(data if len(data) <= _MAX_CONFIG else b"")
    except (ValueError, RecursionError):
        # What stands at fault could be a secret: the place of the error is not shown.
        raise RequestError.one("the Docker config is not JSON", path, "correct it, or move it away") from None
    if not isinstance(value, dict):
        raise RequestError.one("the Docker config is no JSON object", path, "correct it, or move it away")
    return value


def _table(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _host(key: str) -> str:
    """Return the host of a key such as `https://registry.example.org/v2/`."""
    return key.rpartition("://")[2].partition("/")[0].lower()


def _of_entry(entry: Any, source: str) -> Credentials | None:
    if not isinstance(entry, dict):
        return None
    if token := entry.get("identitytoken"):
        return Credentials("", "", str(token), source)
    if entry.get("username"):
        return Credentials(str(entry["username"]), str(entry.get("password", "")), source=source)
    if not entry.get("auth"):
        return None
    try:
        text = base64.b64decode(str(entry["auth"]), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    user, colon, secret = text.partition(":")
    if not colon:
        fix = "run `docker login` again"
        raise RequestError.one("an `auth` of the Docker config is not base64 of user and password", source, fix)
    return Credentials(user, secret.rstrip("\0"), source=source)


def _ask(name: str, server: str, config: str, env: Mapping[str, str]) -> Credentials | None:
    """Ask `docker-credential-NAME` for what it keeps for a server; None where that is nothing."""
    program = f"docker-credential-{name}"
    if not _HELPER.fullmatch(name):
        raise RequestError.one("the Docker config names a credential program with an impossible name", config, "")
    try:
        done = subprocess.run(  # noqa: PLW1510  # its exit code says more
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=_HELPER_SECONDS,
            env=dict(env),
        )
    except FileNotFoundError:
        fix = f"install {program}, or take it out of the config"
        raise PackagingError.one(f"there is no program `{program}`", config, fix) from None
    except (OSError, subprocess.TimeoutExpired):
        what = f"`{program} get` cannot be run, or takes more than {_HELPER_SECONDS} s"
        raise PackagingError.one(what, config, f"try `echo {server} | {program} get`") from None
    if done.returncode != 0 and _UNKNOWN in (done.stdout + done.stderr).decode("utf-8", "replace").lower():
        return None
    try:
        told = json.loads(done.stdout if done.returncode == 0 else b"")
        user, secret = str(told["Username"]), str(told["Secret"])
    except (ValueError, KeyError, TypeError):
        # What it printed may be a secret.
        what = f"`{program} get` failed for `{server}` (exit code {done.returncode})"
        raise PackagingError.one(what, config, f"try `echo {server} | {program} get`") from None
    source = f"`{program}`"
    return Credentials("", "", secret, source) if user == _IDENTITY else Credentials(user, secret, source=source)
