"""`aam registry token|account|publisher|audit`, and what `verify` says of the log."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from agents import Place, aam, make_place
from sqlalchemy import create_engine

pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("time.time", lambda: 1_771_768_800.0)  # a server has no other clock
    for name in ("ROOT", "DATA", "DATABASE", "BUCKET"):
        monkeypatch.delenv(f"AAM_REGISTRY_{name}", raising=False)
    return make_place(tmp_path, monkeypatch)


class Operator:
    """Somebody at the server's command line."""

    def __init__(self, capsys: pytest.CaptureFixture[str], place: Place) -> None:
        self._capsys = capsys
        self.root = str(place.root / "registry")
        self.file = place.root / "registry" / ".aam-server" / "registry.sqlite3"

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        return aam(self._capsys, "registry", *arguments)

    def value(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json")[1])

    def change(self, statement: str) -> None:
        engine = create_engine(f"sqlite:///{self.file}")
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], place: Place) -> Operator:
    return Operator(capsys, place)


def test_a_token_is_printed_once_and_alone(run: Operator) -> None:
    code, out, err = run(
        "token", "create", run.root, "--person", "ann", "--actions", "publish,yank", "--pattern", "@a/*"
    )
    listed = run.value("token", "ls", run.root)["tokens"]
    assert code == 0
    assert err == f"token {listed[0]['id']} of ann, until 2026-05-23T14:00:00Z; it is shown this once\n"
    assert out.startswith("aam_")
    assert out.count("\n") == 1
    assert listed[0]["grants"] == [{"actions": ["publish", "yank"], "patterns": ["@a/*"]}]
    shown = "".join("".join(map(str, run(*verb, run.root))) for verb in (["token", "ls"], ["audit", "ls"]))
    assert out.strip()[4:] not in shown
    assert out.strip().encode() not in run.file.read_bytes()
    assert stat.S_IMODE(run.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(run.file.parent.stat().st_mode) == 0o700


def test_tokens_are_listed_and_revoked(run: Operator) -> None:
    first = run.value("token", "create", run.root, "--person", "ann", "--actions", "admin", "--expires", "never")
    run("token", "create", run.root, "--person", "ben", "--actions", "read", "--expires", "12h", "--label", "laptop")
    assert first["expires_at"] is None
    assert [one["person"] for one in run.value("token", "ls", run.root, "--person", "ann")["tokens"]] == ["ann"]
    assert run("token", "revoke", first["id"], run.root) == (0, f"token {first['id']} of ann is revoked\n", "")
    code, out, _ = run("token", "ls", run.root)
    lines = {tuple(line.split()[1:]) for line in out.splitlines()}
    assert code == 0
    assert lines == {
        ("PERSON", "ALLOWS", "UNTIL", "STATE", "LABEL"),
        ("ann", "admin", "on", "*", "-", "was", "revoked"),
        ("ben", "read", "on", "*", "2026-02-23T02:00:00Z", "holds", "laptop"),
    }
    assert run("token", "revoke", "00", run.root)[::2] == (1, "error: there is no token `00`\n")


def test_what_is_wrong_is_told_at_once(run: Operator) -> None:
    code, _, err = run("token", "create", run.root, "--person", " ", "--actions", "publsh", "--pattern", "A B")
    assert (code, err.count("error: ")) == (2, 3)
    assert "error: there is no action `publsh`\n  at --actions\n  fix: did you mean `publish`?\n" in err
    assert "\n  at --pattern\n" in err
    assert run("token", "create", run.root, "--person", "ann", "--actions", "read", "--expires", "3 weeks")[::2] == (
        2,
        "error: `3 weeks` is no time\n  fix: write it as 90d, 12h, 30m, or never\n",
    )


def test_where_nobody_has_served_there_is_nothing_to_list(run: Operator) -> None:
    for verb in (["token", "ls"], ["account", "ls"], ["publisher", "ls"], ["audit", "ls"], ["audit", "verify"]):
        code, _, err = run(*verb, run.root)
        assert (code, err) == (
            2,
            "error: there is no database of a server here: nobody has served this registry\n"
            f"  at {run.root}/.aam-server\n  fix: aam registry serve {run.root}\n",
        )
    assert not run.file.exists()


def test_accounts_have_a_password_from_standard_input(run: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert run("account", "create", run.root, "--name", "ann", "--actions", "publish")[:2] == (
        0,
        "account ann: publish on *\n",
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run("account", "create", run.root, "--name", "Ann", "--actions", "publish")[0] == 2
    assert run.value("account", "ls", run.root)["accounts"] == [
        {"name": "ann", "grants": [{"actions": ["publish"], "patterns": ["*"]}]}
    ]
    assert b"correct horse" not in run.file.read_bytes()
    assert run("account", "rm", "ann", run.root) == (0, "there is no account ann any more\n", "")
    assert run("account", "rm", "ann", run.root)[0] == 1
    assert run("account", "ls", run.root)[1] == "no accounts\n"


def test_trusted_publishers_are_added_listed_and_removed(run: Operator) -> None:
    order = ["--issuer", "https://gitlab.com", "--subject", "project_path:acme/*", "--actions", "publish"]
    made = run.value("publisher", "create", run.root, *order, "--claim", "project_id=42", "--pattern", "@acme/*")
    assert made["claims"] == {"project_id": "42"}
    assert run.value("publisher", "ls", run.root)["publishers"][0]["subject"] == "project_path:acme/*"
    assert run("publisher", "create", run.root, *order, "--claim", "x")[::2] == (
        2,
        "error: `x` is no claim\n  fix: write it as repository_owner_id=1234567\n",
    )
    told = "project_path:acme/* of https://gitlab.com is trusted no longer\n"
    assert run("publisher", "rm", made["id"], run.root) == (0, told, "")
    assert run("publisher", "ls", run.root)[1] == "nobody is trusted\n"


def test_the_log_is_listed_checked_and_pinned(run: Operator) -> None:
    for person in ("ann", "ben"):
        run("token", "create", run.root, "--person", person, "--actions", "read")
    kept = run("audit", "head", run.root)[1].strip()
    run("token", "create", run.root, "--person", "cat", "--actions", "read")
    lines = run("audit", "ls", run.root, "--limit", "2")[1].splitlines()
    assert [line.split()[0] for line in lines] == ["ENTRY", "3", "2"]
    assert lines[1].split()[2:] == ["(operator)", "token.created", "cat"]
    assert run("audit", "verify", run.root, "--pinned", kept)[:2] == (0, "3 entries: all in order\n")
    run.change("update audit set actor = 'eve' where number = 2")
    code, out, err = run("audit", "verify", run.root)
    assert (code, out) == (1, "3 entries: 1 problem\n")
    assert err.startswith("error: entry 2 is not what its digest says: it was changed\n  at the log:2\n")
    value = run.value("audit", "verify", run.root, "--pinned", "0" * 63 + "1")
    assert (value["ok"], len(value["problems"])) == (False, 2)


def test_verify_of_a_registry_that_is_served_checks_the_log_too(run: Operator) -> None:
    assert run("verify", run.root)[1] == "0 packages, 0 versions, 0 bytes: all in order\n"
    run("token", "create", run.root, "--person", "ann", "--actions", "read")
    line = "0 packages, 0 versions, 0 bytes, a log of 1: all in order\n"
    assert run("verify", run.root) == (0, line, "")
    run.change("delete from audit")
    code, _, err = run("verify", run.root)
    assert code == 1
    assert err.startswith("error: entry 1 is missing at the end\n")
    assert run.value("verify", run.root)["entries"] == 1


def test_the_environment_says_which_server_is_meant(run: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAM_REGISTRY_ROOT", run.root)
    run("token", "create", "--person", "ann", "--actions", "read")
    assert len(run.value("token", "ls", run.root)["tokens"]) == 1
    assert len(run.value("token", "ls", "--database", f"sqlite:///{run.file}")["tokens"]) == 1
    wrong = run("token", "ls", "--database", "mysql://root:hunter2@x/y")
    assert wrong[0] == 2
    assert "hunter2" not in wrong[2]
