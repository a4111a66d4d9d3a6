"""What was made once and is asked for again: the least used goes when there is too much."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Kept(Generic[_Value]):
    """Values by key, up to `most` of their sizes together; what takes more than a sixteenth of that is not kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._found: OrderedDict[Hashable, tuple[_Value, int]] = OrderedDict()

    def get(self, key: Hashable) -> _Value | None:
        """Return what is kept under a key, or None."""
        found = self._found.get(key)
        if found is None:
            return None
        self._found.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: _Value, size: int = 1) -> None:
        """Keep a value under a key, and forget the least used where it is too much."""
        if size > self._most // 16 or key in self._found:
            return
        self._found[key] = value, size
        self._size += size
        while self._size > self._most:
            _, (_, gone) = self._found.popitem(last=False)
            self._size -= gone
