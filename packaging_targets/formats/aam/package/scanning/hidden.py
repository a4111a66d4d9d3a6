"""Characters that people do not see, and that an agent reads all the same: instructions can be hidden in them.

What belongs to the characters beside it is let through: what joins emoji or chooses between forms of one, what
scripts need between their letters, and the flags of England, Scotland and Wales.
Most files have none of these characters, so first their bytes are looked for, which costs next to nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASCII = bytes(range(128))
_PLAIN = bytes([*b"\t\n\f", *range(0x20, 0x7F)])
_SIGNS = (
    *(b"\xe2\x80%c" % last for last in (*range(0x8B, 0x90), *range(0xAA, 0xAF))),
    *(b"\xc2", b"\xcd\x8f", b"\xd8\x9c", b"\xe1\x85", b"\xe1\x9e", b"\xe1\xa0", b"\xe2\x81", b"\xe3\x85"),
    *(b"\xef\xb8", b"\xef\xbb\xbf", b"\xef\xbe\xa0", b"\xef\xbf", b"\xf0\x9b\xb2", b"\xf0\x9d\x85", b"\xf3\xa0"),
)
"""The first bytes of all that is below, as UTF-8 has it."""

_CONTROLS = "\x00-\x08\x0b\x0e-\x1f\x7f-\x9f"
_HIDDEN = re.compile(
    f"\r(?!\n)|[{_CONTROLS}\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
_FLAGS = "\U0001f3f4\U000e0067\U000e0062(?:" + "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in country) for country in ("eng", "sct", "wls")
) + ")\U000e007f"  # fmt: skip
_EMOJI = "\xa9\xae\u203c\u2049\u2100-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTERS = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af"
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_ALLOWED = re.compile(
    f"{_FLAGS}"
    f"|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"
    f"|(?<=[{_EMOJI}])[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)"
    f"|(?<=[{_IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e011f]"
    "|(?<=[\u2200-\u22ff\u2a00-\u2aff\u1000-\u109f\ua840-\ua87f\u3001\u3002\uff01-\uff1f])\ufe00"
    f"|(?<=[{_LETTERS}])[\u200c\u200d\u180b-\u180d\u180f]"
    f"|(?<=[{_RIGHT_TO_LEFT}])[\u200e\u200f]|[\u200e\u200f](?=[{_RIGHT_TO_LEFT}])"
    f"|(?<=[{_UNSPACED}])\u200b(?=[{_UNSPACED}])"
)
"""What stands where it belongs: each behind, or before, a character that takes it."""
_MARK = "\ufeff"


class Hidden(NamedTuple):
    """A character at a position in a text."""

    at: int
    character: str


def may_hide(data: bytes) -> bool:
    """Tell whether bytes may hold a hidden character: those that do not need not be looked at again."""
    odd = data.translate(None, _PLAIN)  # little is left, in which the signs are looked for
    if not odd:
        return False
    if odd.count(b"\r") != data.count(b"\r\n"):
        return True
    odd = odd.replace(b"\r", b"")
    return len(odd.translate(None, _ASCII)) < len(odd) or any(sign in odd for sign in _SIGNS)


def hidden_characters(text: str, *, first: bool = True) -> Iterator[Hidden]:
    """Yield what is hidden in a text; `first` tells that a file starts with it, where a byte order mark may stand."""
    allowed = {at for match in _ALLOWED.finditer(text) for at in range(match.start(), match.end())}
    if first and text.startswith(_MARK):
        allowed.add(0)
    for match in _HIDDEN.finditer(text):
        if match.start() not in allowed:
            yield Hidden(match.start(), match[0])
