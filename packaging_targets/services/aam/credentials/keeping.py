"""Tokens that people have signed in for, by the URL of their registry: in the system's keyring, or in a file.

Which registries there are, and in which of both a token is, stands in the file: a keyring that nothing was put into
is never asked, as it may want a password of somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from packaging_targets.errors import RequestError
from packaging_targets.registry.aam.http.credentials import Credentials
from packaging_targets.store.aam.credential_file import changed_entries, read_entries
from packaging_targets.store.aam.places import credentials_file

SOURCE = "aam login"
_SERVICE = "aam"
KEYRING = "the keyring"


def kept_credentials(url: str) -> Credentials | None:
    """Return the token of a registry, or None; raises RequestError where it cannot be read, or others can read it."""
    entry = read_entries(credentials_file()).get(url)
    if entry is None:
        return None
    token = _from_keyring(url) if entry.get("keyring") else entry.get("token")
    if not isinstance(token, str) or not token:
        raise RequestError.one(f"the token for `{url}` is gone", credentials_file(), f"aam login --registry {url}")
    expires_at = entry.get("expires_at")
    return Credentials("token", token, source=SOURCE, expires_at=expires_at if isinstance(expires_at, int) else None)


def keep(url: str, token: str, person: str, expires_at: int | None) -> str:
    """Keep a token; return where it is now, for people."""
    entry: dict[str, Any] = {"person": person, "expires_at": expires_at}
    in_keyring = _into_keyring(url, token)
    with changed_entries(credentials_file()) as entries:
        entries[url] = {**entry, "keyring": True} if in_keyring else {**entry, "token": token}
    return KEYRING if in_keyring else credentials_file()


def forget(url: str) -> bool:
    """Forget a token; return whether there was one."""
    with changed_entries(credentials_file()) as entries:
        entry: Mapping[str, Any] | None = entries.pop(url, None)
    if entry is not None and entry.get("keyring"):
        _out_of_keyring(url)
    return entry is not None


def _backend() -> Any:
    """Return the system's keyring, or None where there is none that keeps anything."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
        is_usable = backend.priority > 0
    except (KeyringError, RuntimeError):
        return None
    return backend if is_usable else None


def _from_keyring(url: str) -> str | None:
    backend = _backend()
    try:
        found = backend.get_password(_SERVICE, url) if backend else None
    except Exception as error:  # backends raise what the system's libraries do
        raise RequestError.one(f"the keyring does not give the token for `{url}`", "", "unlock it") from error
    return str(found) if found else None


def _into_keyring(url: str, token: str) -> bool:
    backend = _backend()
    try:
        if backend is not None:
            backend.set_password(_SERVICE, url, token)
            return bool(backend.get_password(_SERVICE, url) == token)
    except Exception:  # noqa: BLE001  # backends raise what the system's libraries do: the file takes it then
        return False
    return False


def _out_of_keyring(url: str) -> None:
    backend = _backend()
    with suppress(Exception):  # it is gone, or cannot be reached: nothing leads to it any more
        if backend is not None:
            backend.delete_password(_SERVICE, url)
