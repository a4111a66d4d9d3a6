"""An empty registry in a folder."""

from __future__ import annotations

import os

from packaging_targets.errors import RegistryError, legible
from packaging_targets.registry.aam.folder.changing import stage_all
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.staging import Staging, make_folder, writing


def initialise(registry: FolderRegistry) -> bool:
    """Make a folder, where there is none, into an empty registry; return False where there is a registry already.

    Raises RegistryError where the folder has anything else in it, or cannot be made.
    """
    tree = registry.tree
    try:
        os.makedirs(tree.root, exist_ok=True)
    except OSError as error:
        raise tree.refused(tree.root, error, "made") from error
    with writing(tree, registry.waiting):
        if os.path.lexists(tree.index):
            return False
        names = [entry.name for entry in tree.entries(tree.root)]
        if "packages" in names:
            tree.demand()
        if names:
            what = f"the folder is not empty: it has `{legible(names[0])}` in it"
            raise RegistryError.one(what, legible(tree.root), "name a folder that is empty, or is not there yet")
        make_folder(tree.packages)
        with Staging(tree) as staging:
            stage_all(tree, staging, [])
            staging.commit()
    return True
