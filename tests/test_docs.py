"""What the documents say is tried: commands print what they show, examples fit schemas, links lead on."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.assets.diagnostics import ADVISORY, BLOCKING
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.settings import read_settings
from packaging_targets.workspace.target_file import parse_target_file

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for glob in ("*.md", "docs/**/*.md", "rules/*.md", "benchmarks/*.md", "examples/*/*.md")
    for path in ROOT.glob(glob)
)

# Documents whose examples are one story from top to bottom, and the files that their text says are there.
STORIES = {
    "README.md": {"libs/words/words.txt": "world\nhello\n", "services/api/main.py": 'print("hello")\n'},
    "docs/targets.md": {
        "services/api/main.py": 'print("hello")\n',
        "web/public/index.html": "<h1>hello</h1>\n",
        "web/run.sh": "#!/bin/sh\n",
    },
    "docs/features-guide.md": {
        "src/color/devcontainer-feature.json": '{"id": "color", "version": "1.0.0", "name": "Color"}\n',
        "src/color/install.sh": "#!/bin/sh\necho color\n",
        "src/hello/devcontainer-feature.json": '{"id": "hello", "version": "1.2.0"}\n',
        "src/hello/install.sh": "#!/bin/sh\necho hello\n",
    },
    "docs/doit.md": {"page.html": "<h1>hello</h1>\n"},
}

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]*\.\w+)(?=,|\n)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_VARIES = (
    (re.compile(r"\d+\.\d\d s\b"), "<seconds>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "<date>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<digest>"),
)


def blocks(document: str) -> Iterator[tuple[str, str]]:
    """Yield (language, text) of the fenced blocks of a document."""
    for match in _BLOCK.finditer((ROOT / document).read_text("utf-8")):
        yield match[1], match[2]


def steps(console: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (command, lines that it prints) of a block of the language `console`."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, *printed = part.rstrip("\n").split("\n")
        yield command, printed


def comparable(command: str, lines: list[str]) -> list[str]:
    """Put a word for what differs between runs; what actions say comes in the order in which they end."""
    text = "\n".join(lines)
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return sorted(text.split("\n")) if " build" in command else text.split("\n")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty folder in which `packaging` and `doit` are those of this checkout."""
    programs = tmp_path / "bin"
    programs.mkdir()
    modules = {
        "packaging": "packaging_targets.adapters.cli.main",
        "features": "packaging_targets.adapters.cli.features",
        "doit": "doit",
    }
    for name, module in modules.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        program.chmod(0o755)
    made = Workspace(tmp_path / "repo")
    made.path("pyproject.toml").unlink()
    made.environment["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return made


@pytest.mark.requirement("SC-4")
@pytest.mark.parametrize("document", STORIES)
def test_examples_print_what_the_document_shows(document: str, workspace: Workspace) -> None:
    workspace.write(STORIES[document])
    tried = 0
    for language, text in blocks(document):
        named = _FILE.match(text)
        if named:
            workspace.write({named[1]: text})
        for command, printed in steps(text) if language == "console" else ():
            output = workspace.run(["sh", "-c", command]).output.rstrip("\n").split("\n")
            assert comparable(command, output) == comparable(command, printed or [""]), command
            tried += 1
    assert tried > 3


@pytest.mark.parametrize("document", DOCUMENTS)
def test_target_files_fit_their_schemas(document: str) -> None:
    rulebook = Rulebook(str(ROOT))
    for language, text in blocks(document):
        named = _FILE.match(text)
        if language != "toml" or (named and not named[1].endswith("TARGETS.toml")):
            continue
        file = parse_target_file(f"{document} (an example)", text.encode())
        assert file.problems == ()
        read_settings("/", file)
        for entry in file.entries:
            if entry.rule in rulebook:
                assert list(rulebook.checker(entry.rule).problems(entry.fields)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = _BLOCK.sub("", (ROOT / document).read_text("utf-8"))
    for target in _LINK.findall(text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        led_to = (ROOT / document).parent / path if path else ROOT / document
        assert led_to.exists(), f"{document} links to {target}"
        if anchor:
            assert anchor in anchors(led_to), f"{document} links to {target}"


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_rule_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "targets.md").read_text("utf-8")
    names = sorted(path.parent.name for path in (ROOT / "rules").glob("*/rule.py"))
    assert [name for name in names if f"`{name}`" not in guide] == []


def test_what_the_readme_installs_for_tests_is_what_ci_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["optional-dependencies"]["test"] == project["dependency-groups"]["test"]


def test_every_diagnostic_is_in_the_guide_to_assets() -> None:
    """Each code once, in the table of its severity."""
    guide = (ROOT / "docs" / "assets.md").read_text("utf-8")
    for word, codes in (("error", BLOCKING), ("warning", ADVISORY)):
        table = guide.partition(f"\n| {word} |")[2].partition("\n\n")[0]
        assert sorted(re.findall(r"(?m)^\| `([a-z-]+)` \|", table)) == sorted(codes)
