"""The registry's image, made by our own rules: built and run by a real engine, which has no network to build."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import engines
import pytest
from registries.docker import free_port
from registry_process import AAM, ROOT

from packaging_targets.adapters.testing import PACKAGING

TINI = os.environ.get("TINI") or shutil.which("tini-static") or ""
DOCKERFILE = "ops/packaging/services/registry.Dockerfile"
REQUIREMENTS = ROOT / "deploy/registry/requirements.txt"
IMAGE = "localhost/packaging-targets/registry:1"
CLOSED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=all", "--security-opt=no-new-privileges")

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif("" in engines.TOOLS.values(), reason="buildah, podman, runc or busybox is not installed"),
    pytest.mark.skipif(not TINI, reason="tini is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may leave the network to build"),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[engines.Engine]:
    """Give an engine that has the image. Its Python is this machine's, with a folder of wheels to install from."""
    folder = Path(tempfile.mkdtemp(prefix="pt-"))  # podman takes no long paths
    made = engines.Engine(folder)
    base, wheels = engines.python(folder / "python"), folder / "wheels"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    download += ["--dest", str(wheels), "--requirement", str(REQUIREMENTS)]
    got = subprocess.run(download, capture_output=True, text=True, check=False)
    if got.returncode:
        pytest.skip(f"what the image installs cannot be had: {got.stderr[-300:]}")
    engines.add_wheels(base, wheels)
    try:
        made.make(engines.debian(folder / "debian", TINI), "docker.io/library/debian:13-slim")
    except AssertionError as error:
        pytest.skip(f"buildah does not work here: {str(error)[-300:]}")
    made.make(base, "docker.io/library/python:3.13-slim")
    shutil.rmtree(base)
    subprocess.run([*PACKAGING, "build", "//:registry"], cwd=ROOT, check=True, capture_output=True)
    made.build("--file", DOCKERFILE, "--ignorefile", f"{DOCKERFILE}.dockerignore", "--tag", IMAGE, context=ROOT)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_nobody_may_write_to_the_image_but_to_its_data(engine: engines.Engine) -> None:
    is_open = ("(", "-perm", "-0002", "-o", "-user", "65532", "-o", "-group", "65532", ")", "!", "-type", "l")
    limits = ("--rm", "--network=none", "--entrypoint", '["/bin/busybox"]', *engines.LIMITS)
    found = engine.podman("run", *limits, IMAGE, "find", "/", "-xdev", *is_open).split()
    assert sorted(found) == ["/data", "/tmp"]
    config = engine.about(IMAGE)["Config"]
    assert (config["User"], config["StopSignal"], config["ExposedPorts"]) == (
        "65532:65532",
        "SIGTERM",
        {"8650/tcp": {}},
    )


def test_a_package_is_published_installed_and_there_after_a_restart(engine: engines.Engine, tmp_path: Path) -> None:
    port = free_port()
    url, home = f"http://127.0.0.1:{port}", tmp_path / "home"
    options = (
        *CLOSED,
        "--volume=registry:/data",
        "--env=AAM_REGISTRY_HOST=127.0.0.1",
        f"--env=AAM_REGISTRY_PORT={port}",
    )
    container = engine.start(*options, IMAGE)
    answered(engine, container, f"{url}/healthz")
    create = ("aam", "registry", "token", "create", "--person", "ann", "--actions", "admin", "--json")
    secret = json.loads(engine.podman("exec", container, *create))["token"]
    assert engine.podman("exec", container, "id", "-u") == "65532"

    def aam(*words: str, folder: Path = tmp_path) -> None:
        environment = {**os.environ, "AAM_HOME": str(home), "AAM_TOKEN": secret, "AAM_TOKEN_URL": url}
        environment["PYTHONPATH"] = str(ROOT)
        done = subprocess.run([*AAM, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}{engine.podman('logs', container)}"

    aam("pkg", "init", "hello")
    aam("pkg", "publish", "hello", "--registry", url)
    code, seconds = engine.stopped(container)
    assert code in {0, 143}
    assert seconds < 5
    assert secret not in engine.log(container)
    again = engine.start(*options, IMAGE)
    answered(engine, again, f"{url}/readyz")
    (tmp_path / "project").mkdir()
    aam("install", "hello", "--registry", url, folder=tmp_path / "project")
    assert (tmp_path / "project/.agent-packages/hello/package.agent.json").exists()
    engine.podman("rm", "--force", "--time", "0", again)


def test_an_engine_finds_it_healthy_as_it_is_configured(engine: engines.Engine) -> None:
    options = ("--network=none", "--env=AAM_REGISTRY_BEHIND_PROXY=true", *CLOSED, "--volume=other:/data")
    container = engine.podman("run", "--detach", "--pull=never", *engines.LIMITS, *options, IMAGE)
    for _ in range(100):
        try:
            engine.podman("healthcheck", "run", container)
            break
        except AssertionError:
            time.sleep(0.2)
    else:
        raise AssertionError(engine.log(container))
    assert engine.stopped(container)[0] in {0, 143}


def answered(engine: engines.Engine, container: str, url: str) -> None:
    """Wait until the server answers."""
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(engine.log(container))
