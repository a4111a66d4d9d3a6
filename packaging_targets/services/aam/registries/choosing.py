"""From the configuration, or what people write instead, to the registry that is meant, or those that names lead to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.opening import open_folder, open_registry
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.resolving.routes import Routes
from packaging_targets.services.aam.config import Config, read_config
from packaging_targets.services.aam.credentials.finding import find_credentials

Waiting = Callable[[], None]


def registry_of(
    text: str, name: PackageName | None = None, waiting: Waiting | None = None, folder: str = "."
) -> Registry:
    """Return the registry that `text` names: a URL, a path from `folder`, or a source of the configuration there.

    Where it is empty, that is the registry that the scope of `name` belongs to, else the default one. Raises
    RequestError where there is none.
    """
    config = read_config(folder)
    own = config.for_scope(name.scope) if name is not None and not text else None
    return _opened(config, (own or config.registry(text, folder)).url, waiting)


def folder_registry_of(text: str, waiting: Waiting | None = None) -> FolderRegistry:
    """Return the registry that `text` names, as `registry_of` does; raises RequestError where that is a server."""
    return open_folder(read_config().registry(text).url, waiting)


def routes_of(root: str, registry: str = "") -> Routes:
    """Return the routes of a project; with `registry`, which is as in `registry_of`, that serves everything.

    Its path is from where we are, as all paths of a command line, wherever the project is. Raises RequestError where
    the configuration is wrong.
    """
    config = read_config(root)
    if registry:
        return Routes(partial(_opened, config), config.registry(registry).url)
    scopes = {scope.removeprefix("@"): found.url for scope in config.scopes if (found := config.for_scope(scope[1:]))}
    default = config.registry().url if config.default else ""
    sources = [one.url for one in config.unscoped()]
    return Routes(partial(_opened, config), "", scopes, default, sources, config.registry)


def _opened(config: Config, url: str, waiting: Waiting | None = None) -> Registry:
    """Open the registry at a URL, with the credentials that are for it when they are needed."""
    return open_registry(url, waiting, partial(find_credentials, config))
