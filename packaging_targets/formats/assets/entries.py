"""What a header says of its banks: the rows of its two lists, as values."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

ID_LIMIT = (1 << 31) - 1
"""The largest asset id."""

_CODEC = "NONE"
_string = json.JSONEncoder(ensure_ascii=False).encode


class AssetEntry(NamedTuple):
    """One row of the asset table. `offset` counts from the start of the payload; sizes are in bytes.

    The metadata is kept as canonical JSON: a table of many rows takes a tenth of the room, and a row is a value.
    """

    asset_id: int
    asset_name: str
    bank_type: str
    offset: int
    size: int
    decoded_size: int
    metadata_json: bytes

    @property
    def codec(self) -> str:
        """How the bank is compressed: not at all, which is called `NONE`."""
        return _CODEC

    @property
    def metadata(self) -> dict[str, Any]:
        """What the bank type and the author say of the bank, parsed anew each time."""
        value: dict[str, Any] = json.loads(self.metadata_json)
        return value

    @property
    def spelling(self) -> bytes:
        """The row as it stands in a header. Raises ValueError where a string has no form in UTF-8."""
        before = (
            f'{{"asset_id":{self.asset_id},"asset_name":{_string(self.asset_name)},"bank_type":{_string(self.bank_type)},'
            f'"codec":"{self.codec}","decoded_size":{self.decoded_size},"metadata":'
        )
        behind = f',"offset":{self.offset},"size":{self.size}}}'
        return before.encode() + self.metadata_json + behind.encode()


class PreloadEntry(NamedTuple):
    """An asset that is loaded at boot, and its slot among those of its bank type."""

    asset_id: int
    slot: int

    @property
    def spelling(self) -> bytes:
        """The row as it stands in a header."""
        return f'{{"asset_id":{self.asset_id},"slot":{self.slot}}}'.encode()
