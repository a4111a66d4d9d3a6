"""What is made beside an image's layout: a tar of it, bills of materials, and a statement of what it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets import Action, Entry

from ._parent import NOTHING, is_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging_targets import Context

    from ._layers import Layer
    from ._places import Places

_SBOMS = {"cyclonedx": ("cdx.json", "application/vnd.cyclonedx+json"), "spdx": ("spdx.json", "application/spdx+json")}
_PROVENANCE = ("provenance.json", "application/vnd.in-toto+json")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a target wants beside its image, which the action `image` makes of `layers`."""

    context: Context
    places: Places
    image: Action
    layers: Sequence[Layer]

    def actions(self) -> Iterator[Action]:
        """Yield the actions."""
        fields = self.context.target.fields
        if fields["tar"]:
            yield self._tar()
        for form in fields["sbom"]:
            yield self._sbom(form)
        if fields["provenance"]:
            yield self._provenance()

    def attachments(self) -> list[list[str]]:
        """Return the artifact type and the path of each file that is attached where the image is published."""
        fields = self.context.target.fields
        wanted = [_SBOMS[form] for form in fields["sbom"]] + ([_PROVENANCE] if fields["provenance"] else [])
        return [[artifact_type, self._output(ending)] for ending, artifact_type in wanted]

    def _output(self, ending: str) -> str:
        return self.context.output(f"{self.context.target.label.name}.{ending}")

    def _tar(self) -> Action:
        inside = f"{self.places.layout}/"
        entries = [Entry(path.removeprefix(inside).rstrip("/"), path) for path in self.image.outputs]
        mtime = self.context.source_date_epoch
        return Action.pack("tar/1", entries, self._output("tar"), name="tar", title=self._output("tar"), mtime=mtime)

    def _sbom(self, form: str) -> Action:
        params = {
            **self._told(),
            "format": form,
            "layers": [layer.manifest.to_json() for layer in self.layers],
            "version": self._version(),
        }
        only = [layer.platform for layer in self.layers]
        if any(only):
            params |= {"platforms": self.image.params["platforms"], "only": only}
        output = self._output(_SBOMS[form][0])
        return Action("oci_sbom/1", params, (*self._sources(), *self._parent()), (output,), f"sbom-{form}", output)

    def _provenance(self) -> Action:
        target = self.context.target
        fields = {name: value for name, value in target.fields.items() if name != "description"}
        params = {**self._told(), "label": str(target.label), "fields": fields}
        inputs = (self.places.index, self.places.blobs, *self._parent(), *self._sources())
        output = self._output(_PROVENANCE[0])
        return Action("oci_provenance/1", params, inputs, (output,), "provenance", output)

    def _told(self) -> dict[str, Any]:
        name = self.image.params["name"].rpartition(":")[0] or self.context.target.label.name
        base: str = self.context.target.fields["base"]
        if is_label(base):
            base = str(self.context.label(base))
        return {
            "name": name,
            "base": "" if base == NOTHING else base,
            "parent": "".join(self._parent()),
            "created": self.context.source_date_epoch,
        }

    def _version(self) -> str:
        return str(self.image.params["name"].rpartition(":")[2])

    def _parent(self) -> tuple[str, ...]:
        return tuple(path for path in self.image.inputs if path == self.places.parent)

    def _sources(self) -> tuple[str, ...]:
        return tuple(sorted({path for layer in self.layers for path in layer.manifest.sources}))
