"""`changelog`: notes, one a file named `<number>.<kind>.md`, become one page.

Two people who each add a note never edit the same line of the same file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from packaging_targets import Action, Context

KINDS = ("added", "changed", "fixed", "removed")
_NAME = re.compile(rf"(\d+)\.({'|'.join(KINDS)})\.md")


def analyse(context: Context) -> Sequence[Action]:
    """Return the action that writes the page."""
    notes = sorted(_note(context, source) for source in context.sources())
    lines = [f"# {context.target.fields['title']}", ""]
    for kind in KINDS:
        texts = [f"- {text} (#{number})" for of, number, text in notes if of == kind]
        if texts:
            lines += [f"## {kind.capitalize()}", "", *texts, ""]
    out = context.target.fields["out"]
    text = "\n".join(lines)
    return [Action("write/1", {"text": text}, (), (context.output(out),), title=f"write {out}")]


def _note(context: Context, source: str) -> tuple[str, int, str]:
    """Return a note's kind, its number and its text in one line."""
    name = posixpath.basename(source)
    match = _NAME.fullmatch(name)
    if match is None:
        fix = f"name it <number>.<kind>.md, with one of {', '.join(KINDS)}"
        context.fail(f"`{name}` is no name of a note", where=source, fix=fix)
    return match[2], int(match[1]), " ".join(context.read(source).decode().split())
