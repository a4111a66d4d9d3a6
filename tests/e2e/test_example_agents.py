"""`examples/agents`: ten packages that depend on each other, and every command that the README tells to type."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from consoles import copied, typed
from rights import WITHOUT_RIGHTS, needs_rights_dropped

from packaging_targets.adapters.testing import Workspace

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "agents"
PACKAGES = 10
PLATFORMS = ("claude-code", "codex", "copilot", "cursor")


def clean(folder: Path) -> Workspace:
    ws = copied(EXAMPLE, folder)
    ws.environment |= {"AAM_HOME": str(folder.parent / "home"), "SOURCE_DATE_EPOCH": "1767225600"}
    return ws


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return clean(tmp_path / "repo")


def archives(ws: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in ws.path("dist").rglob("*.aam")}


def read_only(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_every_command_of_the_readme_runs(ws: Workspace) -> None:
    def named(text: str) -> str:
        return re.sub(r"\d+\.\d\d s\b", "<seconds>", text.replace(str(ws.root), "/work"))

    tried = 0
    for line, printed in typed(ws.read("README.md")):
        done = ws.run(["sh", "-c", line])
        assert done.exit_code == 0, f"{line}\n{done.output}"
        if printed:
            assert named(done.output) == named(printed), line
        tried += 1
    assert tried > 15


@pytest.mark.uaaps("P21", "P30")
def test_two_folders_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = clean(tmp_path / "first" / "repo"), clean(tmp_path / "a-longer-name" / "elsewhere" / "repo")
    for ws in (first, second):
        ws.environment["XDG_CACHE_HOME"] = str(ws.root.parent / "cache")  # nobody restores what the other has built
        assert ws.build().exit_code == 0
    made = archives(first)
    assert len(made) == PACKAGES + len(PLATFORMS)
    assert archives(second) == made


def test_the_second_build_does_nothing_and_one_rule_rebuilds_its_package_and_the_bundles(ws: Workspace) -> None:
    ws.build()
    assert ws.build().output == "up to date: 11 targets\n"
    rule = "style/rules/plain-words/RULE.md"
    ws.path(rule).write_text(f"{ws.read(rule)}\nRead it again tomorrow.\n")
    built = re.findall(r"^built +(\S+)", ws.build().output, re.MULTILINE)
    assert sorted(built) == ["//style:package", *(f"//team:bundles#{platform}" for platform in PLATFORMS)]


@needs_rights_dropped
@pytest.mark.uaaps("P44", "P43", "P52", "P54")
def test_a_lock_made_from_the_registry_installs_from_a_read_only_mirror(ws: Workspace, tmp_path: Path) -> None:
    registry, mirror = ws.path("registry"), tmp_path / "mirror"

    def aam(*arguments: str, folder: Path, home: str) -> None:
        environment = {**ws.whole_environment(), "AAM_HOME": str(tmp_path / home)}
        command = [*WITHOUT_RIGHTS, "aam", *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"

    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    aam("registry", "init", f"file://{registry}", folder=ws.root, home="home")
    assert ws.run(["packaging", "publish"]).exit_code == 0
    aam("install", "@skerry/team", "--registry", f"file://{registry}", folder=one, home="first")
    aam("registry", "mirror", f"file://{registry}", f"file://{mirror}", folder=tmp_path, home="home")
    assert {path.name: path.read_bytes() for path in mirror.glob("*.json")} == {
        path.name: path.read_bytes() for path in registry.glob("*.json")
    }
    shutil.rmtree(registry)  # nothing is left but the mirror, and the second home's cache is empty
    lock = (one / "package.agent.lock").read_bytes()
    (other / "package.agent.lock").write_bytes(lock)
    read_only(mirror)
    aam("install", "--frozen", "--registry", f"file://{mirror}", folder=other, home="second")
    assert (other / "package.agent.lock").read_bytes() == lock
    installed = sorted(path.name for path in (other / ".agent-packages").iterdir() if path.name[0] != ".")
    assert installed == sorted(path.name for path in (one / ".agent-packages").iterdir() if path.name[0] != ".")
    assert len(installed) == PACKAGES


@pytest.mark.service
@pytest.mark.uaaps("P31")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_judges_find_no_error_in_a_bundle(ws: Workspace, tmp_path: Path, platform: str) -> None:
    for judge in ("agentskills", "agnix"):
        if shutil.which(judge) is None:
            pytest.skip(f"{judge} is not installed")
    assert ws.build().exit_code == 0
    tree = tmp_path / "project"
    (bundle,) = ws.path("dist/team/bundles").glob(f"*-{platform}.bundle.aam")
    with tarfile.open(bundle) as archive:
        archive.extractall(tree, filter="data")
    skills = sorted(path.parent for path in tree.rglob("SKILL.md"))
    assert len(skills) >= 5
    for skill in skills:
        judged = subprocess.run(["agentskills", "validate", skill], capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout + judged.stderr
    judged = subprocess.run(["agnix", "--format", "json", tree], capture_output=True, text=True, check=False)
    found = json.loads(judged.stdout)
    assert [one for one in found["diagnostics"] if one["level"] == "error"] == []
