"""`build` and `build-all`, with an engine that writes down how it was called, and with a real one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from containers import CTL, INDEX, calls, ctl, empty, files, old, with_engines
from hypothesis import given
from hypothesis import strategies as st
from repository import commit, git

from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.containers.images.engines import reference_of
from packaging_targets.services.containers.initialise import initialise

LOG = "ops/packaging/handbook/builds.jsonl"


@pytest.fixture
def repo(tmp_path: Path) -> Workspace:
    """A repository with two containers, and docker alone on its PATH."""
    ws = empty(tmp_path / "repo")
    initialise(str(ws.root))
    ws.write({"apps/api/main.py": "", "apps/api/TARGETS.toml": '[[service]]\nname = "api"\n'})
    ws.write({"jobs/cron/main.py": "", "jobs/cron/TARGETS.toml": '[[job]]\nname = "cron"\n'})
    assert ws.build().exit_code == 0
    return with_engines(ws, "docker")


def records(ws: Workspace) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ws.read(LOG).splitlines()]


BUILD_API = "docker build -f ops/packaging/services/api.Dockerfile -t api:v1 --build-arg VERSION=v1 ."


def test_an_image_is_built_recorded_and_left_alone(repo: Workspace) -> None:
    dry = ctl(repo, "build", "--target", "api", "--tag", "v1", "--dry-run")
    assert (dry.exit_code, dry.output, calls(repo, "")) == (0, f"{BUILD_API}\n", [])
    run = ctl(repo, "build", "--target", "api", "--tag", "v1")
    assert run.exit_code == 0, run.output
    assert f"{BUILD_API}\nstreamed api:v1\nbuilt     api:v1 (sha256:" in run.output
    assert calls(repo) == [BUILD_API]
    (record,) = records(repo)
    digest = (repo.root.parent / "engine" / "api:v1").read_text().strip()
    inputs = record.pop("inputs")
    assert inputs.startswith("sha256:")
    assert record == {
        "id": "api",
        "image": "api",
        "tag": "v1",
        "digest": digest,
        "revision": "",
        "builder": "docker",
    }
    again = ctl(repo, "build", "--target=api", "--tag=v1")
    assert again.output.endswith(f"unchanged api:v1 ({digest})\n")
    assert calls(repo) == []
    assert repo.packaging("build", "--target", "api", "--tag", "v1").output.endswith(f"unchanged api:v1 ({digest})\n")
    assert len(records(repo)) == 1


def test_what_makes_an_image_be_built_again(repo: Workspace) -> None:
    def builds(*words: str) -> int:
        assert ctl(repo, "build", "--target", "api", *words).exit_code == 0
        return len(calls(repo))

    assert builds() == 1
    assert builds() == 0
    repo.write({"jobs/cron/main.py": "print(1)"})
    assert builds() == 0, "a file of another container"
    repo.write({"apps/api/main.py": "print(1)"})
    assert builds() == 1
    repo.write({"apps/api/TARGETS.toml": repo.read("apps/api/TARGETS.toml") + "port = 80\n"})
    assert builds() == 1, "the Dockerfile is brought up to date first"
    assert "EXPOSE 80" in repo.read("ops/packaging/services/api.Dockerfile")
    assert builds("--tag", "v2") == 1
    assert builds("--force") == 1
    (repo.root.parent / "engine" / "api:latest").unlink()
    assert builds() == 1, "the engine has lost it"
    lines = repo.path(LOG).read_bytes().splitlines()
    repo.path(LOG).write_bytes(b"\xff not ours\n" + lines[-1][:-9])
    assert builds() == 1, "its line is cut off"
    assert repo.path(LOG).read_bytes().splitlines()[-1] == lines[-1], "and stays apart from the next"
    assert builds() == 0


def test_build_all_goes_on_after_a_failure_and_sums_up(repo: Workspace) -> None:
    repo.write({"apps/web/TARGETS.toml": '[[app]]\nname = "web"\ntemplate = "//x.j2"\n', "x.j2": "{{ no }}\n"})
    repo.environment["BROKEN"] = "api"
    run = ctl(repo, "build-all", "--tag", "v1")
    assert run.exit_code == 1
    assert "failed    api:v1 (docker ended with exit code 3)\n" in run.output
    assert "failed    web:v1 (//apps/web:web could not be built)\n" in run.output
    assert run.output.endswith("1 built, 2 failed: api, web\n")
    assert [record["id"] for record in records(repo)] == ["cron"]
    repo.path("apps/web/TARGETS.toml").unlink()
    repo.environment["BROKEN"] = "nothing"
    done = ctl(repo, "build-all", "--tag", "v1")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "1 built, 1 unchanged")
    calls(repo)
    told = ctl(repo, "build-all", "--tag", "v1", "--dry-run", "--format", "json")
    assert json.loads(told.output)["commands"][0] == BUILD_API.split()


def test_json_stands_alone_on_standard_output(repo: Workspace) -> None:
    script = 'PATH="$1"; shift; exec "$@" 2>/dev/null'
    words = [*CTL, "build-all", "--format", "json"]
    run = repo.run(["/bin/sh", "-c", script, "sh", repo.environment["PATH"], *words])
    assert [one["outcome"] for one in json.loads(run.output)["images"]] == ["built", "built"]


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_other_engines(repo: Workspace, name: str) -> None:
    with_engines(repo, name)
    run = ctl(repo, "build", "--target", "api", "--builder", name)
    assert run.exit_code == 0, run.output
    dockerfile = "ops/packaging/services/api.Dockerfile"
    assert calls(repo) == [f"{name} build -f {dockerfile} -t api:latest --ignorefile {dockerfile}.dockerignore ."]
    (repo.root.parent / "engine" / "bin" / "docker").unlink()
    assert ctl(repo, "build", "--target", "api").exit_code == 0
    assert calls(repo, "inspect") in (
        ["podman image inspect --format {{.Id}} api:latest"],
        ["buildah inspect --type image --format {{.FromImageID}} api:latest"],
    )


def test_what_a_target_depends_on_is_made_before_its_image(repo: Workspace) -> None:
    """A Dockerfile names what its target's dependencies make, and an engine copies it."""
    repo.write({"maps/TARGETS.toml": '[[archive]]\nname = "maps"\nsrcs = ["*.txt"]\n', "maps/a.txt": "1"})
    repo.write({"apps/api/TARGETS.toml": '[[service]]\nname = "api"\ndeps = ["//maps"]\n'})
    own = '[[app]]\nname = "web"\ndockerfile = "Dockerfile"\ndeps = ["//maps"]\n'
    repo.write({"web/TARGETS.toml": own, "web/Dockerfile": "FROM x:1\nCOPY dist/maps .\n"})
    for name in ("api", "web"):
        shutil.rmtree(repo.path("dist"), ignore_errors=True)
        run = ctl(repo, "build", "--target", name)
        assert run.exit_code == 0, run.output
        assert repo.paths("dist") == ["dist/maps/maps.tar.gz"]
    repo.write({"maps/a.txt": "2"})
    assert ctl(repo, "build-all").output.endswith("3 built\n"), "one had no image, and two have other inputs"
    repo.path("maps/TARGETS.toml").write_text('[[command]]\nname = "maps"\nargv = ["false"]\nouts = ["x"]\n')
    failed = ctl(repo, "build-all")
    assert failed.output.endswith("1 unchanged, 2 failed: api, web\n"), failed.output
    assert "failed    api:latest (//apps/api:api could not be built)\n" in failed.output


