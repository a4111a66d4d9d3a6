"""The client: blobs, manifests and tags of one registry.

Everything that comes down is checked against its digest, and nothing is read beyond its limit. Threads may share a
client; it keeps connections and tokens.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from packaging_targets.errors import IntegrityError, RegistryError, RequestError
from packaging_targets.formats.oci.manifest import INDEX_TYPE, MANIFEST_TYPE
from packaging_targets.model.digest import Digest
from packaging_targets.registry.http.addresses import joined, origin_of
from packaging_targets.registry.http.download import Download
from packaging_targets.registry.http.faults import demand_digest, demand_library, place
from packaging_targets.registry.http.messages import Answer, Request, Sink
from packaging_targets.registry.http.transport import Patience, Transport
from packaging_targets.registry.oci.auth import Session
from packaging_targets.registry.oci.blobs.upload import CHUNK, Blob, Upload
from packaging_targets.registry.oci.credentials import Credentials, find_credentials
from packaging_targets.registry.oci.reference import TAG_FIX, Registry, Repository, is_tag, parse_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packaging_targets.formats.oci.layout import Documents
    from packaging_targets.formats.oci.manifest import Descriptor

GONE_FIX = "look at the digest and the repository: registries drop what no tag leads to"
"""What is said to who asks for a digest that is not there."""

_MAX_MANIFEST = 4 << 20
_MAX_TAGS = 100_000
_MAX_TAG_PAGE = 8 << 20
_PAGE = 1000
_NOT_FOUND = 404
_NO_REFERRERS = {400, 404, 405, 501}  # what registries say that are older than OCI 1.1
_DOCKER_TYPES = "application/vnd.docker.distribution.manifest"
_ACCEPTED = f"{MANIFEST_TYPE}, {INDEX_TYPE}, {_DOCKER_TYPES}.v2+json, {_DOCKER_TYPES}.list.v2+json"
_WRITTEN = {200, 201, 202}
_WRITING = ("pull", "push")


class OciClient:
    """A registry, spoken to. Every method raises RegistryError where that fails, IntegrityError for wrong bytes.

    With `pushing`, what is read is read with the right to write: who is going to write needs one token, not two.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        credentials: Callable[[Registry], Credentials | None] = find_credentials,
        pushing: bool = False,
        patience: Patience | None = None,
        connections: int = 8,
        chunk: int = CHUNK,
    ) -> None:
        demand_library("publish")
        self.registry = registry
        self._transport = Transport(patience, connections)
        self._session = Session(registry, self._transport, credentials)
        self._reading = _WRITING if pushing else ("pull",)
        self._chunk = chunk

    def close(self) -> None:
        """Close every connection; whoever waits to try again gives up."""
        self._transport.close()

    def manifest_digest(self, repository: Repository, reference: str) -> Digest | None:
        """Return the digest of the manifest that a tag or a digest leads to, or None where there is none."""
        answer = self._found(_manifest_request("HEAD", repository, reference), repository.scope(*self._reading))
        if answer is None:
            return None
        told = _told_digest(answer)
        if told is not None:
            return told
        data = self.manifest(repository, reference)
        return None if data is None else Digest.of(data)

    def manifest(self, repository: Repository, reference: str) -> bytes | None:
        """Return the manifest that a tag or a digest leads to, or None where there is none."""
        request = _manifest_request("GET", repository, reference)
        answer = self._found(request, repository.scope(*self._reading))
        if answer is None:
            return None
        expected = parse_digest(reference) or _told_digest(answer)
        if expected is not None:
            demand_digest(request, Digest.of(answer.body), expected)
        return answer.body

    def put_manifest(
        self, repository: Repository, reference: str, data: bytes, media_type: str = MANIFEST_TYPE
    ) -> Digest:
        """Store a manifest under a tag or its digest; return the digest. Doing it again changes nothing."""
        return self._put(repository, reference, data, media_type)[0]

    def put_referrer(self, repository: Repository, data: bytes) -> bool:
        """Store a manifest that has a subject; tell whether the registry lists it among what is about that."""
        _, answer = self._put(repository, str(Digest.of(data)), data, MANIFEST_TYPE)
        return "oci-subject" in answer.headers

    def referrers(self, repository: Repository, subject: Digest) -> bytes | None:
        """Return the index of what is about a manifest, or None where the registry keeps no such lists."""
        request = Request("GET", repository.url(f"referrers/{subject}"), {"Accept": INDEX_TYPE}, limit=_MAX_MANIFEST)
        answer = self._session.send(request, repository.scope(*self._reading))
        if answer.status in _NO_REFERRERS:
            return None
        if not answer.done:
            raise self._session.error(request, answer)
        return answer.body

    def documents(self, repository: Repository) -> Documents:
        """Return what reads the indexes, manifests and configs of a repository."""
        return _Documents(self, repository)

    def tags(self, repository: Repository) -> tuple[str, ...]:
        """Return all tags of a repository, in the registry's order; none where there is no such repository."""
        url: str | None = repository.url(f"tags/list?n={_PAGE}")
        found: list[str] = []
        seen: set[str] = set()
        while url is not None:
            seen.add(url)
            request = Request("GET", url, {"Accept": "application/json"}, limit=_MAX_TAG_PAGE)
            answer = self._session.send(request, repository.scope(*self._reading))
            if answer.status == _NOT_FOUND and not found:
                return ()
            if not answer.done:
                raise self._session.error(request, answer)
            found += _tags_of(request, answer)
            url = _next_page(request, answer)
            if len(found) > _MAX_TAGS or url in seen:
                what = f"the list of tags does not end, or is longer than {_MAX_TAGS:,}"
                raise RegistryError.one(what, place(request), "")
        return tuple(dict.fromkeys(found))

    def has_blob(self, repository: Repository, digest: Digest) -> bool:
        """Tell whether a repository has a blob."""
        return self._has(repository, digest, self._reading)

    def push_blob(self, repository: Repository, blob: Blob, mount_from: Repository | None = None) -> str:
        """Bring a blob into a repository; return `present`, `mounted` or `uploaded`.

        Where `mount_from` has the blob, the registry is asked to take it from there.
        """

        def is_there() -> bool:
            return self._has(repository, blob.digest, _WRITING)

        if is_there():
            return "present"
        return Upload(self._session, repository, blob, is_there, self._chunk).run(mount_from)

    def read_blob(self, repository: Repository, digest: Digest, size: int, into: Sink) -> None:
        """Write a blob of `size` bytes to something that takes them; cut off, it goes on where it was.

        Where this raises, what was written is worth nothing.
        """
        request = Request("GET", repository.url(f"blobs/{digest}"), limit=size)
        scope = repository.scope(*self._reading)
        answer = Download(self._transport, lambda one: self._session.send(one, scope), request, digest).run(into)
        if not answer.done:
            raise self._session.error(request, answer)

    def _put(self, repository: Repository, reference: str, data: bytes, media_type: str) -> tuple[Digest, Answer]:
        digest = Digest.of(data)
        if reference != str(digest) and not is_tag(reference):
            raise RequestError.one(f"`{reference}` is no tag", str(repository), TAG_FIX)
        headers = {"Content-Type": media_type}
        request = Request("PUT", repository.url(f"manifests/{reference}"), headers, data)
        answer = self._session.send(request, repository.scope(*_WRITING))
        if answer.status not in _WRITTEN:
            raise self._session.error(request, answer)
        told = _told_digest(answer)
        if told is not None:
            demand_digest(request, told, digest)
        return digest, answer

    def _has(self, repository: Repository, digest: Digest, actions: Sequence[str]) -> bool:
        request = Request("HEAD", repository.url(f"blobs/{digest}"))
        return self._found(request, repository.scope(*actions)) is not None

    def _found(self, request: Request, scope: str) -> Answer | None:
        """Return the answer of success, or None where the registry knows no such thing."""
        answer = self._session.send(request, scope)
        if answer.status == _NOT_FOUND:
            return None
        if not answer.done:
            raise self._session.error(request, answer)
        return answer


