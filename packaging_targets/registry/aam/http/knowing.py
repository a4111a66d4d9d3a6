"""What a registry knows of packages, asked for again only where it has changed: its entity tags say so.

What it told last stays in memory, read already, and on the disk, for the next process. The disk is not used for who
comes with a password or an identity, and never what was told to somebody else.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict

from packaging_targets.errors import IntegrityError, RegistryError
from packaging_targets.formats.aam.documents.meta import MAX_META, parse_metadata
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.http.messages import Answer, Request
from packaging_targets.store.aam.documents import DocumentCache

_REMEMBERED = 512
_SAME = 304
_TAG = re.compile(r'"[!#-~]{1,200}"')  # a strong one


class Known:
    """What was told of packages, to one session."""

    def __init__(self, session: Session, documents: DocumentCache | None) -> None:
        self._session = session
        self._documents = documents
        self._lock = threading.Lock()
        self._recent: OrderedDict[PackageName, tuple[str, PackageMetadata]] = OrderedDict()

    def metadata(self, name: PackageName) -> PackageMetadata | None:
        """Return what the registry knows of a package now, or None where there is none that may be read."""
        before = self._before(name)
        request = Request("GET", self._session.address.to("packages", str(name)), limit=MAX_META)
        if before is not None:
            request = Request("GET", request.url, {"If-None-Match": before[0]}, limit=MAX_META)
        answer = self._session.send(request)
        if before is not None and answer.status == _SAME:
            self._remember(name, *before)
            return before[1]
        if not answer.done:
            self._forget(name)
            error = self._session.error(request, answer)
            if isinstance(error, RefusalError) and error.code == "PACKAGE_NOT_FOUND":
                return None
            raise error
        return self._learnt(name, answer)

    def _learnt(self, name: PackageName, answer: Answer) -> PackageMetadata:
        metadata = self._read(name, answer.body)
        tag = answer.headers.get("etag", "")
        if _TAG.fullmatch(tag):
            self._remember(name, tag, metadata)
            if self._documents is not None and (key := self._key(name)):
                self._documents.put(tag, answer.body, *key)
        return metadata

    def _read(self, name: PackageName, data: bytes) -> PackageMetadata:
        where = self._session.address.url
        metadata = parse_metadata(data, f"{where}/packages/{name}")
        if metadata.name != name:
            what = f"the registry was asked for {name}, and tells of {metadata.name}"
            raise IntegrityError.one(what, where, "tell whoever runs the registry")
        return metadata

    def _before(self, name: PackageName) -> tuple[str, PackageMetadata] | None:
        with self._lock:
            if found := self._recent.get(name):
                return found
        key = self._key(name)
        kept = self._documents.get(*key) if self._documents is not None and key else None
        if kept is None or not _TAG.fullmatch(kept[0]):
            return None
        try:
            return kept[0], self._read(name, kept[1])
        except (RegistryError, IntegrityError):
            return None  # somebody has written there

    def _remember(self, name: PackageName, tag: str, metadata: PackageMetadata) -> None:
        with self._lock:
            self._recent[name] = tag, metadata
            self._recent.move_to_end(name)
            if len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)

    def _forget(self, name: PackageName) -> None:
        with self._lock:
            self._recent.pop(name, None)
        if self._documents is not None and (key := self._key(name)):
            self._documents.drop(*key)

    def _key(self, name: PackageName) -> tuple[str, str, str] | None:
        who = self._session.partition()
        return (who, self._session.address.url, str(name)) if who else None
