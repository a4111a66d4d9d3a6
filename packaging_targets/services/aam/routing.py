"""From the configuration, or `--registry`, to the registries that names are looked up in."""

from __future__ import annotations

from packaging_targets.registry.aam.opening import open_registry
from packaging_targets.registry.aam.resolving.routes import Routes
from packaging_targets.services.aam.config import read_config


def routes_of(root: str, registry: str = "") -> Routes:
    """Return the routes of a project; with `registry`, a URL, a path or a source, that serves everything.

    Raises RequestError where the configuration is wrong.
    """
    config = read_config(root)
    if registry:
        return Routes(open_registry, config.registry(registry).url)
    scopes = {scope.removeprefix("@"): found.url for scope in config.scopes if (found := config.for_scope(scope[1:]))}
    default = config.registry().url if config.default else ""
    sources = [one.url for one in config.unscoped()]
    return Routes(open_registry, "", scopes, default, sources, config.registry)
