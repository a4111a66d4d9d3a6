"""`packaging image load`, with engines that write down what they are given."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from layouts import AMD64, ARM64, Layout
from pictures import add_pictures

from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.oci.platform import Platform

# It keeps the archive that it gets, and an image is there when it has one.
ENGINE = """\
#!/bin/sh
echo "$(basename "$0") $*" | sed "s,oci-archive:.*,oci-archive:FILE," >> "$ENGINE/calls"
case "$1" in
    load|pull)
        [ -z "$FAILS" ] || { echo "some noise"; echo "$FAILS" >&2; exit 5; }
        [ "$1" = load ] && cat > "$ENGINE/archive.tar" || cp "${3#oci-archive:}" "$ENGINE/archive.tar"
        echo "$ID" > "$ENGINE/id" ;;
    version) ;;
    *) cat "$ENGINE/id" ;;
esac
"""
HERE = str(Platform.of("linux", os.uname().machine))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """An image for one platform, one for two of which one is this machine's, and something else."""
    ws = Workspace(tmp_path / "repo")
    add_pictures(ws)
    one, two = Layout(), Layout()
    root = one.image(ARM64, {"a": b"1"}, {"b": os.urandom(200_000)}, config={"config": {"Cmd": ["run", "a b"]}})
    one.names(root).put(ws.path("one/layout"))
    here = dict(zip(("os", "architecture"), HERE.split("/"), strict=True))
    images = [two.image(platform, {"a": str(platform).encode()}, told=True) for platform in (S390, here)]
    two.names(two.index(*images)).put(ws.path("two/layout"))
    ws.write({"one/TARGETS.toml": '[[picture]]\nname = "Image"\nlayout = "layout"\nimage = "ghcr.io/acme/one:1.0"\n'})
    ws.write({"two/TARGETS.toml": '[[picture]]\nname = "Two"\nlayout = "layout"\n'})
    ws.write({"z/TARGETS.toml": '[[archive]]\nname = "image"\nsrcs = ["*.txt"]\n', "z/a.txt": ""})
    return ws


S390 = {"architecture": "s390x", "os": "linux"}


def engines(ws: Workspace, *names: str) -> Path:
    """Put engines on the workspace's PATH, and nothing else that is one; return where they keep things."""
    state = ws.root.parent / "engine"
    (state / "bin").mkdir(parents=True, exist_ok=True)
    for name in names:
        (state / "bin" / name).write_text(ENGINE)
        (state / "bin" / name).chmod(0o755)
    for tool in ("sh", "basename", "cat", "cp", "sed"):
        if not (state / "bin" / tool).exists():
            (state / "bin" / tool).symlink_to(str(shutil.which(tool)))
    ws.environment |= {"PATH": f"{state}/bin", "ENGINE": str(state), "FAILS": "", "ID": "sha256:0123"}
    return state


def calls(state: Path) -> list[str]:
    """Return the command lines since the last time, but for questions."""
    lines = (state / "calls").read_text().splitlines() if (state / "calls").exists() else []
    (state / "calls").unlink(missing_ok=True)
    return [line for line in lines if " load " in line or " pull " in line]


def archive(state: Path) -> dict[str, bytes]:
    """Return the files of the archive that an engine got."""
    with tarfile.open(fileobj=io.BytesIO((state / "archive.tar").read_bytes())) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]


def manifest_of(ws: Workspace, package: str) -> str:
    digest: str = json.loads(ws.read(f"{package}/layout/index.json"))["manifests"][0]["digest"]
    return digest


