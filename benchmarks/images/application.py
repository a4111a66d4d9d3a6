"""An application in three folders and an image to put it on, both made up and always the same."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import random
import shutil
from functools import cache

from packaging_targets.formats.archive.compress import compressor
from packaging_targets.formats.archive.tar import write_tar
from packaging_targets.formats.oci.manifest import MANIFEST_TYPE, Descriptor, OciManifest, compact_json
from packaging_targets.model.digest import Digest
from packaging_targets.model.manifest import Entry, Manifest, SourceInfo

# Of each layer: its share of the files, its share of the bytes, and how much of it does not compress.
LAYERS = {"lib": (0.60, 0.55, 0.2), "assets": (0.15, 0.30, 0.6), "src": (0.25, 0.15, 0.0)}
TOP = "src"
_FOLDER_SIZE = 50
_PIECE = 1 << 20
_SPREAD = 1.2
_IMAGE_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def made_up(folder: str, files: int, size: int) -> None:
    """Write the application: always the same; names, sizes and texts as in a service with its libraries."""
    noise = random.Random(1)
    text = _text()
    for layer, (share, bytes_share, random_share) in LAYERS.items():
        weights = [noise.lognormvariate(0, _SPREAD) for _ in range(round(files * share))]
        for number, weight in enumerate(weights):
            place = os.path.join(folder, layer, f"part{number // _FOLDER_SIZE:03}")
            os.makedirs(place, exist_ok=True)
            length = int(size * bytes_share * weight / sum(weights))
            with open(os.path.join(place, f"file{number:05}"), "wb") as file:
                if noise.random() < random_share:
                    file.write(noise.randbytes(length))
                    continue
                start = noise.randrange(len(text) - _PIECE)
                file.writelines(text[start : start + min(length - at, _PIECE)] for at in range(0, length, _PIECE))


@cache
def _text() -> bytes:
    """Return 20 MB of what compresses as code does, to a quarter."""
    noise = random.Random(2)
    letters = "abcdefghijklmnopqrstuvwxyz_"
    words = ["".join(noise.choices(letters, k=noise.randint(2, 12))) for _ in range(4000)]
    common = list(itertools.accumulate(1 / (rank + 3) for rank in range(4000)))
    ends = [" ", ", ", " ", "(", ")\n    ", ", ", " = ", "\n", ".", ":\n        "]

    def line(length: int) -> str:
        chosen = noise.choices(words, cum_weights=common, k=length)
        return "".join(map("".join, zip(chosen, noise.choices(ends, k=length), strict=True)))

    lines = [line(length) for length in noise.choices(range(2, 9), k=4000)]
    chosen, others = noise.choices(lines, cum_weights=common, k=400_000), noise.choices(words, k=400_000)
    return "".join(map("".join, zip(chosen, others, strict=True))).encode()


class _Busybox:
    """The one file of the base."""

    path = shutil.which("busybox") or "/bin/sh"

    def info(self, _: str) -> SourceInfo:
        """Describe it."""
        return SourceInfo(os.path.getsize(self.path), executable=True)

    def open(self, _: str) -> io.FileIO:
        """Open it."""
        return io.FileIO(self.path)


def make_parent(folder: str) -> None:
    """Write an OCI layout of an image that holds busybox alone."""
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs)

    def blob(data: bytes, media_type: str) -> Descriptor:
        digest = Digest.of(data)
        with open(os.path.join(blobs, digest.hex), "wb") as file:
            file.write(data)
        return Descriptor(media_type, digest, len(data))

    out, plain = io.BytesIO(), hashlib.sha256()
    with compressor("gzip", out, digest=plain) as stream:
        write_tar(stream, Manifest.of([Entry("bin/busybox", "busybox"), Entry("bin/sh", link="busybox")]), _Busybox())
    layer = blob(out.getvalue(), _LAYER_TYPE)
    layers = {"type": "layers", "diff_ids": [f"sha256:{plain.hexdigest()}"]}
    # buildah counts the entries of the history, which the specification lets one leave out.
    history = [{"created_by": "made up"}]
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": layers, "history": history}
    manifest = OciManifest(blob(compact_json(config), _IMAGE_TYPE), (layer,))
    root = blob(manifest.to_bytes(), MANIFEST_TYPE)
    index = {"schemaVersion": 2, "manifests": [root.to_json()]}
    for name, value in {"index.json": index, "oci-layout": {"imageLayoutVersion": "1.0.0"}}.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(compact_json(value))
