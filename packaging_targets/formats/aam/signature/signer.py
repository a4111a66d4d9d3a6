"""Who a bundle's certificate says has signed: an identity, and the issuer who vouched for it.

That is what the bundle says of itself; nobody has verified it here.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.documents.reading import load_object
from packaging_targets.formats.aam.signature.values import MAX_SIGNATURE

_ISSUER = "1.3.6.1.4.1.57264.1.1"
_ISSUER_V2 = "1.3.6.1.4.1.57264.1.8"
_SHORT = 0x80
_LONGEST = 2_000


@dataclass(frozen=True, slots=True, order=True)
class Signer:
    """An identity, such as an address or the URI of a workflow, and the URL of its issuer, empty where none is told."""

    identity: str
    issuer: str

    def __str__(self) -> str:
        return f"{self.identity} ({self.issuer})" if self.issuer else self.identity


def signer_of(data: bytes) -> Signer | None:
    """Return the signer that a bundle names, or None where it names none, or cannot be read at all."""
    try:
        bundle = load_object(data, "", MAX_SIGNATURE)
        certificate = b64decode(bundle["verificationMaterial"]["certificate"]["rawBytes"], validate=True)
    except (RegistryError, LookupError, TypeError, ValueError):
        return None
    return signer_of_certificate(certificate)


def signer_of_certificate(data: bytes) -> Signer | None:
    """Return whom a certificate, in DER, was issued to, or None where it is none, or names nobody or several.

    Without the library that reads certificates nobody is found either.
    """
    try:
        from cryptography import x509
    except ImportError:
        return None
    try:
        extensions = x509.load_der_x509_certificate(data).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001  # what a stranger wrote makes the library fail in many ways
        return None
    found = [one.value for one in names if isinstance(one, x509.RFC822Name | x509.UniformResourceIdentifier)]
    if len(found) != 1:
        return None
    issuer = _issuer({one.oid.dotted_string: getattr(one.value, "value", b"") for one in extensions})
    return Signer(found[0][:_LONGEST], issuer)


def _issuer(extensions: dict[str, bytes]) -> str:
    """Return the issuer: a plain text in the old extension, a text in DER of up to 127 bytes or more in the new one."""
    if _ISSUER in extensions:
        return extensions[_ISSUER][:_LONGEST].decode("utf-8", "replace")
    data = extensions.get(_ISSUER_V2, b"")
    start = 2 + (data[1] & ~_SHORT if len(data) > 1 and data[1] & _SHORT else 0)
    return data[start : start + _LONGEST].decode("utf-8", "replace")
