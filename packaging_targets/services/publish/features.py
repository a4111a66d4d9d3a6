"""`features publish`: packed features go to an OCI registry, in the form that Dev Container clients read.

    is <id>:<version> there?  ──no──▶  config, archive  ──▶  the tags that move  ──▶  <version>
                                                 when all are there  ──▶  the collection, under `latest`

A version is published once: one that is there stays as it is. Its own tag is written last, so a version that is
there is there whole: what a kill leaves undone, the next publishing does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, Problem, RequestError
from packaging_targets.formats.oci.feature import CONFIG, collection_manifest, feature_manifest
from packaging_targets.formats.oci.manifest import OciManifest
from packaging_targets.model.digest import Digest
from packaging_targets.model.versions.semver import LATEST, moving_tags
from packaging_targets.registry.oci.blobs.upload import Blob
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.reference import Registry, Repository
from packaging_targets.registry.side_by_side import side_by_side
from packaging_targets.services.publish.listing import dropped
from packaging_targets.services.publish.packed import PackedCollection, PackedFeature, read_archives
from packaging_targets.services.publish.report import DIFFERENT, PLANNED, PRESENT, PUBLISHED, Artifact, Report, differs

if TYPE_CHECKING:
    from collections.abc import Callable

JOBS = 8


@dataclass(frozen=True, slots=True)
class FeaturePublishing:
    """What is asked: `folders` hold packed features; they become one collection at `registry`/`namespace`.

    `insecure` allows plain HTTP to other machines. `jobs` features are on their way at once. `sources` gives the
    `devcontainer-feature.json` of each id, where the folders were packed for this alone.
    """

    folders: tuple[str, ...]
    registry: str
    namespace: str
    dry_run: bool = False
    insecure: bool = False
    jobs: int = JOBS
    sources: Mapping[str, str] = field(default_factory=dict)


def publish_features(asked: FeaturePublishing, connect: Callable[[Registry], OciClient] | None = None) -> Report:
    """Publish, and return what came of it; with `dry_run`, ask the registry and change nothing.

    Raises RequestError with all that is wrong with the request and the folders, before the registry is spoken to, and
    RegistryError where it cannot be spoken to. What fails later is among the report's problems.
    """
    if not asked.namespace:
        raise RequestError.one("the namespace is empty", "", "name one, as in `acme/features`")
    registry = Registry.parse(asked.registry, insecure=asked.insecure)
    collection = read_archives(asked.folders, asked.sources)
    repositories = _repositories(registry, asked.namespace, collection.features)
    client = connect(registry) if connect else _client(registry, asked)
    try:
        publisher = _Publisher(client, dry_run=asked.dry_run)
        place = Repository.of(registry, asked.namespace)
        # Whether there is a registry, and whether it lets us in, is asked once, and not by every thread.
        there = client.manifest_digest(place, LATEST)
        report = _all(publisher, collection.features, repositories, max(1, asked.jobs))
        if report.problems:
            return report
        return Report.together([report, publisher.collection(place, collection, there)])
    finally:
        client.close()


def _client(registry: Registry, asked: FeaturePublishing) -> OciClient:
    return OciClient(registry, pushing=not asked.dry_run, connections=max(1, asked.jobs))


def _repositories(registry: Registry, namespace: str, features: Sequence[PackedFeature]) -> dict[str, Repository]:
    """Return the repository of each name; clients ask for names in lower case."""
    found, problems = {}, []
    Repository.of(registry, namespace)
    for feature in features:
        for name in feature.names:
            try:
                found[name] = Repository.of(registry, f"{namespace}/{name.lower()}")
            except PackagingError as error:
                problems += [Problem(feature.where, one.what, one.fix) for one in error.problems]
    if problems:
        raise RequestError(*problems)
    return found


class _Publisher:
    """The way of artifacts into one registry."""

    def __init__(self, client: OciClient, *, dry_run: bool) -> None:
        self._client = client
        self._dry_run = dry_run

    def feature(self, feature: PackedFeature, name: str, place: Repository, own: Repository) -> Artifact:
        """Publish a feature under one of its names; `own` is the repository of its own."""
        manifest = feature_manifest(feature.metadata, feature.digest, feature.size, place.registry.host)
        version, digest = str(feature.version), str(manifest.digest)
        there = self._client.manifest_digest(place, version)
        if there is not None:
            outcome = PRESENT if there == manifest.digest else DIFFERENT
            return Artifact(name, str(place), version, str(there), outcome)
        tags = (*moving_tags(feature.version, self._client.tags(place)), version)
        if self._dry_run:
            return Artifact(name, str(place), version, digest, PLANNED, tags)
        archive = Blob(feature.digest, feature.size, feature.open)
        self._push(place, manifest, archive, tags, own if own != place else None)
        return Artifact(name, str(place), version, digest, PUBLISHED, tags)

    def collection(self, place: Repository, collection: PackedCollection, there: Digest | None) -> Report:
        """Publish the collection file; `there` is the digest of what its tag leads to now."""
        manifest = collection_manifest(collection.listing, place.registry.host)
        digest = str(manifest.digest)
        if there == manifest.digest:
            return Report((Artifact("", str(place), LATEST, digest, PRESENT),))
        ids = [feature.id for feature in collection.features]
        lost = tuple(dropped(self._client, place, there, ids)) if there else ()
        if not self._dry_run:
            self._push(place, manifest, Blob.of(Digest.of(collection.listing), collection.listing), (LATEST,), None)
        outcome = PLANNED if self._dry_run else PUBLISHED
        return Report((Artifact("", str(place), LATEST, digest, outcome, (LATEST,)),), lost)

    def _push(
        self, place: Repository, manifest: OciManifest, layer: Blob, tags: Sequence[str], mount: Repository | None
    ) -> None:
        self._client.push_blob(place, Blob.of(manifest.config.digest, CONFIG))
        self._client.push_blob(place, layer, mount)
        data = manifest.to_bytes()
        for tag in tags:
            self._client.put_manifest(place, tag, data)


def _all(
    publisher: _Publisher, features: Sequence[PackedFeature], repositories: dict[str, Repository], jobs: int
) -> Report:
    """Publish features side by side, in their order."""

    def one(feature: PackedFeature) -> list[Artifact]:
        own = repositories[feature.id]
        return [publisher.feature(feature, name, repositories[name], own) for name in feature.names]

    came = side_by_side(one, features, jobs)
    done = [artifact for artifacts in came.results for artifact in artifacts]
    return Report(tuple(done), tuple(_differing(done)), came.problems, came.untried)


def _differing(artifacts: Sequence[Artifact]) -> Iterator[Problem]:
    return (differs(one, f"{one.place}:{one.version}") for one in artifacts if one.outcome == DIFFERENT)
