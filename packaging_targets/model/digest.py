"""Content digests, and the one canonical JSON of values whose digest is part of a format, and so must never change."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

_PLAIN = frozenset((str, int, bool, type(None)))
_TEXT = re.compile(r"sha256:([0-9a-f]{64})")


def canonical_json(value: object) -> bytes:
    """Return the only JSON that `value` has: UTF-8, keys sorted, no white space, no floats, no final newline.

    Raises TypeError for what JSON has no form for, and ValueError for a float.
    """
    _refuse_floats(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogateescape")


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError(f"a float has no canonical form: {value!r}")  # noqa: TRY004  # the type is legal JSON
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            if type(item) not in _PLAIN:  # most are, and a call for each would take longest
                _refuse_floats(item)


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A SHA-256, as 64 hexadecimal digits."""

    hex: str

    def __str__(self) -> str:
        return f"sha256:{self.hex}"

    @property
    def short(self) -> str:
        """The first twelve digits: enough to tell digests apart in a message."""
        return self.hex[:12]

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Return the digest that `sha256:…` stands for; raises ValueError where the text is none."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"`{text[:80]}` is no SHA-256 digest")
        return cls(match[1])

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Return the digest of `data`."""
        return cls(hashlib.sha256(data).hexdigest())

    @classmethod
    def of_value(cls, value: object) -> Digest:
        """Return the digest of a JSON value through its canonical form."""
        return cls.of(canonical_json(value))
