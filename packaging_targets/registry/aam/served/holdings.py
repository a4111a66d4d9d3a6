"""What a server holds: a registry, with what many readers at once need besides.

Two kinds: a folder with an index in SQLite beside it, and PostgreSQL with an object store, for any number of replicas.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.measuring import Measured
from packaging_targets.registry.aam.protocol import Published, Registry, Summary
from packaging_targets.registry.aam.served.objects.sweeping import Swept

Order = Literal["name", "updated", "relevance"]


@dataclass(frozen=True, slots=True)
class Document:
    """The meta.json of a package as it is sent: its bytes, and their SHA-256 as hex, which is the entity tag."""

    data: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Visibility:
    """Which packages somebody may see: all but those that match `private`, and of these those that match `allowed`.

    A pattern is a name in which `*` stands for any characters: `*`, `@acme/*`, `internal-*`.
    """

    private: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    def shows(self, name: str) -> bool:
        """Tell whether a package may be seen."""
        return not matches(name, self.private) or matches(name, self.allowed)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a name fits one of some patterns; `[` and `?` mean themselves, and no name has them."""
    return any(pattern == "*" or _fits(name, pattern) for pattern in patterns)


def _fits(name: str, pattern: str) -> bool:
    """Tell whether the parts of a pattern stand in a name in their order: no pattern makes this take long."""
    start, *parts = pattern.split("*")
    if not parts:
        return name == pattern
    at, end = len(start), len(name) - len(parts[-1])
    if at > end or not (name.startswith(start) and name.endswith(parts[-1])):
        return False
    for part in parts[:-1]:
        at = name.find(part, at, end) + len(part)
        if at < len(part):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is asked for: `words` as in `Registry.search`, `after` as the last page's `next`.

    With `yanked`, packages whose versions are all yanked are in it too, without versions.
    """

    words: str = ""
    order: Order = "name"
    after: str = ""
    limit: int = 50
    visibility: Visibility = Visibility()
    yanked: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `next` is empty on the last one, and `total` counts the packages of all pages.

    Of a search it counts at most `listing.MOST_COUNTED`: that many means that many or more.
    """

    entries: tuple[Summary, ...]
    next: str
    total: int


class Holdings(Registry, Protocol):
    """A registry on a server. Every method may be called from many threads at once."""

    document_is_quick: bool
    """Whether `document` asks nothing but the disk of this machine, so that who calls it need not fear to wait."""

    def document(self, name: PackageName) -> Document | None:
        """Return a package's meta.json, or None where there is none of that name; this is what has to be fast."""
        ...

    def page(self, query: Query) -> Page:
        """Return a part of the list of packages that are not hidden; raises RefusalError for a cursor that is none."""
        ...

    def path(self, name: PackageName, release: Release) -> str | None:
        """Return the path of an archive that lies on this machine, or None where it comes from elsewhere."""
        ...

    def pieces(self, name: PackageName, release: Release, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes of an archive from `start` to before `end`, in pieces."""
        ...

    def publish_measured(self, archive: BinaryIO, found: Measured, tag: str = "", signature: bytes = b"") -> Published:
        """Publish an archive that was checked, as `publish` does, but let it last only once `persist` has returned.

        Raises IntegrityError where it is another one now.
        """
        ...

    def persist(self) -> None:
        """Wait until what was published lasts, and what was committed for `later` to the database beside it."""
        ...

    def set_aside(self, key: str, archive: BinaryIO) -> None:
        """Keep an archive that waits for approval, durably, where no reader finds it; `key` is a number of ours."""
        ...

    def aside(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an archive that was set aside, which can be sought in; raises RefusalError where it is gone."""
        ...

    def discard(self, key: str) -> None:
        """Forget an archive that was set aside; nothing happens where there is none."""
        ...

    def kept_up(self) -> AbstractContextManager[None]:
        """Do in the background, while in the block, what would else be done when somebody asks for it."""
        ...

    def sweep(self, waiting: Callable[[Sequence[str]], Collection[str]]) -> Swept:
        """Take away archives older than a day of publications that failed, and of requests that wait no longer.

        `waiting` returns those of some requests that do. Any number of servers may do it at once.
        """
        ...

    def demand(self) -> None:
        """Raise RegistryError where the registry cannot serve now."""
        ...
