"""Checking entries against the schemas of their rules, and saying in a person's words what does not fit.

A rule's `schema.json` describes its own fields; what all rules share is added here. `jsonschema` decides; this
module turns its errors into problems with a file, a line and a fix.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import RequestError, near_miss
from packaging_targets.model.glob import compile_glob, match_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema.protocols import Validator

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LONGEST = 60
_STRINGS = {"type": "array", "items": {"type": "string"}}
SHARED: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", "description": "The target's name."},
    "srcs": {**_STRINGS, "description": "Globs of source files, relative to the package."},
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
    own: dict[str, Any] = dict(schema.get("properties", {}))
    properties = {name: {**shared, **own.pop(name, {})} for name, shared in SHARED.items()}
    properties["srcs"].setdefault("default", [])
    return {
        **schema,
        "$schema": DIALECT,
        "type": "object",
        "properties": {**properties, **own},
        "required": sorted({"name", *schema.get("required", ())}),
        "additionalProperties": False,
    }


class Checker:
    """Checks the entries of one rule."""

    def __init__(self, rule: str, schema: Mapping[str, Any]) -> None:
        from jsonschema import Draft202012Validator

        self._rule = rule
        try:
            self.schema = full_schema(schema)
            self._validator: Validator = Draft202012Validator(self.schema)
            properties = self.schema["properties"]
            self._defaults = {name: part["default"] for name, part in properties.items() if "default" in part}
            self._label_fields = [name for name, part in properties.items() if '"label"' in json.dumps(part)]
            match_any([*self._defaults["srcs"], *self._defaults["exclude"]])
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._unsound(schema, error) from error

    def problems(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Yield (field path, what, fix) for everything that is wrong with an entry."""
        try:
            errors = list(self._validator.iter_errors(fields))
        except Exception as error:  # what a schema may hold is as wide as JSON
            raise self._unsound(self.schema, error) from error
        for wrong in errors:
            yield from self._told(wrong, fields)
        for name in ("srcs", "exclude"):
            for place, glob in enumerate(fields.get(name, ())):
                if not errors and (what := _bad_glob(glob)):
                    yield f"$.{name}[{place}]", f"`{glob}` is no glob: {what}", ""

    def with_defaults(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a valid entry with the schema's defaults filled in, sorted by name."""
        return dict(sorted({**self._defaults, **fields}.items()))

    def labels(self, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield (field path, text) of every label in the fields of a valid entry."""
        for name in self._label_fields:
            if name in fields:
                yield from _labels(self.schema["properties"][name], fields[name], f"$.{name}")

    def _unsound(self, schema: Mapping[str, Any], error: Exception) -> RequestError:
        """Return what is wrong with the rule's schema, which only shows when it is used."""
        from jsonschema import Draft202012Validator, SchemaError

        what = str(error).split("\n", 1)[0]
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as found:
            what = f"{found.json_path}: {found.message}"
        problem = f"the schema of the rule `{self._rule}` is no schema of fields: {what}"
        return RequestError.one(problem, f"{self._rule}/schema.json", "see rules/README.md for what it holds")

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
                    shape = example(error.schema.get("properties", {}).get(name, {}))
                    yield path, f"`{self._subject(path)}` lacks the field `{name}`", f"write {name} = {shape}"
        else:
            yield path, *_misfit(error, path, fields)

    def _unknown(self, path: str, name: str) -> str:
        return f"`{self._subject(path)}` has no field `{name}`"

    def _subject(self, path: str) -> str:
        return self._rule if path == "$" else path.removeprefix("$.")


def _misfit(error: Any, path: str, fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return (what, fix) of a jsonschema ValidationError, whose attributes are any JSON."""
    name = path.removeprefix("$.")
    value = shown(error.instance)
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
    bound = {"minimum": "at least", "maximum": "at most"}.get(str(error.validator))
    if bound:
        return f"`{name}` must be {bound} {error.validator_value}, but is {value}", ""
    if schema.get("description") and error.validator in {"anyOf", "oneOf", "not", "dependentRequired"}:
        return f"`{name}` does not fit: {schema['description']}", ""
    return f"`{name}` does not fit: {error.message}", ""


def described(schema: Mapping[str, Any]) -> str:
    """Return what a schema asks for, in words: `a list of strings`."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(described({**schema, "type": one}) for one in kind)
    if kind == "array":
        items = schema.get("items", {}).get("type", "value")
        return f"a list of {'strings' if items == 'string' else f'{items}s'}"
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
        return f"[{shown(value)}]" if isinstance(value, str) else '["…"]'
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


def _bad_glob(glob: str) -> str:
    try:
        compile_glob(glob)
    except ValueError as error:
        return str(error)
    return ""


def _labels(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if schema.get("format") == "label":
            yield path, value
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _labels(schema.get("items", {}), item, f"{path}[{place}]")
    elif isinstance(value, dict):
        named = schema.get("properties", {})
        for key, item in value.items():
            rest = schema.get("additionalProperties", {})
            yield from _labels(named.get(key, rest if isinstance(rest, dict) else {}), item, f"{path}.{key}")


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
