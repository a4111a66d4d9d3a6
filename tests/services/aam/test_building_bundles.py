"""`aam pkg build`: from a folder or an archive to bundles, with what it depends on from a registry."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from agent_packages import EXECUTABLE, REVIEW, manifest_text, skill_text

from packaging_targets.adapters.cli.aam.program import main, make_parser
from packaging_targets.adapters.cli.aam.telling import run
from packaging_targets.errors import PackagingError, RegistryError, RequestError
from packaging_targets.formats.aam.bundle.archive import read_bundle
from packaging_targets.formats.aam.bundle.values import TARGETS, Bundle
from packaging_targets.services.aam.bundling.build import Built, Wanted, build
from packaging_targets.services.aam.packing.pack import pack

pytest.importorskip("yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AAM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        place.chmod(0o755 if path in EXECUTABLE else 0o644)
    return folder


def review(folder: Path, name: str = "@acme/review", **members: Any) -> Path:
    return write(folder / "review", {"package.agent.json": manifest_text(name, "1.2.0", **members), **REVIEW})


def read(path: Path | str) -> Bundle:
    return read_bundle(io.BytesIO(Path(path).read_bytes()), str(path))


def published(folder: Path) -> str:
    """Return a registry with `tools` 1.0.0 and 1.1.0, which needs `@acme/style`."""
    url = f"file://{folder}/registry"
    aam("registry", "init", url)
    write(folder / "style", {"package.agent.json": manifest_text("@acme/style", "3.0.0"), "AGENTS.md": "# Style\n"})
    aam("pkg", "publish", str(folder / "style"), "--registry", url)
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        manifest = manifest_text("tools", version, dependencies={"@acme/style": "^3.0.0"})
        skill = skill_text("plan-tools", f"Version {version}. Use it.")
        write(folder / "tools", {"package.agent.json": manifest, "skills/plan-tools/SKILL.md": skill})
        aam("pkg", "publish", str(folder / "tools"), "--registry", url)
    return url


def aam(*arguments: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        assert run(make_parser().parse_args(arguments)) == 0


def told(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["aam", *arguments])
    code = main()
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.mark.uaaps("S12.4.build", "P29")
def test_the_seeds_own_command_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(review(folder, "my-package"))
    code, out, err = told("pkg", "build", "--target", "cursor", monkeypatch=monkeypatch, capsys=capsys)
    size = Path("dist/my-package-1.2.0-cursor.bundle.aam").stat().st_size
    assert code == 0
    assert (
        out == f"built my-package 1.2.0\ndist/my-package-1.2.0-cursor.bundle.aam  ({size / 1000:.1f} kB, 6 warnings)\n"
    )
    assert err.startswith(
        "warning: `capabilities` is left out: Cursor has nothing like it\n  at my-package@1.2.0/agents/"
    )
    checked = subprocess.run(["sha256sum", "-c", "my-package-1.2.0-cursor.bundle.aam.sha256"], cwd="dist", check=False)
    assert checked.returncode == 0
    assert read("dist/my-package-1.2.0-cursor.bundle.aam").target == "cursor"


@pytest.mark.uaaps("S12.4.all", "P33")
def test_all_means_engines_then_what_is_configured_then_all(folder: Path) -> None:
    review(folder)
    assert [one.target for one in build(Wanted("review")).bundles] == list(TARGETS)
    write(folder / "home", {"config.yaml": "active_platforms: [codex, cursor]\n"})
    assert [one.target for one in build(Wanted("review")).bundles] == ["codex", "cursor"]
    review(folder, engines={"claude-code": "*", "gemini": "*"})
    assert [one.target for one in build(Wanted("review")).bundles] == ["claude-code"]
    assert [one.target for one in build(Wanted("review", "claude")).bundles] == ["claude-code"]


def test_an_archive_is_built_to_the_same_bytes_as_its_folder(folder: Path) -> None:
    review(folder)
    archive = pack("review", "packed").archive
    one, two = build(Wanted("review", output="a")), build(Wanted(archive, output="b"))
    assert [made.digest for made in one.bundles] == [made.digest for made in two.bundles]
    assert sorted(path.name for path in (folder / "a").iterdir()) == sorted(
        path.name for path in (folder / "b").iterdir()
    )


@pytest.mark.uaaps("P30")
def test_the_same_bytes_every_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review(folder)
    first = build(Wanted("review"))
    assert build(Wanted("review")) == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1771511400")
    again = build(Wanted("review"))
    assert {one.digest for one in again.bundles}.isdisjoint(one.digest for one in first.bundles)
    assert read(again.bundles[0].path).about["built_at"] == "2026-02-19T14:30:00Z"


@pytest.mark.uaaps("P32")
def test_the_seeds_layout(folder: Path) -> None:
    review(folder)
    (made,) = build(Wanted("review", "cursor", scoped_dirs="seed")).bundles
    assert ".cursor/skills/acme--plan/SKILL.md" in read(made.path).deployed


def dependent(folder: Path, **options: Any) -> Built:
    review(folder, dependencies={"tools": "^1.0.0"})
    return build(Wanted("review", "cursor", **options))


def test_a_path_to_a_registry_is_seen_from_the_current_folder(folder: Path) -> None:
    published(folder)
    assert len(dependent(folder, registry="./registry").dependencies) == 2


@pytest.mark.uaaps("S12.4.structure")
def test_what_it_depends_on_comes_from_a_registry_with_what_that_needs(folder: Path) -> None:
    url = published(folder)
    built = dependent(folder, registry=url)
    versions = {str(one.name): str(one.version) for one in built.dependencies}
    assert versions == {"tools": "1.1.0", "@acme/style": "3.0.0"}
    found = read(built.bundles[0].path).deployed
    assert b"Version 1.1.0" in found[".cursor/skills/plan-tools/SKILL.md"].data
    assert b"# Style" in found["AGENTS.md"].data
    archive = pack("review", "packed").archive
    assert build(Wanted(archive, "cursor", registry=url)).bundles[0].digest == built.bundles[0].digest
    assert not (folder / "review" / "package.agent.lock").exists()


def test_a_lock_decides(folder: Path) -> None:
    url = published(folder)
    review(folder, dependencies={"tools": "1.0.0"})
    aam("install", "--project", "review", "--registry", url)
    review(folder, dependencies={"tools": "^1.0.0"})
    lock = json.loads((folder / "review/package.agent.lock").read_text())
    lock["requested"]["tools"] = "^1.0.0"
    (folder / "review/package.agent.lock").write_text(json.dumps(lock))
    built = build(Wanted("review", "cursor"))  # without any registry: all of it is in the cache
    assert [str(one.version) for one in built.dependencies] == ["1.0.0", "3.0.0"]


def test_a_dependency_that_cannot_be_had_is_told(folder: Path) -> None:
    url = f"file://{folder}/registry"
    aam("registry", "init", url)
    with pytest.raises(RegistryError) as refused:
        dependent(folder, registry=url)
    assert "`tools`" in str(refused.value)
    with pytest.raises(RequestError) as refused_too:
        dependent(folder)
    assert "no registry is configured" in str(refused_too.value)
    assert not (folder / "dist").exists()


def test_nothing_is_written_where_something_is_wrong(folder: Path) -> None:
    review(folder)
    write(folder / "review", {"skills/x/SKILL.md": "no front matter"})
    with pytest.raises(PackagingError) as refused:
        build(Wanted("review"))
    assert "error: the skill has no `description`\n  at review/skills/x/SKILL.md:1" in str(refused.value)
    assert not (folder / "dist").exists()


def test_what_is_wrong_for_any_platform_is_told_for_all(folder: Path) -> None:
    write(
        folder / "p",
        {
            "package.agent.json": manifest_text("p"),
            "commands/x.md": "Go.",
            "skills/cmd-x/SKILL.md": skill_text("cmd-x"),
        },
    )
    with pytest.raises(PackagingError) as refused:
        build(Wanted("p"))
    assert str(refused.value) == (
        "error: `p@1.0.0` (skills/cmd-x/SKILL.md) and `p@1.0.0` (commands/x.md) both become `.agents/skills/cmd-x/` in Codex\n"
        "  at p/commands/x.md\n"
        "  fix: rename one of the two"
    )
    assert not (folder / "dist").exists()


def test_what_is_no_package_is_told(folder: Path) -> None:
    with pytest.raises(RequestError) as refused:
        build(Wanted("nowhere"))
    assert str(refused.value) == (
        "error: `nowhere` cannot be read: no such file or directory\n"
        "  at nowhere\n"
        "  fix: name the folder of a package, or an archive"
    )
    with pytest.raises(RequestError):
        build(Wanted("nowhere", "cursr"))


def test_json(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    review(folder)
    code, out, _ = told("pkg", "build", "review", "--target", "codex", "--json", monkeypatch=monkeypatch, capsys=capsys)
    value = json.loads(out)
    (made,) = value.pop("bundles")
    assert code == 0
    assert value == {"ok": True, "name": "@acme/review", "version": "1.2.0", "dependencies": {}, "warnings": []}
    assert made.keys() == {"target", "path", "size", "sha256", "integrity", "artifacts", "warnings"}
    assert made["path"] == "dist/acme--review-1.2.0-codex.bundle.aam"
    assert made["warnings"][0] == {
        "what": "is left out: Codex has no rules that a person calls",
        "where": "@acme/review@1.2.0/.aam/rules/legacy.rule.md",
        "fix": "",
    }
