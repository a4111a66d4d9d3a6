"""What archives are known by: `sha256-<base64>`, as W3C's Subresource Integrity and npm write it."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from packaging_targets.model.digest import Digest

_BASE64 = re.compile(r"sha256-([A-Za-z0-9+/]{43}=)")
_HEX = re.compile(r"sha256-([0-9a-f]{64})")


def integrity_of(digest: Digest) -> str:
    """Return the digest as `sha256-<base64>`."""
    return f"sha256-{b64encode(bytes.fromhex(digest.hex)).decode()}"


def parse_integrity(text: str) -> Digest:
    """Return the digest that an integrity is, in base64 or, as others write it, in hex; raises ValueError for none."""
    if match := _HEX.fullmatch(text):
        return Digest(match[1])
    if match := _BASE64.fullmatch(text):
        return Digest(b64decode(match[1]).hex())
    raise ValueError(f"`{text[:80]}` is no integrity: write sha256-, and the digest in base64")


def sha256sum_line(digest: Digest, name: str) -> bytes:
    """Return what stands in a `.sha256` file: `sha256sum -c` in its folder checks the archive."""
    return f"{digest.hex}  {name}\n".encode()
