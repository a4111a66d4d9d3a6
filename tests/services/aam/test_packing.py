"""`aam pkg init`, `validate` and `pack`: what they write, where, and what they refuse."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aam_archives import entry, manifest, packed
from rights import WITHOUT_RIGHTS, needs_rights_dropped

import packaging_targets
from packaging_targets.adapters.cli.aam import program
from packaging_targets.errors import BuildError, PackagingError, RequestError
from packaging_targets.formats.aam.package.reader import read_package
from packaging_targets.formats.aam.package.writer import write_aam
from packaging_targets.services.aam.packing import pack as packing
from packaging_targets.services.aam.packing.initialise import initialise
from packaging_targets.services.aam.packing.pack import pack
from packaging_targets.services.aam.packing.validate import validate

SKILL = "---\nname: review\ndescription: Reviews code. Use it for reviews.\n---\n\n# Review\n"
ARCHIVE = "acme--review-1.2.0.aam"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in `review`, below the current folder."""
    folder = tmp_path / "review"
    files = {
        "package.agent.json": json.dumps({"name": "@acme/review", "version": "1.2.0", "description": "x"}),
        "README.md": "# Review\n",
        "skills/review/SKILL.md": SKILL,
        "skills/review/scripts/run.sh": "#!/bin/sh\n",
    }
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (folder / "skills/review/scripts/run.sh").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return folder


def aam(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["aam", *arguments])
    return program.main()


def state(folder: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in folder.rglob("*")
    }


@pytest.mark.uaaps("S12.1.format", "P22")
def test_packing_writes_an_archive_and_nothing_among_the_sources(package: Path) -> None:
    before = state(package)
    first = pack("review")
    assert (first.archive, first.files) == (
        f"dist/{ARCHIVE}",
        ("README.md", "package.agent.json", "skills/review/SKILL.md", "skills/review/scripts/run.sh"),
    )
    data = Path(first.archive).read_bytes()
    assert (first.size, first.digest.hex) == (len(data), hashlib.sha256(data).hexdigest())
    assert first.integrity.startswith("sha256-")
    assert pack("review").digest == first.digest
    assert state(package) == before
    found = read_package(io.BytesIO(data), ARCHIVE)
    assert found.files["skills/review/scripts/run.sh"].executable
    assert sorted(os.listdir("dist")) == [ARCHIVE]


