"""What a registry refuses, told by codes: the closed list that servers answer with and clients know.

{"error": {"code": "VERSION_CONFLICT", "message": "…", "docs": "…", "details": [{"what": "…", "fix": "…"}]}}
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from packaging_targets.errors import Problem, RegistryError

# What each code means, and the status of an answer that has it.
CODES: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "BAD_REQUEST": (400, "The request is malformed."),
        "UNAUTHORIZED": (401, "Credentials are needed, or those that were sent are not valid."),
        "FORBIDDEN": (403, "The credentials do not allow this."),
        "NOT_FOUND": (404, "There is nothing at this path."),
        "PACKAGE_NOT_FOUND": (404, "There is no package of this name that may be read."),
        "VERSION_NOT_FOUND": (404, "The package has no such version."),
        "TAG_NOT_FOUND": (404, "The package has no such tag."),
        "SIGNATURE_NOT_FOUND": (404, "The version was published without a signature."),
        "APPROVAL_NOT_FOUND": (404, "There is no such request for approval."),
        "TOKEN_NOT_FOUND": (404, "There is no such token."),
        "METHOD_NOT_ALLOWED": (405, "The path does not know this method."),
        "NOT_ACCEPTABLE": (406, "None of the types that were asked for can be had."),
        "REQUEST_TIMEOUT": (408, "The request did not come in time."),
        "VERSION_CONFLICT": (409, "The version is published already."),
        "CONFLICT": (409, "What there is does not allow this."),
        "PACKAGE_YANKED": (410, "All versions that were asked for are yanked."),
        "GONE": (410, "It was there, and is not any more."),
        "ARCHIVE_TOO_LARGE": (413, "The body is larger than the registry takes."),
        "UNSUPPORTED_MEDIA_TYPE": (415, "The body is of a type that is not known here."),
        "RANGE_NOT_SATISFIABLE": (416, "The range lies outside of the archive."),
        "MANIFEST_INVALID": (422, "The archive, or its manifest, is not valid."),
        "SIGNATURE_INVALID": (422, "The signature is not one of this archive."),
        "RATE_LIMITED": (429, "Too many requests; `Retry-After` says how long to wait."),
        "INTERNAL_ERROR": (500, "The registry has failed; its log says why."),
        "REGISTRY_UNAVAILABLE": (503, "The registry cannot do this now."),
    }
)


class RefusalError(RegistryError):
    """A registry refuses, for a reason that has a code."""

    def __init__(self, *problems: Problem, code: str = "CONFLICT") -> None:
        super().__init__(*problems)
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.code, self.problems)

    @classmethod
    def of(cls, code: str, what: str, where: str = "", fix: str = "") -> RefusalError:
        """Return a refusal with a single problem; `code` is one of `CODES`."""
        return cls(Problem(where, what, fix), code=code)


def _again(code: str, problems: tuple[Problem, ...]) -> RefusalError:
    return RefusalError(*problems, code=code)
