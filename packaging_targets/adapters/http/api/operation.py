"""An operation of the API: how it is asked for, what it answers, and the function that does it.

Routes, the checks of what comes in, and the OpenAPI document are all made from these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.types import ASGIApp

from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.negotiation import JSON, OURS

Schema = Mapping[str, Any]
Act = Callable[[Call], Awaitable[ASGIApp]]
Who = Literal["anybody", "readers", "people"]
DOCUMENTS = (OURS, JSON)
PLAIN = (JSON,)
SENT = ("REQUEST_TIMEOUT", "ARCHIVE_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")  # what a body in JSON may be refused for


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query, or of the path; all of the query may be left out."""

    name: str
    about: str
    schema: Schema
    example: Any = None


@dataclass(frozen=True, slots=True)
class Body:
    """A body in JSON, of the shape of a schema."""

    schema: Schema
    example: Any
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is no refusal; `schema` is the name of one of the document's, or empty for what is no JSON."""

    status: int
    about: str
    schema: str = ""
    example: Any = None
    types: tuple[str, ...] = DOCUMENTS
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation. `refusals` are the codes that it has besides those that all have.

    `who` may ask: anybody, with no word about credentials; readers, who see more with credentials; or people who
    have some.
    """

    method: str
    path: str
    name: str
    about: str
    act: Act
    replies: tuple[Reply, ...]
    group: str
    who: Who = "readers"
    refusals: tuple[str, ...] = ()
    queries: tuple[Parameter, ...] = ()
    body: Body | None = None
    is_upload: bool = False


def object_of(needed: tuple[str, ...] = (), **members: Schema) -> Schema:
    """Return the schema of an object that has these members and no others."""
    schema: dict[str, Any] = {"type": "object", "properties": members, "additionalProperties": False}
    return schema | ({"required": list(needed)} if needed else {})
