"""SPDX 2.3, in JSON: an inventory as a bill of materials, written by the library `spdx-tools`.

The image is the package that the document describes. It contains the files and the packages, and descends from the
base image. A licence that is no expression of SPDX stands in a comment, since the format has no other place for it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from packaging_targets.formats.attest.library import needs
from packaging_targets.formats.attest.lines import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.formats.attest.inventory import BaseImage, ImageFile, Inventory
    from packaging_targets.formats.attest.packages import Package

_DOCUMENT, _IMAGE, _BASE = "SPDXRef-DOCUMENT", "SPDXRef-Image", "SPDXRef-BaseImage"
_UNLISTED = "The image that this one is built on. What it holds is not listed here."


def write_spdx(stream: Writable, inventory: Inventory) -> None:
    """Write the document: the same bytes for the same inventory and version of the library.

    Raises RequestError where the library is not installed.
    """
    spdx = _model()
    from spdx_tools.spdx.jsonschema.document_converter import DocumentConverter

    files = [_file(file) for file in inventory.files]
    packages = [_package(package) for package in inventory.packages]
    base = [_built_on(inventory.base)] if inventory.base else []
    document = spdx.Document(
        _creation(inventory),
        [_image(inventory), *base, *packages],
        files,
        relationships=list(_relationships([*packages, *files], bool(base))),
    )
    write_lines(stream, DocumentConverter().convert(document))


def _model() -> ModuleType:
    with needs("spdx-tools"):
        from spdx_tools.spdx import model
    return cast("ModuleType", model)


def _creation(inventory: Inventory) -> Any:
    spdx = _model()
    return spdx.CreationInfo(
        "SPDX-2.3",
        _DOCUMENT,
        inventory.name,
        inventory.identity("spdx").urn,
        [spdx.Actor(spdx.ActorType.TOOL, "packaging-targets")],
        inventory.time.replace(tzinfo=None),
        document_comment="\n".join(inventory.notes) or None,
    )


def _image(inventory: Inventory) -> Any:
    spdx = _model()
    # So the specification has it: one digest over the digests of all files.
    every = "".join(sorted(file.sha1 for file in inventory.files))
    code = spdx.PackageVerificationCode(hashlib.sha1(every.encode(), usedforsecurity=False).hexdigest())
    return spdx.Package(
        _IMAGE,
        inventory.name,
        spdx.SpdxNoAssertion(),
        version=inventory.version or None,
        files_analyzed=bool(inventory.files),
        verification_code=code if inventory.files else None,
        primary_package_purpose=spdx.PackagePurpose.CONTAINER,
    )


def _built_on(base: BaseImage) -> Any:
    spdx = _model()
    hex_digits = base.digest.removeprefix("sha256:")
    platforms = [f"{name}: {digest}" for name, digest in sorted(base.platforms.items())]
    return spdx.Package(
        _BASE,
        base.reference,
        spdx.SpdxNoAssertion(),
        version=base.digest or None,
        files_analyzed=False,
        checksums=[spdx.Checksum(spdx.ChecksumAlgorithm.SHA256, hex_digits)] if hex_digits else [],
        external_references=[_purl(base.purl)] if base.purl else [],
        primary_package_purpose=spdx.PackagePurpose.CONTAINER,
        comment="\n".join([_UNLISTED, *platforms]),
    )


def _package(package: Package) -> Any:
    spdx = _model()
    stated = _expression(package.license) if package.license else None
    unsaid = package.license and stated is None
    return spdx.Package(
        _id("Package", package.purl),
        package.name,
        spdx.SpdxNoAssertion(),
        version=package.version or None,
        files_analyzed=False,
        license_declared=spdx.SpdxNoAssertion() if stated is None else stated,
        license_comment=f"The package states: {package.license}" if unsaid else None,
        source_info="\n".join(package.paths),
        external_references=[_purl(package.purl)],
        primary_package_purpose=spdx.PackagePurpose.LIBRARY,
    )


def _purl(text: str) -> Any:
    spdx = _model()
    return spdx.ExternalPackageRef(spdx.ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", text)


def _file(file: ImageFile) -> Any:
    spdx = _model()
    checksums = [
        spdx.Checksum(spdx.ChecksumAlgorithm.SHA1, file.sha1),
        spdx.Checksum(spdx.ChecksumAlgorithm.SHA256, file.sha256),
    ]
    place = "\0".join([file.path, *file.platforms])
    comment = f"For {', '.join(file.platforms)} alone." if file.platforms else None
    return spdx.File(f"./{file.path}", _id("File", place), checksums, comment=comment)


def _relationships(parts: list[Any], has_base: bool) -> Iterator[Any]:  # noqa: FBT001  # private
    spdx = _model()
    yield spdx.Relationship(_DOCUMENT, spdx.RelationshipType.DESCRIBES, _IMAGE)
    if has_base:
        yield spdx.Relationship(_IMAGE, spdx.RelationshipType.DESCENDANT_OF, _BASE)
    for part in parts:
        yield spdx.Relationship(_IMAGE, spdx.RelationshipType.CONTAINS, part.spdx_id)


def _id(kind: str, text: str) -> str:
    # Identifiers have few letters to choose from, and a number would change with every file that is added.
    return f"SPDXRef-{kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@lru_cache(maxsize=1024)
def _expression(text: str) -> Any:
    """Return the expression that a text is, or None; many packages state the same few."""
    from spdx_tools.common.spdx_licensing import spdx_licensing

    try:
        return spdx_licensing.parse(text, validate=True)
    except Exception:  # noqa: BLE001  # what people write as a licence makes the library fail in many ways
        return None
