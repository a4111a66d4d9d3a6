"""`examples/monorepo`: what a newcomer builds first, and every command that its README tells them to type."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from consoles import copied, typed

from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.assets.reader import AssetPack

if TYPE_CHECKING:
    pass

EXAMPLE = Path(__file__).parents[2] / "examples" / "monorepo"
MADE_IN_TREE = ("ops/packaging", "docs/packaging")
HANDBOOK = ["CHANGELOG.md", "index.md", "maps.md", "playing.md"]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return copied(EXAMPLE, tmp_path / "repo")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return the example, built once; tests that use it only read."""
    ws = copied(EXAMPLE, tmp_path_factory.mktemp("example") / "repo")
    run = ws.build()
    assert run.exit_code == 0, run.output
    return ws


def members(name: str, data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by name, as the standard library reads them."""
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    if name.endswith(".zst"):
        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive)
        return {path.removeprefix("./"): file.read() for path, file in files if file is not None}


def unpacked(ws: Workspace, name: str) -> dict[str, bytes]:
    return members(name, ws.path(name).read_bytes())


def committed() -> dict[str, bytes]:
    """Return what the example's repository keeps of what a build makes."""
    paths = [path for folder in MADE_IN_TREE for path in (EXAMPLE / folder).rglob("*") if path.is_file()]
    return {path.relative_to(EXAMPLE).as_posix(): path.read_bytes() for path in paths}


def test_the_example_is_small() -> None:
    ignored = {"dist", ".packaging"}
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and not ignored & set(path.parts)]
    assert sum(path.stat().st_size for path in files) < 200_000


def test_what_is_committed_is_what_a_build_makes(built: Workspace) -> None:
    kept = committed()
    assert sorted(kept) == [
        "docs/packaging/registry.json",
        "ops/packaging/jobs/season.Dockerfile",
        "ops/packaging/jobs/season.Dockerfile.dockerignore",
        *(
            f"ops/packaging/services/{name}.Dockerfile{ending}"
            for name in ("lobby", "scores", "tides")
            for ending in ("", ".dockerignore")
        ),
    ]
    assert {**built.contents("ops/packaging"), **built.contents("docs/packaging")} == kept


def test_each_service_is_built_in_its_own_language(built: Workspace) -> None:
    index = json.loads(built.read("docs/packaging/registry.json"))
    assert [(target["id"], target["type"], target.get("port")) for target in index["targets"]] == [
        ("lobby", "service", 8080),
        ("scores", "service", 8000),
        ("season", "job", None),
        ("tides", "service", 9000),
    ]
    images = [re.findall(r"(?m)^FROM .*?(\S+) AS build$", built.read(t["dockerfile"])) for t in index["targets"]]
    assert images == [["node:24-slim"], ["python:3.13-slim"], ["python:3.13-slim"], ["golang:1.24"]]
    assert "!dist/game/levels.json\n" in built.read("ops/packaging/services/scores.Dockerfile.dockerignore")


def test_the_pack_holds_the_pictures_and_the_sounds(built: Workspace) -> None:
    with built.path("dist/game/world/assets.pa").open("rb") as stream:
        pack = AssetPack.open(stream)
        pack.verify()
        assert [(entry.asset_id, entry.asset_name, entry.bank_type) for entry in pack.entries] == [
            (1, "coast", "GLYPH"),
            (2, "keeper", "GLYPH"),
            (3, "harbour", "SOUNDS"),
        ]
        sounds = pack.slice(3).read()
    recorded = [(EXAMPLE / f"game/assets/harbour/{name}.wav").read_bytes()[44:] for name in ("bell", "waves")]
    assert sounds == b"".join(recorded)


def test_the_bundle_holds_what_a_program_made(built: Workspace) -> None:
    bundle = unpacked(built, "dist/game/bundle.zip")
    levels = json.loads(bundle["skerry/data/levels.json"])["levels"]
    assert [(level["name"], level["width"], level["height"]) for level in levels] == [
        ("cove", 12, 6),
        ("lighthouse", 10, 6),
    ]
    assert bundle["skerry/data/assets.pa"] == built.path("dist/game/world/assets.pa").read_bytes()
    # The game finds its data by what its own file says.
    game = json.loads(bundle["skerry/game.json"])
    assert {f"skerry/{game['pack']}", f"skerry/{game['levels']}"} <= bundle.keys()


def test_the_handbook_is_the_same_in_every_format(built: Workspace) -> None:
    names = ("site.tar.gz", "site_windows.zip", "site_mirror.tar.zst")
    first, second, third = (unpacked(built, f"dist/docs/handbook/{name}") for name in names)
    assert sorted(first) == HANDBOOK
    assert first == second == third


