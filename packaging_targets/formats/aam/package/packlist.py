"""Which files of a folder are packed.

`files` of the manifest says it, by globs; without it, all are. Some are always packed, such as the manifest, and some
never, such as what version control keeps; that counts more than `files`. An archive of a package is never packed, or
each packing would pack the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, legible, near_miss
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.members import plain_path
from packaging_targets.formats.aam.package.paths import Names, nfc, path_faults
from packaging_targets.formats.plain_json import shown
from packaging_targets.model.glob import compile_glob, match_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.formats.plain_json import Path

ALWAYS = (MANIFEST, "README", "README.md", "LICENSE", "LICENSE.md", "CHANGELOG", "CHANGELOG.md")
"""Files at the root that are packed whatever `files` says."""

NEVER_FOLDERS = frozenset(
    {
        *(".git", ".hg", ".svn", ".agent-packages", ".packaging", "node_modules", ".venv", "venv"),
        *("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
    }
)
"""Folders of which nothing is packed, wherever they are."""

NEVER_FILES = (
    *("**/.git", "**/*.pyc", "**/.DS_Store", "**/Thumbs.db", "**/TARGETS.toml", "**/*.aam", "**/*.aam.sha256"),
    *("package.agent.lock", "evals/reports/**"),
)
"""Globs of what is never packed, whatever `files` says: what others keep beside sources, and what packing makes."""

_REFERENCES = ("skills", "commands", "agents", "rules", "hooks", "mcp")
_CREDENTIALS = match_any(
    [
        *("**/.env", "**/.env.*", "**/.npmrc", "**/.pypirc", "**/.netrc", "**/.git-credentials"),
        *("**/credentials.json", "**/id_rsa", "**/id_ed25519", "**/*.pem", "**/*.p12", "**/*.pfx"),
    ]
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The files that are packed, by the UTF-8 bytes of their paths, and what is wrong with them."""

    paths: tuple[str, ...]
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def select(files: Mapping[str, str | None], manifest: AgentManifest, folder: str = "") -> Selection:
    """Return what of `files` (path to where a symbolic link leads, None for a file) is packed.

    Paths are relative to the package's folder, which `folder` is called in messages.
    """
    return _Selecting(files, manifest.value, folder).selection()


class _Selecting:
    def __init__(self, files: Mapping[str, str | None], manifest: Mapping[str, Any], folder: str) -> None:
        self._files = files
        self._manifest = manifest
        self._below = f"{folder}/" if folder else ""
        self._globs: Sequence[str] | None = manifest.get("files")
        chosen = match_any([*self._globs, *ALWAYS]) if self._globs is not None else None
        never = match_any(NEVER_FILES)
        found = (path for path in files if (chosen is None or chosen(path)) and not (_lies_in(path) or never(path)))
        self._paths = tuple(sorted(found, key=_bytes))

    def selection(self) -> Selection:
        errors = (*self._faults_of_paths(), *self._faults_of_references())
        return Selection(self._paths, errors, tuple(self._warnings()))

    def _faults_of_paths(self) -> Iterator[Problem]:
        names = Names()
        for path in self._paths:
            where = self._below + legible(path)
            if (leads := self._files[path]) is not None:
                what = f"`{where}` is a symbolic link to `{legible(leads)}`, and packages hold regular files alone"
                yield Problem(where, what, "put a copy in its place, or leave it out by `files`")
            faults = list(path_faults(nfc(path)))
            if faults:
                yield Problem(where, f"the path `{legible(path)}` {'; '.join(faults)}", "rename it")
            elif clash := names.clash(nfc(path)):
                yield Problem(where, f"{clash}, where the package is unpacked", "rename one of them")
        if repository := names.repository():
            what = f"git would take `{repository}` for a repository, and run what is configured there"
            yield Problem(self._below + repository, what, "leave it out by `files`, or pack it as an archive")

    def _faults_of_references(self) -> Iterator[Problem]:
        """Yield what the manifest refers to and is not packed."""
        packed = {nfc(path) for path in self._paths}
        folders = {path[:at] for path in packed for at, char in enumerate(path) if char == "/"}
        for place, reference in _references(self._manifest):
            path = plain_path(reference)
            if path in packed or path in folders:
                continue
            where, field = self._below + MANIFEST, shown(place)
            if any(nfc(one) == path or nfc(one).startswith(f"{path}/") for one in self._files):
                what = f"`{reference}` is left out of the package, and the manifest refers to it"
                fix = "add it to `files`" if self._globs is not None else "files such as this are never packed: move it"
            else:
                what, fix = f"there is no `{reference}`, and the manifest refers to it", near_miss(path, self._files)
            yield Problem(where, what, fix, field=field)

    def _warnings(self) -> Iterator[Problem]:
        for at, glob in enumerate(self._globs or ()):
            pattern = compile_glob(glob)
            if not any(map(pattern.fullmatch, self._files)):
                folder = any(path.startswith(f"{glob.rstrip('/')}/") for path in self._files)
                fix = f"write `{glob.rstrip('/')}/**` for all that is in the folder" if folder else ""
                yield Problem(self._below + MANIFEST, f"`{glob}` matches no file", fix, field=f"$.files[{at}]")
        for path in filter(_CREDENTIALS, self._paths):
            where = self._below + legible(path)
            what = f"`{where}` may hold credentials, and is packed"
            yield Problem(where, what, "leave it out by `files` if it does")


def _references(manifest: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the paths that a manifest refers to, each with its place."""
    for name in _REFERENCES:
        if name in manifest:
            yield (name,), manifest[name]
    lists = [("artifacts", kind, items) for kind, items in manifest.get("artifacts", {}).items()]
    lists.append(("quality", "evals", manifest.get("quality", {}).get("evals", [])))
    for member, kind, items in lists:
        for at, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and isinstance(item.get("path"), str):
                yield (member, kind, at, "path"), item["path"]


def _lies_in(path: str) -> bool:
    """Tell whether a file is in a folder of which nothing is packed."""
    return not NEVER_FOLDERS.isdisjoint(path.split("/")[:-1])


def _bytes(path: str) -> bytes:
    return nfc(path).encode("utf-8", "surrogateescape")
