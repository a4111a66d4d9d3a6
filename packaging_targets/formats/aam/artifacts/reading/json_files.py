"""`hooks/hooks.json` and `mcp/servers.json`: what runs at events, and which MCP servers there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import near_miss
from packaging_targets.formats.aam.artifacts.reading.fields import Found
from packaging_targets.formats.aam.artifacts.reading.package_root import exists, references
from packaging_targets.formats.aam.artifacts.values import Hook, Hooks, Servers
from packaging_targets.formats.jsonc import JsoncError
from packaging_targets.formats.plain_json import JsonText, parse_json, shown

if TYPE_CHECKING:
    from packaging_targets.formats.plain_json import Path

EVENTS = (
    "pre-tool-use",
    "permission-request",
    "post-tool-use",
    "pre-prompt",
    "session-start",
    "session-end",
    "stop",
    "sub-agent-end",
    "pre-compact",
    "notification",
)
_KINDS = ("command", "prompt")
_SERVER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_REMOTE = ("http", "sse")
_SERVER_FIELDS = {"command": str, "args": list, "env": dict, "type": str, "url": str, "headers": dict}
_YEAR = 31_536_000


class JsonFile:
    """One such file of a package; what is wrong with it is told at its line."""

    def __init__(self, path: str, where: str, files: Mapping[str, bytes], found: Found) -> None:
        self.path = path
        self._where = where
        self._files = files
        self._found = found
        self._text = JsonText({}, "", (0,))

    def hooks(self) -> Hooks | None:
        """Return the hooks of the file, without those that something is wrong with."""
        value = self._member(self._read(), "hooks")
        return None if value is None else Hooks(self.path, tuple(self._events(value)))

    def servers(self) -> Servers | None:
        """Return the servers of the file, without those that something is wrong with."""
        whole = self._read()
        value = self._member(whole, "servers")
        if value is None or whole is None:
            return None
        good = {name: server for name, server in value.items() if self._is_server(name, server)}
        inputs = whole.get("inputs", [])
        if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
            self._wrong(("inputs",), "must be a list of tables")
            inputs = []
        return Servers(self.path, good, tuple(inputs))

    def _read(self) -> Mapping[str, Any] | None:
        try:
            self._text = parse_json(self._files[self.path])
        except JsoncError as error:
            self._found.error(f"{self._where}:{error.line}", f"is no JSON: {error.what}")
            return None
        if not isinstance(self._text.value, dict):
            self._wrong((), "must be a table")
            return None
        return self._text.value

    def _member(self, value: Mapping[str, Any] | None, name: str) -> Mapping[str, Any] | None:
        if value is None:
            return None
        member = value.get(name)
        if not isinstance(member, dict):
            what = "must be a table" if name in value else "is missing, and has to be a table"
            other = next((key for key in value if key != name and near_miss(key, (name,))), "")
            self._wrong((name,), what, f"rename `{other}` to `{name}`" if other else "")
            return None
        return member

    def _events(self, value: Mapping[str, Any]) -> Iterator[Hook]:
        for event, groups in value.items():
            at: Path = ("hooks", event)
            if event not in EVENTS:
                self._found.warning(self._place(at), f"there is no event `{event}`", near_miss(event, EVENTS))
            elif not isinstance(groups, list):
                self._wrong(at, "must be a list")
            else:
                for number, group in enumerate(groups):
                    yield from self._group(event, group, (*at, number))

    def _group(self, event: str, group: Any, at: Path) -> Iterator[Hook]:
        if not isinstance(group, dict) or not isinstance(group.get("hooks"), list):
            self._wrong(at, "must be a table with a list `hooks`")
            return
        matcher = group.get("matcher", "")
        if not isinstance(matcher, str):
            self._wrong((*at, "matcher"), "must be a text")
            return
        for number, hook in enumerate(group["hooks"]):
            if made := self._hook(event, matcher, hook, (*at, "hooks", number)):
                yield made

    def _hook(self, event: str, matcher: str, hook: Any, at: Path) -> Hook | None:
        kind = hook.get("type") if isinstance(hook, dict) else None
        if kind not in _KINDS:
            self._wrong((*at, "type"), "must be `command` or `prompt`")
            return None
        text, timeout = hook.get(kind), hook.get("timeout")
        if not isinstance(text, str) or not text.strip():
            self._wrong((*at, kind), "must be a text that is not empty")
            return None
        is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
        if timeout is not None and not (is_number and 0 < timeout <= _YEAR):
            self._wrong((*at, "timeout"), f"must be a number of seconds, more than 0 and at most {_YEAR:,}")
            return None
        self._has_all(text, (*at, kind))
        return Hook(event, kind, text, matcher, timeout)

    def _is_server(self, name: str, server: Any) -> bool:
        at, before = ("servers", name), len(self._found.errors)
        if not _SERVER.fullmatch(name):
            self._wrong(at, "has a name that is not of lower-case letters, digits and `-`")
        if not isinstance(server, dict):
            self._wrong(at, "must be a table")
            return False
        for field, value in server.items():
            if field not in _SERVER_FIELDS:
                what = f"`{field}` is nothing that UAAPS knows of a server, and passed on as it is"
                self._found.warning(self._place((*at, field)), what, near_miss(field, _SERVER_FIELDS))
            elif not isinstance(value, _SERVER_FIELDS[field]):
                self._wrong((*at, field), f"must be {_WORDS[_SERVER_FIELDS[field]]}")
            elif field in _NEVER_EMPTY and not value.strip():
                self._wrong((*at, field), "must be a text that is not empty")
            if not _is_flat(value):
                self._wrong((*at, field), "may hold texts alone")
        needed = "url" if server.get("type") in _REMOTE else "command"
        if needed not in server:
            self._wrong(at, f"has no `{needed}`")
        self._has_all(json.dumps(server, ensure_ascii=False), at)
        return len(self._found.errors) == before

    def _has_all(self, text: str, at: Path) -> None:
        for path in references(text, self._files):
            if not exists(path, self._files):
                self._wrong(at, f"names `${{PACKAGE_ROOT}}/{path}`, which the package does not have")

    def _wrong(self, at: Path, what: str, fix: str = "") -> None:
        self._found.error(self._place(at), f"`{shown(at)}` {what}", fix)

    def _place(self, at: Path) -> str:
        return f"{self._where}:{self._text.line(at)}"


_WORDS = {str: "a text", list: "a list", dict: "a table"}
_NEVER_EMPTY = ("command", "url")


def _is_flat(value: Any) -> bool:
    """Tell whether the lists and tables of a server hold texts alone."""
    members = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return all(isinstance(one, str) for one in members)
