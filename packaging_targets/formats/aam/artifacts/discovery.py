"""Finds what a package gives to agents, and all that is wrong with it.

| kind | where |
|---|---|
| skill | `skills/<name>/SKILL.md`, and all files of its folder |
| command | `commands/<name>.md` |
| agent | `agents/<name>/agent.yaml` and `system-prompt.md`, or the older `agents/<name>.md` |
| rule | `rules/<name>/RULE.md`, or `.aam/rules/<name>.rule.md` |
| hooks, servers | `hooks/hooks.json`, `mcp/servers.json` |
| instructions | `AGENTS.md` |

A manifest may name other folders and files, and in `artifacts` list what is taken of a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from packaging_targets.formats.aam.artifacts.front_matter import as_document
from packaging_targets.formats.aam.artifacts.reading.described import (
    AGENT_FILE,
    RULE_FILE,
    RULE_SUFFIX,
    SKILL_FILE,
    Reading,
)
from packaging_targets.formats.aam.artifacts.reading.fields import Found, twins
from packaging_targets.formats.aam.artifacts.reading.json_files import JsonFile
from packaging_targets.formats.aam.artifacts.values import Agent, Artifacts, Command, Rule, Skill
from packaging_targets.formats.aam.manifest import MANIFEST

if TYPE_CHECKING:
    from packaging_targets.formats.aam.manifest import AgentManifest

INSTRUCTIONS = "AGENTS.md"
_UARS = ".aam/rules/"

Named = TypeVar("Named", Skill, Command, Agent, Rule)


def find_artifacts(manifest: AgentManifest, files: Mapping[str, bytes], folder: str = "") -> Artifacts:
    """Return what the files of a package give to agents, with errors and warnings that name file and line.

    `files` are the packed files by path; only those that describe an artifact are read. `folder` is what the
    package's folder is called in messages. Raises RequestError where YAML has to be read and PyYAML is missing.
    """
    return _Search(manifest.value, Reading(files, folder, Found())).artifacts()


class _Search:
    """One search of a package."""

    def __init__(self, manifest: Mapping[str, Any], reading: Reading) -> None:
        self._manifest = manifest
        self._reading = reading
        self._files = reading.files
        self._found = reading.found

    def artifacts(self) -> Artifacts:
        skills = self._read("skills", self._skill_paths, self._reading.skill)
        commands = self._read("commands", self._command_paths, self._reading.command)
        agents = self._read("agents", self._agent_paths, self._reading.agent)
        rules = self._all_of("rule", map(self._reading.rule, self._rule_paths()))
        hooks, servers = self._json_file("hooks", "hooks/hooks.json"), self._json_file("mcp", "mcp/servers.json")
        for agent in agents:
            self._check_agent(agent, {one.name for one in skills}, {one.name for one in commands})
        for rule in rules:
            self._check_refs(rule, {one.name for one in rules})
        return Artifacts(
            skills,
            commands,
            agents,
            rules,
            hooks.hooks() if hooks else None,
            servers.servers() if servers else None,
            self._instructions(),
            tuple(dict.fromkeys(self._found.errors)),
            tuple(dict.fromkeys(self._found.warnings)),
        )

    def _read(
        self, kind: str, find: Callable[[str], Iterable[str]], read: Callable[[str], Named | None]
    ) -> tuple[Named, ...]:
        """Return the artifacts of a kind: those that the manifest lists, else those that are found."""
        found = sorted(find(self._folder(kind)))
        listed = self._manifest.get("artifacts", {}).get(kind)
        if listed is not None:
            named = {self._listed(kind, one["path"]): one["name"] for one in listed}
            for path in found:
                if path not in named:
                    what = f"`{path}` is not in the manifest's `artifacts.{kind}`, and so left out"
                    self._found.warning(self._reading.where(path), what)
            found = [path for path in sorted(named) if self._is_there(path, kind)]
        made = self._all_of(kind.removesuffix("s"), map(read, found))
        for one in made if listed is not None else ():
            if named[one.path] != one.name:
                what = (
                    f"the manifest's `artifacts.{kind}` calls `{one.path}` `{named[one.path]}`, but it is `{one.name}`"
                )
                self._found.error(self._reading.where(MANIFEST), what)
        return made

    def _all_of(self, kind: str, made: Iterable[Named | None]) -> tuple[Named, ...]:
        found = tuple(one for one in made if one is not None)
        twins(((one.name, self._reading.where(one.path)) for one in found), kind, self._found)
        return tuple(sorted(found, key=lambda one: one.name))

    def _listed(self, kind: str, path: str) -> str:
        """Return the file that describes a listed artifact, which the manifest names by file or folder."""
        plain = path.removeprefix("./").rstrip("/")
        if kind == "commands" or plain in self._files:
            return plain
        return f"{plain}/{SKILL_FILE if kind == 'skills' else AGENT_FILE}"

    def _is_there(self, path: str, kind: str) -> bool:
        if path not in self._files:
            what = f"`artifacts.{kind}` names `{path}`, which is not among the package's files"
            self._found.error(self._reading.where(MANIFEST), what)
        return path in self._files

    def _folder(self, kind: str) -> str:
        """Return the folder of a kind, with a `/` at its end: the manifest may name another."""
        named = self._manifest.get(kind)
        parts = named.split("/") if isinstance(named, str) else [kind]
        return "".join(f"{part}/" for part in parts if part not in {"", "."})

    def _skill_paths(self, folder: str) -> Iterator[str]:
        for name in self._folders_in(folder):
            path = f"{folder}{name}/{SKILL_FILE}"
            if path in self._files:
                yield path
            else:
                self._found.warning(self._reading.where(folder + name), f"has no `{SKILL_FILE}`, and so is no skill")

    def _command_paths(self, folder: str) -> Iterator[str]:
        for path in self._files:
            name = path.removeprefix(folder)
            if path.startswith(folder) and "/" not in name and name.endswith(".md") and name != "README.md":
                yield path

    def _agent_paths(self, folder: str) -> Iterator[str]:
        yield from self._command_paths(folder)
        for name in self._folders_in(folder):
            path = f"{folder}{name}/{AGENT_FILE}"
            if path in self._files:
                yield path
            else:
                self._found.warning(self._reading.where(folder + name), f"has no `{AGENT_FILE}`, and so is no agent")

    def _rule_paths(self) -> Iterator[str]:
        folder = self._folder("rules")
        for path in sorted(self._files):
            parts = path.removeprefix(folder).split("/")
            is_folder = path.startswith(folder) and parts[1:] == [RULE_FILE]
            if is_folder or (path.startswith(_UARS) and path.endswith(RULE_SUFFIX)):
                yield path

    def _folders_in(self, folder: str) -> list[str]:
        inside = (path.removeprefix(folder) for path in self._files if path.startswith(folder))
        return sorted({path.partition("/")[0] for path in inside if "/" in path})

    def _json_file(self, member: str, usual: str) -> JsonFile | None:
        named = self._manifest.get(member)
        path = named.removeprefix("./") if isinstance(named, str) else usual
        if path in self._files:
            return JsonFile(path, self._reading.where(path), self._files, self._found)
        if isinstance(named, str):
            what = f"`{member}` names `{path}`, which is not among the package's files"
            self._found.error(self._reading.where(MANIFEST), what)
        return None

    def _instructions(self) -> str:
        if INSTRUCTIONS not in self._files:
            return ""
        where = self._reading.where(INSTRUCTIONS)
        document = self._found.attempt(lambda: as_document(self._files[INSTRUCTIONS], where))
        return document.body if document else ""

    def _check_agent(self, agent: Agent, skills: set[str], commands: set[str]) -> None:
        """What an agent uses may come from a dependency; where there is none, it has to be in the package."""
        depends = any(self._manifest.get(one) for one in ("dependencies", "optionalDependencies", "peerDependencies"))
        for field, known in (("skills", skills), ("commands", commands)):
            for name in agent.texts(field):
                if name.rpartition(":")[2] not in known and not depends:
                    what = f"the agent `{agent.name}` uses the {field.removesuffix('s')} `{name}`, which there is not"
                    self._found.error(self._reading.where(agent.path), what)

    def _check_refs(self, rule: Rule, rules: set[str]) -> None:
        for ref in rule.refs:
            if ref not in rules and ref.removeprefix("./") not in self._files:
                what = f"the rule `{rule.name}` refers to `{ref}`, which is neither a rule nor a file of the package"
                self._found.warning(self._reading.where(rule.path), what)
