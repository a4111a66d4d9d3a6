"""A server that is killed while others publish: what it has said is published is there, and nothing is half there."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import urllib3
from agents import packed
from asking import GZIP

import packaging_targets
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.verifying import verify

ROOT = Path(packaging_targets.__file__).parents[1]
AAM = [sys.executable, "-m", "packaging_targets.adapters.cli.aam.main"]


class Process:
    """A real `aam registry serve`, which can be killed and started again over the same folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        own = {
            "AAM_REGISTRY_OPEN_PUBLISHING": "true",
            "AAM_REGISTRY_WRITE_RATE": "0",
            "AAM_REGISTRY_LOG_LEVEL": "error",
        }
        self._environment = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [*AAM, "registry", "serve", str(self.root), "--port", str(self.port)]
        self._running = subprocess.Popen(command, env=self._environment, stderr=subprocess.PIPE)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self._running.poll() is None, self._running.stderr and self._running.stderr.read()
            try:
                if urllib3.request("GET", f"{self.url}/readyz", retries=False).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
        raise AssertionError("the server is not ready")

    def end(self, number: int) -> None:
        assert self._running is not None
        self._running.send_signal(number)
        self._running.wait(30)
        if self._running.stderr:
            self._running.stderr.close()


def publish_until_killed(process: Process, name: str, after: float) -> list[str]:
    """Publish versions of a package, kill the server so long after one is there; return what it said is published."""
    said: list[str] = []
    begun = threading.Event()

    def publish(minor: int) -> None:
        pool = urllib3.PoolManager(retries=False)
        try:
            for patch in range(1000):
                version = f"1.{minor}.{patch}"
                answer = pool.request("POST", f"{process.url}/packages", body=packed(name, version), headers=GZIP)
                if answer.status == 201:
                    said.append(version)
                    begun.set()
        except urllib3.exceptions.HTTPError:
            return
        finally:
            pool.clear()

    threads = [threading.Thread(target=publish, args=(minor,)) for minor in range(2)]
    for thread in threads:
        thread.start()
    begun.wait(30)
    time.sleep(after)
    process.end(signal.SIGKILL)
    for thread in threads:
        thread.join(30)
    return said


def check(process: Process, name: str, said: list[str]) -> None:
    """Everything that was said is there, whole."""
    document = json.loads(urllib3.request("GET", f"{process.url}/packages/{name}").data) if said else {"versions": {}}
    assert set(said) <= set(document["versions"])
    for version in said[-3:]:
        archive = urllib3.request("GET", f"{process.url}/packages/{name}/{version}/tarball")
        assert archive.data == packed(name, version)


def check_folder(process: Process) -> None:
    """Nothing is there in part."""
    folder = FolderRegistry(str(process.root), lambda: int(time.time()))
    assert verify(folder).problems == []


def killed(tmp_path: Path, times: int) -> None:
    process = Process(tmp_path / "registry")
    moments = random.Random(8)
    said: dict[str, list[str]] = {}
    process.start()
    try:
        for number in range(times):
            name = f"plain{number}"
            said[name] = publish_until_killed(process, name, moments.uniform(0, 0.3))
            process.start()
            check(process, name, said[name])
            if number % 20 == 0:
                check_folder(process)
        for name, versions in said.items():
            check(process, name, versions)
        check_folder(process)
    finally:
        process.end(signal.SIGTERM)
    assert os.listdir(tmp_path / "registry" / ".aam-server" / "uploads") == []
    assert sum(map(len, said.values())) >= times


def test_what_a_killed_server_has_said_is_there(tmp_path: Path) -> None:
    killed(tmp_path, 2)


@pytest.mark.slow
def test_what_a_killed_server_has_said_is_there_at_200_moments(tmp_path: Path) -> None:
    killed(tmp_path, 200)
