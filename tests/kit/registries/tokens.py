"""A server that signs tokens for `docker-registry`, as the one of a large registry does; keys come from `openssl`."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class TokenServer:
    """A running server: its address, what it was asked for, and the registry's settings that trust it."""

    realm: str
    certificate: Path
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def settings(self) -> str:
        """Settings for `docker_registry`."""
        return f"auth: {{token: {{realm: '{self.realm}', service: here, issuer: tests, rootcertbundle: {self.certificate}}}}}\n"


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Return a new key and a certificate that it signed itself."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    extra = ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(made)]
    subprocess.run([*command, *extra], check=True, capture_output=True)
    return key, made


@contextlib.contextmanager
def token_server(folder: Path, user: str, secret: str) -> Iterator[TokenServer]:
    """Run a server that grants a user whatever scopes are asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    key, made = certificate(folder)
    expected = f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"

    class Face(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            running.asked.append(query)
            good = self.headers.get("Authorization") == expected
            body = json.dumps({"token": _token(key, made, query.get("scope", []))} if good else {}).encode()
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Face)
    running = TokenServer(f"http://localhost:{server.server_port}/token", made)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


def _token(key: Path, made: Path, scopes: list[str]) -> str:
    lines = made.read_text().splitlines()
    header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(lines[1:-1])]}
    access = [
        {"type": kind, "name": name, "actions": actions.split(",")}
        for kind, name, actions in (scope.split(":") for scope in scopes)
    ]
    now = int(time.time())
    times = {"exp": now + 300, "nbf": now - 10, "iat": now}
    claims = {"iss": "tests", "sub": "ana", "aud": "here", "jti": str(now), "access": access, **times}
    signed = f"{_url64(json.dumps(header).encode())}.{_url64(json.dumps(claims).encode())}"
    command = ["openssl", "dgst", "-sha256", "-sign", str(key)]
    signature = subprocess.run(command, input=signed.encode(), check=True, capture_output=True).stdout
    return f"{signed}.{_url64(signature)}"


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
