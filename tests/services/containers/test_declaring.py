"""`add-*`, `remove` and `adopt`: what they write, and that they write it whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from containers import INDEX, ctl, empty, files, old

from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.containers.initialise import initialise


@pytest.fixture
def repo(tmp_path: Path) -> Workspace:
    """A repository in which `init` has run, with a module."""
    ws = empty(tmp_path / "repo")
    initialise(str(ws.root))
    ws.write({"services/api/main.py": "", "services/api/requirements.txt": ""})
    return ws


def ids(ws: Workspace) -> list[str]:
    return [entry["id"] for entry in json.loads(ws.read(INDEX))["targets"]]


def add(ws: Workspace, *words: str) -> str:
    run = ctl(ws, "add-service", *words)
    assert run.exit_code == 0, run.output
    return run.output


def test_a_container_is_declared_rendered_and_indexed(repo: Workspace) -> None:
    told = add(repo, "--id", "billing.api", "--module", "./services/api/", "--image", "ghcr.io/acme/api:1")
    assert "declare //services/api:billing.api in services/api/TARGETS.toml\n" in told
    written = '[[service]]\nname = "billing.api"\nimage = "ghcr.io/acme/api:1"\n'
    assert repo.read("services/api/TARGETS.toml") == written
    assert repo.read("ops/packaging/services/billing.api.Dockerfile").startswith("# syntax=")
    assert json.loads(repo.read(INDEX))["targets"][0] == {
        "id": "billing.api",
        "type": "service",
        "module": "services/api",
        "dockerfile": "ops/packaging/services/billing.api.Dockerfile",
        "context": ".",
        "image": "ghcr.io/acme/api:1",
        "declaredBy": "//services/api:billing.api",
    }
    assert repo.build().built == []


def test_a_target_file_keeps_every_byte_that_people_wrote(repo: Workspace) -> None:
    mine = b'# mine\r\n[[archive]]\r\nname = "api" # no newline'
    repo.write({"services/api/TARGETS.toml": mine, "deploy/api.j2": "FROM x:1\n", "services/api/Own": "FROM x:1\n"})
    add(repo, "--id=api", "--module=services/api", "--template=deploy/api.j2", "--context=services")
    text = repo.path("services/api/TARGETS.toml").read_bytes()
    block = '[[service]]\nname = "api-service"\nid = "api"\ntemplate = "//deploy/api.j2"\ncontext = "//services"\n'
    assert text == mine + b"\r\n\r\n" + block.replace("\n", "\r\n").encode()
    add(repo, "--id=own", "--module=services/api", "--dockerfile=services/api/Own")
    assert ids(repo) == ["api", "own"]
    assert ctl(repo, "remove", "--id", "own").output.endswith("kept services/api/Own, which nobody declares now\n")
    assert repo.path("services/api/TARGETS.toml").read_bytes() == text
    assert ctl(repo, "remove", "--id", "api").exit_code == 0
    assert repo.path("services/api/TARGETS.toml").read_bytes().rstrip() == mine


def test_a_module_that_is_not_there_is_made_and_said(repo: Workspace) -> None:
    told = ctl(repo, "add-job", "--id", "cron-task", "--module", "jobs/cron").output
    assert "make the folder jobs/cron\n" in told
    assert 'assumed: template = "node", since no file of the module tells\n' in told
    assert 'template = "node"  # assumed' in repo.read("jobs/cron/TARGETS.toml")
    assert ctl(repo, "add-app", "--id", "web", "--module", "apps/web", "--template", "python").exit_code == 0
    assert repo.paths("ops/packaging/apps") == [
        "ops/packaging/apps/.gitkeep",
        "ops/packaging/apps/web.Dockerfile",
        "ops/packaging/apps/web.Dockerfile.dockerignore",
    ]


@pytest.mark.parametrize("name", ["Dockerfile.rust", "Dockerfile.rust.j2"])
def test_a_template_of_the_repositorys_own_is_named_as_built_in_ones_are(repo: Workspace, name: str) -> None:
    repo.write({f"ops/packaging/templates/{name}": "FROM rust:1\n", "deploy/api.j2": "FROM x:1\n"})
    add(repo, "--id", "api", "--module", "services/api", "--template", "rust")
    assert 'template = "rust"\n' in repo.read("services/api/TARGETS.toml")
    assert "\nFROM rust:1\n" in repo.read("ops/packaging/services/api.Dockerfile")
    near = ctl(repo, "add-service", "--id", "b", "--template", "rusty")
    assert (near.exit_code, near.output.splitlines()[-1]) == (2, "  fix: did you mean `rust`?")
    far = ctl(repo, "add-service", "--id", "b", "--template", "cobol")
    assert far.output.endswith("  fix: one of go, node, python, rust, or the path of your own\n")


def test_a_name_that_is_not_utf_8_is_refused_as_one(repo: Workspace) -> None:
    os.mkdir(os.fsencode(repo.root) + b"/\xff")
    before = files(repo)
    run = ctl(repo, "add-service", "--id", "api", "--module", "services/api", "--context", "\udcff")
    assert (run.exit_code, run.output.split("\n")[0]) == (
        2,
        "error: `services/api/TARGETS.toml` takes no further [[service]]",
    )
    assert files(repo) == before


def test_adding_and_removing_leaves_what_was_there_before(repo: Workspace) -> None:
    before = files(repo)
    add(repo, "--id", "api", "--module", "services/api")
    after = files(repo)
    run = ctl(repo, "remove", "--id", "api", "--dry-run")
    assert run.output == "would remove api from services/api/TARGETS.toml\n"
    assert files(repo) == after
    assert ctl(repo, "remove", "--id", "api").exit_code == 0
    assert files(repo) == before


def test_all_that_is_wrong_with_a_request_is_told_at_once(repo: Workspace) -> None:
    before = files(repo)
    words = ("--id", "../../escape", "--module", "../out", "--template", "pyton", "--context", "nowhere")
    run = ctl(repo, "add-service", *words, "--dockerfile", "/etc/passwd")
    assert run.exit_code == 2
    assert run.output.startswith(
        "error: there is no folder `nowhere`, which `context` names\n"
        "  at --context\n  fix: correct the path, or make the folder\n\n"
        "error: `dockerfile` leads out of the repository: `/etc/passwd`\n"
        "  at --dockerfile\n  fix: name a path inside it\n\n"
    )
    for part in ("../../escape", "`../out`", "`nowhere`", "`/etc/passwd`", "`pyton`", "has no template"):
        assert part in run.output
    assert files(repo) == before


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--id", "api"), "there is a container `api` already: //services/api:api"),
        (("--id", "API"), "the id `API` is no image name"),
        (("--id", "a b"), "the id `a b` is no image name"),
        (("--id", "x", "--template", "rust"), "there is no template `rust`"),
        (("--id", "x", "--template", "deploy/x.j2"), "there is no template `deploy/x.j2` in the repository"),
        (("--id", "x", "--module", "dodo.py/x"), "`dodo.py/x` can be no folder of a target"),
        (("--id", "x", "--module", "link/x"), "`module` leads out of the repository: `link/x`"),
        (("--id", "x", "--dockerfile", "Dockerfile"), "there is no Dockerfile `Dockerfile`"),
        (("--id", "x", "--image", "A B"), "`image` must be an image name"),
        (("--id", "mine"), "`ops/packaging/services/mine.Dockerfile` was written by hand"),
        (("--id", "x", "--module", "bad"), "no source tells which template fits"),
        (("--id", "x", "--module", "inline"), "`inline/TARGETS.toml` takes no further [[service]]"),
    ],
)
def test_what_is_refused_changes_nothing(repo: Workspace, words: tuple[str, ...], what: str) -> None:
    repo.write({"services/api/TARGETS.toml": '[[service]]\nname = "api"\n'})
    repo.path("link").symlink_to(repo.root.parent)
    repo.write({"ops/packaging/services/mine.Dockerfile": "FROM x:1\n", "bad/x.txt": ""})
    repo.write({"inline/TARGETS.toml": 'service = [{name = "y", template = "go"}]\n', "inline/x": ""})
    before = files(repo)
    run = ctl(repo, "add-service", *words)
    assert (run.exit_code, what in run.output) == (2, True), run.output
    assert files(repo) == before


@pytest.mark.parametrize(
    "words", [("--id",), (), ("--id", "a", "--flag"), ("--id", "a", "b"), ("--id", "a", "--module")]
)
def test_flags_without_a_value_and_unknown_words_are_refused(repo: Workspace, words: tuple[str, ...]) -> None:
    assert ctl(repo, "add-service", *words).exit_code == 2
    assert ids(repo) == []


def test_an_addition_whose_build_fails_is_undone(repo: Workspace) -> None:
    repo.write({"deploy/api.j2": "FROM {{ nonsense }}\n"})
    before = files(repo)
    run = ctl(repo, "add-service", "--id", "api", "--module", "new/api", "--template", "deploy/api.j2")
    assert run.exit_code == 1
    assert "'nonsense' is undefined" in run.output
    assert run.output.endswith("nothing was changed\n")
    assert files(repo) == before
    assert not repo.path("new").exists()


def test_a_corrupt_index_is_never_overwritten(repo: Workspace) -> None:
    repo.write({INDEX: '{"targets": ['})
    before = files(repo)
    for words in (("add-service", "--id", "api"), ("remove", "--id", "api"), ("adopt",)):
        run = ctl(repo, *words)
        assert run.exit_code == 1
        assert run.output.startswith("error: the index is no JSON")
        assert files(repo) == before


def test_a_dry_run_declares_nothing(repo: Workspace) -> None:
    before = files(repo)
    run = ctl(repo, "add-service", "--id", "api", "--module", "services/api", "--dry-run", "--format", "json")
    assert json.loads(run.output) == {
        "id": "api",
        "label": "//services/api:api",
        "targetFile": "services/api/TARGETS.toml",
        "dockerfile": "ops/packaging/services/api.Dockerfile",
        "made": "",
        "assumed": "",
        "dryRun": True,
    }
    assert files(repo) == before


def test_without_a_workspace_init_is_named(tmp_path: Path) -> None:
    ws = old(tmp_path / "repo", {"id": "api", "type": "service"})
    for words in (("add-service", "--id", "web"), ("adopt",)):
        run = ctl(ws, *words)
        assert run.exit_code == 2
        assert "there is no TARGETS.toml with a [workspace] table" in run.output
        assert run.output.endswith("fix: run ctl-packaging init\n")
    ws.write({"TARGETS.toml": "[workspace]\n"})
    assert "no target keeps the index" in ctl(ws, "adopt").output


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (
            '[[service]]\nname = "api"\n[service.env]\nA = "1"\n\n# of b\n[[job]]\nname = "b"\n',
            '# of b\n[[job]]\nname = "b"\n',
        ),
        ('[[job]]\nname = "b"\n# api\n[[service]]\nname = "api"\n', '[[job]]\nname = "b"\n# api\n'),
    ],
)
def test_only_the_entry_itself_is_taken_out(repo: Workspace, text: str, rest: str) -> None:
    repo.write({"services/api/TARGETS.toml": text})
    assert ctl(repo, "remove", "--id", "api").exit_code == 0
    assert repo.read("services/api/TARGETS.toml") == rest


def test_an_entry_that_cannot_be_told_apart_is_left(repo: Workspace) -> None:
    text = 'service = [{ name = "api" }, { name = "b", template = "go" }]\n'
    repo.write({"services/api/TARGETS.toml": text})
    run = ctl(repo, "remove", "--id", "api")
    assert run.exit_code == 2
    assert "take it out by hand" in run.output
    assert repo.read("services/api/TARGETS.toml") == text


def test_an_entry_of_the_index_alone_is_removed_from_it(tmp_path: Path) -> None:
    cron = {"id": "cron", "type": "job", "extra": [1]}
    ws = old(tmp_path / "repo", {"name": "api", "type": "service"}, cron, owner="me")
    assert ctl(ws, "remove", "--id", "api").output == "removed api from docs/packaging/registry.json\n"
    assert json.loads(ws.read(INDEX)) == {"version": 1, "owner": "me", "targets": [cron]}
    run = ctl(ws, "remove", "--id", "crom")
    assert (run.exit_code, run.output) == (2, "error: there is no container `crom`\n  fix: did you mean `cron`?\n")


def test_adopting_loses_nothing(tmp_path: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"id": "api", "type": "service", "module": "apps/api", "dockerfile": "ops/packaging/services/api.Dockerfile",
         "context": "apps/api", "image": "ghcr.io/acme/api", "port": 8080, "healthPath": "/up", "addedAt": "2025"},
        {"name": "cron", "type": "job", "module": "apps/api", "dockerfile": "apps/api/cron.Dockerfile", "port": "1-2"},
        {"zeta": 1, "id": "fresh", "type": "app", "module": "apps/api", "owner": {"z": "grün", "a": None}, "alpha": [1.5]},
    ]  # fmt: skip
    ws = old(tmp_path / "repo", *entries, updatedAt="2025-12-25T00:00:00Z", owner="mé", about=None)
    own = {"ops/packaging/services/api.Dockerfile": "FROM x:1\n", "apps/api/cron.Dockerfile": "FROM x:1\n"}
    ws.write({**own, "apps/api/main.py": ""})
    initialise(str(ws.root))
    before = files(ws)
    assert ctl(ws, "adopt", "--dry-run").output == (
        "would adopt api: //apps/api:api\nwould adopt cron: //apps/api:cron\nwould adopt fresh: //apps/api:fresh\n"
    )
    assert files(ws) == before
    run = ctl(ws, "adopt")
    assert run.exit_code == 0, run.output
    index = json.loads(ws.read(INDEX))
    further = {"updatedAt": "2025-12-25T00:00:00Z", "owner": "mé", "about": None}
    assert list(index.items())[:-1] == [("version", 1), *further.items()]
    assert "grün" in ws.read(INDEX)
    assert [list(entry)[-3:] for entry in index["targets"]] == [
        ["healthPath", "declaredBy", "addedAt"],
        ["name", "port", "undeclaredKeys"],
        ["zeta", "owner", "alpha"],
    ]
    assert list(index["targets"][2]["owner"].items()) == [("z", "grün"), ("a", None)]
    for was, now in zip(entries, index["targets"], strict=True):
        assert was.items() <= now.items()
        assert now["declaredBy"].startswith("//apps/api:")
    assert {name: ws.read(name) for name in own} == own
    assert ws.read("apps/api/TARGETS.toml").startswith(
        '[[service]]\nname = "api"\ncontext = "//apps/api"\nimage = "ghcr.io/acme/api"\n'
        'dockerfile = "//ops/packaging/services/api.Dockerfile"\nport = 8080\nhealth_path = "/up"\n'
    )
    after = files(ws)
    assert ctl(ws, "adopt").output == "nothing to adopt\n"
    assert ws.build().built == []
    assert files(ws) == after


def test_adopting_tells_all_that_is_wrong_and_changes_nothing(tmp_path: Path) -> None:
    ws = old(
        tmp_path / "repo",
        {"id": "a", "type": "weird"},
        {"id": "B", "type": "job", "module": "../x"},
        {"id": "c", "type": "job", "module": "gone", "dockerfile": "x.Dockerfile"},
    )
    initialise(str(ws.root))
    before = files(ws)
    run = ctl(ws, "adopt")
    assert run.exit_code == 2
    for part in ("`weird` is no type", "the id `B`", "`module` leads out", "no folder `gone`", "`x.Dockerfile`"):
        assert part in run.output
    assert files(ws) == before
