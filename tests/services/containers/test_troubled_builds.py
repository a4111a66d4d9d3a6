"""What may go wrong while images are built: engines, people, the log, and files that do not hold still."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from containers import CTL, ENGINE, calls, ctl, empty, old, with_engines

from packaging_targets.adapters.testing import Workspace
from packaging_targets.errors import BuildError
from packaging_targets.services.containers.images.history import LOG, Record, append, last_records
from packaging_targets.services.containers.initialise import initialise

SILENT = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
DEAD = f"#!/bin/sh\n[ $1 = build ] || echo 'noise\n{SILENT}' >&2\nexit 1\n"


@pytest.fixture
def repo(tmp_path: Path) -> Workspace:
    """A repository with one container, and docker alone on its PATH."""
    ws = empty(tmp_path / "repo")
    initialise(str(ws.root))
    ws.write({"api/main.py": "", "api/TARGETS.toml": '[[service]]\nname = "api"\n'})
    return with_engines(ws, "docker")


def lines(ws: Workspace) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ws.read(LOG).splitlines()] if ws.path(LOG).exists() else []


def build(ws: Workspace) -> str:
    """Build the image; return the last line of what is told."""
    return ctl(ws, "build", "--target", "api").output.splitlines()[-1]


# Engines --------------------------------------------------------------------------------------------------------------


def test_an_engine_without_its_daemon_says_so(repo: Workspace) -> None:
    with_engines(repo, "docker", script=DEAD)
    run = ctl(repo, "build-all")
    assert run.exit_code == 1
    assert f"failed    api:latest (docker does not answer: {SILENT})\n" in run.output
    assert lines(repo) == []


def test_an_engine_that_answers_goes_before_one_that_does_not(repo: Workspace) -> None:
    with_engines(repo, "docker", script=DEAD)
    with_engines(repo, "podman", "buildah")
    assert build(repo).startswith("built     api:latest")
    assert lines(repo)[0]["builder"] == "podman"
    asked = ctl(repo, "build", "--target", "api", "--builder", "docker")
    assert asked.output.endswith(f"(docker does not answer: {SILENT})\n")
    with_engines(repo, "podman", "buildah", script=DEAD)
    assert build(repo) == f"failed    api:latest (docker does not answer: {SILENT})"


def test_a_dry_run_asks_no_engine(repo: Workspace) -> None:
    with_engines(repo, "docker", "podman")
    assert ctl(repo, "build-all", "--dry-run").output.startswith("docker build ")
    assert calls(repo, "") == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("#!/bin/sh\n[ $1 = build ] && kill -9 $$\n", "docker was ended by signal 9"),
        ("#!/bin/sh\n[ $1 != build ] || exit 125\n", "docker ended with exit code 125"),
        ("#!/nowhere\n", "docker cannot be run: no such file or directory"),
    ],
)
def test_an_engine_that_fails_is_told_and_nothing_is_written_down(repo: Workspace, script: str, reason: str) -> None:
    with_engines(repo, "docker", script=script)
    assert reason in build(repo)
    assert lines(repo) == []


def test_output_that_is_no_utf_8_passes_as_it_is(repo: Workspace) -> None:
    with_engines(repo, "docker", script="#!/bin/sh\nprintf 'gr\\366\\337e\\n'\nprintf '\\377' >&2\n")
    run = ctl(repo, "build", "--target", "api")
    assert run.exit_code == 0
    assert "gr\udcf6\udcdfe\n" in run.output
    assert lines(repo)[0]["digest"] == "", "what it says of its image is no digest"


CLEARING = """\
#!/bin/sh
trap 'sleep 0.5; echo cleared > "$ENGINE/cleared"; exit 1' INT
[ $1 = build ] || exit 0
echo begun > "$ENGINE/begun"
while :; do sleep 0.05; done
"""


def test_an_engine_may_clear_up_after_ctrl_c(repo: Workspace) -> None:
    with_engines(repo, "docker", script=CLEARING.replace("sleep", "/bin/sleep"))
    state = repo.root.parent / "engine"
    process = repo.start(*CTL, "build", "--target", "api")
    for _ in range(600):
        if (state / "begun").exists():
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=30)[0]
    assert (process.returncode, output.splitlines()[-1]) == (130, "interrupted")
    assert (state / "cleared").exists()
    assert lines(repo) == []


# Files that do not hold still -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("edit", ["echo 2 > api/main.py", "echo > api/main.py; cp -p kept api/main.py"])
def test_inputs_that_change_during_the_build_are_built_again(repo: Workspace, edit: str) -> None:
    """Even those that are as they were in the end: nobody knows which of them the engine has read."""
    repo.write({"kept": ""})
    edited = ENGINE.replace("    build)\n", f"    build)\n[ -e hold ] || {{ {edit}; }}\n".replace("cp ", "/bin/cp "))
    with_engines(repo, "docker", script=edited)
    assert build(repo).endswith(", its inputs changed while it was built)")
    assert lines(repo)[0]["inputs"] == ""
    repo.write({"hold": ""})
    assert re.fullmatch(r"built     api:latest \(sha256:[0-9a-f]+\)", build(repo))
    assert build(repo).startswith("unchanged ")


def test_two_builds_of_an_image_at_once_leave_nothing_wrong_behind(repo: Workspace) -> None:
    """While one builds, another does: which of the two images has the name at the end, nobody can tell."""
    again = " ".join(f"'{word}'" for word in (*CTL, "build", "--target", "api"))
    nested = ENGINE.replace("    build)\n", f"    build)\n[ -e held ] || {{ echo > held; {again}; }}\n")
    with_engines(repo, "docker", script=nested)
    assert build(repo).startswith("built ")
    assert [bool(line["inputs"]) for line in lines(repo)] == [True, False]
    assert build(repo).startswith("built ")
    assert build(repo).startswith("unchanged ")


# The log --------------------------------------------------------------------------------------------------------------

RECORD = Record("api", "api", "v1", "sha256:1", "", "sha256:2", "docker")


def test_a_line_of_the_log_is_whole_and_lines_of_others_stay(tmp_path: Path) -> None:
    root, path = str(tmp_path), tmp_path / LOG
    append(root, RECORD, None)
    whole = path.read_bytes()
    foreign = [b"\xff", b"[1]", b"null", b'{"id": "api"}', b"[" * 100_000, whole[:-1] + b"}", b'"', b""]
    path.write_bytes(b"\n".join([*foreign, whole[:-20]]))
    assert last_records(root) == {}
    append(root, RECORD, None)
    assert path.read_bytes() == b"\n".join([*foreign, whole[:-20], whole])
    assert last_records(root) == {("api", "api", "v1"): RECORD}


def test_the_newest_line_about_an_image_counts(tmp_path: Path) -> None:
    root = str(tmp_path)
    other = Record("api", "api", "v2", "sha256:1", "", "sha256:2", "docker")
    newer = Record("api", "api", "v1", "sha256:3", "\udcff", "sha256:4", "podman")
    append(root, RECORD, None)
    append(root, other, None)
    append(root, newer, RECORD)
    assert last_records(root) == {other.about: other, newer.about: newer}


def test_a_log_that_cannot_be_written_or_read_is_told(repo: Workspace) -> None:
    repo.path("ops/packaging/handbook/README.md").unlink()
    repo.path("ops/packaging/handbook").rmdir()
    repo.write({"ops/packaging/handbook": "a file"})
    assert build(repo) == f"failed    api:latest (`{LOG}` cannot be written: file exists)"
    repo.path("ops/packaging/handbook").unlink()
    repo.path(LOG).mkdir(parents=True)
    run = ctl(repo, "build", "--target", "api")
    assert (run.exit_code, run.output) == (
        2,
        f"error: `{LOG}` cannot be read: is a directory\n  at {LOG}\n  fix: make it a file that you can read\n",
    )


def test_a_line_that_a_full_disk_cuts_off_is_told_and_counts_for_nothing(tmp_path: Path) -> None:
    append(str(tmp_path), RECORD, None)
    size, (soft, hard) = (tmp_path / LOG).stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(BuildError, match="cannot be written: file too large"):
            append(str(tmp_path), RECORD, RECORD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / LOG).stat().st_size == size + 20
    assert last_records(str(tmp_path)) == {RECORD.about: RECORD}
    append(str(tmp_path), RECORD, RECORD)
    assert (tmp_path / LOG).read_bytes().count(b"\n") == 3


# Entries --------------------------------------------------------------------------------------------------------------


def test_all_that_keeps_images_from_being_built_is_told_at_once(tmp_path: Path) -> None:
    bad: list[dict[str, Any]] = [
        {"id": "a", "type": "job", "context": "../x"},
        {"id": "b", "type": "job", "dockerfile": "/etc/passwd"},
        {"id": "c", "type": "job", "context": "gone"},
        {"id": "d", "type": "job", "image": "Big"},
    ]
    ws = with_engines(old(tmp_path / "repo", *bad), "docker")
    run = ctl(ws, "build-all")
    assert run.exit_code == 2
    assert [line for line in run.output.splitlines() if not line.startswith("  fix")] == [
        "error: `context` leads out of the repository: `../x`",
        "  at a",
        "",
        "error: `dockerfile` leads out of the repository: `/etc/passwd`",
        "  at b",
        "",
        "error: there is no folder `gone`, which `context` names",
        "  at c",
        "",
        'error: `image` must be an image name such as ghcr.io/acme/api, but is "Big"',
        "  at d",
    ]
    assert calls(ws, "") == []


@pytest.mark.parametrize("words", [("list",), ("status",), ("build-all", "--dry-run"), ("build", "--target", "a")])
def test_an_id_that_stands_twice_is_told_by_all_that_reads_the_index(tmp_path: Path, words: tuple[str, ...]) -> None:
    ws = with_engines(old(tmp_path / "repo", {"id": "a", "type": "job"}, {"name": "a", "type": "app"}), "docker")
    run = ctl(ws, *words)
    assert (run.exit_code, run.output.split("\n")[0]) == (1, "error: `a` stands twice in the index")
    assert calls(ws, "") == []
