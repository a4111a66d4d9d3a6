"""Cursor: skills, commands and rules in `.cursor/`; an agent is a rule that always applies."""

from __future__ import annotations

from typing import Any

from packaging_targets.formats.aam.artifacts.values import Agent, Command, Hooks, Rule, Servers
from packaging_targets.formats.aam.artifacts.yaml_writer import write_front_matter
from packaging_targets.formats.aam.bundle.platforms import events
from packaging_targets.formats.aam.bundle.platforms.globs import joined
from packaging_targets.formats.aam.bundle.platforms.platform import FILES, Platform, guidance
from packaging_targets.formats.aam.bundle.platforms.servers import put_servers

_TOOLS = {
    "Bash": "Shell",
    "Read": "Read",
    "Edit": "Write",
    "Write": "Write",
    "Grep": "Grep",
    "Task": "Task",
    "WebFetch": "WebFetch",
    "WebSearch": "WebSearch",
}


class Cursor(Platform):
    """A package on its way to Cursor."""

    target = "cursor"
    title = "Cursor"
    key = "cursor"
    root = ".cursor"
    skills = ".cursor/skills/"
    hooks_file = ".cursor/hooks.json"
    writes = (
        ".cursor/skills/**",
        ".cursor/commands/*.md",
        ".cursor/rules/*.mdc",
        f".cursor/{FILES}/**",
        ".cursor/hooks.json",
        ".cursor/mcp.json",
        "AGENTS.md",
    )
    overrides = frozenset({"alwaysApply", "priority"})

    def instructions(self, text: str) -> None:
        """Keep AGENTS.md, which Cursor reads."""
        self.shared_instructions("AGENTS.md", text)

    def command(self, command: Command) -> None:
        """Write a prompt; Cursor fills nothing in, so that what is to be filled in stands before it."""
        path = f".cursor/commands/{self.source.deployed(command.name)}.md"
        if not self.output.claim(path, self.source, command.path):
            return
        fields = {"description": command.description} if command.description else {}
        body = guidance(command.variables, "{{{{{0}}}}}".format) + self.located(command.body).lstrip("\n")
        self.output.text(path, write_front_matter(fields, body) if fields else f"{body.strip()}\n")
        self.output.artifact("command", command.name, path)
        self.lose_fields(command.path, command.fields, "allowed-tools", "argument-hint", "model")

    def agent(self, agent: Agent) -> None:
        """Write a rule that always applies, as UAAPS has it."""
        path = f".cursor/rules/agent-{self.source.deployed(agent.name)}.mdc"
        if self.output.claim(path, self.source, agent.path):
            fields = {"description": agent.description, "alwaysApply": True}
            self.output.text(path, write_front_matter(fields, self.located(agent.body)))
            self.output.artifact("agent", agent.name, path)
            self.lose_fields(agent.path, agent.fields, "skills", "commands", "tools", "parameters", "capabilities")

    def rule(self, rule: Rule) -> None:
        """Write a rule: what its mode is follows from which fields it has."""
        path = f".cursor/rules/{self.source.deployed(rule.name)}.mdc"
        if not self.output.claim(path, self.source, rule.path):
            return
        wishes = self.wishes(rule)
        always = wishes.get("alwaysApply", rule.mode == "always")
        fields: dict[str, Any] = {}
        if rule.mode != "manual" or always:
            fields["description"] = rule.description
        if rule.mode == "files" and not always:
            fields["globs"] = joined(self, rule)
        fields["alwaysApply"] = always
        if "priority" in wishes:
            fields["priority"] = wishes["priority"]
        body = self.located(rule.body).lstrip("\n")
        self.output.text(path, write_front_matter(fields, self._refs(rule) + body))
        self.output.artifact("rule", rule.name, path)

    def _refs(self, rule: Rule) -> str:
        """Return the lines that attach other rules and files to a rule."""
        rules = {one.name for one in self.source.artifacts.rules}
        lines = []
        for ref in rule.refs:
            path = ref.removeprefix("./")
            if ref in rules:
                lines.append(f"# @file .cursor/rules/{self.source.deployed(ref)}.mdc\n")
            elif path in self.source.package.files:
                lines.append(f"# @file {self.bring(path)}\n")
            else:
                lines.append(f"# @file {ref}\n")
        return "".join((*lines, "\n")) if lines else ""

    def hooks(self, hooks: Hooks) -> None:
        """Add to the project's hooks."""
        for event, hook, matcher in events.native(self, hooks, events.CURSOR, frozenset(events.CURSOR), _TOOLS):
            names = set(hook.matcher.split("|"))
            if len(names & {"Edit", "Write"}) == 1:
                what = f"the hook at `{hook.event}` runs at `Edit` and at `Write`: Cursor knows no difference"
                self.lose(hooks.path, what)
            entry: dict[str, Any] = {"type": hook.kind, hook.kind: self.located(hook.text)}
            entry |= {"timeout": hook.timeout} if hook.timeout is not None else {}
            entry |= {"matcher": matcher} if matcher else {}
            document = self.output.document(self.hooks_file, version=1, hooks={})
            document["hooks"].setdefault(event, []).append(entry)

    def servers(self, servers: Servers) -> None:
        """Add to the project's MCP servers."""
        put_servers(self, servers, ".cursor/mcp.json", "mcpServers", "${{env:{0}}}".format, "${workspaceFolder}/")
