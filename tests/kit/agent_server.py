"""A registry of agent packages on a server in this process, with faults on demand, for tests of clients.

    with AgentServer(folder) as server:
        server.fail("GET", "/tarball", Fault(cut=100), times=2)

It speaks as much of `docs/uaaps/http.md` as a client uses, over a registry in a folder. `tokens` are who may do what:
where there are none, everybody may everything.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from registries.fake import Asked, Fault

from packaging_targets.errors import IntegrityError, PackagingError, RequestError
from packaging_targets.formats.aam.documents.meta import metadata_bytes
from packaging_targets.formats.aam.documents.transitions import find_release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import CODES, RefusalError
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.refusing import known_of

_NAME = r"(?P<name>@[^/]+/[^/]+|[^/@]+)"
Given = dict[str, str]
Reply = tuple[int, Any]


class AgentServer:
    """An HTTP server on this machine, over a folder; `page` is how many packages a page has."""

    def __init__(self, folder: FolderRegistry, page: int = 200) -> None:
        self.folder = folder
        self.page = page
        self.tokens: dict[str, dict[str, Any]] = {}
        self.passwords: dict[str, str] = {}
        self.identities: dict[str, str] = {}
        self.greeting: dict[str, Any] = {"title": "a test", "oidc": None}
        self.pending = False
        self.log: list[Asked] = []
        self._approvals: list[dict[str, Any]] = []
        self._faults: list[list[Any]] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._face())
        self._server.daemon_threads = True
        self.port = int(self._server.server_port)
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(self, method: str, part: str, fault: Fault, *, times: int = 1) -> None:
        """Do `fault` to the next requests of this method whose path holds `part`."""
        self._faults.append([method, part, fault, times])

    def asked(self, method: str = "", part: str = "") -> list[str]:
        """Return `METHOD /path` of the requests so far."""
        return [str(one) for one in self.log if one.method.startswith(method) and part in one.path]

    def allow(self, token: str, person: str = "ann", **members: Any) -> None:
        """Let a token be somebody's."""
        grants = [{"actions": ["publish", "yank"], "patterns": ["*"]}]
        self.tokens[token] = {"person": person, "token": "t1", "grants": grants, "expires_at": None, **members}

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for planned in self._faults:
                if planned[3] and planned[0] == method and planned[1] in path:
                    planned[3] -= 1
                    fault: Fault = planned[2]
                    return fault
        return None

    def _face(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Face(_Face):
            home = server

        return Face

    # What it answers

    def answer(self, method: str, path: str, query: Given, headers: Given, body: bytes) -> Reply:
        """Return status and body, a value or bytes."""
        try:
            who = "" if path in {"/", "/auth/oidc"} else self._who(headers)
            for pattern, verbs in self._routes():
                if (match := re.fullmatch(pattern, path)) and method in verbs:
                    given = {**query, **match.groupdict()}
                    if given.get("name"):
                        given["name"] = unquote(given["name"])
                    return verbs[method]({**given, "person": who}, body)
            raise RefusalError.of("NOT_FOUND", "there is nothing here")
        except PackagingError as error:
            return self._refused(error)

    def _routes(self) -> Iterator[tuple[str, dict[str, Callable[[Given, bytes], Reply]]]]:
        package, version = f"/packages/{_NAME}", f"/packages/{_NAME}/(?P<version>[^/]+)"
        yield "/", {"GET": lambda given, body: (200, self.greeting)}
        yield "/whoami", {"GET": self._whoami}
        yield "/tokens", {"POST": self._make_token}
        yield "/tokens/(?P<number>.+)", {"DELETE": self._drop_token}
        yield "/auth/oidc", {"POST": self._exchange}
        yield "/approvals", {"GET": lambda given, body: (200, {"approvals": self._approvals, "next": None})}
        yield "/packages", {"GET": self._list, "POST": self._publish}
        yield f"{package}/dist-tags/(?P<tag>[^/]+)", {"PUT": self._set_tag, "DELETE": self._remove_tag}
        yield f"{package}/deprecation", {"PUT": self._deprecate}
        yield f"{version}/deprecation", {"PUT": self._deprecate}
        yield f"{version}/yank", {"PUT": self._yank, "DELETE": self._unyank}
        yield f"{version}/tarball", {"GET": self._archive}
        yield f"{version}/signature", {"GET": self._signature}
        yield package, {"GET": self._metadata}
        yield version, {"GET": self._version}

    def _who(self, headers: Given) -> str:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            user, _, password = base64.b64decode(secret).decode().partition(":")
            if self.passwords.get(user) == password:
                return user
        elif secret in self.tokens:
            return str(self.tokens[secret]["person"])
        elif not secret and not self.tokens:
            return ""
        told = "the token is not valid" if secret else "credentials are needed"
        raise RefusalError.of("UNAUTHORIZED", told)

    def _refused(self, error: PackagingError) -> Reply:
        code = "BAD_REQUEST" if isinstance(error, RequestError) else getattr(error, "code", "CONFLICT")
        code = "MANIFEST_INVALID" if isinstance(error, IntegrityError) else code
        details = [
            {"what": one.what, "where": one.where.replace(self.folder.url, ""), "fix": one.fix, "field": one.field}
            for one in error.problems
        ]
        return CODES[code][0], {"error": {"code": code, "message": details[0]["what"], "docs": "", "details": details}}

    def _whoami(self, given: Given, body: bytes) -> Reply:
        known = [one for one in self.tokens.values() if one["person"] == given["person"]]
        grants = [{"actions": ["publish"], "patterns": ["@acme/*"]}]
        return 200, known[0] if known else {
            "person": given["person"],
            "token": "",
            "grants": grants,
            "expires_at": None,
        }

    def _make_token(self, given: Given, body: bytes) -> Reply:
        self.allow("aam_made", given["person"])
        return 201, {"id": "t1", "token": "aam_made", "expires_at": "2030-01-01T00:00:00Z", **json.loads(body)}

    def _drop_token(self, given: Given, body: bytes) -> Reply:
        self.tokens = {key: one for key, one in self.tokens.items() if one["token"] != given["number"]} or {
            "x": {"person": "", "token": ""}
        }
        return 200, {"id": given["number"]}

    def _exchange(self, given: Given, body: bytes) -> Reply:
        person = self.identities.get(json.loads(body)["token"])
        if person is None:
            raise RefusalError.of("UNAUTHORIZED", "no trusted publisher has this identity")
        self.allow("aam_exchanged", person)
        return 201, {"token": "aam_exchanged", "expires_at": "2030-01-01T00:00:00Z", "person": person}

    def _list(self, given: Given, body: bytes) -> Reply:
        found = list(self.folder.search(given["q"], 1000)) if given.get("q") else list(self.folder.summaries())
        rows = [{"name": str(one.name), "latest": one.latest, "versions": list(one.versions), "description": one.description} for one in found]  # fmt: skip
        if given.get("yanked"):
            named = {row["name"]: row for row in rows}
            rows = [named.get(str(one), {"name": str(one), "latest": "", "versions": [], "description": ""}) for one in self.folder.names()]  # fmt: skip
        start, size = int(given.get("cursor") or 0), min(self.page, int(given.get("limit", 50)))
        more = start + size < len(rows)
        return 200, {"packages": rows[start : start + size], "next": str(start + size) if more else None}

    def _publish(self, given: Given, body: bytes) -> Reply:
        done = self.folder.publish(io.BytesIO(body), given.get("tag", ""))
        text = str(done.release.version)
        value = json.loads(metadata_bytes(known_of(self.folder, done.name)))["versions"][text]
        warnings = [{"what": one.what, "where": one.where, "fix": one.fix, "field": one.field} for one in done.warnings]
        told = {
            "name": str(done.name),
            "version": text,
            "release": value,
            "tags": list(done.tags),
            "warnings": warnings,
        }
        if self.pending:
            return 202, {**told, "approval_status": "pending", "id": "7"}
        return 201, told

    def _metadata(self, given: Given, body: bytes) -> Reply:
        found = self.folder.metadata(PackageName.parse(given["name"]))
        if found is None:
            raise RefusalError.of("PACKAGE_NOT_FOUND", f"there is no package {given['name']} in the registry")
        return 200, metadata_bytes(found)

    def _version(self, given: Given, body: bytes) -> Reply:
        known = known_of(self.folder, PackageName.parse(given["name"]))
        release = find_release(known, unquote(given["version"]))
        value = json.loads(metadata_bytes(known))["versions"][str(release.version)]
        tags = [tag for tag, version in known.tags.items() if version == str(release.version)]
        return 200, {"name": given["name"], **value, "tags": tags}

    def _archive(self, given: Given, body: bytes) -> Reply:
        name = PackageName.parse(given["name"])
        with self.folder.open(name, find_release(known_of(self.folder, name), unquote(given["version"]))) as file:
            return 200, file.read()

    def _signature(self, given: Given, body: bytes) -> Reply:
        name = PackageName.parse(given["name"])
        found = self.folder.signature(name, find_release(known_of(self.folder, name), unquote(given["version"])))
        if found is None:
            raise RefusalError.of("SIGNATURE_NOT_FOUND", "it has no signature")
        return 200, found

    def _set_tag(self, given: Given, body: bytes) -> Reply:
        self.folder.set_tag(PackageName.parse(given["name"]), given["tag"], json.loads(body)["version"])
        return 200, {}

    def _remove_tag(self, given: Given, body: bytes) -> Reply:
        self.folder.remove_tag(PackageName.parse(given["name"]), given["tag"])
        return 200, {}

    def _yank(self, given: Given, body: bytes) -> Reply:
        self.folder.yank(PackageName.parse(given["name"]), unquote(given["version"]), json.loads(body)["reason"])
        return 200, {}

    def _unyank(self, given: Given, body: bytes) -> Reply:
        self.folder.unyank(PackageName.parse(given["name"]), unquote(given["version"]))
        return 200, {}

    def _deprecate(self, given: Given, body: bytes) -> Reply:
        version = unquote(given.get("version", ""))
        self.folder.deprecate(PackageName.parse(given["name"]), version, json.loads(body)["message"])
        return 200, {}


class _Face(BaseHTTPRequestHandler):
    home: AgentServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _do(self) -> None:
        headers = {key.lower(): value for key, value in self.headers.items()}
        fault = self.home.fault_for(self.command, self.path)
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.home.log.append(Asked(self.command, self.path, headers, len(body)))
        if fault is not None and fault.status:
            self._send(fault.status, fault.body, fault.headers)
            return
        time.sleep(fault.wait if fault else 0)
        if fault is not None and fault.cut is None and not fault.wait and not fault.after:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        status, value = self.home.answer(self.command, parts.path, query, headers, body)
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        if fault is not None and fault.after:
            self.close_connection = True
            return
        self._tell(status, data, headers, fault.cut if fault else None)

    def _tell(self, status: int, data: bytes, headers: dict[str, str], cut: int | None) -> None:
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        more = {"ETag": tag} if status == 200 else {}
        if status == 200 and headers.get("if-none-match") == tag:
            status, data = 304, b""
        start = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if start and status == 200 and "/tarball" in self.path:
            more["Content-Range"] = f"bytes {start[1]}-{len(data) - 1}/{len(data)}"
            status, data = 206, data[int(start[1]) :]
        self._send(status, data, more, cut)

    def _send(self, status: int, data: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if cut is not None:
            data, self.close_connection = data[:cut], True
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = _do  # noqa: N815
