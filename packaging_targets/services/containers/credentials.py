"""Credentials in files: where they stand and of what kind they are, and never what they are."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem, RequestError, reason
from packaging_targets.services.containers.places import content_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 16 << 20  # bytes of a file that are looked at
_WINDOW = 2048  # characters of a line that are looked at together: some patterns take the square of it
_NAME = r"(?:passw(?:or)?d|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?)[\w.-]*+"
# What refers to a value that stands elsewhere is none: a variable, a placeholder, a path, a call.
_VALUE = r"(?![$<{%/=(]|process\.env|os\.environ|[\w.]+\(|(?:true|false|null|none)\b)[^\s\"'`,;()]{4,}"
_PATTERNS = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")),
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})")),
    ("a token of GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a token of Slack", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("a token of npm", re.compile(r"\bnpm_[A-Za-z0-9]{36,}")),
    ("a token of Docker Hub", re.compile(r"\bdckr_pat_[A-Za-z0-9_-]{20,}")),
    ("a password in a URL", re.compile(r"://[^/\s:@\"']+:(?![$<{])[^/\s@\"']+@")),
    ("a password, a token or a key with its value", re.compile(rf"(?i){_NAME}[\"']?\s*=\s*[\"']?{_VALUE}")),
    ("a password, a token or a key with its value", re.compile(rf"(?i){_NAME}[\"']?\s*:\s*([\"']){_VALUE}")),
    ("a password, a token or a key with its value", re.compile(rf"(?im)^[ \t-]*[\w.-]*?{_NAME}:[ \t]+{_VALUE}[ \t]*$")),
)


def find_credentials(root: str, path: str) -> Iterator[Problem]:
    """Yield a problem for each line of a file, or of the files below a folder, that seems to hold a credential."""
    place = os.path.join(root, path)
    if os.path.islink(place):
        return
    try:
        if os.path.isdir(place):
            for name in sorted(os.listdir(place)):
                yield from find_credentials(root, f"{path}/{name}")
        elif os.path.isfile(place):
            data = content_of(root, path, _LIMIT) or b""
            yield from _in_text(data.decode("latin-1"), path)  # any bytes are text then, and ASCII stays what it is
    except RequestError as error:
        yield from error.problems
    except OSError as error:
        what = f"the folder `{path}` cannot be read: {reason(error)}"
        yield Problem(path, what, "make it readable for you")


def _in_text(text: str, path: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), 1):
        kind = next((kind for kind, pattern in _PATTERNS if any(map(pattern.search, _windows(line)))), None)
        if kind:
            fix = "take it out, let the build or the deployment bring it, and make it invalid"
            yield Problem(f"{path}:{number}", f"this seems to be {kind}", fix)


def _windows(line: str) -> list[str]:
    """Cut a long line into pieces of which each holds half of the one before."""
    if len(line) <= _WINDOW:
        return [line]
    return [line[at : at + _WINDOW] for at in range(0, len(line), _WINDOW // 2)]


def concealed(text: str) -> str:
    """Return `text` with `…` in place of each credential in it."""
    for _, pattern in _PATTERNS:
        text = pattern.sub("…", text)
    return text
