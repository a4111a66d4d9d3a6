"""The kind of registry that is a server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.documents.meta import MAX_META
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName, tag_fault
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.signature import MAX_SIGNATURE
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.aam.http.address import Address
from packaging_targets.registry.aam.http.answers import MAX_PAGE, page_of
from packaging_targets.registry.aam.http.credentials import Credentials
from packaging_targets.registry.aam.http.knowing import Known
from packaging_targets.registry.aam.http.sending import Parcel, send
from packaging_targets.registry.aam.measuring import named
from packaging_targets.registry.aam.protocol import Published, Summary
from packaging_targets.registry.aam.refusing import known_of, refusals_of
from packaging_targets.registry.http.faults import demand_library
from packaging_targets.registry.http.messages import Request
from packaging_targets.registry.http.transport import Patience, Transport
from packaging_targets.store.aam.documents import DocumentCache

_PAGE = 200
_MAX_PACKAGES = 1_000_000


def _nobody() -> None:
    """Have no credentials."""


class HttpRegistry:
    """The registry at a URL. Threads may share it: it keeps connections, and what it was told.

    `credentials` are looked for when something is asked for the first time; `documents` keep what packages are, for
    the next process. Raises RequestError where the text is no address.
    """

    def __init__(
        self,
        url: str,
        credentials: Callable[[], Credentials | None] = _nobody,
        documents: DocumentCache | None = None,
        *,
        patience: Patience | None = None,
        connections: int = 8,
    ) -> None:
        demand_library("agents")
        self.session = Session(Address.parse(url), Transport(patience, connections), credentials)
        self._known = Known(self.session, documents)

    @property
    def url(self) -> str:
        """The registry's address: `https://pkg.example.com/aam`."""
        return self.session.address.url

    def close(self) -> None:
        """Close every connection; whoever waits to try again gives up."""
        self.session.transport.close()

    def summaries(self) -> Iterator[Summary]:
        """Yield every package that is not hidden, by name."""
        return self._listed(_PAGE, sort="name")

    def names(self) -> Iterator[PackageName]:
        """Yield the name of every package, also where all of its versions are yanked."""
        return (one.name for one in self._listed(_PAGE, sort="name", yanked="true"))

    def search(self, text: str, limit: int) -> Sequence[Summary]:
        """Return the packages whose name or description has all words of `text`, the best first."""
        found: list[Summary] = []
        for one in self._listed(max(1, min(limit, _PAGE)), q=text, sort="relevance" if text.strip() else "name"):
            if len(found) >= limit:
                break
            found.append(one)
        return found

    def metadata(self, name: PackageName) -> PackageMetadata | None:
        """Return what is known of a package, or None where there is none of that name that may be read."""
        return self._known.metadata(name)

    def open(self, name: PackageName, release: Release) -> AbstractContextManager[BinaryIO]:
        """Open the archive of a release, which is here as a whole then, and has the release's integrity."""
        return self.session.opened(self._at(name, str(release.version), "tarball"), release.integrity, release.size)

    def signature(self, name: PackageName, release: Release) -> bytes | None:
        """Return the Sigstore bundle that a release was published with, or None."""
        request = Request("GET", self._at(name, str(release.version), "signature"), limit=MAX_SIGNATURE)
        answer = self.session.send(request)
        if answer.done:
            return answer.body
        error = self.session.error(request, answer)
        if isinstance(error, RefusalError) and error.code == "SIGNATURE_NOT_FOUND":
            return None
        raise error

    def publish(self, archive: BinaryIO, tag: str = "", signature: bytes = b"") -> Published:
        """Publish an archive; see the Protocol. The bytes are checked before anything is sent."""
        if tag:
            transitions.check_tag(tag)
        return send(self.session, Parcel.of(archive, named(archive)), tag, signature)

    def set_tag(self, name: PackageName, tag: str, version: str) -> None:
        """Let a tag lead to a version."""
        transitions.check_tag(tag)
        self._change("PUT", self._at(name, "dist-tags", tag), version=version)

    def remove_tag(self, name: PackageName, tag: str) -> None:
        """Take a tag away; `latest` stays as long as there are versions."""
        if tag_fault(tag):  # no URL is made of it, and it is not there
            with refusals_of(self.url):
                transitions.remove_tag(known_of(self, name), tag, 0)
        request = Request("DELETE", self._at(name, "dist-tags", tag), limit=MAX_META)
        answer = self.session.send(request)
        if not answer.done:
            error = self.session.error(request, answer)
            # An earlier try, whose answer was lost, has taken it away.
            gone = answer.tries > 1 and isinstance(error, RefusalError) and error.code == "TAG_NOT_FOUND"
            if not gone:
                raise error

    def yank(self, name: PackageName, version: str, reason: str = "") -> None:
        """Hide a version from new resolutions."""
        self._change("PUT", self._version(name, version, "yank"), reason=reason)

    def unyank(self, name: PackageName, version: str) -> None:
        """Show a yanked version again."""
        self._change("DELETE", self._version(name, version, "yank"))

    def deprecate(self, name: PackageName, version: str, message: str) -> None:
        """Warn those who install a version, or all versions where it is empty."""
        url = self._version(name, version, "deprecation") if version else self._at(name, "deprecation")
        self._change("PUT", url, message=message)

    def _listed(self, page: int, **query: str) -> Iterator[Summary]:
        """Yield the packages of all pages; raises RegistryError where these do not end."""
        seen = set[PackageName]()
        cursor, url = "", ""
        while cursor or not url:
            url = self.session.address.to("packages", **query, limit=str(page), cursor=cursor)
            found = page_of(self.session.done(Request("GET", url, limit=MAX_PAGE)).body, self.url)
            yield from (one for one in found.packages if one.name not in seen)
            before, cursor = len(seen), found.next
            seen.update(one.name for one in found.packages)
            if len(seen) > _MAX_PACKAGES or (cursor and len(seen) == before):
                what = f"the list of packages does not end, or is longer than {_MAX_PACKAGES:,}"
                raise RegistryError.one(what, self.url, "tell whoever runs the registry")

    def _at(self, name: PackageName, *parts: str) -> str:
        return self.session.address.to("packages", str(name), *parts)

    def _version(self, name: PackageName, version: str, what: str) -> str:
        """Return a URL below that of a version; raises as the folder kind does where the text is none."""
        try:
            SemanticVersion.parse(version)
        except ValueError:
            with refusals_of(self.url):
                version = str(transitions.find_release(known_of(self, name), version).version)
        return self._at(name, version, what)

    def _change(self, method: str, url: str, **value: str) -> None:
        body = json.dumps(value).encode() if value else None
        headers = {"Content-Type": "application/json"} if value else {}
        self.session.done(Request(method, url, headers, body, limit=MAX_META))
