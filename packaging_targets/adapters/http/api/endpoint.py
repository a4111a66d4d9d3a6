"""An operation as a route of Starlette's calls it: who asks, how often, for what; then it is done."""

from __future__ import annotations

from typing import Any

from starlette.types import Receive, Scope, Send

from packaging_targets.adapters.http.api.operation import Body, Operation, Schema
from packaging_targets.adapters.http.bodies.json_body import json_body, problems_of
from packaging_targets.adapters.http.call import CALL, Call
from packaging_targets.adapters.http.identifying import identify, query_of
from packaging_targets.adapters.http.limits import counted_as
from packaging_targets.errors import Problem, RequestError, raise_all

_READING = frozenset({"GET", "HEAD"})
_MAX_DIGITS = 9


class Endpoint:
    """An operation as a route."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks for what, count it, and answer."""
        call: Call = scope[CALL]
        operation = self.operation
        call.operation = operation.name
        call.parameters = scope["path_params"]
        if scope["query_string"] or operation.queries:
            call.query = _query(call, operation)
        if operation.who != "anybody":
            if b"authorization" in call.headers:
                await identify(call)
            who = call.who.token or call.who.person or counted_as(call.address)
            call.site.rates.count("read" if scope["method"] in _READING else "write", who)
        answer = await operation.act(call)
        await answer(scope, receive, send)


async def body_of(call: Call, body: Body) -> Any:
    """Return what was sent, which is of the body's shape; None for nothing, where that may be."""
    return await json_body(call, body.schema, is_needed=body.is_needed)


def _query(call: Call, operation: Operation) -> dict[str, Any]:
    known = {one.name: one for one in operation.queries}
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text in query_of(call):
        if name not in known:
            continue
        if name in found:
            problems.append(Problem("", f"`{name}` stands twice in the query"))
            continue
        value = found[name] = _value(text, known[name].schema)
        told = (one.what.replace("the body", f"`{name}`") for one in problems_of(value, known[name].schema))
        problems += (Problem("", what, field=name) for what in told)
    raise_all(problems, RequestError)
    return found


def _value(text: str, schema: Schema) -> Any:
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    return int(text) if schema.get("type") == "integer" and is_number else text
