"""Reading over HTTP: documents, lists, archives, and what they are when nothing has changed."""

from __future__ import annotations

import gzip
import hashlib
import time
from pathlib import Path
from threading import Event

import pytest
from agents import packed
from asking import Asking, asking

from packaging_targets.formats.aam.documents.index import parse_index
from packaging_targets.registry.aam.served.in_step import following

OURS = "application/vnd.uaaps.v1+json"


def test_a_package_is_its_meta_json_byte_for_byte(ask: Asking) -> None:
    ask.publish("@acme/review")
    for path in ("/packages/@acme/review", "/packages/@acme%2Freview", "/packages/%40acme%2freview"):
        got = ask.get(path)
        with open(f"{ask.hosted.folder.tree.root}/packages/acme--review/meta.json", "rb") as file:
            assert got.body == file.read()
        assert (got.status, got.headers["etag"]) == (200, f'"{hashlib.sha256(got.body).hexdigest()}"')


@pytest.mark.parametrize(
    "path",
    [
        "/packages/plain",
        "/packages/plain/1.0.0",
        "/packages/plain/latest",
        "/packages/plain/dist-tags",
        "/packages",
        "/packages/plain/1.0.0/tarball",
        "/",
        "/openapi.json",
        "/errors",
    ],
)
def test_what_did_not_change_is_not_sent_again(ask: Asking, path: str) -> None:
    ask.publish("plain")
    first = ask.get(path)
    assert first.status == 200
    for known in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        again = ask.get(path, If_None_Match=known)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert ask.get(path, If_None_Match='"other"').status == 200
    head = ask("HEAD", path)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(first.body)))


def test_a_change_changes_the_entity_tag(ask: Asking) -> None:
    ask.publish("plain")
    before = ask.get("/packages/plain").headers["etag"]
    ask.publish("plain", "1.1.0")
    after = ask.get("/packages/plain", If_None_Match=before)
    assert (after.status, sorted(after.value["versions"])) == (200, ["1.0.0", "1.1.0"])


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (OURS, OURS),
        (f"{OURS}, application/json;q=0.9", OURS),
        (f"application/json, {OURS};q=0.1", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/*", "application/json"),
    ],
)
def test_json_has_the_type_that_was_asked_for(ask: Asking, accept: str, kind: str) -> None:
    assert ask.get("/packages", Accept=accept).headers["content-type"] == kind


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0"])
def test_what_cannot_be_had_is_told(ask: Asking, accept: str) -> None:
    got = ask.get("/packages", Accept=accept)
    assert (got.status, got.code) == (406, "NOT_ACCEPTABLE")


def test_large_documents_are_compressed_for_who_takes_that(ask: Asking) -> None:
    for minor in range(8):
        ask.publish("plain", f"1.{minor}.0")
    plain = ask.get("/packages/plain")
    packed_ = ask.get("/packages/plain", Accept_Encoding="br, gzip")
    assert gzip.decompress(packed_.body) == plain.body
    assert packed_.headers["content-encoding"] == "gzip"
    assert packed_.headers["etag"] != plain.headers["etag"], "other bytes, other tag"
    assert ask.get("/packages/plain", Accept_Encoding="gzip", If_None_Match=plain.headers["etag"]).status == 304
    assert "content-encoding" not in ask.get("/packages/plain", Accept_Encoding="gzip;q=0").headers
    assert "content-encoding" not in ask.get("/packages/plain/dist-tags", Accept_Encoding="gzip").headers


def test_lists_come_in_parts(ask: Asking) -> None:
    for name in ("a", "b", "c"):
        ask.publish(name)
    seen = []
    path = "/packages?limit=2"
    while path:
        got = ask.get(path)
        seen += [one["name"] for one in got.value["packages"]]
        assert got.value["total"] == int(got.headers["x-total-count"]) == 3
        link = got.headers.get("link", "")
        assert bool(link) == (got.value["next"] is not None)
        path = link.partition("<")[2].partition(">")[0]
    assert seen == ["a", "b", "c"]
    assert [one["name"] for one in ask.get("/packages?q=b").value["packages"]] == ["b"]


def test_packages_that_are_wholly_yanked_are_listed_for_mirrors_alone(ask: Asking) -> None:
    ask.publish("plain")
    ask.send("PUT", "/packages/plain/1.0.0/yank", **ask.hosted.bearer("ann"))
    assert ask.get("/packages").value["packages"] == []
    assert [one["name"] for one in ask.get("/packages?yanked=true").value["packages"]] == ["plain"]
    gone = ask.get("/packages/plain/latest")
    assert (gone.status, gone.code) == (410, "PACKAGE_YANKED")
    assert ask.get("/packages/plain/1.0.0/tarball").status == 200, "locks still install it"


# Archives


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=10-", 10, None), ("bytes=-7", -7, None), ("bytes=3-9999999", 3, None)],
)
def test_a_part_of_an_archive(ask: Asking, asked: str, start: int, end: int | None) -> None:
    data = packed("plain")
    ask.publish("plain")
    got = ask.get("/packages/plain/1.0.0/tarball", Range=asked)
    assert (got.status, got.body) == (206, data[start:end])
    first = start % len(data)
    assert got.headers["content-range"] == f"bytes {first}-{first + len(got.body) - 1}/{len(data)}"
    whole = ask.get("/packages/plain/1.0.0/tarball")
    tag = whole.headers["etag"]
    assert tag == f'"{hashlib.sha256(data).hexdigest()}"'
    assert ask.get("/packages/plain/1.0.0/tarball", Range=asked, If_Range=tag).status == 206
    assert ask.get("/packages/plain/1.0.0/tarball", Range=asked, If_Range='"other"').body == data


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0"])
def test_a_part_outside_of_the_archive(ask: Asking, asked: str) -> None:
    ask.publish("plain")
    got = ask.get("/packages/plain/1.0.0/tarball", Range=asked)
    assert (got.status, got.code) == (416, "RANGE_NOT_SATISFIABLE")
    assert got.headers["content-range"] == f"bytes */{len(packed('plain'))}"


@pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "bytes=x", "lines=0-1", "bytes=5-2", "bytes=-", "bytes=0x1-2"])
def test_what_is_no_single_range_gets_the_whole(ask: Asking, asked: str) -> None:
    ask.publish("plain")
    got = ask.get("/packages/plain/1.0.0/tarball", Range=asked)
    assert (got.status, got.body) == (200, packed("plain"))


