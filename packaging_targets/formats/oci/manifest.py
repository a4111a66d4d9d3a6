"""OCI manifests: the one document by which a registry knows what an artifact consists of.

    manifest ──▶ config (a blob) and layers (blobs), each by media type, digest and size

A client that locks a dependency locks the digest of these very bytes. So the same artifact has one manifest: compact
JSON, members in the order of the specification, annotations in the order in which they are given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.model.digest import Digest

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
TITLE = "org.opencontainers.image.title"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob as a manifest names it: `size` counts bytes."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the descriptor as a manifest holds it."""
        value: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        return {**value, "annotations": dict(self.annotations)} if self.annotations else value


@dataclass(frozen=True, slots=True)
class OciManifest:
    """An artifact: its config, its layers in order, and what is to be said about it."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the manifest's only form."""
        value = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.config.to_json(),
            "layers": [layer.to_json() for layer in self.layers],
        }
        return compact_json({**value, "annotations": dict(self.annotations)} if self.annotations else value)

    @property
    def digest(self) -> Digest:
        """The digest by which a registry knows the manifest."""
        return Digest.of(self.to_bytes())


def compact_json(value: object) -> bytes:
    """Return JSON without white space, keys in their order, UTF-8: what JavaScript's `JSON.stringify` makes of it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