def test_the_features_are_a_collection(built: Workspace) -> None:
    folder = "dist/devcontainer/features"
    collection = json.loads(built.read(f"{folder}/devcontainer-collection.json"))
    assert [feature["id"] for feature in collection["features"]] == ["skerry-tools", "tide-clock"]
    files = unpacked(built, f"{folder}/skerry-tools-1.2.0.tgz")
    assert sorted(files) == ["bin/skerry", "devcontainer-feature.json", "install.sh"]


def test_the_release_holds_it_all(built: Workspace) -> None:
    release = unpacked(built, "dist/release.tar")
    assert {
        "skerry/LICENSE",
        "skerry/bundle.zip",
        "skerry/devcontainer-collection.json",
        "skerry/site.tar.gz",
        "skerry/skerry-tools-1.2.0.tgz",
        "skerry/tide-clock-0.3.1.tgz",
    } <= release.keys()
    assert release["skerry/bundle.zip"] == built.path("dist/game/bundle.zip").read_bytes()


def digests(ws: Workspace) -> dict[str, str]:
    made = [content for folder in ("dist", *MADE_IN_TREE) for content in ws.contents(folder).items()]
    return {name: hashlib.sha256(data).hexdigest() for name, data in made}


def test_another_folder_gives_the_same_bytes(built: Workspace, tmp_path: Path) -> None:
    other = copied(EXAMPLE, tmp_path / "elsewhere" / "a folder")
    for name in (*MADE_IN_TREE, "ops"):
        shutil.rmtree(other.path(name))  # so that it is made, not found
    assert other.build(jobs=2).exit_code == 0
    assert digests(other) == digests(built)


def test_an_edit_rebuilds_what_depends_on_it_and_nothing_else(ws: Workspace) -> None:
    assert ws.build().exit_code == 0
    before = committed()
    again = ws.build()
    assert (again.built, again.restored, again.failed) == ([], [], [])

    ws.write({"game/maps/cove.txt": "~~~\n~@~\n~~~\n"})
    run = ws.build()
    image = ["//game:data#image", "//game:data#layer-2"]
    assert (run.exit_code, run.built) == (0, ["//:release", "//game:bundle", *image, "//game:levels"])

    ws.write({"docs/handbook/changes/120.removed.md": "The fog is gone.\n"})
    run = ws.build()
    handbook = [f"//docs/handbook:{name}" for name in ("changelog", "site", "site_mirror", "site_windows")]
    assert (run.exit_code, run.built) == (0, ["//:release", *handbook])

    sheet = ws.path("game/assets/keeper/walk.png")
    shutil.copyfile(ws.path("game/assets/keeper/stand.png"), sheet)
    run = ws.build()
    image = ["//game:data#image", "//game:data#layer-1"]
    pack = ["//game:bundle", *image, "//game:world#assets.pa", "//game:world#keeper"]
    assert (run.exit_code, run.built) == (0, ["//:release", *pack])
    assert {**ws.contents("ops/packaging"), **ws.contents("docs/packaging")} == before


def test_a_bad_map_is_told_in_the_words_of_the_program(ws: Workspace) -> None:
    ws.write({"game/maps/cove.txt": "~~~\n~@~~\n"})
    run = ws.build("//game:levels")
    assert run.exit_code == 1
    assert "cove:2: 4 tiles, and the first line has 3" in run.output


def test_a_bad_note_is_told_with_the_names_that_fit(ws: Workspace) -> None:
    ws.write({"docs/handbook/changes/121.improved.md": "Birds.\n"})
    run = ws.packaging("build", "//docs/handbook:changelog")
    assert run.exit_code == 2
    assert run.output[run.output.index("error: ") :].strip() == (
        "error: `121.improved.md` is no name of a note\n"
        "  at docs/handbook/changes/121.improved.md  (//docs/handbook:changelog)\n"
        "  fix: name it <number>.<kind>.md, with one of added, changed, fixed, removed"
    )


@pytest.mark.slow
def test_every_command_of_the_readme_runs(ws: Workspace) -> None:
    git = "git -c user.name=ci -c user.email=ci@example.org -c commit.gpgsign=false"
    assert ws.run(["sh", "-c", f"git init -q && git add -A && {git} commit -q -m start"]).exit_code == 0
    steps = list(typed(ws.read("README.md")))
    assert {shlex.split(line)[1] for line, _ in steps if line.startswith("doit ")} == {
        "affected",
        "build",
        "graph",
        "query",
        "why",
    }
    for line, printed in steps:
        run = ws.run(["sh", "-c", line])
        assert run.exit_code == 0, f"{line}\n{run.output}"
        if printed or line.startswith("git "):
            assert run.output == printed, line
