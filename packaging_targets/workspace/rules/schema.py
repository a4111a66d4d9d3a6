"""Checking entries against the schemas of their rules, and saying in a person's words what does not fit.

A rule's `schema.json` describes its own fields; what all rules share is added here. `jsonschema` decides; this
module turns its errors into problems with a file, a line and a fix.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import RequestError, near_miss, without_secret
from packaging_targets.model.glob import compile_glob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema.protocols import Validator

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = re.compile(r"\.\./([\w.+-]+)/schema\.json")
"""A `$ref` of a whole schema to that of a rule beside it."""
_BRANCHES = frozenset({"anyOf", "oneOf", "not", "dependentRequired"})
_LONGEST = 60
_NAMED = re.compile(r":|//[^:]*:")
_STRINGS = {"type": "array", "items": {"type": "string"}}
SHARED: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", "description": "The target's name."},
    "srcs": {
        "type": "array",
        "items": {"type": "string", "format": "glob"},
        "default": [],
        "description": "Globs of source files, relative to the package.",
    },
    "exclude": {**_STRINGS, "default": [], "description": "Globs that are taken out of `srcs`."},
    "deps": {
        "type": "array",
        "items": {"type": "string", "format": "label"},
        "default": [],
        "description": "Labels of targets that this one depends on.",
    },
    "tags": {**_STRINGS, "default": [], "description": "Words to choose targets by."},
    "description": {"type": "string", "description": "For people; it never causes a rebuild."},
}


def full_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule's schema with the fields that all rules share, closed to any other."""
    own: dict[str, Any] = {name: {} if part is True else part for name, part in schema.get("properties", {}).items()}
    properties = {name: _narrowed(shared, own.pop(name, {})) for name, shared in SHARED.items()}
    own = {name: part for name, part in own.items() if part is not False}
    demanded = (name for name, part in properties.items() if part["type"] == "array" and "default" not in part)
    return {
        **schema,
        "$schema": DIALECT,
        "type": "object",
        "properties": {**properties, **own},
        "required": sorted({"name", *schema.get("required", ()), *demanded}),
        "additionalProperties": False,
    }


def _narrowed(shared: Mapping[str, Any], own: Any) -> dict[str, Any]:
    """Return a shared field as a rule narrows it; `false` takes a list away.

    One that must not be empty, and has no default of the rule's, has none at all.
    """
    if own is False:
        return {**shared, "maxItems": 0}
    narrowed = {**shared, **own}
    if "default" not in own and (own.get("minItems") or ("contains" in own and own.get("minContains") != 0)):
        narrowed.pop("default", None)
    if "items" in shared:
        narrowed["items"] = {**shared["items"], **own.get("items", {})}
    return narrowed


def read_schema(rule: str, path: str, where: str) -> dict[str, Any]:
    """Return what the `schema.json` of a rule at `path` holds; `where` is its path for people."""
    try:
        with open(path, "rb") as file:
            schema = json.load(file)
    except FileNotFoundError:
        raise RequestError.one(f"the rule `{rule}` has no schema", where, "describe its fields there") from None
    except json.JSONDecodeError as error:
        what = f"the schema of the rule `{rule}` is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise RequestError.one(what, f"{where}:{error.lineno}") from None
    except (RecursionError, ValueError) as error:
        raise RequestError.one(f"the schema of the rule `{rule}` is not JSON: {error}", where) from None
    if not isinstance(schema, dict):
        fix = 'write { "title": …, "description": …, "properties": { … } }'
        raise RequestError.one(f"the schema of the rule `{rule}` must be a table, but is {shown(schema)}", where, fix)
    return schema


