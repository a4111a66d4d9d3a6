"""Checking and packing many features on all cores."""

from __future__ import annotations

import hashlib
import os
from dataclasses import astuple, dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeVar

from packaging_targets.errors import PackagingError, Problem
from packaging_targets.formats.archive.compress import compressor
from packaging_targets.formats.archive.members import changed
from packaging_targets.formats.archive.tar import write_tar
from packaging_targets.formats.feature.checks import Checked, Feature, check_feature
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.services.features.folders import unreadable, within
from packaging_targets.store.states import open_regular
from packaging_targets.store.sweep import signature_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from packaging_targets.services.features.folders import Listing

T = TypeVar("T")

LEVEL = 6
_PARALLEL = 2 << 20  # bytes of work below which a fork costs more than it saves
_PER_FEATURE = 20_000  # bytes whose packing takes as long as what a feature takes besides


class Packed(NamedTuple):
    """An archive: its size in bytes, its SHA-256, and that of the tar in it, both hexadecimal."""

    size: int
    sha256: str
    tar_sha256: str


@dataclass(frozen=True, slots=True)
class _Disk:
    """The files of one listing as formats read them."""

    listing: Listing

    def info(self, path: str) -> SourceInfo:
        file = self.listing.files[self._name(path)]
        return SourceInfo(file.size, file.executable, file.link)

    def open(self, path: str) -> BinaryIO:
        try:
            return open(path, "rb", buffering=0, opener=open_regular)
        except OSError as error:
            raise PackagingError(unreadable(path, error)) from error

    def _name(self, path: str) -> str:
        return path[len(self.listing.path) + 1 :] if self.listing.path else path


class _Counted:
    """A file whose size and digest are known when it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self._file.write(data)
        self.digest.update(data)
        self.size += len(data)


def check_all(listings: Sequence[Listing], *, collection: bool, naming: str) -> list[Checked]:
    """Check every folder, on all cores where that pays; the results are in the same order."""

    def check(listing: Listing) -> Any:
        return checked_to_json(_check(listing, collection=collection, naming=naming))

    rows = _spread(check, listings, [listing.size for listing in listings])
    return [checked_from_json(row, listing) for row, listing in zip(rows, listings, strict=True)]


def pack_all(work: Sequence[tuple[Feature, Listing]], folder: str) -> list[Packed]:
    """Pack every feature into `folder`, on all cores where that pays; the results are in the same order.

    Raises PackagingError for a file that cannot be read, or is not what it was when its folder was listed.
    """

    def pack(one: tuple[Feature, Listing]) -> Any:
        return _pack(*one, within(folder, one[0].archive))

    return [Packed(*row) for row in _spread(pack, work, [listing.size for _, listing in work])]


def _check(listing: Listing, *, collection: bool, naming: str) -> Checked:
    """Check a folder; what was wrong when it was listed comes first."""
    try:
        found = check_feature(listing.folder, collection=collection, naming=naming)
    except PackagingError as error:  # a file cannot be read
        found = Checked(None, error.problems)
    return Checked(found.feature, (*listing.errors, *found.errors), (*listing.warnings, *found.warnings))


def _pack(feature: Feature, listing: Listing, place: str) -> Packed:
    plain = hashlib.sha256()
    with open(place, "wb") as file:
        out = _Counted(file)
        with compressor("gzip", out, LEVEL, digest=plain) as stream:
            write_tar(stream, feature.manifest(), _Disk(listing), root=True)
    _demand_unchanged(listing)
    return Packed(out.size, out.digest.hexdigest(), plain.hexdigest())


def _demand_unchanged(listing: Listing) -> None:
    """Raise PackagingError for files that are not what they were when they were checked."""
    for name, file in listing.files.items():
        path = within(listing.path, name)
        if signature_of(path) != file.signature:
            raise changed(path)


def _spread(work: Callable[[T], Any], items: Sequence[T], sizes: Sequence[int]) -> list[Any]:
    """Do `work` to every item, whose results are JSON values, in as many processes as pay."""
    if sum(sizes) + _PER_FEATURE * len(items) < _PARALLEL:
        return [work(item) for item in items]
    # The largest first: every process gets about as much.
    order = sorted(range(len(items)), key=lambda place: -sizes[place])
    results = spread(work, [items[place] for place in order], os.cpu_count() or 1)
    return [result for _, result in sorted(zip(order, results, strict=True), key=itemgetter(0))]


def checked_to_json(checked: Checked) -> dict[str, Any]:
    """Return what a folder came to as a JSON value, without its files."""
    feature = checked.feature
    return {
        "feature": feature and [feature.id, feature.version, feature.archive, feature.metadata],
        "errors": _rows(checked.errors),
        "warnings": _rows(checked.warnings),
    }


def checked_from_json(value: dict[str, Any], listing: Listing) -> Checked:
    """Return what `checked_to_json` described, of the folder that it came from."""
    feature = value["feature"] and Feature(listing.folder, *value["feature"])
    errors, warnings = (tuple(Problem(*row) for row in value[name]) for name in ("errors", "warnings"))
    return Checked(feature, errors, warnings)


def _rows(problems: Iterable[Problem]) -> list[list[str]]:
    return [list(astuple(problem)) for problem in problems]
