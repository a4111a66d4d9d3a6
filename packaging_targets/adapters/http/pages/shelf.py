"""What is in archives, kept for those who look next: a version never changes, so neither does what is in it.

Few archives are read at once, and what is kept has a limit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from markupsafe import Markup

from packaging_targets.adapters.http.pages.showing.readme import readme_html
from packaging_targets.errors import IntegrityError
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.services.aam.browsing.contents import Contents, read_contents

_READERS = 2
_PATIENCE = 15.0  # seconds
_ROOM = 16 << 20
_FILE = 300  # bytes that a file's line takes, about


@dataclass(frozen=True, slots=True)
class Shown:
    """What is in an archive, and its readme as HTML."""

    contents: Contents
    readme: Markup

    @property
    def weight(self) -> int:
        """The bytes of memory that it takes, about."""
        return 2 * (len(self.contents.readme) + len(self.readme)) + _FILE * len(self.contents.files)


class Shelf:
    """What is in the archives of a registry, by their integrity; may be used from many threads at once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kept: OrderedDict[str, Shown] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()
        self._readers = threading.BoundedSemaphore(_READERS)

    def shown(self, name: PackageName, release: Release) -> Shown:
        """Return what is in the archive of a release; raises IntegrityError where it is not in order."""
        if (found := self._get(release.integrity)) is not None:
            return found
        with self.reading():
            if (found := self._get(release.integrity)) is not None:
                return found
            where = f"{name}@{release.version}"
            with self._registry.open(name, release) as archive:
                contents = read_contents(archive, where)
            if contents.digest != parse_integrity(release.integrity):
                raise IntegrityError.one("the archive is not what was published", where)
            found = Shown(contents, readme_html(contents.readme))
        self._put(release.integrity, found)
        return found

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Wait for a turn to read an archive; raises RefusalError where it does not come."""
        if not self._readers.acquire(timeout=_PATIENCE):
            raise RefusalError.of("REGISTRY_UNAVAILABLE", "too many archives are looked into at once")
        try:
            yield
        finally:
            self._readers.release()

    def _get(self, integrity: str) -> Shown | None:
        with self._lock:
            if integrity in self._kept:
                self._kept.move_to_end(integrity)
            return self._kept.get(integrity)

    def _put(self, integrity: str, shown: Shown) -> None:
        with self._lock:
            if integrity not in self._kept:
                self._kept[integrity] = shown
                self._weight += shown.weight
            while self._weight > _ROOM:
                _, gone = self._kept.popitem(last=False)
                self._weight -= gone.weight
