"""What the compose file starts, with programs of this machine in place of containers, and its own settings and proxy."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from deployment import authority, compose, proxy_configuration
from registries.docker import free_port
from registry_process import AAM, ROOT, Served, served
from services import MissingError, object_store, postgres

pytestmark = pytest.mark.service


@dataclass
class Stack:
    """The proxy's URL, the replicas behind it, and what clients and operators have in their environment."""

    url: str
    replicas: tuple[Served, Served]
    environment: dict[str, str]
    trusted: Path

    def aam(self, *words: str, folder: Path) -> str:
        environment = {**self.environment, "PYTHONPATH": str(ROOT), "AAM_HOME": str(folder / "home")}
        done = subprocess.run([*AAM, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    def status(self, path: str) -> int:
        context = ssl.create_default_context(cafile=str(self.trusted))
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=10, context=context) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("caddy is not installed")
    with ExitStack() as opened:
        try:
            database, objects = opened.enter_context(postgres()), opened.enter_context(object_store())
        except MissingError as error:
            pytest.skip(str(error))
        port = free_port()
        own = compose({"REGISTRY_HOST": f"localhost:{port}"})["services"]["registry"]["environment"]
        own |= {
            "AAM_REGISTRY_DATABASE": database.database(),
            "AAM_REGISTRY_BUCKET": objects.bucket,
            "AAM_REGISTRY_S3_ENDPOINT": objects.endpoint,
            "AAM_REGISTRY_TRUSTED_PROXIES": "127.0.0.1",
            "AWS_ACCESS_KEY_ID": objects.environment["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": objects.environment["AWS_SECRET_ACCESS_KEY"],
        }
        environment = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
        replicas = []
        for number in range(2):
            folder = tmp_path / f"replica-{number}"
            folder.mkdir()
            replicas.append(opened.enter_context(served([*AAM, "registry", "serve"], folder, environment)))
        addresses = [replica.url.removeprefix("http://") for replica in replicas]
        trusted = opened.enter_context(proxied(proxy_configuration(caddy, port, addresses), caddy, tmp_path))
        environment |= {"SSL_CERT_FILE": str(trusted), "AAM_TOKEN_URL": f"https://localhost:{port}"}
        yield Stack(f"https://localhost:{port}", (replicas[0], replicas[1]), environment, trusted)


@contextmanager
def proxied(configuration: object, caddy: str, folder: Path) -> Iterator[Path]:
    """Run the proxy; yield the certificate of its own authority."""
    (folder / "caddy.json").write_text(json.dumps(configuration))
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    command = [caddy, "run", "--config", str(folder / "caddy.json")]
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 20
        while b"serving initial configuration" not in (folder / "caddy.log").read_bytes():
            assert process.poll() is None, (folder / "caddy.log").read_text()
            assert time.monotonic() < end, (folder / "caddy.log").read_text()
            time.sleep(0.05)
        yield authority(folder)
    finally:
        process.terminate()
        process.wait(20)


def test_what_is_published_through_the_proxy_is_served_by_both_and_by_the_one_that_is_left(
    stack: Stack, tmp_path: Path
) -> None:
    create = ("registry", "token", "create", "--person", "ann", "--label", "first", "--actions", "admin", "--json")
    stack.environment["AAM_TOKEN"] = json.loads(stack.aam(*create, folder=tmp_path))["token"]
    stack.aam("pkg", "init", "hello", folder=tmp_path)
    stack.aam("pkg", "publish", "hello", "--registry", stack.url, folder=tmp_path)
    for replica in stack.replicas:
        with urllib.request.urlopen(f"{replica.url}/packages/hello", timeout=10) as answer:
            assert json.load(answer)["name"] == "hello"
    assert [stack.status(path) for path in ("/readyz", "/metrics", "/packages/none")] == [200, 404, 404]
    first, second = stack.replicas
    assert first.stop() in {0, -15}
    assert {stack.status("/packages/hello") for _ in range(20)} == {200}
    project = tmp_path / "project"
    project.mkdir()
    stack.aam("install", "hello", "--registry", stack.url, folder=project)
    assert (project / ".agent-packages/hello/package.agent.json").exists()
    assert stack.environment["AAM_TOKEN"] not in first.said() + second.said()
