"""Which test shows which requirement: `python tests/conformance.py` writes the pages in docs/ that say so.

A test names what it shows with a mark. `@pytest.mark.requirement("FR-2.name", …)` is for the specification of `features
package` (FR functional requirements, SC success criteria, A acceptance scenarios, US user scenarios, EC edge cases, CL
clarifications), for our own decisions (D), and for what other packers get wrong (UP the reference client, DE deacon).
`@pytest.mark.statement("H3", …)` is for the numbered statements of docs/formats/assets-pa.md, which have vectors too, and
`@pytest.mark.uaaps("P3", …)` for those of docs/uaaps/profile.md.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "docs" / "formats" / "assets-pa.md"
PROFILE = ROOT / "docs" / "uaaps" / "profile.md"
VECTORS = ROOT / "tests" / "vectors"

_HEADING = re.compile(r"## (.+)")
_STATEMENT = re.compile(r"- \*\*([A-Z]\d+[\w.-]*)\*\* (.+)")

SECTIONS = {
    "Functional requirements": {
        "FR-1": "the mode follows from the target: a feature's file, else a folder `src`",
        "FR-1.both": "a target with both is a single feature",
        "FR-2": "one `.tgz` for each feature, in the output folder",
        "FR-2.overwrite": "files of the same name are replaced",
        "FR-2.gzip": "archives are tar in gzip",
        "FR-2.name": "`<id>-<version>.tgz`, lower case, the id reduced to `[a-z0-9-]`",
        "FR-2.version": "a version that is missing or empty is an error",
        "FR-2.deterministic": "bytes depend on the sources alone",
        "FR-2.header": "times and owners 0, no owner names, modes 0644 and 0755",
        "FR-2.order": "entries in the order of their whole paths, case-sensitive",
        "FR-2.junk": "version control folders and files of systems are left out",
        "FR-2.gzip-header": "gzip with time 0 and a fixed level",
        "FR-2.pax": "extended headers only where needed, without times",
        "FR-3": "`devcontainer-collection.json` is always written",
        "FR-3.content": "its source, and each feature with all its fields",
        "FR-4": "`--force-clean-output-folder` removes what was there",
        "FR-5.target": "the target may be left out: the current folder",
        "FR-5.output": "`-o`, `--output-folder`; by default `./output`; made if it is not there",
        "FR-5.log-level": "`--log-level` is a global flag",
        "FR-6.text": "the mode and the artifacts are listed",
        "FR-6.exit": "exit code 0 on success only",
        "FR-6.json": "a global `--json` fails at once, with one sentence",
        "FR-7.metadata": "missing or broken metadata is an error with its place",
        "FR-7.empty": "an empty or invalid collection is an error with its place",
        "FR-7.write": "what cannot be written is an error with a fix",
        "FR-7.mixed": "one invalid folder fails the collection: all are listed, nothing is made",
        "FR-7.non-ascii": "a name that cannot be read here is an error that names it",
        "FR-7.read-only": "an output folder that is not writable is an error before packing",
        "FR-7.path-length": "folders of any depth; where the system's limit is met, the path is named",
        "FR-8": "tests cover all of this, and this page says where",
    },
    "Success criteria": {
        "SC-1": "every valid feature and collection is packaged in one run",
        "SC-2": "the collection file lists every feature with every field",
        "SC-3": "packaged again, the same sources give the same bytes",
        "SC-4": "a first-time user gets there with one example",
    },
    "Acceptance scenarios": {
        "A-1": "a single feature",
        "A-2": "a collection of two and more",
        "A-3": "an output folder that held other things",
        "A-4": "a single feature that is invalid",
        "A-5": "a collection without valid features",
    },
    "User scenarios": {
        "US-1": "in a feature's folder",
        "US-2": "at the root of a collection",
        "US-3": "with `-f`, over old artifacts",
        "US-4": "without a target",
        "US-5": "with metadata that is corrupt or missing",
        "US-6": "with a collection that is empty or invalid",
    },
    "Clarifications": {
        "CL-1": "valid and invalid folders together: nothing is made, and all invalid ones are named",
        "CL-2": "`.tgz` for all archives",
        "CL-3": "text alone, no JSON",
    },
    "Edge cases": {
        "EC-non-ascii": "names beyond ASCII",
        "EC-read-only": "an output folder that is read-only",
        "EC-deep": "folders nested deeply",
        "EC-mixed": "valid and invalid folders under `src`",
    },
    "Decisions where the specification is silent": {
        "D-1": "check all, pack all, and only then change the output folder; a failed run leaves it as it was",
        "D-2": "`-f` refuses folders whose content is dear; an output folder is never packed",
        "D-3": "the shape of the real client: `./` first, `./` before every name; the tar's digest is told",
        "D-4": "a fixed list of what is never packed",
        "D-5": "links stay links inside the feature; others, and special files, are errors",
        "D-6": "`install.sh`, `name`, `id` and `version`: what is an error and what a warning",
        "D-7": "two features that want one archive are an error",
        "D-8": "the collection file keeps every key, in order, and sorts by id",
        "D-9": "`--archive-name upstream`",
        "D-10": "the verb and the rules make the same bytes",
        "D-11": "what has not changed is left alone",
    },
    "What the reference client gets wrong": {
        "UP-default-target": "its target has no default, whatever its help says",
        "UP-src": "its target is the `src` folder itself: here the error says what to name",
        "UP-gzip": "its `.tgz` is not compressed",
        "UP-names": "archives are named by the folder and not by the id",
        "UP-order": "entries come as the file system lists them",
        "UP-time": "times, owners and names of users are packed",
        "UP-umask": "modes are those after the umask; setuid bits stay",
        "UP-junk": "`.git` and `.DS_Store` are packed",
        "UP-links": "links are packed that it will rewrite or drop itself",
        "UP-force": "`-f` removes the sources, if it is pointed at them",
        "UP-partial": "a failed run leaves some archives behind, an invalid folder is skipped",
        "UP-id": "an id other than the folder's name breaks publishing only",
        "UP-install": "a single feature without `install.sh` passes silently",
        "UP-json": "broken JSON is told as missing properties",
        "UP-read-only": "an output folder that is not writable ends in a stack trace",
        "UP-fifo": "a FIFO ends the run, with exit code 0 and without artifacts",
        "UP-twice": "two folders with one id are both packed",
        "UP-rewrite": "metadata in the archive is rewritten (`legacyIds`): here it is packed as it is",
        "UP-output": "the output folder is packed into the archive",
    },
    "What deacon got wrong": {
        "DE-lower": "ids were not put in lower case",
        "DE-ascii": "letters beyond ASCII stayed in archive names",
        "DE-version": "an empty version was accepted",
        "DE-junk": "`.git` and `.DS_Store` were packed",
        "DE-order": "sorted folder by folder, not by whole path",
        "DE-features": "`features` was an object and not an array, with seven fields only",
        "DE-extra": "a manifest file of its own lay beside each archive",
        "DE-clean": "a failed run had removed the old artifacts already",
        "DE-output": "the output folder was packed into the archive",
        "DE-long": "paths of more than 100 bytes failed",
        "DE-flags": "`-o`, `-f` and `--output-folder` did not exist",
        "DE-read-only": "the message for a folder that is not writable was another",
        "DE-json": "`--json` was accepted",
        "DE-install": "`install.sh` was not asked for",
        "DE-links": "links were followed, in circles too",
        "DE-fifo": "a FIFO made it wait for ever",
        "DE-empty-name": "an id of which no name can be made",
    },
    "Bad input of other kinds": {
        "B-crlf": "scripts with Windows line endings are reported",
        "B-deep": "5,000 folders in each other",
        "B-many": "10,000 files",
        "B-not-utf8": "names that are not UTF-8",
        "B-umask": "umask 077",
        "B-full": "a disk that fills",
        "B-change": "sources that change while they are packed",
        "B-archive": "archives that are damaged, too large or made to harm",
    },
}


@dataclass
class Page:
    """A page in docs/: what is asked for, by section and name, and what shows it."""

    path: Path
    mark: str
    head: str
    sections: dict[str, dict[str, str]]
    vectors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """What there is to show."""
        return [name for section in self.sections.values() for name in section]

    @cached_property
    def tests(self) -> dict[str, list[str]]:
        """The tests of each name, as `file::test`, in order."""
        found: dict[str, list[str]] = {}
        for path in sorted((ROOT / "tests").rglob("test_*.py")):
            for test, names in self._marked(path):
                for name in names:
                    found.setdefault(name, []).append(f"{path.relative_to(ROOT).as_posix()}::{test}")
        return found

    @property
    def text(self) -> str:
        """The page."""
        columns = ("vectors", "tests") if self.vectors else ("tests",)
        lines = [self.head]
        for section, asked in self.sections.items():
            lines += ["", f"## {section}", "", f"| | what | {' | '.join(columns)} |", "|---" * (2 + len(columns)) + "|"]
            for name, text in asked.items():
                cells = [", ".join(self._links(name, column)) for column in columns]
                lines.append(f"| {name} | {text} | {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"

    def _marked(self, path: Path) -> Iterator[tuple[str, list[str]]]:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{self.mark}":
                        yield node.name, [ast.literal_eval(argument) for argument in mark.args]

    def _links(self, name: str, column: str) -> Iterator[str]:
        up = os.path.relpath(ROOT, self.path.parent)
        if column == "tests":
            for test in self.tests.get(name, []):
                file, _, function = test.partition("::")
                yield f"[{function}]({up}/{file})"
        else:
            for file in self.vectors.get(name, []):
                yield f"[{Path(file).name.partition('.')[0]}]({up}/{VECTORS.relative_to(ROOT).as_posix()}/{file})"


def statements(contract: Path) -> dict[str, dict[str, str]]:
    """Return the numbered statements of a contract by section: the first sentence of each."""
    sections: dict[str, dict[str, str]] = {}
    for block in re.split(r"\n(?=- |#|\n)", contract.read_text("utf-8")):
        line = " ".join(block.split())
        if heading := _HEADING.fullmatch(line):
            section = sections.setdefault(heading[1], {})
        elif statement := _STATEMENT.fullmatch(line):
            section[statement[1]] = re.split(r"(?<=[.:]) (?=[A-Z])", statement[2])[0].replace("|", "\\|")
    return {name: section for name, section in sections.items() if section}


def vectors() -> dict[str, list[str]]:
    """Return the files and folders that show each statement."""
    found: dict[str, list[str]] = {"I2": ["registry.json"], "I4": ["histories.json"]}
    for listing, folder, key in (
        ("assets-pa/vectors.json", "assets-pa", "file"),
        ("declared.json", "declared", "case"),
        ("projects.json", "projects", "project"),
    ):
        for vector in json.loads((VECTORS / listing).read_text("utf-8")):
            for name in vector["statements"]:
                found.setdefault(name, []).append(f"{folder}/{vector[key]}")
    return found


def uaaps_vectors() -> dict[str, list[str]]:
    """Return the files and folders that show each statement of the profile; of lists, the list."""
    found: dict[str, list[str]] = {}
    for listing, key in (
        ("names.json", ""),
        ("tags.json", ""),
        ("packlists.json", ""),
        ("archives.json", "file"),
        ("registries.json", "registry"),
    ):
        for vector in json.loads((VECTORS / "aam" / listing).read_text("utf-8")):
            for name in vector["ids"]:
                path = f"aam/{vector[key] if key else listing}"
                if path not in found.setdefault(name, []):
                    found[name].append(path)
    return found


PAGES = (
    Page(
        ROOT / "docs" / "features-conformance.md",
        "requirement",
        "# What `features package` is asked to do, and the tests that show it\n\n"
        "Written by `python tests/conformance.py` from the marks of the tests; a test fails when this page is out of date, or\n"
        "when nothing shows a requirement. What the verb does is told in [features](features.md).",
        SECTIONS,
    ),
    Page(
        ROOT / "docs" / "formats" / "assets-pa-conformance.md",
        "statement",
        "# What `assets.pa` is asked to be, and what shows it\n\n"
        "Written by `python tests/conformance.py` from the [contract](assets-pa.md), the\n"
        "[vectors](../../tests/vectors/README.md) and the marks of the tests; a test fails when this page is out of date, or\n"
        "when no vector shows a statement. Each row has the first sentence of its statement.\n\n"
        "Of each there are vectors that are valid and ones that are refused, but for those that nothing can break: whatever\n"
        "stands where pixels do is a picture (G2), a warning stops nothing (A15), and companions and ids are what a packer makes,\n"
        "and not what it reads (C1, C2, I4).",
        statements(CONTRACT),
        vectors(),
    ),
    Page(
        ROOT / "docs" / "uaaps" / "conformance.md",
        "uaaps",
        "# What UAAPS and our profile of it demand, and what shows it\n\n"
        "Written by `python tests/conformance.py` from the [profile](profile.md), the [vectors](../../tests/vectors/README.md)\n"
        "and the marks of the tests; a test fails when this page is out of date, or when nothing shows a statement. Each row has\n"
        "the first sentence of its statement.",
        statements(PROFILE),
        uaaps_vectors(),
    ),
)


if __name__ == "__main__":
    for page in PAGES:
        page.path.write_text(page.text, "utf-8")
        sys.stdout.write(f"{page.path}: {len(page.names)}\n")
