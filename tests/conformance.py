"""Which test shows which requirement of `features package`: `python tests/conformance.py` writes the page.

A test names what it shows with `@pytest.mark.requirement("FR-2.name", …)`. The names come from the specification of
the verb (FR functional requirements, SC success criteria, A acceptance scenarios, US user scenarios, EC edge cases,
CL clarifications), from our own decisions (D), and from what other packers get wrong (UP the reference client, DE
deacon).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "features-conformance.md"

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
REQUIREMENTS = {name: text for section in SECTIONS.values() for name, text in section.items()}


def shown() -> dict[str, list[str]]:
    """Return the tests of each requirement, as `file::test`, in order."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for test, names in _marked(path):
            for name in names:
                found.setdefault(name, []).append(f"{path.relative_to(ROOT).as_posix()}::{test}")
    return found


def _marked(path: Path) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
                    yield node.name, [ast.literal_eval(argument) for argument in mark.args]


def page() -> str:
    """Return the page."""
    tests = shown()
    lines = [
        "# What `features package` is asked to do, and the tests that show it",
        "",
        "Written by `python tests/conformance.py` from the marks of the tests; a test fails when this page is out of date, or",
        "when nothing shows a requirement. What the verb does is told in [features](features.md).",
    ]
    for section, requirements in SECTIONS.items():
        lines += ["", f"## {section}", "", "| | what | tests |", "|---|---|---|"]
        for name, text in requirements.items():
            links = [f"[{test.partition('::')[2]}](../{test.partition('::')[0]})" for test in tests.get(name, [])]
            lines.append(f"| {name} | {text} | {', '.join(links)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE}: {len(REQUIREMENTS)} requirements\n")
