"""Changes of what is published: tags, yanks, deprecations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.endpoint import body_of
from packaging_targets.adapters.http.api.operation import SENT, Act, Body, Operation, Reply, object_of
from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.answers import Answer, done
from packaging_targets.formats.aam.documents.meta import metadata_bytes
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.services.aam.hosting import changing

_TEXT = {"type": "string", "maxLength": 4000}
_VERSION = {"type": "string", "minLength": 1, "maxLength": 256}
REASON = Body(object_of(reason=_TEXT), {"reason": "leaks its prompt"}, is_needed=False)
_MESSAGE = Body(object_of(("message",), message=_TEXT), {"message": "use @acme/review2"})
_LEADS = Body({"anyOf": [object_of(("version",), version=_VERSION), _VERSION]}, {"version": "1.2.0"})
_REFUSALS = ("FORBIDDEN", "PACKAGE_NOT_FOUND", "VERSION_NOT_FOUND", "CONFLICT")
_PACKAGE = Reply(200, "The package, as it is now.", "Package", examples.PACKAGE)
_TAGS = Reply(200, "The tags, as they are now.", "Tags", examples.TAGS)


async def set_tag(call: Call) -> ASGIApp:
    """Let a tag lead to a version."""
    name, tag = call.name, call.parameters["tag"]
    sent = await body_of(call, _LEADS)
    version = sent if isinstance(sent, str) else sent["version"]
    metadata = await call.site.in_thread(changing.set_tag, call.site.host, call.who, name, tag, version)
    return done(dict(metadata.tags), call.headers)


async def remove_tag(call: Call) -> ASGIApp:
    """Take a tag away."""
    name, tag = call.name, call.parameters["tag"]
    metadata = await call.site.in_thread(changing.remove_tag, call.site.host, call.who, name, tag)
    return done(dict(metadata.tags), call.headers)


async def yank(call: Call) -> ASGIApp:
    """Hide a version."""
    name = call.name
    sent: dict[str, Any] = await body_of(call, REASON) or {}
    return await _changed(call, changing.yank, name, call.parameters["version"], sent.get("reason", ""))


async def unyank(call: Call) -> ASGIApp:
    """Show a version again."""
    return await _changed(call, changing.unyank, call.name, call.parameters["version"])


async def deprecate(call: Call) -> ASGIApp:
    """Warn those who install a version, or any version of a package."""
    name = call.name
    sent = await body_of(call, _MESSAGE)
    return await _changed(call, changing.deprecate, name, call.parameters.get("version", ""), sent["message"])


async def _changed(call: Call, change: Callable[..., PackageMetadata], *given: Any) -> Answer:
    metadata = await call.site.in_thread(change, call.site.host, call.who, *given)
    answer = done(None, call.headers)
    answer.body = metadata_bytes(metadata)
    return answer


def _operation(method: str, path: str, name: str, about: str, act: Act, *, body: Body | None = None) -> Operation:
    is_tag = "{tag}" in path
    refusals = (*_REFUSALS, *(("TAG_NOT_FOUND",) if is_tag else ()), *(SENT if body else ()))
    reply, group = (_TAGS, "tags") if is_tag else (_PACKAGE, "changes")
    return Operation(method, path, name, about, act, (reply,), group, "people", refusals, body=body)


_VERSION_PATH = "/packages/{name}/{version}"
OPERATIONS = (
    _operation(
        "PUT", "/packages/{name}/dist-tags/{tag}", "setTag", "Let a tag lead to a version", set_tag, body=_LEADS
    ),
    _operation("DELETE", "/packages/{name}/dist-tags/{tag}", "removeTag", "Take a tag away", remove_tag),
    _operation(
        "PUT",
        "/packages/{name}/deprecation",
        "deprecatePackage",
        "Warn those who install any version; an empty message takes it back",
        deprecate,
        body=_MESSAGE,
    ),
    _operation(
        "DELETE", _VERSION_PATH, "unpublish", "Hide a version: what is published is never deleted", yank, body=REASON
    ),
    _operation("PUT", f"{_VERSION_PATH}/yank", "yank", "Hide a version from new installs", yank, body=REASON),
    _operation("DELETE", f"{_VERSION_PATH}/yank", "unyank", "Show a hidden version again", unyank),
    _operation(
        "PUT",
        f"{_VERSION_PATH}/deprecation",
        "deprecate",
        "Warn those who install a version; an empty message takes it back",
        deprecate,
        body=_MESSAGE,
    ),
)
