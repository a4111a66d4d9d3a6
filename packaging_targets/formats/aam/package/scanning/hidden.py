"""Characters that people do not see, and that an agent reads all the same: instructions can be hidden in them.

What joins emoji, or letters of scripts that need it, and the flags of England, Scotland and Wales is let through.
Most files have none of these characters, so first their bytes are looked for, which costs next to nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASCII = bytes(range(128))
_CONTROLS = (b"\x08", b"\x1b", b"\x7f")
_SIGNS = (
    *(b"\xe2\x80%c" % last for last in (*range(0x8B, 0x90), *range(0xAA, 0xAF))),
    *(b"\xc2", b"\xcd\x8f", b"\xd8\x9c", b"\xe1\x85", b"\xe1\x9e", b"\xe1\xa0", b"\xe2\x81", b"\xe3\x85"),
    *(b"\xef\xb8", b"\xef\xbb\xbf", b"\xef\xbe\xa0", b"\xef\xbf", b"\xf0\x9b\xb2", b"\xf0\x9d\x85", b"\xf3\xa0"),
)
"""The first bytes of all that is below, as UTF-8 has it."""

_HIDDEN = re.compile(
    "[\x08\x1b\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_FLAGS = re.compile("\U0001f3f4\U000e0067\U000e0062(?:" + "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in country) for country in ("eng", "sct", "wls")
) + ")\U000e007f")  # fmt: skip
_EMOJI = "\u203c-\u3299\U0001f000-\U0001faff"
_JOINED = re.compile(f"(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])")
_LETTERS = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af"
_SHAPED = re.compile(f"(?<=[{_LETTERS}])[\u200c\u200d\u180b-\u180d\u180f](?=[{_LETTERS}])")
_VARIANT = re.compile("(?<=[^\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f]")
_IDEOGRAPH = re.compile("(?<=[\u3400-\u9fff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]")
_MARK = "\ufeff"


class Hidden(NamedTuple):
    """A character at a position in a text."""

    at: int
    character: str


def may_hide(data: bytes) -> bool:
    """Tell whether bytes may hold a hidden character: those that do not need not be looked at again."""
    if any(sign in data for sign in _CONTROLS):
        return True
    if data.isascii():
        return False
    foreign = data.translate(None, _ASCII)  # little is left, in which the signs are looked for
    return any(sign in foreign for sign in _SIGNS)


def hidden_characters(text: str, *, first: bool = True) -> Iterator[Hidden]:
    """Yield what is hidden in a text; `first` tells that a file starts with it, where a byte order mark may stand."""
    allowed = {
        at
        for pattern in (_FLAGS, _JOINED, _SHAPED, _VARIANT, _IDEOGRAPH)
        for match in pattern.finditer(text)
        for at in range(match.start(), match.end())
    }
    if first and text.startswith(_MARK):
        allowed.add(0)
    for match in _HIDDEN.finditer(text):
        if match.start() not in allowed:
            yield Hidden(match.start(), match[0])
