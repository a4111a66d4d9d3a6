"""`adopt`: an asset.json that lies there becomes a registered asset."""

from __future__ import annotations

from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.registering.results import Changed


def adopt(project: Project, path: str, *, new_uuid: bool = False, listener: Listener = ignore) -> Changed:
    """Register the asset.json at `path`, or in the folder `path`, under a new id.

    It keeps its UUID, gets one where it has none, and another one with `new_uuid`; only that line of it is written.
    Raises RequestError for a UUID that another asset has, for what is registered already, and for what lies in another
    asset.
    """
    raise NotImplementedError
