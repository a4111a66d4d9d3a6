"""What the escapes of JSON and YAML stand for: who reads such a file gets the characters, and so does an agent."""

from __future__ import annotations

import re

_DECODED = (".json", ".yaml", ".yml")
_WITH_FRONT_MATTER = (".md", ".mdc")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n.*?^---", re.DOTALL | re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|.)")
_LAST = 0x10FFFF
_LINES = "\t\n\r\f"


def unescaped(path: str, text: str, *, first: bool) -> str:
    """Return a text with what its escapes stand for, on the same lines, or nothing where nobody decodes any.

    `first` tells that a file starts with it: of Markdown, only the front matter is decoded.
    """
    name = path.lower()
    if "\\" not in text:
        return ""
    if name.endswith(_WITH_FRONT_MATTER):
        match = _FRONT_MATTER.match(text.removeprefix("\ufeff")) if first else None
        text = match[0] if match else ""
    elif not name.endswith(_DECODED):
        return ""
    found = _ESCAPE.sub(_character, text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # pairs of halves become one


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if not code or int(code, 16) > _LAST:
        return ".."
    character = chr(int(code, 16))
    return " " if character in _LINES else character
