"""`features` and `packaging features`: what they print, where, and how they exit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from packaging_targets import __version__
from packaging_targets.adapters.cli import commands, features

pytestmark = pytest.mark.usefixtures("collection")


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collection of two features, which is the current folder."""
    root = tmp_path / "repo"
    for name in ("az", "go"):
        folder = root / "src" / name
        folder.mkdir(parents=True)
        (folder / "devcontainer-feature.json").write_text(json.dumps({"id": name, "version": "1.0.0", "name": name}))
        (folder / "install.sh").write_text("#!/bin/sh\n")
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["features", *arguments])
    return features.main()


@pytest.mark.requirement("FR-6.text", "FR-6.exit", "A-2")
def test_the_mode_and_the_artifacts_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "package") == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out == (
        "mode: collection (`src`)\n"
        "created artifacts in `./output`:\n"
        "  az-1.0.0.tgz\n"
        "  go-1.0.0.tgz\n"
        "  devcontainer-collection.json\n"
        "2 features: 2 packed, 0 unchanged\n"
    )
    Path("out").mkdir()
    Path("out/old").touch()
    assert run(monkeypatch, "package", "src/go", "-f", "-o", "out") == 0
    assert capsys.readouterr().out == (
        "mode: single feature (`src/go`)\n"
        "created artifacts in `out`:\n"
        "  go-1.0.0.tgz\n"
        "  devcontainer-collection.json\n"
        "removed `old`\n"
        "1 feature: 1 packed, 0 unchanged\n"
    )


@pytest.mark.requirement("FR-5.log-level")
def test_the_log_level_is_a_global_flag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("src/az/.hidden").touch()
    assert run(monkeypatch, "--log-level", "debug", "package") == 0
    told = capsys.readouterr()
    assert "  go-1.0.0.tgz\n    packed, " in told.out
    assert " bytes, sha256:" in told.out
    assert "    the tar in it: sha256:" in told.out
    assert told.err.startswith("warning: `src/az/.hidden` starts with a dot")
    assert run(monkeypatch, "--log-level", "warn", "package") == 0
    told = capsys.readouterr()
    assert (told.out, told.err.startswith("warning: ")) == ("", True)
    assert run(monkeypatch, "--log-level=error", "package") == 0
    assert capsys.readouterr() == ("", "")
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, "--log-level", "loud", "package")
    assert end.value.code == 2


