"""Documents that have one package a line, so that one line can be changed without reading the others.

    head    {"formatVersion": 1, …
    lines   each starts with the package's name and ends with a comma but for the last; sorted by the bytes of names
    tail    what closes the document

Whoever changes a line finds it by halving the bytes. Only the lines that are met on the way are looked at: where one
of them, the head or the tail is not as we write it, or the name stands elsewhere too, the document is somebody else's
and has to be written anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ESCAPED = rb'[^"\\\n]*\\[^"\n]*'


@dataclass(frozen=True, slots=True)
class Lines:
    """How a document has its lines: `start` stands before a name on each, `tail` behind the last.

    `named` is how anybody might write that a line is about a name, which is put into it, as a regular expression.
    """

    start: bytes
    tail: bytes
    named: bytes

    def joined(self, head: bytes, lines: list[bytes]) -> bytes:
        """Return the document of these lines, which are sorted and have no commas behind them."""
        return head + b",\n".join(lines) + (b"\n" if lines else b"") + self.tail

    def find(self, data: bytes, head: int, name: str) -> tuple[int, int] | None:
        """Return where the line of a name starts and ends behind a head of that length, or would stand (then twice).

        Returns None where the document is not as we write it.
        """
        place = self._halved(data, head, name.encode())
        if place is None or self._escapes(data) or not self._stands_once(data, name.encode(), place):
            return None
        return place

    def _escapes(self, data: bytes) -> bool:
        """Tell whether any name is written with escapes, of which none that we write has any."""
        return b"\\u" in data and re.search(self.named % _ESCAPED, data) is not None

    def _stands_once(self, data: bytes, name: bytes, place: tuple[int, int]) -> bool:
        """Tell whether a name stands on no line but the one that was found."""
        quoted, pattern = b'"%s"' % name, self.named % re.escape(name)
        return all(
            data.find(quoted, start, end) < 0 or not re.search(pattern, data[start:end])  # looking alone is much faster
            for start, end in ((0, place[0]), (place[1], len(data)))
        )

    def _halved(self, data: bytes, head: int, wanted: bytes) -> tuple[int, int] | None:
        low, high = head, len(data) - len(self.tail)
        if high < low or not data.endswith(self.tail) or data[low - 1 : low] != b"\n":
            return None
        start, end = low, high
        while start < end:
            middle = (start + end) // 2
            first = data.rfind(b"\n", start, middle) + 1 or start
            last = data.find(b"\n", middle, end) + 1
            found = self._name(data, first, last)
            if found is None or (last == high) == data.endswith(b",\n", first, last):
                return None
            if found == wanted:
                return first, last
            start, end = (last, end) if found < wanted else (start, first)
        return (start, start) if self._stands_between(data, (low, start, high), wanted) else None

    def spliced(
        self, data: bytes, heads: tuple[bytes, int], place: tuple[int, int], line: bytes | None
    ) -> Sequence[bytes | memoryview]:
        """Return the document with `line`, or nothing, at a place that was found, as pieces to write in a row.

        `heads` are its head now, and the length of the one that it had. The pieces are views of `data`, as it may be
        long; there are none where nothing changes.
        """
        (head, old_head), (start, end) = heads, place
        if head == data[:old_head] and (line or b"") == data[start:end].rstrip(b",\n"):
            return ()
        whole = memoryview(data)
        comma = data[start - 2 : start] == b",\n"
        before = whole[old_head : max(old_head, start - (2 if comma else 1))]
        after = whole[end : max(end, len(data) - len(self.tail) - 1)]
        pieces: list[bytes | memoryview] = [head]
        for part in (before, line or b"", after):
            if len(part):
                pieces += (b",\n", part) if len(pieces) > 1 else (part,)
        return [*pieces, *((b"\n",) if len(pieces) > 1 else ()), self.tail]

    def _name(self, data: bytes, first: int, last: int) -> bytes | None:
        """Return the name on a line, or None where it does not look like one of ours."""
        if not data.startswith(self.start, first) or not data[first:last].rstrip(b",\n").endswith(b"}"):
            return None
        start = first + len(self.start)
        end = data.find(b'"', start, last)
        return None if end < 0 else data[start:end]

    def _stands_between(self, data: bytes, place: tuple[int, int, int], name: bytes) -> bool:
        """Tell whether the lines around a place that halving came to are in order."""
        low, at, high = place
        before = self._name(data, data.rfind(b"\n", low, at - 1) + 1 or low, at) if at > low else b""
        after = self._name(data, at, data.find(b"\n", at, high) + 1) if at < high else None
        return before is not None and before < name and (at == high or (after is not None and name < after))
