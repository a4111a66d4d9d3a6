"""What the code of a checkout is made of: its modules, what they import and how long things are, read with `ast`."""

from __future__ import annotations

import ast
import graphlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PRODUCT = ("packaging_targets", "rules")
PARTS = (*PRODUCT, "tests", "benchmarks")


@dataclass(frozen=True)
class Module:
    """A Python file; `path` is relative to the checkout."""

    root: Path
    path: str

    @cached_property
    def text(self) -> str:
        return (self.root / self.path).read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All of its syntax, outermost first."""
        return tuple(ast.walk(self.tree))

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def dotted(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def layer_root(self) -> str:
        return self.path.split("/")[0]

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def layer(self) -> str:
        return layer_of(self.dotted)

    def functions(self) -> Iterator[tuple[str, int, int]]:
        """Yield (name, line, length in lines) of each function and method."""
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, node.lineno, (node.end_lineno or 0) - node.lineno + 1

    def names(self) -> set[str]:
        """Return its own name, and those of its classes and functions."""
        kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        return {Path(self.path).stem} | {node.name for node in self.nodes if isinstance(node, kinds)}


def layer_of(dotted: str) -> str:
    """Return the folder, or file, of `packaging_targets` that a module stands in; empty for the package's own names."""
    return (*dotted.split("."), "")[1]


class Code:
    """The modules of a checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[Path, Module] = {}

    def modules(self, *folders: str) -> list[Module]:
        """Return the modules below these folders, sorted."""
        found = (path for folder in folders for path in (self.root / folder).rglob("*.py"))
        return list(map(self._module, sorted(found)))

    def _module(self, path: Path) -> Module:
        """Return one and the same module for a path: what was read of it is kept there."""
        if path not in self._known:
            self._known[path] = Module(self.root, path.relative_to(self.root).as_posix())
        return self._known[path]

    @cached_property
    def package(self) -> list[Module]:
        return self.modules("packaging_targets")

    @cached_property
    def _dotted(self) -> set[str]:
        return {module.dotted for module in self.package}

    def imports(self, module: Module) -> Iterator[tuple[int, str]]:
        """Yield (line, module) for each import, wherever it stands; `from x import y` is x.y where that is a module."""
        for node in module.nodes:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                source = _meant(module, node)
                for alias in node.names:
                    full = f"{source}.{alias.name}"
                    yield node.lineno, full if full in self._dotted else source

    def graph(self) -> dict[str, set[str]]:
        """Return which modules of the package each of them imports.

        Anyone may ask the package itself for its version, and it hands on public names of any layer: it is left out.
        """
        graph = {one.dotted: {name for _, name in self.imports(one)} & self._dotted for one in self.package}
        del graph["packaging_targets"]
        return {name: others - {name, "packaging_targets"} for name, others in graph.items()}

    def circle(self) -> list[str]:
        """Return modules, or folders, that import each other in a circle, or nothing."""
        graph = self.graph()
        return _circle(graph) or next(filter(None, map(_circle, self._rooms(graph).values())), [])

    def _rooms(self, graph: dict[str, set[str]]) -> dict[str, dict[str, set[str]]]:
        """Return for each folder which of the modules and folders in it import which others of them."""
        found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one, others in graph.items():
            for other in others:
                ours, theirs = one.split("."), other.split(".")
                depth = next((at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
                if depth is not None:
                    folder = ".".join(ours[:depth])
                    found[folder][".".join(ours[: depth + 1])].add(".".join(theirs[: depth + 1]))
        return found


def _meant(module: Module, node: ast.ImportFrom) -> str:
    """Return the module that an import names, a relative one as seen from the package's root."""
    if not node.level or module.layer_root != "packaging_targets":
        return "." * node.level + (node.module or "")
    inside = module.dotted.split(".") if module.path.endswith("/__init__.py") else module.dotted.split(".")[:-1]
    parts = inside[: len(inside) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def repeated(modules: Iterable[Module], length: int) -> list[str]:
    """Return the places (`path:line`) of lines in blocks of `length` lines that stand elsewhere again.

    Blank lines, comments, imports and lone brackets do not count, and how far a line is indented neither.
    """
    places: dict[tuple[str, ...], list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    for module in modules:
        counted = list(_counted(module))
        if not counted:
            continue
        lines, texts = zip(*counted, strict=True)
        for start in range(len(counted) - length + 1):
            places[texts[start : start + length]].append((module.path, lines[start : start + length]))
    twice = (block for blocks in places.values() if len(blocks) > 1 for block in blocks)
    return sorted({f"{path}:{line}" for path, lines in twice for line in lines})


def _counted(module: Module) -> Iterator[tuple[int, str]]:
    imports = {
        line
        for node in module.nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for line, text in enumerate(module.text.splitlines(), 1):
        bare = text.strip()
        if line not in imports and bare.strip("()[]{},:") and not bare.startswith("#"):
            yield line, bare


def median_and_90th(values: Iterable[int]) -> tuple[int, int, int]:
    """Return the median, the 90th percentile and the greatest."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[len(ordered) * 9 // 10], ordered[-1]
