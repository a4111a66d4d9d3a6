"""The graph as one web page without network or script: a layered drawing, and the same as a table."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from packaging_targets.model.label import Label
from packaging_targets.services.graph.layout import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging_targets.services.graph.layout import Cell, Layout
    from packaging_targets.workspace.graph import TargetGraph

    _Edges = Mapping[Label, Sequence[Label]]
    _Columns = Mapping[Cell, tuple[int, int]]

_DRAWN = 500
"""Beyond so many targets a drawing tells nobody anything, and the table stands alone."""

_BOX, _GAP, _MARGIN = 40, 72, 16
_LETTER = 7.3  # a monospaced letter of 12 px, generously
_GOLDEN_ANGLE = 137

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Target graph</title>
<style>
:root {{ color-scheme: light dark; --text: #1d2330; --faint: #5b6475; --paper: #fff; --line: #c9cfda;
  --fill: 92%; --edge: 42%; --tint: 70%; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #e6e9f0; --faint: #a3acbd; --paper: #14171e; --line: #3a4252;
    --fill: 19%; --edge: 62%; --tint: 35%; }} }}
body {{ margin: 2rem; color: var(--text); background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }}
.drawing {{ overflow: auto; max-height: 80vh; border: 1px solid var(--line); border-radius: 6px; }}
svg {{ display: block; font: 12px ui-monospace, monospace; fill: var(--text); }}
rect {{ fill: hsl(var(--hue) var(--tint) var(--fill)); stroke: hsl(var(--hue) 45% var(--edge)); }}
.key {{ background: hsl(var(--hue) var(--tint) var(--fill)); border-radius: 4px; padding: 0 .5em;
  border: 1px solid hsl(var(--hue) 45% var(--edge)); margin-right: .5em; }}
path {{ fill: none; stroke: var(--faint); opacity: .6; }}
marker path {{ fill: var(--faint); stroke: none; opacity: 1; }}
.rule, .where {{ fill: var(--faint); color: var(--faint); }}
table {{ border-collapse: collapse; margin-top: 2rem; }}
caption {{ text-align: left; font-weight: 600; padding-bottom: .5rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem 1.2rem .3rem 0; }}
tr {{ border-bottom: 1px solid var(--line); }}
tr:target {{ outline: 2px solid var(--faint); }}
a {{ color: inherit; }}
{classes}
</style>
</head>
<body>
<main>
<h1>Target graph</h1>
<p>{counts}. An arrow leads from a target to what it depends on.</p>
<p>{legend}</p>
{drawing}
<table>
<caption>Targets and their dependencies</caption>
<thead><tr><th scope="col">Target</th><th scope="col">Rule</th><th scope="col">Depends on</th>\
<th scope="col">Needed by</th><th scope="col">Declared at</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""

_FRAME = """\
<div class="drawing" tabindex="0" role="region" aria-label="Drawing">
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"
  role="img" aria-label="The targets in layers, each left of what it depends on. The table says the same.">
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">\
<path d="M0 0 8 4 0 8z"/></marker></defs>
{parts}
</svg>
</div>"""


def hues(graph: TargetGraph, labels: Iterable[Label]) -> dict[str, int]:
    """Return a hue in degrees for each rule of `labels`; neighbours in the alphabet are far apart."""
    rules = sorted({graph[label].rule for label in labels})
    return {rule: at * _GOLDEN_ANGLE % 360 for at, rule in enumerate(rules)}


def draw_page(graph: TargetGraph, edges: _Edges) -> str:
    """Return the page for the targets in `edges`, which lists the dependencies among them."""
    colours = hues(graph, edges)
    classes = {rule: f"rule-{at}" for at, rule in enumerate(colours)}
    targets = _counted(len(edges), "target", "targets")
    dependencies = _counted(sum(map(len, edges.values())), "dependency", "dependencies")
    return _PAGE.format(
        classes="\n".join(f".{classes[rule]} {{ --hue: {hue}; }}" for rule, hue in colours.items()),
        counts=f"{targets}, {dependencies}",
        legend=" ".join(f'<span class="key {classes[rule]}">{escape(rule)}</span>' for rule in colours),
        drawing=_drawing(graph, edges, classes),
        rows="\n".join(_rows(graph, edges)),
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _rows(graph: TargetGraph, edges: _Edges) -> Iterator[str]:
    place = {label: at for at, label in enumerate(edges)}
    dependants = _turned(edges)
    for label, at in place.items():
        links = (
            ", ".join(f'<a href="#t{place[other]}">{escape(str(other))}</a>' for other in others)
            for others in (edges[label], dependants[label])
        )
        node = graph[label]
        cells = "".join(f"<td>{cell}</td>" for cell in (escape(node.rule), *links))
        where = f'<td class="where">{escape(str(node.where))}</td>'
        yield f'<tr id="t{at}"><th scope="row">{escape(str(label))}</th>{cells}{where}</tr>'


def _drawing(graph: TargetGraph, edges: _Edges, classes: Mapping[str, str]) -> str:
    if not edges:
        return ""
    if len(edges) > _DRAWN or sum(map(len, edges.values())) > 4 * _DRAWN:
        return f"<p>This is too much to draw: choose at most {_DRAWN} targets.</p>"
    layout = lay_out(graph.order(edges), edges)
    lefts = [_MARGIN]
    rights = []
    for layer in layout.layers:
        letters = max(max(len(str(at)), len(graph[at].rule)) for at in layer if isinstance(at, Label))
        rights.append(lefts[-1] + round(letters * _LETTER) + 2 * _MARGIN)
        lefts.append(rights[-1] + _GAP)
    columns = {
        cell: (left, right) for left, right, layer in zip(lefts, rights, layout.layers, strict=False) for cell in layer
    }
    parts = (*_arrows(layout, columns), *_boxes(graph, layout, columns, classes))
    return _FRAME.format(width=rights[-1] + _MARGIN, height=layout.height, parts="\n".join(parts))


def _boxes(graph: TargetGraph, layout: Layout, columns: _Columns, classes: Mapping[str, str]) -> Iterator[str]:
    for label in (cell for layer in layout.layers for cell in layer if isinstance(cell, Label)):
        rule = graph[label].rule
        (left, right), middle = columns[label], layout.middles[label]
        box = f'x="{left}" y="{middle - _BOX // 2}" width="{right - left}" height="{_BOX}"'
        yield (
            f'<g class="{classes[rule]}"><rect {box} rx="6"/>'
            f'<text x="{left + _MARGIN}" y="{middle - 3}">{escape(str(label))}</text>'
            f'<text class="rule" x="{left + _MARGIN}" y="{middle + 12}">{escape(rule)}</text></g>'
        )


def _arrows(layout: Layout, columns: _Columns) -> Iterator[str]:
    bend = _GAP // 2
    for way in layout.arrows:
        curve = ""
        for start, end in pairwise(way):
            right, y = columns[start][1], layout.middles[start]
            to_x, to_y = columns[end][0], layout.middles[end]
            # A box is left at its right side; a passage is crossed first.
            curve += f"H{right}" if curve else f"M{right} {y}"
            curve += f"C{right + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"
        yield f'<path d="{curve}" marker-end="url(#tip)"/>'


def _turned(edges: _Edges) -> dict[Label, list[Label]]:
    dependants: dict[Label, list[Label]] = {label: [] for label in edges}
    for label, deps in edges.items():
        for dep in deps:
            dependants[dep].append(label)
    return dependants
