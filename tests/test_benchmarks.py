"""The benchmarks work: the tree is always the same, peers build it, and the report says what was measured."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import aam_pack, assets_encoders, features, measure, oci_image, run
from benchmarks.builds import scenarios
from benchmarks.builds.goals import Goal, goals
from benchmarks.builds.peers import PEERS
from benchmarks.builds.sitting import Sitting
from benchmarks.builds.tree import INPUTS, Tree, generate, modules
from benchmarks.images.application import made_up as application
from benchmarks.report import BEGIN, END, put_between_marks, report, table
from packaging_targets.formats.assets.banks.encoding import encode

ours = pytest.mark.skipif(PEERS["packaging-build"].found() is None, reason="the distribution is not installed here")


@pytest.fixture(autouse=True)
def _on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "wait_until_quiet", lambda: True)


def digest_of(tree: Tree, count: int) -> str:
    digest = hashlib.sha256()
    for module in tree.modules[:count]:
        for path in module.inputs:
            digest.update(path.encode() + Path(tree.path(path)).read_bytes())
    return digest.hexdigest()


# The tree


def test_the_tree_is_the_same_every_time_and_a_small_one_is_the_beginning_of_a_large_one(
    tmp_path: Path,
) -> None:
    small, large = generate(str(tmp_path / "2"), 2), generate(str(tmp_path / "3"), 3)
    assert digest_of(small, 2) == digest_of(large, 2)
    assert digest_of(large, 3) == "ba009a33f4faa31c6965dc2359b2a64d08c8483792343d72eefe96311851f060"


def test_a_module_has_eleven_inputs_of_the_sizes_that_were_promised(tmp_path: Path) -> None:
    tree = generate(str(tmp_path), 1)
    sizes = {name: os.path.getsize(tree.path(tree.modules[0].folder, "src", name)) for name in INPUTS}
    assert len(sizes) == 11
    assert sizes.pop("data.bin") == 32 * 1024
    assert sizes.pop("Dockerfile.in") < 200
    assert all(500 <= size <= 2100 for size in sizes.values())


def test_modules_stand_a_hundred_to_a_group() -> None:
    assert [module.folder for module in modules(10_000)][99:101] == ["pkgs/g000/m00099", "pkgs/g001/m00100"]


def test_a_tree_is_kept_for_the_next_sitting_and_another_one_is_not_overwritten(tmp_path: Path) -> None:
    tree = generate(str(tmp_path), 1)
    edited = Path(tree.path(tree.modules[0].inputs[0]))
    edited.write_text("mine")
    assert generate(str(tmp_path), 1) == tree
    assert edited.read_text() == "mine"
    with pytest.raises(SystemExit, match="holds another tree: remove it first"):
        generate(str(tmp_path), 2)


# What happens between two builds


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return generate(str(tmp_path / "tree"), 3)


def contents(tree: Tree) -> dict[str, bytes]:
    return {path: Path(tree.path(path)).read_bytes() for module in tree.modules for path in module.inputs}


def times(tree: Tree) -> dict[str, int]:
    return {path: os.stat(tree.path(path)).st_mtime_ns for module in tree.modules for path in module.inputs}


def test_an_edit_changes_one_file_and_every_turn_another_one(tree: Tree) -> None:
    before = contents(tree)
    scenarios.edit(scenarios.Turn(tree, PEERS["ninja"], 0))
    first = contents(tree)
    scenarios.edit(scenarios.Turn(tree, PEERS["ninja"], 1), same_size=True)
    second = contents(tree)
    (one,) = (path for path in before if first[path] != before[path])
    (other,) = (path for path in before if second[path] != first[path])
    assert (one, other) == ("pkgs/g000/m00001/src/b.py", "pkgs/g000/m00002/src/b.py")
    assert len(first[one]) > len(before[one])
    assert len(second[other]) == len(first[other])


def test_touching_changes_times_and_nothing_else(tree: Tree) -> None:
    before = contents(tree)
    old = dict.fromkeys(times(tree), 10**18)
    for path in old:
        os.utime(tree.path(path), ns=(10**18, 10**18))
    scenarios.touch(scenarios.Turn(tree, PEERS["ninja"], 0))
    assert [path for path, when in times(tree).items() if when != 10**18] == ["pkgs/g000/m00001/src/c.py"]
    scenarios.touch_all(scenarios.Turn(tree, PEERS["ninja"], 0))
    assert 10**18 not in times(tree).values()
    assert contents(tree) == before


def test_touching_all_leaves_outputs_alone(tree: Tree) -> None:
    tree.write("pkgs/g000/m00000/out/pkg.tar.gz", "made")
    output = tree.path("pkgs/g000/m00000/out/pkg.tar.gz")
    os.utime(output, ns=(10**18, 10**18))
    scenarios.touch_all(scenarios.Turn(tree, PEERS["ninja"], 0))
    assert os.stat(output).st_mtime_ns == 10**18


@pytest.mark.service
def test_a_fresh_checkout_has_new_inputs_and_the_outputs_of_before(tree: Tree) -> None:
    tree.write("pkgs/g000/m00000/out/pkg.tar.gz", "made")
    tree.write(".ninja_log", "remembered")
    output = tree.path("pkgs/g000/m00000/out/pkg.tar.gz")
    os.utime(output, ns=(10**18, 10**18))
    before, inode = contents(tree), os.stat(tree.path(tree.modules[0].inputs[0])).st_ino
    scenarios.check_out_again(scenarios.Turn(tree, PEERS["ninja"], 0))
    assert contents(tree) == before
    assert os.stat(tree.path(tree.modules[0].inputs[0])).st_ino != inode
    assert os.stat(output).st_mtime_ns == 10**18
    assert Path(tree.path(".ninja_log")).read_text() == "remembered"


# Measuring


def test_a_run_is_timed_and_its_end_is_kept() -> None:
    done = measure.measure([sys.executable, "-c", "import time; time.sleep(0.2); print('bye')"], "/", {})
    assert 0.2 <= done.wall < 5
    assert (done.code, done.log) == (0, "bye\n")


def test_a_run_that_takes_too_long_is_killed() -> None:
    done = measure.measure([sys.executable, "-c", "import time; time.sleep(60)"], "/", {}, limit=0.3)
    assert done.code == -9
    assert done.wall < 10


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_is_that_of_the_largest_process_and_of_all_together() -> None:
    child = "x = bytearray(60 << 20); import time; time.sleep(0.3)"
    code = (
        "import subprocess, sys\n"
        f"children = [subprocess.Popen([sys.executable, '-c', {child!r}]) for _ in 'ab']\n"
        "for child in children: child.wait()"
    )
    done = measure.measure([sys.executable, "-c", code], "/", {}, look=0.005)
    assert 60 < done.largest_mb < 110
    assert 120 < done.tree_mb < 190


def test_a_benchmark_that_is_ended_ends_what_it_started(tmp_path: Path) -> None:
    report = tmp_path / "pid"
    child = f"import os, time; open({str(report)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # the timer must start beside the run
        threading.Thread(target=interrupt_when_there, args=(report,)).start()
        measure.measure([sys.executable, "-c", child], "/", {})
    with pytest.raises(ProcessLookupError):
        os.kill(int(report.read_text()), 0)


def interrupt_when_there(report: Path) -> None:
    while not (report.exists() and report.read_text()):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


# Whole sittings


def sit(tmp_path: Path, *peers: str, scenarios: tuple[str, ...] = ()) -> dict[str, Any]:
    json_file = tmp_path / "result.json"
    chosen = ["--scenarios", *scenarios] if scenarios else []
    run.main(
        [
            *("--n", "3", "--folder", str(tmp_path / "trees"), "--json", str(json_file)),
            *("--runs", "1", "--limit", "60", "--peers", *peers, *chosen),
        ]
    )
    result: dict[str, Any] = json.loads(json_file.read_text())
    return result


def test_plain_doit_builds_what_changed(tmp_path: Path) -> None:
    result = sit(tmp_path, "doit", scenarios=("cold", "unchanged", "edited", "touched", "memory"))
    assert {name: wrote["doit"] for name, wrote in result["wrote"].items()} == {
        "cold": 3,
        "unchanged": 0,
        "edited": 1,
        "touched": 0,
        "memory": 0,
    }
    assert (result["n"], result["inputs"]) == (3, 33)
    assert result["memory"]["memory"]["doit"]["largest"] > 5
    assert result["skipped"] == {}


@ours
@pytest.mark.parametrize("peer", ["packaging-build", "doit-build"])
def test_ours_builds_what_changed_in_content(tmp_path: Path, peer: str) -> None:
    result = sit(tmp_path, peer, scenarios=("cold", "unchanged", "edited-same-size", "touched", "all-touched"))
    assert result["skipped"] == {}
    assert {name: wrote[peer] for name, wrote in result["wrote"].items()} == {
        "cold": 3,
        "unchanged": 0,
        "edited-same-size": 1,
        "touched": 0,
        "all-touched": 0,
        "all-touched-again": 0,
    }


@ours
@pytest.mark.service
def test_ours_and_its_peers_pack_the_same(tmp_path: Path) -> None:
    peers = ("packaging-build", "ninja", "make")
    result = sit(tmp_path, *peers, "lstat-2", "sha256sum")
    assert result["skipped"] == {}
    assert result["wrote"]["all-touched"] == {"packaging-build": 0, "ninja": 3, "make": 3, "sha256sum": 0}
    assert result["wrote"]["checkout"] == {"packaging-build": 0, "ninja": 3, "make": 3}
    first = modules(3)[0]  # no edit of so few turns reaches it
    members = [packed(tmp_path / "trees" / "3" / peer / PEERS[peer].archive(first)) for peer in peers]
    assert members[0] == members[1] == members[2]
    assert len(members[0]) == 11


def packed(archive: Path) -> dict[str, bytes]:
    """Return the files of an archive and their content."""
    with tarfile.open(archive) as tar:
        found = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: file.read() for name, file in found.items() if file}


@ours
def test_an_example_is_timed_with_nothing_to_do_and_left_as_it_is(tmp_path: Path) -> None:
    example = generate(str(tmp_path / "example"), 1)
    PEERS["packaging-build"].configure(example)
    before = sorted(os.listdir(example.root))
    json_file = tmp_path / "result.json"
    folder = str(tmp_path / "trees")
    run.main(["--example", example.root, "--folder", folder, "--json", str(json_file), "--runs", "2"])
    result = json.loads(json_file.read_text())
    assert (result["n"], result["example"], result["skipped"]) == (0, "example", {})
    assert {peer: len(times) for peer, times in result["times"]["unchanged"].items()} == {
        "packaging-build": 2,
        "doit-build": 2,
    }
    assert sorted(os.listdir(example.root)) == before
    assert verdicts(result)["the example, nothing changed: `doit build`"] != "not measured"


def test_a_peer_that_fails_or_is_not_there_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(_: Tree) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit('no luck')"]

    monkeypatch.setattr(PEERS["doit"], "command", failing)
    monkeypatch.setattr(PEERS["make"], "found", lambda: None)
    result = sit(tmp_path, "doit", "make", "lstat-1", scenarios=("cold", "unchanged"))
    assert result["skipped"] == {"make": "not installed", "doit": "exit code 1 in `cold`: no luck"}
    assert set(result["times"]["unchanged"]) == {"lstat-1"}
    assert "make: left out: not installed" in capsys.readouterr().err


def test_what_peers_left_running_is_ended_even_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(PEERS["lstat-1"], "stop", lambda tree: stopped.append(os.path.basename(tree.root)))
    monkeypatch.setattr(Sitting, "settle", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sit(tmp_path, "lstat-1", scenarios=("unchanged",))
    assert stopped == ["lstat-1"]


def test_features_are_packaged_in_every_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(features, "FEATURES", 3)
    json_file = tmp_path / "result.json"
    features.main(["--client", "", "--rounds", "2", "--json", str(json_file)])
    times = json.loads(json_file.read_text())["times"]
    assert {scenario: len(taken["ours"]) for scenario, taken in times.items()} == {
        "cold": 2,
        "unchanged": 2,
        "one changed": 2,
    }
    assert "3 features, 2 rounds, 0 runs beside other programs" in capsys.readouterr().out


def test_the_speed_of_features_is_a_ratio_of_medians() -> None:
    times = {scenario: {"ours": [9.0, 0.5, 0.1], "reference client": [5.0]} for scenario in features.GOALS}
    text = features.report(features.Bench("", "devcontainer", times))
    assert text.splitlines()[2:] == [
        "| cold | 0.500 | 5.000 | 10.0 x | 3 x |",
        "| unchanged | 0.500 | 5.000 | 10.0 x | 10 x |",
        "| one changed | 0.500 | 5.000 | 10.0 x | 10 x |",
    ]


def test_the_application_of_images_is_the_same_every_time(tmp_path: Path) -> None:
    application(str(tmp_path), 40, 400_000)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    content = b"".join(str(path.relative_to(tmp_path)).encode() + path.read_bytes() for path in files)
    assert [path.relative_to(tmp_path).parts[0] for path in files] == [*["assets"] * 6, *["lib"] * 24, *["src"] * 10]
    assert 399_000 < sum(path.stat().st_size for path in files) <= 400_000
    assert hashlib.sha256(content).hexdigest() == "decd63adeab3963c0dd60887db37c06b53b56b7248f3ff6bc0ec5cd8cd68ec15"


IMAGE = ("--rounds", "1", "--files", "20", "--megabytes", "1")


@pytest.mark.slow
def test_images_are_made_in_every_scenario_and_only_what_changed_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_file = tmp_path / "result.json"
    oci_image.main([*IMAGE, "--buildah", "", "--folder", str(tmp_path), "--json", str(json_file)])
    result = json.loads(json_file.read_text())
    assert {scenario: list(taken) for scenario, taken in result["times"].items()} == {
        "cold": ["ours"],
        "unchanged": ["ours"],
        "one changed": ["ours"],
    }
    # The base and three layers, or the top one; and the config and the manifest.
    assert "Blobs that ours wrote: cold 6, unchanged 0, one changed 3." in capsys.readouterr().out
    assert sorted(os.listdir(tmp_path)) == ["result.json"]


@pytest.mark.service
@pytest.mark.skipif(not oci_image.usable_buildah(), reason="buildah is compared with, by root")
def test_buildah_makes_the_same_image(tmp_path: Path) -> None:
    bench = oci_image.Bench(str(tmp_path), oci_image.usable_buildah())
    try:
        bench.prepare(20, 1_000_000)
        bench.round("cold", bench.forget, layers=False)
        assert list(bench.times["cold"]) == [oci_image.OURS, oci_image.BUD, oci_image.PUSHED]
        bench.run(bench.commands(layers=False)[oci_image.OURS][0])
        assert files_of(tmp_path / "repo/dist/app") == files_of(tmp_path / "pushed")
    finally:
        bench.close()


def files_of(layout: Path) -> dict[str, bytes]:
    """Return the files of an image in a layout."""

    def blob(descriptor: dict[str, Any]) -> Path:
        return layout / "blobs" / "sha256" / str(descriptor["digest"]).removeprefix("sha256:")

    (root,) = json.loads((layout / "index.json").read_text())["manifests"]
    found: dict[str, bytes] = {}
    for layer in json.loads(blob(root).read_text())["layers"]:
        found |= packed(blob(layer))
    return found


def test_the_speed_of_images_is_a_ratio_of_medians() -> None:
    taken = {oci_image.OURS: [9.0, 0.5, 0.1], oci_image.BUD: [5.0], oci_image.PUSHED: [7.5]}
    bench = oci_image.Bench("", "buildah", dict.fromkeys(("cold", "unchanged"), taken))
    bench.cpu = {"cold": taken}
    bench.memory = {oci_image.OURS: measure.Run(1, 1, 60, 99, 0, "", quiet=True)}
    bench.written, bench.sizes = {"cold": ["a", "b"]}, {oci_image.OURS: 1_500_000}
    assert oci_image.report(bench).splitlines()[2:] == [
        "| cold | 0.50 | 5.00 | 10.0 x | 7.50 | 15.0 x | 5 x |",
        "| unchanged | 0.50 | 5.00 | 10.0 x | 7.50 | 15.0 x |  |",
        "",
        "Processor seconds, cold: ours 0.5, buildah bud 5.0, buildah bud and push 7.5.",
        "Blobs that ours wrote: cold 2.",
        "Layouts: ours 1.5 MB.",
        "Largest process, cold (ours is asked to stay below 150 MB): ours 60 MB, all 99 MB.",
    ]


# The report


def made_up(n: int, unchanged: float, ninja: float) -> dict[str, Any]:
    return {
        "n": n,
        "inputs": 11 * n,
        "bytes": 43_000 * n,
        "machine": dict.fromkeys(("processor", "cores", "memory", "kernel", "system", "python"), "some"),
        "versions": {"ninja": "1.13"},
        "skipped": {"turbo": "not installed"},
        "disturbed": {"cold": 2},
        "times": {"unchanged": {"packaging-build": [9.0, unchanged, 0.0], "ninja": [ninja]}},
        "wrote": {"unchanged": {"packaging-build": 0, "ninja": 0}, "all-touched": {"packaging-build": 7}},
        "memory": {"memory": {"packaging-build": {"largest": 33.0, "tree": 61.0, "servers": 0}}},
    }


def verdicts(*results: dict[str, Any]) -> dict[str, str]:
    return {goal.what: goal.verdict for goal in goals(results)}


def test_goals_are_judged_by_medians_of_one_sitting() -> None:
    what = "10,000 modules, nothing changed: `packaging build`"
    assert verdicts(made_up(10_000, 0.9, 1.0))[what] == "met"
    assert verdicts(made_up(10_000, 0.91, 1.0))[what] == "**not met**"
    assert verdicts(made_up(1000, 0.9, 1.0))[what] == "not measured"


def test_goals_look_at_memory_at_what_was_built_and_at_growth() -> None:
    found = verdicts(made_up(1000, 0.05, 0.05), made_up(10_000, 0.56, 1))
    assert found["10,000 modules, nothing changed, memory of `packaging build`: its largest process"] == "met"
    assert found["10,000 modules, nothing changed, memory of `packaging build`: all its processes"] == "**not met**"
    assert found["10,000 modules, every file touched: archives built by `packaging build`"] == "**not met**"
    assert found["10,000 modules after 1,000, nothing changed: `packaging build`"] == "**not met**"
    assert found["1,000 modules, nothing changed: `packaging build`"] == "met"


def test_a_goal_may_be_a_least_value() -> None:
    assert Goal("speed", 0.6, 0.6, "", at_least=True).verdict == "met"
    assert Goal("speed", 0.6, 0.59, "", at_least=True).verdict == "**not met**"


def test_the_report_tells_times_ratios_memory_and_who_was_left_out() -> None:
    text = report([made_up(1000, 0.05, 0.025)])
    assert text[text.index("## 1,000") :] == (
        "## 1,000 modules, 11,000 input files, 43 MB\n\n"
        "some cores of some, some, some, some, some. ninja: 1.13.\n\n"
        "| seconds | unchanged |\n| --- | ---: |\n| packaging-build | 0.050 (2.00) |\n| ninja | 0.025 |\n\n"
        "| MB | unchanged, largest | unchanged, tree | unchanged, servers "
        "| cold, largest | cold, tree | cold, servers |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| packaging-build | 33 | 61 |  |  |  |  |\n\n"
        "Runs of each: unchanged 3.\n\n"
        "Archives built in `all-touched`: packaging-build 7.\n\n"
        "turbo was left out: not installed.\n\n"
        "2 runs began while other programs used the machine.\n"
    )


def test_tables_replace_what_stands_between_the_marks() -> None:
    page = f"words\n{BEGIN}\nold\n{END}\nmore words\n"
    once = put_between_marks(page, "new\n")
    assert once == f"words\n{BEGIN}\n\nnew\n\n{END}\nmore words\n"
    assert put_between_marks(once, "new\n") == once
    with pytest.raises(SystemExit, match="the page must have the lines"):
        put_between_marks("words", "new")


# Encoders of assets


def test_encoders_are_measured_beside_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    json_file = tmp_path / "seconds.json"
    assets_encoders.main(["--rounds", "1", "--megabytes", "0.01", "--json", str(json_file)])
    printed = capsys.readouterr().out
    assert printed.count("\n| indexed, 8 x 8 | ") == 1
    assert len(re.findall(r"^\| PCM 16, mono, 44100 to 48000 \| \d+ \|", printed, re.MULTILINE)) == 1
    seconds = json.loads(json_file.read_text("utf-8"))["seconds"]
    assert sorted(seconds["banks"]["RGB, 16 x 16"]) == ["ours", "peer"]
    assert len(seconds["sounds"]) == 6 * 2 + 3


def test_the_peer_of_the_glyph_banks_draws_what_we_draw() -> None:
    ways = assets_encoders.bank_ways("RGBA", 16)
    data, colors = assets_encoders.picture("RGBA")
    params = {"tile_size": 16, "palettes": [{"index": 0, "colors": colors}], "transparent_index": None}
    places = [{"file": "a", "x": x, "y": y} for y in range(0, 256, 16) for x in range(0, 256, 16)]
    out = io.BytesIO()
    encode("GLYPH/indexed_v1", {**params, "tiles": places}, assets_encoders.Memory(data), out)
    assert out.getvalue()[:32768] == ways["peer"]()


def test_the_page_in_the_repository_has_the_marks() -> None:
    page = Path(__file__).parent.parent / "docs" / "performance.md"
    assert END in put_between_marks(page.read_text(encoding="utf-8"), table(("a",), []))


def test_packing_beside_tar_and_gzip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(aam_pack, "TEXTS", 3)
    monkeypatch.setattr(aam_pack, "NOISE", 2)
    package, out = tmp_path / "package", tmp_path / "out"
    package.mkdir()
    out.mkdir()
    aam_pack.make_package(str(package))
    assert sum(path.is_file() for path in package.rglob("*")) == 6
    assert not (package / "docs/d0/t0.md").read_text("utf-8").isascii()
    aam_pack.compare(str(package), str(out), 1)
    told = capsys.readouterr().out
    assert "| aam pkg pack | " in told
    assert "speed to `tar | gzip -6`: " in told