@pytest.mark.parametrize(
    ("engine", "call"),
    [("docker", "load --quiet"), ("podman", "load --quiet"), ("buildah", "pull --quiet oci-archive:FILE")],
)
def test_an_image_goes_to_an_engine_under_its_name(ws: Workspace, engine: str, call: str) -> None:
    state = engines(ws, engine)
    run = ws.packaging("image", "load", "//one:Image")
    assert run.exit_code == 0, run.output
    assert run.output.splitlines()[-1] == f"loaded    ghcr.io/acme/one:1.0  {engine}  linux/arm64  sha256:0123"
    assert calls(state) == [f"{engine} {call}"]
    files = archive(state)
    digest = manifest_of(ws, "one")
    layout = {name.removeprefix("one/layout/"): data for name, data in ws.contents("one/layout").items()}
    assert {name for name in files if name.startswith("blobs/")} == {
        name for name in layout if name.startswith("blobs/")
    }
    assert all(layout[name] == data for name, data in files.items() if name.startswith("blobs/"))
    assert files["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'
    assert json.loads(files["index.json"])["manifests"] == [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest,
            "size": len(layout[f"blobs/sha256/{digest[7:]}"]),
            "annotations": {
                "org.opencontainers.image.ref.name": "1.0",
                "io.containerd.image.name": "ghcr.io/acme/one:1.0",
            },
        }
    ]
    manifest = json.loads(layout[f"blobs/sha256/{digest[7:]}"])
    assert json.loads(files["manifest.json"]) == [
        {
            "Config": f"blobs/sha256/{manifest['config']['digest'][7:]}",
            "RepoTags": ["ghcr.io/acme/one:1.0"],
            "Layers": [f"blobs/sha256/{layer['digest'][7:]}" for layer in manifest["layers"]],
        }
    ]


def test_an_image_that_the_engine_has_is_left_alone(ws: Workspace) -> None:
    state = engines(ws, "podman")
    manifest = json.loads(ws.path(f"one/layout/blobs/sha256/{manifest_of(ws, 'one')[7:]}").read_bytes())
    ws.environment["ID"] = manifest["config"]["digest"].removeprefix("sha256:")
    assert ws.packaging("image", "load", "//one:Image").exit_code == 0
    assert len(calls(state)) == 1
    run = ws.packaging("image", "load", "//one:Image")
    name = f"ghcr.io/acme/one:1.0  podman  linux/arm64  {manifest['config']['digest']}"
    assert run.output.splitlines()[-1] == f"unchanged {name}"
    assert calls(state) == []


@pytest.mark.parametrize(("engine", "full"), [("docker", "docker.io/library/two:latest"), ("podman", "two:latest")])
def test_this_machine_s_platform_is_taken_and_the_target_s_name(ws: Workspace, engine: str, full: str) -> None:
    state = engines(ws, engine)
    run = ws.packaging("image", "load", "//two:Two")
    assert run.output.splitlines()[-1] == f"loaded    two:latest  {engine}  {HERE}  sha256:0123"
    files = archive(state)
    assert len([name for name in files if name.startswith("blobs/")]) == 3
    (root,) = json.loads(files["index.json"])["manifests"]
    assert root["annotations"]["io.containerd.image.name"] == full
    assert json.loads(files["manifest.json"])[0]["RepoTags"] == ["two:latest"]


def test_another_platform_and_one_that_is_not_there(ws: Workspace) -> None:
    engines(ws, "podman")
    run = ws.packaging("image", "load", "--platform", "linux/s390x", "//two:Two")
    assert run.output.splitlines()[-1] == "loaded    two:latest  podman  linux/s390x  sha256:0123"
    run = ws.packaging("image", "load", "--platform", "linux/riscv64")
    assert run.exit_code == 1
    assert (
        "error: the image is not there for `linux/riscv64`\n  at one/layout\n  fix: choose from `linux/arm64`\n\n"
        "error: the image is not there for `linux/riscv64`\n  at two/layout\n"
        f"  fix: choose from {', '.join(f'`{one}`' for one in sorted([HERE, 'linux/s390x']))}\n"
    ) in run.output
    run = ws.packaging("image", "load", "--platform", "riscv")
    assert (run.exit_code, run.output) == (
        2,
        "error: `riscv` is no platform\n  at --platform\n  fix: write one such as linux/amd64 or linux/arm64\n",
    )


