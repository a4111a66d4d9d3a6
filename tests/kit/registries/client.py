"""A client of a registry in this process, what it is to carry there, and how it fails."""

from __future__ import annotations

from typing import Any

import pytest
from registries.fake import FakeRegistry

from packaging_targets.errors import PackagingError
from packaging_targets.formats.oci.manifest import Descriptor, OciManifest
from packaging_targets.model.digest import Digest
from packaging_targets.registry.http.transport import Patience
from packaging_targets.registry.oci.blobs.upload import Blob
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.credentials import Credentials
from packaging_targets.registry.oci.reference import Registry, Repository

DATA = bytes(range(256)) * 40  # 10 KiB
DIGEST = Digest.of(DATA)
EMPTY = Digest.of(b"{}")


class Told:
    """A client, where it works, and how long it waited."""

    def __init__(self, home: FakeRegistry, **settings: Any) -> None:
        self.waits: list[float] = []
        patience = Patience(attempts=4, first=1.0, connect=5, read=settings.pop("read", 5), sleep=self.waits.append)
        registry = Registry.parse(home.host)
        settings.setdefault("credentials", lambda _: Credentials(home.user, home.secret, source="the test"))
        self.client = OciClient(registry, patience=patience, **settings)
        self.place = Repository.of(registry, "acme/color")
        self.other = Repository.of(registry, "acme/paint")

    def push(self, mount_from: Repository | None = None) -> str:
        return self.client.push_blob(self.place, Blob.of(DIGEST, DATA), mount_from)


def manifest() -> bytes:
    layer = Descriptor("application/octet-stream", DIGEST, len(DATA))
    return OciManifest(Descriptor("application/json", EMPTY, 2), (layer,)).to_bytes()


def fill(told: Told) -> bytes:
    """Push a config and a layer, and return a manifest of them."""
    told.client.push_blob(told.place, Blob.of(EMPTY, b"{}"))
    told.push()
    return manifest()


def failure(work: Any, *arguments: Any) -> PackagingError:
    """Return what a call raises, and make sure that it says no secret."""
    with pytest.raises(PackagingError) as caught:
        work(*arguments)
    assert "s3cret" not in str(caught.value)
    return caught.value
