"""Which paths a package may have: those that mean one and the same file on every system, and no two that are one.

A path is relative, divided by `/`, in NFC. Names that Windows reserves are refused everywhere, and so are two names
that differ in case alone, because a package that was packed on one system is installed on another. What version
control would take for its own is refused too: it runs the programs that such a folder's configuration names.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PATH = 512
MAX_DEPTH = 32
_MAX_NAME = 255
_PLAIN = re.compile(r"[A-Za-z0-9_./@+ -]*")
_FOREIGN = re.compile(r'[<>"|?*]')
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3]) *(?:\.|\Z)")
_REPOSITORY = re.compile(r"(?i)(?:\.(?:git|hg|jj|svn|bzr)|(?:git|hg|jj|svn|bzr)~[0-9]+)")  # with their short names
_PARTS = ("objects", "refs")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def nfc(path: str) -> str:
    """Return the path as packages have it: composed, as most systems write it; macOS may list it otherwise."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def path_faults(path: str) -> Iterator[str]:
    """Yield what keeps a package from having a path, each as the end of "the path `…`"."""
    if path.startswith("/"):
        yield "is absolute"
        return
    if any(part in {"", ".", ".."} for part in path.split("/")):
        yield "has a part that is empty, `.` or `..`"
        return
    if len(path.encode("utf-8", "surrogateescape")) > MAX_PATH:
        yield f"has more than {MAX_PATH} bytes"
    if path.count("/") > MAX_DEPTH:
        yield f"lies in more than {MAX_DEPTH} folders"
    if not _PLAIN.fullmatch(path):
        yield from _faults_of_characters(path)
    for name in path.split("/"):
        yield from _faults_of_name(name)


def _faults_of_characters(path: str) -> Iterator[str]:
    if not unicodedata.is_normalized("NFC", path):
        yield "is not in NFC, the composed form of Unicode"
    if "\\" in path:
        yield "has a backslash"
    if ":" in path:
        yield "has a colon"
    if match := _FOREIGN.search(path):
        yield f"has a `{match[0]}`, which Windows has in no name"
    if unseen := next((char for char in path if unicodedata.category(char) in _UNSEEN), ""):
        yield "is not UTF-8" if "\udc80" <= unseen <= "\udcff" else f"has the control character U+{ord(unseen):04X}"


def _faults_of_name(name: str) -> Iterator[str]:
    if name.endswith((".", " ")):
        yield f"has a name that ends in a {'dot' if name.endswith('.') else 'space'}, which Windows takes off"
    if _DEVICE.match(name):
        yield f"has a name that is a device on Windows, `{name}`"
    if _REPOSITORY.fullmatch(name):
        yield f"has a name that is version control's, `{name}`"
    if len(name.encode("utf-8", "surrogateescape")) > _MAX_NAME:
        yield f"has a name of more than {_MAX_NAME} bytes"


class Names:
    """The paths of one package, as they come: which of them are one where case and composition do not count."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {"": ""}

    def clash(self, path: str) -> str:
        """Take a file's path into account; return why it cannot be beside the others, empty where it can."""
        key = _key(path)
        if other := self._files.get(key):
            return f"`{path}` stands twice" if other == path else _one(path, other, "file")
        if key in self._folders:
            return f"`{path}` is a file, and `{self._folders[key]}` a folder"
        self._files[key] = path
        return self.clash_of_folder(path.rpartition("/")[0])

    def clash_of_folder(self, folder: str) -> str:
        """Take a folder's path into account, as `clash` does."""
        key = _key(folder)
        while self._folders.get(key) != folder:
            if other := self._folders.get(key):
                return _one(folder, other, "folder")
            if other := self._files.get(key):
                return f"`{folder}` is a folder, and `{other}` a file"
            self._folders[key] = folder
            folder = folder.rpartition("/")[0]
            key = _key(folder)
        return ""

    def repository(self) -> str:
        """Return the path of a folder that git would take for a repository, although it is not called `.git`.

        Such a folder has `HEAD`, and `objects` and `refs`, or a `commondir` that says where these are. It is empty
        where there is none.
        """
        for key, path in self._files.items():
            folder = key.removesuffix("head")
            if folder != key and (not folder or folder.endswith("/")):
                has = (any(folder + name in some for some in (self._files, self._folders)) for name in _PARTS)
                if folder + "commondir" in self._files or all(has):
                    return path.rpartition("/")[0] or "."
        return ""


def _one(path: str, other: str, what: str) -> str:
    return f"`{path}` and `{other}` are one {what} where neither case nor composition counts"


def _key(path: str) -> str:
    """Return what is the same for paths that are canonical caseless matches, as Unicode calls it."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())