def test_archives_may_be_kept_for_ever_by_whom_they_are_for(ask: Asking) -> None:
    ann = ask.hosted.bearer("ann")
    ask.publish("plain")
    ask.publish("@secret/one", **ann)
    public = ask.get("/packages/plain/1.0.0/tarball")
    private = ask.get("/packages/@secret/one/1.0.0/tarball", **ann)
    assert public.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert private.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert public.headers["content-disposition"] == 'attachment; filename="plain-1.0.0.aam"'


# What is private


def test_what_is_private_is_not_there_for_who_may_not_see_it(ask: Asking) -> None:
    ann = ask.hosted.bearer("ann")
    eve = ask.hosted.bearer("eve", "read", patterns=("@other/*",))
    ask.publish("@secret/one", **ann)
    for ways in ({}, eve):
        for below in ("", "/1.0.0", "/1.0.0/tarball", "/1.0.0/signature", "/dist-tags"):
            hidden = ask.get(f"/packages/@secret/one{below}", **ways)
            missing = ask.get(f"/packages/@secret/two{below}", **ways)
            assert (hidden.status, hidden.code) == (404, "PACKAGE_NOT_FOUND")
            assert hidden.body.replace(b"/one", b"/two") == missing.body
        assert ask.get("/packages", **ways).value["total"] == 0
    assert ask.get("/packages/@secret/one", **ann).headers["cache-control"] == "private, no-cache"


def test_while_the_first_list_is_made_others_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Event()
    monkeypatch.setattr(following, "_FIRST", 0)
    monkeypatch.setattr(following, "parse_index", lambda *given: made.wait(20) and parse_index(*given))
    with asking(tmp_path) as ask:
        for path in ("/packages", "/readyz"):
            got = ask.get(path)
            assert (got.status, got.code, got.headers["retry-after"]) == (503, "REGISTRY_UNAVAILABLE", "5")
            assert got.message == "the list of packages is being made"
        assert ask.publish("plain").status == 201
        assert ask.get("/packages/plain").status == 200
        made.set()
        while ask.get("/readyz").status != 200:
            time.sleep(0.01)
        assert [one["name"] for one in ask.get("/packages").value["packages"]] == ["plain"]
