import hashlib
import tarfile
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace

NEWEST = "## [1.4.0] - 2026-01-05\n\n- Greetings in colour.\n"
CHANGELOG = f"""# Changelog

## [Unreleased]

- A flag `--quiet`.

{NEWEST}
## [1.3.0] - 2025-11-20

- The first greeting.

[1.4.0]: https://example.com/hello/compare/v1.3.0...v1.4.0
"""


@pytest.fixture
def ws(tmp_path):
    ws = Workspace(tmp_path / "repo")
    ws.add_rule(Path(__file__).parent)
    ws.write(
        {
            "cli/TARGETS.toml": '[[archive]]\nname = "cli"\nsrcs = ["*.py"]\nformat = "tar.gz"\n',
            "cli/hello.py": "print('hello')\n",
            "docs/TARGETS.toml": '[[archive]]\nname = "docs"\nsrcs = ["*.md"]\nformat = "zip"\n',
            "docs/index.md": "# Hello\n",
            "release/TARGETS.toml": bundle_of("//cli:cli", "//docs:docs"),
            "release/CHANGELOG.md": CHANGELOG,
        }
    )
    return ws


def bundle_of(*contents):
    return f'[[release_bundle]]\nname = "hello"\ncontents = {list(contents)}\n'


def unpack(ws):
    with tarfile.open(ws.path("dist/release/hello-1.4.0.tar.gz")) as packed:
        return {member.name: packed.extractfile(member).read() for member in packed if member.isfile()}


def test_a_bundle_holds_artifacts_checksums_and_the_newest_notes(ws):
    ws.build()
    files = unpack(ws)
    assert files.pop("RELEASE.txt").decode() == NEWEST
    sums = files.pop("SHA256SUMS").decode()
    assert list(files) == ["artifacts/cli.tar.gz", "artifacts/docs.zip"]
    assert files["artifacts/docs.zip"] == ws.path("dist/docs/docs.zip").read_bytes()
    assert sums == "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in files.items())


def test_an_edit_of_another_section_builds_nothing(ws):
    ws.build()
    ws.write({"release/CHANGELOG.md": CHANGELOG.replace("first", "very first").replace("A flag", "The flag")})
    assert ws.build().built == []


def test_other_bytes_of_an_artifact_build_the_bundle_again(ws):
    ws.build()
    ws.write({"cli/hello.py": "print('hello!')\n"})
    ws.build()
    assert unpack(ws)["artifacts/cli.tar.gz"] == ws.path("dist/cli/cli.tar.gz").read_bytes()


def test_a_new_version_takes_the_place_of_the_old_bundle(ws):
    ws.build()
    ws.write({"release/CHANGELOG.md": CHANGELOG.replace(NEWEST, f"## [1.5.0] - 2026-02-01\n\n- New.\n\n{NEWEST}")})
    assert ws.build().built == ["//release:hello#bundle"]
    assert [path.name for path in ws.path("dist/release").glob("*.tar.gz")] == ["hello-1.5.0.tar.gz"]


@pytest.mark.parametrize(
    ("changelog", "what", "line"),
    [
        ("# Changelog\n\n## [Unreleased]\n", "the changelog has no release", 3),
        (CHANGELOG.replace("[1.4.0] -", "1.4.0 -"), "`## 1.4.0 - 2026-01-05` is no release", 7),
    ],
)
def test_a_changelog_needs_a_release_on_top(ws, changelog, what, line):
    ws.write({"release/CHANGELOG.md": changelog})
    run = ws.build()
    assert run.exit_code != 0
    assert f"error: {what}\n  at release/CHANGELOG.md:{line}  (//release:hello)" in run.output


def test_two_artifacts_cannot_have_one_file_name(ws):
    ws.write({"old/TARGETS.toml": '[[archive]]\nname = "cli"\nsrcs = ["*.py"]\nformat = "tar.gz"\n', "old/a.py": ""})
    ws.write({"release/TARGETS.toml": bundle_of("//cli:cli", "//old:cli")})
    run = ws.build()
    assert "error: `dist/cli/cli.tar.gz` and `dist/old/cli.tar.gz` have one file name" in run.output
    assert "at release/TARGETS.toml:3  (//release:hello, $.contents[1])" in run.output


def test_a_target_without_outputs_cannot_be_bundled(ws):
    ws.write({"rules/nothing/schema.json": "{}", "rules/nothing/rule.py": "def analyse(context):\n    return []\n"})
    ws.write({"none/TARGETS.toml": '[[nothing]]\nname = "none"\n'})
    ws.write({"release/TARGETS.toml": bundle_of("//cli:cli", "//none:none")})
    run = ws.build()
    assert "error: `//none:none` makes no file" in run.output
    assert "at release/TARGETS.toml:3  (//release:hello, $.contents[1])" in run.output
