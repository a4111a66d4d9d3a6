"""A server's parts and settings, as every verb gets them."""

from __future__ import annotations

from dataclasses import dataclass

MAX_ARCHIVE = 50 << 20


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What an operator decides; sizes in bytes, times in seconds.

    `private` are patterns of packages that only who has a grant may see. `needs_approval` are patterns of packages
    whose new versions wait for a second person. `audience` is what identity tokens have to be meant for. Rates are
    requests a minute of one token or address. `trusted_proxies` are the addresses whose word on who asks is believed.
    """

    url: str = ""
    title: str = "Agent packages"
    private: tuple[str, ...] = ()
    needs_approval: tuple[str, ...] = ()
    open_publishing: bool = False
    audience: str = ""
    oidc_issuer: str = ""
    oidc_client: str = ""
    max_archive: int = MAX_ARCHIVE
    token_lifetime: int = 90 * 86400
    exchanged_lifetime: int = 900
    read_rate: int = 0
    write_rate: int = 120
    body_seconds: float = 300.0
    trusted_proxies: tuple[str, ...] = ()
