"""Package everything a monorepo ships: the public names for those who write rules.

Names are loaded when they are first used, so that a build with nothing to do imports none of them.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` takes longer to import than a small build with nothing to do
if TYPE_CHECKING:
    from packaging_targets.errors import PackagingError, Problem, RequestError
    from packaging_targets.formats.aam.bundle.values import bundle_name, bundle_targets
    from packaging_targets.formats.aam.checking.agent_folder import check_agent_folder
    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.formats.assets.declared.checks import check_assets, find_registries
    from packaging_targets.formats.assets.declared.declaration import Asset, AssetTree
    from packaging_targets.formats.assets.reader import AssetPack
    from packaging_targets.formats.container.ids import nearest_container_id
    from packaging_targets.formats.feature.checks import Feature, check_features, collection_text
    from packaging_targets.formats.feature.folder import FeatureFolder
    from packaging_targets.formats.oci.image import ImageName
    from packaging_targets.formats.oci.platform import Platform
    from packaging_targets.model.action import Action
    from packaging_targets.model.digest import Digest
    from packaging_targets.model.glob import match_any
    from packaging_targets.model.label import Label
    from packaging_targets.model.manifest import Entry, Manifest
    from packaging_targets.model.rule import Context
    from packaging_targets.model.versions.semver import SemanticVersion

_HOME = {
    "Action": "model.action",
    "AgentManifest": "formats.aam.manifest",
    "Asset": "formats.assets.declared.declaration",
    "AssetPack": "formats.assets.reader",
    "AssetTree": "formats.assets.declared.declaration",
    "Context": "model.rule",
    "Digest": "model.digest",
    "Entry": "model.manifest",
    "Feature": "formats.feature.checks",
    "FeatureFolder": "formats.feature.folder",
    "ImageName": "formats.oci.image",
    "Label": "model.label",
    "Manifest": "model.manifest",
    "PackagingError": "errors",
    "Platform": "formats.oci.platform",
    "Problem": "errors",
    "RequestError": "errors",
    "SemanticVersion": "model.versions.semver",
    "bundle_name": "formats.aam.bundle.values",
    "bundle_targets": "formats.aam.bundle.values",
    "check_agent_folder": "formats.aam.checking.agent_folder",
    "check_assets": "formats.assets.declared.checks",
    "check_features": "formats.feature.checks",
    "collection_text": "formats.feature.checks",
    "find_registries": "formats.assets.declared.checks",
    "match_any": "model.glob",
    "nearest_container_id": "formats.container.ids",
}

__all__ = [
    "Action",
    "AgentManifest",
    "Asset",
    "AssetPack",
    "AssetTree",
    "Context",
    "Digest",
    "Entry",
    "Feature",
    "FeatureFolder",
    "ImageName",
    "Label",
    "Manifest",
    "PackagingError",
    "Platform",
    "Problem",
    "RequestError",
    "SemanticVersion",
    "bundle_name",
    "bundle_targets",
    "check_agent_folder",
    "check_assets",
    "check_features",
    "collection_text",
    "find_registries",
    "match_any",
    "nearest_container_id",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
