"""Pulling what an image is based on, in builds, from a registry in this process."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from layouts import AMD64, ARM64, INDEX, MANIFEST, Layout, digest_of
from registries.fake import FakeRegistry, Fault

from packaging_targets.adapters.testing import PACKAGING, Run, Workspace

RULE = """\
    from packaging_targets import Action

    def analyse(context):
        name = context.target.label.name
        outputs = (context.output(f"{name}/blobs/sha256/"), context.output(f"{name}.parts/base.json"))
        params = {"reference": context.target.fields["of"], "platforms": context.target.fields["platforms"]}
        return [Action("oci_pull/1", params, (), outputs)]
    """
FIELDS = '{"of": {"type": "string"}, "platforms": {"type": "array", "items": {"type": "string"}}}'
SCHEMA = f'{{"title": "pulled", "description": "x", "type": "object", "properties": {FIELDS}}}'
BLOBS, TOLD = "dist/base/blobs/sha256", "dist/base.parts/base.json"


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.environment["DOCKER_CONFIG"] = str(tmp_path / "no-docker")
    ws.write({"rules/pulled/rule.py": RULE, "rules/pulled/schema.json": SCHEMA})
    return ws


def stored(home: FakeRegistry, layout: Layout) -> None:
    """Have a registry hold all that a layout does, as `acme/base`."""
    for name, data in layout.files.items():
        if name.startswith("blobs/"):
            home.blobs["acme/base", digest_of(data)] = data
            if data.startswith(b'{"schemaVersion"'):
                home.manifests["acme/base", digest_of(data)] = data


def both(home: FakeRegistry) -> tuple[Layout, dict[str, Any], list[dict[str, Any]]]:
    """Have a registry hold an image for two platforms; return it, its index, and the manifests."""
    layout = Layout()
    layers = ({"shared": b"0"}, {"own": b"1"})
    images = [
        layout.image(platform, *layers, {"last": str(platform).encode()}, told=True) for platform in (AMD64, ARM64)
    ]
    index = layout.index(*images)
    stored(home, layout)
    return layout, index, images


def declare(ws: Workspace, reference: str, *platforms: str) -> None:
    listing = json.dumps(platforms or ["linux/amd64"])
    ws.write({"TARGETS.toml": f'[workspace]\n\n[[pulled]]\nname = "base"\nof = "{reference}"\nplatforms = {listing}\n'})


def pull(ws: Workspace, reference: str, *platforms: str) -> Run:
    declare(ws, reference, *platforms)
    return ws.build()


def layers_of(layout: Layout, image: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(layout.files[f"blobs/sha256/{image['digest'][7:]}"])["layers"]
    return found


def config_of(layout: Layout, image: dict[str, Any]) -> dict[str, Any]:
    digest = json.loads(layout.files[f"blobs/sha256/{image['digest'][7:]}"])["config"]["digest"]
    found: dict[str, Any] = json.loads(layout.files[f"blobs/sha256/{digest[7:]}"])
    return found


def test_the_layers_of_a_platform_are_pulled_and_told_of(ws: Workspace, home: FakeRegistry) -> None:
    layout, index, (image, other) = both(home)
    run = pull(ws, f"{home.host}/acme/base@{index['digest']}")
    assert run.built == ["//:base"], run.output
    layers, config = layers_of(layout, image), config_of(layout, image)
    assert ws.paths(BLOBS) == sorted(f"{BLOBS}/{layer['digest'][7:]}" for layer in layers)
    for layer in layers:
        digest = layer["digest"][7:]
        assert ws.path(f"{BLOBS}/{digest}").read_bytes() == layout.files[f"blobs/sha256/{digest}"]
    assert json.loads(ws.read(TOLD)) == {
        "digest": index["digest"],
        "platforms": {
            "linux/amd64": {
                "manifest": image["digest"],
                "config": config,
                "layers": [
                    {**layer, "diffId": diff_id}
                    for layer, diff_id in zip(layers, config["rootfs"]["diff_ids"], strict=True)
                ],
            }
        },
    }
    assert not home.asked("GET", other["digest"])


def test_what_platforms_share_is_pulled_once(ws: Workspace, home: FakeRegistry) -> None:
    layout, index, images = both(home)
    assert pull(ws, f"{home.host}/acme/base@{index['digest']}", "linux/arm64/v8", "linux/amd64").exit_code == 0
    blobs = {layer["digest"] for image in images for layer in layers_of(layout, image)}
    assert len(blobs) == 4
    asked = [path.rpartition("/")[2] for path in home.asked("GET", "/blobs/")]
    assert sorted(digest for digest in asked if digest in blobs) == sorted(blobs)
    assert list(json.loads(ws.read(TOLD))["platforms"]) == ["linux/arm64", "linux/amd64"]


def test_it_is_pulled_once_and_restored_without_a_network(ws: Workspace, home: FakeRegistry) -> None:
    layout, index, (image, _) = both(home)
    reference = f"{home.host}/acme/base@{index['digest']}"
    pull(ws, reference)
    before = ws.contents()
    home.blobs.clear()
    home.manifests.clear()
    asked = len(home.log)
    assert pull(ws, reference).built == []
    ws.path(f"{BLOBS}/{layers_of(layout, image)[0]['digest'][7:]}").unlink()
    run = ws.build()
    assert (run.built, run.restored) == ([], ["//:base"])
    assert ws.contents() == before
    assert len(home.log) == asked


def test_a_manifest_may_be_named_itself_and_docker_types_are_read(ws: Workspace, home: FakeRegistry) -> None:
    layout = Layout()
    image = layout.image(AMD64, {"a": b"1"})
    manifest = json.loads(layout.files[f"blobs/sha256/{image['digest'][7:]}"])
    docker = "application/vnd.docker"
    manifest["mediaType"] = f"{docker}.distribution.manifest.v2+json"
    manifest["config"]["mediaType"] = f"{docker}.container.image.v1+json"
    manifest["layers"][0]["mediaType"] = f"{docker}.image.rootfs.diff.tar.gzip"
    named = layout.document(manifest)
    stored(home, layout)
    run = pull(ws, f"{home.host}/acme/base:1.0@{named['digest']}")
    assert run.exit_code == 0, run.output
    (layer,) = json.loads(ws.read(TOLD))["platforms"]["linux/amd64"]["layers"]
    assert layer["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"


def test_a_download_that_is_cut_goes_on(ws: Workspace, home: FakeRegistry) -> None:
    layout, index, (image, _) = both(home)
    digest = layers_of(layout, image)[0]["digest"]
    data = layout.files[f"blobs/sha256/{digest[7:]}"]
    headers = {"Content-Length": str(len(data)), "Connection": "close"}
    home.fail("GET", digest, Fault(status=200, body=data[:10], headers=headers))
    assert pull(ws, f"{home.host}/acme/base@{index['digest']}").exit_code == 0
    assert [one.headers.get("range") for one in home.log if digest in one.path] == [None, "bytes=10-"]


@pytest.mark.parametrize("what", ["platform", "gone", "tag", "host"])
def test_what_cannot_be_pulled(ws: Workspace, home: FakeRegistry, what: str) -> None:
    _, index, _ = both(home)
    reference, platform = f"{home.host}/acme/base@{index['digest']}", "linux/amd64"
    if what == "platform":
        platform = "linux/s390x"
        told = "the image is not there for `linux/s390x`", "choose from `linux/amd64`, `linux/arm64`"
    elif what == "gone":
        reference = reference[:-4] + "beef"
        told = (
            f"the registry has no image `sha256:{reference[-64:]}`",
            "look at the digest and the repository: registries drop what no tag leads to",
        )
    elif what == "tag":
        reference = f"{home.host}/acme/base:1.0"
        told = (
            f"`{reference}` names no digest, and what a tag leads to may be another image tomorrow",
            f"write {reference}@sha256:…, as `packaging image inspect` tells it",
        )
    else:
        reference = f"acme/base@{index['digest']}"
        told = f"`{reference}` names no registry", f"write one before it, as in `docker.io/{reference}`"
    run = pull(ws, reference, platform)
    assert run.failed == ["//:base"]
    assert f"error: {told[0]}\n  at {reference} for {platform}\n  fix: {told[1]}\n" in run.output
    assert not ws.path("dist/base").exists()


def test_bytes_that_are_others(ws: Workspace, home: FakeRegistry) -> None:
    layout, index, (image, _) = both(home)
    reference = f"{home.host}/acme/base@{index['digest']}"
    digest = layers_of(layout, image)[2]["digest"]
    data = home.blobs["acme/base", digest]
    wrong = data[:-1] + b"?"
    home.blobs["acme/base", digest] = wrong
    run = pull(ws, reference)
    assert run.failed == ["//:base"]
    assert (
        f"error: the bytes are not those of their digest: {digest} was expected, and {digest_of(wrong)} came, "
        f"at GET http://{home.host}/v2/acme/base/blobs/{digest}\n  at {reference} for linux/amd64\n"
    ) in run.output
    assert not ws.path("dist/base").exists()
    home.blobs["acme/base", digest] = data
    home.manifests["acme/base", image["digest"]] = home.manifests["acme/base", image["digest"]] + b" "
    run = pull(ws, reference)
    assert f"error: the bytes are not those of their digest: {image['digest']} was expected" in run.output
    home.manifests["acme/base", image["digest"]] = home.manifests["acme/base", image["digest"]][:-1]
    assert pull(ws, reference).exit_code == 0


def test_a_registry_that_is_not_there(ws: Workspace, home: FakeRegistry) -> None:
    _, index, _ = both(home)
    home.auth = "basic"
    reference = f"{home.host}/acme/base@{index['digest']}"
    run = pull(ws, reference)
    assert (
        f"error: the registry wants credentials (401: UNAUTHORIZED: unauthorized), "
        f"at GET http://{home.host}/v2/acme/base/manifests/{index['digest']}\n  at {reference} for linux/amd64\n"
        f"  fix: run `docker login {home.host}`, or set DEVCONTAINERS_OCI_AUTH='{home.host}|USER|TOKEN'\n"
    ) in run.output
    ws.environment["DEVCONTAINERS_OCI_AUTH"] = f"{home.host}|ana|s3cret"
    assert pull(ws, reference).exit_code == 0


def test_documents_without_a_media_type(ws: Workspace, home: FakeRegistry) -> None:
    layout = Layout()
    image = layout.image(AMD64, {"a": b"1"})
    manifest = json.loads(layout.files[f"blobs/sha256/{image['digest'][7:]}"])
    del manifest["mediaType"]
    bare = layout.blob(json.dumps(manifest).encode(), MANIFEST)
    index = layout.blob(json.dumps({"schemaVersion": 2, "manifests": [bare]}).encode(), INDEX)
    stored(home, layout)
    assert pull(ws, f"{home.host}/acme/base@{index['digest']}").exit_code == 0
    assert pull(ws, f"{home.host}/acme/base@{bare['digest']}").exit_code == 0


def test_ctrl_c_waits_for_no_registry(ws: Workspace, home: FakeRegistry) -> None:
    layout, index, (image, _) = both(home)
    digest = layers_of(layout, image)[0]["digest"]
    home.fail("GET", digest, Fault(wait=30), times=9)
    declare(ws, f"{home.host}/acme/base@{index['digest']}")
    # Two actions, so that they run in processes of their own.
    ws.write({"more/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n', "more/a.txt": "a"})
    with ws.start(*PACKAGING, "build") as process:
        while not home.asked("GET", digest):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    assert (process.returncode, out.splitlines()[-1]) == (130, "interrupted")
    assert not ws.path(TOLD).exists()
    home.heal()
    assert ws.build("//:base").exit_code == 0