def test_a_folder_that_a_dependency_makes_counts_by_what_is_in_it(repo: Workspace) -> None:
    command = """
        [[command]]
        name = "site"
        srcs = ["a.txt"]
        argv = ["cp", "a.txt", "{out}/x"]
        outs = ["site/"]
        """
    repo.write({"web/TARGETS.toml": command, "web/a.txt": "1"})
    repo.write({"apps/api/TARGETS.toml": '[[service]]\nname = "api"\ndeps = ["//web:site"]\n'})
    (repo.root.parent / "engine" / "bin" / "cp").symlink_to(str(shutil.which("cp")))

    def outcome() -> str:
        return ctl(repo, "build", "--target", "api").output.splitlines()[-1].split()[0]

    assert [outcome(), outcome()] == ["built", "unchanged"]
    repo.write({"web/a.txt": "2"})
    assert [outcome(), outcome()] == ["built", "unchanged"]


def test_containers_are_named_by_labels_and_patterns_too(repo: Workspace) -> None:
    def built(*words: str, cwd: str = "") -> list[str]:
        run = repo.run([*CTL, "build", *words, "--dry-run", "--format", "json"], cwd=cwd)
        return [line[line.index("-t") + 1] for line in json.loads(run.output)["commands"]]

    assert built("--target", "//apps/api:api") == ["api:latest"]
    assert built("--target", "//...") == ["api:latest", "cron:latest"]
    assert built("--target", "//jobs/...", "--target", "cron", "--target", "//apps/api") == [
        "cron:latest",
        "api:latest",
    ]
    assert built("--target", ":api", cwd="apps/api") == ["api:latest"]
    run = repo.run([*CTL, "build", "--target", ":api"], cwd="apps/api")
    assert run.output.splitlines()[-1].startswith("built     api:latest "), run.output


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_several_platforms_make_one_list(repo: Workspace, name: str) -> None:
    """podman and buildah would leave the tag to the last platform, and add to a list that stands."""
    with_engines(repo, name)
    target = repo.read("apps/api/TARGETS.toml")
    repo.write({"apps/api/TARGETS.toml": target + 'platforms = ["linux/amd64", "linux/arm64"]\n'})
    before = [] if name == "docker" else [f"{name} manifest rm api:latest", f"{name} rmi api:latest"]
    run = ctl(repo, "build", "--target", "api", "--builder", name, "--dry-run")
    *room, build = run.output.splitlines()
    assert room == before
    assert f" {'-t' if name == 'docker' else '--manifest'} api:latest " in build
    assert " --platform linux/amd64,linux/arm64 " in build
    assert ctl(repo, "build", "--target", "api", "--builder", name).exit_code == 0
    assert [line for line in calls(repo, "") if "inspect" not in line] == [*before, build]


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_a_health_check_outlives_the_engine(repo: Workspace, name: str) -> None:
    """OCI's format of images has no health checks: podman and buildah would drop it with a warning."""
    with_engines(repo, name)
    repo.write({"apps/api/TARGETS.toml": repo.read("apps/api/TARGETS.toml") + "port = 80\n"})
    assert ctl(repo, "build-all", "--builder", name).exit_code == 0
    told = {"api": name != "docker", "cron": False}
    assert {line.split()[5].split(":")[0]: " --format docker " in line for line in calls(repo)} == told


