"""Images of the rule `oci_image` before their judges: tools and engines take them, unpack them and run them."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import engines
import pytest
from layouts import CONFIG, LAYER, MANIFEST, Layout, digest_of
from tars import made

from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.oci.platform import Platform

TOOLS = ("busybox", "podman", "runc", "skopeo")

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason=f"one of {TOOLS} is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may run containers here"),
]

HERE = Platform.of("linux", os.uname().machine)
TARGET = f"""
[[oci_image]]
name = "hello"
base = "base"
platforms = ["{HERE}"]
layers = [
  {{ srcs = ["says"], prefix = "/srv/hello", owner = "1000:1000" }},
  {{ srcs = ["run"], prefix = "/bin", executable = ["run"], compression = "COMPRESSION" }},
]
entrypoint = ["/bin/run"]
user = "1000:1000"
workdir = "/srv/hello"
image = "example.org/acme/hello:1.0"
tar = true
"""
RUN = "#!/bin/sh\ncat says && echo more >>says && cat says && busybox id -u && ls -ld /tmp /bin | cut -c1-10\n"
SAID = "hello\nhello\nmore\n1000\nlrwxrwxrwx\ndrwxrwxrwt"


def merged_system() -> Layout:
    """Return a layout in which `/bin` leads to `/usr/bin`, as in every distribution of today, and `/tmp` is for all."""
    busybox = Path(engines.TOOLS["busybox"]).read_bytes()
    links = [{"name": f"usr/bin/{name}", "type": b"2", "linkname": "busybox"} for name in ("sh", "cat", "ls", "cut")]
    tar = made(
        {"name": "bin", "type": b"2", "linkname": "usr/bin"},
        {"name": "tmp", "type": b"5", "mode": 0o1777},
        {"name": "usr/bin/busybox", "data": busybox, "mode": 0o755},
        *links,
    )
    layout = Layout()
    layer = layout.blob(gzip.compress(tar, mtime=0), LAYER)
    rootfs = {"type": "layers", "diff_ids": [digest_of(tar)]}
    config = {**HERE.to_json(), "config": {"Env": ["PATH=/usr/bin"]}, "rootfs": rootfs}
    described = layout.blob(json.dumps(config).encode(), CONFIG)
    return layout.names(
        layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": [layer]})
    )


@pytest.fixture(scope="module", params=["gzip", "zstd"])
def ws(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    ws = Workspace(tmp_path_factory.mktemp("images") / "repo")
    ws.write({f"pkg/base/{name}": data for name, data in merged_system().files.items()})
    ws.write({"pkg/TARGETS.toml": TARGET.replace("COMPRESSION", request.param), "pkg/says": "hello\n", "pkg/run": RUN})
    run = ws.build()
    assert run.exit_code == 0, run.output
    return ws


@pytest.fixture(scope="module")
def engine() -> Iterator[engines.Engine]:
    # What runs containers makes sockets below it, whose paths may have 108 bytes.
    with tempfile.TemporaryDirectory(prefix="pt-") as folder:
        found = engines.Engine(Path(folder))
        yield found
        found.close()


def said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def test_podman_loads_the_tar_and_runs_it(ws: Workspace, engine: engines.Engine) -> None:
    engine.podman("load", "--input", str(ws.path("dist/pkg/hello.tar")))
    name = "example.org/acme/hello:1.0"
    assert engine.podman("run", "--rm", "--network", "host", *engines.LIMITS, name) == SAID
    engine.podman("rmi", "--force", name)


def test_skopeo_copies_it_whole(ws: Workspace, tmp_path: Path) -> None:
    layout = f"oci:{ws.path('dist/pkg/hello')}"
    (root,) = json.loads(ws.read("dist/pkg/hello/index.json"))["manifests"]
    raw = said("skopeo", "inspect", "--raw", layout)
    assert digest_of(raw.encode()) == root["digest"]
    said("skopeo", "copy", layout, f"dir:{tmp_path / 'layout'}")
    said("skopeo", "copy", f"oci-archive:{ws.path('dist/pkg/hello.tar')}", f"dir:{tmp_path / 'oci'}")
    said("skopeo", "copy", f"docker-archive:{ws.path('dist/pkg/hello.tar')}", f"dir:{tmp_path / 'docker'}")
    copied = {path.name for path in (tmp_path / "layout").iterdir()}
    assert copied == {path.name for path in (tmp_path / "oci").iterdir()}


@pytest.mark.skipif(shutil.which("umoci") is None, reason="umoci is not installed")
def test_umoci_unpacks_it(ws: Workspace, tmp_path: Path) -> None:
    if "zstd" in ws.read("pkg/TARGETS.toml"):
        pytest.skip("umoci reads zstd from version 0.5 on")
    bundle = tmp_path / "bundle"
    said("umoci", "unpack", "--image", f"{ws.path('dist/pkg/hello')}:1.0", str(bundle))
    root = bundle / "rootfs"
    assert (root / "bin").is_symlink()
    assert (root / "usr/bin/run").read_text() == RUN
    assert (root / "srv/hello/says").stat().st_uid == 1000
    assert json.loads((bundle / "config.json").read_text())["process"]["args"] == ["/bin/run"]
