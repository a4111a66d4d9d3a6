"""What can be told of a signature without a root of trust: that it is a bundle, and about exactly one archive.

    bundle ──▶ verificationMaterial: certificate, one entry of a log
           └─▶ dsseEnvelope: payloadType, one signature, payload ──▶ in-toto statement ──▶ its one subject

Whether anybody has signed it, and who, only a verification tells (`services/aam/signing`). This is what a registry asks
before it takes one, so that no bundle of another archive lies beside an archive.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from packaging_targets.errors import Problem, RegistryError
from packaging_targets.formats.aam.documents.reading import load_object
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.signature.values import MAX_SIGNATURE, MEDIA_TYPES, SignedArchive
from packaging_targets.formats.attest.provenance import MEDIA_TYPE, STATEMENT_TYPE

_SHOWN = 100
_FIX = "sign the archive that is published: aam pkg publish --sign"


def check_signature(data: bytes, about: SignedArchive, where: str = "") -> None:
    """Raise RefusalError (SIGNATURE_INVALID) with all that keeps `data` from being a bundle about an archive."""
    problems = tuple(signature_problems(data, about, where))
    if problems:
        raise RefusalError(*problems, code="SIGNATURE_INVALID")


def signature_problems(data: bytes, about: SignedArchive, where: str = "") -> Iterator[Problem]:
    """Yield what keeps `data` from being a bundle with a statement about exactly this archive."""
    try:
        bundle = load_object(data, where, MAX_SIGNATURE)
    except RegistryError as error:
        for one in error.problems:
            yield Problem(one.where, f"the signature of {about} cannot be read: {one.what}", _FIX)
        return
    faults = list(_bundle_faults(bundle))
    for field, what in faults:
        yield Problem(where, f"the signature of {about} {what}", _FIX, field=field)
    payload = _decoded(_member(bundle, "dsseEnvelope").get("payload"))
    if not any(field.startswith("$.dsseEnvelope") for field, _ in faults):
        yield from statement_problems(payload, about, where)


def statement_problems(payload: bytes, about: SignedArchive, where: str = "") -> Iterator[Problem]:
    """Yield what keeps the payload of a bundle from being a statement about exactly this archive."""
    try:
        said = load_object(payload, where, MAX_SIGNATURE)
    except RegistryError as error:
        for one in error.problems:
            yield Problem(where, f"the statement that is signed for {about} cannot be read: {one.what}", _FIX)
        return
    for what in _statement_faults(said, about):
        yield Problem(where, f"the signature is not one of {about}: {what}", _FIX)


def _bundle_faults(bundle: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if bundle.get("mediaType") not in MEDIA_TYPES:
        yield "$.mediaType", f"must be a Sigstore bundle of version 0.3, but is {_told(bundle.get('mediaType'))}"
    material = _member(bundle, "verificationMaterial")
    if not _decoded(_member(material, "certificate").get("rawBytes")):
        yield "$.verificationMaterial.certificate", "has no certificate"
    entries = material.get("tlogEntries")
    if not isinstance(entries, list) or len(entries) != 1:
        yield "$.verificationMaterial.tlogEntries", "must have one entry of a transparency log"
    envelope = _member(bundle, "dsseEnvelope")
    if envelope.get("payloadType") != MEDIA_TYPE:
        told = _told(envelope.get("payloadType"))
        yield "$.dsseEnvelope.payloadType", f"must hold an in-toto statement ({MEDIA_TYPE}), but holds {told}"
    if not _decoded(envelope.get("payload")):
        yield "$.dsseEnvelope.payload", "holds no statement"
    signatures = envelope.get("signatures")
    one = signatures[0] if isinstance(signatures, list) and len(signatures) == 1 else None
    if not isinstance(one, dict) or not _decoded(one.get("sig")):
        yield "$.dsseEnvelope.signatures", "must be signed once"


def _statement_faults(said: Mapping[str, Any], about: SignedArchive) -> Iterator[str]:
    if said.get("_type") != STATEMENT_TYPE:
        yield f"it is no in-toto statement of version 1, but {_told(said.get('_type'))}"
    if not isinstance(said.get("predicateType"), str) or not isinstance(said.get("predicate"), dict):
        yield "it says nothing of its subject: it has no predicate with a type"
    subjects = said.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        yield "it must have one subject"
        return
    name, digest = subjects[0].get("name"), _member(subjects[0], "digest").get("sha256")
    if name != about.file:
        yield f"its subject is {_told(name)}, not `{about.file}`"
    if digest != about.digest.hex:
        yield f"it was made for the SHA-256 {_told(digest)}, and that of the archive is {about.digest.hex}"


def _member(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _decoded(value: Any) -> bytes:
    """Return the bytes that a text is in base64; none where it is not."""
    try:
        return b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        return b""


def _told(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else str(type(value).__name__)
    return f"`{text[:_SHOWN]}`"
