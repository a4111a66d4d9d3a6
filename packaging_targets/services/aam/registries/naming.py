"""From what people write to the package that they mean."""

from __future__ import annotations

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.names import PackageName

_NAMES = "write it as review, or @myorg/review"


def package_of(text: str) -> PackageName:
    """Return the package that a text names; raises RequestError with all that is wrong with it."""
    try:
        return PackageName.parse(text)
    except ValueError as error:
        raise RequestError.one(f"the name `{text[:200]}` {error}", "", _NAMES) from None


def release_named(text: str, *, whole: bool = False) -> tuple[PackageName, str]:
    """Return name and version of `@myorg/review@1.2.0`; the version may be missing where `whole` packages can be meant.

    Raises RequestError where the text is something else.
    """
    at = text.rfind("@")
    name, version = (text[:at], text[at + 1 :]) if at > 0 else (text, "")
    found = package_of(name)
    if version or (whole and at <= 0):
        return found, version
    raise RequestError.one(f"`{text[:200]}` names no version", "", f"write {found}@1.2.0")
