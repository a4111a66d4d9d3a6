"""The list of packages, and the page of each version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from starlette.responses import Response

from packaging_targets.adapters.http.pages.showing.marks import Mark, mark_of
from packaging_targets.adapters.http.pages.showing.package import (
    chosen,
    facts_of,
    manifest_view,
    package_path,
    package_view,
)
from packaging_targets.adapters.http.pages.visiting import Visit
from packaging_targets.errors import IntegrityError, RegistryError
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.protocol import Summary
from packaging_targets.registry.aam.served.holdings import Order, Query
from packaging_targets.registry.aam.served.listing import MOST_COUNTED
from packaging_targets.services.aam.browsing.signatures import claim_of
from packaging_targets.services.aam.hosting import seeing

_LIMIT = 30
_ORDERS = {"name": "Name", "updated": "Last change", "relevance": "Relevance"}
_KINDS = {"server": "MCP server"}
_EMPTY = manifest_view({})


@dataclass(frozen=True, slots=True)
class Card:
    """A package in the list."""

    name: str
    href: str
    mark: Mark
    description: str
    latest: str
    versions: int


def browse(visit: Visit) -> Response:
    """List packages, or those that a search finds."""
    words = visit.asked("q")
    orders = [one for one in _ORDERS if words or one != "relevance"]
    order = visit.asked("sort")
    order = order if order in orders else ("relevance" if words else "name")
    after = visit.asked("after", 2000)
    page = seeing.page(visit.host, visit.who, Query(words, cast("Order", order), after, _LIMIT))
    here = {"q": words, "sort": order}
    return visit.page(
        "browse.html",
        query=words,
        total=page.total,
        uncounted=bool(words) and page.total == MOST_COUNTED,
        packages=[_card(visit, one) for one in page.entries],
        orders=[
            {"text": _ORDERS[one], "href": visit.link("/browse", q=words, sort=one), "here": one == order}
            for one in orders
        ],
        next=visit.link("/browse", **here, after=page.next) if page.next else "",
        first=visit.link("/browse", **here) if after else "",
    )


def package(visit: Visit) -> Response:
    """Show a package, or one of its versions, which a tag may stand for."""
    metadata, release = _found(visit)
    view = package_view(metadata, release, visit.registry, visit.prefix, lambda name: _is_seen(visit, name))
    bundle = visit.host.holdings.signature(metadata.name, release)
    return visit.page(
        "package.html",
        package=view,
        signed=bundle is not None,
        claims=facts_of(claim_of(bundle)) if bundle else (),
        **_contents(visit, metadata.name, release),
    )


def _found(visit: Visit) -> tuple[PackageMetadata, Release]:
    path = visit.path.removeprefix("/browse/packages/").rstrip("/")
    parts = path.split("/")
    at = 2 if path.startswith("@") else 1
    try:
        name = PackageName.parse("/".join(parts[:at]))
    except ValueError:
        raise RefusalError.of("PACKAGE_NOT_FOUND", f"there is no package `{path[:200]}` in the registry") from None
    if len(parts) > at + 1:
        raise RefusalError.of("NOT_FOUND", "there is no such page")
    if len(parts) > at:
        return seeing.release_of(visit.host, visit.who, name, parts[at])
    metadata = seeing.metadata_of(visit.host, visit.who, name)
    if not metadata.releases:
        raise RefusalError.of("VERSION_NOT_FOUND", f"{name} has no versions")
    return metadata, chosen(metadata)


def _contents(visit: Visit, name: PackageName, release: Release) -> dict[str, Any]:
    """Return what a page says of an archive, also where that cannot be read."""
    empty = {"items": (), "faults": 0, "readme": "", "readme_cut": False, "files": 0, "manifest": _EMPTY}
    try:
        shown = visit.room.shelf.shown(name, release)
    except IntegrityError:
        return {**empty, "unreadable": "What is stored is not in order, so nothing of it is shown."}
    except RefusalError:
        raise
    except RegistryError:
        return {**empty, "unreadable": "The registry cannot read it now."}
    contents = shown.contents
    return {
        "items": [
            {"kind": _KINDS.get(one.kind, one.kind), "name": one.name, "description": one.description}
            for one in contents.items
        ],
        "faults": contents.faults,
        "readme": shown.readme,
        "readme_cut": contents.readme_cut,
        "files": len(contents.files),
        "manifest": manifest_view(contents.value),
        "unreadable": "",
    }


def _card(visit: Visit, one: Summary) -> Card:
    name = str(one.name)
    return Card(name, visit.prefix + package_path(name), mark_of(name), one.description, one.latest, len(one.versions))


def _is_seen(visit: Visit, text: str) -> bool:
    """Tell whether a dependency is a package that whoever looks may see."""
    try:
        seeing.visible(visit.host, visit.who, PackageName.parse(text))
    except (RefusalError, ValueError):
        return False
    return True
