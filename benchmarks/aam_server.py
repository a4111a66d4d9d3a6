"""Measure the registry's server beside verdaccio (npm) and pypiserver (PyPI): what each answers in a second.

python -m benchmarks.aam_server --folder FOLDER [--verdaccio PROGRAM] [--rounds 3] [--seconds 5] [--connections 16]

Each server has one package of 20 versions, of 20 KB each, on the same disk. More versions are published one after the
other through one connection, and then of eight packages through eight connections at once; then Debian's `wrk` asks on
loopback for the package's metadata, for the same with `If-None-Match`, and for an archive. Rounds take turns. A peer
that is not installed is left out and said.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import io
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from benchmarks.aam_install import tarball
from benchmarks.machine import describe_machine

_VERSIONS = 20
_PUBLISHERS = 8
_PAYLOAD = random.Random(1).randbytes(20_000)


@dataclass(frozen=True)
class Upload:
    """A request that publishes a version."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


class Peer(Protocol):
    """A registry's server; `metadata` and `archive` are paths."""

    name: str
    metadata: str
    archive: str

    def command(self, folder: str, port: int) -> tuple[list[str], Mapping[str, str]] | None:
        """Return what starts it, with its environment, or None where it is not installed."""
        ...

    def upload(self, version: int, name: str = "bench") -> Upload:
        """Return the request that publishes a version."""
        ...


class Ours:
    """`aam registry serve`, over a folder."""

    name = "ours"
    metadata = "/packages/bench"
    archive = "/packages/bench/1.0.0/tarball"

    def command(self, folder: str, port: int) -> tuple[list[str], Mapping[str, str]] | None:
        """Return what starts it."""
        program = [sys.executable, "-m", "packaging_targets.adapters.cli.aam.main"]
        settings = {"AAM_REGISTRY_OPEN_PUBLISHING": "true", "AAM_REGISTRY_WRITE_RATE": "0"}
        return [*program, "registry", "serve", os.path.join(folder, "registry"), "--port", str(port)], settings

    def upload(self, version: int, name: str = "bench") -> Upload:
        """Return the request that publishes a version."""
        manifest = {"name": name, "version": f"1.{version}.0", "description": "What is measured."}
        skill = b"---\nname: work\ndescription: What it does.\n---\n"
        files = {"package.agent.json": json.dumps(manifest).encode(), "skills/work/SKILL.md": skill}
        data = tarball({**files, "skills/work/assets/data.txt": base64.b85encode(_PAYLOAD)})
        return Upload("POST", "/packages", data, {"Content-Type": "application/gzip"})


class Verdaccio:
    """npm's verdaccio, with its own storage in a folder."""

    name = "verdaccio"
    metadata = "/bench"
    archive = "/bench/-/bench-1.0.0.tgz"

    def __init__(self, program: str) -> None:
        self._program = program

    def command(self, folder: str, port: int) -> tuple[list[str], Mapping[str, str]] | None:
        """Return what starts it, anybody may publish and nothing is asked elsewhere."""
        if not self._program:
            return None
        config = os.path.join(folder, "config.yaml")
        rights = "  '**':\n    access: $all\n    publish: $all\n"
        quiet = "log: {type: stdout, format: json, level: fatal}\nweb: {enable: false}\n"
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"storage: {folder}/storage\nuplinks: {{}}\npackages:\n{rights}{quiet}max_body_size: 100mb\n")
        return [self._program, "--config", config, "--listen", f"127.0.0.1:{port}"], {"NODE_ENV": "production"}

    def upload(self, version: int, name: str = "bench") -> Upload:
        """Return the request that publishes a version, as npm sends it."""
        text = f"1.{version}.0"
        manifest = {"name": name, "version": text, "description": "What is measured."}
        data = tarball(
            {"package.json": json.dumps(manifest).encode(), "data.txt": base64.b85encode(_PAYLOAD)}, "package/"
        )
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"
        digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        dist = {"integrity": integrity, "shasum": digest, "tarball": f"http://localhost/{name}/-/{name}-{text}.tgz"}
        attachment = {"content_type": "application/octet-stream", "length": len(data)}
        value = {
            "_id": name,
            "name": name,
            "dist-tags": {"latest": text},
            "versions": {text: {**manifest, "_id": f"{name}@{text}", "dist": dist}},
            "_attachments": {f"{name}-{text}.tgz": {**attachment, "data": base64.b64encode(data).decode()}},
        }
        return Upload("PUT", f"/{name}", json.dumps(value).encode(), {"Content-Type": "application/json"})


