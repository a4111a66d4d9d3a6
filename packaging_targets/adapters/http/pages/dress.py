"""Pages as text: templates, in which all that is not ours is escaped, and all that it hides made visible."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from packaging_targets.adapters.http.pages.files import static_files
from packaging_targets.adapters.http.pages.showing import words
from packaging_targets.formats.aam.times import time_text

_FOLDER = os.path.join(os.path.dirname(__file__), "templates")


def rendered(template: str, prefix: str, values: dict[str, Any]) -> str:
    """Return a page; `prefix` is the path below which the registry is served, empty for the root."""
    return (
        _environment()
        .get_template(template)
        .render(
            static=lambda name: f"{prefix}/static/{static_files()[name].name}",
            link=lambda path: f"{prefix}{path}",
            **values,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "counted": words.counted_text,
        "day": words.date_text,
        "instant": time_text,
        "minute": words.minute_text,
        "sentence": _sentence,
        "size": words.size_text,
    }
    return environment


def _finalized(value: Any) -> Any:
    """Let texts hide nothing; what is HTML already has been looked at."""
    return words.one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _sentence(text: str) -> str:
    """Return a problem's text as a sentence: problems start in lower case, and end without a dot."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
