"""What the text of a Dockerfile alone tells: its stages, its arguments, and what it copies from the context."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1 << 20
"""Bytes of a Dockerfile that are looked at."""

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_ARGUMENT = re.compile(r"(?<=\s)(\w+)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_NO_PATH = re.compile(r"[$*?\[\]\\]|^<<|://|^git@")


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


@dataclass(frozen=True, slots=True)
class Outline:
    """A Dockerfile as far as its text tells.

    The base of a stage that builds on another is empty. `arguments` are the names of every ARG; `copied` are the
    paths, each with its line, that COPY and ADD take from the context by name; `checks_health` says that it has a
    HEALTHCHECK.
    """

    stages: tuple[Stage, ...]
    arguments: frozenset[str]
    copied: tuple[tuple[int, str], ...]
    checks_health: bool


def outline(text: str) -> Outline:
    """Return what a Dockerfile tells; any text has an outline."""
    stages: list[Stage] = []
    names: set[str] = set()
    defaults: dict[str, str] = {}
    arguments: set[str] = set()
    copied: list[tuple[int, str]] = []
    health = False
    for line, instruction in _instructions(text):
        word = instruction.split(None, 1)[0].upper()
        if word == "ARG":
            given = {match[1]: match[2] for match in _ARGUMENT.finditer(instruction)}
            arguments.update(given)
            if not stages:
                defaults |= {name: value.strip("\"'") for name, value in given.items() if value}
        elif match := _FROM.match(instruction):
            base = _resolved(match[1], defaults)
            stages.append(Stage(line, "" if base.lower() in names else base, fills=False))
            names.add((match[2] or "").lower())
        elif stages and word in {"COPY", "ADD", "RUN"}:
            stages[-1] = replace(stages[-1], fills=True)
            copied += [(line, path) for path in _copied(instruction) if word != "RUN"]
        health = health or word == "HEALTHCHECK"
    return Outline(tuple(stages), frozenset(arguments), tuple(copied), health)


def _copied(instruction: str) -> list[str]:
    """Return the paths that an instruction takes from the context, but for patterns and what only a build knows."""
    words = re.split(r"(?<!\\)\s+", instruction)[1:]
    flags = [word for word in words if word.startswith("--")]
    rest = words[len(flags) :]
    if rest and rest[0].startswith("["):
        try:
            rest = [str(word) for word in json.loads(instruction[instruction.index("[") :])]
        except ValueError:
            return []
    if any(flag.lower().startswith("--from") for flag in flags) or any(word.startswith("<<") for word in rest):
        return []
    return [word for word in rest[:-1] if not _NO_PATH.search(word)]


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
