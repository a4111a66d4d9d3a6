"""A client of a registry on a server: what it does when things break, and what it makes of answers that nobody should give."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_server import AgentServer
from agents import packed, publish
from registries.fake import Fault

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError, RequestError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.http.address import Address
from packaging_targets.registry.aam.http.credentials import Credentials
from packaging_targets.registry.aam.http.registry import HttpRegistry
from packaging_targets.registry.http.transport import Patience
from packaging_targets.store.aam.documents import DocumentCache

PLAIN = PackageName("", "plain")
REVIEW = PackageName("acme", "review")
SECRET = "aam_s3cret"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AgentServer]:
    folder = FolderRegistry(str(tmp_path / "registry"), lambda: 1_771_768_800)
    initialise(folder)
    with AgentServer(folder) as running:
        yield running


@pytest.fixture
def other(tmp_path: Path) -> Iterator[AgentServer]:
    """Somebody else's server."""
    folder = FolderRegistry(str(tmp_path / "other"), lambda: 1_771_768_800)
    initialise(folder)
    with AgentServer(folder) as running:
        yield running


Connect = Callable[..., HttpRegistry]


@pytest.fixture
def connect(server: AgentServer) -> Iterator[Connect]:
    made: list[HttpRegistry] = []

    def connect(credentials: Credentials | None = None, documents: DocumentCache | None = None) -> HttpRegistry:
        patience = Patience(attempts=3, first=0.001, most=0.001, connect=5, read=5)
        made.append(HttpRegistry(server.url, lambda: credentials, documents, patience=patience))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def token(**given: Any) -> Credentials:
    return Credentials("token", SECRET, **{"source": "aam login", **given})


def failure(work: Callable[..., object], *arguments: object) -> PackagingError:
    """What a call raises; no secret is told."""
    with pytest.raises(PackagingError) as caught:
        work(*arguments)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.__cause__)
    return caught.value


# What breaks


@pytest.mark.parametrize(
    "fault", [Fault(), Fault(status=503), Fault(status=429, headers={"Retry-After": "0"}), Fault(cut=20)]
)
def test_what_may_pass_is_asked_again(server: AgentServer, connect: Connect, fault: Fault) -> None:
    publish(server.folder, "plain")
    server.fail("GET", "/packages/plain", fault, times=2)
    found = connect().metadata(PLAIN)
    assert found is not None
    assert found == server.folder.metadata(PLAIN)


def test_an_archive_that_is_cut_goes_on_where_it_was(server: AgentServer, connect: Connect) -> None:
    data = packed("plain", files={"filling": os.urandom(200_000).hex()})
    done = server.folder.publish(io.BytesIO(data))
    server.fail("GET", "/tarball", Fault(cut=30_000))
    server.fail("GET", "/tarball", Fault(cut=1000))
    with connect().open(PLAIN, done.release) as file:
        assert file.read() == data
    ranges = [one.headers.get("range") for one in server.log if "/tarball" in one.path]
    assert ranges == [None, "bytes=30000-", "bytes=31000-"]


def test_an_archive_of_other_bytes_is_never_opened(server: AgentServer, connect: Connect) -> None:
    done = publish(server.folder, "plain")
    server.fail("GET", "/tarball", Fault(status=200, body=packed("plain", files={"evil": ""})[: done.release.size]))
    with (
        pytest.raises(IntegrityError, match="the bytes are not those of their digest"),
        connect().open(PLAIN, done.release),
    ):
        raise AssertionError


def test_an_archive_without_end_is_cut_off(server: AgentServer, connect: Connect) -> None:
    done = publish(server.folder, "plain")
    server.fail("GET", "/tarball", Fault(status=200, body=b"x" * 5_000_000))
    with pytest.raises(IntegrityError, match="the answer is longer than the"), connect().open(PLAIN, done.release):
        raise AssertionError


@pytest.mark.parametrize("fault", [Fault(after=True), Fault(cut=0), Fault(cut=30)])
def test_what_was_published_is_told_although_the_answer_was_lost(
    server: AgentServer, connect: Connect, fault: Fault
) -> None:
    server.fail("POST", "/packages", fault)
    done = connect().publish(io.BytesIO(packed("@acme/review")))
    assert (str(done.release.version), done.tags) == ("1.0.0", ("latest",))
    assert len(server.asked("POST")) == 1


