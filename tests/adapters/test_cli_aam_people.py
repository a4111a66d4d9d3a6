"""`aam token` and `aam approvals`: what people do at the desk of a registry on a server."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_server import AgentServer
from agents import Place, aam, files_of, make_place, packed
from hosts import Hosted, hosted
from registries.fake import Fault
from serving import Server

from packaging_targets.adapters.http.application import make_app
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.http.credentials import Credentials
from packaging_targets.registry.aam.http.registry import HttpRegistry

NOW = 1_771_768_800


class Client:
    """People at their command lines, and the server that they speak to."""

    def __init__(self, capsys: pytest.CaptureFixture[str], host: Hosted, url: str) -> None:
        self._capsys = capsys
        self.host = host
        self.url = url

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        return aam(self._capsys, *arguments, "--registry", self.url)

    def value(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json")[1])

    def enter(self, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
        """Sign somebody in."""
        monkeypatch.setattr("sys.stdin", io.StringIO(secret))
        assert self("login", "--token-stdin")[0] == 0

    def publish(self, version: str, **given: Any) -> str:
        """Publish a version as ann; return the number of the request that waits."""
        token = Credentials("token", self.host.token("ann"))
        registry = HttpRegistry(self.url, lambda: token)
        done = registry.publish(io.BytesIO(packed("@slow/review", version, **given)))
        registry.close()
        return done.pending

    def release(self, version: str, **given: Any) -> None:
        """Let a version be there already."""
        self.host.folder.publish(io.BytesIO(packed("@slow/review", version, **given)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("time.time", lambda: float(NOW))
    return make_place(tmp_path, monkeypatch)


@pytest.fixture
def run(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The client of somebody who has the registry in their care."""
    (place.root / "server").mkdir()
    settings: dict[str, Any] = {"needs_approval": ("@slow/*",), "write_rate": 0}
    with (
        hosted(place.root / "server", lambda: NOW, **settings) as host,
        Server(make_app(host.host)) as server,
    ):
        client = Client(capsys, host, server.url)
        client.enter(monkeypatch, host.token("eve", "admin"))
        yield client


# Tokens


