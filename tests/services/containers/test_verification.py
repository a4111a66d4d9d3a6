"""`verify` finds what a person would want found, all at once, and never prints a credential."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from containers import INDEX, ctl, empty, files, old

from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.containers.credentials import concealed, find_credentials
from packaging_targets.services.containers.initialise import initialise

HOME = "ops/packaging"


def found(ws: Workspace) -> list[str]:
    """Return what `verify` tells, as `where: what`."""
    run = ctl(ws, "verify", "--format", "json")
    told = json.loads(run.output)
    assert run.exit_code == (0 if told["ok"] else 1)
    return [f"{one['where']}: {one['what']}" for one in told["problems"]]


@pytest.fixture
def repo(tmp_path: Path) -> Workspace:
    """A repository with a rendered container, which is as it should be."""
    ws = empty(tmp_path / "repo")
    initialise(str(ws.root))
    ws.write({"apps/api/main.py": ""})
    assert ctl(ws, "add-service", "--id", "api", "--module", "apps/api").exit_code == 0
    return ws


def test_a_repository_that_is_well(repo: Workspace) -> None:
    before = files(repo)
    run = ctl(repo, "verify")
    assert (run.exit_code, run.output) == (0, "ok: 1 target\n")
    shutil.rmtree(repo.path(".packaging"))
    assert ctl(repo, "verify").exit_code == 0, "what was built here before is not what counts"
    assert files(repo) == before


def test_a_repository_before_init(tmp_path: Path) -> None:
    run = ctl(empty(tmp_path / "repo"), "verify")
    assert (run.exit_code, run.output) == (
        1,
        "error: there is no index of containers\n  at docs/packaging/registry.json\n  fix: run ctl-packaging init\n\n"
        "error: there is no folder `ops/packaging`\n  at ops/packaging\n  fix: run ctl-packaging init\n\n"
        "2 problems\n",
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "docs/packaging/registry.json:1: the index is no JSON: "),
        ("[]", "docs/packaging/registry.json: the index is not a JSON object"),
        ('{"targets": {}}', "docs/packaging/registry.json: `targets` of the index is not a list"),
        ('{"targets": [{"type": "job"}]}', "docs/packaging/registry.json: entry 0 of the index has no `id`"),
    ],
)
def test_an_index_that_cannot_be_read(repo: Workspace, text: str, what: str) -> None:
    repo.write({INDEX: text})
    assert [one for one in found(repo) if one.startswith(what)]
    repo.path("TARGETS.toml").unlink()
    assert [one for one in found(repo) if one.startswith(what)]
    assert repo.read(INDEX) == text


def test_all_that_is_wrong_with_entries(tmp_path: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"id": "a", "type": "weird", "dockerfile": f"{HOME}/jobs/a.Dockerfile"},
        {"id": "a", "type": "job", "dockerfile": f"{HOME}/jobs/a.Dockerfile"},
        {"id": "B c", "type": "job", "dockerfile": f"{HOME}/jobs/a.Dockerfile"},
        {"id": "../../d", "type": "job", "module": "/etc", "context": "../..", "dockerfile": "link/x"},
        {"id": "e", "type": "job", "module": "gone", "context": "lost", "dockerfile": "none"},
        {"id": "f", "type": "job"},
        {"id": "g", "dockerfile": f"{HOME}/jobs/a.Dockerfile"},
    ]
    ws = old(tmp_path / "repo", *entries)
    ws.write({f"{HOME}/jobs/a.Dockerfile": "FROM x:1\n"})
    ws.path("link").symlink_to("/")
    meaning = "is no image name: lower-case letters and digits, joined by `.`, `_` or `-`"
    assert sorted(found(ws)) == [
        f"{INDEX}  (../../d): `context` leads out of the repository: `../..`",
        f"{INDEX}  (../../d): `dockerfile` leads out of the repository: `link/x`",
        f"{INDEX}  (../../d): `module` leads out of the repository: `/etc`",
        f"{INDEX}  (../../d): the id `../../d` {meaning}",
        f"{INDEX}  (B c): the id `B c` {meaning}",
        f"{INDEX}  (a): `weird` is no type of a container",
        f"{INDEX}  (e): there is no Dockerfile `none`",
        f"{INDEX}  (e): there is no folder `gone`, which `module` names",
        f"{INDEX}  (e): there is no folder `lost`, which `context` names",
        f"{INDEX}  (f): there is no Dockerfile `{HOME}/jobs/f.Dockerfile`",
        f"{INDEX}  (g): the container has no `type`",
        f"{INDEX}: `a` stands twice in the index",
    ]


def test_dockerfiles(tmp_path: Path) -> None:
    ws = old(tmp_path / "repo", *({"id": name, "type": "service"} for name in ("a", "b", "c", "d")))
    folder = f"{HOME}/services"
    ws.write({f"{folder}/a.Dockerfile": "# later\nFROM scratch\n", f"{folder}/b.Dockerfile": "FROM x:1\nFROM node\n"})
    ws.write({f"{folder}/c.Dockerfile": "RUN x\n", f"{folder}/d.Dockerfile": "FROM scratch\nCOPY a /\n"})
    ws.write({f"{folder}/lost.Dockerfile": "FROM x:1\n", f"{HOME}/apps/Dockerfile": "FROM x:1\n"})
    assert found(ws) == [
        f"{HOME}/apps/Dockerfile: nobody declares this Dockerfile",
        f"{folder}/a.Dockerfile:2  (a): `FROM scratch` with nothing in it is a placeholder",
        f"{folder}/b.Dockerfile:2  (b): the base `node` has no tag",
        f"{folder}/c.Dockerfile  (c): this Dockerfile has no FROM",
        f"{folder}/lost.Dockerfile: nobody declares this Dockerfile",
    ]


def test_a_dockerfile_that_was_written_for_another_context(tmp_path: Path) -> None:
    api = {"id": "api", "type": "service", "module": "apps/api", "context": "apps/api"}
    web = {"id": "web", "type": "app", "module": "apps/web"}
    ws = old(tmp_path / "repo", api, web)
    ws.write({"apps/api/x": "", "apps/web/package.json": "", "libs/a": "", "apps/web/libs/a": ""})
    ws.write({f"{HOME}/services/api.Dockerfile": "FROM x:1\nCOPY x libs/ .\nCOPY apps/api/x made/later /\n"})
    ws.write({f"{HOME}/apps/web.Dockerfile": 'FROM x:1\nCOPY ["package.json", "libs", "./"]\n'})
    assert found(ws) == [
        f"{HOME}/apps/web.Dockerfile:2  (web): `package.json` is not in the context `.`, but in `apps/web`",
        f"{HOME}/services/api.Dockerfile:2  (api): `libs/` is not in the context `apps/api`, but in `.`",
        f"{HOME}/services/api.Dockerfile:3  (api): `apps/api/x` is not in the context `apps/api`, but in `.`",
    ]


def test_two_containers_of_one_image(tmp_path: Path) -> None:
    one, other = ({"id": name, "type": "job", "image": "acme/x"} for name in ("a", "b"))
    ws = old(tmp_path / "repo", one, other, {"id": "c", "type": "job", "image": "acme/x:c"})
    ws.write({f"{HOME}/jobs/{name}.Dockerfile": "FROM x:1\n" for name in "abc"})
    assert found(ws) == [f"{INDEX}  (b): `a` and `b` have the same image `acme/x`"]


def test_a_dockerfile_that_cannot_be_read_is_told_with_all_else(tmp_path: Path) -> None:
    ws = old(tmp_path / "repo", {"id": "a", "type": "job"})
    ws.path(f"{HOME}/jobs/a.Dockerfile").mkdir(parents=True)
    assert found(ws) == [f"{INDEX}  (a): there is no Dockerfile `{HOME}/jobs/a.Dockerfile`"]


def test_a_template_that_is_gone_is_told(repo: Workspace) -> None:
    repo.write(
        {"deploy/x.j2": "FROM x:1\n", "apps/web/TARGETS.toml": '[[app]]\nname = "web"\ntemplate = "//deploy/x.j2"\n'}
    )
    assert repo.build().exit_code == 0
    repo.path("deploy/x.j2").unlink()
    assert found(repo) == ["deploy/x.j2: there is no template `deploy/x.j2`"]


def test_drift_between_targets_index_and_rendered_files(repo: Workspace) -> None:
    rendered = f"{HOME}/services/api.Dockerfile"
    target = repo.read("apps/api/TARGETS.toml")
    repo.write({"apps/api/TARGETS.toml": f"{target}port = 8000\n"})
    stale = f"{rendered}  (//apps/api:api): `{rendered}` is not what its target says"
    assert found(repo) == [f"{INDEX}  (//:registry): the index is not what the targets say", stale]
    repo.write({"apps/api/TARGETS.toml": target, "apps/api/more.py": ""})
    ignored = f"{rendered}.dockerignore"
    assert found(repo) == [f"{ignored}  (//apps/api:api): `{ignored}` is not what its target says"]
    repo.path("apps/api/more.py").unlink()
    text = repo.path(rendered).read_bytes()
    repo.write({rendered: text + b"RUN x\n"})
    assert found(repo) == [f"{rendered}  (//apps/api:api): `{rendered}` was written or changed by hand"]
    repo.write({rendered: text.replace(b"\n", b"\r\n")})
    assert found(repo) == []
    for name in (rendered, ignored, INDEX):
        repo.path(name).unlink()
    assert sorted(found(repo)) == [
        f"{INDEX}  (//:registry): there is no index",
        f"{INDEX}  (//apps/api:api): there is no Dockerfile `{rendered}`",
        f"{ignored}  (//apps/api:api): there is no `{ignored}`",
    ]
    assert repo.build().exit_code == 0
    assert found(repo) == []


def test_problems_of_target_files_are_told_with_all_others(repo: Workspace) -> None:
    repo.write({"apps/web/TARGETS.toml": '[[service]]\nname = "web"\nprot = 1\n', f"{HOME}/x": "token = abcdefgh\n"})
    told = found(repo)
    assert told[0].startswith("apps/web/TARGETS.toml:3")
    assert told[1:] == [f"{HOME}/x:1: this seems to be a password, a token or a key with its value"]


SECRETS = {
    "AKIA" + "ABCDEFGHIJKLMNOP": "an access key of AWS",
    "ghp_" + "a1B2" * 9: "a token of GitHub",
    "github_pat_" + "a1" * 20: "a token of GitHub",
    "glpat-" + "a1" * 10: "a token of GitLab",
    "xoxb-" + "1" * 12: "a token of Slack",
    "npm_" + "a" * 36: "a token of npm",
    "dckr_pat_" + "a" * 20: "a token of Docker Hub",
    "-----BEGIN " + "OPENSSH PRIVATE KEY-----": "a private key",
    "https://user:" + "hunter2@example.org": "a password in a URL",
    "DB_PASSWORD=" + "hunter2": "a password, a token or a key with its value",
    '"dbPassword": "' + 'hunter2"': "a password, a token or a key with its value",
    "  api_key: " + "hunter2": "a password, a token or a key with its value",
    "ENV SECRET='" + "hunter2'": "a password, a token or a key with its value",
}


@pytest.mark.parametrize("secret", SECRETS)
def test_credentials_are_found_and_never_printed(tmp_path: Path, secret: str) -> None:
    (tmp_path / "x").write_bytes(b"\xff\n" + secret.encode() + b"\n")
    assert [(one.where, one.what) for one in find_credentials(str(tmp_path), "x")] == [
        ("x:2", f"this seems to be {SECRETS[secret]}")
    ]
    assert secret not in concealed(f"before\n{secret}\nafter")


@pytest.mark.parametrize(
    "text",
    [
        "ARG NPM_TOKEN",
        "ENV PASSWORD=$PASSWORD",
        "RUN --mount=type=secret,id=npm,target=/run/x true",
        "password = process.env.DB_PASSWORD",
        "token = read_token()",
        "password: ${PASSWORD}",
        "PASSWORD_FILE=/run/secrets/db",
        "Credentials and tokens: see the vault, and never this file.",
        '"password": "<yours>"',
        "https://example.org:8080/a@b",
    ],
)
def test_what_is_no_credential(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    assert list(find_credentials(str(tmp_path), "x")) == []


def test_credentials_are_found_anywhere_in_a_long_line_and_soon(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    (tmp_path / "x").write_text("token" * 20_000 + "\n" + "x" * 99_999 + " " + secret + " " + "token" * 20_000)
    started = time.monotonic()
    assert [one.where for one in find_credentials(str(tmp_path), "x")] == ["x:2"]
    assert time.monotonic() - started < 20


def test_a_credential_in_an_index_is_told_by_its_line_alone(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    ws = old(tmp_path / "repo", {"id": "a", "type": token, "module": f"https://x:{token}@h"}, note=token)
    output = ctl(ws, "verify").output
    assert f"at {INDEX}:3\n" in output
    assert "a1B2" not in output
