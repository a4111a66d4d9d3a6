"""A server's parts and settings, as every verb gets them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from packaging_targets.registry.aam.desk.accounts import Remembered
from packaging_targets.registry.aam.desk.oidc.providers import Providers
from packaging_targets.registry.aam.served.holdings import Holdings

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


@dataclass(slots=True)
class Sparing:
    """Lets some things through in a while, and counts the others: nobody fills a log by failing."""

    most: int = 20
    seconds: int = 60
    _since: int = 0
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def let(self, at: int) -> int | None:
        """Return how many were held back in the while before, or None where this one is held back."""
        with self._lock:
            held = 0
            if at >= self._since + self.seconds:
                held = max(0, self._seen - self.most)
                self._since, self._seen = at, 0
            self._seen += 1
            return held if self._seen <= self.most else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What verbs about people and the log need. `clock` gives seconds since 1970; nothing else tells the time."""

    database: Engine
    settings: HostSettings
    clock: Callable[[], int]
    providers: Providers = field(default_factory=Providers)
    passwords: Remembered = field(default_factory=Remembered)
    failures: Sparing = field(default_factory=Sparing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Desk):
    """What all verbs need: the desk, and what is held."""

    holdings: Holdings
