"""`packaging publish`: what targets with a `publish` field have made goes to where the field says.

A rule offers something for publishing with `context.provide("publish", {"kind": …, …})`; the kind names the entry of
`KINDS` below that knows what to do with it. Building never publishes: this is a verb of its own, which builds first.

Offers of one kind that go to one place are published together: features of one namespace share a collection file,
and each alone would replace it by one that lacks the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging_targets.build.session import planned
from packaging_targets.errors import PackagingError, Problem, RequestError, near_miss, raise_all
from packaging_targets.formats.aam.names import tag_fault
from packaging_targets.registry.oci.reference import Registry
from packaging_targets.services.graph.opening import graph_of
from packaging_targets.services.publish.agents import OfferedPackage, publish_packages, unnamed
from packaging_targets.services.publish.features import JOBS, FeaturePublishing, publish_features
from packaging_targets.services.publish.images import ImagePublishing, WantedImage, publish_images
from packaging_targets.services.publish.report import Report
from packaging_targets.services.query.meaning import query

KEY = "publish"
_SHOWN = 8
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """What a target has for publishing: `kind` says how, `value` is what its rule provided."""

    label: str
    kind: str
    value: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, ...]:
        """Where it goes, however that is written; what goes to one place is published together."""
        return (self.kind, *KINDS[self.kind].place(self.value))


@dataclass(frozen=True, slots=True)
class Options:
    """How to publish: `jobs` things at once; `dry_run` changes nothing; `insecure` allows plain HTTP elsewhere."""

    dry_run: bool = False
    insecure: bool = False
    jobs: int = JOBS


@dataclass(frozen=True, slots=True)
class Kind:
    """How offers of a kind are published.

    `keys` are the strings that each must have. `place` says where one goes, and raises RequestError where that is
    nowhere. `publish` takes the workspace's root, the offers of one place, and the options. `joined` kinds make one
    thing of a place's offers, so that one that is asked for brings the others along. `faults` yields what else is
    wrong with an offer: what, fix.
    """

    keys: tuple[str, ...]
    place: Callable[[Mapping[str, Any]], tuple[str, ...]]
    publish: Callable[[str, Sequence[Offer], Options], Report]
    joined: bool = False
    faults: Callable[[Mapping[str, Any]], Iterator[tuple[str, str]]] = lambda _: iter(())


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """What is to be published: offers, grouped by place. Paths in them are relative to `root`."""

    root: str
    groups: tuple[tuple[Offer, ...], ...]
    joined: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """The targets to build first."""
        return sorted(offer.label for group in self.groups for offer in group)


def plan_publishing(texts: Sequence[str]) -> PublishPlan:
    """Return what is to be published for labels and patterns, or for the whole workspace where there are none.

    `joined` are targets that were not asked for, but go to the same place as one that was. Raises RequestError where
    a label has no such target, or one without a `publish` field.
    """
    with planned(os.getcwd()) as session:
        root = os.path.realpath(session.layout.root)
        provided = list(session.records.targets.all_provided())
        offers = _offers(provided)
        asked = set(offers)
        if texts:
            graph = graph_of(session)
            found = [(text, query(graph, text, session.package)) for text in texts]
            asked = {str(label) for _, labels in found for label in labels}
            _demand_offers(found, offers)
    places = {offers[label].place for label in asked & offers.keys()}
    wanted = [
        offer
        for offer in offers.values()
        if offer.label in asked or (KINDS[offer.kind].joined and offer.place in places)
    ]
    chosen = {offer.label for offer in wanted}
    raise_all(one for one in unnamed(provided) if one.label in chosen)
    groups = tuple(tuple(offer for offer in wanted if offer.place == place) for place in sorted(places))
    return PublishPlan(root, groups, tuple(offer.label for offer in wanted if offer.label not in asked))


def publish(plan: PublishPlan, options: Options) -> Report:
    """Publish what was planned, after it was built; one place after the other.

    Raises as the kinds do, unless something was published already: then that is reported too.
    """
    reports: list[Report] = []
    for group in plan.groups:
        try:
            reports.append(KINDS[group[0].kind].publish(plan.root, group, options))
        except PackagingError as error:
            if not reports:
                raise
            reports.append(Report(problems=error.problems))
    return Report.together(reports)


def _offers(provided: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Offer]:
    found = {}
    for label, values in provided:
        if values.get(KEY) is not None:
            found[label] = _offer(label, values[KEY])
    return found


def _offer(label: str, value: Any) -> Offer:
    """Return what a rule has offered, which may be anybody's rule."""
    told = value if isinstance(value, dict) else {}
    kind = told.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        fix = near_miss(str(kind), KINDS) or f"kinds: {', '.join(sorted(KINDS))}"
        raise RequestError.one(f"nobody knows how to publish what is of the kind `{kind}`", label, fix)
    lacking = [key for key in KINDS[kind].keys if not isinstance(told.get(key), str)]
    if lacking:
        keys = ", ".join(f"`{key}`" for key in lacking)
        fix = f'let the rule say them in context.provide("{KEY}", …)'
        raise RequestError.one(f"what is of the kind `{kind}` cannot be published without {keys}", label, fix)
    raise_all(Problem(label, what, fix) for what, fix in KINDS[kind].faults(told))
    offer = Offer(label, kind, told)
    try:
        offer.place  # noqa: B018  # whether it has one
    except RequestError as error:
        raise RequestError(*(Problem(label, one.what, one.fix) for one in error.problems)) from None
    return offer


