"""From the text of an address to a registry."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from packaging_targets.errors import RegistryError, RequestError
from packaging_targets.registry.aam.clock import present_time
from packaging_targets.registry.aam.folder.registry import FolderRegistry

_WRITE = "write file:///opt/aam-registry, or a path that starts with `/`, `./` or `../`"
_SEPARATORS = ("/", "./", "../")


def open_registry(address: str, waiting: Callable[[], None] | None = None) -> FolderRegistry:
    """Return the registry at a URL or a path; nothing is read yet. `waiting` is as in `FolderRegistry`.

    Raises RequestError where the text is neither, and RegistryError for registries of a kind that is not known.
    """
    folder = folder_of(address)
    return FolderRegistry(folder, present_time, waiting) if waiting else FolderRegistry(folder, present_time)


def folder_of(address: str) -> str:
    """Return the absolute path of the folder at a URL or a path; raises as `open_registry` does."""
    scheme, separator, _ = address.partition("://")
    if "\0" in address:
        raise RequestError.one("the address of a registry cannot hold a null character", "", _WRITE)
    if not separator:
        if not _is_address(address):
            raise RequestError.one(f"`{address[:200]}` is no address of a registry", "", _WRITE)
        return os.path.abspath(address)
    if scheme.lower() in {"http", "https"}:
        what = f"`{address[:200]}` is a server, and this version knows registries in folders alone"
        raise RegistryError.one(what, "", "use file:///…, such as a folder that `aam registry mirror` has filled")
    if scheme.lower() != "file":
        raise RequestError.one(f"`{address[:200]}` is no address of a registry", "", _WRITE)
    parts = urlsplit(address)
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/") or parts.query or parts.fragment:
        what = f"`{address[:200]}` does not name a folder of this machine"
        raise RequestError.one(what, "", f"write file:///{(parts.netloc + parts.path).strip('/')[:200]}")
    path = unquote(parts.path, errors="surrogateescape")
    if "\0" in path:
        raise RequestError.one("the address of a registry cannot hold a null character", "", _WRITE)
    return os.path.normpath(path)


def _is_address(text: str) -> bool:
    """Tell whether a text is a URL or a path, and not the name of a registry."""
    return "://" in text or text in {".", ".."} or text.startswith(_SEPARATORS)
