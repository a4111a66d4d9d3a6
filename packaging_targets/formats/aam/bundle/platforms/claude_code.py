"""Claude Code: skills, commands, agents and rules in `.claude/`; what always applies stands in CLAUDE.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packaging_targets.formats.aam.artifacts.values import Agent, Command, Hooks, Rule, Servers
from packaging_targets.formats.aam.artifacts.yaml_writer import write_front_matter
from packaging_targets.formats.aam.bundle.platforms import events
from packaging_targets.formats.aam.bundle.platforms.platform import FILES, Platform, guidance, with_variables
from packaging_targets.formats.aam.bundle.platforms.servers import put_servers

_TOOLS = {"file_read": "Read", "file_write": "Write, Edit", "shell": "Bash"}
_PROMPTS = frozenset({"pre-tool-use", "permission-request", "post-tool-use", "pre-prompt", "stop", "sub-agent-end"})
_ROOT = "${PACKAGE_ROOT}"
_WORD = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^'"\\]+|.""", re.DOTALL)
_BARE = '"$CLAUDE_PROJECT_DIR"'
_IN_SHELL = {'"': "$CLAUDE_PROJECT_DIR", "'": f"'{_BARE}'"}  # what is quoted, by its quote
_NO_ARGUMENT = re.compile(r"[^A-Za-z0-9_]")


