"""How often somebody may ask: a token by itself, who has none by address; reads, writes and failed sign-ins apart.

Counted in the memory of each server process, over windows of a minute; all is forgotten where that is too many.
"""

from __future__ import annotations

import ipaddress
import time
from functools import lru_cache
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from packaging_targets.adapters.http.messages.errors import LimitedError

Kind = Literal["read", "write", "failure"]
FAILURES = 20  # failed sign-ins a minute of one address
_MAX_KEYS = 50_000
_SAID = {
    "read": "too many requests: {} a minute is the most",
    "write": "too many changes: {} a minute is the most",
    "failure": "too many credentials that are not valid: {} a minute is the most",
}


class Rates:
    """Counts what was asked, and refuses what is too much; a rate of 0 is none."""

    def __init__(self, reads: int, writes: int, failures: int = FAILURES) -> None:
        rates: dict[Kind, int] = {"read": reads, "write": writes, "failure": failures}
        self._items = {kind: RateLimitItemPerMinute(rate) for kind, rate in rates.items() if rate > 0}
        self._storage = MemoryStorage()
        self._counting = FixedWindowRateLimiter(self._storage)

    def count(self, kind: Kind, who: str) -> None:
        """Count a request of somebody; raises LimitedError where that is one too many."""
        item = self._items.get(kind)
        if item is None:
            return
        if len(self._storage.expirations) > _MAX_KEYS:
            self._storage.reset()
        if not self._counting.hit(item, kind, who):
            raise self._refusal(kind, who)

    def demand(self, kind: Kind, who: str) -> None:
        """Raise LimitedError where somebody has used up what there is; nothing is counted."""
        item = self._items.get(kind)
        if item is not None and not self._counting.test(item, kind, who):
            raise self._refusal(kind, who)

    def fail(self, who: str) -> None:
        """Count a failed sign-in; the next one is refused where these are too many."""
        item = self._items.get("failure")
        if item is not None:
            self._counting.hit(item, "failure", who)

    def _refusal(self, kind: Kind, who: str) -> LimitedError:
        item = self._items[kind]
        reset, _ = self._counting.get_window_stats(item, kind, who)
        return LimitedError(_SAID[kind].format(item.amount), max(int(reset - time.time()) + 1, 1))


@lru_cache(4096)
def counted_as(address: str) -> str:
    """Return what an address is counted as: of IPv6 the network, since anybody has many addresses of it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))  # noqa: PLR2004  # IPv4
