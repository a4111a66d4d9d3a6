"""What a package gives to agents, as values. Paths are those in the package; fields are what front matter says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.errors import Problem

MODES = ("always", "intelligent", "files", "manual")
"""When a rule applies: in every session; where the agent finds it fits; where a file matches; where a person asks."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill: `path` is its SKILL.md, `files` are all files of its folder, that one too."""

    name: str
    description: str
    path: str
    fields: Mapping[str, Any]
    front: str
    body: str
    files: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The skill's folder, with a `/` at its end."""
        return self.path.removesuffix("SKILL.md")


@dataclass(frozen=True, slots=True)
class Command:
    """A prompt that a person calls by its name; `variables` stand in its body as `{{name}}`."""

    name: str
    description: str
    path: str
    fields: Mapping[str, Any]
    body: str

    @property
    def variables(self) -> tuple[Mapping[str, Any], ...]:
        """What the body leaves open, each with a `name`."""
        return tuple(self.fields.get("variables") or ())


@dataclass(frozen=True, slots=True)
class Agent:
    """A persona: `path` is its agent.yaml, or the one file of the older form; `body` is its system prompt."""

    name: str
    description: str
    path: str
    fields: Mapping[str, Any]
    body: str

    def texts(self, field_name: str) -> tuple[str, ...]:
        """Return a list of texts such as `skills` and `tools`."""
        return tuple(self.fields.get(field_name) or ())


@dataclass(frozen=True, slots=True)
class Rule:
    """Instructions that apply where `mode`, one of MODES, and `globs` say; `platforms` overrides that for some."""

    name: str
    description: str
    path: str
    mode: str
    globs: tuple[str, ...]
    platforms: Mapping[str, Mapping[str, Any]]
    refs: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Hook:
    """What runs at an event: a command of the shell, or a question to a model where `kind` is `prompt`."""

    event: str
    kind: str
    text: str
    matcher: str = ""
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """The hooks of a package, in the order of its file."""

    path: str
    hooks: tuple[Hook, ...]


@dataclass(frozen=True, slots=True)
class Servers:
    """The MCP servers of a package by name, as its file has them; `inputs` are questions that VS Code asks."""

    path: str
    servers: Mapping[str, Mapping[str, Any]]
    inputs: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Artifacts:
    """All that was found in a package; where there are `errors`, what is wrong is not among the rest."""

    skills: tuple[Skill, ...] = ()
    commands: tuple[Command, ...] = ()
    agents: tuple[Agent, ...] = ()
    rules: tuple[Rule, ...] = ()
    hooks: Hooks | None = None
    servers: Servers | None = None
    instructions: str = ""
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = field(default=())
