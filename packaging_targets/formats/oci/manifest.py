"""OCI manifests and indexes: the documents by which a registry knows what an artifact consists of.

    index ──▶ manifests, one for each platform
    manifest ──▶ config (a blob) and layers (blobs), each by media type, digest and size

A client that locks a dependency locks the digest of these very bytes. So the same artifact has one manifest: compact
JSON, members in the order of the specification, annotations in the order in which they are given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.digest import Digest

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
TITLE = "org.opencontainers.image.title"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob as a manifest names it, or a manifest as an index does: `size` counts bytes."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str = ""

    @classmethod
    def of(cls, media_type: str, data: bytes, **more: Any) -> Descriptor:
        """Return the descriptor of `data`; `more` are further fields."""
        return cls(media_type, Digest.of(data), len(data), **more)

    def to_json(self) -> dict[str, Any]:
        """Return the descriptor as a manifest holds it."""
        return {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
            **_present(
                annotations=dict(self.annotations),
                platform=self.platform.to_json() if self.platform else None,
                artifactType=self.artifact_type,
            ),
        }


@dataclass(frozen=True, slots=True)
class OciManifest:
    """An artifact: its config, its layers in order, and what is to be said about it.

    `subject` is the manifest that it is about, such as the image whose SBOM it is.
    """

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    subject: Descriptor | None = None

    def to_bytes(self) -> bytes:
        """Return the manifest's only form."""
        return compact_json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                **_present(artifactType=self.artifact_type),
                "config": self.config.to_json(),
                "layers": [layer.to_json() for layer in self.layers],
                **_present(
                    subject=self.subject.to_json() if self.subject else None, annotations=dict(self.annotations)
                ),
            }
        )

    @property
    def digest(self) -> Digest:
        """The digest by which a registry knows the manifest."""
        return Digest.of(self.to_bytes())


@dataclass(frozen=True, slots=True)
class OciIndex:
    """Manifests that belong together, in order: those of one image for several platforms, or all of a layout."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the index's only form."""
        return compact_json(
            {
                "schemaVersion": 2,
                "mediaType": INDEX_TYPE,
                "manifests": [manifest.to_json() for manifest in self.manifests],
                **_present(annotations=dict(self.annotations)),
            }
        )


def _present(**members: Any) -> dict[str, Any]:
    """Return the members that hold something."""
    return {name: value for name, value in members.items() if value}


def compact_json(value: object) -> bytes:
    """Return JSON without white space, keys in their order, UTF-8: what JavaScript's `JSON.stringify` makes of it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
