"""All operations of the API: the one table that routes and the OpenAPI document are made from."""

from __future__ import annotations

from packaging_targets.adapters.http.api.groups import (
    about,
    approving,
    archives,
    changing,
    credentials,
    publishers,
    publishing,
    reading,
)
from packaging_targets.adapters.http.api.operation import Operation

# Routes are looked through in this order: what is asked for most comes first.
OPERATIONS: tuple[Operation, ...] = (
    *reading.OPERATIONS,
    *archives.OPERATIONS,
    *publishing.OPERATIONS,
    *changing.OPERATIONS,
    *approving.OPERATIONS,
    *credentials.OPERATIONS,
    *publishers.OPERATIONS,
    *about.OPERATIONS,
)
