"""The command lines of UAAPS §12, run as they are written there: `/opt` is a folder of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from agents import package

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

URL = "file:///opt/aam-registry"
# The configuration of §12, as it stands there but for the default, which is no folder.
CONFIG = """\
registries:
  default: file:///opt/aam-registry
  sources:
    - name: myorg-remote
      url: https://pkg.myorg.internal/aam
      auth: token                          # see §12.6 for auth types
    - name: myorg-local
      url: file:///opt/aam-registry
"""


class Machine:
    """A machine whose `/opt` and home are the test's; lines of a shell are run in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opt, self.home = root / "opt", root / "home"
        for folder in (self.opt, self.home):
            folder.mkdir(parents=True)

    def sh(self, line: str, folder: Path, *, code: int = 0) -> str:
        environment = {name: value for name, value in os.environ.items() if name not in {"AAM_HOME", "HOME"}}
        environment |= {"HOME": str(self.home), "SOURCE_DATE_EPOCH": "1767225600"}
        environment["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
        shell = ["bwrap", "--dev-bind", "/", "/", "--bind", str(self.opt), "/opt", "--chdir", str(folder), "sh", "-c"]
        done = subprocess.run([*shell, line], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def published(machine: Machine, tmp_path: Path) -> Machine:
    """A machine with `@myorg/code-review` 1.1.0 and 2.0.0 in its registry."""
    machine.sh(f"aam registry init {URL}", tmp_path)
    for version in ("1.1.0", "2.0.0"):
        folder = package(tmp_path / version, "@myorg/code-review", version)
        machine.sh(f"aam pkg publish --registry {URL}", folder)
    return machine


@pytest.mark.uaaps("S12.5.init", "S12.5.publish", "S12.5.layout", "S12.5.ls", "S12.5.sha256-sibling")
def test_a_registry_is_made_published_to_and_listed(published: Machine, tmp_path: Path) -> None:
    root = published.opt / "aam-registry"
    found = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert found == [
        "dist-tags.json",
        "index.json",
        "packages/myorg--code-review/meta.json",
        "packages/myorg--code-review/versions/1.1.0.aam",
        "packages/myorg--code-review/versions/1.1.0.aam.sha256",
        "packages/myorg--code-review/versions/2.0.0.aam",
        "packages/myorg--code-review/versions/2.0.0.aam.sha256",
    ]
    checked = subprocess.run(
        ["sha256sum", "-c", "2.0.0.aam.sha256"], cwd=root / "packages/myorg--code-review/versions", check=False
    )
    assert checked.returncode == 0
    assert published.sh(f"aam registry ls {URL}", tmp_path).split() == [
        "@myorg/code-review",
        "2.0.0",
        "(1.1.0,",
        "2.0.0)",
    ]


@pytest.mark.uaaps("S12.5.reindex")
def test_the_index_is_rebuilt_after_an_archive_was_placed_by_hand(published: Machine, tmp_path: Path) -> None:
    folder = package(tmp_path / "by-hand", "helper", "0.3.0")
    published.sh("aam pkg pack -o helper.aam", folder)
    versions = published.opt / "aam-registry" / "packages" / "helper" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(folder / "helper.aam", versions / "0.3.0.aam")
    published.sh(f"aam registry reindex {URL}", tmp_path)
    index = json.loads((published.opt / "aam-registry" / "index.json").read_text("utf-8"))
    assert [one["name"] for one in index["packages"]] == ["@myorg/code-review", "helper"]
    assert index["formatVersion"] == 1
    published.sh(f"aam registry verify {URL}", tmp_path)


@pytest.mark.uaaps("S12.0.registry", "S12.0.scheme", "S12.1.lock-checksum")
def test_a_package_is_installed_from_a_folder(published: Machine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    published.sh(f"aam install @myorg/code-review --registry {URL}", project)
    lock = json.loads((project / "package.agent.lock").read_text("utf-8"))["resolved"]["@myorg/code-review"]
    assert lock["version"] == "2.0.0"
    assert lock["integrity"].startswith("sha256-")
    told = published.sh("aam install @myorg/code-review --registry https://aamregistry.io", tmp_path, code=1)
    assert "GET https://aamregistry.io/packages/@myorg/code-review" in told  # which no test reaches


@pytest.mark.uaaps("S12.0.default", "S12.0.config")
@pytest.mark.parametrize("place", ["home/.aam/config.yaml", "project/.aam/config.yaml"])
def test_the_default_registry_is_that_of_the_configuration(published: Machine, place: str) -> None:
    project = published.root / "project"
    project.mkdir()
    config = published.root / place
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG, "utf-8")
    published.sh("aam install @myorg/code-review", project)
    assert (project / ".agent-packages" / "myorg--code-review" / "package.agent.json").exists()
    published.sh("aam uninstall @myorg/code-review", project)
    published.sh("aam install @myorg/code-review --registry myorg-local", project)


@pytest.mark.uaaps("S12.3.install-tag", "S12.3.stable", "S12.3.custom", "S12.3.latest")
def test_tags_name_versions(published: Machine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for tag in ("stable", "bank-approved"):
        published.sh(f"aam dist-tag add @myorg/code-review@1.1.0 {tag} --registry {URL}", project)
        published.sh(f"aam install @myorg/code-review@{tag} --registry {URL}", project)
        lock = json.loads((project / "package.agent.lock").read_text("utf-8"))
        assert lock["resolved"]["@myorg/code-review"]["version"] == "1.1.0"
    tags = json.loads((published.opt / "aam-registry" / "dist-tags.json").read_text("utf-8"))
    assert tags == {"@myorg/code-review": {"bank-approved": "1.1.0", "latest": "2.0.0", "stable": "1.1.0"}}


@pytest.mark.uaaps("S12.1.format", "S12.4.build", "S12.4.all", "S12.4.structure", "S12.4.install-deploys")
def test_bundles_are_built_and_installed_without_a_registry(machine: Machine, tmp_path: Path) -> None:
    folder = package(tmp_path / "my-package", "my-package", "1.0.0", skills=["my-skill"])
    machine.sh("aam pkg pack", folder)
    assert (folder / "dist" / "my-package-1.0.0.aam").exists()
    machine.sh("aam pkg build --target cursor", folder)
    machine.sh("aam pkg build --target copilot", folder)
    with tarfile.open(folder / "dist" / "my-package-1.0.0-cursor.bundle.aam") as bundle:
        assert bundle.getnames() == [".cursor/skills/my-skill/SKILL.md", "bundle.json", "package.agent.json"]
    before = (folder / "dist" / "my-package-1.0.0-copilot.bundle.aam").read_bytes()
    machine.sh("aam pkg build --target all", folder)
    made = sorted(path.name for path in (folder / "dist").glob("*.bundle.aam"))
    assert made == [f"my-package-1.0.0-{name}.bundle.aam" for name in ("claude-code", "codex", "copilot", "cursor")]
    assert (folder / "dist" / "my-package-1.0.0-copilot.bundle.aam").read_bytes() == before
    project = tmp_path / "project"
    shutil.copytree(folder / "dist", project / "dist")
    machine.sh("aam install ./dist/my-package-1.0.0-cursor.bundle.aam", project)
    assert (project / ".cursor" / "skills" / "my-skill" / "SKILL.md").exists()
