"""What people write behind `aam install`: a name with a version, range or tag; a folder; an archive; a bundle."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.names import PackageName, tag_fault
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import LATEST

Kind = Literal["range", "tag", "folder", "archive", "bundle"]
_HINT = "write NAME, NAME@1.2.3, NAME@^1.2.0, NAME@TAG, or a path such as ./folder or ./package.aam"


@dataclass(frozen=True, slots=True)
class Spec:
    """One of them: `text` is the range or tag of the package `name`, or a path."""

    kind: Kind
    text: str
    name: str = ""


def parse_spec(text: str, root: str) -> Spec:
    """Return what a text asks for; its path is told from the project's folder `root`, unless it is an absolute one.

    Raises RequestError with what is wrong with it.
    """
    if text.endswith(".aam") or text.startswith(("/", "./", "../", "~/", "file:")) or text in {".", ".."}:
        return _path(text, root)
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
        if fault := tag_fault(behind):
            what = f"`{behind}` is neither a version, nor a range, nor a tag: a tag {fault}"
            raise RequestError.one(what, "", _HINT) from None
    return Spec("tag", behind, name)


def _path(text: str, root: str) -> Spec:
    path = os.path.expanduser(text.removeprefix("file://").removeprefix("file:"))
    is_folder = os.path.isdir(path)
    if not is_folder and not os.path.isfile(path):
        raise RequestError.one(f"there is no file or folder `{text}`", "", _HINT)
    if not os.path.isabs(path):
        path = os.path.relpath(path, root)
        path = path if path.startswith("..") else f"./{path}"
    if is_folder:
        return Spec("folder", path)
    return Spec("bundle" if text.endswith(".bundle.aam") else "archive", path)
