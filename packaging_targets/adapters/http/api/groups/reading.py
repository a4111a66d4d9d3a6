"""Packages: their list, what is known of each, one version, the tags."""

from __future__ import annotations

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.lists import listed
from packaging_targets.adapters.http.api.operation import Operation, Reply
from packaging_targets.adapters.http.api.queries import LISTS, SEARCH, SORT, YANKED
from packaging_targets.adapters.http.api.values import summary_value, version_value
from packaging_targets.adapters.http.call import Call, no_package
from packaging_targets.adapters.http.messages.answers import dumped
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.served.holdings import Document, Query
from packaging_targets.services.aam.hosting import seeing


async def packages(call: Call) -> ASGIApp:
    """Answer with a part of the list of packages."""
    asked = call.query
    words = asked.get("q", "")
    order = asked.get("sort", "relevance" if words else "name")
    yanked = asked.get("yanked") == "true"
    query = Query(words, order, asked.get("cursor", ""), asked.get("limit", 50), yanked=yanked)
    page = await call.site.in_thread(seeing.page, call.site.host, call.who, query)
    value, headers = listed(call, "packages", page, summary_value)
    is_public = not call.site.host.settings.private
    return await call.site.documents.answer(call.headers, dumped(value), is_public=is_public, more=tuple(headers))


async def package(call: Call) -> ASGIApp:
    """Answer with a package's meta.json: the hot path, which takes no thread where the holdings need none."""
    name = call.name
    document = await seen(call, name)
    is_public = call.site.is_public(str(name))
    return await call.site.documents.answer(call.headers, document.data, document.digest, is_public=is_public)


async def version(call: Call) -> ASGIApp:
    """Answer with one version, or with the one that a tag leads to."""
    name, text = call.name, call.parameters["version"]
    document = await seen(call, name)
    data = call.site.parts.get((document.digest, text))
    if data is None:
        found = await call.site.in_thread(seeing.release_of, call.site.host, call.who, name, text)
        data = dumped(version_value(*found))
        call.site.parts.put((document.digest, text), data, len(data))
    return await call.site.documents.answer(call.headers, data, is_public=call.site.is_public(str(name)))


async def tags(call: Call) -> ASGIApp:
    """Answer with a package's tags."""
    name = call.name
    document = await seen(call, name)
    data = call.site.parts.get((document.digest, None))
    if data is None:
        metadata = await call.site.in_thread(seeing.metadata_of, call.site.host, call.who, name)
        data = dumped(dict(metadata.tags))
        call.site.parts.put((document.digest, None), data, len(data))
    return await call.site.documents.answer(call.headers, data, is_public=call.site.is_public(str(name)))


async def seen(call: Call, name: PackageName) -> Document:
    """Return the document of a package; raises RefusalError where who asks sees none."""
    if call.site.is_quick and call.site.is_public(str(name)):  # everybody sees it, whoever asks
        document = call.site.host.holdings.document(name)
        if document is None:
            raise no_package(str(name))
        return document
    return await call.site.in_thread(seeing.visible, call.site.host, call.who, name)


# What is asked for most comes first: routes are looked through in this order.
OPERATIONS = (
    Operation(
        "GET",
        "/packages/{name}",
        "getPackage",
        "What is known of a package: its meta.json",
        package,
        (Reply(200, "The package.", "Package", examples.PACKAGE), Reply(304, "It is what `If-None-Match` names.")),
        "packages",
        refusals=("PACKAGE_NOT_FOUND",),
    ),
    Operation(
        "GET",
        "/packages",
        "listPackages",
        "A part of the list of packages, or of those that have all words of `q`",
        packages,
        (
            Reply(200, "A part of the list.", "PackageList", examples.PACKAGE_LIST, headers=("Link", "X-Total-Count")),
            Reply(304, "It is what `If-None-Match` names."),
        ),
        "packages",
        queries=(SEARCH, SORT, *LISTS, YANKED),
    ),
    Operation(
        "GET",
        "/packages/{name}/dist-tags",
        "getTags",
        "Which version each tag leads to",
        tags,
        (Reply(200, "The tags.", "Tags", examples.TAGS), Reply(304, "They are what `If-None-Match` names.")),
        "tags",
        refusals=("PACKAGE_NOT_FOUND",),
    ),
    Operation(
        "GET",
        "/packages/{name}/{version}",
        "getVersion",
        "One version, or the one that a tag leads to",
        version,
        (Reply(200, "The version.", "Version", examples.VERSION), Reply(304, "It is what `If-None-Match` names.")),
        "packages",
        refusals=("PACKAGE_NOT_FOUND", "VERSION_NOT_FOUND", "TAG_NOT_FOUND", "PACKAGE_YANKED"),
    ),
)