def test_the_target_is_built_first_and_programs_are_told_in_json(ws: Workspace) -> None:
    engines(ws, "podman")
    run = ws.packaging("image", "load", "--format", "json")
    assert ws.path("dist/one/sbom.json").exists()
    told = json.loads(run.output[run.output.index('{\n  "images"') :])
    assert [one["label"] for one in told["images"]] == ["//one:Image", "//two:Two"]
    assert told["images"][0] == {
        "label": "//one:Image",
        "image": "ghcr.io/acme/one:1.0",
        "platform": "linux/arm64",
        "engine": "podman",
        "id": "sha256:0123",
        "outcome": "loaded",
    }


@pytest.mark.parametrize("engine", ["docker", "buildah"])
def test_an_engine_that_fails(ws: Workspace, engine: str) -> None:
    engines(ws, engine)
    ws.environment["FAILS"] = "Cannot connect to the daemon. Is it running?"
    run = ws.packaging("image", "load", "//one:Image")
    assert run.exit_code == 1
    assert (
        f"error: {engine} does not take the image `ghcr.io/acme/one:1.0`: Cannot connect to the daemon. Is it running?\n"
        "  at //one:Image\n  fix: look at whether it runs, or name another with --builder\n"
    ) in run.output
    assert "loaded" not in run.output


def test_old_engines_and_zstd(ws: Workspace) -> None:
    engines(ws, "docker")
    path = ws.path("one/layout")
    layout = Layout()
    layer = layout.blob(b"x", "application/vnd.oci.image.layer.v1.tar+zstd")
    root = layout.image(AMD64)
    manifest = json.loads(layout.files[f"blobs/sha256/{root['digest'][7:]}"])
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{'0' * 64}"]}
    config = layout.blob(json.dumps({**AMD64, "rootfs": rootfs}).encode(), manifest["config"]["mediaType"])
    layout.names(layout.document({**manifest, "layers": [layer], "config": config})).put(path)
    ws.environment["FAILS"] = "invalid tar header"
    run = ws.packaging("image", "load", "//one:Image")
    assert (
        "  fix: look at whether it runs, or name another with --builder; "
        'an old one knows no zstd: write compression = "gzip" then\n'
    ) in run.output


def test_there_is_no_engine(ws: Workspace) -> None:
    engines(ws)
    run = ws.packaging("image", "load")
    assert run.exit_code == 2
    assert run.output.startswith("error: none of docker, podman and buildah is on PATH\n")
    run = ws.packaging("image", "load", "--builder", "podman")
    assert run.output.startswith("error: `podman` is not on PATH\n  at --builder\n")


def test_what_is_no_image(ws: Workspace) -> None:
    engines(ws, "podman")
    ws.write({"z/more/TARGETS.toml": '[[archive]]\nname = "b"\nsrcs = ["*.txt"]\n', "z/more/a.txt": ""})
    run = ws.packaging("image", "load", "//z:image", "//z/...")
    assert (run.exit_code, run.output) == (
        2,
        "error: `//z/...` matches no image\n  fix: did you mean `//one:Image`?\n\n"
        "error: `//z:image` is no image: its rule is `archive`\n  fix: did you mean `//one:Image`?\n",
    )
    ws.path("one/TARGETS.toml").unlink()
    ws.path("two/TARGETS.toml").unlink()
    run = ws.packaging("image", "load")
    assert run.exit_code == 2
    assert run.output.startswith("error: no target makes an image\n")
    run = ws.packaging("image", "load", "//z:image")
    assert run.output == "error: `//z:image` is no image: its rule is `archive`\n  fix: declare one: [[oci_image]]\n"


def test_a_layout_that_is_damaged_is_not_handed_on(ws: Workspace) -> None:
    state = engines(ws, "docker")
    manifest = json.loads(ws.path(f"one/layout/blobs/sha256/{manifest_of(ws, 'one')[7:]}").read_bytes())
    layer = f"one/layout/blobs/sha256/{manifest['layers'][1]['digest'][7:]}"
    data = ws.path(layer).read_bytes()
    ws.path(layer).write_bytes(data[:-1] + b"?")
    run = ws.packaging("image", "load", "//one:Image")
    assert run.exit_code == 1
    assert "error: the blob's bytes are not those of its digest: they have sha256:" in run.output
    assert f"\n  at {layer}\n" in run.output
    assert calls(state) == []
