"""From the configuration, or what people write instead, to the registry that is meant, or those that names lead to."""

from __future__ import annotations

from collections.abc import Callable

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.opening import open_registry
from packaging_targets.registry.aam.resolving.routes import Routes
from packaging_targets.services.aam.config import read_config

Waiting = Callable[[], None]


def registry_of(
    text: str, name: PackageName | None = None, waiting: Waiting | None = None, folder: str = "."
) -> FolderRegistry:
    """Return the registry that `text` names: a URL, a path from `folder`, or a source of the configuration there.

    Where it is empty, that is the registry that the scope of `name` belongs to, else the default one. Raises
    RequestError where there is none, and RegistryError where it is of a kind that is not known.
    """
    config = read_config(folder)
    own = config.for_scope(name.scope) if name is not None and not text else None
    return open_registry((own or config.registry(text, folder)).url, waiting)


def routes_of(root: str, registry: str = "") -> Routes:
    """Return the routes of a project; with `registry`, which is as in `registry_of`, that serves everything.

    Its path is from where we are, as all paths of a command line, wherever the project is. Raises RequestError where
    the configuration is wrong.
    """
    config = read_config(root)
    if registry:
        return Routes(open_registry, config.registry(registry).url)
    scopes = {scope.removeprefix("@"): found.url for scope in config.scopes if (found := config.for_scope(scope[1:]))}
    default = config.registry().url if config.default else ""
    sources = [one.url for one in config.unscoped()]
    return Routes(open_registry, "", scopes, default, sources, config.registry)