def test_what_was_not_published_is_sent_again(server: AgentServer, connect: Connect) -> None:
    server.fail("POST", "/packages", Fault(), times=1)
    server.fail("POST", "/packages", Fault(status=502), times=1)
    assert connect().publish(io.BytesIO(packed("plain"))).tags == ("latest",)
    assert len(server.asked("POST")) == 3


def test_a_version_that_somebody_else_published_meanwhile_is_a_conflict(server: AgentServer, connect: Connect) -> None:
    publish(server.folder, "plain", files={"theirs": ""})
    server.fail("POST", "/packages", Fault())
    error = failure(connect().publish, io.BytesIO(packed("plain")))
    assert isinstance(error, RefusalError)
    assert error.code == "VERSION_CONFLICT"


def test_failure_is_told_where_nothing_was_published(server: AgentServer, connect: Connect) -> None:
    server.fail("POST", "/packages", Fault(), times=3)
    error = failure(connect().publish, io.BytesIO(packed("plain")))
    assert str(error).splitlines()[0] == f"error: the connection to `127.0.0.1:{server.port}` broke off"
    assert server.folder.metadata(PLAIN) is None


def test_what_waits_for_approval_has_a_number(server: AgentServer, connect: Connect) -> None:
    server.pending = True
    assert connect().publish(io.BytesIO(packed("plain"))).pending == "7"


def test_a_tag_that_went_with_a_lost_answer_is_gone(server: AgentServer, connect: Connect) -> None:
    publish(server.folder, "plain")
    server.folder.set_tag(PLAIN, "stable", "1.0.0")
    server.fail("DELETE", "/dist-tags/stable", Fault(after=True))
    connect().remove_tag(PLAIN, "stable")
    error = failure(connect().remove_tag, PLAIN, "stable")
    assert isinstance(error, RefusalError)
    assert error.code == "TAG_NOT_FOUND"


@pytest.mark.parametrize("version", ["..", "../../x", "1.0", "1.0.0/../../evil", ""])
def test_what_is_no_version_never_becomes_a_path(server: AgentServer, connect: Connect, version: str) -> None:
    publish(server.folder, "plain")
    error = failure(connect().yank, PLAIN, version)
    assert str(error).startswith("error: an exact version of plain is wanted, and `")
    assert server.asked("PUT") == []


# What is kept


def test_what_has_not_changed_is_not_sent_again(server: AgentServer, connect: Connect, tmp_path: Path) -> None:
    publish(server.folder, "plain")
    documents = DocumentCache(str(tmp_path / "documents"))
    first = connect(documents=documents).metadata(PLAIN)
    again = connect(documents=DocumentCache(str(tmp_path / "documents")))
    assert again.metadata(PLAIN) == first
    assert [bool(one.headers.get("if-none-match")) for one in server.log] == [False, True]
    publish(server.folder, "plain", "2.0.0")
    found = again.metadata(PLAIN)
    assert found is not None
    assert list(found.releases) == ["1.0.0", "2.0.0"]
    kept = list((tmp_path / "documents").iterdir())
    assert [(path.stat().st_mode & 0o777) for path in kept] == [0o600]
    assert (tmp_path / "documents").stat().st_mode & 0o777 == 0o700
    kept[0].write_bytes(kept[0].read_bytes()[:-1])  # torn
    assert connect(documents=documents).metadata(PLAIN) == found


def test_what_one_person_was_told_another_is_not(server: AgentServer, connect: Connect, tmp_path: Path) -> None:
    publish(server.folder, "plain")
    server.allow(SECRET)
    documents = DocumentCache(str(tmp_path / "documents"))
    connect(token(), documents).metadata(PLAIN)
    failure(connect(documents=documents).metadata, PLAIN)
    failure(connect(Credentials("token", "aam_another"), documents).metadata, PLAIN)
    assert [one.headers.get("if-none-match") for one in server.log] == [None] * 3
    held = b"".join(path.name.encode() + path.read_bytes() for path in (tmp_path / "documents").iterdir())
    assert SECRET.encode() not in held


