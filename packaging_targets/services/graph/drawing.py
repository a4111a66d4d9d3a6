"""Graph: targets and their dependencies as a tree of text, Graphviz, JSON or a web page.

A drawing shows the chosen targets and the dependencies between them. The same graph gives the same text,
whatever the order of its targets.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError, near_miss
from packaging_targets.services.graph.page import draw_page, hues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging_targets.model.label import Label
    from packaging_targets.workspace.graph import TargetGraph

    _Edges = Mapping[Label, Sequence[Label]]

_DEEPEST = 100
"""Levels of a tree of text: a chain of 20,000 targets would else take a gigabyte of indentation."""


def render(graph: TargetGraph, labels: Iterable[Label], format: str = "text") -> str:  # noqa: A002  # the option
    """Return the drawing of `labels`, which are targets of `graph`, in one of `FORMATS`.

    Raises RequestError where there is no such format.
    """
    draw = FORMATS.get(format)
    if draw is None:
        listed = f"formats: {', '.join(FORMATS)}"
        hint = near_miss(format, FORMATS)
        fix = f"{hint}  ({listed})" if hint else listed
        raise RequestError.one(f"there is no graph format `{format}`", fix=fix)
    chosen = set(labels)
    return draw(graph, {label: sorted(chosen.intersection(graph[label].deps)) for label in sorted(chosen)})


def _text(graph: TargetGraph, edges: _Edges) -> str:
    needed = {dep for label, deps in edges.items() for dep in deps if dep != label}
    shown: set[Label] = set()
    lines: list[str] = []
    # After the roots come those that no root leads to, because they are in a cycle or too deep.
    for root in [*(label for label in edges if label not in needed), *edges]:
        if root not in shown:
            lines.extend(_tree(graph, edges, root, shown))
    return "".join(f"{line}\n" for line in lines)


def _tree(graph: TargetGraph, edges: _Edges, root: Label, shown: set[Label]) -> Iterator[str]:
    pending = [(root, "", "")]
    while pending:
        label, before, indent = pending.pop()
        line = f"{before}{label}  ({graph[label].rule})"
        if label in shown:
            yield f"{line}  ↑ see above" if edges[label] else line
        elif edges[label] and len(indent) >= 4 * _DEEPEST:
            yield f"{line}  ↓ see below"
        else:
            yield line
            shown.add(label)
            pending.extend(reversed(_branches(edges[label], indent)))


def _branches(deps: Sequence[Label], indent: str) -> list[tuple[Label, str, str]]:
    """Return each of `deps` with what its line begins with, and the lines below it."""
    branches = [(dep, f"{indent}├── ", f"{indent}│   ") for dep in deps]
    branches[-1:] = [(dep, f"{indent}└── ", f"{indent}    ") for dep in deps[-1:]]
    return branches


def _dot(graph: TargetGraph, edges: _Edges) -> str:
    colours = {rule: f"{hue / 360:.3f} 0.15 1.000" for rule, hue in hues(graph, edges).items()}
    nodes = (
        f"  {_quoted(str(label))} [label={_quoted(str(label) + chr(10) + graph[label].rule)}, "
        f"class={_quoted('rule-' + graph[label].rule)}, fillcolor={_quoted(colours[graph[label].rule])}, "
        f"tooltip={_quoted(str(graph[label].where))}];"
        for label in edges
    )
    arrows = (f"  {_quoted(str(label))} -> {_quoted(str(dep))};" for label in edges for dep in edges[label])
    settings = '  rankdir=LR;\n  node [shape=box, style="rounded,filled", fontname="Helvetica"];'
    return "\n".join(["digraph targets {", settings, *nodes, *arrows, "}", ""])


def _quoted(text: str) -> str:
    """Return a quoted string of Graphviz, in which a line break stays one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _json(graph: TargetGraph, edges: _Edges) -> str:
    nodes = map(graph.__getitem__, edges)
    value = {
        "nodes": [{"label": str(n.label), "rule": n.rule, "where": str(n.where)} for n in nodes],
        "edges": [{"from": str(label), "to": str(dep)} for label in edges for dep in edges[label]],
    }
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


FORMATS: Mapping[str, Callable[[TargetGraph, _Edges], str]] = {
    "dot": _dot,
    "html": draw_page,
    "json": _json,
    "text": _text,
}
