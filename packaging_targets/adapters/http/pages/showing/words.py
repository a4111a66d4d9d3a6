"""Sizes, dates and characters that nobody sees, for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from packaging_targets.formats.aam.package.scanning.hidden import hidden_characters

_THOUSAND = 1000
_LINES = re.compile("[\r\n\u2028\u2029]+")


def size_text(size: int) -> str:
    """Return bytes as people read them: `812 bytes`, `12.4 kB`, `3.1 MB`."""
    if size < _THOUSAND:
        return f"{size} byte{'' if size == 1 else 's'}"
    value = size / _THOUSAND
    for unit in ("kB", "MB"):
        if value < _THOUSAND:
            return f"{value:.1f} {unit}"
        value /= _THOUSAND
    return f"{value:.1f} GB"


def date_text(seconds: int) -> str:
    """Return a day of the calendar: `22 Feb 2026`."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%b %Y}"


def minute_text(seconds: int) -> str:
    """Return a day and a time of it: `22 Feb 2026, 14:00 UTC`."""
    return f"{date_text(seconds)}, {datetime.fromtimestamp(seconds, UTC):%H:%M} UTC"


def counted_text(count: int, what: str, many: str = "") -> str:
    """Return a number with its word: `1 version`, `1,200 versions`."""
    return f"{count:,} {what if count == 1 else many or what + 's'}"


def seen(text: str) -> str:
    """Return a text with all that it hides made visible: what turns the direction of writing, what has no width."""
    if text.isascii() and text.isprintable():
        return text
    pieces, at = [], 0
    for found in hidden_characters(text, first=False):
        pieces += [text[at : found.at], f"[U+{ord(found.character):04X}]"]
        at = found.at + 1
    pieces.append(text[at:])
    return "".join(pieces)


def one_line(text: str) -> str:
    """Return a text on one line, with all that it hides made visible."""
    return seen(_LINES.sub(" ", text))