def test_what_a_password_opens_is_kept_nowhere(server: AgentServer, connect: Connect, tmp_path: Path) -> None:
    publish(server.folder, "plain")
    server.passwords["ann"] = "s3cret"
    server.allow("aam_other")
    registry = connect(Credentials("basic", "s3cret", "ann"), DocumentCache(str(tmp_path / "documents")))
    assert registry.metadata(PLAIN) is not None
    assert not (tmp_path / "documents").exists()


def test_what_is_kept_has_bounds(tmp_path: Path) -> None:
    documents = DocumentCache(str(tmp_path), most_files=20)
    for number in range(200):
        documents.put('"x"', b"y" * 100, "who", str(number))
    assert len(list(tmp_path.iterdir())) <= 20 + 64
    assert documents.get("who", "199") == ('"x"', b"y" * 100)


# Who answers badly

DEEP = b'{"packages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>", "error: the document is no JSON: expecting value"),
        (b"[]", "error: the document must be an object, but is []"),
        (DEEP, "error: the document nests too deep"),
        (b'{"name": "other", "versions": {}}', "error: the registry was asked for plain, and tells of other"),
        (b'{"name": "plain", "versions": {"1.0.0": 1}}', "error: the version `1.0.0` must be an object"),
        (b'{"name": "plain", "versions": {"1.0.0": {"integrity": "sha256-x", "tarball": "x"}}}', "error: `sha256-x` is no integrity"),
    ],
    ids=["html", "list", "deep", "another", "wrong type", "integrity"],
)  # fmt: skip
def test_metadata_that_is_none(server: AgentServer, connect: Connect, body: bytes, told: str) -> None:
    server.fail("GET", "/packages/plain", Fault(status=200, body=body))
    assert str(failure(connect().metadata, PLAIN)).startswith(told)


def test_metadata_without_end_is_cut_off(server: AgentServer, connect: Connect) -> None:
    server.fail("GET", "/packages/plain", Fault(status=200, body=b" " * (33 << 20)))
    assert "the answer is longer than the 33,554,432 bytes" in str(failure(connect().metadata, PLAIN))


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ({"packages": [], "next": "again"}, "the list of packages does not end"),
        ({"packages": [{"name": "a"}], "next": "again"}, "the list of packages does not end"),
        ({"packages": [{"name": "../a"}]}, "the name of a package has a `/`, but no scope before it"),
        ({"packages": [{"name": "a", "versions": [1]}]}, "`versions` must be a list of strings"),
        ({"packages": {}}, "`packages` must be a list of objects"),
        ({"packages": [], "next": "x" * 3000}, "`next` has more than 2,000 characters"),
    ],
)
def test_lists_that_are_none(server: AgentServer, connect: Connect, page: dict[str, Any], told: str) -> None:
    server.fail("GET", "/packages", Fault(status=200, body=json.dumps(page).encode()), times=50)
    assert told in str(failure(lambda: list(connect().summaries())))
    assert len(server.log) < 10


def test_a_list_of_many_pages(server: AgentServer, connect: Connect) -> None:
    for number in range(5):
        publish(server.folder, f"p{number}")
    server.page = 2
    assert [str(one.name) for one in connect().summaries()] == [f"p{number}" for number in range(5)]
    assert len(server.log) == 3


def test_a_registry_that_says_it_published_something_else(server: AgentServer, connect: Connect) -> None:
    release = {"version": "1.0.0", "integrity": f"sha256-{'0' * 64}", "tarball": "x"}
    body = json.dumps({"name": "plain", "version": "1.0.0", "release": release, "tags": []}).encode()
    server.fail("POST", "/packages", Fault(status=201, body=body))
    assert "has published other bytes than those of plain@1.0.0" in str(
        failure(connect().publish, io.BytesIO(packed("plain")))
    )


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, "error: the registry knows no such thing (404)\n  at GET URL/packages/plain\n  fix: look at the address: is `URL` a registry of agent packages?"),
        (403, "error: the registry refuses access (403)\n  at GET URL/packages/plain\n  fix: look at what the credentials allow: aam whoami"),
        (500, "error: the registry has failed (500)\n  at GET URL/packages/plain\n  fix: try again later, or ask who runs it"),
        (401, "error: the registry wants credentials (401)\n  at URL\n  fix: aam login --registry URL"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b'{"error": "no"}', b'{"error": {"code": "OTHER"}}', DEEP])
