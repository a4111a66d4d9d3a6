"""What the Sigstore bundle of a version says of itself, for people.

Nothing is verified: that needs a root of trust, which whoever installs has.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.documents.reading import load_object
from packaging_targets.formats.aam.signature import MAX_SIGNATURE, signer_of

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Claim:
    """What a bundle claims: who signed, by whose word, what kind of statement, as which entry of the log.

    Each is empty where it does not say; one without an identity cannot be read.
    """

    identity: str = ""
    issuer: str = ""
    statement: str = ""
    logged: str = ""


def claim_of(bundle: bytes) -> Claim:
    """Return what a bundle claims."""
    signer = signer_of(bundle)
    if signer is None:
        return Claim()
    return Claim(signer.identity, signer.issuer, *_statement_and_entry(bundle))


def _statement_and_entry(bundle: bytes) -> tuple[str, str]:
    try:
        value = load_object(bundle, "", MAX_SIGNATURE)
        entry = value["verificationMaterial"]["tlogEntries"][0]["logIndex"]
        said = load_object(b64decode(value["dsseEnvelope"]["payload"]), "", MAX_SIGNATURE)
        return str(said["predicateType"])[:_LONGEST], str(entry)[:_LONGEST]
    except (RegistryError, LookupError, TypeError, ValueError):
        return "", ""