class _Documents:
    """The documents of a repository, which keeps indexes and manifests in one place, and configs in another."""

    def __init__(self, client: OciClient, repository: Repository) -> None:
        self._client = client
        self._repository = repository

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        if descriptor.media_type in {MANIFEST_TYPE, INDEX_TYPE}:
            data = self._client.manifest(self._repository, str(descriptor.digest))
            if data is None:
                what = f"the registry has no `{descriptor.digest}`"
                raise IntegrityError.one(what, str(self._repository), GONE_FIX)
            return data
        into = io.BytesIO()
        self._client.read_blob(self._repository, descriptor.digest, limit, into)
        return into.getvalue()


def _manifest_request(method: str, repository: Repository, reference: str) -> Request:
    return Request(method, repository.url(f"manifests/{reference}"), {"Accept": _ACCEPTED}, limit=_MAX_MANIFEST)


def _told_digest(answer: Answer) -> Digest | None:
    """Return the digest of a manifest as the registry tells it, if it does."""
    return parse_digest(answer.headers.get("docker-content-digest", ""))


def _tags_of(request: Request, answer: Answer) -> list[str]:
    try:
        tags = json.loads(answer.body)["tags"] or []
        if all(isinstance(tag, str) for tag in tags):
            return list(tags)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise RegistryError.one("the answer is no list of tags", place(request), "look at the registry's host")


def _next_page(request: Request, answer: Answer) -> str | None:
    """Return the address of the next page, as the `Link` header gives it."""
    target, _, rest = answer.headers.get("link", "").partition(">")
    if not target.startswith("<") or 'rel="next"' not in rest.replace(" ", ""):
        return None
    url = joined(request.url, target[1:])
    if url is None:
        raise RegistryError.one("the list of tags goes on at what is no address of the web", place(request), "")
    if origin_of(url) != origin_of(request.url):
        raise RegistryError.one("the list of tags goes on at another host", place(request), "")
    return url
