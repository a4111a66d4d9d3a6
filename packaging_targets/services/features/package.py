"""`features package`: a feature's folder, or a collection's, becomes archives and `devcontainer-collection.json`.

Everything is checked before anything is written, everything is packed before anything in the output folder changes,
and what is as it was is left alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError
from packaging_targets.formats.feature.checks import VERSIONED, Checked, Feature, collection_text, settle
from packaging_targets.formats.feature.folder import COLLECTION_FILE
from packaging_targets.model.digest import Digest
from packaging_targets.services.features.folders import list_folder, plain, within
from packaging_targets.services.features.output import DEFAULT, OutputFolder
from packaging_targets.services.features.packing import Packed, check_all, checked_from_json, checked_to_json, pack_all
from packaging_targets.services.features.receipt import Receipt
from packaging_targets.services.features.sources import COLLECTION, find_sources

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from packaging_targets.errors import Problem
    from packaging_targets.services.features.folders import Listing
    from packaging_targets.services.features.sources import FeatureSources


@dataclass(frozen=True, slots=True)
class FeaturePackaging:
    """What to package and how; `force` empties the output folder, `strict` makes every warning an error."""

    target: str = "."
    output: str = DEFAULT
    force: bool = False
    strict: bool = False
    naming: str = VERSIONED


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive in the output folder, called `name`; `kept` tells that it stood there already, byte by byte."""

    name: str
    feature: Feature
    packed: Packed
    kept: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What packaging came to: `archives` sorted by id, and the names of what `force` removed."""

    mode: str
    source: str
    output: str
    archives: tuple[Archive, ...]
    removed: tuple[str, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Features that passed every check, in order, and what the next run is to know of the folders by identity.

    `made_of` gives the identity of what each file of the output folder is made of, empty where none can be told.
    """

    features: tuple[Feature, ...]
    listings: Mapping[str, Listing]
    receipt: Receipt
    checked: Mapping[str, object]
    made_of: Mapping[str, str]
    warnings: tuple[Problem, ...]


def package(request: FeaturePackaging) -> Result:
    """Package what the request names.

    Raises RequestError for a request that cannot be meant, and PackagingError with all that is wrong with all
    features, or where something cannot be read or written; then the output folder is as it was before.
    """
    output = OutputFolder(request.output)
    sources = find_sources(plain(request.target), output.real)
    output.refuse(sources, force=request.force)
    plan = _plan(request, sources, output)
    with output.opened():
        return _made(request, sources, output, plan)


def _made(request: FeaturePackaging, sources: FeatureSources, output: OutputFolder, plan: _Plan) -> Result:
    """Bring the output folder up to date, leave alone what stands there already, and remember what it holds."""
    standing = {name: plan.receipt.stands(output.path, name, made_of) for name, made_of in plan.made_of.items()}
    kept = {name: packed for name, packed in standing.items() if packed}
    extra = tuple(name for name in output.names() if name not in plan.made_of) if request.force else ()
    packed = {**kept, **_bring(plan, output, kept, extra, force=request.force)}
    known = {name: (made_of, packed[name]) for name, made_of in plan.made_of.items()}
    plan.receipt.keep(plan.checked, output.path, known)
    archives = tuple(Archive(one.archive, one, packed[one.archive], one.archive in kept) for one in plan.features)
    return Result(sources.mode, sources.folder, output.path, archives, extra, plan.warnings)


def _plan(request: FeaturePackaging, sources: FeatureSources, output: OutputFolder) -> _Plan:
    """Check all folders, and raise PackagingError with all that is wrong with them."""
    if not (sources.folders or sources.errors):
        fix = "give every feature a folder there, with devcontainer-feature.json and install.sh"
        raise PackagingError.one(f"no features were found in `{sources.folder}`", sources.folder, fix)
    listings = [list_folder(folder, output.below(real)) for folder, real in sources.folders.items()]
    receipt = Receipt.recall(sources.folder, output.real, sources.mode, request.naming)
    identities = {listing.path: listing.identity for listing in listings}
    checked = _check(listings, identities, receipt, sources.mode, request.naming)
    alongside = Checked(None, sources.errors, sources.warnings)
    features, warnings = settle([alongside, *checked.values()], strict=request.strict, error=PackagingError)
    made_of = {feature.archive: identities[feature.folder.path] for feature in features}
    made_of[COLLECTION_FILE] = Digest.of(json.dumps([feature.metadata for feature in features]).encode()).hex
    return _Plan(
        features=features,
        listings={listing.path: listing for listing in listings},
        receipt=receipt,
        checked={identities[path]: checked_to_json(one) for path, one in checked.items() if identities[path]},
        made_of=made_of,
        warnings=warnings,
    )


def _check(
    listings: Sequence[Listing], identities: Mapping[str, str], receipt: Receipt, mode: str, naming: str
) -> dict[str, Checked]:
    """Return what each folder comes to, by path in order; folders that are as they were are not checked again."""
    fresh = [listing for listing in listings if identities[listing.path] not in receipt.checked]
    found = iter(check_all(fresh, collection=mode == COLLECTION, naming=naming))
    known = receipt.checked
    return {
        listing.path: checked_from_json(known[identity], listing) if identity in known else next(found)
        for listing, identity in zip(listings, identities.values(), strict=True)
    }


def _bring(
    plan: _Plan, output: OutputFolder, kept: Collection[str], extra: Sequence[str], *, force: bool
) -> dict[str, Packed]:
    """Put what is not kept into the output folder, and take away what is extra; return what was put."""
    if not extra and all(name in kept for name in plan.made_of):
        return {}
    missing = [feature for feature in plan.features if feature.archive not in kept]
    with output.staging() as staged:
        fresh = pack_all([(feature, plan.listings[feature.folder.path]) for feature in missing], staged)
        made = {feature.archive: packed for feature, packed in zip(missing, fresh, strict=True)}
        if COLLECTION_FILE not in kept:
            made[COLLECTION_FILE] = _write(within(staged, COLLECTION_FILE), collection_text(plan.features))
        output.receive(staged, list(made), extra, force=force)
    return made


def _write(path: str, text: str) -> Packed:
    data = text.encode("utf-8", "surrogateescape")
    with open(path, "wb") as file:
        file.write(data)
    digest = Digest.of(data).hex
    return Packed(len(data), digest, digest)
