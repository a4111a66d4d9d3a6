"""Lists of a registry's desk, which come in parts: all of them, as long as they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packaging_targets.errors import RegistryError
from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.aam.http.answers import MAX_PAGE
from packaging_targets.registry.aam.http.desk.values import entries_of
from packaging_targets.registry.http.messages import Request

_PART = "200"
_MAX_PARTS = 500


def listed(session: Session, name: str, **query: str) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of the list at `/NAME`, as they came; raises RegistryError where it does not end."""
    cursor = ""
    for _ in range(_MAX_PARTS):
        url = session.address.to(name, **query, limit=_PART, cursor=cursor)
        answer = session.done(Request("GET", url, limit=MAX_PAGE))
        found, cursor = entries_of(answer.body, session.address.url, name)
        yield from found
        if not cursor:
            return
    what = f"the list of {name} has not ended after {_MAX_PARTS:,} parts"
    raise RegistryError.one(what, session.address.url, "tell whoever runs the registry")
