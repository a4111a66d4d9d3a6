"""A folder that is to become a package: its manifest, which of its files are packed, and all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.checking.deployable import deployable_artifacts
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.manifest import check_manifest
from packaging_targets.formats.aam.package.packlist import select
from packaging_targets.formats.aam.package.writer import contents_of

if TYPE_CHECKING:
    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.model.manifest import Manifest


@dataclass(frozen=True, slots=True)
class AgentFolder:
    """What was found in a package's folder; `manifest` is None where it is missing or wrong.

    `contents` are the files that are packed, under their places in the archive.
    """

    manifest: AgentManifest | None
    contents: Manifest
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_agent_folder(files: Mapping[str, str | None], read: Callable[[str], bytes], folder: str) -> AgentFolder:
    """Return what is in a package's folder, and all that is wrong with it but what its files hold.

    `files` maps paths, relative to the folder, to where a symbolic link leads, or None for a file; `read` gives the
    bytes of one. `folder` goes before them in messages and in `contents`; it is empty for the current folder.
    """
    where = f"{folder}/{MANIFEST}" if folder else MANIFEST
    if MANIFEST not in files or files[MANIFEST] is not None:
        what = f"there is no `{MANIFEST}` in {f'`{folder}`' if folder else 'the current folder'}"
        missing = Problem(folder or ".", what, f"write one: `aam pkg init{folder and f' {folder}'}`")
        return AgentFolder(None, contents_of(()), (missing,), ())
    found = check_manifest(read(MANIFEST), where)
    if found.manifest is None:
        return AgentFolder(None, contents_of(()), found.errors, found.warnings)
    selection = select(files, found.manifest, folder)
    warnings = (*found.warnings, *selection.warnings)
    if selection.errors:
        return AgentFolder(found.manifest, contents_of(()), selection.errors, warnings)
    contents = contents_of(selection.paths, folder)
    artifacts = deployable_artifacts(found.manifest, _Files(contents, folder, read), folder)
    return AgentFolder(found.manifest, contents, artifacts.errors, (*warnings, *artifacts.warnings))


class _Files(Mapping[str, bytes]):
    """The packed files by their path in the archive, each read when it is asked for."""

    def __init__(self, contents: Manifest, folder: str, read: Callable[[str], bytes]) -> None:
        start = len(folder) + 1 if folder else 0
        self._paths = {entry.dest: entry.source[start:] for entry in contents.entries if entry.source is not None}
        self._read = read

    def __getitem__(self, path: str) -> bytes:
        return self._read(self._paths[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