def test_refusals_that_are_no_json_of_ours(
    server: AgentServer, connect: Connect, status: int, told: str, body: bytes
) -> None:
    server.fail("GET", "/packages/plain", Fault(status=status, body=body), times=3)
    assert str(failure(connect().metadata, PLAIN)).replace(server.url, "URL") == told


def test_a_refusal_tells_what_the_registry_says_in_one_piece(server: AgentServer, connect: Connect) -> None:
    detail = {"what": "no\x1b[31m\u202e", "where": "", "fix": 7, "field": "$.x"}
    error = {"code": "FORBIDDEN", "message": "no", "details": [detail, 3, {"what": "x" * 9000}] * 100}
    server.fail("GET", "/packages/plain", Fault(status=403, body=json.dumps({"error": error}).encode()[:65_000]))
    assert "(403)" in str(failure(connect().metadata, PLAIN))  # too long to be read
    error["details"] = [detail, 3]
    server.fail("GET", "/packages/plain", Fault(status=403, body=json.dumps({"error": error}).encode()))
    refused = failure(connect().metadata, PLAIN)
    assert isinstance(refused, RefusalError)
    assert (refused.code, str(refused)) == ("FORBIDDEN", f"error: no\\x1b[31m\\u202e\n  at {server.url}  ($.x)")


# Where secrets go


@pytest.mark.uaaps("S12.6.auth-token")
def test_a_token_goes_to_its_registry_with_every_request(server: AgentServer, connect: Connect) -> None:
    server.allow(SECRET)
    registry = connect(token())
    done = registry.publish(io.BytesIO(packed("plain")))
    with registry.open(PLAIN, done.release) as file:
        file.read()
    registry.set_tag(PLAIN, "stable", "1.0.0")
    list(registry.summaries())
    assert {one.headers.get("authorization") for one in server.log} == {f"Bearer {SECRET}"}
    assert SECRET not in "".join(one.path for one in server.log)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_request_is_led_to_another_server(
    server: AgentServer, other: AgentServer, connect: Connect, status: int
) -> None:
    server.allow(SECRET)
    publish(other.folder, "plain")
    server.fail("GET", "/packages/plain", Fault(status=status, headers={"Location": f"{other.url}/packages/plain"}))
    server.fail("POST", "/packages", Fault(status=status, headers={"Location": f"{other.url}/packages"}), times=3)
    assert str(failure(connect(token()).metadata, PLAIN)) == (
        f"error: the registry redirects to another server, to `127.0.0.1`\n  at GET {server.url}/packages/plain\n"
        "  fix: look at the registry's address: what it is asked is not told to `127.0.0.1`"
    )
    failure(connect(token()).publish, io.BytesIO(packed("plain", "2.0.0")))
    assert other.log == []


def test_a_token_that_is_refused_says_how_to_get_another(server: AgentServer, connect: Connect) -> None:
    server.allow("aam_theirs")
    assert str(failure(connect().metadata, PLAIN)) == (
        f"error: credentials are needed\n  at {server.url}\n  fix: aam login --registry {server.url}"
    )
    assert str(failure(connect(token()).metadata, PLAIN)) == (
        f"error: the token is not valid\n  at {server.url}\n  fix: aam login --registry {server.url}"
    )
    assert str(failure(connect(token(source="AAM_TOKEN")).metadata, PLAIN)) == (
        f"error: the token is not valid\n  at {server.url}\n"
        f"  fix: renew what came from AAM_TOKEN, or take it away and run: aam login --registry {server.url}"
    )
    assert str(failure(connect(token(expires_at=1_771_768_800)).metadata, PLAIN)) == (
        f"error: the token for `{server.url}` expired at 2026-02-22T14:00:00Z\n  at {server.url}\n"
        f"  fix: aam login --registry {server.url}"
    )


