"""The files of a Dev Container Feature's folder, and what is wrong with their names, links and line endings.

A path here is relative to the feature's folder. What real clients do with an archive decides what is refused:
they rewrite an absolute link to a relative one and drop a link that leaves the archive, both without a word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from packaging_targets.errors import Problem, legible

METADATA_FILE = "devcontainer-feature.json"
INSTALL_SCRIPT = "install.sh"
COLLECTION_FILE = "devcontainer-collection.json"
_UNPACKED = "TARGETS.toml"  # it declares the packing, and is no part of what is packed
_MAX_HOPS = 40


@dataclass(slots=True)
class Findings:
    """Problems as they are found: those that stop the packing, and those that do not."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, where: str, what: str, fix: str, field: str = "") -> None:
        """Note what stops the packing; `field` is the path of a value in the file `where`."""
        self.errors.append(Problem(where, what, fix, field=field))

    def warn(self, where: str, what: str, fix: str, field: str = "") -> None:
        """Note what does not."""
        self.warnings.append(Problem(where, what, fix, field=field))


@dataclass(frozen=True, slots=True)
class FeatureFolder:
    """A folder that may be a feature.

    `files` maps the path of every file below it to where the symbolic link leads, or to None for a regular
    file. What is never packed (VCS folders, junk) is not among them. `read` gives the bytes of one of them.
    `path` goes before them in messages and in manifests; it is empty for the current folder. `odd` names what stands
    at the top of the folder and is no file at all.
    """

    path: str
    files: Mapping[str, str | None]
    read: Callable[[str], bytes]
    odd: Collection[str] = ()

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.rpartition("/")[2]

    @property
    def shown(self) -> str:
        """The folder, in words for people."""
        return f"`{self.path}`" if self.path else "the current folder"

    def within(self, relative: str) -> str:
        """Return `relative` with the folder before it."""
        return f"{self.path}/{relative}" if self.path else relative

    @property
    def outputs(self) -> list[str]:
        """The folders in it that are output folders, sorted; one in another is not told of."""
        end = f"/{COLLECTION_FILE}"
        found = sorted(path.removesuffix(end) for path in self.files if path.endswith(end))
        return [path for path in found if not _lies_in(path, (one for one in found if one != path))]

    def packed(self) -> list[str]:
        """Return the paths that go into the archive, sorted."""
        outputs = self.outputs
        return sorted(path for path in self.files if path != _UNPACKED and not (outputs and _lies_in(path, outputs)))


def is_output_folder(names: Iterable[str]) -> bool:
    """Tell whether a folder that holds these names is one into which features were packed.

    Inside a feature such a folder is no part of it: otherwise each packing would pack the archives of the last.
    """
    return COLLECTION_FILE in names


def output_inside(where: str) -> Problem:
    """Return what to say of an output folder inside a feature."""
    what = f"`{where}` is an output folder, with a `{COLLECTION_FILE}`, and so no part of the feature"
    return Problem(where, what, "remove it, or package into a folder outside the feature")


def _lies_in(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def check_files(folder: FeatureFolder, findings: Findings) -> None:
    """Note what is wrong with the files of a feature."""
    packed = folder.packed()
    findings.warnings += [output_inside(folder.within(path)) for path in folder.outputs]
    _check_names(folder, packed, findings)
    _check_case(folder, packed, findings)
    _check_links(folder, packed, findings)
    _check_scripts(folder, packed, findings)


def _check_names(folder: FeatureFolder, packed: list[str], findings: Findings) -> None:
    for path in packed:
        whole = folder.within(path)
        try:
            whole.encode("utf-8")
        except UnicodeEncodeError:
            shown = legible(whole)
            findings.error(shown, f"the file name `{shown}` is not UTF-8", "rename it")
    for name in dict.fromkeys(path.partition("/")[0] for path in packed if path.startswith(".")):
        where = folder.within(name)
        what = f"`{where}` starts with a dot: clients that fetch the archive from a web address drop it"
        findings.warn(where, what, "rename it, or put it into a folder")


def _check_case(folder: FeatureFolder, packed: list[str], findings: Findings) -> None:
    alike: dict[str, list[str]] = {}
    for path in packed:
        alike.setdefault(unicodedata.normalize("NFC", path).casefold(), []).append(path)
    for paths in alike.values():
        if len(paths) > 1:
            names = " and ".join(f"`{path}`" for path in paths)
            what = f"{names} are one file where case does not count"
            findings.warn(folder.within(paths[0]), what, "rename all but one")


def _check_links(folder: FeatureFolder, packed: list[str], findings: Findings) -> None:
    links = {path: leads for path in packed if (leads := folder.files[path]) is not None}
    if not links:
        return
    known = {"", *packed, *(parent for path in packed for parent in _parents(path))}
    for path, leads in links.items():
        where = folder.within(path)
        told = f"`{where}` is a symbolic link to `{leads}`"
        fix = "lead it to a file of the feature, or put a copy in its place"
        end = _end_of(path, links)
        if leads.startswith("/"):
            findings.error(where, f"{told}, an absolute path", fix)
        elif end is None:
            findings.error(where, f"{told}, which leaves the feature's folder or leads in a circle", fix)
        elif end not in known:
            findings.warn(where, f"{told}, and no such file is packed", fix)


def _end_of(path: str, links: Mapping[str, str]) -> str | None:
    """Return where a link ends, all links on the way followed, or None where that is not in the folder."""
    here = path.split("/")
    todo: list[str] = [here.pop()]
    hops = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if not here:
                return None
            here.pop()
        elif part not in {"", "."}:
            here.append(part)
            leads = links.get("/".join(here))
            if leads is not None:
                hops += 1
                if hops > _MAX_HOPS or leads.startswith("/"):
                    return None
                here.pop()
                todo.extend(reversed(leads.split("/")))
    return "/".join(here)


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _check_scripts(folder: FeatureFolder, packed: list[str], findings: Findings) -> None:
    for path in packed:
        if path.endswith(".sh") and folder.files[path] is None and b"\r\n" in folder.read(path):
            where = folder.within(path)
            what = f"`{where}` has Windows line endings (CRLF), on which a shell in a container fails"
            findings.warn(where, what, "save it with LF, and write `*.sh text eol=lf` to .gitattributes")