def test_the_secret_of_a_token_is_alone_on_standard_output(run: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run("token", "create", "--label", "CI", "--actions", "publish,yank", "--pattern", "@acme/*")
    listed = [one for one in run.value("token", "ls")["tokens"] if not one["own"]]
    assert (code, out.count("\n"), out.startswith("aam_")) == (0, 1, True)
    assert err == f"token {listed[0]['id']} of eve, until 2026-05-23T14:00:00Z; it is shown this once\n"
    assert listed[0] == {
        "id": listed[0]["id"],
        "person": "eve",
        "label": "CI",
        "grants": [{"actions": ["publish", "yank"], "patterns": ["@acme/*"]}],
        "created_at": "2026-02-22T14:00:00Z",
        "expires_at": "2026-05-23T14:00:00Z",
        "revoked_at": None,
        "own": False,
    }
    assert out.strip() not in json.dumps(listed) + "".join(map(str, run("token", "ls")))
    run.enter(monkeypatch, out)
    assert run("whoami")[1].splitlines()[:2] == [f"eve at {run.url}, by aam login", "  may publish, yank: @acme/*"]


def test_a_token_is_json_where_that_is_asked_for_and_lasts_as_long_as_is_said(run: Client) -> None:
    code, out, err = run("token", "create", "--actions", "read", "--expires", "12h", "--json")
    value = json.loads(out)
    assert (code, err, value["expires_at"]) == (0, "", "2026-02-23T02:00:00Z")
    assert value["token"].startswith("aam_")


def test_tokens_are_listed_and_revoked(run: Client) -> None:
    made = run.value("token", "create", "--actions", "read", "--label", "laptop")
    assert run("token", "revoke", made["id"]) == (0, f"token {made['id']} of eve is revoked\n", "")
    code, out, _ = run("token", "list")
    lines = {tuple(line.split()[1:]) for line in out.splitlines()}
    assert code == 0
    assert ("eve", "read", "on", "*", "2026-05-23T14:00:00Z", "was", "revoked", "laptop") in lines
    assert ("eve", "admin", "on", "*", "-", "holds", "for", "tests") in lines
    assert {one["label"]: one["own"] for one in run.value("token", "ls")["tokens"]} == {
        "laptop": False,
        "for tests": True,
    }


def test_a_token_that_may_not_be_made_is_refused(run: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    run.enter(monkeypatch, run.host.token("bob", "read"))
    assert run("token", "create", "--actions", "publish", "--pattern", "@acme/*") == (
        1,
        "",
        f"error: bob may not give `publish:@acme/*`, which is not theirs\n  at {run.url}\n",
    )
    code, _, err = run("token", "create", "--actions", "publsh", "--pattern", "A B", "--label", "two\nlines")
    assert (code, err.count("error: ")) == (2, 3)
    assert "error: there is no action `publsh`\n  at --actions\n  fix: did you mean `publish`?\n" in err
    assert run("token", "create", "--actions", "read", "--expires", "never") == (
        2,
        "",
        "error: `never` is no time\n  fix: write it as 90d, 12h, 30m\n",
    )


def test_a_narrow_token_lists_and_revokes_nothing_that_allows_more(
    run: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.host.token("bob", "publish")
    wide = next(one["id"] for one in run.value("token", "ls")["tokens"] if one["person"] == "bob")
    run.enter(monkeypatch, run.host.token("bob", "read"))
    (own,) = run.value("token", "ls")["tokens"]
    assert (own["grants"][0]["actions"], own["own"]) == (["read"], True)
    assert run("token", "revoke", wide) == (
        1,
        "",
        f"error: token `{wide}` allows more than the one that bob came with, which cannot revoke it\n  at {run.url}\n"
        "  fix: sign in with a token that allows as much, or with a name and a password, or ask who administers the registry\n",
    )
    assert run("token", "revoke", own["id"]) == (0, f"token {own['id']} of bob is revoked\n", "")
    assert run("whoami")[0] == 1


@pytest.mark.parametrize("number", ["00", "../whoami", "a/b?c=d"])
def test_a_token_that_is_not_there_is_told(run: Client, number: str) -> None:
    code, out, err = run("token", "revoke", number)
    assert (code, out) == (1, "")
    assert err.splitlines()[0].startswith("error: there is no")


def test_what_is_no_number_is_not_asked_for(run: Client) -> None:
    assert run("token", "revoke", "..") == (
        2,
        "",
        "error: `..` is no number of the registry's\n  fix: take it from the list: ls\n",
    )


def test_whoever_is_not_signed_in_is_told_how_to(run: Client) -> None:
    run("logout")
    for words in (["token", "ls"], ["approvals", "ls"]):
        code, _, err = run(*words)
        assert (code, err) == (
            1,
            f"error: whoever is not signed in {'may not see tokens' if words[0] == 'token' else 'may not see requests for approval'}\n"
            f"  at {run.url}\n  fix: aam login --registry {run.url}\n",
        )


def test_a_folder_has_neither(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert aam(capsys, "token", "ls") == (
        2,
        "",
        f"error: `{place.url}` is a folder, which has no tokens: whoever can write there may do everything\n"
        "  fix: name a server: --registry https://…\n",
    )
    assert aam(capsys, "approvals", "approve", "1", "--registry", "./packages") == (
        2,
        "",
        f"error: `file://{place.project}/packages` is a folder, where nothing waits for approval: "
        "whoever can write there publishes\n  fix: name a server: --registry https://…\n",
    )


# Approvals


def test_what_waits_is_listed(run: Client) -> None:
    assert run("approvals", "ls") == (0, "nothing waits for approval\n", "")
    assert run("approvals", "ls", "--state", "rejected") == (0, "no requests for approval\n", "")
    number = run.publish("1.0.0")
    code, out, _ = run("approvals", "ls")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["NUMBER", "VERSION", "PUBLISHER", "SINCE", "STATE"],
        [number, "@slow/review@1.0.0", "ann", "2026-02-22T14:00:00Z", "pending"],
    ]


def test_what_a_version_would_change_is_told(run: Client) -> None:
    run.release("1.0.0", skills=("review", "old"), dependencies={"words": "^1.0.0", "gone": "*"})
    number = run.publish(
        "1.1.0",
        skills=("review", "fresh"),
        dependencies={"words": "^2.0.0"},
        files={"notes.md": "new\n"},
    )
    code, out, err = run("approvals", "show", number)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[:3] == [
        "@slow/review@1.1.0: pending",
        "  @slow/review, for tests.",
        "  sent by ann, 2026-02-22T14:00:00Z",
    ]
    assert lines[3].startswith("  tag as usual, ")
    before, after = (
        {path: len(data) for path, data in files_of("@slow/review", version, needs, skills=skills).items()}
        for version, needs, skills in (
            ("1.0.0", {"words": "^1.0.0", "gone": "*"}, ("review", "old")),
            ("1.1.0", {"words": "^2.0.0"}, ("review", "fresh")),
        )
    )
    assert [line.split() for line in lines[4:]] == [
        [],
        ["compared", "with", "1.0.0:"],
        ["files:"],
        ["added", "notes.md", "4", "bytes"],
        ["changed", "package.agent.json", str(before["package.agent.json"]), "->", str(after["package.agent.json"]), "bytes"],
        ["added", "skills/fresh/SKILL.md", str(after["skills/fresh/SKILL.md"]), "bytes"],
        ["removed", "skills/old/SKILL.md", str(before["skills/old/SKILL.md"]), "bytes"],
        ["changed", "skills/review/SKILL.md", str(after["skills/review/SKILL.md"]), "bytes"],
        ["gives:"],
        ["added", "skill", "fresh", *["What", "fresh", "does", "in", "@slow/review", "1.1.0."]],
        ["removed", "skill", "old", *["What", "old", "does", "in", "@slow/review", "1.0.0."]],
        ["changed", "skill", "review", *(["What", "review", "does", "in", "@slow/review", "1.0.0.", "->", "What", "review", "does", "in", "@slow/review", "1.1.0."])],
        ["needs:"],
        ["removed", "gone", "*"],
        ["changed", "words", "^1.0.0", "->", "^2.0.0"],
    ]  # fmt: skip


def test_lines_are_told_where_they_are_asked_for(run: Client) -> None:
    run.release("1.0.0", files={"notes.md": "one\ntwo\n"})
    number = run.publish("1.1.0", files={"notes.md": "one\nthree\n"})
    out = run("approvals", "show", number, "--diff")[1]
    assert "\nnotes.md:\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n" in out
    value = run.value("approvals", "show", number, "--diff")
    files = {one["path"]: one for one in value["changes"]["files"]}
    assert files["notes.md"] == {
        "path": "notes.md",
        "state": "changed",
        "sizes": [8, 10],
        "becomesExecutable": False,
        "lines": ["@@ -1,2 +1,2 @@", " one", "-two", "+three"],
    }
    assert (value["follows"], value["changes"]["needs"]) == ("1.0.0", [])
    assert "lines" not in run.value("approvals", "show", number)["changes"]["files"][0]


def test_a_first_version_is_all_new(run: Client) -> None:
    out = run("approvals", "show", run.publish("1.0.0"))[1]
    assert "no version is published yet, so all is new:\n" in out
    assert "  needs: no change\n" in out


def test_a_text_of_a_package_cannot_move_the_cursor(run: Client) -> None:
    number = run.publish("1.0.0", files={"notes.md": "\x1b[2Jgone\n"})
    assert "\n+\\x1b[2Jgone\n" in run("approvals", "show", number, "--diff")[1]


def test_what_waits_is_approved(run: Client) -> None:
    number = run.publish("1.0.0")
    assert run("approvals", "approve", number) == (0, "published @slow/review@1.0.0 (latest)\n", "")
    assert run.host.folder.metadata(PackageName.parse("@slow/review")) is not None
    assert run("approvals", "approve", number) == (
        1,
        "",
        f"error: the request for @slow/review@1.0.0 is approved already by eve\n  at {run.url}\n",
    )
    code, out, _ = run("approvals", "show", number)
    assert (code, out.splitlines()[4:]) == (
        0,
        ["  decided by eve, 2026-02-22T14:00:00Z", "  its archive is not kept any more"],
    )


def test_what_waits_is_rejected_with_a_reason(run: Client) -> None:
    number = run.publish("1.0.0")
    assert run("approvals", "reject", number)[0] == 2
    assert run("approvals", "reject", number, "--reason", "it reads mail") == (
        0,
        "@slow/review@1.0.0 is rejected\n",
        "",
    )
    (listed,) = run.value("approvals", "ls", "--state", "rejected")["approvals"]
    assert (listed["reason"], listed["decided_by"], listed["state"]) == ("it reads mail", "eve", "rejected")
    assert "  reason: it reads mail\n" in run("approvals", "show", number)[1]
    assert run("approvals", "reject", run.publish("1.0.0"), "--reason", "two\nlines") == (
        2,
        "",
        "error: the reason must be one line of up to 1,000 characters, without control characters\n"
        "  fix: write it in one line\n",
    )


def test_nobody_decides_their_own(run: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    number = run.publish("1.0.0")
    run.enter(monkeypatch, run.host.token("ann", "admin"))
    assert run("approvals", "approve", number) == (
        1,
        "",
        f"error: ann asked for this, and another person has to decide it\n  at {run.url}\n"
        "  fix: aam whoami tells what these credentials allow; else ask who administers the registry\n",
    )
    run.enter(monkeypatch, run.host.token("bob", "publish"))
    assert run("approvals", "show", number)[::2] == (
        1,
        f"error: there is no request for approval `{number}`\n  at {run.url}\n",
    )
    assert run.value("approvals", "ls") == {"ok": True, "approvals": []}


# Servers that are none of ours


@pytest.fixture
def server(place: Place) -> Iterator[AgentServer]:
    with AgentServer(place.registry) as running:
        yield running


def answer(server: AgentServer, part: str, value: Any, method: str = "GET", times: int = 1) -> None:
    server.fail(method, part, Fault(status=200, body=json.dumps(value).encode()), times=times)


REQUEST = {
    "id": "7",
    "name": "review",
    "version": "1.0.0",
    "integrity": "sha256-" + "a" * 64,
    "size": 10,
    "publisher": "ann",
    "created_at": "2026-02-22T14:00:00Z",
    "state": "pending",
}


def test_an_answer_that_is_no_request_is_told(server: AgentServer, capsys: pytest.CaptureFixture[str]) -> None:
    answer(server, "/approvals/7", {**REQUEST, "name": "A B", "version": "one", "integrity": "md5", "size": -1})
    code, _, err = aam(capsys, "approvals", "show", "7", "--registry", server.url)
    assert (code, err.count("error: ")) == (1, 4)


def test_an_archive_that_is_another_one_is_not_shown(
    server: AgentServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    answer(server, "/approvals/7", REQUEST)
    server.fail("GET", "/approvals/7/tarball", Fault(status=200, body=b"another one"), times=9)
    code, out, _ = aam(capsys, "approvals", "show", "7", "--registry", server.url)
    assert (code, out) == (1, "")


def test_a_list_that_does_not_end_is_told(
    server: AgentServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packaging_targets.registry.aam.http.desk.listing._MAX_PARTS", 3)
    answer(server, "/approvals", {"approvals": [], "next": "again"}, times=9)
    assert aam(capsys, "approvals", "ls", "--registry", server.url) == (
        1,
        "",
        f"error: the list of approvals has not ended after 3 parts\n  at {server.url}\n  fix: tell whoever runs the registry\n",
    )


def test_a_decision_is_sent_once(server: AgentServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.fail("POST", "/approvals/7/approve", Fault(status=503), times=9)
    code, _, _ = aam(capsys, "approvals", "approve", "7", "--registry", server.url)
    assert (code, server.asked("POST")) == (1, ["POST /approvals/7/approve"])


def test_a_secret_is_told_without_what_moves_a_cursor(server: AgentServer, capsys: pytest.CaptureFixture[str]) -> None:
    made = {"id": "7", "person": "ann\x1b[2J", "token": "aam_x\x1b[2J", "created_at": "2026-02-22T14:00:00Z"}
    answer(server, "/tokens", made, "POST")
    assert aam(capsys, "token", "create", "--actions", "read", "--registry", server.url) == (
        0,
        "aam_x\\x1b[2J\n",
        "token 7 of ann\\x1b[2J, until it is revoked; it is shown this once\n",
    )


@pytest.mark.parametrize(
    ("method", "part", "verb", "told"),
    [
        ("GET", "/tokens", "ls", "`tokens` must be a list of objects, but is missing\n  at {}  ($.tokens)"),
        ("DELETE", "/tokens/7", "revoke 7", "`id` must be a string, but is missing\n  at {}  ($.id)"),
    ],
)
def test_who_answers_something_else_has_not_done_it(
    server: AgentServer, capsys: pytest.CaptureFixture[str], method: str, part: str, verb: str, told: str
) -> None:
    answer(server, part, {}, method)
    outcome = aam(capsys, "token", *verb.split(), "--registry", server.url)
    assert outcome == (1, "", f"error: {told.format(server.url)}\n")


def test_a_time_that_cannot_be_written_is_no_time(server: AgentServer, capsys: pytest.CaptureFixture[str]) -> None:
    answer(server, "/approvals", {"approvals": [{**REQUEST, "created_at": "9999-12-31T23:59:59-23:59"}]})
    what = "`9999-12-31T23:59:59-23:59` is before the year 1 or after the year 9999 in UTC"
    outcome = aam(capsys, "approvals", "ls", "--registry", server.url)
    assert outcome == (1, "", f"error: {what}\n  at {server.url}  ($.created_at)\n")