@pytest.mark.uaaps("P22")
def test_a_second_pack_from_inside_the_folder_gives_the_same_bytes(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(package)
    first, second = pack("."), pack(".")
    assert (first.archive, first.digest) == (second.archive, second.digest)
    assert pack(".", "other/").digest == first.digest
    assert pack(".", "x.aam").archive == "x.aam"
    assert pack(".", str(package)).digest == first.digest
    assert pack(str(package)).digest == first.digest
    Path("y.aam").mkdir()
    assert pack(".", "y.aam").archive == f"y.aam/{ARCHIVE}"


@pytest.mark.uaaps("P21")
def test_the_time_is_that_of_the_environment(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(package / "README.md", (1, 1))
    first = pack("review").digest
    os.utime(package / "README.md", (2, 2))
    assert pack("review").digest == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert pack("review").digest != first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(RequestError, match="SOURCE_DATE_EPOCH must be seconds since 1970"):
        pack("review")


def test_what_is_wrong_leaves_no_archive(package: Path) -> None:
    (package / "notes.md").write_text("\u202e")
    with pytest.raises(PackagingError) as caught:
        pack("review")
    assert [one.where for one in caught.value.problems] == ["review/notes.md:1"]
    assert caught.value.exit_code == 1
    assert sorted(os.listdir()) == ["review"]
    os.makedirs("dist")
    with pytest.raises(PackagingError):
        pack("review")
    assert os.listdir("dist") == []


def test_an_archive_that_stands_there_stays_where_packing_fails(package: Path) -> None:
    place = Path(pack("review").archive)
    before = place.read_bytes()
    (package / "notes.md").write_text("\u202e")
    with pytest.raises(PackagingError):
        pack("review")
    assert (os.listdir("dist"), place.read_bytes()) == ([ARCHIVE], before)


def test_a_file_that_changes_while_it_is_packed(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        (package / "README.md").write_text("# Other!\n")

    real = write_aam
    monkeypatch.setattr(packing, "write_aam", write)
    with pytest.raises(PackagingError, match="changed while it was read"):
        pack("review")
    assert os.listdir() == ["review"]


@needs_rights_dropped
@pytest.mark.usefixtures("package")
def test_a_folder_that_cannot_be_written() -> None:
    os.mkdir("out", 0o500)
    program_of_ours = [sys.executable, "-m", "packaging_targets.adapters.cli.aam.program"]
    root = str(Path(packaging_targets.__file__).parents[1])
    done = subprocess.run(
        [*WITHOUT_RIGHTS, *program_of_ours, "pkg", "pack", "review", "-o", "out"],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: `out/{ARCHIVE}` cannot be written: permission denied\n  at out/{ARCHIVE}\n"
    assert os.listdir("out") == []


def test_places_that_cannot_be(package: Path) -> None:
    Path("file").write_text("")
    with pytest.raises(BuildError) as caught:
        pack("review", "file")
    assert str(caught.value) == (f"error: `file/{ARCHIVE}` cannot be written: file exists\n  at file/{ARCHIVE}")
    with pytest.raises(RequestError) as refused:
        pack("nowhere")
    assert (
        str(refused.value) == "error: there is no folder `nowhere`\n  at nowhere\n  fix: name the folder of a package"
    )


def test_odd_things_in_a_folder(package: Path) -> None:
    os.mkfifo(package / "pipe")
    (package / "sub").mkdir()
    (package / "sub" / "TARGETS.toml").write_text("")
    (package / ".git").symlink_to("/")
    (package / "node_modules").mkdir()
    (package / "node_modules" / "x").symlink_to("/")
    with pytest.raises(PackagingError) as caught:
        pack("review")
    assert str(caught.value) == (
        "error: `review/pipe` is no file but a FIFO, a socket or a device\n  at review/pipe\n  fix: take it away"
    )
    assert [one.what for one in caught.value.warnings] == [
        "`review/sub` is not packed: it has a `TARGETS.toml`, which makes it a package of its own"
    ]


def test_a_name_that_is_not_utf8(package: Path) -> None:
    Path(os.fsdecode(os.fsencode(package) + b"/caf\xe9")).write_text("")
    with pytest.raises(PackagingError, match=r"the path `caf\\xe9` is not UTF-8"):
        pack("review")


@pytest.mark.uaaps("P17")
def test_a_decomposed_name_is_packed_composed(package: Path) -> None:
    (package / "e\u0301").write_text("1")
    assert "\u00e9" in pack("review").files
    (package / "\u00e9").write_text("2")
    with pytest.raises(PackagingError, match="stands twice, where the package is unpacked"):
        pack("review")


def test_a_package_that_was_begun_is_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    begun = initialise("new/one", "@acme/my-skill")
    assert (str(begun.name), begun.files) == (
        "@acme/my-skill",
        ("new/one/README.md", "new/one/package.agent.json", "new/one/skills/my-skill/SKILL.md"),
    )
    found = validate("new/one")
    assert (str(found.manifest.version), found.warnings) == ("0.1.0", ())
    assert validate(pack("new/one").archive).files == found.files
    assert str(initialise(str(tmp_path / "Plain")).name) == "plain"
    assert str(initialise(str(tmp_path / "@acme/Tool")).name) == "@acme/tool"
    before = state(tmp_path)
    Path("new/one/README.md").unlink()
    with pytest.raises(RequestError) as caught:
        initialise("new/one", "other")
    assert str(caught.value) == (
        "error: `new/one/package.agent.json` is there already, and is not replaced\n"
        "  at new/one/package.agent.json\n"
        "  fix: choose another folder, or remove it"
    )
    assert set(before) - set(state(tmp_path)) == {"new/one/README.md"}
    assert not Path("new/one/skills/other").exists()


def test_names_that_no_package_can_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError) as caught:
        initialise("a--b")
    assert str(caught.value) == (
        "error: the name `a--b` has `--` in its name, which stands between scope and name in the names of folders\n"
        "  fix: choose one: --name NAME"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.uaaps("P18", "P19", "P20")
def test_validation_tells_everything_at_once_and_writes_nothing(package: Path) -> None:
    (package / "skills/review/SKILL.md").write_text("---\nname: other\ndescription: x\n---\n\u200b\n")
    (package / ".env").write_text("A=1\n")
    before = state(package.parent)
    with pytest.raises(PackagingError) as caught:
        validate("review")
    places = [one.where for one in caught.value.problems]
    assert "review/skills/review/SKILL.md:5" in places
    assert any(place.startswith("review/skills/review/SKILL.md:2") for place in places)
    assert "review/.env" in [one.where for one in caught.value.warnings]
    assert state(package.parent) == before


def names_that_no_platform_can_have(package: Path, **members: Any) -> None:
    name = "n" * 60
    text = "---\nname: {}\ndescription: Does it. Use it.\n---\nDo it.\n"
    files = {
        f"skills/{name}/SKILL.md": text.format(name),
        "skills/cmd-go/SKILL.md": text.format("cmd-go"),
        "commands/go.md": "Go.\n",
        "package.agent.json": json.dumps({"name": "@acme/review", "version": "1.0.0", "description": "x", **members}),
    }
    for path, content in files.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(content)


@pytest.mark.uaaps("P31")
def test_what_no_bundle_could_be_made_of_is_not_packed(package: Path) -> None:
    pytest.importorskip("yaml")
    names_that_no_platform_can_have(package, engines={"cursor": "*"})
    too_long = (
        f"error: becomes the skill `acme-{'n' * 60}` in Cursor, of 65 characters, and 64 is the most\n"
        f"  at review/skills/{'n' * 60}/SKILL.md\n"
        "  fix: choose a shorter name"
    )
    with pytest.raises(PackagingError) as refused:
        validate("review")
    assert str(refused.value) == too_long
    names_that_no_platform_can_have(package, name="review", engines={"cursor": "*"})
    assert validate("review").manifest.name.name == "review"
    names_that_no_platform_can_have(package, name="review")
    with pytest.raises(PackagingError) as refused:
        pack("review")
    assert str(refused.value) == (
        "error: `review@1.0.0` (skills/cmd-go/SKILL.md) and `review@1.0.0` (commands/go.md) both become "
        "`.agents/skills/cmd-go/` in Codex\n"
        "  at review/commands/go.md\n"
        "  fix: rename one of the two"
    )


def test_validation_of_an_archive(package: Path) -> None:
    archive = pack("review").archive
    found = validate(archive)
    assert (str(found.manifest.name), len(found.files), found.size) == ("@acme/review", 4, os.path.getsize(archive))
    Path("bad.aam").write_bytes(Path(archive).read_bytes()[:-20])
    with pytest.raises(PackagingError) as caught:
        validate("bad.aam")
    assert caught.value.problems[0].where == "bad.aam"
    Path("hidden.aam").write_bytes(packed(manifest(), entry("rules/a.md", "\u202e".encode())))
    with pytest.raises(PackagingError) as found_too:
        validate("hidden.aam")
    assert "hidden.aam/rules/a.md:1" in [one.where for one in found_too.value.problems]
    with pytest.raises(RequestError) as missing:
        validate("nowhere.aam")
    assert str(missing.value) == (
        "error: `nowhere.aam` cannot be read: no such file or directory\n"
        "  at nowhere.aam\n"
        "  fix: name the folder of a package, or an archive"
    )


@pytest.mark.usefixtures("package")
def test_what_the_verbs_print(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert aam(monkeypatch, "pkg", "validate", "review") == 0
    size = validate("review").size
    assert capsys.readouterr().out == f"@acme/review 1.2.0 is in order: 4 files, {size} bytes packed\n"
    assert aam(monkeypatch, "pkg", "pack", "review") == 0
    assert capsys.readouterr().out == f"packed @acme/review 1.2.0: 4 files, {size} bytes\ndist/{ARCHIVE}\n"
    assert aam(monkeypatch, "pkg", "pack", "review", "-o", "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["archive"], told["name"], told["version"]) == (
        True,
        f"out/{ARCHIVE}",
        "@acme/review",
        "1.2.0",
    )
    assert (told["sha256"], told["integrity"]) == (pack("review").digest.hex, pack("review").integrity)
    assert aam(monkeypatch, "pkg", "validate", "review", "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"] == told["files"]
    assert aam(monkeypatch, "pkg", "init", "b", "--name", "x") == 0
    assert capsys.readouterr().out == (
        "wrote b/README.md\nwrote b/package.agent.json\nwrote b/skills/x/SKILL.md\nbegan x: pack it with `aam pkg pack`\n"
    )
    assert aam(monkeypatch, "pkg", "init", "c", "--json") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "c"


@pytest.mark.usefixtures("package")
def test_how_the_verbs_fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert aam(monkeypatch, "pkg", "pack", "nowhere") == 2
    assert capsys.readouterr().err.startswith("error: there is no folder `nowhere`\n")
    Path("review/notes.md").write_text("\u202e")
    Path("review/.env").write_text("")
    for verb in ("pack", "validate"):
        assert aam(monkeypatch, "pkg", verb, "review") == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("warning: `review/.env` may hold credentials, and is packed\n")
        assert "error: people do not see the character U+202E" in told.err
    assert aam(monkeypatch, "pkg", "pack", "review", "--json") == 1
    value = json.loads(capsys.readouterr().out)
    assert (value["ok"], [one["where"] for one in value["problems"]]) == (False, ["review/notes.md:1"])
    assert [one["where"] for one in value["warnings"]] == ["review/.env"]


@pytest.mark.uaaps("P21")
def test_other_programs_read_the_archives(package: Path) -> None:
    archive = pack("review").archive
    listed = subprocess.run(["tar", "tzf", archive], capture_output=True, text=True, check=True).stdout.split()
    assert listed == ["README.md", "package.agent.json", "skills/review/SKILL.md", "skills/review/scripts/run.sh"]
    subprocess.run(["gzip", "-t", "-S", ".aam", archive], check=True)
    assert package.exists()


@pytest.mark.uaaps("P20")
def test_who_validates_an_archive_learns_what_its_author_allows(package: Path) -> None:
    allowed = {"x-aam": {"allow": [{"path": "skills/**/run.sh", "what": "hidden"}]}}
    value = {"name": "@acme/review", "version": "1.2.0", "description": "x", **allowed}
    (package / "package.agent.json").write_text(json.dumps(value))
    (package / "skills/review/scripts/run.sh").write_text("printf '\x1b[31m'\n")
    packed_now = pack("review")
    assert packed_now.warnings == ()
    (warning,) = validate(packed_now.archive).warnings
    assert warning.what == "people do not see the character U+001B, and agents read it"
    assert warning.where == f"dist/{ARCHIVE}/skills/review/scripts/run.sh:1"
