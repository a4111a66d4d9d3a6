"""Bodies in JSON: small, whole in time, strict UTF-8, and of the shape that the operation's schema tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator, validators
from starlette.requests import ClientDisconnect

from packaging_targets.adapters.http.call import Call
from packaging_targets.errors import Problem, RequestError, plain, raise_all
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.jsonc import JsoncError
from packaging_targets.formats.plain_json import parse_json, shown

MAX_JSON = 64 << 10
_MAX_DEPTH = 16
MAX_SECONDS = 30.0
# 3600.0 is a whole number to JSON Schema, and none to whoever counts with it.
_CHECKER: Any = validators.extend(  # type: ignore[no-untyped-call]  # its types lack this one
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: _is_whole(value)),
)
_TYPES = {
    "string": "text",
    "object": "an object",
    "array": "a list",
    "integer": "a whole number",
    "boolean": "`true` or `false`",
    "null": "`null`",
}


async def json_body(call: Call, schema: Mapping[str, Any], *, is_needed: bool) -> Any:
    """Return what the body holds, or None where it is empty and may be; raises RefusalError or RequestError."""
    data = await _data(call)
    if not data:
        if is_needed:
            raise RequestError.one("the body is empty, and must be JSON", "", "send what docs/uaaps/http.md shows")
        return None
    kind, _, charset = call.headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    kind = kind.strip()
    if (kind != "application/json" and not kind.endswith("+json")) or ("charset" in charset and "utf-8" not in charset):
        what = "the body must be JSON in UTF-8"
        raise RefusalError.of("UNSUPPORTED_MEDIA_TYPE", what, "", "send Content-Type: application/json")
    try:
        value = parse_json(data, max_bytes=MAX_JSON, max_depth=_MAX_DEPTH).value
    except JsoncError as error:
        raise RequestError.one(f"the body is no JSON: {error}") from None
    raise_all(problems_of(value, schema))
    return value


async def _data(call: Call) -> bytes:
    if call.told_size > MAX_JSON:
        raise _too_large()
    data = bytearray()
    try:
        async with asyncio.timeout(min(call.site.host.settings.body_seconds, MAX_SECONDS)):
            while not call.is_read:
                message = await call.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                data += message["body"]
                if len(data) > MAX_JSON:
                    raise _too_large()
    except TimeoutError:
        raise overdue() from None
    return bytes(data)


def _too_large() -> RefusalError:
    return RefusalError.of("ARCHIVE_TOO_LARGE", f"the body has more than {MAX_JSON:,} bytes, which is the most")


def overdue() -> RefusalError:
    """Return the refusal of a body that did not come in time."""
    return RefusalError.of("REQUEST_TIMEOUT", "the body did not come in time", "", "send it again")


def problems_of(value: Any, schema: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with a value; no text has any of it, since that may be a secret."""
    found = _CHECKER(schema).iter_errors(value)
    return [Problem("", _what(error), field=shown(tuple(error.absolute_path))) for error in found]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _what(error: Any) -> str:
    """Return what a ValidationError says, whose attributes are any JSON."""
    tell = _SAID.get(error.validator, lambda _: "is not of the form that is wanted here")
    return f"{_named(error.absolute_path)} {tell(error)}"


def _named(path: Sequence[str | int]) -> str:
    """Return what a path leads to, for people, to whom a number of an entry says nothing."""
    if not path:
        return "the body"
    if isinstance(path[-1], int):
        return f"each entry of `{path[-2]}`" if len(path) > 1 else "each entry"
    return f"`{path[-1]}`"


def _kinds(error: Any) -> str:
    rule = error.validator_value
    return " or ".join(_TYPES[kind] for kind in ([rule] if isinstance(rule, str) else rule))


def _unknown(error: Any) -> str:
    names = sorted(set(error.instance) - set(error.schema["properties"]))
    return ", ".join(f"`{plain(one[:40])}`" for one in names[:5])


def _listed(names: Any) -> str:
    return ", ".join(f"`{one}`" for one in names)


def _too_long(error: Any) -> str:
    return f"is too long: {error.validator_value:,} is the most"


def _empty(_: Any) -> str:
    return "must not be empty"


_SAID: Mapping[str, Callable[[Any], str]] = {
    "type": lambda error: f"must be {_kinds(error)}",
    "required": lambda error: f"must have {_listed(one for one in error.validator_value if one not in error.instance)}",
    "additionalProperties": lambda error: f"has {_unknown(error)}, which nobody knows here",
    "enum": lambda error: f"must be one of {_listed(error.validator_value)}",
    "maxLength": _too_long,
    "maxItems": _too_long,
    "maxProperties": _too_long,
    "minLength": _empty,
    "minItems": _empty,
    "minimum": lambda error: f"must be at least {error.validator_value:,}",
    "maximum": lambda error: f"must be at most {error.validator_value:,}",
}
