"""The packages in an image, as they tell of themselves in files of their own.

| path in the image | package |
|---|---|
| `….dist-info/METADATA`, `….egg-info/PKG-INFO` | of Python |
| `node_modules/<name>/package.json` | of Node |
| `var/lib/dpkg/status`, `var/lib/dpkg/status.d/…` | of Debian and what descends from it |
| a program with a list of its modules | of Go |

Nobody wrote these files for us: each is read up to a size, and one that is not what it should be becomes a note in the
words of ours, not an error. A package is known by its package URL (purl); one that lies in several places is one
package with several paths.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from packaging_targets.formats.attest.go_build import ELF, go_modules
from packaging_targets.formats.attest.library import needs

_LONGEST = 1000  # letters of a name, a version or a licence
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_INSTALLED = "installed"


class UnreadableError(ValueError):
    """Metadata are not what they should be; the words end a sentence that begins with the path."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package: its package URL, what it calls itself, the licence that it states, and where it was found."""

    purl: str
    name: str
    version: str
    license: str
    paths: tuple[str, ...]


class _Told(NamedTuple):
    """What metadata tell of one package."""

    kind: str
    name: str
    version: str
    license: str = ""
    namespace: str = ""
    architecture: str = ""


class _Reader(NamedTuple):
    """How a kind of metadata is read: at which paths, up to how many bytes, and by what."""

    paths: re.Pattern[str]
    largest: int
    read: Callable[[bytes], Iterator[_Told]]


def purl_of(kind: str, namespace: str, name: str, version: str, qualifiers: Mapping[str, str] | None = None) -> str:
    """Return a package URL; raises ValueError where the parts make none, RequestError without the library."""
    with needs("packageurl-python"):
        from packageurl import PackageURL
    told = {key: value for key, value in (qualifiers or {}).items() if value}
    return PackageURL(kind, namespace or None, name, version or None, told or None).to_string()


