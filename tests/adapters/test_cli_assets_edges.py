"""`packaging assets` where the world is in its way: odd files, missing rights, closed streams."""

from __future__ import annotations

import errno
import fcntl
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from games import FILES, Game, wav
from rights import WITHOUT_RIGHTS, needs_rights_dropped

from packaging_targets.adapters.cli.commands import run
from packaging_targets.adapters.testing import PACKAGING, Workspace
from packaging_targets.formats.assets.banks.sounds import SAMPLE_LIMIT


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Game:
    """Two assets, registered; the current folder is their project."""
    made = Game(tmp_path / "game")
    monkeypatch.chdir(made.root)
    return made


def told(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run `packaging assets`; return its exit code, and what it told to standard error."""
    code = run(["assets", *arguments])
    return code, capfd.readouterr().err


@pytest.mark.parametrize(
    ("place", "what", "fix"),
    [
        ("build/assets.pa", "is what builds write", "choose a place below build/previews/"),
        ("build/.packer/record.json", "is what builds write", "choose a place below build/previews/"),
        ("build/.packer/new.png", "is what builds write", "choose a place below build/previews/"),
        ("notes.txt", "is there, and is no PNG", "move it away, or choose another place with -o"),
        ("/dev/null", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("link.png", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("pipe", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("build", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("aside/new.png", "lies among your assets, where a preview could replace one", None),
    ],
)
def test_a_preview_replaces_pictures_alone(
    game: Game, capfd: pytest.CaptureFixture[str], place: str, what: str, fix: str | None
) -> None:
    assert told(capfd, "build")[0] == 0
    Path("notes.txt").write_text("mine", "utf-8")
    os.symlink("elsewhere.png", "link.png")
    os.symlink("assets/hero", "aside")
    os.mkfifo("pipe")
    before = sorted(game.root.rglob("*")), game.outputs()
    mend = fix or "choose a place elsewhere, such as below build/previews/"
    assert told(capfd, "preview", "hero", "-o", place) == (
        2,
        f"error: `{place}` {what}\n  at {place}\n  fix: {mend}\n",
    )
    assert (sorted(game.root.rglob("*")), game.outputs()) == before


def test_a_preview_does_not_follow_its_folder_into_the_assets(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    Path("build").mkdir()
    os.symlink("../assets/hero", "build/previews")
    code, err = told(capfd, "preview", "hero")
    assert (code, err.splitlines()[0]) == (
        2,
        "error: `build/previews/hero.png` lies among your assets, where a preview could replace one",
    )
    assert game.path("hero/hero.png").read_bytes()


def test_a_preview_from_elsewhere_tells_the_whole_path(
    game: Game, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert run(["assets", "preview", "hero", "--project", str(game.root)]) == 0
    assert capfd.readouterr().out == f"wrote {game.root}/build/previews/hero.png\n"


@pytest.mark.parametrize("link", ["build", "build/.packer"])
@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_a_build_does_not_write_through_a_link(
    game: Game, capfd: pytest.CaptureFixture[str], link: str, target: str
) -> None:
    Path("elsewhere").mkdir()
    Path(link).parent.mkdir(exist_ok=True)
    os.symlink(game.root / target, link)
    assert told(capfd, "build") == (
        1,
        f"error: `{link}` is a symbolic link, and what it leads to belongs to somebody else\n"
        f"  at {link}\n"
        "  fix: remove the link: a folder is made in its place\n"
        "nothing was built; the last good outputs are as they were\n",
    )
    assert (list(Path("elsewhere").iterdir()), Path("nowhere").exists()) == ([], False)


def test_a_preview_does_not_write_through_a_link(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    Path("elsewhere").mkdir()
    os.symlink("elsewhere", "build")
    assert told(capfd, "preview", "hero") == (
        2,
        "error: `build` is a symbolic link\n  at build\n  fix: choose another place with -o\n",
    )
    assert list(Path("elsewhere").iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO])
def test_a_file_system_without_locks(
    game: Game, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    reason = os.strerror(number).lower()
    assert told(capfd, "exclude", "hero") == (
        1,
        f"error: `{game.root}/assets/.prometeu` cannot be locked: {reason}\n"
        "  fix: use a file system with locks, such as that of a local disk\n",
    )
    assert told(capfd, "build")[1].startswith(f"error: `{game.root}/build/.packer` cannot be locked: {reason}\n")


def without_rights(game: Game, *arguments: str) -> tuple[int, str]:
    """Run `packaging assets` without the rights of root; return its exit code, and what it told besides."""
    environment = Workspace(game.root.parent / "none").whole_environment()
    command = [*WITHOUT_RIGHTS, *PACKAGING, "assets", *arguments]
    process = subprocess.run(command, cwd=game.root, env=environment, capture_output=True, text=True, check=False)
    return process.returncode, process.stderr


_UNBUILT = "nothing was built; the last good outputs are as they were\n"
_PACKER = f"error: `build/.packer` cannot be made: permission denied\n  at build/.packer\n{_UNBUILT}"
_BANK = (
    "error: the bank of `jump` cannot be written: permission denied\n"
    f"  at build/.packer/banks\n  fix: the last good outputs are as they were\n{_UNBUILT}"
)
_PICTURE = (
    "error: `build/previews/hero.png` cannot be written: permission denied\n"
    "  at build/previews/hero.png\n  fix: choose another place with -o\n"
)
_HERO = "  at assets/.prometeu/index.json  ($.assets[1])\n  fix: make it readable for you\n\n"


@needs_rights_dropped
@pytest.mark.parametrize(
    ("closed", "mode", "verb", "code", "err"),
    [
        ("", 0o555, "build", 1, _PACKER),
        ("build", 0o555, "build", 1, _PACKER),
        ("build/.packer", 0o000, "build", 1, _PACKER),
        ("build/.packer/banks", 0o555, "build", 1, _BANK),
        ("build", 0o555, "preview hero", 2, _PICTURE),
        ("build/previews", 0o000, "preview hero", 2, _PICTURE),
        (
            "assets/.prometeu",
            0o000,
            "init",
            1,
            "error: `{root}/assets/.prometeu` cannot be locked: permission denied\n",
        ),
        (
            "assets/.prometeu",
            0o000,
            "list",
            2,
            "error: `{root}/assets/.prometeu` may not be read\n  at .\n  fix: make it readable for you\n",
        ),
        (
            "assets/.prometeu",
            0o555,
            "quarantine hero --yes",
            1,
            "error: `.prometeu/index.json` cannot be written: the folder `.prometeu` may not be written\n"
            "  fix: nothing was changed\n\n"
            "error: `.prometeu/quarantine/2` cannot be written: the folder `.prometeu` may not be written\n"
            "  fix: nothing was changed\n",
        ),
        (
            "assets/hero",
            0o000,
            "build",
            1,
            f"error[declaration-missing]: `assets/hero` cannot be read: permission denied\n{_HERO}{_UNBUILT}",
        ),
        (
            "assets/hero",
            0o444,
            "build",
            1,
            f"error[declaration-missing]: `assets/hero` cannot be read: it may not be entered\n{_HERO}{_UNBUILT}",
        ),
        (
            "assets/hero",
            0o000,
            "rm 2",
            2,
            "error: `assets/hero` cannot be read: permission denied\n  at assets/hero\n"
            "  fix: make it readable for you\n",
        ),
        (
            "assets/hero",
            0o000,
            "rm hero",
            2,
            "error: the asset 2, which may be `hero`, has no `asset.json` that can be read\n"
            "  at assets/hero\n  fix: packaging assets show 2\n",
        ),
        (
            "assets/.prometeu/index.json",
            0o000,
            "list",
            1,
            "error[registry-invalid]: `assets/.prometeu/index.json` cannot be read: permission denied\n"
            "  at assets/.prometeu/index.json\n\n",
        ),
    ],
)
def test_what_may_not_be_read_or_written(game: Game, closed: str, mode: int, verb: str, code: int, err: str) -> None:
    place = game.root / closed
    if not place.exists():
        place.mkdir(parents=True)
    usual = place.stat().st_mode
    place.chmod(mode)
    try:
        assert without_rights(game, *verb.split()) == (code, err.format(root=game.root))
    finally:
        place.chmod(usual)


def test_a_registry_that_is_a_link(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    game.path(".prometeu/index.json").rename("index.json")
    os.symlink("../../index.json", game.path(".prometeu/index.json"))
    assert told(capfd, "list") == (
        1,
        "error[registry-invalid]: `assets/.prometeu/index.json` cannot be read: it is a symbolic link\n"
        "  at assets/.prometeu/index.json\n\n",
    )


def test_a_pack_that_cannot_be_read(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    def last_line() -> str:
        assert run(["assets", "show", "hero"]) == 0
        return capfd.readouterr().out.splitlines()[-1]

    assert last_line() == "not in build/assets.pa"
    Path("build/assets.pa").parent.mkdir()
    Path("build/assets.pa").write_bytes(b"")
    fault = "build/assets.pa is of no use"
    assert last_line() == f"{fault}: the file is 0 bytes long, and the prelude alone is 32"
    Path("build/assets.pa").unlink()
    os.mkfifo("build/assets.pa")
    assert last_line() == f"{fault}: `build/assets.pa` is no regular file"
    assert told(capfd, "show", "--pack", "build/assets.pa") == (
        2,
        "error: `build/assets.pa` is no regular file\n  at build/assets.pa\n",
    )


@pytest.mark.parametrize("lost", ["numpy", "deflate", "PIL"])
def test_what_is_to_be_installed(
    game: Game, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    game.write({"fresh/x.png": FILES["hero/hero.png"]})
    monkeypatch.setitem(sys.modules, lost, None)
    name = "pillow" if lost == "PIL" else lost
    expected = (
        1,
        f"error: pictures need `{name}`, which is not installed\n  fix: pip install 'packaging-targets[assets]'\n",
    )
    assert told(capfd, "add", "assets/fresh", "--tile-size", "8") == expected
    assert told(capfd, "preview", "hero") == expected
    assert told(capfd, "preview", "jump") == ((0, "") if lost == "PIL" else expected)


def test_sounds_that_no_build_would_take_are_not_added(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    registry = game.path(".prometeu/index.json").read_bytes()
    game.write({f"many/{number}.wav": b"" for number in range(SAMPLE_LIMIT + 1)})
    assert told(capfd, "add", "assets/many") == (
        2,
        "error: there are 4,097 sounds, and a bank holds 4,096\n"
        "  at assets/many\n"
        "  fix: make several banks of them, each in a folder of its own\n",
    )
    law = wav(1, 2, 3).replace(b"fmt \x10\0\0\0\1\0", b"fmt \x10\0\0\0\2\0")
    game.write({"law/x.wav": law, "law/y.wav": wav(1)[:-1]})
    fix = "  fix: export it as WAVE: PCM of 8 to 32 bits or float, with one or two channels\n"
    assert told(capfd, "add", "assets/law") == (
        2,
        "error: `assets/law/x.wav` is 16-bit ADPCM, and PCM of 8, 16, 24 or 32 bits and float of 32 or 64 are accepted\n"
        f"  at assets/law/x.wav\n{fix}\n"
        "error: `assets/law/y.wav` is cut off: `data` claims 2 bytes, and 1 are left\n"
        f"  at assets/law/y.wav\n{fix}",
    )
    assert game.path(".prometeu/index.json").read_bytes() == registry


def test_init_tells_that_a_registry_is_damaged(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    game.write({".prometeu/index.json": b"<<<<<<< ours"})
    assert told(capfd, "init") == (
        1,
        "error[registry-invalid]: the file is not JSON: expecting value: line 1 column 1 (char 0)\n"
        "  at assets/.prometeu/index.json  ($)\n\n",
    )
    assert game.path(".prometeu/index.json").read_bytes() == b"<<<<<<< ours"


def shell(game: Game, line: str, **environment: str) -> tuple[int, str, str]:
    """Run a line in which `packaging` is the program; return its exit code, and what it wrote and told."""
    whole = Workspace(game.root.parent / "none").whole_environment() | environment
    command = line.replace("packaging", shlex.join(PACKAGING), 1)
    process = subprocess.run(command, shell=True, cwd=game.root, env=whole, capture_output=True, text=True, check=False)
    return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("packaging assets list >&-", "bad file descriptor"),
        ("packaging assets build --events >/dev/full", "no space left on device"),
        ("packaging assets exclude hero >/dev/full", "no space left on device"),
    ],
)
def test_output_that_cannot_be_written(game: Game, line: str, reason: str, unbuffered: str) -> None:
    assert shell(game, line, PYTHONUNBUFFERED=unbuffered) == (
        1,
        "",
        f"error: the output cannot be written: {reason}\n",
    )
    assert ("false" in game.path(".prometeu/index.json").read_text("utf-8")) is ("exclude" in line)


@pytest.mark.parametrize(("to", "reason"), [(">&-", "bad file descriptor"), (">/dev/full", "no space left on device")])
def test_output_of_a_build_that_cannot_be_written(game: Game, to: str, reason: str) -> None:
    Workspace(game.root).write({"TARGETS.toml": "[workspace]\n"})
    told = f"error: the output cannot be written: {reason}\n"
    shell(game, "packaging build")
    assert shell(game, f"packaging build {to}") == (1, "", told)  # nothing is to be done: that has a way of its own
    assert shell(game, f"packaging schema {to}") == (1, "", told)


def test_errors_that_nobody_hears(game: Game) -> None:
    assert shell(game, "packaging assets show nobody 2>&-") == (2, "", "")
    assert shell(game, "packaging assets list >&- 2>&-") == (1, "", "")


def test_names_are_utf_8_whatever_the_locale_says(game: Game) -> None:
    game.path("hero").rename(game.path("ünï"))
    assert shell(game, "packaging assets doctor --fix")[0] == 0
    code, out, err = shell(game, "packaging assets doctor --fix", LC_ALL="C", PYTHONUTF8="0")
    assert (code, out, err) == (0, "ok: 2 assets\n", "")
    assert shell(game, "packaging assets list", LC_ALL="C", PYTHONUTF8="0")[1].splitlines()[-1] == (
        " 2  hero  glyph_bank      2  yes    ok     assets/ünï"
    )


def test_names_do_not_speak_to_the_terminal(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    evil = "he\x1b[31m\nro"
    game.path("hero").rename(game.path(evil))
    game.write({f"{evil}/hero.png": b""})
    assert run(["assets", "doctor", "--fix"]) == 1
    out, err = capfd.readouterr()
    assert out == (
        "mended: recorded that asset 2 is in `assets/he\\x1b[31m\\nro` now\n1 error, 0 warnings: a build would fail\n"
    )
    assert err == (
        "error[image-invalid]: `assets/he\\x1b[31m\\nro/hero.png` is no PNG file\n"
        "  at assets/he\\x1b[31m\\nro/hero.png\n"
        "  fix: save the picture as PNG again\n\n"
    )
    code, err = told(capfd, "add", f"assets/{evil}")
    assert (code, "\x1b" in err) == (2, False)


def test_a_foreign_pack_does_not_speak_to_the_terminal(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    assert told(capfd, "build")[0] == 0
    pack = Path("build/assets.pa").read_bytes().replace(b'"GLYPH"', b'"G\x1b[1m"', 1)
    Path("x.pa").write_bytes(pack)
    code, err = told(capfd, "show", "--pack", "x.pa")
    assert (code, "\x1b" in err, err.startswith("error: ")) == (1, False, True)


def test_restore_tells_before_what_it_cannot_do(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    assert told(capfd, "quarantine", "hero", "--yes") == (0, "")
    long = f"assets/{'x' * 300}"
    assert told(capfd, "restore", "hero", "--to", long) == (
        2,
        f"error: `{long}` has a name of more than 255 bytes\n  at {long}\n  fix: choose a shorter one\n",
    )
    assert told(capfd, "restore", "hero", "--to", "") == (2, "error: `` is no folder below `assets`\n")
    shutil.rmtree(game.path(".prometeu/quarantine/2"))
    assert told(capfd, "restore", "hero") == (
        2,
        "error: `assets/.prometeu/quarantine/2` is gone, in which `assets/hero` was in quarantine\n"
        "  at assets/.prometeu/quarantine/2\n"
        "  fix: bring the folder back, or let packaging assets gc forget the asset 2\n",
    )
    assert told(capfd, "gc", "--yes") == (0, "")
