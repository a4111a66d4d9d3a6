"""Hooks of three platforms: what each calls an event, and how it writes a hook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from packaging_targets.formats.aam.artifacts.values import Hook, Hooks
from packaging_targets.formats.aam.bundle.platforms.platform import Platform

CLAUDE_CODE = {
    "pre-tool-use": "PreToolUse",
    "permission-request": "PermissionRequest",
    "post-tool-use": "PostToolUse",
    "pre-prompt": "UserPromptSubmit",
    "session-start": "SessionStart",
    "session-end": "SessionEnd",
    "stop": "Stop",
    "sub-agent-end": "SubagentStop",
    "pre-compact": "PreCompact",
    "notification": "Notification",
}
COPILOT = {
    "pre-tool-use": "preToolUse",
    "post-tool-use": "postToolUse",
    "pre-prompt": "userPromptSubmitted",
    "session-start": "sessionStart",
    "session-end": "sessionEnd",
    "stop": "agentStop",
}
CURSOR = {
    "pre-tool-use": "preToolUse",
    "post-tool-use": "postToolUse",
    "pre-prompt": "beforeSubmitPrompt",
    "session-start": "sessionStart",
    "session-end": "sessionEnd",
    "stop": "stop",
    "sub-agent-end": "subagentStop",
    "pre-compact": "preCompact",
}
TOOLS = frozenset({"pre-tool-use", "permission-request", "post-tool-use"})
"""Events at which a matcher looks at the name of a tool."""

_ALL = frozenset({"", "*", ".*"})
_FILE = re.compile(r"\$\{file\}")


def native(
    platform: Platform, hooks: Hooks, events: Mapping[str, str], prompts: frozenset[str]
) -> Iterator[tuple[str, Hook]]:
    """Yield the hooks that a platform can have, with its own names of events; the others are told.

    `events` are the platform's names, `prompts` the events at which it lets a model answer.
    """
    for hook in hooks.hooks:
        if hook.event not in events:
            _lose(platform, hooks, hook, "has no such event")
        elif hook.kind == "prompt" and hook.event not in prompts:
            _lose(platform, hooks, hook, "asks no model at this event")
        else:
            if _FILE.search(hook.text):
                what = f"`${{file}}` in the hook at `{hook.event}` stays as it is: {platform.title} does not set it"
                platform.lose(hooks.path, what, "read the path from the JSON on standard input")
            platform.output.artifact("hook", hook.event, platform.hooks_file)
            yield events[hook.event], hook


def matched(platform: Platform, hooks: Hooks, hook: Hook, tools: Mapping[str, str]) -> str | None:
    """Return a matcher in the platform's names of tools, empty for all, or None where it cannot be said: that is told.

    Matchers are written with Claude Code's names of tools, `Write|Edit`.
    """
    if hook.matcher in _ALL:
        return ""
    if hook.event not in TOOLS:
        _lose(platform, hooks, hook, f"has no matchers at this event, and `{hook.matcher}` would be lost")
        return None
    names = hook.matcher.split("|")
    if not tools.keys() >= set(names):
        _lose(platform, hooks, hook, f"has no tools that `{hook.matcher}` says")
        return None
    return "|".join(dict.fromkeys(tools[name] for name in names))


def _lose(platform: Platform, hooks: Hooks, hook: Hook, reason: str) -> None:
    platform.lose(hooks.path, f"the hook at `{hook.event}` is left out: {platform.title} {reason}")
