"""The table of `docs/architecture.md`, held by reading every import with `ast`."""

from __future__ import annotations

import ast
import graphlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import packaging_targets
from packaging_targets.adapters.testing import Workspace
from packaging_targets.workspace.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(packaging_targets.__file__).parents[1]
PACKAGE = ROOT / "packaging_targets"
RULES = ROOT / "rules"

# What each layer may import of the others; every layer may import itself.
MAY_IMPORT = {
    "errors": set(),
    "model": {"errors"},
    "formats": {"errors", "model"},
    "store": {"errors", "model"},
    "workspace": {"errors", "model", "store", ""},  # the names that rules may import
    "build": {"errors", "model", "formats", "store", "workspace", ""},
    "registry": {"errors", "model", "formats", "store"},
    "services": {"errors", "model", "formats", "store", "workspace", "build", "registry", ""},
    "adapters": {"errors", "model", "formats", "store", "workspace", "build", "registry", "services", ""},
    "": {"errors", "model", "formats"},  # packaging_targets/__init__.py: the names for rule authors
}

EFFECTS = {"http", "os", "shutil", "socket", "subprocess", "tempfile", "urllib"}
MAY_DO = {
    "errors": set(),
    "model": set(),
    "formats": set(),
    "store": {"os", "shutil", "tempfile"},
    "workspace": {"os"},
    "build": {"os", "shutil", "subprocess", "tempfile"},
    "registry": {"http", "os", "shutil", "socket", "subprocess", "tempfile", "urllib"},
    "services": {"os", "shutil", "subprocess", "tempfile"},
    "adapters": EFFECTS,
    "": set(),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def rule_modules() -> list[Path]:
    return sorted(RULES.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(path: Path, *, eager: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (line, module) for each import; `from x import y` is x.y where that is a module of ours.

    `eager` leaves out what is imported within functions, and for type checkers alone.
    """
    names = {dotted(one) for one in modules()}
    for node in _statements(ast.parse(path.read_bytes()).body, eager=eager):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield node.lineno, full if full in names else module


def _statements(body: list[ast.stmt], *, eager: bool) -> Iterator[ast.AST]:
    for statement in body:
        if not eager:
            yield from ast.walk(statement)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, part, []), eager=eager)


def test_there_is_something_to_read() -> None:
    assert len(modules()) > 50
    assert len(rule_modules()) > 8


def test_layers_import_only_what_the_table_allows() -> None:
    wrong = []
    for path in modules():
        own = layer(dotted(path))
        for line, module in imports(path):
            if module.split(".")[0] == "packaging_targets":
                other = layer(module)
                if other != own and other not in MAY_IMPORT[own]:
                    wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert wrong == []


def test_layers_have_only_the_effects_that_the_table_allows() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in modules()
        for line, module in imports(path)
        if module.split(".")[0] in EFFECTS - MAY_DO[layer(dotted(path))]
    ]
    assert wrong == []


def test_formats_and_model_open_nothing() -> None:
    """They write to a stream that they are given, and read through a `SourceReader`."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        if layer(dotted(path)) in {"formats", "model", "errors"}
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print"}
    ]
    assert wrong == []


def test_doit_is_imported_by_its_adapter_alone() -> None:
    users = {
        path.relative_to(PACKAGE).parent.as_posix()
        for path in modules()
        for _, module in imports(path)
        if module.split(".")[0] == "doit"
    }
    assert users == {"adapters/doit"}


def test_registries_are_spoken_to_by_their_client_alone() -> None:
    users = {
        path.relative_to(PACKAGE).parent.as_posix()
        for path in modules()
        for _, module in imports(path)
        if module.split(".")[0] == "urllib3"
    }
    assert users == {"registry/oci"}


def test_rules_see_public_names_neighbours_and_pure_modules() -> None:
    """As rules of others do: each is refused otherwise when it is loaded."""
    rulebook = Rulebook(str(ROOT))
    rulebook.load(rulebook.names)
    assert len(rulebook.names) > 8
    prints = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in rule_modules()
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert prints == []


def test_modules_import_each_other_in_no_circle() -> None:
    """Imports within functions count too; those for type checkers do not."""
    graph = {dotted(path): {module for _, module in imports(path, eager=True)} for path in modules()}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for other in sorted(graph.get(module, ())):
                if other != module:
                    visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_the_package_of_public_names_is_short_and_whole() -> None:
    assert sorted(packaging_targets._HOME) == packaging_targets.__all__
    for name in packaging_targets.__all__:
        assert getattr(packaging_targets, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        packaging_targets.__getattr__("Nothing")


def test_there_is_no_package_called_rules() -> None:
    """The folder is read by path: an import package of that name would meet other people's `rules`."""
    assert list(RULES.rglob("__init__.py")) == []
    assert not (ROOT / "tests" / "__init__.py").exists()


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports within functions and for type checkers count too: they are ways between rooms like any other."""
    names = {dotted(path) for path in modules()}
    graph = {dotted(path): {module for _, module in imports(path) if module in names} for path in modules()}
    # Anyone may ask the package for its version, and it hands on public names of any layer.
    del graph["packaging_targets"]
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_modules_are_short() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in [*modules(), *rule_modules()]
        if (lines := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}


def test_functions_are_short() -> None:
    long, lengths = [], []
    for path in [*modules(), *rule_modules()]:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                lengths.append(length)
                if length > 40:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length}")
    assert long == []
    assert 5 <= sorted(lengths)[len(lengths) // 2] <= 12


def test_names_hide_no_missing_idea() -> None:
    vague = ("manager", "helper", "utils", "handler", "processor", "base", "common")
    wrong = []
    for path in [*modules(), *rule_modules()]:
        names = {path.stem} | {
            node.name
            for node in ast.walk(ast.parse(path.read_bytes()))
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
        }
        wrong += [
            f"{path.relative_to(ROOT)} {name}" for name in names if set(name.lower().strip("_").split("_")) & set(vague)
        ]
    assert wrong == []


def test_every_rule_has_a_schema_whose_fields_are_described() -> None:
    import json

    for folder in sorted(path.parent for path in RULES.glob("*/rule.py")):
        schema = json.loads((folder / "schema.json").read_text("utf-8"))
        assert schema["title"] == folder.name
        assert schema["description"]
        shared = {"name", "srcs", "exclude", "deps", "tags"}
        nameless = [
            name for name, part in schema["properties"].items() if name not in shared and not part.get("description")
        ]
        assert nameless == [], folder.name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    ws = Workspace(tmp_path_factory.mktemp("built") / "repo")
    ws.write({"a/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n', "a/x.txt": "1"})
    assert ws.build().built == ["//a:a"]
    # The first build may leave files that are younger than the clock's tick, and looks at them once more.
    assert ws.build().exit_code == 0
    return ws


def imported(ws: Workspace, *arguments: str) -> set[str]:
    environment = {**ws._environment(ws.root.parent / "events"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(
        command, cwd=ws.root, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    assert "up to date: 1 target" in done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines[1:]}


def test_nothing_to_do_imports_next_to_nothing(built: Workspace) -> None:
    plain = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", ""],
        cwd=built.root,
        capture_output=True,
        text=True,
        check=True,
    )
    before = {line.rpartition("|")[2].strip() for line in plain.stderr.splitlines()}
    found = imported(built, "-m", "packaging_targets.adapters.cli.main", "build") - before
    roots = {name.split(".")[0] for name in found}
    heavy = {
        "argparse",
        "asyncio",
        "dataclasses",
        "doit",
        "hashlib",
        "inspect",
        "jinja2",
        "json",
        "jsonschema",
        "logging",
    }
    heavy |= {"pathlib", "sqlite3", "subprocess", "tempfile", "tomllib", "urllib"}
    assert roots & heavy == set()
    assert {name for name in found if name.startswith("packaging_targets.") and ".build" in name} == set()
    assert not any("_packaging_rules_" in name for name in found)


def test_doit_with_nothing_to_do_checks_no_schema_and_loads_no_rule(built: Workspace) -> None:
    found = imported(built, "-m", "doit", "build")
    roots = {name.split(".")[0] for name in found}
    assert "doit" in roots
    assert roots & {"jinja2", "jsonschema", "deflate", "zstandard"} == set()
    assert not any("_packaging_rules_" in name for name in found)
