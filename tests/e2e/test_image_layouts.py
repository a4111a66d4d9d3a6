"""Images in layouts before their judges: real engines and a real registry take them, and run what is in them."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import engines
import pytest
from layouts import CONFIG, LAYER, MANIFEST, Layout, digest_of
from pictures import add_pictures
from registries.docker import docker_registry
from tars import made

from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.oci.platform import Platform

TOOLS = ("buildah", "busybox", "docker-registry", "podman", "runc", "skopeo")
DOCKERD = shutil.which("dockerd")

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason=f"one of {TOOLS} is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may run containers here"),
]

HERE = Platform.of("linux", os.uname().machine)
OTHER = Platform.of("linux", "s390x")
TARGET = """\
    [[picture]]
    name = "image"
    layout = "layout"
    image = "{image}"
    publish = {{ registry = "{host}", repository = "acme/api", tags = ["1.0.0", "latest"] }}
    """
SAYS = "hello from a layout"


def layer(layout: Layout, files: Mapping[str, bytes]) -> tuple[dict[str, object], str]:
    tar = made(*({"name": name, "data": data, "mode": 0o755} for name, data in files.items()))
    return layout.blob(gzip.compress(tar, mtime=0), LAYER), digest_of(tar)


def runnable(*platforms: Platform) -> Layout:
    """Return the layout of an image that runs busybox."""
    layout = Layout()
    images = []
    for platform in platforms:
        busybox = Path(engines.TOOLS["busybox"]).read_bytes()
        layers = [
            layer(layout, {"bin/busybox": busybox, "bin/sh": busybox}),
            layer(layout, {"etc/says": SAYS.encode()}),
        ]
        config = {
            **platform.to_json(),
            "config": {"Cmd": ["/bin/sh", "-c", "busybox cat /etc/says"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        }
        described = layout.blob(json.dumps(config).encode(), CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described,
            "layers": [one for one, _ in layers],
        }
        images.append(layout.document(manifest, platform=platform.to_json()))
    return layout.names(images[0] if len(images) == 1 else layout.index(*images))


@pytest.fixture(scope="module")
def engine() -> Iterator[engines.Engine]:
    # What runs containers makes sockets below it, whose paths may have 108 bytes.
    with tempfile.TemporaryDirectory(prefix="pt-") as folder:
        made = engines.Engine(Path(folder))
        yield made
        made.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture
def ws(tmp_path: Path, engine: engines.Engine, host: str) -> Workspace:
    """A workspace whose engines keep their things where `engine` does."""
    ws = Workspace(tmp_path / "repo")
    add_pictures(ws)
    runnable(HERE, OTHER).put(ws.path("api/layout"))
    ws.write({"api/TARGETS.toml": TARGET.format(image="example.org/acme/api:1.0", host=host)})
    ws.environment |= engine.settings()
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text("{}")
    ws.environment["DOCKER_CONFIG"] = str(tmp_path / "docker")
    return ws


def root_digest(ws: Workspace) -> str:
    digest: str = json.loads(ws.read("api/layout/index.json"))["manifests"][0]["digest"]
    return digest


def here_digest(ws: Workspace) -> tuple[str, str]:
    """Return the digests of manifest and config for this machine."""
    index = json.loads(ws.path(f"api/layout/blobs/sha256/{root_digest(ws)[7:]}").read_bytes())
    digest = next(one["digest"] for one in index["manifests"] if one["platform"] == HERE.to_json())
    return digest, json.loads(ws.path(f"api/layout/blobs/sha256/{digest[7:]}").read_bytes())["config"]["digest"]


def said(ws: Workspace, *command: str) -> str:
    done = subprocess.run(command, env=ws.whole_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()


@pytest.mark.parametrize("builder", ["podman", "buildah"])
def test_an_engine_has_the_image_and_runs_it(ws: Workspace, engine: engines.Engine, builder: str) -> None:
    ws.write({"api/TARGETS.toml": TARGET.format(image=f"example.org/acme/api:{builder}", host="localhost:1")})
    manifest, config = here_digest(ws)
    run = ws.packaging("image", "load", "--builder", builder)
    assert run.exit_code == 0, run.output
    name = f"example.org/acme/api:{builder}"
    assert run.output.splitlines()[-1] == f"loaded    {name}  {builder}  {HERE}  {config}"
    assert engine.about(name)["Digest"] == manifest
    assert engine.podman("run", "--rm", "--network", "host", *engines.LIMITS, name) == SAYS
    again = ws.packaging("image", "load", "--builder", builder)
    assert again.output.splitlines()[-1] == f"unchanged {name}  {builder}  {HERE}  {config}"
    other = ws.packaging("image", "load", "--builder", builder, "--platform", str(OTHER))
    assert other.exit_code == 0, other.output
    assert engine.about(name)["Architecture"] == OTHER.architecture


def test_a_name_without_a_registry_is_found_by_it(ws: Workspace, engine: engines.Engine) -> None:
    ws.write({"api/TARGETS.toml": TARGET.format(image="api", host="localhost:1")})
    assert ws.packaging("image", "load", "--builder", "podman").exit_code == 0
    assert engine.about("api")["RepoTags"] == ["localhost/api:latest"]


@pytest.mark.skipif(DOCKERD is None, reason="dockerd is not installed")
def test_docker_has_the_image_and_runs_it(ws: Workspace, tmp_path: Path) -> None:
    with docker(ws):
        _, config = here_digest(ws)
        run = ws.packaging("image", "load", "--builder", "docker")
        assert run.output.splitlines()[-1] == f"loaded    example.org/acme/api:1.0  docker  {HERE}  {config}", (
            run.output
        )
        assert said(ws, "docker", "run", "--rm", "--network", "host", "example.org/acme/api:1.0") == SAYS
        assert ws.packaging("image", "load", "--builder", "docker").output.splitlines()[-1].startswith("unchanged ")


@contextlib.contextmanager
def docker(ws: Workspace) -> Iterator[None]:
    """Run a docker daemon, which keeps everything in a folder that goes again."""
    with tempfile.TemporaryDirectory(prefix="pt-") as folder:
        places = ("--data-root", f"{folder}/root", "--exec-root", f"{folder}/exec", "-p", f"{folder}/pid")
        off = ("iptables", "ip6tables", "ip-forward", "ip-masq", "userland-proxy")
        without = (*(f"--{name}=false" for name in off), "--bridge=none", "--storage-driver=vfs")
        ws.environment["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
        with open(f"{folder}/log", "wb") as log:
            command = ("dockerd", *places, *without, "-H", ws.environment["DOCKER_HOST"])
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            for _ in range(300):
                if os.path.exists(f"{folder}/docker.sock"):
                    break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()
            # It leaves the name of the network behind that containers had.
            subprocess.run(["umount", f"{folder}/exec/netns/default"], capture_output=True, check=False)


def test_an_engine_whose_daemon_does_not_run_says_so(ws: Workspace, tmp_path: Path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    ws.environment["DOCKER_HOST"] = f"unix://{tmp_path}/nobody.sock"
    run = ws.packaging("image", "load", "--builder", "docker")
    assert run.exit_code == 1
    assert "error: docker does not take the image `example.org/acme/api:1.0`: " in run.output
    assert "Is the docker daemon running?" in run.output


def test_what_is_published_is_pulled_by_others(ws: Workspace, engine: engines.Engine, host: str) -> None:
    run = ws.packaging("publish")
    assert run.exit_code == 0, run.output
    remote = f"docker://{host}/acme/api"
    plain = ("--tls-verify=false",)
    raw = said(ws, "skopeo", "inspect", "--raw", *plain, f"{remote}:1.0.0")
    assert digest_of(raw.encode()) == root_digest(ws)
    assert (
        said(ws, "skopeo", "inspect", *plain, "--format", "{{.Architecture}}", f"{remote}:latest") == HERE.architecture
    )
    name = f"{host}/acme/api:1.0.0"
    engine.podman("pull", "--quiet", *plain, name)
    assert engine.podman("run", "--rm", "--network", "host", *engines.LIMITS, name) == SAYS
    assert ws.packaging("publish").output.splitlines()[-1] == "already there: 1"
    told = json.loads(ws.packaging("image", "inspect", name, "--format", "json").output)
    assert [one["platform"] for one in told["images"]] == [str(HERE), str(OTHER)]
    assert told["digest"] == root_digest(ws)


def test_what_is_attached_is_found_by_others(ws: Workspace, host: str) -> None:
    """Debian's registry has no list of referrers, so that it is one under a tag."""
    assert ws.packaging("publish").exit_code == 0
    tag = root_digest(ws).replace(":", "-")
    index = json.loads(said(ws, "skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{host}/acme/api:{tag}"))
    (entry,) = index["manifests"]
    assert entry["artifactType"] == "application/spdx+json"
    where = f"docker://{host}/acme/api@{entry['digest']}"
    manifest = json.loads(said(ws, "skopeo", "inspect", "--raw", "--tls-verify=false", where))
    assert manifest["subject"]["digest"] == root_digest(ws)
    assert manifest["layers"][0]["digest"] == digest_of(b"{}")


