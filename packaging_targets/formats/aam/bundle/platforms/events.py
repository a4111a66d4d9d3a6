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
_TOOLS = frozenset({"pre-tool-use", "post-tool-use"})  # events at which a matcher looks at the name of a tool
_ALL = frozenset({"", "*", ".*"})
_FILE = re.compile(r"\$\{file\}")


def native(
    platform: Platform,
    hooks: Hooks,
    events: Mapping[str, str],
    prompts: frozenset[str],
    tools: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, Hook, str]]:
    """Yield the hooks that a platform can have, with its own names of events, and matchers; the others are told.

    `events` are the platform's names, `prompts` the events at which it lets a model answer, `tools` its names of tools.
    Without these, matchers stay as they are: they are written with Claude Code's names, `Write|Edit`.
    """
    for hook in hooks.hooks:
        matcher = hook.matcher if tools is None else _matcher(hook, tools)
        if hook.event not in events:
            _lose(platform, hooks, hook, "has no such event")
        elif hook.kind == "prompt" and hook.event not in prompts:
            _lose(platform, hooks, hook, "asks no model at this event")
        elif matcher is None:
            _lose(platform, hooks, hook, f"cannot say `{hook.matcher}` at this event")
        else:
            if _FILE.search(hook.text):
                what = f"`${{file}}` in the hook at `{hook.event}` stays as it is: {platform.title} does not set it"
                platform.lose(hooks.path, what, "read the path from the JSON on standard input")
            platform.output.artifact("hook", hook.event, platform.hooks_file)
            yield events[hook.event], hook, matcher


def _matcher(hook: Hook, tools: Mapping[str, str]) -> str | None:
    """Return a matcher in a platform's names of tools, empty for all, or None where it cannot be said."""
    if hook.matcher in _ALL:
        return ""
    names = hook.matcher.split("|")
    if hook.event not in _TOOLS or not tools.keys() >= set(names):
        return None
    return "|".join(dict.fromkeys(tools[name] for name in names))


def _lose(platform: Platform, hooks: Hooks, hook: Hook, reason: str) -> None:
    platform.lose(hooks.path, f"the hook at `{hook.event}` is left out: {platform.title} {reason}")