class ClaudeCode(Platform):
    """A package on its way to Claude Code."""

    target = "claude-code"
    title = "Claude Code"
    key = "claude"
    root = ".claude"
    skills = ".claude/skills/"
    hooks_file = ".claude/settings.json"
    writes = (
        ".claude/skills/**",
        ".claude/commands/*.md",
        ".claude/agents/*.md",
        ".claude/rules/*.md",
        f".claude/{FILES}/**",
        ".claude/settings.json",
        ".mcp.json",
        "CLAUDE.md",
    )

    def instructions(self, text: str) -> None:
        """Put AGENTS.md into CLAUDE.md, which Claude Code reads."""
        self.shared_instructions("CLAUDE.md", text)

    def command(self, command: Command) -> None:
        """Write a command; its variables are arguments, which stand in it as `$name`."""
        path = f".claude/commands/{self.source.deployed(command.name)}.md"
        if not self.output.claim(path, self.source, command.path):
            return
        variables = command.variables
        arguments = _arguments(command)
        names = ("description", "argument-hint", "allowed-tools", "model")
        fields = {name: command.fields[name] for name in names if command.fields.get(name)}
        if variables:
            hints = (f"<{one['name']}>" if one.get("required") else f"[{one['name']}]" for one in variables)
            fields.setdefault("argument-hint", " ".join(hints))
            fields["arguments"] = [name for name, _ in arguments.values()]
        body = with_variables(self.located(command.body), variables, lambda name: arguments[name][1]).lstrip("\n")
        whole = guidance(variables, lambda name: arguments[name][1]) + body
        self.output.text(path, write_front_matter(fields, whole) if fields else f"{whole.strip()}\n")
        self.output.artifact("command", command.name, path)

    def agent(self, agent: Agent) -> None:
        """Write a subagent."""
        path = f".claude/agents/{self.source.deployed(agent.name)}.md"
        if not self.output.claim(path, self.source, agent.path):
            return
        fields: dict[str, Any] = {"name": self.source.deployed(agent.name), "description": agent.description}
        if tools := agent.texts("tools"):
            fields["tools"] = ", ".join(_TOOLS.get(tool, tool) for tool in tools)
        if skills := agent.texts("skills"):
            fields["skills"] = [self._skill_name(name, agent) for name in skills]
        self.output.text(path, write_front_matter(fields, self.located(agent.body)))
        self.output.artifact("agent", agent.name, path)
        self.lose_fields(agent.path, agent.fields, "commands", "parameters", "capabilities")

    def _skill_name(self, reference: str, agent: Agent) -> str:
        """Return what a skill that an agent uses is called where it is deployed.

        It is the package's own, or that of a package of the bundle, which may stand before it as in `@acme/tools:plan`.
        """
        package, _, name = reference.rpartition(":")
        owners = [
            one
            for one in sorted(self.all_sources, key=lambda one: one is not self.source)
            if package in {"", str(one.name)} and any(skill.name == name for skill in one.artifacts.skills)
        ]
        if not owners:
            self.lose(agent.path, f"the skill `{reference}` is in no package of the bundle: the name stays as it is")
            return name
        if len(owners) > 1 and owners[0] is not self.source:
            known = " and ".join(f"`{one.name}`" for one in owners)
            what = f"the skill `{name}` is in {known}: the one in `{owners[0].name}` is taken"
            self.lose(agent.path, what, f"say which is meant, as in `{owners[0].name}:{name}`")
        return owners[0].deployed(name)

    def rule(self, rule: Rule) -> None:
        """Write a rule for some files, or put one that always applies into CLAUDE.md."""
        self.lose_fields(rule.path, {"refs": rule.refs}, "refs")
        name = self.source.deployed(rule.name)
        if rule.mode == "manual":
            self.lose(rule.path, "is left out: Claude Code has no rules that a person calls")
            return
        body = self.located(rule.body)
        path = "CLAUDE.md" if rule.mode == "always" else f".claude/rules/{name}.md"
        if not self.output.claim(f".claude/rules/{name}.md", self.source, rule.path):
            return
        if rule.mode == "always":
            self.output.section(path, f"rule:{name}", body, self.source.where(rule.path))
        elif rule.mode == "files":
            self.output.text(path, write_front_matter({"paths": list(rule.globs)}, body))
        else:
            self.lose(rule.path, "the mode `intelligent` becomes `always`: Claude Code reads all rules without paths")
            self.output.text(path, write_front_matter({"description": rule.description}, body))
        self.output.artifact("rule", rule.name, path)

    def hooks(self, hooks: Hooks) -> None:
        """Add to the project's settings; hooks of one event and matcher stand together."""
        for event, hook, matcher in events.native(self, hooks, events.CLAUDE_CODE, _PROMPTS):
            text = self._in_shell(hook.text) if hook.kind == "command" else self.located(hook.text)
            entry: dict[str, Any] = {"type": hook.kind, hook.kind: text}
            entry |= {"timeout": hook.timeout} if hook.timeout is not None else {}
            document = self.output.document(self.hooks_file, hooks={})
            groups = document["hooks"].setdefault(event, [])
            group = next((one for one in groups if one.get("matcher", "") == matcher), None)
            if group is None:
                groups.append(group := {**({"matcher": matcher} if matcher else {}), "hooks": []})
            group["hooks"].append(entry)

    def _in_shell(self, text: str) -> str:
        """Return a command of the shell with the paths of the package's files below the project's folder."""
        placed = self.located(text, f"{_ROOT}/")
        return _WORD.sub(lambda found: found[0].replace(_ROOT, _IN_SHELL.get(found[0][0], _BARE)), placed)

    def servers(self, servers: Servers) -> None:
        """Add to the project's MCP servers."""
        put_servers(self, servers, ".mcp.json", "mcpServers", "${{{0}}}".format, "${CLAUDE_PROJECT_DIR:-.}/")
        if servers.inputs:
            self.lose(servers.path, "`inputs` are left out: Claude Code asks no questions for servers")


def _arguments(command: Command) -> Mapping[str, tuple[str, str]]:
    """Return what each variable is called as an argument, which has no hyphens, and how it stands in the text.

    The name is one that the text does not have behind a `$` already. Where a text goes on behind a variable as if it
    were its name, the variable stands there by its number.
    """
    found: dict[str, tuple[str, str]] = {}
    names = {"ARGUMENTS"}
    for at, variable in enumerate(command.variables):
        name = _NO_ARGUMENT.sub("_", variable["name"])
        while name in names or f"${name}" in command.body:
            name += "_"
        names.add(name)
        goes_on = re.search(rf"\{{\{{\s*{re.escape(variable['name'])}\s*\}}\}}[\w\[]", command.body)
        found[variable["name"]] = (name, f"$ARGUMENTS[{at}]" if goes_on else f"${name}")
    return found
