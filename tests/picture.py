"""The structure of the code, drawn from it: `python tests/picture.py` writes the picture of docs/architecture.md.

    python tests/picture.py [--figures | --parts] [CHECKOUT]

`--figures` prints how large things are instead, of this checkout or of another one; `--parts` what a picture has to show.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("kit")))

from structure import PARTS, PRODUCT, Code, Module, layer_of, median_and_90th, repeated

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"

WIDTH, MARGIN, HEIGHT, GAP, TOP = 1280, 16, 92, 52, 34  # TOP is what a box's name and first words take
LETTER = 5.6  # how wide a letter is, about
STYLE = """text { font: 10px sans-serif; fill: #223 } .box { fill: #eef3f9; stroke: #345 } .rules { fill: #f9ecee }
.cell { fill: #c9d8e8; stroke: #fff } .folder { fill: #a9c0d8; stroke: #fff } .name { font-size: 13px; font-weight: bold }
.words { fill: #667 } .arrow { fill: none; stroke: #567; stroke-opacity: .45 }"""


@dataclass(frozen=True)
class Room:
    """A layer, or the rules: its cells are modules and folders, with the lines in them."""

    name: str
    words: str
    cells: Mapping[str, int]

    @property
    def lines(self) -> int:
        return sum(self.cells.values())


def rooms(code: Code) -> dict[str, Room]:
    """Return the rooms by layer; the package's own file is `public names`."""
    found = {layer: _room(code, layer) for layer in sorted({one.layer for one in code.package})}
    return {**found, "rules": _room(code, "rules")}


def _room(code: Code, layer: str) -> Room:
    modules = code.modules("rules") if layer == "rules" else [one for one in code.package if one.layer == layer]
    depth = 1 if layer == "rules" else 2
    cells: Counter[str] = Counter()
    for one in modules:
        parts = one.path.split("/")
        cells[parts[depth] + "/" if len(parts) > depth + 1 else parts[-1]] += one.lines
    words = next(
        (_words(one) for one in modules if one.path.endswith(f"{layer}/__init__.py") or one.layer == layer), ""
    )
    cells.pop("__init__.py", None) if len(cells) > 1 else None
    texts = {"": "what rules import", "rules": "what can be built: a folder a rule, loaded by path"}
    return Room({"": "public names"}.get(layer, layer), texts.get(layer, words), cells)


def _words(module: Module) -> str:
    return (ast.get_docstring(module.tree) or "").split("\n")[0].rstrip(".")


def arrows(code: Code) -> Counter[tuple[str, str]]:
    """Return how many imports lead from one layer to another."""
    found: Counter[tuple[str, str]] = Counter()
    for module in code.package:
        for _, name in code.imports(module):
            if name.split(".")[0] == "packaging_targets" and layer_of(name) != module.layer:
                found[module.layer, layer_of(name)] += 1
    for module in code.modules("rules"):
        found["rules", ""] += sum(name == "packaging_targets" for _, name in code.imports(module))
    return found


def floors(names: Sequence[str], leads: Counter[tuple[str, str]]) -> list[list[str]]:
    """Return the rooms floor by floor, the ground first: each stands above all that it imports."""
    floor: dict[str, int] = {}
    while len(floor) < len(names):
        for name in names:
            below = {other for one, other in leads if one == name}
            if name not in floor and below <= floor.keys():
                floor[name] = 1 + max((floor[other] for other in below), default=-1)
    return [[name for name in names if floor[name] == level] for level in range(max(floor.values()) + 1)]


def draw(code: Code) -> str:
    """Return the picture as SVG."""
    known, leads = rooms(code), arrows(code)
    levels = floors(list(known), leads)
    height = len(levels) * (HEIGHT + GAP) - GAP + 2 * MARGIN
    places: dict[str, tuple[int, int, int]] = {}
    for level, names in enumerate(levels):
        y = height - MARGIN - HEIGHT - level * (HEIGHT + GAP)
        places |= _row(names, known, y)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">']
    lines += ["<title>The layers of packaging_targets, and which imports which</title>", f"<style>{STYLE}</style>"]
    lines += [_arrow(places[one], places[other], one, other, leads[one, other]) for one, other in sorted(leads)]
    lines += [line for name, place in places.items() for line in _box(name, known[name], *place)]
    return "\n".join([*lines, "</svg>", ""])


def _row(names: Sequence[str], known: Mapping[str, Room], y: int) -> dict[str, tuple[int, int, int]]:
    """Return left edge, top and width of each box of a floor: as wide as it has lines, and wide enough for words."""
    least = 150
    spare = WIDTH - MARGIN * (len(names) + 1) - least * len(names)
    total = sum(known[name].lines for name in names)
    placed, x = {}, MARGIN
    for name in names:
        width = least + spare * known[name].lines // total
        placed[name] = (x, y, width)
        x += width + MARGIN
    return placed


def _arrow(start: tuple[int, int, int], end: tuple[int, int, int], one: str, other: str, count: int) -> str:
    x1, y1, x2, y2 = start[0] + start[2] // 2, start[1] + HEIGHT, end[0] + end[2] // 2, end[1]
    middle = (y1 + y2) // 2
    thick = min(1 + count // 12, 6)
    names = f'data-from="{one or "public"}" data-to="{other or "public"}"'
    return f'<path class="arrow" {names} stroke-width="{thick}" d="M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}"/>'


def _box(layer: str, room: Room, x: int, y: int, width: int) -> Iterator[str]:
    kind = "box rules" if layer == "rules" else "box"
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="3"/>'
    yield f'<text class="name" x="{x + 6}" y="{y + 15}">{escape(room.name)}</text>'
    yield f'<text class="words" x="{x + 6}" y="{y + 28}">{escape(_cut(room.words, width))}</text>'
    left, inner = x + 4.0, width - 8
    total = room.lines
    for name, lines in sorted(room.cells.items(), key=lambda cell: (-cell[1], cell[0])):
        wide = inner * lines / total
        shape = "folder" if name.endswith("/") else "cell"
        place = f'x="{left:.0f}" y="{y + TOP}" width="{wide:.0f}" height="{HEIGHT - TOP - 4}"'
        yield f'<g class="room" data-name="{escape(name)}"><title>{escape(name)}</title><rect class="{shape}" {place}/>'
        yield f'<text x="{left + 3:.0f}" y="{y + TOP + 13}">{escape(_cut(name.removesuffix(".py"), wide - 3))}</text></g>'
        left += wide


def _cut(text: str, width: float) -> str:
    most = int(width / LETTER)
    return text if len(text) <= most else f"{text[: most - 1]}…" if most > 2 else ""


def parts(code: Code) -> str:
    """Return what a picture has to show, as its attributes, a line each."""
    cells = {f'data-name="{escape(name)}"' for room in rooms(code).values() for name in room.cells}
    names = {f'data-from="{one or "public"}" data-to="{other or "public"}"' for one, other in arrows(code)}
    return "\n".join([*sorted(cells | names), ""])


def figures(code: Code) -> str:
    """Return how large things are, as lines of text."""
    lines = []
    for title, folders in (
        ("packaging_targets, rules", PRODUCT),
        ("tests", ("tests",)),
        ("benchmarks", ("benchmarks",)),
    ):
        modules = code.modules(*folders)
        functions = [length for one in modules for _, _, length in one.functions()]
        sizes = median_and_90th(one.lines for one in modules)
        lines.append(f"{title}: {sum(one.lines for one in modules)} lines in {len(modules)} modules")
        lines.append("  lines a module, median {}, 90th percentile {}, most {}".format(*sizes))
        lines.append("  lines a function, median {}, 90th percentile {}, most {}".format(*median_and_90th(functions)))
    wide = Counter(one.folder for one in code.modules(*PRODUCT) if not one.path.endswith("__init__.py"))
    lines.append("modules a folder, most: " + ", ".join(f"{name} {count}" for name, count in wide.most_common(3)))
    lines.append(f"circles: {' -> '.join(code.circle()) or 'none'}")
    everything = code.modules(*PARTS)
    lines += [f"lines in blocks of {size} that stand twice: {len(repeated(everything, size))}" for size in (10, 6)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    checkout = Code(Path(words[0]) if words else ROOT)
    if "--figures" in sys.argv:
        sys.stdout.write(figures(checkout))
    elif "--parts" in sys.argv:
        sys.stdout.write(parts(checkout))
    else:
        PICTURE.write_text(draw(checkout), "utf-8")
        sys.stdout.write(f"{PICTURE}\n")
