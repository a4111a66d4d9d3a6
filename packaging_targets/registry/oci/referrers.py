"""What is about an image, such as its SBOM: manifests that name it as their `subject`.

A registry of OCI 1.1 lists them by itself. For another one the list is an index that clients keep under the tag
`sha256-<hex>`, where each adds what it has brought, and leaves alone what others did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, RegistryError
from packaging_targets.formats.oci.documents import read_index, read_table
from packaging_targets.formats.oci.manifest import INDEX_TYPE, MANIFEST_TYPE, Descriptor, OciIndex, compact_json

if TYPE_CHECKING:
    from packaging_targets.formats.oci.manifest import OciManifest
    from packaging_targets.model.digest import Digest
    from packaging_targets.registry.oci.client import OciClient
    from packaging_targets.registry.oci.reference import Repository

_ROUNDS = 5


def referrers(client: OciClient, place: Repository, subject: Digest) -> frozenset[Digest]:
    """Return the digests of the manifests that are listed as being about `subject`."""
    data = client.referrers(place, subject)
    if data is None:
        data = client.manifest(place, _tag(subject))
    return frozenset() if data is None else _listed(data, f"{place} {subject}")


def attach(client: OciClient, place: Repository, manifest: OciManifest, subject: Digest) -> None:
    """Store a manifest that is about `subject`, whose blobs are there already, and see to it that it is listed."""
    data = manifest.to_bytes()
    if client.put_referrer(place, data):
        return
    entry = Descriptor.of(MANIFEST_TYPE, data, annotations=manifest.annotations, artifact_type=manifest.artifact_type)
    where = f"{place}:{_tag(subject)}"
    for _ in range(_ROUNDS):
        # Nothing keeps another client from writing the list between our reading and our writing of it.
        known = client.manifest(place, _tag(subject))
        if known is not None and entry.digest in _listed(known, where):
            return
        client.put_manifest(place, _tag(subject), _with(known, entry), INDEX_TYPE)
    what = f"the list of what is about `{subject}` is written by somebody else all the time"
    raise RegistryError.one(what, where, "publish again when nobody else does")


def _tag(subject: Digest) -> str:
    return str(subject).replace(":", "-")


def _listed(data: bytes, where: str) -> frozenset[Digest]:
    try:
        return frozenset(one.digest for one in read_index(data, where))
    except PackagingError as error:
        what = f"the registry's list of what is about an image cannot be read: {error.problems[0].what}"
        raise RegistryError.one(what, where, "delete it there, or move it to another tag") from None


def _with(known: bytes | None, entry: Descriptor) -> bytes:
    """Return the list with an entry more, and all else as it was."""
    if known is None:
        return OciIndex((entry,)).to_bytes()
    value = read_table(known, "")
    return compact_json({**value, "manifests": [*value["manifests"], entry.to_json()]})
