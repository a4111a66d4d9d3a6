"""Publishing and changing over HTTP."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from agents import archive_of, files_of, packed
from asking import GZIP, Asking, Got, asking

CRLF = b"\r\n"


def form(boundary: str, *parts: tuple[str, bytes], end: bool = True) -> bytes:
    """The body of a form."""
    data = b""
    for name, value in parts:
        data += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n'.encode()
        data += value + CRLF
    return data + (f"--{boundary}--\r\n".encode() if end else b"")


def send_form(ask: Asking, *parts: tuple[str, bytes], boundary: str = "b", end: bool = True) -> Got:
    kind = f"multipart/form-data; boundary={boundary}"
    return ask("POST", "/packages", form(boundary, *parts, end=end), Content_Type=kind, **ask.hosted.bearer("ann"))


def test_what_is_published_is_told_and_there(ask: Asking) -> None:
    got = ask.publish("@acme/review", "1.2.0+build")
    assert (got.status, got.headers["location"]) == (201, "/packages/@acme/review/1.2.0+build")
    assert {**got.value, "release": ""} == {
        "name": "@acme/review",
        "version": "1.2.0+build",
        "release": "",
        "tags": ["latest"],
        "warnings": [],
    }
    there = ask.get(got.headers["location"])
    assert (there.status, there.value["integrity"]) == (200, got.value["release"]["integrity"])
    assert ask.get(f"{got.headers['location']}/tarball").body == packed("@acme/review", "1.2.0+build")


def test_a_version_is_published_once(ask: Asking) -> None:
    ask.publish("plain")
    got = ask.publish("plain")
    assert (got.status, got.code) == (409, "VERSION_CONFLICT")
    assert got.value["error"]["details"] == [
        {
            "what": "plain@1.0.0 is published already, with the same bytes",
            "where": "",
            "fix": "raise `version` in package.agent.json: a published version never changes",
            "field": "",
        }
    ]


def test_a_tag_may_lead_to_it_instead_of_latest(ask: Asking) -> None:
    ask.publish("plain")
    data = packed("plain", "2.0.0-rc.1")
    got = ask("POST", "/packages?tag=next", data, **GZIP, **ask.hosted.bearer("ann"))
    assert (got.status, got.value["tags"]) == (201, ["next"])
    assert ask.get("/packages/plain/dist-tags").value == {"latest": "1.0.0", "next": "2.0.0-rc.1"}


def test_all_that_is_wrong_with_a_manifest_is_told(ask: Asking) -> None:
    data = archive_of({"package.agent.json": b'{"name": "A", "version": "1", "dependencies": {"x": "nope"}}'})
    got = ask("POST", "/packages", data, **GZIP, **ask.hosted.bearer("ann"))
    assert (got.status, got.code) == (422, "MANIFEST_INVALID")
    assert len(got.value["error"]["details"]) >= 3
    assert str(ask.hosted.folder.tree.root) not in got.body.decode()


def test_forms_publish_too(ask: Asking) -> None:
    got = send_form(ask, ("archive", packed("plain")))
    assert got.status == 201


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ([("other", b"x")], "the form has a part that is neither `archive` nor `signature`"),
        ([("signature", b"x")], "the form has no part `archive`"),
        ([("archive", b"x"), ("archive", b"y")], "the form has two parts `archive`"),
        ([], "the form has no part `archive`"),
    ],
)
def test_forms_that_are_none_of_ours(ask: Asking, parts: list[tuple[str, bytes]], what: str) -> None:
    got = send_form(ask, *parts)
    assert (got.status, got.message) == (400, what)


def test_forms_that_are_broken(ask: Asking) -> None:
    ann = ask.hosted.bearer("ann")
    for kind, body in (
        ("multipart/form-data", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"nothing of the kind"),
        ("multipart/form-data; boundary=b", form("b", ("archive", packed("plain")), end=False)),
        (f"multipart/form-data; boundary={'b' * 2000}", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 50 + b"\r\n\r\n--b--"),
    ):
        got = ask("POST", "/packages", body, Content_Type=kind, **ann)
        assert (got.status, got.code) == (400, "BAD_REQUEST"), body[:40]
    assert ask.get("/packages").value["total"] == 0


def test_other_types_are_refused(ask: Asking) -> None:
    for kind in ("application/json", "text/plain", "application/x-tar", ""):
        got = ask("POST", "/packages", packed("plain"), Content_Type=kind, **ask.hosted.bearer("ann"))
        assert (got.status, got.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_what_is_too_large_is_refused_by_what_it_says_and_by_what_comes(tmp_path: Path) -> None:
    with asking(tmp_path, max_archive=1000) as ask:
        ann = ask.hosted.bearer("ann")
        data = packed("plain", files={"x": os.urandom(2000).hex()})
        for body in (data, data + bytes(1 << 20)):
            got = ask("POST", "/packages", body, **GZIP, **ann)
            assert (got.status, got.code) == (413, "ARCHIVE_TOO_LARGE")
        got = ask(
            "POST", "/packages", form("b", ("archive", data)), Content_Type="multipart/form-data; boundary=b", **ann
        )
        assert (got.status, got.code) == (413, "ARCHIVE_TOO_LARGE")
        chunks = ask.pool.request(
            "POST", f"{ask.server.url}/packages", body=iter([data[:600], data[600:]]), headers={**GZIP, **ann}
        )
        assert chunks.status == 413


# Who may


def test_who_may_not_publish_is_told_so(ask: Asking) -> None:
    nobody = ask("POST", "/packages", packed("plain"), **GZIP)
    assert (nobody.status, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="Agent packages"')
    reader = ask.publish("plain", **ask.hosted.bearer("eve", "read"))
    assert (reader.status, reader.code) == (403, "FORBIDDEN")
    elsewhere = ask.publish("plain", **ask.hosted.bearer("eve", "publish", patterns=("@acme/*",)))
    assert (elsewhere.status, elsewhere.code) == (403, "FORBIDDEN")
    wrong = ask.get("/packages", Authorization="Bearer aam_wrong")
    assert (wrong.status, wrong.code) == (401, "UNAUTHORIZED")


def test_what_waits_is_approved_by_another_person(ask: Asking) -> None:
    ann, bob = ask.hosted.bearer("ann", "publish", "admin"), ask.hosted.bearer("bob", "admin")
    got = ask.publish("@slow/one", **ann)
    assert (got.status, got.value["approval_status"], got.value["tags"]) == (202, "pending", [])
    place = got.headers["location"]
    assert place == f"/approvals/{got.value['id']}"
    assert ask.get("/packages/@slow/one").status == 404
    assert ask.get(place, **bob).value["state"] == "pending"
    assert ask.get(f"{place}/tarball", **bob).body == packed("@slow/one")
    own = ask("POST", f"{place}/approve", **ann)
    assert (own.status, own.code) == (403, "FORBIDDEN")
    done = ask("POST", f"{place}/approve", **bob)
    assert done.status == 200
    assert (done.value["approval"]["decided_by"], done.value["published"]["tags"]) == ("bob", ["latest"])
    again = ask("POST", f"{place}/approve", **bob)
    assert (again.status, again.code) == (409, "CONFLICT")
    assert ask.get("/packages/@slow/one").status == 200


def test_what_is_rejected_never_comes(ask: Asking) -> None:
    ann, bob = ask.hosted.bearer("ann"), ask.hosted.bearer("bob", "admin")
    place = ask.publish("@slow/one", **ann).headers["location"]
    got = ask.send("POST", f"{place}/reject", {"reason": "no"}, **bob)
    assert (got.status, got.value["state"], got.value["reason"]) == (200, "rejected", "no")
    assert ask.get(f"{place}/tarball", **bob).status == 410
    assert ask.get("/packages/@slow/one").status == 404
    assert ask.get("/approvals/00ff", **bob).code == "APPROVAL_NOT_FOUND"


# Changes


def test_tags_yanks_and_deprecations(ask: Asking) -> None:
    ann = ask.hosted.bearer("ann")
    ask.publish("plain")
    ask.publish("plain", "1.1.0")
    assert ask.send("PUT", "/packages/plain/dist-tags/stable", "1.0.0", **ann).value["stable"] == "1.0.0"
    assert ask.send("PUT", "/packages/plain/dist-tags/old", {"version": "1.0.0"}, **ann).status == 200
    assert "old" not in ask("DELETE", "/packages/plain/dist-tags/old", **ann).value
    assert ask("DELETE", "/packages/plain/dist-tags/old", **ann).code == "TAG_NOT_FOUND"
    yanked = ask.send("DELETE", "/packages/plain/1.1.0", {"reason": "bad"}, **ann)
    assert yanked.value["versions"]["1.1.0"]["yanked"]["reason"] == "bad"
    assert ask.get("/packages/plain/latest").value["version"] == "1.0.0"
    assert "yanked" not in ask("DELETE", "/packages/plain/1.1.0/yank", **ann).value["versions"]["1.1.0"]
    assert ask("PUT", "/packages/plain/1.1.0/yank", **ann).value["versions"]["1.1.0"]["yanked"]
    told = ask.send("PUT", "/packages/plain/1.0.0/deprecation", {"message": "old"}, **ann)
    assert told.value["versions"]["1.0.0"]["deprecated"] == "old"
    both = ask.send("PUT", "/packages/plain/deprecation", {"message": "go"}, **ann).value["versions"]
    assert [one["deprecated"] for one in both.values()] == ["go", "go"]
    assert ask.send("PUT", "/packages/plain/9.0.0/yank", **ann).code == "VERSION_NOT_FOUND"


def test_a_tag_may_be_called_as_a_path_is(ask: Asking) -> None:
    ask.publish("plain")
    ask.send("PUT", "/packages/plain/dist-tags/deprecation", "1.0.0", **ask.hosted.bearer("ann"))
    assert ask.get("/packages/plain/deprecation").value["version"] == "1.0.0"


def test_the_log_tells_what_was_done(ask: Asking) -> None:
    ask.publish("plain")
    bob = ask.hosted.bearer("bob", "admin")
    entries = ask.get("/audit?package=plain", **bob).value["entries"]
    assert [(one["actor"], one["action"], one["version"]) for one in entries] == [("ann", "publish", "1.0.0")]
    assert ask.get("/audit").code == "UNAUTHORIZED"
    assert ask.get("/audit", **ask.hosted.bearer("ann")).code == "FORBIDDEN"


# Tokens


def test_tokens_are_made_listed_and_revoked(ask: Asking) -> None:
    ann = ask.hosted.bearer("ann", "read", "publish")
    order = {"label": "CI", "actions": ["publish"], "patterns": ["@acme/*"], "expires_in": 60}
    made = ask.send("POST", "/tokens", order, **ann)
    assert (made.status, made.headers["cache-control"]) == (201, "no-store")
    ci = {"Authorization": f"Bearer {made.value['token']}"}
    who = ask.get("/whoami", **ci).value
    assert (who["person"], who["token"]) == ("ann", made.value["id"])
    assert who["grants"] == [{"actions": ["publish"], "patterns": ["@acme/*"]}]
    listed = ask.get("/tokens", **ann)
    assert made.value["id"] in {one["id"] for one in listed.value["tokens"]}
    assert made.value["token"] not in listed.body.decode()
    assert ask("DELETE", f"/tokens/{made.value['id']}", **ann).value["revoked_at"] is not None
    assert ask.get("/whoami", **ci).status == 401
    more = ask.send("POST", "/tokens", {**order, "actions": ["admin"]}, **ann)
    assert (more.status, more.code) == (403, "FORBIDDEN")


def test_bodies_that_are_wrong_are_told_all_at_once_and_without_what_they_hold(ask: Asking) -> None:
    ann = ask.hosted.bearer("ann")
    got = ask.send("POST", "/tokens", {"label": 5, "patterns": [], "secret": "hunter2"}, **ann)
    assert (got.status, got.code) == (400, "BAD_REQUEST")
    assert sorted((one["field"], one["what"]) for one in got.value["error"]["details"]) == [
        ("$", "the body has `secret`, which nobody knows here"),
        ("$", "the body must have `actions`"),
        ("$.label", "`label` must be text"),
        ("$.patterns", "`patterns` must not be empty"),
    ]
    assert "hunter2" not in got.body.decode()
    wrong = ask.send("POST", "/tokens", {"label": "", "actions": ["hunter2"], "patterns": ["*"]}, **ann)
    assert [(one["field"], one["what"]) for one in wrong.value["error"]["details"]] == [
        ("$.actions[0]", "each entry of `actions` must be one of `read`, `publish`, `yank`, `admin`"),
    ]


def test_bodies_that_are_no_json(ask: Asking) -> None:
    ann = ask.hosted.bearer("ann")
    for body in (
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 100,
        b"\xef\xbb\xbf{}",
        b'{"x": "\\ud800"}',
        b"",
    ):
        got = ask("POST", "/tokens", body, Content_Type="application/json", **ann)
        assert (got.status, got.code) == (400, "BAD_REQUEST"), body
    large = ask("POST", "/tokens", b" " * 70_000, Content_Type="application/json", **ann)
    assert (large.status, large.code) == (413, "ARCHIVE_TOO_LARGE")
    for kind in ("text/plain", "application/json; charset=latin-1"):
        assert ask("POST", "/tokens", b"{}", Content_Type=kind, **ann).status == 415


def test_publishers_are_for_admins(ask: Asking) -> None:
    bob = ask.hosted.bearer("bob", "admin")
    trust = {
        "label": "ci",
        "issuer": "https://issuer.example",
        "subject": "repo:acme/*",
        "claims": {"ref": "main"},
        "actions": ["publish"],
        "patterns": ["@acme/*"],
    }
    made = ask.send("POST", "/publishers", trust, **bob)
    assert made.status == 201
    assert ask.get("/publishers", **bob).value["publishers"] == [made.value]
    assert ask("DELETE", f"/publishers/{made.value['id']}", **bob).value == made.value
    assert ask("DELETE", f"/publishers/{made.value['id']}", **bob).code == "NOT_FOUND"
    assert ask.send("POST", "/publishers", trust, **ask.hosted.bearer("ann")).code == "FORBIDDEN"
    assert ask.send("POST", "/auth/oidc", {"token": "x.y.z"}).code == "UNAUTHORIZED"


def test_anybody_publishes_where_that_is_open(tmp_path: Path) -> None:
    with asking(tmp_path, open_publishing=True) as ask:
        assert ask("POST", "/packages", packed("plain"), **GZIP).status == 201
        assert json.loads(ask.get("/").body)["open_publishing"] is True


def test_one_package_never_tells_of_another(ask: Asking) -> None:
    """A manifest may name tags of versions that are not there; what is told is about this package alone."""
    tags: dict[str, Any] = {"dist-tags": {"stable": "0.9.0"}}
    data = archive_of(files_of("plain", "1.0.0", **tags))
    got = ask("POST", "/packages", data, **GZIP, **ask.hosted.bearer("ann"))
    assert got.status == 201
    assert all(one["where"] == "" for one in got.value["warnings"])


def test_only_what_is_large_is_in_a_file_while_it_comes(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    open_file = tempfile.TemporaryFile

    def told(*given: Any, **named: Any) -> Any:
        made.append(named["dir"])
        return open_file(*given, **named)

    monkeypatch.setattr(tempfile, "TemporaryFile", told)
    for version, size, files in (("1.0.0", 1000, 0), ("2.0.0", 400_000, 1)):
        data = packed("plain", version, files={"filling": os.urandom(size).hex()})
        assert ask("POST", "/packages", data, **GZIP, **ask.hosted.bearer("ann")).status == 201
        assert ask.get(f"/packages/plain/{version}/tarball").body == data
        assert len(made) == files
