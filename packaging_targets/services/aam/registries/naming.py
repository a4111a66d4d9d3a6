"""From what people write to the registry and the package that they mean."""

from __future__ import annotations

import os
from collections.abc import Callable

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.clock import present_time
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.opening import folder_of, is_address, open_registry

Waiting = Callable[[], None]
_NAMES = "write it as review, or @myorg/review"


def registry_of(
    text: str, name: PackageName | None = None, waiting: Waiting | None = None, folder: str = "."
) -> FolderRegistry:
    """Return the registry that `text` names: a URL, a path from `folder`, or a source of the configuration.

    Where it is empty, that is the registry that the scope of `name` belongs to, else the default one. Raises
    RequestError where there is none, and RegistryError where it is of a kind that is not known.
    """
    address = text if is_address(text) else _configured(text, name, folder)
    if "://" not in address:
        address = os.path.join(os.path.abspath(folder), address)
    if waiting is None:
        return open_registry(address)
    return FolderRegistry(folder_of(address), present_time, waiting)


def package_of(text: str) -> PackageName:
    """Return the package that a text names; raises RequestError with all that is wrong with it."""
    try:
        return PackageName.parse(text)
    except ValueError as error:
        raise RequestError.one(f"the name `{text[:200]}` {error}", "", _NAMES) from None


def release_named(text: str, *, whole: bool = False) -> tuple[PackageName, str]:
    """Return name and version of `@myorg/review@1.2.0`; the version may be missing where `whole` packages can be meant.

    Raises RequestError where the text is something else.
    """
    at = text.rfind("@")
    name, version = (text[:at], text[at + 1 :]) if at > 0 else (text, "")
    found = package_of(name)
    if version or (whole and at <= 0):
        return found, version
    raise RequestError.one(f"`{text[:200]}` names no version", "", f"write {found}@1.2.0")


def _configured(text: str, name: PackageName | None, folder: str) -> str:
    from packaging_targets.services.aam.config import read_config

    config = read_config(folder)
    source = config.for_scope(name.scope) if name is not None and not text else None
    return (source or config.registry(text, folder)).url
