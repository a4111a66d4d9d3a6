"""The signature of a published version: one Sigstore bundle, with an in-toto statement about its archive."""

from __future__ import annotations

from packaging_targets.formats.aam.signature.checking import check_signature, signature_problems, statement_problems
from packaging_targets.formats.aam.signature.signer import Signer, signer_of, signer_of_certificate
from packaging_targets.formats.aam.signature.values import MAX_SIGNATURE, SignedArchive

__all__ = [
    "MAX_SIGNATURE",
    "SignedArchive",
    "Signer",
    "check_signature",
    "signature_problems",
    "signer_of",
    "signer_of_certificate",
    "statement_problems",
]