@pytest.mark.requirement("FR-5.log-level")
def test_the_log_level_may_stand_before_features(capsys: pytest.CaptureFixture[str]) -> None:
    Path("src/az/.hidden").touch()
    assert commands.run(["--log-level", "debug", "features", "package"]) == 0
    assert "    the tar in it: sha256:" in capsys.readouterr().out
    assert commands.run(["--log-level", "error", "features", "package"]) == 0
    assert capsys.readouterr() == ("", "")
    assert commands.run(["--log-level", "error", "features", "--log-level", "warn", "package"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err.startswith("warning: `src/az/.hidden` starts with a dot")) == ("", True)
    assert commands.run(["features", "package"]) == 0
    assert capsys.readouterr().out.startswith("mode: collection (`src`)\n")


@pytest.mark.requirement("FR-6.json", "FR-6.exit", "CL-3", "DE-json")
def test_json_of_verbs_that_have_another_flag_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish = ["publish", "-r", "localhost:1", "-n", "x"]
    for words in (["--json", *publish], [*publish, "--json"]):
        assert run(monkeypatch, *words) == 2
        assert capsys.readouterr() == (
            "",
            "error: `--json` is not for `features publish`, which has another flag for it\n"
            "  fix: features publish --format json\n",
        )
    for words in (["--json", "publish"], ["publish", "--json"]):
        assert commands.run(words) == 2
        assert capsys.readouterr().err == (
            "error: `--json` is not for `packaging publish`, which has another flag for it\n"
            "  fix: packaging publish --format json\n"
        )
    assert commands.run(["--json", "query", "//..."]) == 2
    assert capsys.readouterr().err == (
        "error: `--json` is refused: verbs offer JSON by flags of their own, or not at all\n"
        "  fix: affected, graph and publish have --format json, and build --log-json\n"
    )
    assert commands.run(["--log-level", "debug", "build"]) == 2
    assert capsys.readouterr().err == "error: `--log-level` is for `features` and `publish`\n  fix: leave it out\n"


@pytest.mark.requirement("FR-6.json", "FR-6.exit", "CL-3", "DE-json")
def test_json_is_refused_at_once(
    collection: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for before in (["--json"], ["--json", "--log-level", "debug"]):
        assert run(monkeypatch, *before, "package", "no/such/folder", "-f") == 2
        assert capsys.readouterr() == ("", "JSON output is not supported for features package\n")
    for words in (["features", "--json"], ["--json", "features"], ["--json", "--log-level", "warn", "features"]):
        assert commands.run([*words, "package"]) == 2
        assert capsys.readouterr() == ("", "JSON output is not supported for features package\n")
    for words in (["package", "--json"], ["package", "nowhere", "--json", "-f"]):
        assert run(monkeypatch, *words) == commands.run(["features", *words]) == 2
        assert capsys.readouterr() == ("", "JSON output is not supported for features package\n" * 2)
    assert not (collection / "output").exists()


@pytest.mark.requirement("FR-6.exit", "FR-7.mixed")
def test_what_is_wrong_goes_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("src/go/install.sh").unlink()
    assert run(monkeypatch, "package") == 1
    assert capsys.readouterr() == (
        "",
        "error: `src/go` holds no `install.sh`\n  at src/go\n  fix: write one: clients run it to install\n",
    )
    assert run(monkeypatch, "package", "no/such") == 2
    assert capsys.readouterr().err.startswith("error: there is no folder `no/such`\n")
    assert run(monkeypatch, "package", "src/go", "--strict") == 1
    assert capsys.readouterr().out == ""


def test_warnings_are_told_along_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("src/go/install.sh").unlink()
    Path("src/az/.hidden").touch()
    assert run(monkeypatch, "package") == 1
    error = "error: `src/go` holds no `install.sh`\n  at src/go\n  fix: write one: clients run it to install\n"
    assert capsys.readouterr().err == (
        "warning: `src/az/.hidden` starts with a dot: clients that fetch the archive from a web address drop it\n"
        f"  at src/az/.hidden\n  fix: rename it, or put it into a folder\n\n{error}"
    )
    assert run(monkeypatch, "--log-level", "error", "package") == 1
    assert capsys.readouterr().err == error
    assert run(monkeypatch, "package", "--strict") == 1
    assert "warning" not in capsys.readouterr().err


@pytest.mark.requirement("FR-5.output", "DE-flags", "D-9")
def test_packaging_features_is_the_same_verb(collection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run(["features", "package", ".", "--output-folder", "out", "--archive-name", "upstream"]) == 0
    assert sorted(path.name for path in (collection / "out").iterdir()) == [
        "devcontainer-collection.json",
        "devcontainer-feature-az.tgz",
        "devcontainer-feature-go.tgz",
    ]
    assert commands.run(["features", "package", "nowhere"]) == 2
    assert "there is no folder `nowhere`" in capsys.readouterr().err


def test_publishing_is_asked_for_in_a_way_that_can_be_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for jobs in ("0", "-3", "many"):
        with pytest.raises(SystemExit) as end:
            run(monkeypatch, "publish", "-r", "localhost:1", "-n", "x", f"--jobs={jobs}")
        assert end.value.code == 2
        told = f"error: argument --jobs: `{jobs}` is no number of uploads: write 1 or more\n"
        assert capsys.readouterr().err.endswith(told)
    assert run(monkeypatch, "publish", "-r", "localhost:1", "-n", "") == 2
    assert capsys.readouterr().err == "error: the namespace is empty\n  fix: name one, as in `acme/features`\n"


def test_verbs_and_version_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["package", "--help"], ["test-archive", "--help"], ["--version"]):
        with pytest.raises(SystemExit) as end:
            run(monkeypatch, *words)
        assert end.value.code == 0
    assert capsys.readouterr().out.endswith(f"packaging-targets {__version__}\n")
    with pytest.raises(SystemExit) as end:
        run(monkeypatch)
    assert end.value.code == 2


def test_archives_are_looked_into(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "package", "--archive-name", "upstream") == 0
    capsys.readouterr()
    archive = "output/devcontainer-feature-go.tgz"
    assert run(monkeypatch, "test-archive", archive) == 0
    told = capsys.readouterr()
    assert told.err == ""
    first, sizes, tar, *rest = told.out.splitlines()
    assert first == archive
    assert sizes.startswith("  gzip, ")
    assert tar.startswith("  the tar: 3,584 bytes, sha256:")
    assert rest == [
        "  feature go, version 1.0.0: go",
        "  0755      folder  ./",
        "  0644          46  ./devcontainer-feature.json",
        "  0644          10  ./install.sh",
        "  note: `install.sh` is not executable; common clients make it so, and others need not",
        "clients can use it",
    ]


@pytest.mark.requirement("B-archive")
def test_archives_that_clients_cannot_use_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.tgz").write_bytes(b"PK\x03\x04")
    assert run(monkeypatch, "test-archive", "bad.tgz") == 1
    assert capsys.readouterr() == (
        "bad.tgz\nclients cannot use it\n",
        "error: this is zip: clients read tar, as it is or in gzip\n  at bad.tgz\n\n",
    )
    assert run(monkeypatch, "test-archive", "no-such.tgz") == 2
    assert capsys.readouterr() == (
        "",
        "error: `no-such.tgz` cannot be read: no such file or directory\n"
        "  at no-such.tgz\n"
        "  fix: name an archive that you may read\n",
    )
    assert run(monkeypatch, "test-archive", "src") == 2
    assert capsys.readouterr().err == (
        "error: `src` is a folder, and no archive\n  at src\n  fix: name one of the archives in it\n"
    )
    subprocess.run(["tar", "-cf", "nested.tar", "-C", "src", "go"], check=True)
    assert run(monkeypatch, "test-archive", "nested.tar") == 1
    assert capsys.readouterr().err == (
        "error: `nested.tar` holds no `devcontainer-feature.json` at its top: the files of the feature lie in `go/`\n"
        "  at nested.tar\n  fix: pack from inside the folder\n\n"
    )
    assert run(monkeypatch, "--json", "test-archive", "bad.tgz") == 2
    assert capsys.readouterr().err.endswith("JSON output is not supported for features test-archive\n")


def test_warnings_fail_where_they_are_asked_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("src/go/.hidden").touch()
    assert run(monkeypatch, "package") == 0
    assert run(monkeypatch, "test-archive", "output/go-1.0.0.tgz") == 0
    assert run(monkeypatch, "test-archive", "--strict", "output/go-1.0.0.tgz") == 1
    assert "warning: `output/go-1.0.0.tgz/.hidden` starts with a dot" in capsys.readouterr().err


def test_a_terminal_that_cannot_show_a_name_is_no_reason_to_fail(collection: Path) -> None:
    (collection / "src/go/Größe.sh").write_bytes(b"\r\n")
    program = [sys.executable, "-m", "packaging_targets.adapters.cli.features", "package"]
    environment = {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONIOENCODING": "ascii",
        "XDG_CACHE_HOME": str(collection / "cache"),
    }
    done = subprocess.run(program, env=environment, capture_output=True, check=True)
    assert done.stderr.startswith(b"warning: `src/go/Gr\\xf6\\xdfe.sh` has Windows line endings")
    assert done.stdout.endswith(b"2 features: 2 packed, 0 unchanged\n")


def test_nothing_heavy_is_imported(collection: Path) -> None:
    """What has not changed is told in the time of a few imports."""
    program = [sys.executable, "-X", "importtime", "-m", "packaging_targets.adapters.cli.features", "package"]
    environment = {
        "PYTHONPATH": f"{Path(__file__).parents[2]}:{':'.join(sys.path)}",
        "XDG_CACHE_HOME": str(collection / "cache"),
    }
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    found = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert {"deflate", "argparse"} <= found
    assert (
        found & {"doit", "jinja2", "jsonschema", "pathlib", "sqlite3", "tarfile", "tomllib", "urllib", "zstandard"}
        == set()
    )
