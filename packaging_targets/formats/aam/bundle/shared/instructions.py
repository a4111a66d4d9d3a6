"""Files of instructions, such as CLAUDE.md: a block between two marks, with a marked part for each package and rule.

Whatever else stands in such a file is its owner's, and stays, with the ends of lines that it has.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping

from packaging_targets.formats.aam.bundle.output import BEGIN, END
from packaging_targets.model.digest import Digest

NAMES = frozenset({"AGENTS.md", "AGENTS.override.md", "CLAUDE.md"})

_MARK = re.compile(r"<!-- aam:([^\r\n]*):(begin|end) -->\r?\n")
_BEGIN = re.compile(r"<!-- aam:begin[^\n]*-->\r?\n")
_HEAD = re.compile(r"(?:<!-- [^\n]*-->\s*)*")
_EMPTY = re.compile(
    r"(?:<!-- (?!aam:)(?:(?!-->)[^\n])*-->\s*)?<!-- aam:begin(?:(?!-->)[^\n])*-->\s*<!-- aam:end -->\s*"
)


def is_instructions(path: str) -> bool:
    """Tell whether a file of a bundle, by its path, is one that people and other bundles write into too."""
    return not path.startswith(".") and path.rpartition("/")[2] in NAMES


def has_parts(text: str) -> bool:
    """Tell whether a file of instructions has marked parts."""
    return _BEGIN.search(text) is not None


def parts_of(text: str) -> Mapping[str, str]:
    """Return the marked parts of a file of instructions by their marks, each line with a line feed at its end."""
    return {mark: _plain(text[start:end]) for mark, start, end in _spans(text)}


def digest_of(part: str) -> str:
    """Return what a part is known by, to tell whether somebody has edited it."""
    return Digest.of(part.encode()).hex


def is_made_of_parts(text: str) -> bool:
    """Tell whether a file has nothing but its block, with each part once, and one comment before it."""
    marks = [mark for mark, _, _ in _spans(text)]
    return len(set(marks)) == len(marks) and bool(_EMPTY.fullmatch(_replaced(text, dict.fromkeys(marks, ""))))


def with_parts(text: str | None, bundle: str) -> str:
    """Return a file of instructions with the parts of a bundle's; those that are there are replaced."""
    if text is None:
        return bundle
    end = "\r\n" if "\r\n" in text else "\n"
    parts = {mark: part.replace("\n", end) for mark, part in parts_of(bundle).items()}
    there = parts_of(text)
    added = end.join(part for mark, part in parts.items() if mark not in there)
    text = _replaced(text, parts)
    if not added:
        return text
    at = text.rfind(END)
    if has_parts(text) and at >= 0:
        return f"{text[:at]}{added}{end}{text[at:]}"
    before = f"{text.rstrip()}{end}{end}" if text.strip() else ""
    return f"{before}{BEGIN}{end}{end}{added}{end}{END}{end}"


def without_parts(text: str, marks: Collection[str]) -> str | None:
    """Return a file of instructions without some parts, or None where nothing of anybody is left."""
    if not marks:
        return text
    text = _replaced(text, dict.fromkeys(marks, ""), with_gap=True)
    if not parts_of(text):
        start, end = _BEGIN.search(text), text.rfind(END)
        if start and end >= 0:
            line = "\r\n" if "\r\n" in text else "\n"
            text = text[: start.start()].rstrip("\r\n") + line + text[end + len(END) :].lstrip("\r\n")
    return text if _HEAD.sub("", text, count=1).strip() else None


def _replaced(text: str, parts: Mapping[str, str], *, with_gap: bool = False) -> str:
    """Return a text with others in the place of some parts, and of the empty line behind each `with_gap`."""
    pieces, at = [], 0
    for mark, start, end in _spans(text):
        if mark in parts:
            pieces += [text[at:start], parts[mark]]
            gap = re.compile(r"\r?\n").match(text, end) if with_gap else None
            at = gap.end() if gap else end
    return "".join((*pieces, text[at:]))


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the mark of each part, and where it starts and ends; a part that never ends is none."""
    ends: dict[str, list[tuple[int, int]]] = {}
    found = list(_MARK.finditer(text))
    for one in found:
        if one[2] == "end":
            ends.setdefault(one[1], []).append(one.span())
    at = 0
    for one in found:
        if one[2] == "end" or one.start() < at:
            continue
        known = ends.get(one[1], [])
        number = bisect_left(known, one.span())
        if number < len(known):
            at = known[number][1]
            yield one[1], one.start(), at


def _plain(part: str) -> str:
    return part.replace("\r\n", "\n")
