"""Names of packages and of tags, and the folder that a package's name maps to.

`@scope/name` lies in a folder `scope--name`, wherever packages lie. That is reversible only because no name and no
scope may hold `--` or have a hyphen at an end: an unscoped `acme--review` would else own what `@acme/review` is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.model.versions.semver import is_semantic_version

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAME = 130
_PART = 64
_TAG = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_SCOPE = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TAG_TEXT = re.compile(r"[a-z0-9-]+")
_DEVICES = frozenset({"aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


@dataclass(frozen=True, slots=True, order=True)
class PackageName:
    """The name of a package; `scope` is without its `@`, and empty where there is none."""

    scope: str
    name: str

    @classmethod
    def parse(cls, text: str) -> PackageName:
        """Return the name that `text` is; raises ValueError with all that is wrong about it."""
        if faults := list(name_faults(text)):
            raise ValueError("; ".join(faults))
        scope, _, name = text.removeprefix("@").rpartition("/")
        return cls(scope, name)

    def __str__(self) -> str:
        return f"@{self.scope}/{self.name}" if self.scope else self.name

    @property
    def folder(self) -> str:
        """What the package's folder is called, and the start of its archives' names."""
        return f"{self.scope}--{self.name}" if self.scope else self.name

    def archive(self, version: object) -> str:
        """Return what the archive of a version is called."""
        return f"{self.folder}-{version}.aam"


def name_faults(text: str) -> Iterator[str]:
    """Yield what keeps `text` from being the name of a package, each as the end of "the name `…`"."""
    if not text:
        yield "is empty"
        return
    if len(text) > MAX_NAME:
        yield f"has {len(text):,} characters, and {MAX_NAME} is the most"
        return
    scope, slash, name = text.rpartition("/")
    if slash and not scope.startswith("@"):
        yield "has a `/`, but no scope before it as in `@scope/name`"
        return
    if slash:
        yield from _faults("scope", scope[1:], _SCOPE, "lower-case letters, digits, `-` and `_`")
    elif name.startswith("@"):
        yield "has a scope, but no name behind it as in `@scope/name`"
        return
    yield from _faults("name", name, _NAME, "lower-case letters, digits and `-`")


def tag_fault(text: str) -> str:
    """Return what keeps `text` from being a dist-tag, as the end of "the tag `…`"; empty where nothing does."""
    if not _TAG_TEXT.fullmatch(text):
        return "is not of lower-case letters, digits and `-`"
    if len(text) > _TAG:
        return f"has {len(text)} characters, and {_TAG} is the most"
    return "is a version, and would hide that" if is_semantic_version(text) else ""


def _faults(what: str, part: str, allowed: re.Pattern[str], of: str) -> Iterator[str]:
    if not allowed.fullmatch(part):
        yield f"has a {what} that is not of {of}, or does not start with a letter or digit"
        return
    if len(part) > _PART:
        yield f"has a {what} of {len(part)} characters, and {_PART} is the most"
    if "--" in part:
        yield f"has `--` in its {what}, which stands between scope and name in the names of folders"
    if part.endswith("-"):
        yield f"has a hyphen at the end of its {what}"
    if part in _DEVICES:
        yield f"has a {what} that is a device on Windows"
