"""From the text of an address to a registry."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging_targets.errors import RequestError, without_secret
from packaging_targets.registry.aam.clock import present_time
from packaging_targets.registry.aam.folder.registry import FolderRegistry

if TYPE_CHECKING:
    from packaging_targets.registry.aam.http.credentials import Credentials
    from packaging_targets.registry.aam.protocol import Registry

_WRITE = "write file:///opt/aam-registry, or a path that starts with `/`, `./` or `../`"
_SEPARATORS = ("/", "./", "../")


def open_registry(
    address: str,
    waiting: Callable[[], None] | None = None,
    credentials: Callable[[str], Credentials | None] = lambda _: None,
) -> Registry:
    """Return the registry at a URL or a path; nothing is read yet. `waiting` is as in `FolderRegistry`.

    `credentials` gives those for the URL of a server, when they are needed. Raises RequestError where the text is no
    address.
    """
    if not is_server(address):
        return open_folder(address, waiting)
    from packaging_targets.registry.aam.http.registry import HttpRegistry
    from packaging_targets.store.aam.documents import DocumentCache
    from packaging_targets.store.aam.places import documents_folder

    url = server_url(address)
    return HttpRegistry(url, lambda: credentials(url), DocumentCache(documents_folder()))


def open_folder(address: str, waiting: Callable[[], None] | None = None) -> FolderRegistry:
    """Return the registry in the folder at a URL or a path; raises RequestError where the text is none of a folder."""
    folder = folder_of(address)
    return FolderRegistry(folder, present_time, waiting) if waiting else FolderRegistry(folder, present_time)


def is_server(address: str) -> bool:
    """Tell whether an address is that of a server."""
    return address.partition("://")[0].lower() in {"http", "https"} and "://" in address


def server_url(address: str) -> str:
    """Return the URL of a server in the one way to write it; raises RequestError where it may not be one."""
    from packaging_targets.registry.aam.http.address import Address

    return Address.parse(address).url


def folder_of(address: str) -> str:
    """Return the absolute path of the folder at a URL or a path; raises as `open_folder` does."""
    scheme, separator, _ = address.partition("://")
    if "\0" in address:
        raise RequestError.one("the address of a registry cannot hold a null character", "", _WRITE)
    if not separator:
        if not _is_address(address):
            raise RequestError.one(f"`{without_secret(address)[:200]}` is no address of a registry", "", _WRITE)
        return os.path.abspath(address)
    if is_server(address):
        what = f"`{server_url(address)}` is a server, and this is done in the folder of a registry"
        raise RequestError.one(what, "", "on the server, name the folder that it serves")
    if scheme.lower() != "file":
        raise RequestError.one(f"`{without_secret(address)[:200]}` is no address of a registry", "", _WRITE)
    parts = urlsplit(address)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/") or parts.query or parts.fragment:
        what = f"`{without_secret(address)[:200]}` does not name a folder of this machine"
        meant = parts.netloc.rpartition("@")[2] + parts.path
        raise RequestError.one(what, "", f"write file:///{meant.strip('/')[:200]}")
    path = unquote(parts.path, errors="surrogateescape")
    if "\0" in path:
        raise RequestError.one("the address of a registry cannot hold a null character", "", _WRITE)
    return os.path.normpath(path)


def _is_address(text: str) -> bool:
    """Tell whether a text is a URL or a path, and not the name of a registry."""
    return "://" in text or text in {".", ".."} or text.startswith(_SEPARATORS)
