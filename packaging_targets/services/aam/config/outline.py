"""Where everything stands in a YAML text, and changing one value of it without touching anything else.

PyYAML tells of every node from where to where it goes in the text, so a change is a splice: comments, blank lines,
order and quotes of all else stay as they are. The result is read again before it counts: a text that cannot be
spliced, such as `{a: b}` on one line, is refused and left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

Key = str | int
_PLAIN = re.compile(r"[A-Za-z/.][A-Za-z0-9/._+-]*(?::[A-Za-z0-9/._+-]+)*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_STEP = "  "


class UnspliceableError(ValueError):
    """A text that a change cannot be spliced into."""


class Outline:
    """The nodes of a YAML text that was read without a problem."""

    def __init__(self, text: str) -> None:
        import yaml

        self._text = text
        self._yaml = yaml
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)

    def line_of(self, path: Sequence[Key]) -> int:
        """Return the line, from 1, of the deepest thing on the way to `path` that there is."""
        line, node = 1, self._root
        for key in path:
            found = self._child(node, key)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def with_value(self, path: Sequence[Key], value: Any) -> str:
        """Return the text with a value at `path`; an index one behind the last appends to a list."""
        node, depth = self._deepest(path)
        if depth == len(path):
            return self._replaced(node, value)
        if depth == 0 and node is None:
            return _ended(self._text) + "\n".join(_block(_nested(path, value), "")) + "\n"
        nested = _nested(path[depth:], value)
        if self._is_empty(node):
            return self._below(path[:depth], node, nested)
        return self._behind(node, nested)

    def without(self, path: Sequence[Key]) -> str:
        """Return the text without what stands at `path`, and the comment on its last line."""
        node, _ = self._deepest(path[:-1])
        found = self._child(node, path[-1])
        if found is None or node.flow_style:
            raise UnspliceableError
        first, last = found
        start = self._text.rfind("\n", 0, first.start_mark.index) + 1
        if isinstance(path[-1], int):
            return self._text[:start] + self._text[self._line_end(last) :]
        before = self._text[start : first.start_mark.index]
        if before.strip():  # the first key of a list's item stands behind its dash
            raise UnspliceableError
        return self._text[:start] + self._text[self._line_end(last) :]

    def _deepest(self, path: Sequence[Key]) -> tuple[Any, int]:
        node, depth = self._root, 0
        for key in path:
            found = self._child(node, key)
            if found is None:
                break
            node, depth = found[1], depth + 1
        return node, depth

    def _child(self, node: Any, key: Key) -> tuple[Any, Any] | None:
        """Return where a member of a mapping or list starts, and its value."""
        if isinstance(node, self._yaml.MappingNode):
            return next(((name, value) for name, value in node.value if name.value == key), None)
        if isinstance(node, self._yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            return node.value[key], node.value[key]
        return None

    def _is_empty(self, node: Any) -> bool:
        return isinstance(node, self._yaml.ScalarNode) and node.tag.endswith(":null")

    def _replaced(self, node: Any, value: Any) -> str:
        if self._is_empty(node):
            raise UnspliceableError
        start, end = node.start_mark.index, self._end(node)
        flow = isinstance(node, self._yaml.ScalarNode) or node.flow_style
        if not flow or "\n" in self._text[start:end]:
            raise UnspliceableError
        return self._text[:start] + _scalar(value) + self._text[end:]

    def _below(self, path: Sequence[Key], node: Any, value: Any) -> str:
        """Put a value below a key that has none yet."""
        if node.value:  # `null`, `~`
            raise UnspliceableError
        parent, _ = self._deepest(path[:-1])
        key, _ = self._child(parent, path[-1]) or (node, node)
        if parent.flow_style:
            raise UnspliceableError
        indent = " " * key.start_mark.column + _STEP
        return self._inserted(self._line_end(key), _block(value, indent))

    def _behind(self, node: Any, value: Any) -> str:
        """Put members behind the last one of a mapping or list."""
        fits = isinstance(node, self._yaml.MappingNode if isinstance(value, dict) else self._yaml.SequenceNode)
        if not fits or node.flow_style or not node.value:
            raise UnspliceableError
        return self._inserted(self._line_end(node), _block(value, " " * node.start_mark.column))

    def _inserted(self, at: int, lines: list[str]) -> str:
        before = self._text[:at]
        return _ended(before) + "\n".join(lines) + "\n" + self._text[at:]

    def _end(self, node: Any) -> int:
        """Return where a node ends: the mark of a block is behind the comments that follow it."""
        while not isinstance(node, self._yaml.ScalarNode) and node.value and not node.flow_style:
            last = node.value[-1]
            node = last[1] if isinstance(last, tuple) and not self._is_nothing(last[1]) else last
            if isinstance(node, tuple):
                return int(node[0].end_mark.index)
        return int(node.end_mark.index)

    def _is_nothing(self, node: Any) -> bool:
        return self._is_empty(node) and not node.value

    def _line_end(self, node: Any) -> int:
        """Return where the line behind a node starts."""
        end = self._end(node)
        if end and self._text[end - 1] == "\n":
            return end
        found = self._text.find("\n", end)
        return found + 1 if found >= 0 else len(self._text)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _nested(path: Sequence[Key], value: Any) -> Any:
    """Return `value` below the keys of `path`; an index is a list of one."""
    for key in reversed(path):
        value = [value] if isinstance(key, int) else {key: value}
    return value


def _block(value: Any, indent: str) -> list[str]:
    """Return a value as lines in YAML's block style."""
    if isinstance(value, list):
        lines = []
        for item in value:
            first, *rest = _block(item, indent + _STEP)
            lines += [f"{indent}- {first.lstrip()}", *rest]
        return lines
    if not isinstance(value, dict):
        return [indent + _scalar(value)]
    lines = []
    for key, member in value.items():
        if isinstance(member, dict) or (isinstance(member, list) and isinstance(member[0], dict)):
            lines += [f"{indent}{_scalar(key)}:", *_block(member, indent + _STEP)]
        else:
            lines.append(f"{indent}{_scalar(key)}: {_scalar(member)}")
    return lines


def _scalar(value: Any) -> str:
    """Return a text, or a list of texts, as it stands on one line of YAML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return value if plain else json.dumps(value, ensure_ascii=False)
