"""Where the targets of a drawing stand: Sugiyama's layered layout.

A target's layer is the longest way to it from a target that nothing needs, so that arrows lead to the right.
An arrow that passes a layer has a cell of its own there, and so no box stands on it. Sweeps to and fro sort
each layer by the mean heights of its neighbours, which leaves few crossings.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from packaging_targets.model.label import Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROW = 56
"""The height of a target's cell in pixels, with the space around it."""

_PASSAGE = 18
_LONGEST = 20
"""An arrow past more layers has no cells in them: they would make a drawing of nothing but arrows."""

_SWEEPS = 8

Passage = tuple[Label, Label, int]
"""The cell of an arrow in a layer that it passes: its two ends, and the layer."""

Cell = Label | Passage


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing: the cells of each layer from the top, their middles in pixels, and each arrow's way."""

    layers: Sequence[Sequence[Cell]]
    middles: Mapping[Cell, int]
    arrows: Sequence[Sequence[Cell]]
    height: int


def lay_out(order: Iterable[Label], edges: Mapping[Label, Sequence[Label]]) -> Layout:
    """Return the layout of the targets in `order`, dependencies first; `edges` has what each needs."""
    layer_of = _layer_of(tuple(order), edges)
    arrows = [_way(label, dep, layer_of) for label, deps in edges.items() for dep in deps]
    layers: list[list[Cell]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for label in edges:
        layers[layer_of[label]].append(label)
    for passage in (cell for way in arrows for cell in way if isinstance(cell, tuple)):
        layers[passage[2]].append(passage)
    middles = _sweep(layers, arrows)
    height = max((sum(map(_height, layer)) for layer in layers), default=0)
    placed = {cell: round(middle + height / 2) for cell, middle in middles.items()}
    return Layout(layers, placed, arrows, height)


def _layer_of(order: Sequence[Label], edges: Mapping[Label, Sequence[Label]]) -> dict[Label, int]:
    place = {label: at for at, label in enumerate(order)}
    layer_of = dict.fromkeys(order, 0)
    for label in reversed(order):
        for dep in edges[label]:
            if place[dep] < place[label]:  # else it closes a cycle, and leads to the left
                layer_of[dep] = max(layer_of[dep], layer_of[label] + 1)
    return layer_of


def _way(label: Label, dep: Label, layer_of: Mapping[Label, int]) -> list[Cell]:
    passed = range(layer_of[label] + 1, layer_of[dep])
    return [label, *((label, dep, at) for at in passed if len(passed) <= _LONGEST), dep]


def _sweep(layers: Sequence[list[Cell]], arrows: Iterable[Sequence[Cell]]) -> dict[Cell, float]:
    """Sort each layer, from the left and from the right in turn; return the cells' middles, from the axis."""
    before: dict[Cell, list[Cell]] = {}
    after: dict[Cell, list[Cell]] = {}
    for left, right in (step for way in arrows for step in pairwise(way)):
        after.setdefault(left, []).append(right)
        before.setdefault(right, []).append(left)
    middle: dict[Cell, float] = {}
    for layer in layers:
        _stack(layer, middle)
    for sweep in range(_SWEEPS):
        neighbours, direction = (after, layers[::-1]) if sweep % 2 else (before, layers)
        for layer in direction:
            wish = {cell: _mean(neighbours.get(cell, [cell]), middle) for cell in layer}
            layer.sort(key=wish.__getitem__)
            _stack(layer, middle)
    return middle


def _stack(layer: Sequence[Cell], middle: dict[Cell, float]) -> None:
    top = -sum(map(_height, layer)) / 2
    for cell in layer:
        middle[cell] = top + _height(cell) / 2
        top += _height(cell)


def _height(cell: Cell) -> int:
    return _PASSAGE if isinstance(cell, tuple) else ROW


def _mean(cells: Sequence[Cell], middle: Mapping[Cell, float]) -> float:
    return sum(middle[cell] for cell in cells) / len(cells)
