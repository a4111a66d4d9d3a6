"""Verifies a bundle: that it is of this archive, that a log has it, and that somebody who may has signed it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import IntegrityError, raise_all
from packaging_targets.formats.aam.signature import (
    SignedArchive,
    Signer,
    signature_problems,
    signer_of_certificate,
    statement_problems,
)
from packaging_targets.formats.attest.provenance import MEDIA_TYPE
from packaging_targets.services.aam.signing.library import failures, library
from packaging_targets.services.aam.signing.trust import Trust

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Expected:
    """Who may sign: an identity, in which `*` stands for any characters, and the issuer who vouches for it."""

    identity: str
    issuer: str

    def __str__(self) -> str:
        return f"{self.identity} ({self.issuer})"

    def allows(self, signer: Signer) -> bool:
        """Tell whether a signer is meant."""
        return signer.issuer == self.issuer and fits(signer.identity, self.identity)


def fits(text: str, pattern: str) -> bool:
    """Tell whether a text fits a pattern, in which `*` stands for any characters and all else for itself."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class Verified:
    """Who has signed, and the in-toto statement that they have signed."""

    signer: Signer
    statement: Mapping[str, Any]


def verify(data: bytes, about: SignedArchive, expected: Sequence[Expected], trust: Trust, where: str = "") -> Verified:
    """Return who has signed an archive, and what: one of those who are expected, or anybody where nobody is.

    `where` is where the bundle comes from. Raises IntegrityError where it does not verify, or another has signed.
    """
    raise_all(signature_problems(data, about, where), IntegrityError)
    with library():
        from sigstore.models import Bundle
        from sigstore.verify import Verifier
    policy = _Policy(about, expected, where)
    what = f"the signature of {about} does not verify"
    with failures(IntegrityError, what, where, f"ask whoever publishes it; what is believed is in {trust.where}"):
        kind, payload = Verifier(trusted_root=trust.root).verify_dsse(Bundle.from_json(data), policy)
        # What was verified counts, and not what was read above, however alike the two readers are.
        if kind != MEDIA_TYPE or policy.signer is None:
            raise IntegrityError.one(f"{what}: it signs `{kind[:100]}`", where)
        raise_all(statement_problems(payload, about, where), IntegrityError)
        return Verified(policy.signer, json.loads(payload))


class _Policy:
    """What the library asks of a certificate that leads to the trust root; keeps who it was issued to."""

    def __init__(self, about: SignedArchive, expected: Sequence[Expected], where: str) -> None:
        self.signer: Signer | None = None
        self._about = about
        self._expected = expected
        self._where = where

    def verify(self, cert: Certificate) -> None:
        """Raise IntegrityError where the certificate is of nobody who is expected."""
        found = signer_of_certificate(_der(cert))
        if found is None:
            raise IntegrityError.one(f"the certificate for {self._about} names nobody", self._where)
        if self._expected and not any(one.allows(found) for one in self._expected):
            wanted = " or ".join(map(str, self._expected))
            fix = "trust it by a policy in config.yaml if that is right, and else tell whoever publishes it"
            raise IntegrityError.one(f"{self._about} is signed by {found}, and not by {wanted}", self._where, fix)
        self.signer = found


def _der(certificate: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return bytes(certificate.public_bytes(Encoding.DER))
