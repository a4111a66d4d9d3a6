"""What the fields of each kind of artifact must be. One table a kind; `schemas/` says the same for others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from packaging_targets.errors import Problem, RequestError, near_miss
from packaging_targets.formats.aam.artifacts.front_matter import Document
from packaging_targets.formats.aam.artifacts.values import MODES

MAX_NAME = 64
MAX_DESCRIPTION = 1024
MAX_COMPATIBILITY = 500

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Shape(NamedTuple):
    """What a field must be: `what` ends the sentence `must be …`."""

    what: str
    fits: Callable[[Any], bool]


class Kind(NamedTuple):
    """A kind of artifact: what it is called, the shapes of its fields, and which of them it needs."""

    name: str
    fields: Mapping[str, Shape]
    needed: tuple[str, ...]


class Found:
    """What was found wrong so far."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def error(self, where: str, what: str, fix: str = "") -> None:
        """Add an error."""
        self.errors.append(Problem(where, what, fix))

    def warning(self, where: str, what: str, fix: str = "") -> None:
        """Add a warning."""
        self.warnings.append(Problem(where, what, fix))

    def attempt(self, read: Callable[[], Document]) -> Document | None:
        """Return what is read, or None, with what was wrong among the errors."""
        try:
            return read()
        except RequestError as error:
            if any(not problem.where for problem in error.problems):
                raise  # it is not about a file: PyYAML is missing
            self.errors += error.problems
            return None


def is_text(value: Any) -> bool:
    """Tell whether a value is a text."""
    return isinstance(value, str)


def is_texts(value: Any) -> bool:
    """Tell whether a value is a list of texts."""
    return isinstance(value, list) and all(map(is_text, value))


def _is_compatibility(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= MAX_COMPATIBILITY
    return isinstance(value, dict) and all(is_text(one) or is_texts(one) for one in value.values())


def _is_apply(value: Any) -> bool:
    return isinstance(value, dict) and all((is_text(value.get("mode", "")), _is_globs(value.get("globs", ""))))


def _is_globs(value: Any) -> bool:
    return is_text(value) or is_texts(value)


def _is_platforms(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, dict) for one in value.values())


def _is_variables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and is_text(one.get("name")) for one in value)


TEXT = Shape("a text", is_text)
TEXTS = Shape("a list of texts", is_texts)
TABLE = Shape("a table", lambda value: isinstance(value, dict))
FLAG = Shape("true or false", lambda value: isinstance(value, bool))
ANY = Shape("a value", lambda _: True)
GLOBS = Shape("a glob or a list of globs", _is_globs)
DESCRIPTION = Shape(
    f"a text of 1 to {MAX_DESCRIPTION:,} characters",
    lambda value: isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_DESCRIPTION,
)

STANDARD = {
    "name": TEXT,
    "description": DESCRIPTION,
    "license": TEXT,
    "compatibility": Shape(f"a text of 1 to {MAX_COMPATIBILITY} characters, or a table of texts", _is_compatibility),
    "metadata": TABLE,
    "allowed-tools": Shape("a text or a list of texts", _is_globs),
}
"""What a skill may say by the Agent Skills standard."""

CLAUDE_CODE = {
    "agent": TEXT,
    "argument-hint": ANY,
    "arguments": ANY,
    "context": TEXT,
    "disable-model-invocation": FLAG,
    "effort": ANY,
    "hooks": TABLE,
    "model": TEXT,
    "paths": ANY,
    "shell": TEXT,
    "user-invocable": FLAG,
    "when_to_use": TEXT,
}
"""What Claude Code alone understands in a skill."""

SKILL = Kind("skill", {**STANDARD, **CLAUDE_CODE}, ("name", "description"))
COMMAND = Kind(
    "command",
    {
        "name": TEXT,
        "description": DESCRIPTION,
        "variables": Shape("a list of tables, each with a `name`", _is_variables),
        "allowed-tools": STANDARD["allowed-tools"],
        "argument-hint": ANY,
        "model": TEXT,
    },
    (),
)
AGENT = Kind(
    "agent",
    {
        "name": TEXT,
        "description": DESCRIPTION,
        "version": ANY,
        "system_prompt": TEXT,
        "skills": TEXTS,
        "commands": TEXTS,
        "tools": TEXTS,
        "parameters": TABLE,
        "capabilities": TEXTS,
    },
    ("name", "description"),
)
OLDER_AGENT = AGENT._replace(needed=("description",))
"""An agent in one Markdown file."""

PROMPT = Kind("system prompt", {"description": DESCRIPTION, "capabilities": TEXTS}, ())
RULE = Kind(
    "rule",
    {
        "name": TEXT,
        "version": ANY,
        "description": DESCRIPTION,
        "apply": Shape("a table with `mode` and `globs`", _is_apply),
        "agents": Shape("a table of tables", _is_platforms),
        "refs": TEXTS,
        "globs": GLOBS,
        "alwaysApply": FLAG,
    },
    ("description",),
)


def check_fields(document: Document, kind: Kind, found: Found) -> bool:
    """Add what is wrong with the fields of a document; tell whether nothing is."""
    before = len(found.errors)
    article = "an" if kind.name.startswith("a") else "a"
    for field in kind.needed:
        if document.fields.get(field) is None:
            found.error(
                document.place(field), f"the {kind.name} has no `{field}`", f"add `{field}: …` to its front matter"
            )
    for field, value in document.fields.items():
        shape = kind.fields.get(field)
        if shape is None:
            found.warning(
                document.place(field), f"{article} {kind.name} has no field `{field}`", near_miss(field, kind.fields)
            )
        elif value is not None and not shape.fits(value):
            found.error(document.place(field), f"`{field}` must be {shape.what}")
    return len(found.errors) == before


def check_name(name: str, where: str, kind: str, found: Found, expected: str) -> None:
    """Add what is wrong with an artifact's name, which must be that of its file or folder, `expected`."""
    if name != expected:
        found.error(
            where, f"the {kind} is called `{name}`, but lies in `{expected}`", f"write `name: {expected}`, or move it"
        )
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        fix = f"use lower-case letters, digits and single hyphens between them, {MAX_NAME} characters at most"
        found.error(where, f"`{name}` is no name of a {kind}", fix)


def check_modes(mode: str, where: str, found: Found) -> str:
    """Return when a rule applies; a mode that is not known is told, and taken as `manual`."""
    if mode in MODES:
        return mode
    found.warning(where, f"there is no mode `{mode}`, so the rule is taken as `manual`", near_miss(mode, MODES))
    return "manual"


def twins(names: Iterable[tuple[str, str]], kind: str, found: Found) -> None:
    """Add an error for each name that two artifacts have; `names` come with their paths."""
    first: dict[str, str] = {}
    for name, path in names:
        if first.setdefault(name, path) != path:
            found.error(
                path, f"there are two of the {kind} `{name}`: the other is `{first[name]}`", "rename one of them"
            )