@pytest.mark.parametrize("program", ["skopeo", "buildah"])
def test_layouts_that_others_made(ws: Workspace, engine: engines.Engine, host: str, program: str) -> None:
    """What a tool has written, with whatever it writes, is published with the digest that it has."""
    said(ws, "podman", "load", "--quiet", "--input", archived(ws))
    place = ws.path("api/theirs")
    if program == "skopeo":
        said(ws, "skopeo", "copy", "--quiet", "containers-storage:example.org/seed:1", f"oci:{place}:mine")
    else:
        said(ws, "buildah", "push", "--quiet", "example.org/seed:1", f"oci:{place}:mine")
    declared = TARGET.format(image="", host=host).replace('"layout"', '"theirs"').replace("acme/api", f"acme/{program}")
    ws.write({"api/TARGETS.toml": declared})
    run = ws.packaging("publish")
    assert run.exit_code == 0, run.output
    digest = json.loads((place / "index.json").read_bytes())["manifests"][0]["digest"]
    assert (
        said(
            ws,
            "skopeo",
            "inspect",
            "--tls-verify=false",
            "--format",
            "{{.Digest}}",
            f"docker://{host}/acme/{program}:1.0.0",
        )
        == digest
    )


def archived(ws: Workspace) -> str:
    """Return the path of a tar of an image that is called `example.org/seed:1`."""
    layout = runnable(HERE)
    (root,) = json.loads(layout.files["index.json"])["manifests"]
    layout.names({**root, "annotations": {"io.containerd.image.name": "example.org/seed:1"}})
    path = ws.root.parent / "seed.tar"
    path.write_bytes(layout.tar())
    return str(path)


