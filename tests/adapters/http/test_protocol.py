"""Every endpoint and every status of §12.6, by name, over a real connection."""

from __future__ import annotations

import http.client
import io
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from agents import packed, publish
from hosts import OPERATOR, Hosted, hosted
from serving import Server
from signatures import signature

from packaging_targets.adapters.http.application import make_app
from packaging_targets.registry.aam.desk.access import ACTIONS
from packaging_targets.services.aam.hosting.people.accounts import create_account

ARCHIVE = {"Content-Type": "application/gzip"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        code: str = self.value["error"]["code"]
        return code


class Client:
    """Asks a server, with or without a token."""

    def __init__(self, server: Server, served: Hosted) -> None:
        self._server = server
        self.served = served

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, token: str = ""
    ) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=20)
        connection.request(method, path, body, {**(headers or {}), **bearer})
        answer = connection.getresponse()
        found = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        return found

    def send(self, method: str, path: str, value: object, token: str) -> Answer:
        return self.ask(method, path, json.dumps(value).encode(), {"Content-Type": "application/json"}, token)

    def publish(self, token: str, name: str = "@acme/review", version: str = "1.0.0") -> Answer:
        return self.ask("POST", "/packages", packed(name, version), ARCHIVE, token)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def client(tmp_path: Path, settings: dict[str, Any]) -> Iterator[Client]:
    """A server that holds @acme/review 1.0.0 and 1.1.0."""
    with hosted(tmp_path, **settings) as served, Server(make_app(served.host)) as server:
        for version in ("1.0.0", "1.1.0"):
            publish(served.host.holdings, "@acme/review", version)
        yield Client(server, served)


# Reading


@pytest.mark.uaaps("S12.6.root", "S12.6.200", "S12.6.auth-none")
def test_the_root_says_what_the_registry_is(client: Client) -> None:
    answer = client.ask("GET", "/")
    assert answer.status == 200
    assert {"protocol", "title", "auth", "oidc", "max_archive"} <= answer.value.keys()


@pytest.mark.uaaps("S12.6.list")
def test_packages_are_listed_in_pages(client: Client) -> None:
    publish(client.served.host.holdings, "plain")
    first = client.ask("GET", "/packages?limit=1")
    assert [one["name"] for one in first.value["packages"]] == ["@acme/review"]
    assert (first.value["total"], first.headers["X-Total-Count"]) == (2, "2")
    assert 'rel="next"' in first.headers["Link"]
    second = client.ask("GET", f"/packages?limit=1&cursor={first.value['next']}")
    assert ([one["name"] for one in second.value["packages"]], second.value["next"]) == (["plain"], None)
    assert second.headers["Link"] is None


@pytest.mark.uaaps("S12.6.package")
@pytest.mark.parametrize("path", ["/packages/@acme/review", "/packages/@acme%2Freview", "/packages/%40acme%2freview"])
def test_metadata_of_a_package_is_its_meta_json(client: Client, path: str) -> None:
    answer = client.ask("GET", path)
    kept = Path(client.served.folder.tree.meta("acme--review")).read_bytes()
    assert (answer.status, answer.body) == (200, kept)


@pytest.mark.uaaps("S12.6.version")
@pytest.mark.parametrize("version", ["1.1.0", "latest"])
def test_metadata_of_one_version(client: Client, version: str) -> None:
    value = client.ask("GET", f"/packages/@acme/review/{version}").value
    assert (value["name"], value["version"], value["tags"]) == ("@acme/review", "1.1.0", ["latest"])


