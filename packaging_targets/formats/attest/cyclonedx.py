"""CycloneDX 1.6, in JSON: an inventory as a bill of materials.

The image is the main component; the base image, the packages and the files are components of it. The library
`cyclonedx-python-lib` says what the document and each component look like. The list of components is put together
here, one a line: for a document of n components the library takes n² steps, two minutes for 10,000 of them. A file is
written here as well, because it is a few plain members, at a tenth of the time; a test holds that the library writes it
the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from packaging_targets.formats.attest.library import needs
from packaging_targets.formats.attest.lines import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyclonedx.model.component import Component

    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.formats.attest.inventory import BaseImage, ImageFile, Inventory
    from packaging_targets.formats.attest.packages import Package

_IMAGE, _BASE = "image", "base-image"
_NOTE = "packaging-targets:note"
_PLATFORM = "packaging-targets:platform"
_UNLISTED = "The image that this one is built on. What it holds is not listed here."


def write_cyclonedx(stream: Writable, inventory: Inventory) -> None:
    """Write the document: the same bytes for the same inventory and version of the library.

    Raises RequestError where the library is not installed.
    """
    frame = _frame(inventory)
    parts = [_BASE] if inventory.base else []
    parts += [package.purl for package in inventory.packages]
    # What tells readers the format comes first.
    first = {
        name: frame[name] for name in ("$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata")
    }
    graph = [{"ref": _IMAGE, "dependsOn": parts}, *({"ref": one} for one in parts)]
    write_lines(stream, {**first, **frame, "components": _components(inventory), "dependencies": graph})


def _frame(inventory: Inventory) -> dict[str, Any]:
    """Return the document without what is in the image."""
    with needs("cyclonedx-python-lib"):
        from cyclonedx.model import Property
        from cyclonedx.model.bom import Bom, BomMetaData
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.model.tool import ToolRepository
        from cyclonedx.output.json import JsonV1Dot6
    version = inventory.version or None
    image = Component(name=inventory.name, version=version, type=ComponentType.CONTAINER, bom_ref=_IMAGE)
    ours = Component(name="packaging-targets", type=ComponentType.APPLICATION)
    document = Bom(
        serial_number=inventory.identity("cyclonedx"),
        metadata=BomMetaData(timestamp=inventory.time, component=image, tools=ToolRepository(components=[ours])),
        properties=[Property(name=_NOTE, value=note) for note in inventory.notes],
    )
    return cast("dict[str, Any]", json.loads(JsonV1Dot6(document).output_as_string()))


def _components(inventory: Inventory) -> Iterator[dict[str, Any]]:
    if inventory.base:
        yield _built_on(inventory.base)
    yield from map(_package, inventory.packages)
    yield from map(_file, inventory.files)


def _built_on(base: BaseImage) -> dict[str, Any]:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    hex_digits = base.digest.removeprefix("sha256:")
    component = Component(
        name=base.reference,
        version=base.digest or None,
        type=ComponentType.CONTAINER,
        bom_ref=_BASE,
        purl=PackageURL.from_string(base.purl) if base.purl else None,
        description=_UNLISTED,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hex_digits)] if hex_digits else [],
        properties=[Property(name=f"{_PLATFORM}:{name}", value=each) for name, each in base.platforms.items()],
    )
    return _plain(component)


def _package(package: Package) -> dict[str, Any]:
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
    from packageurl import PackageURL

    component = Component(
        name=package.name,
        version=package.version or None,
        type=ComponentType.LIBRARY,
        bom_ref=package.purl,
        purl=PackageURL.from_string(package.purl),
        licenses=[LicenseFactory().make_from_string(package.license)] if package.license else [],
        evidence=ComponentEvidence(occurrences=[Occurrence(location=path) for path in package.paths]),
    )
    said = _plain(component)
    # The library orders these by where they are in memory.
    said["evidence"]["occurrences"].sort(key=lambda one: one["location"])
    return said


def _file(file: ImageFile) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": file.sha256}]
    said = {"bom-ref": f"file:{file.path}", "hashes": hashes, "name": file.path, "type": "file"}
    if not file.platforms:
        return said
    properties = [{"name": _PLATFORM, "value": platform} for platform in file.platforms]
    return {**said, "bom-ref": f"file:{file.path}#{','.join(file.platforms)}", "properties": properties}


def _plain(component: Component) -> dict[str, Any]:
    """Return what the library makes of one component."""
    from cyclonedx.schema.schema import SchemaVersion1Dot6

    said = vars(type(component))["as_json"](component, view_=SchemaVersion1Dot6)  # its decorator adds it
    return cast("dict[str, Any]", json.loads(said))
