"""MCP servers, in the JSON file of a platform."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from packaging_targets.formats.aam.artifacts.values import Servers
from packaging_targets.formats.aam.bundle.platforms.platform import Platform

_VARIABLE = re.compile(r"\$\{(?!PACKAGE_ROOT\})([A-Za-z_][A-Za-z0-9_]*)\}")
_DEFAULT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*:-[^}]*\}")


def put_servers(
    platform: Platform, servers: Servers, path: str, member: str, variable: Callable[[str], str], start: str
) -> None:
    """Add servers to `member` of the file `path`; `variable` writes one of the environment.

    `start` stands before paths in the project. A server that two packages bring alike is there once. What stands for a
    variable that is not set, as in `${VAR:-x}`, is Claude Code's alone.
    """
    there = platform.output.document(path, **{member: {}})[member]
    for name, server in servers.servers.items():
        deployed = platform.source.deployed(name)
        value = _translated(platform, server, variable, start)
        for found in sorted(set(_DEFAULT.findall(json.dumps(value)))) if platform.target != "claude-code" else ():
            what = f"`{found}` of the server `{name}` stays as it is: {platform.title} knows no defaults of variables"
            platform.lose(servers.path, what)
        if "type" not in value and member == "servers":
            value = {"type": "stdio", **value}
        if deployed in there and json.dumps(there[deployed]) == json.dumps(value):
            continue
        if platform.output.claim(f"{path}#{deployed}", platform.source, servers.path):
            there[deployed] = value
            platform.output.artifact("mcp", name, path)


def _translated(platform: Platform, value: Any, variable: Callable[[str], str], start: str) -> Any:
    if isinstance(value, dict):
        return {key: _translated(platform, one, variable, start) for key, one in value.items()}
    if isinstance(value, list):
        return [_translated(platform, one, variable, start) for one in value]
    if not isinstance(value, str):
        return value
    text = _VARIABLE.sub(lambda found: variable(found[1]), value)
    return platform.located(f'"{text}"', start)[1:-1]  # all of a text may be one path
