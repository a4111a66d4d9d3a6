"""What people write behind `aam install`: a name with a version, range or tag; a folder; an archive; a bundle."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.names import PackageName, tag_fault
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import LATEST
from packaging_targets.registry.aam.opening import folder_of

Kind = Literal["range", "tag", "folder", "archive", "bundle"]
_UNFINISHED = re.compile(r"v?(\d+(?:\.\d+){0,2})(?:\.[x*])*")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HINT = "write NAME, NAME@1.2.3, NAME@^1.2.0, NAME@TAG, or a path such as ./folder or ./package.aam"


@dataclass(frozen=True, slots=True)
class Spec:
    """One of them: `text` is the range or tag of the package `name`, or a path."""

    kind: Kind
    text: str
    name: str = ""


def parse_specs(texts: Sequence[str], root: str) -> Sequence[Spec]:
    """Return what texts ask for together; raises RequestError as `parse_spec`, and for a name in two versions."""
    specs = [parse_spec(text, root) for text in texts]
    asked: dict[str, Spec] = {}
    for one in specs:
        if one.name and asked.setdefault(one.name, one) != one:
            what = f"`{one.name}` is asked for twice: as `{asked[one.name].text}` and as `{one.text}`"
            raise RequestError.one(what, "", "name it once")
    return specs


def parse_spec(text: str, root: str) -> Spec:
    """Return what a text asks for; its path is told from the project's folder `root`, unless it is an absolute one.

    Raises RequestError with what is wrong with it.
    """
    if text.endswith(".aam") or text.startswith(("/", "./", "../", "~/", "file:")) or text in {".", ".."}:
        return _path(text, root)
    if _URL.match(text):
        raise RequestError.one(f"`{text}` is a URL, and packages are not installed from one", "", _HINT)
    at = text.find("@", 1)
    name, behind = (text, "") if at < 0 else (text[:at], text[at + 1 :])
    if name.endswith("]") and "[" in name:
        raise RequestError.one(f"`{text}` asks for extras, which this version does not know", "", "leave out the `[…]`")
    try:
        PackageName.parse(name)
    except ValueError as error:
        hint = f"write ./{text} for the folder" if os.path.isdir(text) else _HINT
        raise RequestError.one(f"the name `{name}` {error}", "", hint) from None
    if at < 0:
        return Spec("tag", LATEST, name)
    try:
        return Spec("range", VersionRange.parse(behind).text, name)
    except ValueError:
        if not behind:
            raise RequestError.one(f"`{text}` names nothing behind its `@`", "", _HINT) from None
        if fault := tag_fault(behind):
            if found := _UNFINISHED.fullmatch(behind):
                whole = ".".join([*found[1].split("."), "0", "0"][:3])
                what = f"`{behind}` is no version: one has three numbers, and nothing else"
                raise RequestError.one(what, "", f"write {name}@{whole} or {name}@^{whole}") from None
            what = f"`{behind}` is neither a version, nor a range, nor a tag: a tag {fault}"
            raise RequestError.one(what, "", _HINT) from None
    return Spec("tag", behind, name)


def _path(text: str, root: str) -> Spec:
    bare = folder_of(text) if text.startswith("file:///") else text.removeprefix("file:")
    path = os.path.expanduser(bare)
    is_folder = os.path.isdir(path)
    if is_folder and os.path.realpath(path) == os.path.realpath(root):
        raise RequestError.one("a project is not installed into itself", "", "aam install, for what it wants")
    if not is_folder and not os.path.isfile(path):
        raise RequestError.one(f"there is no file or folder `{text}`", "", _HINT)
    if not os.path.isabs(path):
        path = os.path.relpath(path, root)
        path = path if path.startswith("..") else f"./{path}"
    if is_folder:
        return Spec("folder", path)
    return Spec("bundle" if text.endswith(".bundle.aam") else "archive", path)
