"""Rows as most packs have them, taken apart by a pattern: a tenth of what parsing and judging them takes.

What is not plain, and all that is wrong, is left to the long way in `header`. So whatever is made here must be what the
long way would make, without a fault; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from packaging_targets.formats.assets.banks import sounds
from packaging_targets.formats.assets.entries import AssetEntry, PreloadEntry

_COUNT = "(0|[1-9][0-9]{0,17})"
_ID = "([1-9][0-9]{0,8})"
_ONE_SAMPLE = (
    rf'{{"channels":1,"samples":{{"0":{{"length":{_COUNT},(?:"loop_end":{_COUNT},"loop_start":{_COUNT},)?'
    rf'"offset":0,"sample_rate":{_COUNT}}}}}}}'
)
# With few bytes of other metadata, so that a row which is not plain is not looked at for long.
ENTRY = re.compile(
    rf'{{"asset_id":{_ID},"asset_name":"([ !#-\[\]-~]{{1,255}})","bank_type":"([A-Z]+)","codec":"NONE",'
    rf'"decoded_size":{_COUNT},"metadata":(({_ONE_SAMPLE})|{{[!-\[\]-~]{{0,1000}}?}}),'
    rf'"offset":{_COUNT},"size":{_COUNT}}}(?=[,\]])'
)
PRELOAD = re.compile(rf'{{"asset_id":{_ID},"slot":{_COUNT}}}(?=[,\]])')

_REMEMBERED = 256

Judge = Callable[[str, int, int, str], bool]
"""Whether bank type, size, decoded size and the spelling of the metadata go together."""


class Plain:
    """Makes entries of matches; banks that are alike in their metadata, as sheets of tiles are, are judged once."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._good: set[tuple[str, int, int, str]] = set()

    def entry(self, match: re.Match[str]) -> AssetEntry | None:
        """Return the row that `ENTRY` matched, or None where the long way has to say what is wrong with it."""
        asset_id, name, bank_type, decoded, metadata, one, *sample, offset, length = match.groups()
        size, decoded_size = int(length), int(decoded)
        is_plain = bank_type == "SOUNDS" and one == metadata and size == decoded_size and _is_one_sample(size, *sample)
        if not is_plain:
            bank = (bank_type, size, decoded_size, metadata)
            if bank not in self._good:
                if not self._judge(*bank):
                    return None
                if len(self._good) < _REMEMBERED:
                    self._good.add(bank)
        return AssetEntry(int(asset_id), name, bank_type, int(offset), size, decoded_size, metadata.encode())


def preload_entry(match: re.Match[str]) -> PreloadEntry:
    """Return the row that `PRELOAD` matched."""
    return PreloadEntry(int(match[1]), int(match[2]))


def _is_one_sample(size: int, length: str, loop_end: str | None, loop_start: str, rate: str) -> bool:
    if int(length) != size or not size or size % sounds.FRAME or not 1 <= int(rate) <= sounds.RATE_LIMIT:
        return False
    return loop_end is None or int(loop_start) < int(loop_end) <= size // sounds.FRAME