BASE = """\
    [[oci_image]]
    name = "base"
    srcs = ["bin/*"]
    executable = ["bin/*"]
    platforms = [{platforms}]
    env = {{ PATH = "/bin" }}
    publish = {{ registry = "{host}", repository = "acme/base", tags = ["1.0.0"] }}
    """
ON_TOP = """\
    [[oci_image]]
    name = "api"
    base = "{base}"
    srcs = ["says"]
    prefix = "etc"
    image = "example.org/acme/on-top:{tag}"
    command = ["/bin/sh", "-c", "busybox cat /etc/says"]
    sbom = ["spdx"]
    publish = {{ registry = "{host}", repository = "acme/on-top", tags = ["1.0.0", "latest"] }}
    """


def test_an_image_on_top_of_one_in_a_registry(ws: Workspace, engine: engines.Engine, host: str) -> None:
    busybox = Path(engines.TOOLS["busybox"]).read_bytes()
    ws.path("api/TARGETS.toml").unlink()
    ws.write({"base/bin/busybox": busybox, "base/bin/sh": busybox, "top/says": SAYS})
    ws.write({"base/TARGETS.toml": BASE.format(platforms=f'"{HERE}", "{OTHER}"', host=host)})
    run = ws.packaging("publish")
    assert run.exit_code == 0, run.output
    told = json.loads(ws.packaging("image", "inspect", f"{host}/acme/base:1.0.0", "--format", "json").output)
    base = f"{host}/acme/base:1.0.0@{told['digest']}"
    ws.write({"top/TARGETS.toml": ON_TOP.format(base=base, tag="1", host=host)})
    run = ws.packaging("publish", "//top:api")
    assert run.exit_code == 0, run.output
    assert "  attached application/spdx+json  sha256:" in run.output
    name = f"{host}/acme/on-top:latest"
    engine.podman("pull", "--quiet", "--tls-verify=false", name)
    assert engine.podman("run", "--rm", "--network", "host", *engines.LIMITS, name) == SAYS
    run = ws.packaging("image", "load", "--builder", "podman", "//top:api")
    assert run.exit_code == 0, run.output
    assert engine.about("example.org/acme/on-top:1")["Digest"] == engine.about(name)["Digest"]
    before = ws.contents()
    assert ws.packaging("publish").output.splitlines()[-1] == "already there: 2"
    assert ws.contents() == before
    shutil.rmtree(ws.path("dist"))
    assert ws.build().built == []
    assert ws.contents() == before