def test_what_a_target_says_of_builds(repo: Workspace) -> None:
    target = '[[app]]\nname = "web"\ndockerfile = "Dockerfile"\nplatforms = ["linux/amd64", "linux/arm64"]\n'
    repo.write(
        {"web/TARGETS.toml": f'{target}image = "ghcr.io/acme/web:1"\ncontext = "."\nbuild_args = {{A = "b c"}}\n'}
    )
    repo.write({"web/Dockerfile": "FROM x:1\nARG A\nARG REVISION\n"})
    git(repo, "init", "-q")
    commit(repo)
    assert ctl(repo, "build", "--target", "web").exit_code == 0
    (call,) = calls(repo)
    revision = records(repo)[0]["revision"]
    assert len(revision) == 40
    platforms = "--platform linux/amd64,linux/arm64"
    assert call == (
        f"docker build -f web/Dockerfile -t ghcr.io/acme/web:1 {platforms}"
        f" --build-arg REVISION={revision} --build-arg A=b c web"
    )
    repo.write({"web/new": ""})
    assert ctl(repo, "build", "--target", "web").exit_code == 0
    assert records(repo)[1]["revision"] == f"{revision}-dirty"


def test_a_rendered_dockerfile_keeps_what_its_target_gives(repo: Workspace) -> None:
    args = 'build_args = {REVISION = "mine", A = "b"}\n'
    repo.write({"apps/api/TARGETS.toml": repo.read("apps/api/TARGETS.toml") + args})
    git(repo, "init", "-q")
    commit(repo)
    assert ctl(repo, "build", "--target", "api", "--tag", "v1").exit_code == 0
    assert calls(repo) == [BUILD_API]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--target", "apo"), "error: there is no container `apo`\n  fix: did you mean `api`?\n"),
        (("--target", "api", "--tag", "a b"), "error: `a b` is no tag\n"),
        (("--target", "api", "--tag", ""), "error: `` is no tag\n"),
        (
            ("--target", "api", "--builder", "podman"),
            "error: `podman` is not on PATH\n  at --builder\n  fix: install one of them, or name another\n",
        ),
        (("--target", "api", "--builder", "rkt"), "usage: ctl-packaging build "),
        (("--target", "api", "--tag", "a\n"), "error: `a\n` is no tag\n"),
        (("--target", "api", "--tag", "größe"), "error: `größe` is no tag\n"),
        (("--target", "api", "--tag", "-x"), "usage: ctl-packaging build "),
        (("--target", "api", "--tag=-x"), "error: `-x` is no tag\n"),
        (("--target", "api", "--tag", "x" * 129), f"error: `{'x' * 129}` is no tag\n"),
        (("--target", "//apps/..:x"), "error: `//apps/..:x` is no label: `apps/..` is no package\n"),
        (("--target", "//apps/web"), "error: `//apps/web` is no target of a container\n"),
        (("--target",), "usage: ctl-packaging build "),
        (("--target", "api", "--tag"), "usage: ctl-packaging build "),
        ((), "usage: ctl-packaging build "),
    ],
)
def test_what_is_refused_starts_no_build(repo: Workspace, words: tuple[str, ...], what: str) -> None:
    run = ctl(repo, "build", *words)
    assert (run.exit_code, run.output[: len(what)]) == (2, what)
    assert calls(repo, "") == []


