"""`features package`: what it refuses, what it says then, and that the output folder stays as it was."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from packaging_targets.errors import PackagingError
from packaging_targets.services.features import package as verb
from packaging_targets.services.features import packing
from packaging_targets.services.features.folders import list_folder

if TYPE_CHECKING:
    from tests.services.features.conftest import Features


@pytest.fixture
def old(features: Features) -> Iterator[Features]:
    """A folder whose output must be the same after the test."""
    features.write({"output/old-0.1.0.tgz": "old", "output/devcontainer-collection.json": "{}"})
    yield features
    assert features.output() == {"old-0.1.0.tgz": b"old", "devcontainer-collection.json": b"{}"}


@pytest.fixture
def nest() -> Iterator[Callable[[Path, int], None]]:
    """Make a folder with so many folders in each other and a file in the last; they are removed after the test."""
    made: list[Path] = []

    def make(folder: Path, depth: int) -> None:
        folder.mkdir()
        made.append(folder)
        program = f"import os\nfor _ in range({depth}):\n os.mkdir('d'); os.chdir('d')\nopen('x', 'w').close()"
        subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)

    yield make
    for folder in made:  # Python's own rmtree recurses
        subprocess.run(["rm", "-rf", str(folder)], check=True)


# The target


@pytest.mark.requirement("FR-1", "FR-7.metadata", "A-4", "US-5")
def test_a_target_that_is_nothing(old: Features) -> None:
    assert old.refusal("no/such", code=2) == (
        "error: there is no folder `no/such`\n"
        "  at no/such\n"
        "  fix: name the folder of a feature, or one with a folder `src` of features"
    )
    old.write({"file": "", "empty/README.md": ""})
    assert old.refusal("file", code=2).startswith("error: `file` is no folder\n")
    assert old.refusal("./empty/", code=2, force=True) == (
        "error: `empty` holds neither `devcontainer-feature.json` (a feature) nor a folder `src` (a collection)\n"
        "  at empty\n"
        "  fix: write a `devcontainer-feature.json`, or put folders of features into `empty/src`"
    )


@pytest.mark.requirement("UP-src")
def test_people_who_name_src_itself_are_led_to_the_folder_above(old: Features, monkeypatch: pytest.MonkeyPatch) -> None:
    old.feature("repo/src/go")
    assert old.refusal("repo/src", code=2).endswith("  fix: name the folder above it: `features package repo`")
    old.feature("repo/features/go")
    assert old.refusal("repo/features", code=2).endswith(
        "  fix: move the folders of features into `repo/features/src`, or name one of them"
    )
    monkeypatch.chdir(old.path("repo"))
    assert old.refusal("src", code=2).endswith("  fix: name the folder above it: `features package .`")
    monkeypatch.chdir("src")
    assert old.refusal(".", code=2).endswith("  fix: name the folder above it: `features package ..`")


@pytest.mark.requirement("FR-7.metadata", "A-4", "US-5", "UP-json", "D-1", "DE-clean")
@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        (
            '{"id": "color",\n "version": }',
            "error: `devcontainer-feature.json` is not JSON: expected a value, but found `}`\n"
            "  at color/devcontainer-feature.json:2:13",
        ),
        ("[]", "error: `devcontainer-feature.json` must hold an object\n"),
        ("", "error: `devcontainer-feature.json` is not JSON: expected a value, but the file ends\n"),
        (
            '{"id": "color", "name": "Color"}',
            "error: `version` is missing\n  at color/devcontainer-feature.json  ($.version)",
        ),
        ('{"version": "1.0.0", "name": "Color"}', "error: `id` is missing\n"),
    ],
)
def test_metadata_that_is_broken(old: Features, metadata: str, text: str) -> None:
    old.write({"color/install.sh": "", "color/devcontainer-feature.json": metadata})
    assert old.refusal("color", force=True).startswith(text)


@pytest.mark.requirement("FR-2.version", "DE-version")
def test_an_empty_version(old: Features) -> None:
    old.feature("color", version="")
    assert old.refusal("color").startswith("error: `version` is empty\n")


@pytest.mark.requirement("FR-2.name", "DE-lower", "DE-ascii", "DE-empty-name")
def test_ids_and_names_of_archives(features: Features) -> None:
    for number, name in enumerate(("My__Color", "größe", "-a-")):
        features.feature(f"f{number}", id=name)
        features.package(f"f{number}")
    assert sorted(features.output()) == [
        "a-1.0.0.tgz",
        "devcontainer-collection.json",
        "gr-e-1.0.0.tgz",
        "my-color-1.0.0.tgz",
    ]
    features.feature("nameless", id="日本")
    assert features.refusal("nameless").startswith("error: `id` is `日本`, of which no archive name can be made\n")


@pytest.mark.requirement("D-6", "UP-install", "DE-install")
def test_a_missing_script(old: Features) -> None:
    old.feature("src/go")
    old.path("src/go/install.sh").unlink()
    assert old.refusal().startswith("error: `src/go` holds no `install.sh`\n")
    result = old.package("src/go", output="other")
    assert [one.what for one in result.warnings] == ["`src/go` holds no `install.sh`"]


# Collections


@pytest.mark.requirement("FR-7.mixed", "CL-1", "EC-mixed", "US-6", "UP-partial", "D-1")
def test_all_invalid_folders_are_listed_and_nothing_is_made(old: Features) -> None:
    old.feature("src/good")
    old.feature("src/other", id="good")
    old.write({"src/bare/install.sh": "", "src/broken/install.sh": "", "src/broken/devcontainer-feature.json": "{,}"})
    old.path("src/empty").mkdir()
    assert old.refusal(force=True) == (
        "error: `src/bare` holds no `devcontainer-feature.json`\n"
        "  at src/bare\n"
        '  fix: write one with "id", "version" and "name", or move the folder away\n'
        "\n"
        'error: `devcontainer-feature.json` is not JSON: expected `}` or a key in `"`, but found `,`\n'
        "  at src/broken/devcontainer-feature.json:1:2\n"
        "\n"
        "error: `src/empty` holds no `devcontainer-feature.json`\n"
        "  at src/empty\n"
        '  fix: write one with "id", "version" and "name", or move the folder away\n'
        "\n"
        "error: `src/good` and `src/other` would both be packed as `good-1.0.0.tgz`\n"
        "  at src/good\n"
        "  fix: change the id or the version of all but one\n"
        "\n"
        "error: `id` is `good`, but the folder is `other`\n"
        "  at src/other/devcontainer-feature.json  ($.id)\n"
        '  fix: rename the folder to `good`, or write "id": "other"'
    )


@pytest.mark.requirement("FR-7.empty", "A-5", "US-6")
@pytest.mark.parametrize("files", [{}, {"src/README.md": ""}, {"src/.hidden/x": ""}])
def test_a_collection_without_features(old: Features, files: dict[str, str]) -> None:
    old.path("src").mkdir()
    old.write(files)
    assert old.refusal(force=True) == (
        "error: no features were found in `src`\n"
        "  at src\n"
        "  fix: give every feature a folder there, with devcontainer-feature.json and install.sh"
    )


@pytest.mark.requirement("UP-id", "UP-twice", "D-7")
def test_ids_that_are_not_the_folders_name_or_not_unique(old: Features) -> None:
    old.feature("src/go", id="golang")
    assert old.refusal().startswith("error: `id` is `golang`, but the folder is `go`\n")
    old.feature("src/go")
    old.feature("src/a-b")
    old.feature("src/a_b")
    assert old.refusal().startswith("error: `src/a-b` and `src/a_b` would both be packed as `a-b-1.0.0.tgz`\n")


# Files


@pytest.mark.requirement("UP-fifo", "DE-fifo", "D-5")
def test_what_is_no_file(old: Features) -> None:
    old.feature("src/go")
    os.mkfifo(old.path("src/go/pipe"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("src/go/socket")
        assert old.refusal() == (
            "error: `src/go/pipe` is no regular file but a FIFO, a socket or a device\n"
            "  at src/go/pipe\n"
            "  fix: take it away\n"
            "\n"
            "error: `src/go/socket` is no regular file but a FIFO, a socket or a device\n"
            "  at src/go/socket\n"
            "  fix: take it away"
        )


@pytest.mark.requirement("UP-fifo")
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_metadata_that_is_no_file_makes_nobody_wait(old: Features, make: Callable[[Path], None]) -> None:
    old.write({"go/install.sh": "", "src/az/install.sh": ""})
    make(old.path("go/devcontainer-feature.json"))
    make(old.path("src/az/devcontainer-feature.json"))
    for target, path in (("go", "go"), (".", "src/az")):
        assert old.refusal(target) == (
            f"error: `{path}/devcontainer-feature.json` is no regular file\n"
            f"  at {path}/devcontainer-feature.json\n"
            '  fix: write a file with "id", "version" and "name" in its place'
        )


@pytest.mark.requirement("UP-links", "DE-links", "D-5")
def test_links_that_lead_out_or_in_a_circle(old: Features) -> None:
    old.feature("src/go")
    for name, leads in (("abs", "/etc/passwd"), ("out", "../../x"), ("loop", "loop"), ("dangling", "nothing")):
        old.path(f"src/go/{name}").symlink_to(leads)
    text = old.refusal()
    assert [line for line in text.splitlines() if line.startswith("error")] == [
        "error: `src/go/abs` is a symbolic link to `/etc/passwd`, an absolute path",
        "error: `src/go/loop` is a symbolic link to `loop`, which leaves the feature's folder or leads in a circle",
        "error: `src/go/out` is a symbolic link to `../../x`, which leaves the feature's folder or leads in a circle",
    ]


@pytest.mark.requirement("SC-1", "D-5")
def test_a_link_to_a_feature_where_features_are(old: Features) -> None:
    old.feature("elsewhere/az")
    old.path("src").mkdir()
    old.path("src/az").symlink_to("../elsewhere/az")
    told = (
        "error: `src/az` is a symbolic link, and so no feature\n"
        "  at src/az\n"
        "  fix: put a copy of the folder in its place"
    )
    assert old.refusal() == told
    old.feature("src/go")
    assert old.refusal(force=True) == told


@pytest.mark.requirement("B-not-utf8", "EC-non-ascii", "FR-7.non-ascii")
def test_a_name_that_is_not_utf8(old: Features) -> None:
    old.feature("src/go")
    with open(os.fsencode(old.path("src/go")) + b"/caf\xe9", "w", encoding="utf-8"):
        pass
    assert old.refusal() == (
        "error: the file name `src/go/caf\\xe9` is not UTF-8\n  at src/go/caf\\xe9\n  fix: rename it"
    )
    ran = old.run("package")
    assert (ran.exit_code, ran.out) == (1, "")
    assert "the file name `src/go/caf\\xe9` is not UTF-8" in ran.err


@pytest.mark.requirement("FR-7.non-ascii", "EC-non-ascii")
def test_a_system_that_reads_names_in_another_encoding(old: Features) -> None:
    old.feature("src/go")
    old.write({"src/go/Größe": ""})
    ran = old.run("package", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (ran.exit_code, ran.out) == (1, "")
    assert ran.err == (
        "error: the file name `src/go/Gr\\udcc3\\udcb6\\udcc3\\udc9fe` cannot be told: "
        "names are read as ascii here, and not as UTF-8\n"
        "  at src/go/Gr\\udcc3\\udcb6\\udcc3\\udc9fe\n"
        "  fix: set PYTHONUTF8=1, or a locale such as LC_ALL=C.UTF-8\n"
    )
    assert old.run("package", "-o", "other", LC_ALL="C", PYTHONUTF8="1").exit_code == 0


@pytest.mark.requirement("B-crlf")
def test_windows_line_endings_are_reported(features: Features) -> None:
    features.feature("src/go")
    features.write({"src/go/install.sh": b"#!/bin/sh\r\necho\r\n", "src/go/data.txt": b"\r\n"})
    assert [one.what for one in features.package().warnings] == [
        "`src/go/install.sh` has Windows line endings (CRLF), on which a shell in a container fails"
    ]


@pytest.mark.requirement("B-deep", "EC-deep", "FR-7.path-length")
def test_five_thousand_folders_in_each_other(old: Features, nest: Callable[[Path, int], None]) -> None:
    old.feature("src/go")
    nest(old.path("src/go/deep"), 5000)
    text = old.refusal()
    what, where, fix = text.splitlines()
    assert what.startswith("error: the path `src/go/deep/d/d/d/")
    assert what.endswith(" bytes, more than the system allows")
    assert where.startswith("  at src/go/deep/d/d/d/")
    assert fix == "  fix: nest folders less deeply, or shorten their names"
    assert len(text) < 1000


@pytest.mark.requirement("EC-deep", "FR-7.path-length")
def test_as_deep_as_the_system_allows(features: Features, nest: Callable[[Path, int], None]) -> None:
    features.feature("")
    nest(features.path("deep"), 1900)
    assert features.package().archives[0].packed.size > 0
    listed = subprocess.run(["tar", "tzf", "output/color-1.0.0.tgz"], capture_output=True, check=True, text=True)
    assert "./deep" + "/d" * 1900 + "/x" in listed.stdout.splitlines()


@pytest.mark.requirement("B-many")
def test_ten_thousand_files(features: Features) -> None:
    features.feature("src/go")
    folder = features.path("src/go/data")
    for number in range(10_000):
        if number % 100 == 0:
            (folder / str(number // 100)).mkdir(parents=True)
        (folder / str(number // 100) / str(number)).touch()
    assert features.package().archives[0].feature.folder.files.keys() >= {"data/0/0", "data/99/9999"}
    features.rest()
    features.package()
    assert features.package().archives[0].kept


@pytest.mark.requirement("FR-7.write")
def test_a_source_that_may_not_be_read(old: Features, unprivileged: tuple[str, ...]) -> None:
    old.feature("src/go")
    old.write({"src/go/secret": "", "src/go/closed/x": ""})
    old.path("src/go/secret").chmod(0)
    old.path("src/go/closed").chmod(0)
    ran = old.run("package", before=unprivileged)
    assert (ran.exit_code, ran.out) == (1, "")
    assert ran.err == (
        "error: `src/go/closed` cannot be read: permission denied\n"
        "  at src/go/closed\n"
        "  fix: make it readable for you\n"
    )
    old.path("src/go/closed").chmod(0o755)
    ran = old.run("package", before=unprivileged)
    assert (ran.exit_code, ran.out) == (1, "")
    assert ran.err.startswith("error: `src/go/secret` cannot be read: permission denied\n")
    old.path("src/go/install.sh").chmod(0)
    assert old.run("package", before=unprivileged).err.startswith("error: `src/go/install.sh` cannot be read")


@pytest.mark.requirement("B-change")
@pytest.mark.parametrize("how", ["edited", "removed", "replaced by a fifo", "grown while it is packed"])
def test_a_source_that_changes_between_check_and_packing(
    old: Features, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    old.feature("src/go")
    old.write({"src/go/x": "1"})
    path = old.path("src/go/x")

    def change() -> None:
        path.unlink()
        if how == "replaced by a fifo":
            os.mkfifo(path)
        elif how != "removed":
            path.write_text("2" if how == "edited" else "more")

    def pack_all(*given: Any) -> list[packing.Packed]:
        change()
        return packing.pack_all(*given)

    monkeypatch.setattr(verb, "pack_all", pack_all)
    text = old.refusal()
    assert "`src/go/x` " in text
    assert "changed while it was read" in text or "cannot be read" in text


# The output folder


@pytest.mark.requirement("FR-7.read-only", "EC-read-only", "UP-read-only", "DE-read-only")
def test_an_output_folder_that_is_read_only(old: Features, unprivileged: tuple[str, ...]) -> None:
    old.feature("src/go")
    old.path("output").chmod(0o555)
    ran = old.run("package", before=unprivileged)
    assert (ran.exit_code, ran.out) == (1, "")
    assert ran.err == (
        "error: Output folder not writable: ./output\n  at ./output\n  fix: make it writable for you (permission denied)\n"
    )
    old.path("closed").mkdir(0o555)
    ran = old.run("package", "-o", "closed/below/it", before=unprivileged)
    assert (ran.exit_code, ran.out) == (1, "")
    assert ran.err.startswith("error: Output folder not writable: closed/below/it\n")
    assert not list(old.path("closed").iterdir())


@pytest.mark.requirement("FR-7.read-only")
def test_read_only_is_told_before_anything_is_packed_and_even_where_nothing_is_to_be_done(
    features: Features, unprivileged: tuple[str, ...]
) -> None:
    features.feature("src/go")
    features.rest()
    assert features.run("package").exit_code == 0
    features.path("output").chmod(0o555)
    assert "error: Output folder not writable: ./output\n" in features.run("package", before=unprivileged).err


@pytest.mark.requirement("FR-7.read-only", "FR-7.write")
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="/proc is a folder in which nobody can make files")
def test_a_file_system_on_which_nothing_can_be_made(features: Features) -> None:
    features.feature("src/go")
    assert "/proc/features-test" in features.refusal(output="/proc/features-test")


@pytest.mark.requirement("B-full", "FR-7.write", "D-1")
def test_a_disk_that_fills(old: Features) -> None:
    old.feature("src/az")
    old.feature("src/go")
    old.write({"src/go/data": os.urandom(1 << 20)})

    limited = ("sh", "-c", 'ulimit -f 1024; exec "$@"', "sh")  # blocks of 512 bytes
    for flags in ((), ("-f",)):
        ran = old.run("package", *flags, before=limited)
        assert (ran.exit_code, ran.out) == (1, "")
        assert ran.err == (
            "error: `./output` cannot be written: file too large\n"
            "  at ./output\n"
            "  fix: allow larger files (`ulimit -f`); the output folder is as it was\n"
        )


@pytest.mark.service
@pytest.mark.requirement("B-full", "FR-7.write", "D-1")
def test_a_disk_that_is_really_full(features: Features) -> None:
    features.feature("src/go")
    features.write({"src/go/data": os.urandom(1 << 20)})
    features.path("disk").mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=512k", "none", "disk"]
    if not mount or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        features.write({"disk/out/old": "old"})
        assert features.refusal(output="disk/out", force=True) == (
            "error: `disk/out` cannot be written: no space left on device\n"
            "  at disk/out\n"
            "  fix: free some disk space; the output folder is as it was"
        )
        assert features.output("disk/out") == {"old": b"old"}
        # A mount is an output folder like any other, although nothing can be renamed into it.
        features.write({"src/go/data": b""})
        features.package(output="disk", force=True)
        assert sorted(features.output("disk")) == ["devcontainer-collection.json", "go-1.0.0.tgz"]
    finally:
        subprocess.run(["umount", "disk"], check=True)


@pytest.mark.requirement("D-1")
def test_a_failed_run_leaves_no_new_folders_behind(features: Features, monkeypatch: pytest.MonkeyPatch) -> None:
    features.feature("src/go")

    def fail(*_: object) -> None:
        raise PackagingError.one("no luck")

    monkeypatch.setattr(verb, "pack_all", fail)
    assert features.refusal(output="a/b/c") == "error: no luck"
    assert not features.path("a").exists()


@pytest.mark.requirement("FR-5.output", "FR-7.write")
def test_an_output_folder_that_is_none(features: Features) -> None:
    features.feature("src/go")
    features.write({"file": "mine"})
    assert features.refusal(output="", code=2) == (
        "error: the output folder has no name\n  at --output-folder\n  fix: name another folder with --output-folder"
    )
    assert features.refusal(output="file", code=2) == (
        "error: the output folder `file` is no folder\n  at file\n  fix: remove it, or name another folder with --output-folder"
    )
    for below in ("file/below", "file/far/below/"):
        assert features.refusal(output=below, code=2) == (
            f"error: the output folder `{below}` cannot be made: `file` is no folder\n"
            f"  at {below}\n  fix: name another folder with --output-folder"
        )
    features.path("dangling").symlink_to("nowhere/at/all")
    assert "`dangling` is no folder" in features.refusal(output="dangling", code=2)
    assert features.path("file").read_text() == "mine"


@pytest.mark.requirement("D-2", "UP-force")
def test_an_output_folder_that_is_a_feature(features: Features) -> None:
    features.feature("src/go")
    before = features.output("src")
    for target, output in ((".", "src/go"), ("src/go", "src/go"), ("src/go", "./src/go/")):
        for force in (False, True):
            assert "is the folder of a feature: archives would be packed into archives" in features.refusal(
                target, output=output, force=force, code=2
            )
    assert features.output("src") == before


@pytest.mark.requirement("D-2", "UP-force")
@pytest.mark.parametrize("force", [False, True])
def test_an_output_folder_that_is_another_feature(features: Features, force: bool) -> None:
    features.feature("src/a")
    features.feature("src/b")
    before = features.output("src")
    assert features.refusal("src/a", output="src/b", force=force, code=2) == (
        "error: the output folder `src/b` is the folder of a feature: archives would be packed into archives\n"
        "  at src/b\n"
        "  fix: name another folder with --output-folder"
    )
    assert features.output("src") == before


@pytest.mark.requirement("D-2", "UP-force")
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("target", "output", "around"),
    [
        (".", "src/go/scripts", "the folder of the feature `go`"),
        (".", "src/go/scripts/deep", "the folder of the feature `go`"),
        ("src/az", "src/go/vendor", "the folder of the feature `go`"),
        ("src/az", "src/go/output", "the folder of the feature `go`"),
        (".", "src/begun", "`src`, whose folders are features"),
    ],
)
def test_an_output_folder_that_holds_sources(
    features: Features, target: str, output: str, around: str, force: bool
) -> None:
    features.feature("src/go")
    features.feature("src/az")
    names = ("go/scripts/x", "go/scripts/deep/x", "go/vendor/x.tgz", "go/output/x.sh", "begun/install.sh")
    features.write({f"src/{name}": "mine" for name in names})
    before = features.output("src")
    assert features.refusal(target, output=output, force=force, code=2) == (
        f"error: the output folder `{output}` lies in {around}, and was no output folder before\n"
        f"  at {output}\n"
        "  fix: name another folder with --output-folder"
    )
    assert features.output("src") == before


@pytest.mark.requirement("D-2", "UP-force")
@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("/", "it holds the current folder"),
        (".", "it is the current folder"),
        ("..", "it holds the current folder"),
        ("repo", "it holds the source of features"),
        ("repo/src", "it is the source of features"),
        ("link-to-src", "it is the source of features"),
        ("others", "it holds folders of features"),
        ("other", "it holds folders of features"),
        ("checkout", "it holds `.git`"),
        ("~", "it is the home folder"),
    ],
)
def test_force_does_not_empty_what_is_dear(
    features: Features, monkeypatch: pytest.MonkeyPatch, output: str, reason: str
) -> None:
    features.feature("repo/src/go")
    features.write({"checkout/.git/HEAD": "", "home/x": ""})
    features.feature("others/az")
    features.feature("other/src/az")
    features.path("link-to-src").symlink_to("repo/src")
    monkeypatch.setenv("HOME", str(features.path("home")))
    before = features.output(".")
    shown = str(features.path("home")) if output == "~" else output
    assert features.refusal("repo", output=shown, force=True, code=2) == (
        f"error: the output folder `{shown}` must not be emptied: {reason}\n"
        f"  at {shown}\n"
        "  fix: name another folder with --output-folder, or leave --force-clean-output-folder out"
    )
    assert features.output(".") == before


@pytest.mark.requirement("D-2")
def test_without_force_nothing_of_that_is_refused(features: Features) -> None:
    features.feature("repo/src/go")
    for output in (".", "repo", "repo/src"):
        features.package("repo", output=output)
    assert features.path("repo/src/go-1.0.0.tgz").exists()
    assert [archive.name for archive in features.package("repo").archives] == ["go-1.0.0.tgz"]


@pytest.mark.requirement("D-2", "FR-4")
def test_force_empties_a_folder_in_a_feature_that_has_been_an_output_folder(features: Features) -> None:
    features.feature("")
    features.write({"output/old-1.0.0.tgz": "", "output/.features-package-x1/y": "", "output/stale.txt": ""})
    features.package(force=True)
    assert sorted(features.output()) == ["color-1.0.0.tgz", "devcontainer-collection.json"]
    features.write({"output/stale": ""})
    features.package(force=True)
    assert sorted(features.output()) == ["color-1.0.0.tgz", "devcontainer-collection.json"]
    features.package(output="made")
    features.write({"made/stale": ""})
    features.package(output="made", force=True)
    assert sorted(features.output("made")) == ["color-1.0.0.tgz", "devcontainer-collection.json"]


@pytest.mark.requirement("D-1")
def test_runs_at_once_take_turns(features: Features) -> None:
    for name in ("go", "az"):
        features.feature(f"src/{name}")
    runs: list[int] = []
    threads = [threading.Thread(target=lambda: runs.append(features.run("package", "-f").exit_code)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [0] * 4
    assert sorted(features.output()) == ["az-1.0.0.tgz", "devcontainer-collection.json", "go-1.0.0.tgz"]


@pytest.mark.requirement("D-1")
def test_what_a_killed_run_left_is_removed_by_the_next(features: Features) -> None:
    features.feature("src/go")
    features.write({"output/.features-package-x1/go-1.0.0.tgz": "half", "output/mine": ""})
    features.package()
    assert sorted(features.output()) == ["devcontainer-collection.json", "go-1.0.0.tgz", "mine"]


def test_a_listing_notes_nothing_of_folders(features: Features) -> None:
    features.write({"f/a/b/c": "1", "f/d": "22", "f/skipped/x": ""})
    listing = list_folder("f", "skipped")
    assert sorted(listing.files) == ["a/b/c", "d"]
    assert listing.size == 3
