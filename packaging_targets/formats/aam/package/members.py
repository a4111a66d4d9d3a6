"""What each member of `package.agent.json` has to be.

`schemas/package-manifest.schema.json` says the same for editors and other programs, as far as a schema can.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging_targets.formats.aam.names import name_faults, tag_fault
from packaging_targets.formats.aam.package.paths import path_faults
from packaging_targets.formats.aam.package.scanning.allowed import HIDDEN, MEMBER, SECRET
from packaging_targets.formats.aam.package.shapes import (
    Check,
    Fault,
    called,
    either,
    list_of,
    map_of,
    must_be,
    of_type,
    record,
    text,
    whole_number,
)
from packaging_targets.model.glob import compile_glob
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging_targets.formats.plain_json import Path

VENDOR = re.compile(r"x-[a-z0-9-]{1,32}")
_MANY_OF_VENDOR = 5
_LONGEST = 1024


def plain_path(path: str) -> str:
    """Return a path of a manifest without `./` before it and `/` behind it."""
    return path.removeprefix("./").removesuffix("/")


def _name(value: str) -> str:
    faults = list(name_faults(value))
    return f"the name `{value[:140]}` {'; '.join(faults)}" if faults else ""


def _tag(value: str) -> str:
    fault = tag_fault(value)
    return f"the tag `{value[:80]}` {fault}" if fault else ""


def _parsed(parse: Callable[[str], object], example: str) -> Callable[[str], str]:
    def reason(value: str) -> str:
        try:
            parse(value)
        except ValueError as error:
            return f"{error}: write {example}"
        return ""

    return reason


def _path(value: str) -> str:
    faults = list(path_faults(plain_path(value)))
    return f"the path `{value[:140]}` {'; '.join(faults)}" if faults else ""


def _glob(value: str) -> str:
    if value.startswith("!"):
        return f"`{value}` negates, and `files` only says what is packed"
    if "\\" in value:
        return f"`{value}` has a backslash: folders are divided by `/`"
    try:
        compile_glob(plain_path(value))
    except ValueError as error:
        return f"`{value}` is no glob: {error}"
    return ""


def vendor_member(path: Path, value: Any) -> Iterator[Fault]:
    """Check a member that starts with `x-`, which belongs to a vendor."""
    if not VENDOR.fullmatch(str(path[-1])):
        what = f"{called(path)} is not called `x-` and 1 to 32 lower-case letters, digits and hyphens"
        yield Fault(path, what)
    if not isinstance(value, dict):
        yield must_be(path, value, "an object")
    elif len(value) > _MANY_OF_VENDOR:
        what = f"{called(path)} has {len(value)} members, and {_MANY_OF_VENDOR} are enough for a vendor"
        yield Fault(path, what, severe=False)


def _modes(path: Path, value: Any) -> Iterator[Fault]:
    if value not in ("uaaps", "plugin"):
        yield must_be(path, value, '"uaaps" or "plugin"')._replace(severe=False)


def _text_then(check: Check) -> Check:
    """Return a check that demands a text, and then asks another."""

    def checked(path: Path, value: Any) -> Iterator[Fault]:
        faults = list(text()(path, value))
        yield from faults or check(path, value)

    return checked


_TEXT = text()
_TEXTS = list_of(_TEXT, "a list of texts")
_FLAG = of_type(bool, "true or false")
_DESCRIPTION = text("a text", longest=_LONGEST)
_RANGE = text("a range of versions", reason=_parsed(VersionRange.parse, "one such as ^1.2.0, >=1.0.0 <2.0.0 or *"))
_VERSION = text("a version", reason=_parsed(SemanticVersion.parse, "one such as 1.2.0"))
_PATH = text("a path", reason=_path)
_RANGES = map_of(_RANGE, "an object of names and ranges", key=_name)
_IDENTIFIER = text(
    "of lower-case letters, digits and hyphens, 64 at most, and start with a letter or digit",
    pattern="[a-z0-9][a-z0-9-]{0,63}",
)
_GROUP = re.compile("[a-z0-9][a-z0-9-]*")


def _group(value: str) -> str:
    fits = _GROUP.fullmatch(value)
    return "" if fits else f"`{value[:80]}` is not of lower-case letters, digits and hyphens"


_ARTIFACTS = list_of(
    record({"name": _IDENTIFIER, "path": _PATH, "description": _DESCRIPTION}, required=("name", "path")),
    "a list of objects",
    unique=False,
)
_SYSTEM = record(
    {
        "python": _TEXT,
        "node": _TEXT,
        "packages": map_of(_TEXTS, "an object of lists"),
        "binaries": _TEXTS,
        "mcp-servers": _TEXTS,
    }
)
_PERMISSIONS = record(
    {
        "fs": record({"read": _TEXTS, "write": _TEXTS}),
        "network": record({"hosts": _TEXTS, "schemes": _TEXTS}),
        "shell": record({"allow": _FLAG, "binaries": _TEXTS}),
    }
)
_NEEDS = {"description": _DESCRIPTION, "dependencies": _RANGES, "systemDependencies": _SYSTEM}
_ALLOWED = text(f'"{HIDDEN}" or "{SECRET}"', pattern=f"{HIDDEN}|{SECRET}")
_EXTRA = {**_NEEDS, "artifacts": of_type(dict, "an object"), "permissions": _PERMISSIONS}

MEMBERS: dict[str, Check] = {
    "name": text("the name of a package", reason=_name),
    "version": _VERSION,
    "description": _DESCRIPTION,
    **dict.fromkeys(("author", "license", "category", "repository", "homepage"), _TEXT),
    "keywords": _TEXTS,
    "engines": map_of(_TEXT, "an object of platforms and ranges"),
    "artifacts": record(dict.fromkeys(("skills", "agents", "commands"), _ARTIFACTS)),
    "files": list_of(text("a glob", reason=_glob), "a list of globs"),
    **dict.fromkeys(("dependencies", "optionalDependencies", "peerDependencies"), _RANGES),
    "dependencyGroups": map_of(
        record(_NEEDS, some=("dependencies", "systemDependencies")), "an object of groups", key=_group
    ),
    "extras": map_of(
        record(_EXTRA, some=("dependencies", "systemDependencies", "artifacts", "permissions")),
        "an object of extras",
        key=_group,
    ),
    "resolutions": map_of(_VERSION, "an object of names and versions", key=_name),
    "resolverVersion": whole_number("1, the only one that is known", lambda number: number == 1),
    "systemDependencies": _SYSTEM,
    "env": map_of(
        record({"description": _TEXT, "required": _FLAG, "default": of_type(str, "a text")}, required=("description",)),
        "an object of variables",
    ),
    "permissions": _PERMISSIONS,
    "permissionGrants": map_of(_PERMISSIONS, "an object of names and permissions", key=_name),
    "quality": record(
        {
            "tests": list_of(
                record({"name": _TEXT, "command": _TEXT, "description": _TEXT}, required=("name", "command")),
                "a list of objects",
                unique=False,
            ),
            "evals": list_of(
                record(
                    {"name": _TEXT, "path": _PATH, "description": _TEXT, "metrics": list_of(_TEXT, "a list of texts")},
                    required=("name", "path"),
                ),
                "a list of objects",
                unique=False,
            ),
        }
    ),
    **dict.fromkeys(("skills", "commands", "agents", "rules", "hooks", "mcp"), _PATH),
    "dist-tags": map_of(_VERSION, "an object of tags and versions", key=_tag),
    "deprecated": record({"message": _TEXT, "replacement": _TEXT}, required=("message",)),
    MEMBER: record(
        {
            "allow": list_of(
                record({"path": text("a glob", reason=_glob), "what": _ALLOWED}, required=("path", "what")),
                "a list of objects",
            )
        }
    ),
    "installMode": either(dict, map_of(_text_then(_modes), "an object of platforms and modes"), _text_then(_modes)),
}
"""The check of each member that is known, by its name."""