def test_without_an_engine_only_a_dry_run_works(repo: Workspace) -> None:
    (repo.root.parent / "engine" / "bin" / "docker").unlink()
    assert ctl(repo, "build-all").output == (
        "error: none of docker, podman and buildah is on PATH\n  at --builder\n"
        "  fix: install one of them, or name another\n"
    )
    assert ctl(repo, "build", "--target", "api", "--dry-run").output.startswith("docker build -f ")


def test_packaging_build_takes_images_by_target_alone(repo: Workspace) -> None:
    assert "goes with no label" in repo.packaging("build", "--target", "api", "//...").output
    refused = repo.packaging("build", "--dry-run")
    assert (refused.exit_code, "name a container with --target ID" in refused.output) == (2, True)
    assert repo.packaging("build", "--target", "api", "--dry-run").output.startswith("docker build -f ")


def test_a_repository_that_has_only_an_index(tmp_path: Path) -> None:
    api = {"id": "api", "type": "service", "image": "ghcr.io/acme/api@sha256:" + "0" * 64, "port": 1, "context": "app"}
    ws = with_engines(old(tmp_path / "repo", api, {"id": "lost", "type": "job"}), "docker")
    ws.write({"app/x": "", "ops/packaging/services/api.Dockerfile": "FROM x:1\n"})
    before = files(ws)
    line = "docker build -f ops/packaging/services/api.Dockerfile -t ghcr.io/acme/api:v2 app"
    assert ctl(ws, "build", "--target", "api", "--tag", "v2", "--dry-run").output == f"{line}\n"
    assert files(ws) == before
    run = ctl(ws, "build-all", "--tag", "v2")
    assert run.exit_code == 1
    assert "failed    lost:v2 (there is no Dockerfile `ops/packaging/jobs/lost.Dockerfile`)\n" in run.output
    assert calls(ws) == [line]
    ws.write({"app/x": "2"})
    assert "built     ghcr.io/acme/api:v2" in ctl(ws, "build", "--target", "api", "--tag", "v2").output
    assert "unchanged" in ctl(ws, "build", "--target", "api", "--tag", "v2").output
    ws.write({INDEX: json.dumps({"targets": [{**api, "context": "../.."}]})})
    assert ctl(ws, "build-all").exit_code == 2


