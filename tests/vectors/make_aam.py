"""Makes the vectors of docs/uaaps: `python tests/vectors/make_aam.py` writes them to `aam/`, beside itself.

Nothing of the package is used here: archives are put together by hand (`aam_archives.py`), and what a reader has to say of
each is written beside it. What the files are for: README.md in this folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from aam_archives import archives

FOLDER = Path(__file__).parent / "aam"

NAMES: list[dict[str, Any]] = [
    *({"name": name, "folder": folder, "ids": [statement]} for name, folder, statement in (
        ("code-review", "code-review", "S12.2.unscoped"),
        ("a" * 64, "a" * 64, "S12.2.unscoped"),
        ("9lives", "9lives", "P5"),
        ("@myorg/code-review", "myorg--code-review", "S12.2.mapping"),
        ("@my_org/a", "my_org--a", "S12.2.scope"),
        ("@a_/b", "a_--b", "S12.2.scope"),
        (f"@{'s' * 64}/{'n' * 64}", f"{'s' * 64}--{'n' * 64}", "S12.2.length"),
        ("console", "console", "P4"),
    )),
    *({"name": name, "refused": True, "ids": [statement]} for name, statement in (
        ("", "S12.2.unscoped"), ("Code", "S12.2.unscoped"), ("a_b", "S12.2.unscoped"), ("a.b", "S12.2.unscoped"),
        ("é", "S12.2.unscoped"), ("a b", "S12.2.unscoped"), ("a" * 65, "S12.2.unscoped"), ("a/b", "S12.2.scope"),
        ("@a", "S12.2.scope"), ("@/a", "S12.2.scope"), ("@a/", "S12.2.scope"), ("@_a/b", "S12.2.scope"),
        ("@A/b", "S12.2.scope"), ("@a/b/c", "S12.2.scope"), ("@a@b/c", "S12.2.scope"), (f"@{'s' * 65}/n", "S12.2.scope"),
        (f"@{'s' * 65}/{'n' * 65}", "S12.2.length"), ("a\n", "P1"), ("@a/b\n", "P1"), ("\na", "P1"),
        ("myorg--code-review", "P2"), ("@a/b--c", "P2"), ("@a--b/c", "P2"), ("-a", "P3"), ("a-", "P3"), ("@a-/b", "P3"),
        ("@a/-b", "P3"), ("con", "P4"), ("@a/nul", "P4"), ("@aux/a", "P4"), ("com1", "P4"), ("lpt9", "P4"),
    )),
]  # fmt: skip

TAGS: list[dict[str, Any]] = [
    *({"tag": tag, "ids": ["S12.3.custom"]} for tag in ("latest", "stable", "bank-approved", "1", "v1", "a" * 32, "-")),
    *({"tag": tag, "refused": True, "ids": [statement]} for tag, statement in (
        ("", "S12.3.lower-case"), ("Beta", "S12.3.lower-case"), ("a_b", "S12.3.lower-case"), ("a b", "S12.3.lower-case"),
        ("a\n", "S12.3.lower-case"), ("é", "S12.3.lower-case"), ("a" * 33, "S12.3.length"), ("1.0.0", "S12.3.not-semver"),
        ("1.0.0-rc.1", "S12.3.not-semver"),
    )),
]  # fmt: skip

PLAIN = ["package.agent.json", "README.md", "LICENSE", "skills/a/SKILL.md", "skills/a/.hidden", "src/main.py"]
JUNK = [
    ".git/HEAD", ".hg/x", "a/.svn/x", ".agent-packages/b/package.agent.json", "node_modules/x/y.js", "a/node_modules/z",
    ".venv/bin/python", "venv/x", "src/__pycache__/m.pyc", "m.pyc", ".DS_Store", "a/Thumbs.db", "package.agent.lock",
    "evals/reports/r.json", ".mypy_cache/x", ".ruff_cache/x", ".pytest_cache/x", "old/review-1.0.0.aam", "r.bundle.aam",
    "TARGETS.toml", "CVS/Root", ".jj/repo/x", ".tox/x", ".nox/x", ".idea/x.xml", ".vscode/settings.json", ".cache/x", "._a",
    ".npmrc", "a/.npmrc", ".claude/settings.local.json", "coverage/x.html", ".coverage", "env/pyvenv.cfg", "env/bin/x",
    "a/[env]/pyvenv.cfg", "a/[env]/lib/x.py",
]  # fmt: skip


def packlist(case: str, ids: list[str], files: list[str] | dict[str, str | None], **more: Any) -> dict[str, Any]:
    listed = files if isinstance(files, dict) else dict.fromkeys(files)
    return {"case": case, "ids": ids, "files": listed, "manifest": {}, "errors": [], "warnings": [], **more}


PACKLISTS: list[dict[str, Any]] = [
    packlist("everything", ["P14"], PLAIN, packed=sorted(PLAIN)),
    packlist("never", ["P15"], [*PLAIN, *JUNK], packed=sorted(PLAIN)),
    packlist("never-although-named", ["P15"], [*PLAIN, *JUNK], manifest={"files": ["**"]}, packed=sorted(PLAIN)),
    packlist(
        "always",
        ["P15"],
        [*PLAIN, "CHANGELOG", "CHANGELOG.md", "LICENSE.md", "Licence.txt", "README", "docs/README.md", "readme.rst"],
        manifest={"files": ["src/*"]},
        packed=["CHANGELOG", "CHANGELOG.md", "LICENSE", "LICENSE.md", "Licence.txt", "README", "README.md", "package.agent.json", "readme.rst", "src/main.py"],
    ),
    packlist(
        "globs",
        ["P14"],
        ["package.agent.json", "a.md", "A.md2", "d/a.md", "d/e/a.md", "d/e/.a.md", "d/e/b.MD", ".x/y"],
        manifest={"files": ["**/*.md", ".x/*"]},
        packed=[".x/y", "a.md", "d/a.md", "d/e/.a.md", "d/e/a.md", "package.agent.json"],
    ),
    packlist(
        "star-stays-in-its-folder",
        ["P14"],
        ["package.agent.json", "d/a", "d/e/b"],
        manifest={"files": ["d/*"]},
        packed=["d/a", "package.agent.json"],
    ),
    packlist(
        "folders",
        ["P14"],
        ["package.agent.json", "docs/a.md", "docs/b/c.md", "docs2/a", "src/x/y", "skills/coverage/SKILL.md"],
        manifest={"files": ["docs", "./src/", "./skills/**"]},
        packed=["docs/a.md", "docs/b/c.md", "package.agent.json", "skills/coverage/SKILL.md", "src/x/y"],
    ),
    packlist(
        "sorted-by-bytes",
        ["P21"],
        ["package.agent.json", "a-b", "a/b", "a.b", "Z", "é", "y", "\U0001f600", "\uff5e"],
        packed=["Z", "a-b", "a.b", "a/b", "package.agent.json", "y", "é", "\uff5e", "\U0001f600"],
    ),
    packlist("no-such-glob", ["P14"], PLAIN[:1], manifest={"files": ["docs/**"]}, packed=PLAIN[:1], warnings=["package.agent.json"]),
    packlist("link", ["P16"], {**dict.fromkeys(PLAIN), "skills/b": "a"}, errors=["skills/b"]),
    packlist("link-out", ["P16"], {**dict.fromkeys(PLAIN), "x": "/etc/passwd"}, errors=["x"]),
    packlist(
        "link-left-out",
        ["P16"],
        {"package.agent.json": None, "a": None, "x": "/etc/passwd"},
        manifest={"files": ["a"]},
        packed=["a", "package.agent.json"],
    ),
    packlist("case-twins", ["P17"], ["package.agent.json", "Skill.md", "skill.md"], errors=["skill.md"]),
    packlist("composition-twins", ["P17"], ["package.agent.json", "e\u0301", "\u00e9"], errors=["\u00e9"]),
    packlist("folder-twins", ["P17"], ["package.agent.json", "A/x", "a/y"], errors=["a/y"]),
    packlist("name-for-no-system", ["P24"], ["package.agent.json", "a:b"], errors=["a:b"]),
    packlist("device", ["P24"], ["package.agent.json", "aux.md"], errors=["aux.md"]),
    packlist(
        "reference-left-out",
        ["P18"],
        PLAIN,
        manifest={"files": ["src/**"], "artifacts": {"skills": [{"name": "a", "path": "skills/a"}]}},
        errors=["package.agent.json"],
    ),
    packlist("reference-missing", ["P18"], PLAIN, manifest={"hooks": "hooks/hooks.json"}, errors=["package.agent.json"]),
    packlist("folder-missing", ["P18"], PLAIN, manifest={"skills": "./prompts"}, errors=["package.agent.json"]),
    packlist(
        "reference-never-packed",
        ["P18"],
        [*PLAIN, "node_modules/s.json"],
        manifest={"mcp": "node_modules/s.json"},
        errors=["package.agent.json"],
    ),
    packlist("references", ["P18"], PLAIN, manifest={"skills": "./skills/", "commands": "src"}, packed=sorted(PLAIN)),
    packlist(
        "environment", ["P20"], ["package.agent.json", ".env", "a/.env.local"],
        packed=[".env", "a/.env.local", "package.agent.json"], warnings=[".env", "a/.env.local"],
    ),
]  # fmt: skip


def write(name: str, rows: list[dict[str, Any]]) -> None:
    """Write a list of objects, each in a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=True, sort_keys=True) for row in rows)
    (FOLDER / name).write_text(f"[\n{lines}\n]\n", "utf-8")


def rows_of_archives() -> list[dict[str, Any]]:
    rows = []
    for archive in archives():
        row: dict[str, Any] = {"file": f"archives/{archive.name}.aam", "ids": list(archive.ids)}
        if archive.what:
            row |= {"verdict": "refused", "what": archive.what}
        else:
            row |= {"verdict": "valid", "files": {
                path: {"sha256": hashlib.sha256(data).hexdigest(), "executable": executable}
                for path, (data, executable) in archive.files.items()
            }}  # fmt: skip
        rows.append(row)
    return rows


def main() -> None:
    shutil.rmtree(FOLDER / "archives", ignore_errors=True)
    (FOLDER / "archives").mkdir(parents=True)
    for archive in archives():
        (FOLDER / "archives" / f"{archive.name}.aam").write_bytes(archive.data)
    write("archives.json", rows_of_archives())
    write("names.json", NAMES)
    write("tags.json", TAGS)
    write("packlists.json", PACKLISTS)


if __name__ == "__main__":
    main()
