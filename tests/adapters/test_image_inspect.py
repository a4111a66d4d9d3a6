"""`packaging image inspect`: what an image consists of, in a folder, made by a target, and in a registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from layouts import AMD64, ARM64, Layout
from pictures import add_pictures
from registries.fake import FakeRegistry

from packaging_targets.adapters.cli import commands
from packaging_targets.adapters.testing import Workspace

S390 = {"architecture": "s390x", "os": "linux"}
TEXT = """\
one/layout
digest      {digest}

linux/arm64 {digest}
command     run 'a b'
created     1970-01-01T00:00:00Z
layers      2, {total}
  {first:>9} {layers[0][digest]}  tar+gzip
  {second:>9} {layers[1][digest]}  tar+gzip
"""


def amount(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An image for one platform, one for two, and something else."""
    ws = Workspace(tmp_path / "repo")
    one, two = Layout(), Layout()
    config = {"config": {"Cmd": ["run", "a b"]}}
    one.names(one.image(ARM64, {"a": b"1"}, {"b": bytes(3000)}, config=config)).put(ws.path("one/layout"))
    images = [two.image(platform, {"a": str(platform).encode()}, told=True) for platform in (S390, ARM64)]
    two.names(two.index(*images)).put(ws.path("two/layout"))
    add_pictures(ws)
    for name in ("one", "two"):
        ws.write({f"{name}/TARGETS.toml": '[[picture]]\nname = "image"\nlayout = "layout"\n'})
    ws.write({"z/TARGETS.toml": '[[archive]]\nname = "image"\nsrcs = ["*.txt"]\n', "z/a.txt": ""})
    monkeypatch.chdir(ws.root)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return ws


@pytest.fixture
def inspect(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `packaging image inspect` in this process; return what it prints, or its error."""

    def run(*words: str, code: int = 0) -> str:
        assert commands.run(["image", "inspect", *words]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return run


def manifest_of(ws: Workspace, package: str) -> str:
    digest: str = json.loads(ws.read(f"{package}/layout/index.json"))["manifests"][0]["digest"]
    return digest


def platforms(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines() if line.startswith("linux/")]


def text_of_one(ws: Workspace) -> str:
    digest = manifest_of(ws, "one")
    layers = json.loads(ws.path(f"one/layout/blobs/sha256/{digest[7:]}").read_bytes())["layers"]
    sizes = [layer["size"] for layer in layers]
    first, second, total = map(amount, (*sizes, sum(sizes)))
    return TEXT.format(digest=digest, layers=layers, first=first, second=second, total=total)


def test_what_an_image_consists_of(ws: Workspace, inspect: Callable[..., str]) -> None:
    assert inspect("one/layout") == text_of_one(ws)
    told = json.loads(inspect("one/layout", "--format", "json"))
    digest = manifest_of(ws, "one")
    manifest = json.loads(ws.path(f"one/layout/blobs/sha256/{digest[7:]}").read_bytes())
    config = json.loads(ws.path(f"one/layout/blobs/sha256/{manifest['config']['digest'][7:]}").read_bytes())
    size = len(ws.path(f"one/layout/blobs/sha256/{digest[7:]}").read_bytes())
    layers = [
        {**layer, "diffId": diff_id}
        for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True)
    ]
    assert told == {
        "where": "one/layout",
        "digest": digest,
        "roots": [{"mediaType": manifest["mediaType"], "digest": digest, "size": size}],
        "images": [
            {
                "platform": "linux/arm64",
                "digest": digest,
                "size": sum(layer["size"] for layer in layers),
                "config": config,
                "layers": layers,
            }
        ],
    }


def test_a_target_is_built_first(ws: Workspace) -> None:
    run = ws.packaging("image", "inspect", "//one:image")
    assert run.exit_code == 0, run.output
    assert run.output.endswith(text_of_one(ws))
    assert ws.path("dist/one/sbom.json").exists()


def test_one_platform_of_several(ws: Workspace, inspect: Callable[..., str]) -> None:
    assert platforms(inspect("two/layout")) == ["linux/s390x", "linux/arm64"]
    assert platforms(inspect("two/layout", "--platform", "linux/arm64/v8")) == ["linux/arm64"]
    assert inspect("two/layout", "--platform", "linux/riscv64", code=2) == (
        "error: the image is not there for `linux/riscv64`\n  at two/layout\n"
        "  fix: choose from `linux/arm64`, `linux/s390x`\n"
    )


def test_several_images_in_one_layout(ws: Workspace, inspect: Callable[..., str]) -> None:
    layout = Layout()
    named = {"annotations": {"org.opencontainers.image.ref.name": "first"}}
    first, second = {**layout.image(AMD64, {"a": b"1"}), **named}, layout.image(AMD64, {"a": b"2"})
    layout.names(first, second).put(ws.path("many"))
    lines = inspect("many").splitlines()
    assert lines[1:3] == [f"digest      {first['digest']}  first", f"digest      {second['digest']}"]
    told = json.loads(inspect("many", "--format", "json"))
    assert told["digest"] is None
    assert [one["digest"] for one in told["images"]] == [first["digest"], second["digest"]]


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


def test_an_image_in_a_registry(ws: Workspace, home: FakeRegistry, inspect: Callable[..., str]) -> None:
    digest = manifest_of(ws, "two")
    for path in ws.path("two/layout/blobs/sha256").iterdir():
        for name in (f"sha256:{path.name}", *(["1"] if path.name == digest[7:] else [])):
            home.manifests["acme/two", name] = home.blobs["acme/two", name] = path.read_bytes()
    here = inspect("two/layout")
    for name in ("acme/two:1", f"acme/two@{digest}", f"acme/two:1@{digest}"):
        assert inspect(f"{home.host}/{name}") == here.replace("two/layout", f"{home.host}/{name}")
    assert inspect(f"{home.host}/acme/two", code=2) == (
        f"error: the registry has no image `{home.host}/acme/two:latest`\n"
        "  fix: look at how it is written; where it is private, log in\n"
    )


def test_what_can_be_no_image(ws: Workspace, inspect: Callable[..., str]) -> None:
    assert inspect("nothing", code=2) == (
        "error: `nothing` is no folder here, and names no registry\n"
        "  fix: name a layout's folder, a target such as //api:image, or an image with its registry, "
        "as in docker.io/library/nothing\n"
    )
    assert inspect("acme/nothing", code=2).endswith(" as in docker.io/acme/nothing\n")
    assert inspect("z", code=2) == (
        "error: `z` is no OCI image layout: it has no file `oci-layout`\n  fix: name a folder that holds one\n"
    )
    assert inspect("//z:image", code=2) == (
        "error: `//z:image` is no image: its rule is `archive`\n  fix: did you mean `//two:image`?\n"
    )
    assert inspect("//...", code=2) == (
        "error: `//...` means 2 images, and one is looked at\n  fix: name one, as in //one:image\n"
    )
    assert inspect("localhost:1/a:b:c", code=2).startswith("error: `b:c` is no tag\n")


def test_a_config_cannot_write_to_the_terminal(ws: Workspace, inspect: Callable[..., str]) -> None:
    layout = Layout()
    config = {"config": {"Env": ["A=\x1b[31m"], "Labels": {"k": "v\n"}, "ExposedPorts": {"80/tcp": {}}, "User": "\r"}}
    layout.names(layout.image(AMD64, config=config)).put(ws.path("odd"))
    text = inspect("odd")
    for line in ("env         'A=?[31m'", "labels      'k=v?'", "ports       80/tcp", "user        ?"):
        assert f"{line}\n" in text
