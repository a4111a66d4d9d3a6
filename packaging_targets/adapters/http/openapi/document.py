"""The OpenAPI 3.1 document of the API, made from the table of its operations."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from packaging_targets import __version__
from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.operation import PLAIN, Operation, Parameter, Reply
from packaging_targets.adapters.http.api.queries import PATHS
from packaging_targets.adapters.http.bodies.uploads import TYPES
from packaging_targets.adapters.http.openapi.schemas import SCHEMAS, ref
from packaging_targets.formats.aam.refusals import CODES
from packaging_targets.registry.aam.served.holdings import Document

_ABOUT = """The registry of agent packages, as docs/uaaps/http.md tells.

A scoped name stands in a path as `@scope/name` or `@scope%2Fname`. Errors have codes of a closed list (`GET /errors`).
Every answer has `X-Request-Id`. Who may not see a package is told that there is none."""
# A name with dots between its slashes makes another path, which may not know the method.
_ALL = (
    "BAD_REQUEST",
    "UNAUTHORIZED",
    "METHOD_NOT_ALLOWED",
    "NOT_ACCEPTABLE",
    "RATE_LIMITED",
    "INTERNAL_ERROR",
    "REGISTRY_UNAVAILABLE",
)
_ANYBODY = ("BAD_REQUEST", "INTERNAL_ERROR", "REGISTRY_UNAVAILABLE")
_IN_PATH = re.compile(r"\{(\w+)\}")
_BYTES = {"type": "string", "contentMediaType": "application/octet-stream"}
_BUNDLE = {"type": "string", "description": "A Sigstore bundle, as JSON."}
_HEADERS = {
    "Location": "Where it is now.",
    "Link": 'The next part, as `<…>; rel="next"`.',
    "X-Total-Count": "How many entries all parts have.",
    "Accept-Ranges": "`bytes`.",
    "Content-Range": "Which part it is.",
    "Content-Disposition": "What to call it.",
    "ETag": "The entity tag, for `If-None-Match`.",
    "WWW-Authenticate": "How to say who one is.",
    "Retry-After": "How many seconds to wait.",
}
_BY_STATUS = {401: ("WWW-Authenticate",), 416: ("Content-Range",), 429: ("Retry-After",), 503: ("Retry-After",)}


def document_of(operations: Iterable[Operation], url: str = "") -> Document:
    """Return the document as it is served; `url` is the registry's own, or empty."""
    data = json.dumps(document_value(operations, url), ensure_ascii=False, indent=2).encode() + b"\n"
    return Document(data, hashlib.sha256(data).hexdigest())


def document_value(operations: Iterable[Operation], url: str = "") -> dict[str, Any]:
    """Return the document as a value."""
    paths: dict[str, dict[str, Any]] = {}
    refusals: dict[str, Any] = {}
    for one in operations:
        known = paths.setdefault(one.path, _path(one.path))
        known[one.method.lower()] = _operation(one, refusals)
    return {
        "openapi": "3.1.0",
        "info": {"title": "UAAPS registry", "version": __version__, "description": _ABOUT},
        "servers": [{"url": url.rstrip("/") or "/"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "responses": dict(sorted(refusals.items())),
            "examples": {code: {"value": examples.error(code)} for code in CODES},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token: `aam_…`."},
                "basic": {"type": "http", "scheme": "basic", "description": "A name and a password; not recommended."},
            },
        },
    }


def _path(path: str) -> dict[str, Any]:
    names = _IN_PATH.findall(path)
    return {"parameters": [_parameter(PATHS[name], "path") for name in names]} if names else {}


def _parameter(one: Parameter, place: str) -> dict[str, Any]:
    value = {"name": one.name, "in": place, "required": place == "path", "description": one.about, "schema": one.schema}
    return value | ({"example": one.example} if one.example is not None else {})


def _operation(one: Operation, refusals: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {"operationId": one.name, "summary": one.about, "tags": [one.group]}
    if one.queries:
        value["parameters"] = [_parameter(query, "query") for query in one.queries]
    if one.is_upload:
        value["requestBody"] = _upload()
    elif one.body is not None:
        content = {"application/json": {"schema": one.body.schema, "example": one.body.example}}
        value["requestBody"] = {"required": one.body.is_needed, "content": content}
    value["responses"] = {str(status): answer for status, answer in sorted(_answers(one, refusals).items())}
    both: list[dict[str, list[str]]] = [{"token": []}, {"basic": []}]
    value["security"] = {"anybody": [], "readers": [{}, *both], "people": both}[one.who]
    return value


def _answers(one: Operation, refusals: dict[str, Any]) -> dict[int, Any]:
    """Return what is answered, by status; answers that several operations may have are added to `refusals`."""
    found = {reply.status: _reply(reply) for reply in one.replies}
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*(_ANYBODY if one.who == "anybody" else _ALL), *one.refusals)):
        by_status.setdefault(CODES[code][0], []).append(code)
    for status, codes in by_status.items():
        name = "_".join(codes)
        refusals[name] = _refusal(status, codes)
        found[status] = {"$ref": f"#/components/responses/{name}"}
    return found


def _reply(reply: Reply) -> dict[str, Any]:
    is_kept = reply.status in {200, 206, 304} and reply.types != PLAIN
    value: dict[str, Any] = {"description": reply.about}
    names = (*reply.headers, *(("ETag",) if is_kept else ()))
    if names:
        value["headers"] = _headers(names)
    if reply.status in {303, 304}:
        return value
    schema = ref(reply.schema) if reply.schema else _BYTES
    content: dict[str, Any] = {"schema": schema}
    if reply.example is not None:
        content["example"] = reply.example
    return value | {"content": dict.fromkeys(reply.types, content)}


def _refusal(status: int, codes: Iterable[str]) -> dict[str, Any]:
    told = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    about = " ".join(f"`{code}`: {CODES[code][1]}" for code in codes)
    value: dict[str, Any] = {
        "description": about,
        "content": {"application/json": {"schema": ref("Error"), "examples": told}},
    }
    return value | ({"headers": _headers(_BY_STATUS[status])} if status in _BY_STATUS else {})


def _headers(names: Iterable[str]) -> Mapping[str, Any]:
    return {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}


def _upload() -> dict[str, Any]:
    form = {
        "type": "object",
        "properties": {
            "archive": _BYTES,
            "signature": _BUNDLE,
        },
        "required": ["archive"],
        "additionalProperties": False,
    }
    content: dict[str, Any] = {kind: {"schema": _BYTES} for kind in TYPES}
    encoding = {"archive": {"contentType": TYPES[0]}, "signature": {"contentType": "application/json"}}
    content["multipart/form-data"] = {"schema": form, "encoding": encoding}
    return {"required": True, "content": content}
