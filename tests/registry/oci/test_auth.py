"""Who may: what registries ask for, as they write it, and what a client then shows them."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registries.client import DATA, DIGEST, EMPTY, Told, failure, fill
from registries.fake import FakeRegistry, Fault

from packaging_targets.errors import RegistryError
from packaging_targets.registry.http.messages import Answer, Request
from packaging_targets.registry.http.transport import Transport
from packaging_targets.registry.oci.auth import Session, parse_challenges
from packaging_targets.registry.oci.blobs.upload import Blob
from packaging_targets.registry.oci.credentials import Credentials
from packaging_targets.registry.oci.reference import Registry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a b"', [("basic", {"realm": "a b"})]),
        (
            'Bearer realm="https://auth.example/token",service="r",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": "https://auth.example/token", "service": "r", "scope": "repository:a/b:pull,push"})],
        ),
        ('BEARER  Realm = "x" , service=y', [("bearer", {"realm": "x", "service": "y"})]),
        ('Bearer realm="x", Basic realm="y"', [("bearer", {"realm": "x"}), ("basic", {"realm": "y"})]),
        ("Negotiate, NTLM", [("negotiate", {}), ("ntlm", {})]),
        (r'Basic realm="a\"b\\c"', [("basic", {"realm": 'a"b\\c'})]),
        ('Bearer realm="never ends', [("bearer", {})]),
    ],
)
def test_challenges(text: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(one.scheme, dict(one.parameters)) for one in parse_challenges(text)] == expected


@given(st.text(alphabet='Bearer ="\\,x:/', max_size=200))
def test_whatever_comes_is_read_without_an_error(text: str) -> None:
    for challenge in parse_challenges(text):
        assert challenge.scheme == challenge.scheme.lower()


def test_a_hostile_header_takes_no_time() -> None:
    for text in ("," * 60_000, "a=" * 30_000, 'Bearer a="' + "\\" * 60_000, " " * 60_000, "Bearer " + "a " * 30_000):
        parse_challenges(text)


def test_basic_credentials_go_with_each_request_once_they_are_asked_for(home: FakeRegistry) -> None:
    home.auth = "basic"
    assert Told(home).push() == "uploaded"
    assert ["authorization" in one.headers for one in home.log] == [False, True, True, True]


def test_a_token_is_got_for_the_scopes_and_kept(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    data = fill(told)
    told.client.put_manifest(told.place, "1", data)
    told.client.tags(told.place)
    scopes = [form["scope"] for form in home.token_requests]
    assert scopes == [["repository:acme/color:pull,push"], ["repository:acme/color:pull"]]
    assert home.token_requests[0]["service"] == ["fake"]


def test_who_is_going_to_write_asks_for_one_token(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home, pushing=True)
    assert told.client.manifest_digest(told.place, "1") is None
    told.client.put_manifest(told.place, "1", fill(told))
    told.client.tags(told.place)
    assert [form["scope"] for form in home.token_requests] == [["repository:acme/color:pull,push"]]


def test_who_asks_for_a_blob_alone_needs_not_write(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    assert not told.client.has_blob(told.place, DIGEST)
    assert [form["scope"] for form in home.token_requests] == [["repository:acme/color:pull"]]


def test_tokens_may_be_had_elsewhere(home: FakeRegistry) -> None:
    with FakeRegistry() as elsewhere:
        home.auth, home.realm, home.tokens = "bearer", f"http://127.0.0.1:{elsewhere.port}/token", elsewhere.tokens
        assert Told(home).push() == "uploaded"
        assert [str(one) for one in elsewhere.log] == ["GET /token"]
        assert elsewhere.log[0].headers["authorization"].startswith("Basic ")
        given = {one.headers.get("authorization", "").partition(" ")[0] for one in home.log}
        assert given == {"", "Bearer"}


def test_a_mount_asks_for_both_repositories(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    home.blobs["acme/paint", str(DIGEST)] = DATA
    assert told.push(told.other) == "mounted"
    assert home.token_requests[-1]["scope"] == ["repository:acme/color:pull,push", "repository:acme/paint:pull"]


def test_a_token_that_is_no_longer_good_is_got_again(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home, chunk=4096)
    told.client.push_blob(told.place, Blob.of(EMPTY, b"{}"))
    home.tokens.clear()
    assert told.push() == "uploaded"
    home.expires_in = 5  # less than the margin: every request gets one of its own
    told.client.tags(told.place)
    count = len(home.token_requests)
    told.client.tags(told.place)
    assert len(home.token_requests) == count + 1


def test_a_token_that_ends_in_the_middle_of_an_upload(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    home.fail(
        "PUT", "uploads", Fault(status=401, headers={"WWW-Authenticate": f'Bearer realm="http://{home.host}/token"'})
    )
    assert told.push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA


def test_an_identity_token_is_exchanged(home: FakeRegistry) -> None:
    home.auth, home.identity_token = "bearer", "refresh-me"
    told = Told(home, credentials=lambda _: Credentials("", "", "refresh-me", "the test"))
    assert told.push() == "uploaded"
    form = home.token_requests[0]
    assert (form["grant_type"], form["client_id"], form["scope"]) == (
        ["refresh_token"],
        ["packaging-targets"],
        ["repository:acme/color:pull,push"],
    )


def test_credentials_are_looked_for_once_and_only_where_they_are_wanted(home: FakeRegistry) -> None:
    calls = []

    def find(registry: Registry) -> Credentials:
        calls.append(registry.host)
        return Credentials(home.user, home.secret, source="the test")

    told = Told(home, credentials=find)
    told.push()
    assert calls == []
    home.auth = "basic"
    threads = [threading.Thread(target=told.client.tags, args=(told.place,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [home.host]


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_without_credentials(home: FakeRegistry, auth: str) -> None:
    home.auth = auth
    told = Told(home, credentials=lambda _: None)
    error = failure(told.push)
    place = (
        f"GET http://{home.host}/token" if auth == "bearer" else f"HEAD http://{home.host}/v2/acme/color/blobs/{DIGEST}"
    )
    status = "" if auth == "bearer" else " (401)"
    assert str(error) == (
        f"error: the registry wants credentials{status}\n  at {place}\n"
        f"  fix: run `docker login {home.host}`, or set DEVCONTAINERS_OCI_AUTH='{home.host}|USER|TOKEN'"
    )


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_with_wrong_credentials(home: FakeRegistry, auth: str) -> None:
    home.auth = auth
    told = Told(home, credentials=lambda _: Credentials("ana", "s3cret-wrong", source="`config.json`"))
    error = failure(told.client.tags, told.place)
    assert str(error).endswith(f"  fix: renew the credentials for `{home.host}`, which came from `config.json`")
    assert isinstance(error, RegistryError)


def test_a_way_of_asking_that_nobody_knows(home: FakeRegistry) -> None:
    home.fail("GET", "/tags/", Fault(status=401, headers={"WWW-Authenticate": "Negotiate, NTLM"}))
    told = Told(home)
    assert str(failure(told.client.tags, told.place)) == (
        "error: the registry wants credentials in a way that is not known here: it names `negotiate`, `ntlm`\n"
        f"  at GET http://{home.host}/v2/acme/color/tags/list\n  fix: Bearer and Basic are known"
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"token": 5}',
        b'{"token": "a\\r\\nX: y"}',
        b'{"token": "t", "expires_in": "x"}',
        b'{"token": "t", "expires_in": ' + b"9" * 4000 + b"}",
        b'{"token": "t", "expires_in": ' + b"9" * 5000 + b"}",
        b"[" * 50_000,
    ],
)
def test_what_is_no_token(home: FakeRegistry, answer: bytes) -> None:
    home.auth, home.token_answer = "bearer", answer
    told = Told(home)
    assert str(failure(told.push)) == (
        f"error: there is no token in the answer to a request for one\n  at GET http://{home.host}/token"
    )


def test_credentials_go_to_no_realm_without_tls(home: FakeRegistry) -> None:
    class Asks(Transport):
        """A registry that wants credentials for a realm."""

        def __init__(self, realm: str) -> None:
            super().__init__()
            self.challenge = {"www-authenticate": f'Bearer realm="{realm}"'}

        def send(self, request: Request) -> Answer:
            return Answer(401, self.challenge, b"", request.url)

    def let_in(realm: str) -> RegistryError:
        session = Session(Registry("ghcr.io"), Asks(realm), lambda _: Credentials("ana", "s3cret"))
        with pytest.raises(RegistryError) as caught:
            session.send(Request("GET", "https://ghcr.io/v2/"))
        return caught.value

    assert str(let_in("http://evil.example/token")) == (
        "error: the registry wants the credentials sent to `evil.example` without TLS\n  at https://ghcr.io\n"
        "  fix: correct the realm in the registry's configuration"
    )
    assert "names no address at which tokens are to be had" in str(let_in("file:///etc/passwd"))
