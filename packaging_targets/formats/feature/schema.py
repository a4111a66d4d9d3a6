"""What the published schema of `devcontainer-feature.json` demands of each property.

Real clients are more tolerant than the schema, so what is found here is a warning, and an error for those who
ask for `strict`. A check takes a JSON path and a value, and yields what is wrong as (path, what, fix).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from packaging_targets.errors import near_miss

Fault = tuple[str, str, str]
Check = Callable[[str, Any], Iterator[Fault]]

_SHOWN = 60


def schema_faults(metadata: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield every way in which `metadata` breaks the schema; `id` and `version` are checked elsewhere."""
    if "name" not in metadata:
        yield "$.name", "`name` is missing", 'write "name": "…", which people see in their editor'
    yield from _members("$", metadata, _FEATURE, "the published schema knows no property")


def _fault(path: str, value: Any, expected: str) -> Fault:
    text = json.dumps(value, ensure_ascii=False)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return path, f"`{path[2:]}` must be {expected}, but is {shown}", ""


def _of(kind: type, expected: str) -> Check:
    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, kind):
            yield _fault(path, value, expected)

    return check


def _list_of(item: Check, expected: str) -> Check:
    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield _fault(path, value, expected)
            return
        for at, element in enumerate(value):
            yield from item(f"{path}[{at}]", element)

    return check


def _table_of(item: Check, expected: str) -> Check:
    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield _fault(path, value, expected)
            return
        for key, element in value.items():
            yield from item(f"{path}.{key}", element)

    return check


def _members(path: str, value: Mapping[str, Any], checks: Mapping[str, Check], unknown: str) -> Iterator[Fault]:
    for key, element in value.items():
        if key in checks:
            yield from checks[key](f"{path}.{key}", element)
        else:
            yield f"{path}.{key}", f"{unknown} `{key}`", near_miss(key, checks)


def _command(path: str, value: Any) -> Iterator[Fault]:
    """Check a lifecycle command: a shell line, an argument list, or an object of these."""
    if isinstance(value, dict):
        for key, element in value.items():
            yield from _one_command(f"{path}.{key}", element)
    else:
        yield from _one_command(path, value)


def _one_command(path: str, value: Any) -> Iterator[Fault]:
    if isinstance(value, list):
        yield from _STRINGS(path, value)
    elif not isinstance(value, str):
        yield _fault(path, value, "a string or a list of strings")


def _option(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _fault(path, value, "an object")
        return
    kind = value.get("type")
    if kind not in ("boolean", "string"):
        yield f"{path}.type", f'`{path[2:]}.type` must be "boolean" or "string"', ""
        return
    checks = _BOOLEAN_OPTION if kind == "boolean" else _STRING_OPTION
    yield from _members(path, value, checks, f"an option of type {kind} has no property")
    if "default" not in value:
        example = "false" if kind == "boolean" else '""'
        yield f"{path}.default", f"`{path[2:]}` has no `default`", f'write "default": {example}'
    if "enum" in value and "proposals" in value:
        fix = "keep `enum` to allow these values alone, or `proposals` to suggest them"
        yield path, f"`{path[2:]}` has both `enum` and `proposals`", fix


def _mount(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _fault(path, value, "an object")
        return
    yield from _members(path, value, _MOUNT, "a mount has no property")
    for key in ("type", "target"):
        if key not in value:
            yield f"{path}.{key}", f"`{path[2:]}` has no `{key}`", ""


def _mount_type(path: str, value: Any) -> Iterator[Fault]:
    if value not in ("bind", "volume"):
        yield _fault(path, value, '"bind" or "volume"')


def _anything(_path: str, _value: Any) -> Iterator[Fault]:
    return iter(())


_STRING = _of(str, "a string")
_BOOLEAN = _of(bool, "true or false")
_OBJECT = _of(dict, "an object")
_STRINGS = _list_of(_STRING, "a list of strings")

_BOOLEAN_OPTION: dict[str, Check] = {"type": _anything, "default": _BOOLEAN, "description": _STRING}
_STRING_OPTION: dict[str, Check] = {
    "type": _anything,
    "default": _STRING,
    "description": _STRING,
    "enum": _STRINGS,
    "proposals": _STRINGS,
}
_MOUNT: dict[str, Check] = {"type": _mount_type, "source": _STRING, "target": _STRING}
_FEATURE: dict[str, Check] = {
    "id": _anything,
    "version": _anything,
    **dict.fromkeys(("name", "description", "documentationURL", "licenseURL", "entrypoint"), _STRING),
    **dict.fromkeys(("init", "privileged", "deprecated"), _BOOLEAN),
    **dict.fromkeys(("capAdd", "keywords", "installsAfter", "securityOpt", "legacyIds"), _STRINGS),
    **dict.fromkeys(("customizations", "dependsOn"), _OBJECT),
    **dict.fromkeys(
        (
            "onCreateCommand",
            "updateContentCommand",
            "postCreateCommand",
            "postStartCommand",
            "postAttachCommand",
        ),
        _command,
    ),
    "containerEnv": _table_of(_STRING, "an object of strings"),
    "options": _table_of(_option, "an object of options"),
    "mounts": _list_of(_mount, "a list of objects"),
}
