"""Bundles as archives: written the same everywhere, and read believing nothing, as they go into people's projects.

They are archives like those of packages, with all of their limits, and hold nothing that `checksum` does not count,
that `artifacts` names and is missing, or that lies where the bundle's platform writes nothing: `.git/hooks` is out of
reach, whoever made the bundle. What the files hold is looked at too (`contents`).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from packaging_targets.errors import IntegrityError, Problem, legible, raise_all
from packaging_targets.formats.aam.bundle.compiling import PLATFORMS
from packaging_targets.formats.aam.bundle.contents import content_faults
from packaging_targets.formats.aam.bundle.output import json_text
from packaging_targets.formats.aam.bundle.values import (
    FORMAT,
    TYPES,
    VERSION,
    Bundle,
    bundle_name,
    checksum,
)
from packaging_targets.formats.aam.manifest import BUNDLE_JSON, MANIFEST, AgentManifest
from packaging_targets.formats.aam.package.reader import PackageFile, read_package
from packaging_targets.formats.aam.package.scanning.allowed import HIDDEN, may_hide_text
from packaging_targets.formats.aam.package.writer import write_aam
from packaging_targets.formats.aam.times import parse_time
from packaging_targets.formats.archive.members import Writable
from packaging_targets.formats.jsonc import JsoncError
from packaging_targets.formats.plain_json import parse_json
from packaging_targets.model.glob import match_any
from packaging_targets.model.manifest import Entry, Manifest, SourceInfo

_MEMBERS = ("format", "version", "package", "package_version", "target", "built_at", "checksum", "artifacts")
_MAX_BYTES = 8 << 20
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_HIDDEN = re.compile(r"(?:^|/)\.[^/]*/")
_REPOSITORY = re.compile(r"(?i)(?:^|/)(?:\.git|git~\d+)(?:/|$)")  # git runs programs that such a folder names


class _InMemory:
    """Files that are in memory, as formats read them."""

    def __init__(self, files: Mapping[str, PackageFile]) -> None:
        self._files = files

    def info(self, path: str) -> SourceInfo:
        return SourceInfo(len(self._files[path].data), self._files[path].executable)

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self._files[path].data)


def write_bundle(stream: Writable, bundle: Bundle) -> None:
    """Write the archive of a bundle; its files have the time of `built_at`.

    Raises PackagingError where it would be more than an archive may be. What no agent should read was looked for in the
    packages that it was compiled from.
    """
    files = {**bundle.files, BUNDLE_JSON: PackageFile(json_text(bundle.about))}
    contents = Manifest.of((Entry(path, path) for path in files), folders=False)
    write_aam(stream, contents, _InMemory(files), bundle.name, mtime=parse_time(bundle.about["built_at"]), scan=False)


def read_bundle(file: BinaryIO, where: str) -> Bundle:
    """Return the bundle in an archive, called `where` in messages.

    Raises IntegrityError where it is damaged, has other files than it says, or would write where its platform does
    not.
    """
    package = read_package(file, where, bundle=True)
    data = package.files.get(BUNDLE_JSON)
    if data is None:
        fix = "install it as a package: it is called `.aam`" if MANIFEST in package.files else ""
        raise IntegrityError.one(f"there is no `{BUNDLE_JSON}` at the root: this is no bundle", where, fix)
    place = f"{where}/{BUNDLE_JSON}"
    about = _table(data.data, place)
    raise_all((Problem(place, what) for what in _faults(about, package.manifest)), IntegrityError)
    files = {path: one for path, one in package.files.items() if path != BUNDLE_JSON}
    raise_all((Problem(where, what) for what in _strays(about, files)), IntegrityError)
    may_hide = may_hide_text(package.manifest)
    allowed = frozenset({HIDDEN} if may_hide else ())
    told = content_faults(about["target"], files, about["artifacts"], allowed)
    raise_all((Problem(f"{where}/{one.where}", one.what, one.fix) for one in told), IntegrityError)
    veiled = Problem(where, "its author says that characters which people do not see belong in it")
    name = bundle_name(package.manifest.archive, about["target"])
    return Bundle(name, about["target"], files, about, (veiled,) if may_hide else ())


def may_write(target: str, path: str) -> bool:
    """Tell whether a bundle for a platform may have a file at a path of the project."""
    fits = match_any(PLATFORMS[target].writes)(path)
    known = path.startswith((f"{PLATFORMS[target].root}/", ".vscode/"))
    return fits and (known or not _HIDDEN.search(path)) and not _REPOSITORY.search(path)


def _table(data: bytes, where: str) -> Mapping[str, Any]:
    try:
        value = parse_json(data, max_bytes=_MAX_BYTES).value
    except JsoncError as error:
        raise IntegrityError.one(f"is no JSON: {error.what}", f"{where}:{error.line}") from None
    if not isinstance(value, dict):
        raise IntegrityError.one("is no table", where)
    return value


def _faults(about: Mapping[str, Any], manifest: AgentManifest) -> Iterator[str]:
    """Yield what is wrong with bundle.json, as far as that can be told without the files."""
    if missing := [name for name in _MEMBERS if name not in about]:
        yield f"lacks {', '.join(f'`{name}`' for name in missing)}"
        return
    wanted = {
        "format": FORMAT,
        "version": VERSION,
        "package": str(manifest.name),
        "package_version": str(manifest.version),
    }
    for name, value in wanted.items():
        if about[name] != value:
            yield f"`{name}` is {_shown(about[name])}, and must be `{value}`"
    if not isinstance(about["target"], str) or about["target"] not in PLATFORMS:
        yield f"`target` is {_shown(about['target'])}, and must be one of {', '.join(PLATFORMS)}"
    if not isinstance(about["checksum"], str) or not _CHECKSUM.fullmatch(about["checksum"]):
        yield "`checksum` must be `sha256:` and 64 hexadecimal digits"
    if not _is_time(about["built_at"]):
        yield f"`built_at` is {_shown(about['built_at'])}, and must be a time such as 2026-02-22T14:00:00Z"
    if not isinstance(about["artifacts"], list) or not all(map(_is_artifact, about["artifacts"])):
        yield f"`artifacts` must be a list of tables with `type` ({', '.join(TYPES)}), `name` and `path`"


def _strays(about: Mapping[str, Any], files: Mapping[str, PackageFile]) -> Iterator[str]:
    """Yield what is wrong with the files of a bundle."""
    target = about["target"]
    for path in files:
        if path != MANIFEST and not may_write(target, path):
            yield f"`{legible(path)}` is nothing that a bundle for {PLATFORMS[target].title} may write"
    for artifact in about["artifacts"]:
        path = artifact["path"]
        if not (path in files or (path.endswith("/") and any(one.startswith(path) for one in files))):
            yield f"the {artifact['type']} `{legible(artifact['name'])}` is not there: `{legible(path)}`"
    if (found := checksum(files)) != about["checksum"]:
        yield f"the checksum of its files is {found}, and `{BUNDLE_JSON}` says {about['checksum']}"


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and parse_time(value) >= 0
    except ValueError:
        return False


def _is_artifact(value: Any) -> bool:
    texts = isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("type", "name", "path"))
    return texts and value["type"] in TYPES and bool(value["path"])


def _shown(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)[:80]}`"