@given(st.from_regex(r"\A[a-z0-9]{1,5}(:[0-9]{1,4}/[a-z]{1,3})?\Z"), st.from_regex(r"\A[A-Za-z0-9_][\w.-]{0,9}\Z", alphabet=st.characters(codec="ascii")))  # fmt: skip
def test_references(name: str, tag: str) -> None:
    for own in ("", ":1.2", "@sha256:" + "0" * 64, ":1.2@sha256:" + "0" * 64):
        assert reference_of(name + own, tag) == (name, tag)
        assert reference_of(name + own, None) == (name, "1.2" if ":1.2" in own else "latest")


@pytest.mark.service
@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
def test_a_real_engine_builds_and_knows_its_image(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    store = tmp_path / "store"
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{store}/root"\nrunroot = "{store}/run"\n')
    ws.environment |= {
        "BUILDAH_ISOLATION": "chroot",
        "CONTAINERS_STORAGE_CONF": str(storage),
        "STORAGE_DRIVER": "vfs",
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    initialise(str(ws.root))
    ws.write(
        {"app/Dockerfile": "FROM scratch\nCOPY app/x /x\nHEALTHCHECK NONE\n", "app/x": "1", ".dockerignore": "ops\n"}
    )
    added = ctl(ws, "add-app", "--id", "x", "--module", "app", "--dockerfile", "app/Dockerfile")
    assert added.exit_code == 0, added.output
    words = ("build", "--target", "x", "--tag", "v1", "--builder", "buildah")
    built = ctl(ws, *words)
    assert built.exit_code == 0, built.output
    digest = records(ws)[0]["digest"]
    assert len(digest) == len("sha256:") + 64
    assert ctl(ws, *words).output.endswith(f"unchanged x:v1 ({digest})\n")
    ws.write({"app/x": "2"})
    assert ctl(ws, *words).exit_code == 0
    assert records(ws)[1]["digest"] not in {digest, ""}
    removed = ws.run(["buildah", "rmi", "x:v1"])
    assert removed.exit_code == 0, removed.output
    assert "\nbuilt     x:v1" in ctl(ws, *words).output
    platforms = 'platforms = ["linux/amd64", "linux/arm64"]\n'
    ws.write({"app/TARGETS.toml": ws.read("app/TARGETS.toml") + platforms})
    for _ in range(2):  # the name was an image's at first, and then a list's
        ws.write({"app/x": ws.read("app/x") + "3"})
        assert "\nbuilt     x:v1" in ctl(ws, *words).output
        inspected = ws.run(["buildah", "manifest", "inspect", "x:v1"])
        assert inspected.exit_code == 0, inspected.output
        architectures = [one["platform"]["architecture"] for one in json.loads(inspected.output)["manifests"]]
        assert sorted(architectures) == ["amd64", "arm64"]
    assert ctl(ws, *words).output.splitlines()[-1].startswith("unchanged x:v1 ")
