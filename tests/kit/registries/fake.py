"""A registry in this process: the OCI Distribution API as far as clients here use it, with faults on demand.

    with FakeRegistry() as registry:
        registry.fail("PUT", "/manifests/", Fault(status=503), times=2)

It keeps what it was asked (`registry.log`) and what it holds (`registry.blobs`, `registry.manifests`).
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass
class Fault:
    """What is done instead of answering: a status, a cut connection, or a wait before the usual answer.

    `cut` closes the connection after so many bytes of the request's body, or of the answer where there is none;
    `after` carries the request out first, so that only its answer is lost.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    after: bool = False
    wait: float = 0.0
    drop_header: str = ""


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    size: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"


@dataclass
class _Planned:
    method: str
    part: str
    fault: Fault
    times: int


class FakeRegistry:
    """An HTTP server on this machine. `user` and `secret` are demanded by `auth`: `basic` or `bearer`.

    `referrers` says whether it lists what is about a manifest, as OCI 1.1 has it; `ranges` whether it gives parts.
    """

    def __init__(self, *, auth: str = "", user: str = "ana", secret: str = "s3cret", page: int = 1000) -> None:
        self.auth, self.user, self.secret, self.page = auth, user, secret, page
        self.realm = ""
        self.identity_token = ""
        self.expires_in: int | None = None
        self.token_answer: bytes | None = None
        self.chunk_min = 0
        self.corrupt = False
        self.referrers = False
        self.ranges = True
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.types: dict[str, str] = {}
        self.uploads: dict[str, bytes] = {}
        self.sessions = itertools.count()
        self.tokens: dict[str, set[str]] = {}
        self.log: list[Asked] = []
        self.token_requests: list[dict[str, list[str]]] = []
        self._faults: list[_Planned] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._face())
        self._server.daemon_threads = True
        self.port = int(self._server.server_port)
        self.host = f"localhost:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(self, method: str, part: str, fault: Fault, *, times: int = 1) -> None:
        """Do `fault` to the next requests of this method whose path holds `part`."""
        self._faults.append(_Planned(method, part, fault, times))

    def heal(self) -> None:
        """Do no more faults."""
        self._faults.clear()

    def asked(self, method: str = "", part: str = "") -> list[str]:
        """Return `METHOD /path` of the requests so far, without what is needed to be let in."""
        return [str(one) for one in self.log if one.method.startswith(method) and part in one.path]

    def tags(self, repository: str) -> list[str]:
        """Return a repository's tags, sorted."""
        return sorted(tag for path, tag in self.manifests if path == repository and not tag.startswith("sha256:"))

    def digest(self, repository: str, tag: str) -> str:
        """Return the digest of a manifest."""
        return _digest(self.manifests[repository, tag])

    def _fault_for(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for planned in self._faults:
                if planned.times and planned.method == method and planned.part in path:
                    planned.times -= 1
                    return planned.fault
        return None

    def _face(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Face(_Face):
            home = registry

        return Face


class _Face(BaseHTTPRequestHandler):
    home: FakeRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, size)
        self.home.log.append(asked)
        fault = self.home._fault_for(self.command, self.path)
        if fault and fault.wait:
            time.sleep(fault.wait)
        if fault and fault.cut is not None and not fault.after:
            self.body = self.rfile.read(min(size, fault.cut))
            if self.command == "PATCH":
                self._keep(self.body)
            self._hang_up()
            return
        self.body = self.rfile.read(size)
        if fault and fault.status:
            if fault.after:
                self._dispatch(_Silent(self))
            self.answer(fault.status, fault.body, fault.headers)
        elif fault and fault.after:
            self._dispatch(_Silent(self))
            self._hang_up()
        else:
            self.dropped = fault.drop_header if fault else ""
            self._dispatch(self)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        told = {"Content-Length": str(len(body)), **(headers or {})}
        for name, value in told.items():
            if name != getattr(self, "dropped", ""):
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
        self.answer(status, body, headers)

    def _dispatch(self, to: Any) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path == "/token":
            self._token(to, query)
            return
        repository, kind, rest = _split(parts.path)
        if not self._let_in(to, repository):
            return
        if kind == "blobs" and rest.startswith("uploads/"):
            self._upload(to, repository, rest.removeprefix("uploads/"), query)
        elif kind == "blobs":
            data = self.home.blobs.get((repository, rest))
            if data is not None and self.home.corrupt:
                data = data[::-1] + b"!" * (not data)
            self._blob(to, rest, data)
        elif kind == "manifests":
            self._manifest(to, repository, rest)
        elif kind == "tags":
            self._tags(to, repository, query)
        elif kind == "referrers":
            self._referrers(to, repository, rest)
        else:
            to.answer(200, b"{}")

    def _blob(self, to: Any, digest: str, data: bytes | None) -> None:
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.home.ranges else 0
        if data is None:
            to.fail(404, "BLOB_UNKNOWN")
        elif start:
            to.answer(206, data[start:], {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        else:
            to.answer(200, data, {"Docker-Content-Digest": digest})

    def _let_in(self, to: Any, repository: str) -> bool:
        home, given = self.home, self.headers.get("Authorization", "")
        if home.auth == "basic":
            pair = base64.b64encode(f"{home.user}:{home.secret}".encode()).decode()
            if given != f"Basic {pair}":
                to.fail(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="here"'})
                return False
        elif home.auth == "bearer":
            action = "pull" if self.command in {"GET", "HEAD"} else "push"
            granted = home.tokens.get(given.removeprefix("Bearer "), set())
            if f"{repository}:{action}" not in granted:
                realm = home.realm or f"http://{home.host}/token"
                challenge = f'Bearer realm="{realm}",service="fake",scope="repository:{repository}:{action}"'
                to.fail(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
                return False
        return True

    def _token(self, to: Any, query: dict[str, list[str]]) -> None:
        home = self.home
        form = parse_qs(self.body.decode()) if self.command == "POST" else query
        home.token_requests.append(form)
        pair = base64.b64encode(f"{home.user}:{home.secret}".encode()).decode()
        if self.command == "POST":
            known = bool(home.identity_token) and form.get("refresh_token") == [home.identity_token]
        else:
            known = self.headers.get("Authorization") == f"Basic {pair}"
        if not known:
            to.fail(401, "DENIED")
            return
        if home.token_answer is not None:
            to.answer(200, home.token_answer)
            return
        token = f"token-{len(home.tokens)}"
        scopes = [one for text in form.get("scope", []) for one in text.split(" ")]
        home.tokens[token] = {
            f"{scope.split(':')[1]}:{action}" for scope in scopes for action in scope.split(":")[2].split(",")
        }
        told: dict[str, Any] = {"access_token" if self.command == "POST" else "token": token}
        to.answer(200, json.dumps({**told, **({"expires_in": home.expires_in} if home.expires_in else {})}).encode())

    def _upload(self, to: Any, repository: str, session: str, query: dict[str, list[str]]) -> None:
        home = self.home
        if self.command == "POST":
            source = (query.get("from", [""])[0], query.get("mount", [""])[0])
            if source in home.blobs:
                home.blobs[repository, source[1]] = home.blobs[source]
                to.answer(201, b"", {"Location": f"/v2/{repository}/blobs/{source[1]}"})
                return
            session = f"s{next(home.sessions)}"
            home.uploads[session] = b""
            extra = {"OCI-Chunk-Min-Length": str(home.chunk_min)} if home.chunk_min else {}
            to.answer(202, b"", {**self._session(repository, session), **extra})
            return
        if session not in home.uploads:
            to.fail(404, "BLOB_UPLOAD_UNKNOWN")
            return
        if self.command == "GET":
            to.answer(204, b"", self._session(repository, session))
        elif self.command == "PATCH":
            start = int(self.headers.get("Content-Range", "0-").partition("-")[0])
            if start != len(home.uploads[session]):
                to.answer(416, b"", self._session(repository, session))
                return
            home.uploads[session] += self.body
            to.answer(202, b"", self._session(repository, session))
        else:
            data = home.uploads.pop(session) + self.body
            if _digest(data) != query["digest"][0]:
                to.fail(400, "DIGEST_INVALID")
                return
            home.blobs[repository, _digest(data)] = data
            to.answer(201, b"", {"Location": f"/v2/{repository}/blobs/{_digest(data)}"})

    def _keep(self, data: bytes) -> None:
        session = urlsplit(self.path).path.rpartition("/")[2]
        if session in self.home.uploads:
            self.home.uploads[session] += data

    def _session(self, repository: str, session: str) -> dict[str, str]:
        held = len(self.home.uploads[session])
        return {"Location": f"/v2/{repository}/blobs/uploads/{session}?_state=x", "Range": f"0-{max(0, held - 1)}"}

    def _manifest(self, to: Any, repository: str, reference: str) -> None:
        home = self.home
        if self.command == "PUT":
            value = json.loads(self.body)
            named = (
                [value["config"]["digest"], *(layer["digest"] for layer in value["layers"])]
                if "layers" in value
                else []
            )
            children = [child["digest"] for child in value.get("manifests", ())]
            unknown = any((repository, digest) not in home.blobs for digest in named)
            if unknown or any((repository, digest) not in home.manifests for digest in children):
                to.fail(404, "MANIFEST_BLOB_UNKNOWN")
                return
            home.manifests[repository, reference] = home.manifests[repository, _digest(self.body)] = self.body
            home.types[_digest(self.body)] = self.headers.get("Content-Type", "")
            about = value.get("subject", {}).get("digest") if home.referrers else None
            to.answer(
                201, b"", {"Docker-Content-Digest": _digest(self.body), **({"OCI-Subject": about} if about else {})}
            )
            return
        data = home.manifests.get((repository, reference))
        if data is None:
            to.fail(404, "MANIFEST_UNKNOWN")
            return
        told = {"Docker-Content-Digest": _digest(data), "Content-Type": home.types.get(_digest(data), "")}
        to.answer(200, data + b" " * home.corrupt, told)

    def _referrers(self, to: Any, repository: str, digest: str) -> None:
        if not self.home.referrers:
            to.fail(404, "NOT_FOUND")
            return
        about = {}
        for (path, _), data in self.home.manifests.items():
            value = json.loads(data)
            if path == repository and value.get("subject", {}).get("digest") == digest:
                about[_digest(data)] = {"mediaType": value["mediaType"], "digest": _digest(data), "size": len(data)}
                about[_digest(data)] |= {"artifactType": value["artifactType"]}
        index = "application/vnd.oci.image.index.v1+json"
        value = {"schemaVersion": 2, "mediaType": index, "manifests": list(about.values())}
        to.answer(200, json.dumps(value).encode(), {"Content-Type": index})

    def _tags(self, to: Any, repository: str, query: dict[str, list[str]]) -> None:
        tags = self.home.tags(repository)
        if not tags:
            to.fail(404, "NAME_UNKNOWN")
            return
        last = query.get("last", [""])[0]
        left = [tag for tag in tags if tag > last]
        page, more = left[: self.home.page], left[self.home.page :]
        link = {"Link": f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'} if more else {}
        to.answer(200, json.dumps({"name": repository, "tags": page}).encode(), link)


class _Silent:
    """Takes an answer and gives it to nobody."""

    def __init__(self, face: _Face) -> None:
        self.face = face

    def answer(self, *_: object) -> None:
        pass

    def fail(self, *_: object) -> None:
        pass


def _split(path: str) -> tuple[str, str, str]:
    """Return repository, kind and rest of `/v2/a/b/manifests/1`."""
    rest = path.removeprefix("/v2/")
    for kind in ("blobs", "manifests", "tags", "referrers"):
        before, found, after = rest.partition(f"/{kind}/")
        if found:
            return before, kind, after
    return "", "", rest


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
