"""`dockerfile/1`: a Dockerfile from a template, and the `.dockerignore` beside it.

Inputs: the template, then templates that it may include (by file name). Outputs: the Dockerfile, and the
`.dockerignore`. Params: `label`; `variables` for the template; `sources`, the paths, relative to the build's
context, that the `.dockerignore` lets through (the template sees them too). Only files that were rendered
before and are still as they were rendered are replaced: see `packaging_targets.formats.container.dockerfile`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError, Problem, raise_all
from packaging_targets.formats.container.dockerfile import Standing, ignore_text, mark, render, standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging_targets.model.action import Action, Step

_LIMIT = 1 << 20  # bytes of a template


def check(action: Action, step: Step) -> None:
    """Refuse to replace what a person wrote or changed."""
    persons = [path for path in action.outputs if _is_a_persons(step.previous(path))]
    raise_all((_problem(action, path) for path in persons), BuildError)


def run(action: Action, step: Step) -> None:
    """Write the two outputs."""

    def read(path: str) -> bytes:
        with step.open(path) as file:
            return file.read(_LIMIT + 1)

    for output, data in rendered(action, read).items():
        with step.create(output) as out:
            out.write(data)


def rendered(action: Action, read: Callable[[str], bytes]) -> dict[str, bytes]:
    """Return the bytes of the two outputs by path; `read` returns those of an input, one more than 1 MiB at most."""
    label, sources = action.params["label"], action.params["sources"]
    names = [action.inputs[0], *(path.rpartition("/")[2] for path in action.inputs[1:])]
    templates = {name: _text(path, read(path)) for name, path in zip(names, action.inputs, strict=True)}
    dockerfile = render(names[0], templates, {**action.params["variables"], "sources": sources})
    texts = (dockerfile, ignore_text(sources))
    return {
        output: mark(text, label).encode("utf-8", "surrogateescape")
        for output, text in zip(action.outputs, texts, strict=True)
    }


def is_disposable(data: bytes) -> bool:
    """Tell whether a file was rendered, and is still as it was."""
    return standing(data) is Standing.RENDERED


def _is_a_persons(data: bytes | None) -> bool:
    return data is not None and not is_disposable(data)


def _problem(action: Action, path: str) -> Problem:
    return Problem(
        path,
        f"`{path}` was written or changed by hand, so that it is not rendered again",
        f'write dockerfile = "//{action.outputs[0]}" to keep it, or delete the file to drop it',
        action.params["label"],
    )


def _text(path: str, data: bytes) -> str:
    if len(data) > _LIMIT:
        raise BuildError.one("a template may have 1 MiB at most", path, "is it the right file?")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        what = f"the template is not UTF-8 at byte {error.start}"
        raise BuildError.one(what, path, "save it as UTF-8") from error