@pytest.mark.uaaps("S12.6.tarball")
def test_the_archive_comes_as_it_was_published(client: Client) -> None:
    answer = client.ask("GET", "/packages/@acme/review/1.0.0/tarball")
    assert (answer.status, answer.body) == (200, packed("@acme/review", "1.0.0"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.uaaps("S12.6.signature")
def test_a_signature_comes_as_it_was_published(client: Client) -> None:
    data = packed("@acme/review", "2.0.0")
    bundle = signature(data, "@acme/review", "2.0.0")
    client.served.host.holdings.publish(io.BytesIO(data), "", bundle)
    answer = client.ask("GET", "/packages/@acme/review/2.0.0/signature")
    assert (answer.status, answer.body) == (200, bundle)
    missing = client.ask("GET", "/packages/@acme/review/1.0.0/signature")
    assert (missing.status, missing.code) == (404, "SIGNATURE_NOT_FOUND")


# Changing


@pytest.mark.uaaps("S12.6.publish", "S12.6.201", "S12.6.auth-token")
def test_a_version_is_published(client: Client) -> None:
    answer = client.publish(client.served.token(), version="2.0.0")
    assert (answer.status, answer.headers["Location"]) == (201, "/packages/@acme/review/2.0.0")
    assert (answer.value["version"], answer.value["tags"]) == ("2.0.0", ["latest"])
    assert client.ask("GET", "/packages/@acme/review/2.0.0").status == 200


@pytest.mark.uaaps("S12.6.dist-tags", "S12.6.set-tag", "S12.6.remove-tag")
@pytest.mark.parametrize("body", [{"version": "1.0.0"}, "1.0.0"])
def test_tags_are_set_listed_and_removed(client: Client, body: object) -> None:
    token = client.served.token()
    path = "/packages/@acme/review/dist-tags"
    assert client.send("PUT", f"{path}/stable", body, token).value == {"latest": "1.1.0", "stable": "1.0.0"}
    assert client.ask("GET", path).value == {"latest": "1.1.0", "stable": "1.0.0"}
    assert client.ask("DELETE", f"{path}/stable", token=token).value == {"latest": "1.1.0"}
    missing = client.ask("DELETE", f"{path}/stable", token=token)
    assert (missing.status, missing.code) == (404, "TAG_NOT_FOUND")


@pytest.mark.uaaps("S12.6.unpublish")
def test_unpublishing_hides_a_version_and_deletes_nothing(client: Client) -> None:
    answer = client.send("DELETE", "/packages/@acme/review/1.1.0", {"reason": "it is wrong"}, client.served.token())
    assert (answer.status, answer.value["dist-tags"]) == (200, {"latest": "1.0.0"})
    assert answer.value["versions"]["1.1.0"]["yanked"]["reason"] == "it is wrong"
    assert client.ask("GET", "/packages/@acme/review/1.1.0/tarball").body == packed("@acme/review", "1.1.0")


# Approvals


@pytest.mark.parametrize("settings", [{"needs_approval": ("@acme/*",)}])
@pytest.mark.uaaps("S12.6.approvals", "S12.6.approve", "S12.6.reject")
def test_what_waits_is_listed_approved_and_rejected_by_another_person(client: Client) -> None:
    ann, bob = client.served.token("ann", *ACTIONS), client.served.token("bob", *ACTIONS)
    waiting = [client.publish(ann, version=version) for version in ("2.0.0", "3.0.0")]
    assert [(one.status, one.value["approval_status"]) for one in waiting] == [(202, "pending")] * 2
    good, bad = (one.value["id"] for one in waiting)
    assert client.ask("GET", "/packages/@acme/review/2.0.0").status == 404
    listed = client.ask("GET", "/approvals?state=pending", token=bob).value["approvals"]
    assert sorted(one["id"] for one in listed) == sorted([good, bad])
    own = client.ask("POST", f"/approvals/{good}/approve", token=ann)
    assert (own.status, own.code) == (403, "FORBIDDEN")
    assert client.ask("POST", f"/approvals/{good}/approve", token=bob).value["approval"]["state"] == "approved"
    rejected = client.send("POST", f"/approvals/{bad}/reject", {"reason": "not now"}, bob)
    assert (rejected.value["state"], rejected.value["reason"]) == ("rejected", "not now")
    assert client.ask("GET", "/packages/@acme/review/2.0.0").status == 200
    assert client.ask("GET", "/packages/@acme/review/3.0.0").status == 404


# Who asks


@pytest.mark.parametrize("settings", [{"private": ("@acme/*",)}])
@pytest.mark.uaaps("S12.6.list", "S12.6.package", "S12.6.version", "S12.6.tarball", "S12.6.dist-tags")
def test_private_packages_are_there_only_for_those_who_may_see_them(client: Client) -> None:
    token = client.served.token("ann", "read")
    tails = ("", "/1.0.0", "/1.0.0/tarball", "/dist-tags", "/1.0.0/signature")
    for tail in tails:
        hidden = client.ask("GET", f"/packages/@acme/review{tail}")
        absent = client.ask("GET", f"/packages/@acme/nothing{tail}")
        assert (hidden.status, hidden.code) == (404, "PACKAGE_NOT_FOUND")
        assert hidden.body.replace(b"review", b"nothing") == absent.body
    assert [client.ask("GET", f"/packages/@acme/review{tail}", token=token).status for tail in tails] == [200] * 4 + [
        404
    ]
    assert client.ask("GET", "/packages").value["total"] == 0
    assert client.ask("GET", "/packages", token=token).value["total"] == 1


@pytest.mark.uaaps("S12.6.401", "S12.6.errors")
@pytest.mark.parametrize("token", ["", "aam_nothing", "x" * 5000])
def test_who_says_nothing_of_themselves_changes_nothing(client: Client, token: str) -> None:
    answer = client.publish(token, version="2.0.0")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert answer.headers.get_content_type() == "application/json"
    assert {"code", "message", "docs"} <= answer.value["error"].keys()
    assert client.ask("GET", "/packages/@acme/review/2.0.0").status == 404


@pytest.mark.uaaps("S12.6.auth-basic")
@pytest.mark.parametrize(("password", "status"), [("correct horse", 201), ("wrong horse", 401)])
def test_a_name_and_a_password_are_credentials_too(client: Client, password: str, status: int) -> None:
    create_account(client.served.host, OPERATOR, "ann", "correct horse", ("publish",), ("*",))
    header = {"Authorization": f"Basic {b64encode(f'ann:{password}'.encode()).decode()}"}
    assert client.ask("POST", "/packages", packed("plain"), ARCHIVE | header).status == status


@pytest.mark.uaaps("S12.6.403")
def test_what_a_token_does_not_allow_is_forbidden(client: Client) -> None:
    answer = client.publish(client.served.token("ann", "publish", patterns=("@other/*",)))
    assert (answer.status, answer.code) == (403, "FORBIDDEN")


@pytest.mark.uaaps("S12.6.404")
def test_what_is_not_there_is_told_with_its_code(client: Client) -> None:
    codes = [client.ask("GET", path).code for path in ("/packages/none", "/packages/@acme/review/9.0.0", "/none")]
    assert codes == ["PACKAGE_NOT_FOUND", "VERSION_NOT_FOUND", "NOT_FOUND"]


@pytest.mark.uaaps("S12.6.400")
def test_what_is_malformed_is_told(client: Client) -> None:
    token = client.served.token()
    path = "/packages/@acme/review/dist-tags/stable"
    answer = client.ask("PUT", path, b"{", {"Content-Type": "application/json"}, token)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


@pytest.mark.uaaps("S12.6.409")
def test_a_version_is_published_once(client: Client) -> None:
    answer = client.publish(client.served.token())
    assert (answer.status, answer.code) == (409, "VERSION_CONFLICT")


@pytest.mark.uaaps("S12.6.422")
def test_all_that_is_wrong_with_a_manifest_is_told(client: Client) -> None:
    data = packed("@acme/review", "not a version", dependencies={"x": "=>1"})
    answer = client.ask("POST", "/packages", data, ARCHIVE, client.served.token())
    assert (answer.status, answer.code) == (422, "MANIFEST_INVALID")
    assert {one["field"] for one in answer.value["error"]["details"]} == {"$.version", "$.dependencies.x"}


@pytest.mark.parametrize("settings", [{"read_rate": 3}])
@pytest.mark.uaaps("S12.6.429")
def test_too_many_requests_are_told_when_to_come_again(client: Client) -> None:
    answers = [client.ask("GET", "/packages/@acme/review") for _ in range(5)]
    assert [one.status for one in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].code == "RATE_LIMITED"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


@pytest.mark.uaaps("S12.6.503")
def test_a_registry_that_is_gone_for_now_says_so(client: Client, tmp_path: Path) -> None:
    (tmp_path / "registry").rename(tmp_path / "elsewhere")
    answer = client.ask("GET", "/readyz")
    assert (answer.status, answer.code) == (503, "REGISTRY_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    (tmp_path / "elsewhere").rename(tmp_path / "registry")
    assert client.ask("GET", "/readyz").status == 200
