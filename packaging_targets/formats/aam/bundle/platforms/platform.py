"""What all platforms have in common: how skills are deployed, which files come along, what a variable looks like.

A platform is made for one package of those in a bundle, and one output; `deploy` puts all of the package there.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.artifacts.discovery import INSTRUCTIONS
from packaging_targets.formats.aam.artifacts.front_matter import edited
from packaging_targets.formats.aam.artifacts.reading.fields import CLAUDE_CODE, MAX_NAME
from packaging_targets.formats.aam.artifacts.reading.package_root import brought_by, is_at, relocated
from packaging_targets.formats.aam.artifacts.values import Agent, Command, Hooks, Rule, Servers, Skill
from packaging_targets.formats.aam.artifacts.yaml_text import misread
from packaging_targets.formats.aam.bundle.output import Output
from packaging_targets.formats.aam.bundle.source import Source
from packaging_targets.formats.aam.manifest import MANIFEST

FILES = "aam"
"""The folder, below that of a platform, where files of packages lie that no artifact holds itself."""

_NEVER = ("tests/", "evals/")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}")


class Platform(ABC):
    """One package on its way to a platform: `target` and `title` are the platform's names, `root` is its folder.

    `key` is what rules call it in their `agents`; `writes` are patterns of all paths that it may write.
    """

    target: ClassVar[str]
    title: ClassVar[str]
    key: ClassVar[str]
    root: ClassVar[str]
    skills: ClassVar[str]
    hooks_file: ClassVar[str] = ""
    writes: ClassVar[tuple[str, ...]]
    overrides: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, source: Source, output: Output, all_sources: Sequence[Source]) -> None:
        self.source = source
        self.output = output
        self.all_sources = all_sources

    def deploy(self) -> None:
        """Put all that the package gives to agents where the platform looks for it."""
        found = self.source.artifacts
        if found.instructions.strip():
            self.instructions(found.instructions)
        for skill in found.skills:
            self.skill(skill)
        for command in found.commands:
            self.command(command)
        for agent in found.agents:
            self.agent(agent)
        for rule in found.rules:
            self._rule(rule)
        if found.hooks:
            self.hooks(found.hooks)
        if found.servers:
            self.servers(found.servers)
        if self.source.package.manifest.value.get("permissions"):
            self.lose(MANIFEST, f"{self.title} does not hold a package to its `permissions`")

    @abstractmethod
    def instructions(self, text: str) -> None:
        """Deploy what AGENTS.md says."""

    @abstractmethod
    def command(self, command: Command) -> None:
        """Deploy a command."""

    @abstractmethod
    def agent(self, agent: Agent) -> None:
        """Deploy an agent."""

    @abstractmethod
    def rule(self, rule: Rule) -> None:
        """Deploy a rule."""

    @abstractmethod
    def hooks(self, hooks: Hooks) -> None:
        """Deploy hooks."""

    @abstractmethod
    def servers(self, servers: Servers) -> None:
        """Deploy MCP servers."""

    def shared_instructions(self, path: str, text: str, *, head: str = "") -> None:
        """Put what AGENTS.md says into a file of instructions that several packages share."""
        where = self.source.where(INSTRUCTIONS)
        self.output.section(path, f"package:{self.source.name}", self.located(text), where, head=head)
        self.output.artifact("rule", INSTRUCTIONS, path)

    def skill(self, skill: Skill) -> None:
        """Deploy a skill: its whole folder, without its tests."""
        place = self.named_folder(skill.name, "", skill.path)
        if place is None:
            return
        self.output.artifact("skill", skill.name, place)
        for path in skill.files:
            inside = path.removeprefix(skill.folder)
            if not inside.startswith(_NEVER):
                file = self.source.package.files[path]
                data = self._skill_text(skill) if path == skill.path else file.data
                self.output.write(place + inside, data, executable=file.executable)

    def named_folder(self, name: str, prefix: str, path: str) -> str | None:
        """Return the folder of a skill that is made of what `path` describes, or None where it cannot be."""
        deployed = f"{prefix}{self.source.deployed(name)}"
        place = f"{self.skills}{deployed}/"
        if len(deployed) > MAX_NAME:
            fix = "choose a shorter name"
            length = f"{len(deployed)} characters, and {MAX_NAME} is the most"
            what = f"becomes the skill `{deployed}` in {self.title}, of {length}"
            self.output.errors.append(self.problem(path, what, fix))
            return None
        return place if self.output.claim(place, self.source, path) else None

    def _skill_text(self, skill: Skill) -> bytes:
        """Return SKILL.md: as it is, unless its name, what it says to other platforms, or a quote has to change."""
        changes: dict[str, Any] = {field: skill.fields[field] for field in misread(skill.front)}
        if self.source.scoped_dirs != "seed" and (name := self.source.deployed(skill.name)) != skill.name:
            changes["name"] = name
        if isinstance(about := skill.fields.get("compatibility"), dict):
            changes["compatibility"] = _as_text(about)
        for field in skill.fields if self.target != "claude-code" else ():
            if field in CLAUDE_CODE:
                changes[field] = None
                self.lose(skill.path, f"`{field}` is left out: only Claude Code knows it")
        body = self.located(skill.body)
        if not changes and body == skill.body:
            return self.source.package.files[skill.path].data
        return f"---\n{edited(skill.front, changes)}---\n{body}".encode()

    def _rule(self, rule: Rule) -> None:
        wishes = self.wishes(rule)
        for unknown in sorted(wishes.keys() - self.overrides - {"enabled"}):
            self.lose(rule.path, f"`agents.{self.key}.{unknown}` is nothing that {self.title} has")
        if wishes.get("enabled") is not False:
            self.rule(rule)

    def wishes(self, rule: Rule) -> Mapping[str, Any]:
        """Return what a rule says to this platform alone."""
        return rule.platforms.get(self.key, {})

    def lose(self, path: str, what: str, fix: str = "") -> None:
        """Say what of a file of the package the platform cannot have."""
        self.output.lose(self.source.where(path), what, fix)

    def lose_fields(self, path: str, fields: Mapping[str, Any], *names: str) -> None:
        """Say which of these fields the platform has nothing for."""
        for name in names:
            if fields.get(name):
                self.lose(path, f"`{name}` is left out: {self.title} has nothing like it")

    def problem(self, path: str, what: str, fix: str = "") -> Problem:
        """Return an error about a file of the package."""
        return Problem(self.source.where(path), what, fix)

    def located(self, text: str, start: str = "") -> str:
        """Return a text with `${PACKAGE_ROOT}` paths as they are in the project; the files come along."""
        return relocated(text, self.source.package.files, lambda path: start + self.bring(path))

    def bring(self, path: str) -> str:
        """Bring along what a path below the package's root needs; return where it is in the project.

        Tests, and what becomes something else here, come only where the path names them.
        """
        for skill in self.source.artifacts.skills:
            inside = path.removeprefix(skill.folder)
            if inside != path and not inside.startswith(_NEVER):
                return f"{self.skills}{self.source.deployed(skill.name)}/{inside}"
        folder = f"{self.root}/{FILES}/{self.source.name.folder}"
        found = self.source.artifacts
        described = {MANIFEST, found.hooks.path if found.hooks else "", found.servers.path if found.servers else ""}
        for file in brought_by(path, self.source.package.files):
            if is_at(file, path) or (file not in described and not any(f"/{part}" in f"/{file}" for part in _NEVER)):
                held = self.source.package.files[file]
                self.output.write(f"{folder}/{file}", held.data, executable=held.executable)
        return f"{folder}/{path}" if path else folder


def with_variables(body: str, variables: tuple[Mapping[str, Any], ...], mark: Callable[[str], str]) -> str:
    """Return a command's text with `mark(name)` for its variables."""
    known = {one["name"] for one in variables}
    return _VARIABLE.sub(lambda found: mark(found[1]) if found[1] in known else found[0], body)


