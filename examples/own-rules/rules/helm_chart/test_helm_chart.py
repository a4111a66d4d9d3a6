"""What a person sees who packs a chart."""

import tarfile
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace

ENTRY = '[[helm_chart]]\nname = "chart"\n'
CHART = 'apiVersion: v2\nname: "scores"  # as the folder\nversion: 0.3.0\nappVersion: "2.4.0"\ntype: application\n'


@pytest.fixture
def ws(tmp_path):
    ws = Workspace(tmp_path / "repo")
    ws.add_rule(Path(__file__).parent)
    ws.write({"scores/TARGETS.toml": ENTRY, "scores/Chart.yaml": CHART, "scores/templates/job.yaml": "kind: Job\n"})
    return ws


def packed(ws, name="scores-0.3.0.tgz"):
    with tarfile.open(ws.path(f"dist/scores/{name}")) as archive:
        return {member.name: archive.extractfile(member).read().decode() for member in archive}


def test_a_chart_is_packed_below_its_name(ws):
    assert ws.build().built == ["//scores:chart"]
    assert packed(ws) == {"scores/Chart.yaml": CHART, "scores/templates/job.yaml": "kind: Job\n"}
    assert ws.build().built == []


def test_app_version_replaces_that_of_the_chart(ws):
    ws.write({"scores/TARGETS.toml": f'{ENTRY}app_version = "2.5"\n'})
    ws.build()
    assert packed(ws)["scores/Chart.yaml"] == CHART.replace("2.4.0", "2.5")


def test_app_version_is_added_to_a_chart_without_one(ws):
    ws.write({"scores/TARGETS.toml": f'{ENTRY}app_version = "2.5"\n'})
    ws.write({"scores/Chart.yaml": "name: scores\nversion: 1.0.0-rc.1+b7\n"})
    ws.build()
    chart = packed(ws, "scores-1.0.0-rc.1+b7.tgz")["scores/Chart.yaml"]
    assert chart == 'name: scores\nversion: 1.0.0-rc.1+b7\nappVersion: "2.5"\n'


@pytest.mark.parametrize(
    ("pattern", "ignored"),
    [
        ("*.bak", {"a.bak", "sub/a.bak"}),
        ("sub", {"sub/a.bak", "sub/b", "templates/sub"}),
        ("sub/", {"sub/a.bak", "sub/b"}),
        ("/sub/b", {"sub/b"}),
        ("# *.bak\n\n", set()),
    ],
)
def test_helmignore_keeps_files_out(ws, pattern, ignored):
    names = {"a.bak", "sub/a.bak", "sub/b", "templates/sub"}
    ws.write({f"scores/{name}": "" for name in names} | {"scores/.helmignore": f"{pattern}\n"})
    ws.build()
    assert {name for name in names if f"scores/{name}" not in packed(ws)} == ignored


def test_an_edit_of_an_ignored_file_builds_nothing(ws):
    ws.write({"scores/.helmignore": "docs/\n", "scores/docs/plan.md": "one\n"})
    assert ws.build().built == ["//scores:chart"]
    ws.write({"scores/docs/plan.md": "two\n", "scores/docs/more.md": ""})
    assert ws.build().built == []


@pytest.mark.parametrize(
    ("chart", "error", "line"),
    [
        ("version: 1.0.0\n", "the chart has no name", 1),
        ("# ours\nname: # later\nversion: 1.0.0\n", "the chart has no name", 2),
        ("name: scores\n", "the chart has no version", 1),
        ("name: scores\nversion: v1.0\n", "`v1.0` is no semantic version", 2),
        ("version: 1.0.0\nname: score\n", "the chart `score` lies in a folder `scores`", 2),
    ],
)
def test_a_mistake_in_the_chart_is_told_at_its_line(ws, chart, error, line):
    ws.write({"scores/Chart.yaml": chart})
    run = ws.build()
    assert run.exit_code != 0
    assert f"error: {error}\n  at scores/Chart.yaml:{line}  (//scores:chart)\n" in run.output


def test_a_chart_needs_templates(ws):
    ws.write({"scores/.helmignore": "job.yaml\n"})
    run = ws.build()
    assert run.exit_code != 0
    assert "error: the chart has no templates/\n  at scores/TARGETS.toml:1  (//scores:chart, $.srcs)" in run.output


def test_a_line_of_helmignore_that_is_not_understood_is_told(ws):
    ws.write({"scores/.helmignore": "*.bak\n!keep.bak\n../other\n"})
    run = ws.build()
    assert run.exit_code != 0
    assert "`!keep.bak`: `!` is not supported, name only what to ignore\n  at scores/.helmignore:2" in run.output
    assert "at scores/.helmignore:3" in run.output
