"""What an image runs on: an operating system, a processor architecture and a variant of that.

    linux/amd64   linux/arm64   linux/arm/v7

Some have several names. Here each has one, that of containerd: `linux/arm64/v8` is `linux/arm64`, and `linux/arm`
is `linux/arm/v7`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging_targets.errors import near_miss

_PART = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ARCHITECTURES = {
    "aarch64": "arm64",
    "armhf": "arm",
    "i386": "386",
    "i686": "386",
    "x86-64": "amd64",
    "x86_64": "amd64",
}
_KNOWN = {
    "system": "aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows",
    "architecture": "386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm",
}
_VARIANTS = {("arm64", "v8"): "", ("arm64", "8"): "", ("amd64", "v1"): "", ("arm", ""): "v7"}


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """A platform by its one name; `parse` and `of` find it."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Return the platform that `linux/arm64/v8` means; raises ValueError where the text is none."""
        os, _, rest = text.partition("/")
        architecture, slash, variant = rest.partition("/")
        if slash and not variant:
            raise ValueError(f"`{ascii(text[:100])[1:-1]}` is no platform")
        return cls.of(os, architecture, variant)

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "") -> Platform:
        """Return the platform with its parts by their one name; raises ValueError where they are no names."""
        if not all(map(_PART.fullmatch, filter(None, (os, architecture, variant)))) or not (os and architecture):
            given = "/".join(part for part in (os, architecture, variant) if part)
            raise ValueError(f"`{ascii(given[:100])[1:-1]}` is no platform")
        os, architecture, variant = os.lower(), architecture.lower(), variant.lower()
        architecture = _ARCHITECTURES.get(architecture, architecture)
        if architecture == "arm" and variant.isdecimal():
            variant = f"v{variant}"
        return cls(os, architecture, _VARIANTS.get((architecture, variant), variant))

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def slip(self) -> tuple[str, str] | None:
        """Return which part is close to a name of Go's, which these are, without being one, and the hint; else None.

        What is close to none may be a newer one.
        """
        for part, (kind, known) in zip((self.os, self.architecture), _KNOWN.items(), strict=True):
            if part not in known.split() and (hint := near_miss(part, known.split())):
                return f"there is no {kind} `{part}`", hint
        return None

    def to_json(self) -> dict[str, str]:
        """Return the platform as an index and a config hold it."""
        value = {"architecture": self.architecture, "os": self.os}
        return {**value, "variant": self.variant} if self.variant else value
