"""Where an image and its parts are made: the layout `NAME`, and beside it `NAME.parts`, which only the actions need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging_targets import Context


@dataclass(frozen=True, slots=True)
class Places:
    """Workspace paths: of the folder of the layout and of its files; `blobs` ends in `/`. `parts` is below `dist`."""

    layout: str
    blobs: str
    index: str
    marker: str
    docker: str
    parent: str
    parts: str

    @classmethod
    def of(cls, context: Context) -> Places:
        """Return where the image of a target is made."""
        name = context.target.label.name
        blobs = context.output(f"{name}/blobs/sha256/")
        return cls(
            layout=blobs.removesuffix("/blobs/sha256/"),
            blobs=blobs,
            index=context.output(f"{name}/index.json"),
            marker=context.output(f"{name}/oci-layout"),
            docker=context.output(f"{name}/manifest.json"),
            parent=context.output(f"{name}.parts/base.json"),
            parts=f"{name}.parts/",
        )

    def made(self, *, single: bool) -> tuple[str, ...]:
        """Return what the last action of the image makes; the file for old engines tells of a single platform."""
        return (self.blobs, self.index, self.marker, *([self.docker] if single else []))
