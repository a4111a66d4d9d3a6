"""The stages of a Dockerfile: which image each begins with, as far as the text alone tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(\w+)=(\S*)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: the line of its FROM, from 1, and what it begins with; `fills` says that it copies something in."""

    line: int
    base: str
    fills: bool

    @property
    def is_pinned(self) -> bool:
        """Whether the image has a tag or a digest, or is one that the text does not tell."""
        return "$" in self.base or bool(re.search(r"[:@]", self.base.rpartition("/")[2]))


def stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile; the base of one that builds on another is empty."""
    found: list[Stage] = []
    names: set[str] = set()
    defaults: dict[str, str] = {}
    for line, instruction in _instructions(text):
        word = instruction.split(None, 1)[0].upper()
        if (match := _ARG.match(instruction)) and not found:
            defaults[match[1]] = match[2].strip("\"'")
        elif match := _FROM.match(instruction):
            base = _resolved(match[1], defaults)
            found.append(Stage(line, "" if base.lower() in names else base, fills=False))
            names.add((match[2] or "").lower())
        elif found and word in {"COPY", "ADD", "RUN"}:
            found[-1] = Stage(found[-1].line, found[-1].base, fills=True)
    return found


def _resolved(image: str, defaults: dict[str, str]) -> str:
    """Put the defaults of build arguments in; a variable without one stays."""

    def value(match: re.Match[str]) -> str:
        return defaults.get(match[1] or match[2], "") or match[3] or match[0]

    return _VARIABLE.sub(value, image)


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Yield each instruction on one line, with the number of its first."""
    escape = _ESCAPE.match(text)
    end = escape[1] if escape else "\\"
    pending, start, until = "", 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if until:
            until = "" if bare == until else until
            continue
        if not bare or bare.startswith("#"):
            continue
        start = start if pending else number
        if bare.endswith(end):
            pending += bare[: -len(end)] + " "
            continue
        whole, pending = pending + bare, ""
        heredoc = _HEREDOC.search(whole)
        until = heredoc[2] if heredoc and whole.split(None, 1)[0].upper() in {"RUN", "COPY", "ADD"} else ""
        yield start, whole
    if pending.strip():
        yield start, pending.strip()