def guidance(variables: tuple[Mapping[str, Any], ...], mark: Callable[[str], str]) -> str:
    """Return lines that say what to fill in for the variables of a command; empty where it has none."""
    lines = [f"- `{mark(one['name'])}`{about(one)}" for one in variables]
    return "\n".join(("Fill in:", "", *lines, "")) + "\n" if lines else ""


def about(variable: Mapping[str, Any]) -> str:
    """Return what there is to say of a variable, to stand behind its name."""
    choices = ", ".join(map(str, variable.get("enum") or ()))
    parts = (
        "required" if variable.get("required") else "",
        f"one of {choices}" if choices else "",
        f"default {variable['default']}" if variable.get("default") is not None else "",
    )
    known = "; ".join(part for part in parts if part)
    text = " ".join(str(variable.get("description") or "").split())
    return (f" ({known})" if known else "") + (f": {text}" if text else "")


def title_case(name: str) -> str:
    """Return a name for people: `python-standards` is `Python Standards`."""
    return " ".join(part.capitalize() for part in name.split("-"))


def _as_text(compatibility: Mapping[str, Any]) -> str:
    """Return what a skill needs as the text that the Agent Skills standard wants."""
    parts = []
    for name, value in compatibility.items():
        parts.append(f"{name}: {value if isinstance(value, str) else ', '.join(value)}")
    return "; ".join(parts)[:500]