class Packages:
    """Packages as they are found, file by file in the order of their paths."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._told: dict[str, _Told] = {}
        self._paths: dict[str, set[str]] = {}
        self._distribution = "debian"

    def wants(self, path: str, size: int) -> bool:
        """Tell whether the file at this path of the image is metadata of a size that is read."""
        reader = _reader_of(path)
        if reader and size > reader.largest:
            self._note(path, f"was not read: it is larger than {reader.largest >> 20} MiB")
        return reader is not None and size <= reader.largest

    def read(self, path: str, data: bytes) -> None:
        """Take in the packages that the metadata at `path` tell of."""
        reader = _reader_of(path)
        assert reader is not None
        try:
            for told in reader.read(data):
                self._take_in(path, told)
        except UnreadableError as error:
            self._note(path, str(error))

    @staticmethod
    def is_program(start: bytes) -> bool:
        """Tell whether a file that starts so may be a program that lists its modules."""
        return start.startswith(ELF)

    def read_program(self, path: str, file: BinaryIO) -> None:
        """Take in the modules of a program."""
        try:
            modules = go_modules(file)
        except ValueError as error:
            self._note(path, f"was not read: {error}")
            return
        for module in modules:
            namespace, _, name = module.path.rpartition("/")
            if _is_text(module.path) and _is_text(module.version):
                self._take_in(path, _Told("golang", name, module.version, "", namespace))

    def found(self) -> tuple[Package, ...]:
        """Return all packages, sorted by their package URLs."""
        return tuple(
            Package(purl, _full_name(told), told.version, told.license, tuple(sorted(self._paths[purl])))
            for purl, told in sorted(self._told.items())
        )

    def _take_in(self, path: str, told: _Told) -> None:
        if told.kind == "":  # not a package, but whose packages those of Debian's program are
            self._distribution = told.name
            return
        namespace = self._distribution if told.kind == "deb" else told.namespace
        try:
            purl = purl_of(told.kind, namespace, told.name, told.version, {"arch": told.architecture})
        except ValueError:
            self._note(path, "names a package by what is no name")
            return
        self._told.setdefault(purl, told)
        self._paths.setdefault(purl, set()).add(path)

    def _note(self, path: str, what: str) -> None:
        self.notes.append(f"`{path}` {what}")


def _full_name(told: _Told) -> str:
    return f"{told.namespace}/{told.name}" if told.namespace else told.name


# Readers of metadata ------------------------------------------------------------------------------------------------


def _python(data: bytes) -> Iterator[_Told]:
    head = next(_paragraphs(data), {})
    yield _Told("pypi", *_name_and_version(head.get("name"), head.get("version")), _licence(head))


def _node(data: bytes) -> Iterator[_Told]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise UnreadableError("is no JSON") from None
    if not isinstance(said, dict):
        raise UnreadableError("is no JSON object")
    name, version = _name_and_version(said.get("name"), said.get("version"))
    namespace, _, short = name.rpartition("/")
    yield _Told("npm", short, version, _node_licence(said), namespace)


def _debian(data: bytes) -> Iterator[_Told]:
    unnamed = False
    for head in _paragraphs(data):
        # A package that was removed stays in the list for its settings; files of status.d list no states.
        if head.get("status", _INSTALLED).split()[-1:] != [_INSTALLED]:
            continue
        try:
            told = _name_and_version(head.get("package"), head.get("version"))
        except UnreadableError:
            unnamed = True
            continue
        architecture = head.get("architecture", "")
        yield _Told("deb", *told, architecture=architecture if _is_text(architecture) else "")
    if unnamed:
        raise UnreadableError("has entries without a name and a version")


def _release(data: bytes) -> Iterator[_Told]:
    found = re.search(rb"^ID=[\"']?([a-z0-9._-]{1,64})[\"']?$", data, re.MULTILINE)
    if found:
        yield _Told("", found[1].decode(), "")


_READERS = (
    _Reader(re.compile(r"(?:.*/)?[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO)", re.DOTALL), 1 << 20, _python),
    _Reader(re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^@/.][^/]*/package\.json", re.DOTALL), 1 << 20, _node),
    _Reader(re.compile(r"var/lib/dpkg/status(?:\.d/[^/]+(?<!\.md5sums))?"), 16 << 20, _debian),
    _Reader(re.compile(r"(?:etc|usr/lib)/os-release"), 1 << 16, _release),
)


def _reader_of(path: str) -> _Reader | None:
    return next((reader for reader in _READERS if reader.paths.fullmatch(path)), None)


def _paragraphs(data: bytes) -> Iterator[dict[str, str]]:
    """Yield the fields of each paragraph of lines such as `Name: value`, names in small letters, each name once."""
    fields: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.rstrip("\r").partition(":")
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif colon and not line[0].isspace():
            fields.setdefault(name.lower(), value.strip())
    if fields:
        yield fields


def _name_and_version(name: Any, version: Any) -> tuple[str, str]:
    if not (_is_text(name) and _is_text(version) and name and version):
        raise UnreadableError("names no package and its version")
    return name, version


def _licence(head: Mapping[str, str]) -> str:
    stated = head.get("license-expression") or head.get("license", "")
    return stated if _is_text(stated) and stated.upper() != "UNKNOWN" else ""


def _node_licence(said: Mapping[str, Any]) -> str:
    """Return the licence of a `package.json`: a text, or in the old forms an object or a list of objects."""
    several = said.get("licenses")
    listed = several if isinstance(several, list) else [said.get("license")]
    names = [one.get("type") if isinstance(one, dict) else one for one in listed]
    stated = [name for name in names if _is_text(name) and name]
    return stated[0] if len(stated) == 1 else f"({' OR '.join(stated)})" if stated else ""


def _is_text(value: Any) -> bool:
    """Tell whether a value is a text that documents of all kinds can hold."""
    return isinstance(value, str) and len(value) <= _LONGEST and not _UNWRITABLE.search(value)
