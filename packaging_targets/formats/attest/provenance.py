"""How an artifact was made: an in-toto Statement v1 with a SLSA provenance v1 predicate, in JSON. Of an image it says:

    subject          the manifest of the image; for several platforms the index, and the manifest of each
    buildType        `urn:packaging-targets:oci-image:v1`: a target of the rule `oci_image`, analysed and built
    external         the label of the target and its fields, which is what a person may decide
    internal         SOURCE_DATE_EPOCH, and the rule by its name and its digest
    dependencies     every file that went in, by the SHA-256 of its content, and the base image

The same sources give the same bytes on every machine: there is no time of day, no path and no name of a machine.

What it claims of SLSA's build track is level 1: provenance exists, is complete as far as the engine knows the inputs,
and says how to build the same again. It is not signed and says nothing of who ran the build, so it is not level 2: a
signature of a build service over this very file would be needed, and keys that a build's own steps cannot reach for 3.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.formats.attest.inventory import BaseImage
    from packaging_targets.model.digest import Digest

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:packaging-targets:oci-image:v1"
MEDIA_TYPE = "application/vnd.in-toto+json"

_LINK_TYPE = "inode/symlink"


@dataclass(frozen=True, slots=True)
class Subject:
    """A document of an image that a registry knows by its digest; `platform` is set for one of several."""

    name: str
    digest: Digest
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """A file that went in: its path in the workspace, and its digest, or where it leads if it is a link."""

    path: str
    digest: Digest | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """What a build was told: the target, its rule by name and digest, and the builder.

    `created` counts seconds since 1970. `builder` is a URI or a name, and `version` its version, or nothing. What was
    built without a workspace has no label, and its fields are all that a person decided.
    """

    label: str
    fields: Mapping[str, Any]
    rule: Sequence[str] = ()
    created: int = 0
    builder: str = "packaging-targets"
    version: str = ""
    base: BaseImage | None = None
    materials: Sequence[Material] = field(default=())
    build_type: str = BUILD_TYPE


def write_provenance(stream: Writable, subjects: Sequence[Subject], build: Build) -> None:
    """Write the statement on one line, members sorted by name."""
    stream.write(statement_bytes(subjects, PREDICATE_TYPE, provenance_of(build)))


def statement_bytes(subjects: Sequence[Subject], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """Return a statement about subjects on one line, members sorted by name."""
    said = {
        "_type": STATEMENT_TYPE,
        "subject": [_subject(subject) for subject in subjects],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }
    return json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def provenance_of(build: Build) -> dict[str, Any]:
    """Return the predicate that says how something was built."""
    internal: dict[str, Any] = {"sourceDateEpoch": build.created}
    if build.rule:
        internal["rule"] = dict(zip(("name", "digest"), build.rule, strict=False))
    fields = dict(build.fields)
    definition = {
        "buildType": build.build_type,
        "externalParameters": {"label": build.label, "fields": fields} if build.label else fields,
        "internalParameters": internal,
        "resolvedDependencies": _dependencies(build),
    }
    builder: dict[str, Any] = {"id": _uri(build.builder)}
    if build.version:
        builder["version"] = {"packaging-targets": build.version}
    return {"buildDefinition": definition, "runDetails": {"builder": builder}}


def _subject(subject: Subject) -> dict[str, Any]:
    # Names are to tell subjects apart.
    name = f"{subject.name} ({subject.platform})" if subject.platform else subject.name
    return {"name": name, "digest": {"sha256": subject.digest.hex}}


def _dependencies(build: Build) -> list[dict[str, Any]]:
    found = [_dependency(material) for material in sorted(build.materials, key=lambda one: one.path)]
    if build.base and build.base.digest:
        base = {"name": build.base.reference, "digest": {"sha256": build.base.digest.removeprefix("sha256:")}}
        found.append(base)
    return found


def _dependency(material: Material) -> dict[str, Any]:
    if material.digest is not None:
        return {"name": material.path, "digest": {"sha256": material.digest.hex}}
    content = base64.b64encode(material.link.encode("utf-8", "surrogateescape")).decode()
    return {"name": material.path, "content": content, "mediaType": _LINK_TYPE}


def _uri(builder: str) -> str:
    if ":" in builder:
        return builder
    return "urn:packaging-targets:builder:" + re.sub(r"[^A-Za-z0-9._-]", "-", builder)