def on_top(schema: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Return `schema` with what `base` has and it does not say itself; what is no schema is told later."""
    own = {name: value for name, value in schema.items() if name != "$ref"}
    both = {**base, **own}
    for name in ("properties", "$defs"):
        if isinstance(base.get(name), dict) and isinstance(own.get(name), dict):
            both[name] = {**base[name], **own[name]}
    if isinstance(base.get("required"), list) and isinstance(own.get("required"), list):
        both["required"] = [*base["required"], *own["required"]]
    return both


class Checker:
    """Checks the entries of one rule, whose schema is sound; `where` is the schema's path for people."""

    def __init__(self, rule: str, schema: Mapping[str, Any], where: str = "schema.json") -> None:
        from jsonschema import Draft202012Validator

        self._rule = rule
        self._where = where
        self.schema = full_schema(schema)
        self._validator: Validator = Draft202012Validator(self.schema)
        properties = self.schema["properties"]
        self._defaults = {name: part["default"] for name, part in properties.items() if "default" in part}
        self._label_fields = [name for name, part in properties.items() if '"label' in json.dumps(part)]
        self._glob_fields = [name for name, part in properties.items() if '"glob"' in json.dumps(part)]

    def problems(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Yield (field path, what, fix) for everything that is wrong with an entry."""
        try:
            errors = list(self._validator.iter_errors(fields))
        except Exception as error:  # what references may lead to is as wide as JSON
            what = f"the schema of the rule `{self._rule}` cannot be used: {type(error).__name__}: {error}"
            raise RequestError.one(what, self._where) from error
        for wrong in errors:
            yield from self._told(wrong, fields)
        excluded = ((glob, f"$.exclude[{place}]") for place, glob in enumerate(fields.get("exclude", ())))
        for glob, path in () if errors else (*self.globs(fields), *excluded):
            if what := bad_glob(glob):
                yield path, f"`{glob}` is no glob: {what}", ""

    def with_defaults(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a valid entry with the schema's defaults filled in, sorted by name."""
        return dict(sorted({**self._defaults, **fields}.items()))

    def labels(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield (field path, text) of every label in the fields of a valid entry."""
        for name in self._label_fields:
            if name in fields:
                field = (self.schema["properties"][name], fields[name], f"$.{name}")
                yield from _texts_of("label", *field)
                # What may be something else is a label where it names a target: a path has no colon.
                yield from (one for one in _texts_of("label-or-other", *field) if _NAMED.match(one[1]))

    def globs(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield (glob, field path) of every glob of sources in a valid entry; a default's path is empty."""
        for name in self._glob_fields:
            value = fields.get(name, self._defaults.get(name))
            for path, glob in _texts_of("glob", self.schema["properties"][name], value, f"$.{name}"):
                yield glob, path if name in fields else ""

    def _told(self, error: Any, fields: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        if error.validator == "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for name in sorted(set(error.instance) - set(known)):
                hint = near_miss(name, known)
                yield f"{path}.{name}", self._unknown(path, name), hint or f"its fields: {', '.join(sorted(known))}"
        elif error.validator == "required":
            for name in error.validator_value:
                if name not in error.instance:
                    shape = example(_table(error.schema.get("properties", {}).get(name)))
                    yield path, f"`{self._subject(path)}` lacks the field `{name}`", f"write {name} = {shape}"
        elif (error.validator, error.validator_value) == ("maxItems", 0):
            yield path, f"`{self._rule}` takes no `{path.removeprefix('$.')}`", "leave it out"
        else:
            yield path, *misfit(error, path, fields)

    def _unknown(self, path: str, name: str) -> str:
        return f"`{self._subject(path)}` has no field `{name}`"

    def _subject(self, path: str) -> str:
        return self._rule if path == "$" else path.removeprefix("$.")


def misfit(error: Any, path: str, fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return (what, fix) of a jsonschema ValidationError, whose attributes are any JSON."""
    name = path.removeprefix("$.")
    value = without_secret(shown(error.instance))
    schema = error.schema
    if error.validator == "enum":
        choices = [str(choice) for choice in schema["enum"]]
        hint = near_miss(str(error.instance), choices)
        return f"`{name}` must be one of {', '.join(map(shown, schema['enum']))}, but is {value}", hint
    if error.validator == "pattern":
        meaning = schema.get("patternMeaning") or f"match {schema['pattern']}"
        return f"`{name}` must {meaning}, but is {value}", ""
    if error.validator == "type":
        top = path.split(".")[1].split("[", maxsplit=1)[0] if "." in path else name
        fix = f"write {top} = {example(schema, error.instance)}" if top == name and top in fields else ""
        return f"`{name}` must be {described(schema)}, but is {value}", fix
    if error.validator in {"minItems", "minLength"} and error.validator_value == 1:
        return f"`{name}` must not be empty", ""
    bound = {"minimum": "at least", "maximum": "at most"}.get(str(error.validator))
    if bound:
        return f"`{name}` must be {bound} {error.validator_value}, but is {value}", ""
    meant = _table(schema).get("description") if error.validator in _BRANCHES else ""
    return f"`{name}` does not fit: {meant or error.message}", ""


def described(schema: Mapping[str, Any]) -> str:
    """Return what a schema asks for, in words: `a list of strings`."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(described({**schema, "type": one}) for one in kind)
    if kind == "array":
        items = _table(schema.get("items")).get("type")
        return f"a list of {items if isinstance(items, str) else 'value'}s"
    if kind == "object":
        values = schema.get("additionalProperties")
        return "a table of strings" if isinstance(values, dict) and values.get("type") == "string" else "a table"
    return {"string": "a string", "integer": "a whole number", "boolean": "true or false", "number": "a number"}.get(
        str(kind), "something else"
    )


def example(schema: Mapping[str, Any], value: Any = None) -> str:
    """Return TOML that fits a schema, made of `value` where that is close."""
    kind = schema.get("type")
    if kind == "array":
        if not isinstance(value, str):
            return '["…"]'
        # Where items mean nothing in particular, spaces are between the words of a command.
        return shown([value] if "format" in _table(schema.get("items")) else value.split() or [value])
    if kind == "object":
        return '{ key = "…" }'
    if kind == "integer":
        return str(value) if isinstance(value, str) and value.isdigit() else "1"
    if kind == "boolean":
        return str(value).lower() if str(value).lower() in {"true", "false"} else "true"
    return shown(str(value)) if isinstance(value, int | float) else '"…"'


def shown(value: Any) -> str:
    """Return a TOML-like form of a value, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"


def bad_glob(glob: str) -> str:
    """Return what is wrong with a glob, or an empty text."""
    try:
        compile_glob(glob)
    except ValueError as error:
        return str(error)
    return ""


def _texts_of(form: str, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield (field path, text) of every text in a value whose format is `form`."""
    if isinstance(value, str):
        if schema.get("format") == form:
            yield path, value
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts_of(form, _table(schema.get("items")), item, f"{path}[{place}]")
    elif isinstance(value, dict):
        named = schema.get("properties", {})
        for key, item in value.items():
            inner = _table(named.get(key, schema.get("additionalProperties")))
            yield from _texts_of(form, inner, item, f"{path}.{key}")


def _table(part: Any) -> Mapping[str, Any]:
    """Return a schema as a table: `true` and `false` are schemas too, and say nothing of a value's form."""
    return part if isinstance(part, dict) else {}


def combined_schema(schemas: Iterable[tuple[str, Mapping[str, Any]]], workspace: Mapping[str, Any]) -> dict[str, Any]:
    """Return one JSON Schema for target files, for editors to complete by."""
    definitions = {name: full_schema(schema) for name, schema in schemas}
    for definition in definitions.values():
        definition.pop("$schema")
        definition.pop("$id", None)
    return {
        "$schema": DIALECT,
        "title": "TARGETS.toml",
        "type": "object",
        "properties": {
            "workspace": workspace,
            **{name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}} for name in definitions},
        },
        "additionalProperties": False,
        "$defs": definitions,
    }