class Pypiserver:
    """PyPI's pypiserver, on gunicorn, over a folder."""

    name = "pypiserver"
    metadata = "/simple/bench/"
    archive = "/packages/bench-1.0.0-py3-none-any.whl"

    def command(self, folder: str, port: int) -> tuple[list[str], Mapping[str, str]] | None:
        """Return what starts it; anybody may upload."""
        program = shutil.which("pypi-server", path=f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}")
        if program is None:
            return None
        rights = ["-P", ".", "-a", ".", "--disable-fallback", "--server", "gunicorn"]
        return [program, "run", "-p", str(port), "-i", "127.0.0.1", *rights, folder], {}

    def upload(self, version: int, name: str = "bench") -> Upload:
        """Return the request that publishes a wheel, as twine sends it."""
        text, data = f"1.{version}.0", io.BytesIO()
        with zipfile.ZipFile(data, "w") as wheel:
            wheel.writestr(
                f"{name}-{text}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {text}\n"
            )
            wheel.writestr("bench/data.txt", base64.b85encode(_PAYLOAD))
        line = "boundary-of-the-benchmark"
        told = "Content-Disposition: form-data; name="
        fields = {":action": "file_upload", "protocol_version": "1", "name": name, "version": text}
        parts = [f'--{line}\r\n{told}"{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        head = f'--{line}\r\n{told}"content"; filename="{name}-{text}-py3-none-any.whl"\r\n\r\n'
        body = "".join(parts).encode() + head.encode() + data.getvalue() + f"\r\n--{line}--\r\n".encode()
        return Upload("POST", "/", body, {"Content-Type": f"multipart/form-data; boundary={line}"})


@dataclass(frozen=True)
class Running:
    """A server that answers on a port of the loopback interface; `process` is its number."""

    port: int
    process: int


@contextmanager
def running(peer: Peer, folder: str) -> Iterator[Running | None]:
    """Start a server in an empty folder, and give it once it answers; None where it is not installed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    os.makedirs(folder, exist_ok=True)
    found = peer.command(folder, port)
    if found is None:
        yield None
        return
    command, settings = found
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **settings})
    try:
        _wait_for(port, process)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def publish(peer: Peer, connection: http.client.HTTPConnection, version: int) -> float:
    """Publish a version; return the seconds that it took."""
    return send(peer, connection, peer.upload(version))


def send(peer: Peer, connection: http.client.HTTPConnection, upload: Upload) -> float:
    """Send a request that publishes; return the seconds until it is answered."""
    start = time.perf_counter()
    connection.request(upload.method, upload.path, upload.body, dict(upload.headers))
    answer = connection.getresponse()
    told = answer.read()
    if answer.status not in {200, 201}:
        raise SystemExit(f"{peer.name} refuses to publish: {answer.status} {told[:300]!r}")
    return time.perf_counter() - start


def published_at_once(peer: Peer, port: int, options: argparse.Namespace) -> float:
    """Return how many versions are published in a second, each connection those of a package of its own."""

    def publish_some(uploads: Sequence[Upload]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for upload in uploads:
            send(peer, connection, upload)
        connection.close()

    versions = range(options.publications)
    work = [[peer.upload(version, f"many{number}") for version in versions] for number in range(_PUBLISHERS)]
    with ThreadPoolExecutor(_PUBLISHERS) as threads:
        start = time.perf_counter()
        list(threads.map(publish_some, work))
        return _PUBLISHERS * len(versions) / (time.perf_counter() - start)


def per_second(url: str, options: argparse.Namespace, *headers: str) -> float:
    """Return how often a URL is answered in a second, by wrk."""
    load = [f"-c{options.connections}", "-t1", f"-d{options.seconds}s"]
    told = subprocess.run(
        ["wrk", *load, *(part for one in headers for part in ("-H", one)), url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in told:
        raise SystemExit(f"{url} is not answered:\n{told}")
    found = re.search(r"Requests/sec:\s*([\d.]+)", told)
    assert found is not None
    return float(found[1])


def entity_tag(port: int, path: str) -> str:
    """Return the ETag of a path, or a made one where the server sends none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.getheader("ETag") or '"none"'


def measured(peer: Peer, port: int, options: argparse.Namespace, versions: Iterator[int]) -> dict[str, float]:
    """Return one round's figures: answers a second, and milliseconds to publish."""
    url = f"http://127.0.0.1:{port}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = [publish(peer, connection, next(versions)) for _ in range(options.publications)]
    connection.close()
    at_once = published_at_once(peer, port, options)
    tag = entity_tag(port, peer.metadata)
    return {
        "metadata/s": per_second(url + peer.metadata, options),
        "304/s": per_second(url + peer.metadata, options, f"If-None-Match: {tag}"),
        "archive/s": per_second(url + peer.archive, options),
        "publish ms": statistics.median(taken) * 1000,
        "published/s": at_once,
    }


def main() -> None:
    """Measure, and print a line for each server and figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, help="an empty folder on the disk to measure on")
    parser.add_argument("--verdaccio", default=shutil.which("verdaccio") or "", metavar="PROGRAM")
    for name, number in (("rounds", 3), ("seconds", 5), ("connections", 16), ("publications", 20)):
        parser.add_argument(f"--{name}", type=int, default=number)
    options = parser.parse_args()
    print(describe_machine())
    figures: dict[str, list[dict[str, float]]] = {}
    for number in range(options.rounds):
        for peer in (Ours(), Verdaccio(options.verdaccio), Pypiserver()):
            with running(peer, os.path.join(options.folder, f"{peer.name}-{number}")) as server:
                if server is None:
                    print(f"{peer.name} is not installed, and left out")
                    continue
                _fill(peer, server.port)
                figures.setdefault(peer.name, []).append(measured(peer, server.port, options, iter(range(100, 10_000))))
    _tell(figures)


def _fill(peer: Peer, port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for version in range(_VERSIONS):
        publish(peer, connection, version)
    connection.close()


def _tell(figures: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    for figure in next(iter(figures.values()))[0]:
        print(figure)
        ours = statistics.median(one[figure] for one in figures["ours"])
        for name, rounds in figures.items():
            median = statistics.median(one[figure] for one in rounds)
            ratio = median / ours if figure.endswith("ms") else ours / median
            print(f"  {name:<12}{median:>10.1f}   ours is {ratio:.2f} times as fast")


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{process.args!r} does not listen")


if __name__ == "__main__":
    main()
