"""What the collection file that a registry has now lists, and what it would list no more."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import PackagingError, Problem
from packaging_targets.formats.jsonc import JsoncError, parse_jsonc
from packaging_targets.registry.oci.reference import parse_digest
from packaging_targets.services.publish.packed import MAX_LISTING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.model.digest import Digest
    from packaging_targets.registry.oci.client import OciClient
    from packaging_targets.registry.oci.reference import Repository

_SHOWN = 8


def dropped(client: OciClient, place: Repository, there: Digest, ids: Iterable[str]) -> Iterator[Problem]:
    """Yield a warning where the collection `there` lists features that are not among `ids`.

    What is there may be anybody's: where it is no collection, nothing is said.
    """
    known = set(ids)
    lost = sorted(one for one in _listed(client, place, there) if one not in known)
    if lost:
        named = ", ".join(f"`{one}`" for one in lost[:_SHOWN])
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        what = f"the collection at `{place}` lists {named}{more}, and lists them no more when this is published"
        yield Problem(str(place), what, "publish all features of a namespace together; their versions stay as they are")


def _listed(client: OciClient, place: Repository, there: Digest) -> set[str]:
    try:
        manifest: Any = json.loads(client.manifest(place, str(there)) or b"")
        layer = manifest["layers"][0]
        digest, size = parse_digest(layer["digest"]), layer["size"]
        if digest is None or not isinstance(size, int) or not 0 < size <= MAX_LISTING:
            return set()
        data = io.BytesIO()
        client.read_blob(place, digest, size, data)
        listing: Any = parse_jsonc(data.getvalue(), max_bytes=MAX_LISTING)
        return {one["id"] for one in listing["features"] if isinstance(one["id"], str)}
    except (PackagingError, JsoncError, ValueError, LookupError, TypeError, RecursionError):
        return set()
