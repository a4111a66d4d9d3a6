"""What is believed, and who is asked for a signature: documents of Sigstore that the user names by their path.

trusted_root.json    keys and authorities: enough to verify
a client's trust configuration    the same, and the addresses of the services that sign
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, RequestError, legible, raise_all, reason
from packaging_targets.formats.aam.documents.reading import load_object
from packaging_targets.services.aam.signing.library import failures, library
from packaging_targets.store.aam.regular_file import open_regular

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig, TrustedRoot

_MAX_BYTES = 4 << 20
_SERVICES = ("caUrls", "rekorTlogUrls", "tsaUrls")
_SAFE = re.compile(r"https://.*|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/.*)?")
_FIX = "name a trusted_root.json, or a client's trust configuration, of the Sigstore that you use"


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust root, and where it comes from; `services` is None where the document names none to sign with."""

    where: str
    root: TrustedRoot
    services: ClientTrustConfig | None = None


def read_trust(path: str) -> Trust:
    """Return what a document says; raises RequestError where it cannot be read, or is neither of the two."""
    where = legible(path)
    try:
        with open_regular(path) as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise RequestError.one(f"the trust root cannot be read: {reason(error)}", where, _FIX) from error
    with failures(RequestError, "the trust root cannot be used", where, _FIX):
        value = load_object(data, where, _MAX_BYTES)
    with library():
        from sigstore.models import ClientTrustConfig, TrustedRoot
    with failures(RequestError, "the trust root cannot be used", where, _FIX):
        if "signingConfig" not in value:
            return Trust(where, TrustedRoot.from_file(path))
        raise_all(_unsafe(value, where))
        services = ClientTrustConfig.from_json(data.decode())
        return Trust(where, services.trusted_root, services)


def _unsafe(value: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield the services that would be told who signs in the clear; what is no address, the library refuses."""
    signing = value["signingConfig"]
    for kind in _SERVICES:
        services = signing.get(kind) if isinstance(signing, dict) else None
        for number, one in enumerate(services if isinstance(services, list) else ()):
            url = one.get("url") if isinstance(one, dict) else None
            if isinstance(url, str) and not _SAFE.fullmatch(url):
                what = f"`{url[:200]}` is no address of a service that signs: identity tokens go through https alone"
                yield Problem(where, what, field=f"$.signingConfig.{kind}[{number}].url")
