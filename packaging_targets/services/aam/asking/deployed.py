"""What of deployed bundles is not as they brought it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging_targets.errors import PackagingError, Problem, legible
from packaging_targets.formats.aam.bundle.shared.documents import lacking
from packaging_targets.formats.aam.bundle.shared.instructions import digest_of, parts_of
from packaging_targets.services.aam.installing.deploying.leaving import members_known, parts_known
from packaging_targets.services.aam.installing.deploying.records import Record
from packaging_targets.services.aam.installing.deploying.standing import Standing
from packaging_targets.services.aam.installing.project import Project

_AGAIN = "deploy the bundle again, with --force"


def differing(project: Project) -> Iterator[Problem]:
    """Yield which files, parts and members that bundles brought are gone, or are as none of them brought them."""
    standing = Standing(project)
    records = list(standing.records.values())
    for (name, _), record in sorted(standing.records.items()):
        for path in record.files:
            found = standing.digest(path)
            if found not in {one.files.get(path) for one in records}:
                what = f"the file is {'changed' if found else 'gone'} that the bundle of `{name}` brought"
                yield Problem(legible(path), what, _AGAIN)
        try:
            shared = [*_parts(standing, record, records), *_members(standing, record, records)]
        except PackagingError as error:
            yield from error.problems
        else:
            for path, what in shared:
                told = f"`{what}` is changed or gone, which the bundle of `{name}` brought"
                yield Problem(legible(path), told, _AGAIN)


def _parts(standing: Standing, record: Record, records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    for path, parts in record.parts.items():
        there, known = parts_of(standing.text(path) or ""), parts_known(standing, path, records)
        yield from ((path, mark) for mark in parts if digest_of(there.get(mark, "")) not in known[mark])


def _members(standing: Standing, record: Record, records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    for path, added in record.members.items():
        value, known = standing.document(path, []), members_known(path, records)
        missing = set(lacking(value, added))
        there = {".".join(one.path) for one in known if not one.is_item and not lacking(value, [one])}
        yield from ((path, name) for name in sorted(missing - there))
