"""The table of `docs/architecture.md`, held by reading every import with `ast`."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from structure import PARTS, PRODUCT, Code, layer_of, median_and_90th, repeated

import packaging_targets
from packaging_targets.adapters.testing import PACKAGING, Workspace
from packaging_targets.workspace.rules.rulebook import Rulebook

ROOT = Path(packaging_targets.__file__).parents[1]
RULES = ROOT / "rules"

# What each layer may import of the others; every layer may import itself.
MAY_IMPORT = {
    "errors": set(),
    "model": {"errors"},
    "formats": {"errors", "model"},
    "store": {"errors", "model"},
    "workspace": {"errors", "model", "store", ""},  # the names that rules may import
    "registry": {"errors", "model", "formats", "store"},
    "build": {"errors", "model", "formats", "store", "workspace", "registry", ""},
    "services": {"errors", "model", "formats", "store", "workspace", "build", "registry", ""},
    "adapters": {"errors", "model", "formats", "store", "workspace", "build", "registry", "services", ""},
    "": {"errors", "model", "formats"},  # packaging_targets/__init__.py: the names for rule authors
}

EFFECTS = {"http", "os", "shutil", "socket", "subprocess", "tempfile", "urllib"}
# What the layers without effects may import of the standard library: none of it reads or writes but what it is given.
QUIET = {
    "__future__", "abc", "array", "base64", "bisect", "collections", "concurrent", "contextlib", "csv", "dataclasses", "datetime",
    "decimal", "difflib",
    "enum", "errno", "fnmatch", "fractions", "functools", "hashlib", "heapq", "importlib", "io", "itertools", "json", "math", "operator",
    "posixpath", "re", "stat", "string", "struct", "sys", "tarfile", "textwrap", "time", "types", "typing", "unicodedata", "uuid",
    "wave", "zlib",
}  # fmt: skip
MAY_DO = {
    "errors": set(),
    "model": set(),
    "formats": set(),
    "store": {"os", "shutil", "tempfile"},
    "workspace": {"os"},
    "registry": {"http", "os", "shutil", "socket", "subprocess", "tempfile", "urllib"},
    "build": {"os", "shutil", "subprocess", "tempfile"},
    "services": {"os", "shutil", "subprocess", "tempfile"},
    "adapters": EFFECTS,
    "": set(),
}


CODE = Code(ROOT)
HOUSE = CODE.modules(*PRODUCT)
RULE_MODULES = CODE.modules("rules")


def used_by(library: str) -> set[str]:
    """Return the folders of the package in which a library is imported."""
    return {
        module.folder.removeprefix("packaging_targets/")
        for module in CODE.package
        for _, name in CODE.imports(module)
        if name.split(".")[0] == library
    }


def test_there_is_something_to_read() -> None:
    assert len(CODE.package) > 50
    assert len(RULE_MODULES) > 8


def test_layers_import_only_what_the_table_allows() -> None:
    wrong = []
    for module in CODE.package:
        for line, name in CODE.imports(module):
            if name.split(".")[0] == "packaging_targets":
                other = layer_of(name)
                if other != module.layer and other not in MAY_IMPORT[module.layer]:
                    wrong.append(f"{module.path}:{line} imports {name}")
    assert wrong == []


def test_layers_have_only_the_effects_that_the_table_allows() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in CODE.package
        for line, name in CODE.imports(module)
        if name.split(".")[0] in EFFECTS - MAY_DO[module.layer]
    ]
    assert wrong == []


def test_layers_without_effects_import_what_is_quiet() -> None:
    found = {
        name.split(".")[0]
        for module in CODE.package
        if module.layer in {"errors", "model", "formats"}
        for _, name in CODE.imports(module)
        if name.split(".")[0] in sys.stdlib_module_names
    }
    assert found - QUIET == set()


def test_formats_and_model_open_nothing() -> None:
    """They write to a stream that they are given, and read through a `SourceReader`."""
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in CODE.package
        if module.layer in {"formats", "model", "errors"}
        for node in module.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print"}
    ]
    assert wrong == []


def test_doit_is_imported_by_its_adapter_alone() -> None:
    assert used_by("doit") == {"adapters/doit"}


def test_registries_are_spoken_to_by_their_client_alone() -> None:
    assert used_by("urllib3") == {"registry/http"}


def test_signatures_are_made_and_verified_in_one_room() -> None:
    assert used_by("sigstore") == {"services/aam/signing"}


def test_sql_stands_among_the_records_alone() -> None:
    """Tables, columns and the JSON in them are known to the folder that owns them."""
    assert used_by("sqlite3") == {"store/records"}
    statement = re.compile(
        r"(?s).*\b(select [\w.*, ()]+ from|insert (or \w+ )?into|update \w+ set|delete from|create table) ?",
        re.IGNORECASE,
    )
    users = {
        module.folder
        for module in CODE.package
        for node in module.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.match(node.value)
    }
    assert users == {"packaging_targets/store/records"}
    # Nobody else reaches for the database behind the tables.
    doors = {
        module.folder
        for module in CODE.package
        for node in module.nodes
        if isinstance(node, ast.Attribute) and node.attr == "_database"
    }
    importers = {
        module.folder
        for module in CODE.package
        if "packaging_targets.store.records.database" in {name for _, name in CODE.imports(module)}
    }
    assert doors | importers == {"packaging_targets/store/records"}


def test_planning_and_running_know_nothing_of_each_other() -> None:
    """What they tell each other is data, which the session hands on."""
    pairs = {("planning", "running"), ("running", "planning"), ("kinds", "planning"), ("kinds", "running")}
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in CODE.package
        for line, name in CODE.imports(module)
        if module.layer == layer_of(name) == "build" and (module.dotted.split(".")[2], name.split(".")[2]) in pairs
    ]
    assert wrong == []


def test_rules_see_public_names_neighbours_and_pure_modules() -> None:
    """As rules of others do: each is refused otherwise when it is loaded."""
    rulebook = Rulebook(str(ROOT))
    rulebook.load(rulebook.names)
    assert len(rulebook.names) > 8


def test_our_rules_print_nothing() -> None:
    names = [
        f"{module.path}:{node.lineno}"
        for module in RULE_MODULES
        for node in module.nodes
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert names == []


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
    assert CODE.circle() == []


def test_modules_are_short() -> None:
    assert {module.path: module.lines for module in HOUSE if module.lines > 300} == {}


WIDE = {
    "packaging_targets/adapters/doit": "one module for each seam of doit",
    "packaging_targets/build/kinds": "one module for each kind of action, and nothing ties them",
}


def test_a_folder_holds_what_one_look_takes_in() -> None:
    sizes = Counter(module.folder for module in HOUSE if not module.path.endswith("/__init__.py"))
    assert {folder: size for folder, size in sizes.items() if size > 8 and folder not in WIDE} == {}
    assert [folder for folder in WIDE if sizes[folder] <= 8] == []


def test_nothing_is_written_twice() -> None:
    assert repeated(CODE.modules(*PARTS), 10) == []


def test_the_picture_shows_what_there_is() -> None:
    """Rooms and arrows; how large a room is drawn may lag behind."""
    done = subprocess.run(
        [sys.executable, "tests/picture.py", "--parts"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    drawn = (ROOT / "docs" / "architecture.svg").read_text("utf-8")
    parts = set(re.findall(r'data-[a-z]+="[^"]*"(?: data-to="[^"]*")?', drawn))
    assert parts == set(done.stdout.splitlines()), "run `python tests/picture.py`"


def test_functions_are_short() -> None:
    found = [(module, *function) for module in HOUSE for function in module.functions()]
    assert [f"{module.path}:{line} {name}: {length}" for module, name, line, length in found if length > 40] == []
    median, _, _ = median_and_90th(length for *_, length in found)
    assert 5 <= median <= 8


def test_names_hide_no_missing_idea() -> None:
    vague = ("manager", "helper", "utils", "handler", "processor", "base", "common")
    wrong = [
        f"{module.path} {name}"
        for module in HOUSE
        for name in module.names()
        if set(name.lower().strip("_").split("_")) & set(vague)
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
            name
            for name, part in schema.get("properties", {}).items()
            if name not in shared and not part.get("description")
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
    environment = {**ws.whole_environment(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, cwd=ws.root, env=environment, capture_output=True, text=True, check=True)
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
    found = imported(built, *PACKAGING[1:], "build") - before
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
