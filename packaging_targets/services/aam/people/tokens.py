"""`aam token`: tokens that somebody makes, sees and revokes, as far as what they come with allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from packaging_targets.registry.aam.http.desk import tokens as desk
from packaging_targets.registry.aam.http.desk.values import HeldToken
from packaging_targets.services.aam.credentials.signing_in import server_of, visited
from packaging_targets.services.aam.hosting.people.wishes import demand_sound, grant_of, label_faults

_LACK = "which has no tokens: whoever can write there may do everything"


@dataclass(frozen=True, slots=True)
class Held:
    """Tokens of a registry, and the number of the one that asked, empty for who came with something else."""

    url: str
    tokens: tuple[HeldToken, ...]
    own: str


@dataclass(frozen=True, slots=True)
class Made:
    """A token that was just made, with its secret, which nobody can be told again."""

    url: str
    secret: str = field(repr=False)
    token: HeldToken


def tokens(registry: str) -> Held:
    """Return the tokens that somebody may see, the newest first."""
    with visited(server_of(registry, _LACK)) as known:
        return Held(known.url, tuple(desk.tokens(known.session)), desk.whoami(known.session).token)


def create_token(
    registry: str, label: str, actions: Sequence[str], patterns: Sequence[str], seconds: int | None = None
) -> Made:
    """Make a token, which holds as long as the registry likes where nothing is said.

    Raises RequestError with all that is wrong, RefusalError (FORBIDDEN) where they may not do that themselves.
    """
    url = server_of(registry, _LACK)
    demand_sound([*grant_of(actions, patterns)[1], *label_faults(label)])
    with visited(url) as known:
        issued, token = desk.make_token(known.session, label, actions, patterns, seconds)
        return Made(known.url, issued.token, token)


def revoke_token(registry: str, number: str) -> HeldToken:
    """Let a token hold no longer; raises RefusalError: TOKEN_NOT_FOUND, FORBIDDEN."""
    with visited(server_of(registry, _LACK)) as known:
        return desk.revoke_token(known.session, number)
