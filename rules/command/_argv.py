"""Placeholders in `argv`.

`{out}`, `{src}` and `{dep}` stand for the one output, source or output of a dependency; `{outs}`, `{srcs}`
and `{deps}` for all of them, each as an argument of its own. `{dep LABEL}` and `{deps LABEL}` choose one
dependency. Paths are relative to the package's folder, where the program runs. `{{` and `}}` stand for a
brace.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from packaging_targets import Label, RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_CHOICES = "{out}, {outs}, {src}, {srcs}, {dep}, {deps}, {dep LABEL}, {deps LABEL}"


def expand(argv: Sequence[str], places: Mapping[str, Sequence[str]], package: str) -> list[str]:
    """Return `argv` with every placeholder replaced; raises RequestError for the first that cannot be.

    `places` are workspace paths by `out`, `src`, `dep`, and by the label of each dependency.
    """
    arguments: list[str] = []
    for index, argument in enumerate(argv):
        field = f"$.argv[{index}]"
        whole = _PART.fullmatch(argument)
        if whole and whole[1] is not None and _is_plural(whole[1]):
            arguments += _paths(whole[1], places, package, field)
        else:
            arguments.append(_replaced(argument, places, package, field))
    return arguments


def from_package(path: str, package: str) -> str:
    """Return the workspace path `path` as it is written in the folder `package`."""
    return posixpath.relpath(f"/{path}", f"/{package}")


def _replaced(argument: str, places: Mapping[str, Sequence[str]], package: str, field: str) -> str:
    def one(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return _brace(match[0], field)
        paths = _paths(name, places, package, field)
        if _is_plural(name):
            fix = f"let `{{{name}}}` be an argument of its own"
            raise RequestError.one(f"`{{{name}}}` stands for several arguments", field=field, fix=fix)
        if len(paths) != 1:
            plural = name.replace(_word(name), f"{_word(name)}s", 1)
            what = f"`{{{name}}}` needs exactly one file, but there are {len(paths)}"
            raise RequestError.one(what, field=field, fix=f"write `{{{plural}}}`, or the path itself")
        return paths[0]

    return _PART.sub(one, argument)


def _brace(text: str, field: str) -> str:
    if len(text) == 1:
        raise RequestError.one(f"a single `{text}` means nothing", field=field, fix=f"write `{text * 2}` for a brace")
    return text[0]


def _paths(name: str, places: Mapping[str, Sequence[str]], package: str, field: str) -> list[str]:
    word = _word(name)
    kind, label = word.removesuffix("s"), name[len(word) :].strip()
    if kind not in {"out", "src", "dep"} or (label and kind != "dep"):
        fix = f"write `{{{{` for a brace  (placeholders: {_CHOICES})"
        raise RequestError.one(f"`{{{name}}}` is no placeholder", field=field, fix=fix)
    key = _label(label, package, field) if label else kind
    if key not in places:
        raise RequestError.one(f"`{key}` is not among the `deps`", field=field, fix=f'add "{label}" to `deps`')
    return [from_package(path, package) for path in places[key]]


def _label(text: str, package: str, field: str) -> str:
    try:
        return str(Label.parse(text, package))
    except ValueError as error:
        fix = "write a label such as //tools/gen:gen or :gen"
        raise RequestError.one(f"`{text}` is no label: {error}", field=field, fix=fix) from None


def _word(name: str) -> str:
    return name.partition(" ")[0]


def _is_plural(name: str) -> bool:
    return _word(name).endswith("s")
