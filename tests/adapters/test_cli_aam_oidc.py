"""A real OpenID provider says who somebody is; the registry believes it, and `aam` publishes as them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agents import Place, make_place
from hosts import OPERATOR, hosted
from services import free_ports
from serving import Server

from packaging_targets.adapters.http.application import make_app
from packaging_targets.services.aam.hosting.people.publishers import Trust, create_publisher

KIT = Path(__file__).parents[1] / "kit"
ROOT = KIT.parents[1]
MODULES = os.environ.get("PACKAGING_NODE_MODULES", "")

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(
        not (shutil.which("node") and Path(MODULES, "oidc-provider").is_dir()), reason="npm's oidc-provider is not here"
    ),
]


@pytest.fixture
def issuer() -> Iterator[str]:
    port = str(free_ports(1)[0])
    node = subprocess.Popen(
        ["node", str(KIT / "oidc_provider.mjs"), port, MODULES], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert node.stdout is not None
        assert node.stdout.readline() == b"ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        node.terminate()
        node.wait(10)
        node.stdout.close()  # type: ignore[union-attr]  # it is a pipe


@pytest.fixture
def registry(issuer: str, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "host").mkdir()
    with hosted(
        tmp_path / "host", url="http://registry.test", audience="aam", oidc_issuer=issuer, oidc_client="aam"
    ) as host:
        trust = Trust("people", issuer, "ann", ("read", "publish"), ("@acme/*",))
        create_publisher(host.host, OPERATOR, trust)
        with Server(make_app(host.host)) as running:
            yield running.url


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch)


def aam(*arguments: str) -> str:
    """Run `aam` as people do, with a browser that fills forms."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "BROWSER": f"{sys.executable} {KIT / 'oidc_browser.py'} %s",
    }
    command = [sys.executable, "-m", "packaging_targets.adapters.cli.aam.main", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout if done.returncode == 0 else done.stderr


@pytest.mark.uaaps("S12.6.auth-oidc")
def test_whoever_signs_in_with_a_browser_publishes(registry: str, issuer: str, place: Place) -> None:
    person = f"{issuer}|ann"
    asked = ("--registry", registry)
    assert aam("login", *asked, "--oidc").startswith(f"signed in to {registry} as {person}\n")
    assert f"{person} at {registry}, by aam login\n  may read, publish: @acme/*\n" in aam("whoami", *asked)
    aam("pkg", "init", "review", "--name", "@acme/review")
    assert aam("pkg", "publish", "review", *asked).startswith("published @acme/review@0.1.0 as latest to ")
    aam("pkg", "init", "other", "--name", "@other/review")
    assert "  at " + registry in aam("pkg", "publish", "other", *asked)
    assert aam("logout", *asked) == f"signed out of {registry}: the token is revoked\n"
    assert f"fix: aam login --registry {registry}" in aam("whoami", *asked)
