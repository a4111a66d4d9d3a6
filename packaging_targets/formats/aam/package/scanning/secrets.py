"""What looks like a secret: whoever gets the package could use it.

A pattern is tried only on what holds its sign, and most signs are looked for only in what has a `_` or a `-`, as few
texts have: a byte is found ten times as fast as a word. Examples and placeholders, which have few different
characters, are passed over, and so are words that start like a key, and lines that say they are none.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PRAGMA = "pragma: allowlist secret"
"""What a line says whose text is no secret, as other programs that look for secrets have it."""

_FEWEST = 10  # different characters
_EXAMPLE = re.compile(rb"(?i)example|qwerty|placeholder|change-?me|abcdefghijkl")
_FEWEST_CHANGES = 0.33
# In random letters and digits, the next is of another kind more than every second time: in words, seldom.
_WORDY = re.compile(rb"(?:sk-|hf_|aam_)")
_KINDS = bytes(
    97 if chr(code).islower() else 65 if chr(code).isupper() else 48 if chr(code).isdigit() else 45
    for code in range(256)
)
# A word in a sentence has no capital letter and no digit behind such a prefix; a random key has both.
_MIXED = rb"(?=[A-Za-z_-]*[0-9])(?=[a-z0-9_-]*[A-Z])"


class Secret(NamedTuple):
    """A likely secret at a position: what it is, never its text."""

    at: int
    what: str


class _Pattern(NamedTuple):
    what: str
    sign: bytes
    pattern: re.Pattern[bytes]

    @property
    def rare(self) -> bytes:
        """The character of the sign that few texts have, or nothing."""
        return next((rare for rare in (b"_", b"-") if rare in self.sign), b"")


def _pattern(what: str, sign: str, pattern: bytes) -> _Pattern:
    return _Pattern(what, sign.encode(), re.compile(pattern))


_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    # The shortest key, one of Ed25519, has 64 characters: what has fewer was shortened for people to read.
    rb"(?:\s|\\[nr]|[\"',+]|[A-Za-z-]{1,30}: [^\n]{0,100}\n){0,40}(?:[A-Za-z0-9+/](?:\s|\\[nr]|[\"',]){0,40}){60}"
)
_ASSIGNED = rb"[\"']?\s{0,9}[=:]\s{0,9}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])"
_PATTERNS = (
    _Pattern("a private key", b"-----BEGIN", _KEY),
    _pattern("an access key of AWS", "AKIA", rb"AKIA(?<![A-Za-z0-9]AKIA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    _pattern("an access key of AWS", "ASIA", rb"ASIA(?<![A-Za-z0-9]ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    _pattern("a secret key of AWS", "ecret_access_key", rb"ecret_access_key" + _ASSIGNED),
    _pattern("a secret key of AWS", "ecretAccessKey", rb"ecretAccessKey" + _ASSIGNED),
    _pattern("a token of GitHub", "_", rb"gh[pousr]_(?<![A-Za-z0-9]gh[pousr]_)[A-Za-z0-9]{36}"),
    _pattern("a token of GitHub", "github_pat_", rb"github_pat_[A-Za-z0-9_]{60}"),
    _pattern("a token of GitLab", "glpat-", rb"glpat-[A-Za-z0-9_-]{20}"),
    _pattern("a token of Slack", "xox", rb"xox[abeoprs]-[A-Za-z0-9-]{20}"),
    _pattern(
        "a web hook of Slack", "hooks.slack.com", rb"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20}"
    ),
    _pattern("a token of npm", "npm_", rb"(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])"),
    _pattern("a token of npm", "_authToken", rb":_authToken\s{0,9}=\s{0,9}(?!\$)[^\s\"']{16}"),
    _pattern("a token of PyPI", "pypi-AgE", rb"pypi-AgE[A-Za-z0-9_-]{50}"),
    _pattern(
        "a key of OpenAI or Anthropic",
        "sk-",
        rb"sk-(?<![A-Za-z0-9_-]sk-)(?:(?:proj|svcacct|admin|ant-[a-z]{1,9}[0-9]{1,3})-[A-Za-z0-9_-]{20,200}|"
        + _MIXED
        + rb"[A-Za-z0-9]{32,200})",
    ),
    _pattern("a key of Google", "AIza", rb"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}"),
    _pattern("a key of Stripe", "k_live_", rb"[rs]k_live_[A-Za-z0-9]{24}"),
    _pattern("a token of Hugging Face", "hf_", rb"(?<![A-Za-z0-9_])hf_" + _MIXED + rb"[A-Za-z0-9]{34}(?![A-Za-z0-9_])"),
    _pattern("a token of a package registry", "aam_", rb"(?<![A-Za-z0-9_])aam_" + _MIXED + rb"[A-Za-z0-9_-]{32,200}"),
    _pattern("a secret key of age", "AGE-SECRET-KEY-1", rb"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
)
_BY_RARE = {rare: tuple(one for one in _PATTERNS if one.rare == rare) for rare in (b"_", b"-", b"")}


def secrets_in(data: bytes) -> Iterator[Secret]:
    """Yield what looks like a secret in bytes of a text."""
    for rare, patterns in _BY_RARE.items():
        if rare in data:
            for what, sign, pattern in patterns:
                if sign in data:
                    yield from _found(what, pattern, data)


def _found(what: str, pattern: re.Pattern[bytes], data: bytes) -> Iterator[Secret]:
    for match in pattern.finditer(data):
        if _is_random(match[0]) and not _is_allowed(data, match.end()):
            yield Secret(match.start(), what)


def _is_random(text: bytes) -> bool:
    """Tell whether a text may be a random one, and is neither words nor an example."""
    if len(set(text)) < _FEWEST or _EXAMPLE.search(text):
        return False
    if not _WORDY.match(text):
        return True
    kinds = text.translate(_KINDS)
    changes = sum(one != other for one, other in pairwise(kinds))
    return changes >= _FEWEST_CHANGES * len(kinds)


def _is_allowed(data: bytes, end: int) -> bool:
    start = data.rfind(b"\n", 0, end) + 1
    stop = data.find(b"\n", end)
    return PRAGMA.encode() in data[start : stop if stop >= 0 else len(data)]