def _demand_offers(found: Iterable[tuple[str, Sequence[object]]], offers: Mapping[str, Offer]) -> None:
    """Demand that each text means a target that is to be published; a pattern may match others besides."""
    for text, labels in found:
        if not any(str(label) in offers for label in labels):
            others = ", ".join(list(offers)[:_SHOWN])
            listing = f"  (targets that have one: {others})" if others else ""
            fields = 'publish = { registry = "…", repository = "…" }, with `namespace` for features'
            fix = f"write {fields}, and `registry` alone for agent packages{listing}"
            raise RequestError.one(f"`{text}` has no `publish` field", "", fix)


def _repository(member: str) -> Callable[[Mapping[str, Any]], tuple[str, ...]]:
    """Return what tells the place of offers whose repository in an OCI registry is in a member."""

    def place(value: Mapping[str, Any]) -> tuple[str, ...]:
        # Whether there is TLS is no part of a place: a port has it, or has not.
        host = Registry.parse(value["registry"], insecure=True).origin.partition("://")[2]
        return (host, value[member])

    return place


def _features(root: str, offers: Sequence[Offer], options: Options) -> Report:
    folders = tuple(os.path.join(root, offer.value["folder"]) for offer in offers)
    namespace = offers[0].value["namespace"]
    how = (options.dry_run, options.insecure, options.jobs)
    return publish_features(FeaturePublishing(folders, _registry(offers), namespace, *how))


def _images(root: str, offers: Sequence[Offer], options: Options) -> Report:
    how = (options.dry_run, options.insecure, options.jobs)
    repository = offers[0].value["repository"]
    return publish_images(ImagePublishing(root, list(map(_wanted, offers)), _registry(offers), repository, *how))


def _wanted(offer: Offer) -> WantedImage:
    value = offer.value
    tags, attachments, base = (value.get(key) or () for key in ("tags", "attachments", "base"))
    return WantedImage(offer.label, value["layout"], tags, attachments, base or "")


def _registry(offers: Sequence[Offer]) -> str:
    # One that asks for TLS asks for all of them.
    return min((str(offer.value["registry"]) for offer in offers), key=lambda text: not text.startswith("https://"))


def _image_faults(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tags, attachments = value.get("tags") or [], value.get("attachments") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        yield "`tags` of what is published must be a list of strings", 'write tags = ["1.2.3", "latest"]'
    pairs = isinstance(attachments, list) and all(isinstance(one, list) and len(one) == _PAIR for one in attachments)
    if not pairs or not all(isinstance(text, str) for one in attachments for text in one):
        yield "`attachments` of what is published must be pairs of a media type and a path", ""
    if not isinstance(value.get("base") or "", str):
        yield "`base` of what is published must be a string", ""


def _agent_packages(root: str, offers: Sequence[Offer], options: Options) -> Report:
    offered = [OfferedPackage(one.label, one.value["archive"], one.value.get("tag") or "") for one in offers]
    return publish_packages(root, offered, offers[0].value["registry"], dry_run=options.dry_run)


def _agent_package_faults(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not value["registry"]:
        yield "`registry` of what is published must not be empty", 'write registry = "file:///opt/aam-registry"'
    tag = value.get("tag") or ""
    if not isinstance(tag, str):
        yield "`tag` of what is published must be a string", 'write tag = "beta"'
    elif tag and (fault := tag_fault(tag)):
        yield f"the tag `{tag[:80]}` {fault}", 'write tag = "beta"'


KINDS: Mapping[str, Kind] = {
    "agent_package": Kind(
        ("archive", "registry"), lambda value: (value["registry"],), _agent_packages, faults=_agent_package_faults
    ),
    "features": Kind(("folder", "registry", "namespace"), _repository("namespace"), _features, joined=True),
    "image": Kind(("layout", "registry", "repository"), _repository("repository"), _images, faults=_image_faults),
}
"""What can be published."""
