"""What a signature is about, and what a bundle is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging_targets.formats.aam.names import PackageName
    from packaging_targets.model.digest import Digest

MAX_SIGNATURE = 1 << 20
"""The most bytes that a bundle may have."""

MEDIA_TYPES = (
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
)


@dataclass(frozen=True, slots=True)
class SignedArchive:
    """The archive of a version: what a signature has to be about."""

    name: PackageName
    version: str
    digest: Digest

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def file(self) -> str:
        """What the archive is called, as the subject of a statement has it: `acme--review-1.0.0.aam`."""
        return self.name.archive(self.version)