@pytest.mark.parametrize("secret", ["aam_s3cret\nHost: evil", "s3cret x", "s3crét", ""])
def test_what_cannot_be_a_token_is_not_sent(server: AgentServer, connect: Connect, secret: str) -> None:
    error = failure(connect(Credentials("token", secret, source="AAM_TOKEN")).metadata, PLAIN)
    assert isinstance(error, RequestError)
    assert server.log == []


def test_an_identity_is_exchanged_once_and_again_when_that_is_refused(server: AgentServer, connect: Connect) -> None:
    publish(server.folder, "plain")
    server.allow("aam_theirs")
    server.identities["id.s3cret"] = "ci"
    registry = connect(Credentials("identity", "id.s3cret", source="AAM_IDENTITY_TOKEN"))
    registry.metadata(PLAIN)
    registry.metadata(PLAIN)
    assert len(server.asked("POST", "/auth/oidc")) == 1
    server.fail("GET", "/packages/plain", Fault(status=401))
    assert registry.metadata(PLAIN) is not None
    assert len(server.asked("POST", "/auth/oidc")) == 2
    error = failure(connect(Credentials("identity", "no.s3cret", source="AAM_IDENTITY_TOKEN")).metadata, PLAIN)
    assert str(error).splitlines()[0] == "error: no trusted publisher has this identity"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://Pkg.Example.com:443/aam/", "https://pkg.example.com/aam"),
        ("HTTPS://a.example:8443", "https://a.example:8443"),
        ("http://localhost:80/", "http://localhost"),
        ("http://[::1]:7000/x//", "http://[::1]:7000/x"),
        ("http://127.0.0.2:1", "http://127.0.0.2:1"),
    ],
)
def test_addresses_are_written_in_one_way(text: str, url: str) -> None:
    assert Address.parse(text).url == url


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://ann:s3cret@a.example", "the address of a registry cannot hold a user, a password or a token"),
        ("https://s3cret@a.example/x", "the address of a registry cannot hold a user, a password or a token"),
        ("https://a.example?token=s3cret", "the address of a registry cannot hold a `?` or a `#`"),
        ("https://a.example/#s3cret", "the address of a registry cannot hold a `?` or a `#`"),
        ("https://a.example/?", "the address of a registry cannot hold a `?` or a `#`"),
        ("http://a.example", "`http://a.example` would be spoken to without TLS, where everybody on the way can read and change all"),
        ("http://localhost.example", "`http://localhost.example` would be spoken to without TLS, where everybody on the way can read and change all"),
        ("http://127.0.0.1.example", "`http://127.0.0.1.example` would be spoken to without TLS, where everybody on the way can read and change all"),
        ("https://a.example/../x", "the address of a registry cannot have a part that is `.` or `..`"),
        ("https://", "this is no address of a registry on a server"),
        ("https://a.example:99999", "this is no address of a registry on a server"),
        ("https://a.example:x", "this is no address of a registry on a server"),
        ("https://a.exa mple", "this is no address of a registry on a server"),
        ("https://a.example\\@b.example", "the address of a registry cannot hold a user, a password or a token"),
        ("https://a.example\\b", "this is no address of a registry on a server"),
        ("https://a.example/\r\nx", "this is no address of a registry on a server"),
        ("https://[::1", "this is no address of a registry on a server"),
        ("https://exämple.com", "this is no address of a registry on a server"),
    ],
)  # fmt: skip
@pytest.mark.uaaps("S12.6.https")
def test_what_is_no_address(text: str, what: str) -> None:
    assert failure(Address.parse, text).problems[0].what == what


def test_nobody_answers(connect: Connect) -> None:
    registry = HttpRegistry("http://127.0.0.1:1", patience=Patience(attempts=1))
    with pytest.raises(RegistryError, match="nothing answers at `127\\.0\\.0\\.1:1`"):
        registry.metadata(REVIEW)
    registry.close()
