"""What is asked of a registry, and what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from packaging_targets.registry.http.addresses import number

SMALL = 1 << 20
"""Bytes that an answer may have where nobody says otherwise."""

_PASSING = {408, 429, 500, 502, 503, 504}  # what may be another answer another time
_LONGEST_WAIT = 120.0  # seconds that a server may ask to wait, if we are to do so


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: `size` bytes of the stream that `open` gives, anew for each attempt."""

    size: int
    open: Callable[[], BinaryIO] = field(repr=False)


class Sink(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take them."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `repeatable` says that doing it twice is as good as once.

    What `stays` is not led to another origin, whatever a server says.
    `into` says, by the status of an answer, where a body goes that is not small: 200 is the whole, 206 a part.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Body | bytes | None = field(default=None, repr=False)
    repeatable: bool = True
    stays: bool = False
    limit: int = SMALL
    into: Callable[[int], Sink] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: names of headers are lower-case; `url` is where the answer came from in the end.

    `tries` says how often it was asked for: what an answer after the first refuses may be what the first has done.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    tries: int = 1

    @property
    def done(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300  # noqa: PLR2004  # the range has no better name

    @property
    def may_pass(self) -> bool:
        """Whether it may be another answer another time, and soon enough to wait for it."""
        return self.status in _PASSING and self.asks_to_wait <= _LONGEST_WAIT

    @property
    def asks_to_wait(self) -> float:
        """How many seconds the server asks to wait (`Retry-After`, a number or a date), or 0."""
        text = self.headers.get("retry-after", "").strip()
        seconds = number(text)
        if seconds is not None:
            return float(seconds)
        from email.utils import parsedate_to_datetime

        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, OverflowError):
            return 0.0
