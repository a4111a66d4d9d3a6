"""What is in an image, for tests: read from a layout's folder by the standard library alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard


@dataclass(frozen=True)
class Built:
    """An image as it lies in a layout: its config, and the members of each layer by name, the lowest first."""

    manifest: dict[str, Any]
    config: dict[str, Any]
    layers: list[dict[str, tarfile.TarInfo]]
    texts: list[dict[str, str]]

    @property
    def names(self) -> list[list[str]]:
        """What is in each layer; folders end in `/`."""
        return [[name + "/" * member.isdir() for name, member in layer.items()] for layer in self.layers]


def blob(layout: Path, descriptor: dict[str, Any]) -> bytes:
    digest: str = descriptor["digest"]
    data = (layout / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == descriptor["digest"]
    assert len(data) == descriptor["size"]
    return data


def index_of(layout: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((layout / "index.json").read_bytes())
    return found


def read_image(layout: Path, architecture: str = "amd64") -> Built:
    (root,) = index_of(layout)["manifests"]
    manifest = json.loads(blob(layout, root))
    if "manifests" in manifest:
        (root,) = (one for one in manifest["manifests"] if one["platform"]["architecture"] == architecture)
        manifest = json.loads(blob(layout, root))
    config = json.loads(blob(layout, manifest["config"]))
    assert config["architecture"] == architecture
    layers, texts = [], []
    for descriptor, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        packed = blob(layout, descriptor)
        plain = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else _zstd(packed)
        assert f"sha256:{hashlib.sha256(plain).hexdigest()}" == diff_id
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            members = tar.getmembers()
            texts.append({one.name: _text(tar, one) for one in members if one.isreg()})
        layers.append({one.name: one for one in members})
    return Built(manifest, config, layers, texts)


def _zstd(packed: bytes) -> bytes:
    plain: bytes = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    return plain


def _text(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = tar.extractfile(member)
    assert file is not None
    return file.read().decode()
