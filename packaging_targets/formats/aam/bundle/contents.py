"""What the files of a bundle may hold: no more than what `aam pkg build` writes for the platform, whoever made it.

A settings file could allow an agent everything, so that of a bundle has hooks alone; instructions could hide between
those of others, so they stand in marked parts; and what a bundle has is told by its `artifacts`, so that people can
know it before they install it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging_targets.errors import Problem, legible
from packaging_targets.formats.aam.bundle.compiling import PLATFORMS
from packaging_targets.formats.aam.bundle.platforms.platform import FILES
from packaging_targets.formats.aam.bundle.shared.documents import DOCUMENTS
from packaging_targets.formats.aam.bundle.shared.instructions import has_parts, is_instructions, is_made_of_parts
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.reader import PackageFile
from packaging_targets.formats.aam.package.scanning.allowed import SECRET, Allowed
from packaging_targets.formats.aam.package.scanning.scan import look_into
from packaging_targets.formats.jsonc import JsoncError
from packaging_targets.formats.plain_json import parse_json

_HOOKS_OF_COPILOT = re.compile(r"\.github/hooks/[^/]*\.json")
_FRONT = re.compile(r"(?:\ufeff)?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_SKILL = "SKILL.md"


def members_of(path: str) -> frozenset[str]:
    """Return which members a JSON document of a platform may have in a bundle; empty where a path is none."""
    if _HOOKS_OF_COPILOT.fullmatch(path):
        return frozenset({"hooks", "version"})
    return DOCUMENTS.get(path, frozenset())


def content_faults(
    target: str, files: Mapping[str, PackageFile], artifacts: Sequence[Any], allowed: Allowed
) -> Iterator[Problem]:
    """Yield what is wrong with what files hold, at their paths; `artifacts` are those of bundle.json.

    `allowed` is what its author says belongs in texts.
    """
    places = {artifact["path"] for artifact in artifacts}
    for artifact in artifacts:
        if artifact["type"] not in _types(target, artifact["path"]):
            what = f"`bundle.json` calls it the {artifact['type']} `{legible(artifact['name'])}`, and it is none"
            yield Problem(legible(artifact["path"]), what)
        elif artifact["path"].endswith("/"):
            yield from _skill(artifact["path"], files)
    own = f"{PLATFORMS[target].root}/{FILES}/"
    for path, file in files.items():
        if path == MANIFEST:
            continue
        folder = "/".join(path.split("/")[:3]) + "/"
        if path not in places and folder not in places and not path.startswith(own):
            yield Problem(legible(path), "it belongs to none of the `artifacts` of `bundle.json`")
        yield from _file(path, file.data, allowed)


def _types(target: str, path: str) -> frozenset[str]:
    """Return what may stand at a path."""
    if members := members_of(path):
        return frozenset({"hook"} if "hooks" in members else {"mcp"})
    if path.endswith("/"):
        skills = PLATFORMS[target].skills
        is_skill = path.startswith(skills) and path.count("/") == skills.count("/") + 1
        return frozenset({"agent", "command", "skill"} if is_skill else ())
    return frozenset({"rule"} if is_instructions(path) else {"agent", "command", "rule"})


def _skill(folder: str, files: Mapping[str, PackageFile]) -> Iterator[Problem]:
    path = folder + _SKILL
    front = _FRONT.match(files[path].data.decode("utf-8", "replace")) if path in files else None
    fields = set(re.findall(r"^(\w+)[ \t]*:", front[1], re.MULTILINE)) if front else set()
    if not {"name", "description"} <= fields:
        yield Problem(legible(path), "a skill has this file, with `name` and `description` in its front matter")


def _file(path: str, data: bytes, allowed: Allowed) -> Iterator[Problem]:
    if members := members_of(path):
        try:
            value = parse_json(data).value
        except JsoncError as error:
            yield Problem(legible(path), f"it is no JSON: {error}")
            return
        yield from (Problem(legible(path), what) for what in _document(value, members))
        data = json.dumps(value, ensure_ascii=False).encode()  # what escapes stand for is looked at too
    hidden = look_into(legible(path), data, allowed | {SECRET})
    yield from hidden
    if is_instructions(path) and not hidden:
        text = data.decode()
        if has_parts(text) and not is_made_of_parts(text):
            yield Problem(legible(path), "it has more than a block of marked parts, each once")


def _document(value: Any, members: frozenset[str]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "it must be an object"
        return
    for name in sorted(value.keys() - members):
        listing = " and ".join(f"`{one}`" for one in sorted(members))
        yield f"it has `{name[:80]}`, and a bundle brings {listing} alone"
    for name in sorted(value.keys() & members):
        if not _SHAPES[name][0](value[name]):
            yield f"`{name}` must be {_SHAPES[name][1]}"


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _servers(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, dict) for one in value.values())


_SHAPES: Mapping[str, Any] = {
    "hooks": (lambda value: isinstance(value, dict) and all(map(_objects, value.values())), "an object of lists"),
    "inputs": (_objects, "a list of objects"),
    "mcpServers": (_servers, "an object of servers"),
    "servers": (_servers, "an object of servers"),
    "version": (lambda value: value == 1 and not isinstance(value, bool), "1"),
}
