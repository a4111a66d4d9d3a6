"""OCI layouts as any program might make them, in memory, for tests of what reads them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tars import made

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

AMD64 = {"architecture": "amd64", "os": "linux"}
ARM64 = {"architecture": "arm64", "os": "linux", "variant": "v8"}


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Layout:
    """The files of a layout by path. Methods that add a document return its descriptor."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(self, data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        digest = digest_of(data)
        self.files[f"blobs/sha256/{digest[7:]}"] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def document(self, value: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        return self.blob(json.dumps(value).encode(), value["mediaType"], **more)

    def image(
        self,
        platform: Mapping[str, str] = AMD64,
        *layers: Mapping[str, bytes],
        config: Mapping[str, Any] | None = None,
        told: bool = False,
    ) -> dict[str, Any]:
        """Add an image whose layers hold these files; `told` has its descriptor tell the platform."""
        tars = [made(*({"name": name, "data": data} for name, data in layer.items())) for layer in layers]
        blobs = [self.blob(gzip.compress(tar, mtime=0), LAYER) for tar in tars]
        rootfs = {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]}
        whole = {"created": "1970-01-01T00:00:00Z", **platform, "config": {}, "rootfs": rootfs, **(config or {})}
        described = self.blob(json.dumps(whole).encode(), CONFIG)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": blobs}
        return self.document(manifest, **({"platform": dict(platform)} if told else {}))

    def index(self, *descriptors: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        return self.document({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)}, **more)

    def names(self, *descriptors: Mapping[str, Any]) -> Layout:
        """Write the `index.json` that names these."""
        value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)}
        self.files["index.json"] = json.dumps(value).encode()
        return self

    def tar(self) -> bytes:
        return made(*({"name": name, "data": data} for name, data in self.files.items()))

    def put(self, folder: Path) -> str:
        """Write the layout to a folder, over what is there; return the folder's name."""
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder.name
