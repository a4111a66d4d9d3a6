"""Whether `aam install` has nothing to do, told by one digest: of manifest, lock and state, and of the folders' names.

An installation leaves it behind when all is as the lock says. Whatever changes one of these, a kill in the middle of
a change too, lets the whole way be gone; what the digest spares is reading them, and importing what does that.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256

from packaging_targets.store.aam.places import INSTALLED, JOURNAL, LOCK, MANIFEST, PACKAGES, UNCHANGED


def unchanged(root: str) -> int | None:
    """Return how many packages are installed, if nothing has changed since that was all there was to do, else None."""
    try:
        with open(os.path.join(root, UNCHANGED), encoding="ascii") as file:
            stamp = file.read(200)
        digest, count = _digest(root)
    except (OSError, ValueError):
        return None
    return count if stamp == digest else None


def remember(root: str) -> None:
    """Leave behind that there is nothing to do, or leave it be where that cannot be written."""
    place = os.path.join(root, UNCHANGED)
    if not os.path.isdir(os.path.dirname(place)):
        return
    with suppress(OSError):
        from packaging_targets.store.change import replacing

        with replacing(place, synced=False) as file:
            file.write(_digest(root)[0].encode())


def _digest(root: str) -> tuple[str, int]:
    names = sorted(os.listdir(os.path.join(root, PACKAGES)))
    folders = [name for name in names if not name.startswith(".") or name == os.path.basename(JOURNAL)]
    digest = sha256("\0".join(folders).encode("utf-8", "surrogateescape"))
    for path in (MANIFEST, LOCK, INSTALLED):
        digest.update(b"\0\0")
        if os.path.lexists(os.path.join(root, path)):
            with open(os.path.join(root, path), "rb") as file:
                digest.update(sha256(file.read()).digest())
    return digest.hexdigest(), len(folders)
