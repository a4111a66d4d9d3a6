"""Dockerfiles: rendered from a template, and marked so that a person's own are told from rendered ones.

A rendered text carries a comment with the SHA-256 of all its other lines:

    # syntax=docker/dockerfile:1
    # Rendered by packaging-targets from //services/api:api: edit the target or its template, not this file.
    # packaging-targets: sha256:5f0c…
    FROM …

Whoever changes the text breaks the digest, and from then on the text is theirs. The same holds for the
`.dockerignore` beside it. CRLF counts as LF, so that a checkout on Windows changes nothing.

Templates are Jinja2 in a sandbox. They write values through two filters, which leave no way to end an
instruction: `quoted` (ENV, LABEL and ARG) and `exec_form` (ENTRYPOINT, CMD, COPY).
"""

from __future__ import annotations

import json
import re
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import BuildError, Problem
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from jinja2 import Environment

_DIRECTIVE = re.compile(r"#\s*(?:syntax|escape|check)\s*=", re.IGNORECASE)
_MARKER = re.compile(r"^# packaging-targets: sha256:([0-9a-f]{64})\n", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_QUOTED_SPECIAL = re.compile(r'(["$\\])')
_PATTERN_SPECIAL = re.compile(r"([*?\[\]\\()+|^{}])")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|^\s|\s$")


class Standing(Enum):
    """Whose a text is."""

    RENDERED = "rendered, and still as it was"
    CHANGED = "rendered, and changed by hand since"
    FOREIGN = "written by hand"


def standing(data: bytes) -> Standing:
    """Tell whose the Dockerfile or `.dockerignore` with these bytes is."""
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    markers = _MARKER.findall(text)
    if not markers:
        return Standing.FOREIGN
    return Standing.RENDERED if markers == [_digest(_MARKER.sub("", text))] else Standing.CHANGED


def mark(text: str, label: str) -> str:
    """Return `text` with its marker, below the parser directives, which count only at the very top."""
    lines = text.rstrip("\n").split("\n")
    top = next((i for i, line in enumerate(lines) if not _DIRECTIVE.match(line)), len(lines))
    lines.insert(top, f"# Rendered by packaging-targets from {label}: edit the target or its template, not this file.")
    body = "\n".join(lines) + "\n"
    lines.insert(top + 1, f"# packaging-targets: sha256:{_digest(body)}")
    return "\n".join(lines) + "\n"


def quoted(value: object) -> str:
    """Return `value` in double quotes as ENV, LABEL and ARG take it, literally: `$` begins no variable.

    Raises ValueError for control characters: an instruction has no way to hold a line break.
    """
    text = str(value)
    if found := _CONTROL.search(text):
        raise ValueError(f"a Dockerfile cannot hold the control character {found.group()!r} in a value")
    return '"' + _QUOTED_SPECIAL.sub(r"\\\1", text) + '"'


def exec_form(words: Sequence[str]) -> str:
    """Return `words` as the JSON list that ENTRYPOINT, CMD, COPY and HEALTHCHECK CMD take without a shell."""
    return json.dumps(list(map(str, words)), ensure_ascii=False)


def ignore_text(keep: Iterable[str]) -> str:
    """Return a `.dockerignore` that lets exactly the paths `keep` of the build's context through.

    Docker does not look into an ignored folder unless a `!` pattern begins with its name, letter by letter: a
    folder whose name needs escapes has to be let in itself, and its content to be ignored again.
    """
    paths = sorted(set(keep))
    patterns = ["*"]
    for folder in sorted({folder for path in paths for folder in _parents(path)}):
        if (pattern := _pattern(folder)) != folder:
            patterns += [f"!{pattern}", f"{pattern}/*"]
    return "".join(f"{pattern}\n" for pattern in (*patterns, *(f"!{_pattern(path)}" for path in paths)))


def render(name: str, templates: Mapping[str, str], variables: Mapping[str, Any]) -> str:
    """Render the template `name` of `templates`, which may include one another by name.

    Raises BuildError with the template's line for whatever goes wrong in it.
    """
    try:
        text = _environment(tuple(templates.items())).get_template(name).render(variables)
    except Exception as error:  # a template is a program: whatever it raises is about the template
        raise _template_error(error, name, templates) from error
    return text.rstrip("\n") + "\n"


@lru_cache(maxsize=64)  # many targets share a template, and compiling it takes far longer than rendering
def _environment(templates: tuple[tuple[str, str], ...]) -> Environment:
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(  # a Dockerfile is no HTML: `quoted` and `exec_form` escape
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        loader=FunctionLoader(_loader(dict(templates))),
    )
    environment.filters.update(quoted=quoted, exec_form=exec_form)
    return environment


def _loader(templates: Mapping[str, str]) -> Callable[[str], tuple[str, str, Callable[[], bool]] | None]:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (templates[name], name, lambda: True) if name in templates else None

    return load


def _template_error(error: Exception, name: str, templates: Mapping[str, str]) -> BuildError:
    """Find the line: a syntax error knows it, and Jinja2 writes a template's lines into tracebacks."""
    from jinja2 import TemplateNotFound

    where = f"{name}:{error.lineno}" if hasattr(error, "lineno") else name
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in templates:
            where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    what = f"there is no template `{error}`" if isinstance(error, TemplateNotFound) else str(error)
    what = f"the Dockerfile's template cannot be rendered: {what}"
    return BuildError(Problem(where, what, "docs/containers.md lists what a template may use"))


def _parents(path: str) -> Iterator[str]:
    at = path.find("/")
    while at > 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _pattern(path: str) -> str:
    """Escape what has a meaning to docker's and buildah's patterns; `?` is for what a line cannot hold."""
    parts = _UNWRITABLE.split(path)
    return "?".join(_PATTERN_SPECIAL.sub(r"\\\1", part) for part in parts)


def _digest(text: str) -> str:
    return Digest.of(text.encode("utf-8", "surrogateescape")).hex
