"""`aam registry …`, `dist-tag …`, `yank`, `unyank`, `deprecate`, `pkg publish`: as people run them, and `packaging publish`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents import aam, files_of, package, packed

from packaging_targets.adapters.testing import Workspace

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`aam` in an empty folder and home, at a time that stands still; paths are told with `ROOT` for the folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("AAM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1771768800")

    def result(*arguments: str) -> tuple[int, str, str]:
        code, out, err = aam(capsys, *(one.replace("ROOT", str(tmp_path)) for one in arguments))
        return code, out.replace(str(tmp_path), "ROOT"), err.replace(str(tmp_path), "ROOT")

    return result


@pytest.fixture
def made(run: Run, tmp_path: Path) -> Run:
    """With a registry, and a configuration that says so."""
    assert run("registry", "init", "file://ROOT/opt/aam-registry")[0] == 0
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.yaml").write_text(f"registries:\n  default: file://{tmp_path}/opt/aam-registry\n")
    (tmp_path / "home" / "config.yaml").chmod(0o600)
    return run


def value(result: tuple[int, str, str]) -> Any:
    return json.loads(result[1])


URL = "file://ROOT/opt/aam-registry"


@pytest.mark.uaaps("S12.5.init", "S12.5.publish", "S12.5.reindex", "S12.5.ls", "S12.0.scheme")
def test_the_command_lines_of_the_text(run: Run, tmp_path: Path) -> None:
    package(tmp_path / "work", "@org/agent", "1.2.0")
    assert run("registry", "init", URL) == (0, f"made an empty registry: {URL}\n", "")
    code, out, err = run("pkg", "publish", "--registry", URL)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"published @org/agent@1.2.0 as latest to {URL}"
    assert run("registry", "reindex", URL) == (0, f"1 package, 1 version: {URL}\n", "")
    assert run("registry", "ls", URL) == (0, "@org/agent  1.2.0  (1.2.0)\n", "")
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["package.agent.json", "skills"]


@pytest.mark.uaaps("S12.0.default", "S12.3.stable", "S12.3.custom")
def test_tags_from_the_command_line(made: Run, tmp_path: Path) -> None:
    package(tmp_path / "work", "@org/agent", "1.2.0")
    assert made("pkg", "publish")[0] == 0
    assert made("dist-tag", "add", "@org/agent@1.2.0", "stable") == (0, "stable of @org/agent leads to 1.2.0\n", "")
    assert made("dist-tag", "add", "@org/agent@1.2.0", "bank-approved")[0] == 0
    assert made("dist-tag", "ls", "@org/agent")[1] == "bank-approved: 1.2.0\nlatest: 1.2.0\nstable: 1.2.0\n"
    assert made("dist-tag", "rm", "@org/agent", "bank-approved") == (
        0,
        "@org/agent has no tag bank-approved any more\n",
        "",
    )
    assert value(made("dist-tag", "ls", "@org/agent", "--json")) == {
        "ok": True,
        "name": "@org/agent",
        "tags": {"latest": "1.2.0", "stable": "1.2.0"},
    }


@pytest.mark.uaaps("P41")
def test_yanking_and_deprecating_from_the_command_line(made: Run, tmp_path: Path) -> None:
    for version in ("1.0.0", "2.0.0"):
        (tmp_path / "a.aam").write_bytes(packed("plain", version))
        assert made("pkg", "publish", "ROOT/a.aam")[0] == 0
    assert made("yank", "plain@2.0.0", "--reason", "bad") == (
        0,
        "yanked plain@2.0.0: locks that name it still install it\n  latest leads to 1.0.0 now\n",
        "",
    )
    assert made("registry", "ls")[1] == "plain  1.0.0  (1.0.0)\n"
    assert value(made("yank", "plain@2.0.0", "--json"))["movedTags"] == {"latest": "1.0.0"}
    assert made("unyank", "plain@2.0.0") == (0, "plain@2.0.0 is shown again\n", "")
    assert made("deprecate", "plain@1.0.0", "use 2") == (0, "deprecated plain@1.0.0: use 2\n", "")
    assert made("deprecate", "plain", "use x")[1] == "deprecated all versions of plain: use x\n"
    assert made("deprecate", "plain", "")[1] == "no longer deprecated: all versions of plain\n"
    assert made("registry", "ls")[1] == "plain  2.0.0  (1.0.0, 2.0.0)\n"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("dist-tag", "add", "plain@latest", "x"), 2, "error: an exact version of plain is wanted, and `latest` is none\n  fix: versions: 2.0.0, 1.0.0\n"),
        (("yank", "plain@^1.0.0"), 2, "error: an exact version of plain is wanted, and `^1.0.0` is none\n  fix: versions: 2.0.0, 1.0.0\n"),
        (("yank", "plain@1.0.0", "--reason", "bad\nerror: forged"), 2, "error: the reason must be one line, without control characters\n  fix: write it in one line\n"),
        (("deprecate", "plain", "\x1b[2J"), 2, "error: the message must be one line, without control characters\n  fix: write it in one line\n"),
        (("registry", "ls", f"{URL}/index.json"), 1, f"error: this is a file, and a registry is a folder\n  at ROOT/opt/aam-registry/index.json\n  fix: write {URL}\n"),
    ],
)  # fmt: skip
def test_what_is_no_version_and_no_registry(
    made: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, text: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        (tmp_path / "a.aam").write_bytes(packed("plain", version))
        made("pkg", "publish", "ROOT/a.aam")
    assert made(*arguments)[0::2] == (code, text)


def test_foreign_text_of_several_lines_is_told_as_one(made: Run, tmp_path: Path) -> None:
    (tmp_path / "a.aam").write_bytes(packed("plain", "1.0.0"))
    made("pkg", "publish", "ROOT/a.aam")
    made("deprecate", "plain", "bad news")
    meta = tmp_path / "opt/aam-registry/packages/plain/meta.json"
    meta.write_bytes(meta.read_bytes().replace(b"bad news", b"bad\\n\\nerror: forged"))
    assert "warning: `plain` 1.0.0 is deprecated: bad error: forged\n" in made("install", "plain")[2]


def test_a_dry_run_tells_what_would_be_and_changes_nothing(made: Run, tmp_path: Path) -> None:
    package(tmp_path / "work", "@org/agent", "1.2.0", **{"dist-tags": {"stable": "1.1.0"}})  # type: ignore[arg-type]
    code, out, err = made("pkg", "publish", "--dry-run", "--tag", "beta")
    assert (code, out.splitlines()[0]) == (0, f"would publish @org/agent@1.2.0 as beta to {URL}")
    assert err.startswith("warning: the tags of the manifest are passed over")
    assert made("registry", "ls")[1] == "no packages\n"
    assert made("pkg", "publish")[0] == 0
    for more in ((), ("--dry-run",)):
        assert made("pkg", "publish", *more)[0::2] == (
            1,
            "error: @org/agent@1.2.0 is published already, with the same bytes\n"
            f"  at {URL}\n"
            "  fix: raise `version` in package.agent.json: a published version never changes\n",
        )


def test_a_scope_is_published_to_its_own_registry(made: Run, tmp_path: Path) -> None:
    made("registry", "init", "../other")
    with (tmp_path / "home" / "config.yaml").open("a") as file:
        file.write(f"  scopes:\n    '@org': file://{tmp_path}/other\n")
    package(tmp_path / "work", "@org/agent", "1.2.0")
    assert made("pkg", "publish")[1].splitlines()[0] == "published @org/agent@1.2.0 as latest to file://ROOT/other"
    assert made("dist-tag", "ls", "@org/agent")[1] == "latest: 1.2.0\n"


@pytest.mark.uaaps("S12.5.sha256-sibling", "P44")
def test_verifying_and_mirroring_from_the_command_line(made: Run, tmp_path: Path) -> None:
    package(tmp_path / "work", "@org/agent", "1.2.0")
    made("pkg", "publish")
    assert made("registry", "mirror", URL, "../m") == (
        0,
        "copied: 1, there already: 0, packages that changed: 1\n",
        "",
    )
    assert value(made("registry", "verify", "../m", "--json")) | {"bytes": 0} == {
        "ok": True,
        "registry": "file://ROOT/m",
        "packages": 1,
        "versions": 1,
        "bytes": 0,
        "problems": [],
        "warnings": [],
    }
    checksum = "m/packages/org--agent/versions/1.2.0.aam.sha256"
    (tmp_path / checksum).unlink()
    code, out, err = made("registry", "verify", "../m")
    assert (code, out.split(": ")[1]) == (1, "1 problem\n")
    assert err == f"error: the checksum is missing\n  at ROOT/{checksum}\n  fix: aam registry reindex file://ROOT/m\n\n"
    assert made("registry", "verify", "../m", "--json")[0] == 1
    assert made("registry", "reindex", "../m") == (
        0,
        "1 package, 1 version: file://ROOT/m\n",
        f"warning: the checksum was missing, and was written anew\n  at ROOT/{checksum}\n\n",
    )
    versions = tmp_path / "opt/aam-registry/packages/org--agent/versions"
    for version in ("2.0.0", "2.1.0"):
        (versions / f"{version}.aam").write_bytes(packed("@org/agent", version))
    told = f"took over 2 versions\n1 package, 3 versions: {URL}\n"
    assert made("registry", "reindex", URL) == (0, told, "")
    (versions / "2.1.0.aam").rename(tmp_path / "away")
    code, out, err = made("registry", "reindex", URL)
    assert (code, out) == (1, f"1 package, 3 versions: {URL}\n")
    assert err == (
        "error: the archive of version 2.1.0 is missing, and the version is hidden until it is back\n"
        "  at ROOT/opt/aam-registry/packages/org--agent/versions/2.1.0.aam\n"
        "  fix: bring back the archive that was published, and reindex the registry again\n\n"
    )
    assert made("registry", "ls")[1] == "@org/agent  2.0.0  (1.2.0, 2.0.0)\n"
    (tmp_path / "away").rename(versions / "2.1.0.aam")
    (tmp_path / "opt/aam-registry/packages/org--agent/versions/9.0.0.aam").write_bytes(packed("@org/agent", "8.0.0"))
    code, _, err = made("registry", "reindex", URL)
    assert (code, err.splitlines()[0]) == (1, "error: the archive is @org/agent@8.0.0, and lies where another belongs")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("registry", "ls", "nope"), 2, "error: `nope` is no registry: neither a URL, nor a path, nor the name of a source\n  at --registry\n  fix: write file:///opt/aam-registry, for example  (no sources are configured)\n"),
        (("registry", "init", "https://x.example"), 2, "error: `https://x.example` is a server, and this is done in the folder of a registry\n  fix: on the server, name the folder that it serves\n"),
        (("registry", "reindex", "https://x.example"), 2, "error: `https://x.example` is a server, and this is done in the folder of a registry\n  fix: on the server, name the folder that it serves\n"),
        (("registry", "verify", "https://x.example"), 2, "error: `https://x.example` is a server, and this is done in the folder of a registry\n  fix: on the server, name the folder that it serves\n"),
        (("registry", "ls", "https://ann:s3cret@x.example"), 2, "error: the address of a registry cannot hold a user, a password or a token\n  fix: write https://x.example, and give the secret to: aam login\n"),
        (("registry", "ls", "http://x.example"), 2, "error: `http://x.example` would be spoken to without TLS, where everybody on the way can read and change all\n  fix: write https://x.example\n"),
        (("registry", "ls"), 2, "error: no registry is configured\n  at config.yaml\n  fix: name one with --registry, or run: aam config set registries.default file:///opt/aam-registry\n"),
        (("registry", "verify", "./none"), 1, "error: there is no such folder\n  at ROOT/work/none\n  fix: aam registry init file://ROOT/work/none\n"),
        (("yank", "plain", "--registry", "."), 2, "error: `plain` names no version\n  fix: write plain@1.2.0\n"),
        (("dist-tag", "add", "@Org/x@1.0.0", "stable", "--registry", "."), 2, "error: the name `@Org/x` has a scope that is not of lower-case letters, digits, `-` and `_`, or does not start with a letter or digit\n  fix: write it as review, or @myorg/review\n"),
        (("pkg", "publish", "none.aam", "--registry", "."), 2, "error: `none.aam` cannot be read: no such file or directory\n  fix: name an archive that `aam pkg pack` has made, or the folder of a package\n"),
    ],
)  # fmt: skip
def test_wrong_requests(run: Run, arguments: tuple[str, ...], code: int, text: str) -> None:
    assert run(*arguments)[0::2] == (code, text)
    json_code, out, _ = run(*arguments, "--json")
    assert json_code == code
    assert json.loads(out)["ok"] is False


# packaging publish

TARGET = '[[agent_package]]\nname = "pack"\npublish = {{ registry = "{registry}"{more} }}\n'


def workspace(tmp_path: Path, registry: str, more: str = "") -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.environment["AAM_HOME"] = str(tmp_path / "home")
    files: dict[str, str | bytes] = {"review/TARGETS.toml": TARGET.format(registry=registry, more=more)}
    ws.write({**files, **{f"review/{path}": data for path, data in files_of("@org/review", "1.0.0").items()}})
    return ws


@pytest.mark.uaaps("S12.5.publish", "P40")
@pytest.mark.parametrize(
    "registry", ["file://ROOT/opt/aam-registry", "../opt/aam-registry", "ROOT/opt/aam-registry", "ours"]
)
def test_targets_are_published_to_registries_in_folders(made: Run, tmp_path: Path, registry: str) -> None:
    with (tmp_path / "home" / "config.yaml").open("a") as file:
        file.write(f"  sources:\n    - name: ours\n      url: file://{tmp_path}/opt/aam-registry\n")
    ws = workspace(tmp_path, registry.replace("ROOT", str(tmp_path)))
    planned = ws.packaging("publish", "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert f"would publish file://{tmp_path}/opt/aam-registry/@org/review as 1.0.0, latest" in planned.output
    assert made("registry", "ls")[1] == "no packages\n"
    run = ws.packaging("publish")
    assert run.exit_code == 0, run.output
    assert f"published file://{tmp_path}/opt/aam-registry/@org/review as 1.0.0, latest" in run.output
    assert made("registry", "ls")[1] == "@org/review  1.0.0  (1.0.0)\n"
    again = ws.packaging("publish")
    assert (again.exit_code, "already there: 1" in again.output) == (0, True)
    ws.write({"review/skills/review/SKILL.md": files_of("@org/review", "1.0.0")["skills/review/SKILL.md"] + b"More.\n"})
    other = ws.packaging("publish")
    assert (other.exit_code, "KEPT, and differs" in other.output) == (1, True)
    assert (
        "error: `@org/review` 1.0.0 is published already, and with other content than is here\n"
        f"  at file://{tmp_path}/opt/aam-registry/@org/review  (//review:pack)\n"
        "  fix: raise `version`: what is published under one never changes\n"
    ) in other.output
    assert made("registry", "verify")[0] == 0


def test_a_target_may_name_its_tag(made: Run, tmp_path: Path) -> None:
    ws = workspace(tmp_path, f"file://{tmp_path}/opt/aam-registry", ', tag = "beta"')
    run = ws.packaging("publish")
    assert run.exit_code == 0, run.output
    assert made("dist-tag", "ls", "@org/review")[1] == "beta: 1.0.0\n"


def test_a_registry_that_is_not_there_is_told_with_the_target(made: Run, tmp_path: Path) -> None:
    ws = workspace(tmp_path, "./nowhere")
    run = ws.packaging("publish")
    assert run.exit_code == 1
    assert "error: there is no such folder" in run.output
    assert "(//review:pack)" in run.output
    unknown = workspace(tmp_path, "elsewhere")
    run = unknown.packaging("publish")
    assert run.exit_code == 2
    assert "error: `elsewhere` is no registry" in run.output
