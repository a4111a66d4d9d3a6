"""A secret that one registry is to see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["token", "basic", "identity"]
TYPED_TOKEN, TYPED_PASSWORD, TYPED_IDENTITY = "the token", "the password", "the identity token"
"""Sources of what somebody signs in with."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, a password of `user`, or an identity provider's token, which is exchanged for one of the registry's.

    `source` says where it came from, for people; `expires_at` is in seconds since 1970.
    """

    kind: Kind
    secret: str = field(repr=False)
    user: str = field(default="", repr=False)
    source: str = ""
    expires_at: int | None = None
