"""Lists that come in parts: the part that is asked for, and where the next one is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.types import ASGIApp

from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.answers import done
from packaging_targets.registry.aam.desk.listing import Part

Headers = list[tuple[bytes, bytes]]
_Entry = TypeVar("_Entry")


async def list_answered(
    call: Call, act: Callable[..., Part[_Entry]], name: str, value_of: Callable[[_Entry], dict[str, Any]], *wanted: str
) -> ASGIApp:
    """Answer with the part of a list that is asked for, under its name.

    `act` gets the host, who asks, and as `after` and `limit` which part it is; the parameters of the query that are
    called as in `wanted` it gets by these names, empty where they are not there.
    """
    asked = call.query
    chosen = {one: asked.get(one, "") for one in wanted}
    act = partial(act, after=asked.get("cursor", ""), limit=asked.get("limit", 50), **chosen)
    part = await call.site.in_thread(act, call.site.host, call.who)
    value, headers = listed(call, name, part, value_of)
    return done(value, call.headers, more=headers)


def listed(
    call: Call, name: str, part: Any, value_of: Callable[[_Entry], dict[str, Any]]
) -> tuple[dict[str, Any], Headers]:
    """Return a part of a list under its name, and the headers that tell of the next one.

    `part` has `entries`, `next` and `total`, as parts of all lists have.
    """
    value = {name: [value_of(one) for one in part.entries], "next": part.next or None, "total": part.total}
    headers: Headers = [(b"x-total-count", b"%d" % part.total)]
    if part.next:
        query = urlencode({**call.query, "cursor": part.next})
        headers.append((b"link", f'<{call.site.base}{call.scope["path"]}?{query}>; rel="next"'.encode()))
    return value, headers
