"""GitHub Copilot, in VS Code and on GitHub: skills, prompts, agents, instructions and hooks in `.github/`."""

from __future__ import annotations

from typing import Any

from packaging_targets.formats.aam.artifacts.values import Agent, Command, Hooks, Rule, Servers
from packaging_targets.formats.aam.artifacts.yaml_writer import write_front_matter
from packaging_targets.formats.aam.bundle.platforms import events
from packaging_targets.formats.aam.bundle.platforms.globs import joined
from packaging_targets.formats.aam.bundle.platforms.platform import FILES, Platform, about, title_case, with_variables
from packaging_targets.formats.aam.bundle.platforms.servers import put_servers

_TOOLS = {"file_read": "read", "file_write": "edit", "shell": "execute"}
_MATCHED = {
    "Bash": "bash",
    "Read": "view",
    "Edit": "edit",
    "Write": "create",
    "Grep": "grep",
    "Glob": "glob",
    "Task": "task",
    "WebFetch": "web_fetch",
}
_TITLES = str.maketrans({"{": "(", "}": ")", "`": "'"})


class Copilot(Platform):
    """A package on its way to GitHub Copilot."""

    target = "copilot"
    title = "Copilot"
    key = "copilot"
    root = ".github"
    skills = ".github/skills/"
    writes = (
        ".github/skills/**",
        ".github/prompts/*.prompt.md",
        ".github/agents/*.agent.md",
        ".github/instructions/*.instructions.md",
        ".github/hooks/*.json",
        f".github/{FILES}/**",
        ".vscode/mcp.json",
        "AGENTS.md",
    )

    @property
    def hooks_file(self) -> str:  # type: ignore[override]  # a file a package
        """Where the hooks of this package go."""
        return f".github/hooks/{self.source.name.folder}.json"

    def instructions(self, text: str) -> None:
        """Keep AGENTS.md, which Copilot's agents read."""
        self.shared_instructions("AGENTS.md", text)

    def command(self, command: Command) -> None:
        """Write a prompt file; it asks for its variables."""
        path = f".github/prompts/{self.source.deployed(command.name)}.prompt.md"
        if not self.output.claim(path, self.source, command.path):
            return
        hints = {one["name"]: about(one).removeprefix(":").strip().translate(_TITLES) for one in command.variables}

        def ask(name: str) -> str:
            return f"${{input:{name}:{hints[name]}}}" if hints[name] else f"${{input:{name}}}"

        fields = {
            name: command.fields[name] for name in ("description", "argument-hint", "model") if name in command.fields
        }
        body = with_variables(self.located(command.body), command.variables, ask)
        self.output.text(path, write_front_matter(fields, body) if fields else f"{body.strip()}\n")
        self.output.artifact("command", command.name, path)
        self.lose_fields(command.path, command.fields, "allowed-tools")

    def agent(self, agent: Agent) -> None:
        """Write a custom agent."""
        path = f".github/agents/{self.source.deployed(agent.name)}.agent.md"
        if not self.output.claim(path, self.source, agent.path):
            return
        fields: dict[str, Any] = {"name": self.source.deployed(agent.name), "description": agent.description}
        if tools := agent.texts("tools"):
            fields["tools"] = [_TOOLS.get(tool, tool) for tool in tools]
        self.output.text(path, write_front_matter(fields, self.located(agent.body)))
        self.output.artifact("agent", agent.name, path)
        self.lose_fields(agent.path, agent.fields, "skills", "commands", "parameters", "capabilities")

    def rule(self, rule: Rule) -> None:
        """Write instructions; those of no files have to be attached by a person."""
        path = f".github/instructions/{self.source.deployed(rule.name)}.instructions.md"
        if not self.output.claim(path, self.source, rule.path):
            return
        fields: dict[str, Any] = {"name": title_case(rule.name), "description": rule.description}
        if rule.mode == "always":
            fields["applyTo"] = "**"
        elif rule.mode == "files":
            fields["applyTo"] = joined(self, rule)
        elif rule.mode == "intelligent":
            self.lose(rule.path, "the mode `intelligent` works in VS Code alone: GitHub.com never applies the rule")
        self.output.text(path, write_front_matter(fields, self.located(rule.body)))
        self.output.artifact("rule", rule.name, path)
        self.lose_fields(rule.path, {"refs": rule.refs}, "refs")

    def hooks(self, hooks: Hooks) -> None:
        """Write the package's hooks."""
        for event, hook, matcher in events.native(self, hooks, events.COPILOT, frozenset(), _MATCHED):
            entry: dict[str, Any] = {"type": "command", "bash": self.located(hook.text), "cwd": "."}
            entry |= {"timeoutSec": hook.timeout} if hook.timeout is not None else {}
            entry |= {"matcher": matcher} if matcher else {}
            document = self.output.document(self.hooks_file, version=1, hooks={})
            document["hooks"].setdefault(event, []).append(entry)

    def servers(self, servers: Servers) -> None:
        """Add to the servers of VS Code, with the questions that it asks for them."""
        put_servers(self, servers, ".vscode/mcp.json", "servers", "${{env:{0}}}".format, "${workspaceFolder}/")
        if servers.inputs:
            document = self.output.document(".vscode/mcp.json")
            inputs = document.setdefault("inputs", [])
            inputs += [one for one in servers.inputs if one not in inputs]
