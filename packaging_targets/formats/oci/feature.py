"""Dev Container Features as OCI artifacts, in the form that clients of the specification publish and read.

    registry/namespace/<id>:<version>   one layer, the archive; its metadata stands in an annotation
    registry/namespace:latest           one layer, `devcontainer-collection.json`

The config is `{}` under a media type of its own, by which clients know what they look at. Everything else follows from
the archive and the metadata, so publishing the same sources again gives the same digest, which lock files hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packaging_targets.formats.feature.folder import COLLECTION_FILE
from packaging_targets.formats.oci.manifest import TITLE, Descriptor, OciManifest, compact_json
from packaging_targets.model.digest import Digest

CONFIG_TYPE = "application/vnd.devcontainers"
LAYER_TYPE = "application/vnd.devcontainers.layer.v1+tar"
COLLECTION_TYPE = "application/vnd.devcontainers.collection.layer.v1+json"
CONFIG = b"{}"

_METADATA = "dev.containers.metadata"
_PACKAGE_TYPE = "com.github.package.type"
_GITHUB = "ghcr.io"


def feature_manifest(metadata: Mapping[str, Any], archive: Digest, size: int, registry: str) -> OciManifest:
    """Return the manifest of a feature whose archive has this digest and size.

    `metadata` is its `devcontainer-feature.json`, keys in order. GitHub's registry wants one more annotation.
    """
    title = f"devcontainer-feature-{metadata['id']}.tgz"
    annotations = {_METADATA: compact_json(published_metadata(metadata)).decode("utf-8")}
    return _manifest(
        Descriptor(LAYER_TYPE, archive, size, {TITLE: title}), annotations, registry, "devcontainer_feature"
    )


def collection_manifest(listing: bytes, registry: str) -> OciManifest:
    """Return the manifest of a collection; `listing` is its `devcontainer-collection.json`."""
    layer = Descriptor(COLLECTION_TYPE, Digest.of(listing), len(listing), {TITLE: COLLECTION_FILE})
    return _manifest(layer, {}, registry, "devcontainer_collection")


def published_metadata(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata with `currentId` where there are `legacyIds`: a client that has an old id learns the new."""
    if metadata.get("legacyIds") and "currentId" not in metadata:
        return {**metadata, "currentId": metadata["id"]}
    return metadata


def _manifest(layer: Descriptor, annotations: Mapping[str, str], registry: str, package_type: str) -> OciManifest:
    config = Descriptor(CONFIG_TYPE, Digest.of(CONFIG), len(CONFIG))
    told = {**annotations, _PACKAGE_TYPE: package_type} if registry == _GITHUB else dict(annotations)
    return OciManifest(config, (layer,), told)
