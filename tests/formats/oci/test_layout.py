"""Reading layouts: the images that are wanted are found, and what is wrong is told, whatever the bytes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import AMD64, ARM64, CONFIG, INDEX, MANIFEST, Layout, digest_of

from packaging_targets.errors import IntegrityError, PackagingError, RequestError
from packaging_targets.formats.oci.documents import read_config, read_index, read_manifest
from packaging_targets.formats.oci.layout import Image, Layer, find_images, read_layout
from packaging_targets.formats.oci.manifest import Descriptor
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.digest import Digest

LINUX = Platform.parse("linux/amd64")
ARM = Platform.parse("linux/arm64")
S390 = {"architecture": "s390x", "os": "linux"}
DOCKER = "application/vnd.docker.distribution.manifest"


class Folder:
    """Documents of a layout in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        self.asked.append(str(descriptor.digest))
        name = f"blobs/sha256/{descriptor.digest.hex}"
        if name not in self.files:
            raise IntegrityError.one("there is no such blob", name)
        return self.files[name][: limit + 1]


def found(layout: Layout, *platforms: Platform, expected: str = "") -> list[Image]:
    files = layout.files
    roots = read_layout(files["oci-layout"], files["index.json"], "base")
    digest = Digest.parse(expected) if expected else None
    return find_images(roots, Folder(files), platforms or (LINUX,), "base", digest)


def refusal(error: type[PackagingError], layout: Layout, *platforms: Platform, expected: str = "") -> str:
    with pytest.raises(error) as caught:
        found(layout, *platforms, expected=expected)
    assert type(caught.value) is error
    return str(caught.value)


def test_a_single_image_is_found_by_the_platform_of_its_config() -> None:
    layout = Layout()
    root = layout.image(AMD64, {"a": b"1"}, {"b": b"2"}, config={"config": {"User": "me"}})
    (image,) = found(layout.names(root))
    assert (image.platform, str(image.manifest)) == (LINUX, root["digest"])
    assert image.config["config"] == {"User": "me"}
    assert [str(layer.diff_id) for layer in image.layers] == image.config["rootfs"]["diff_ids"]
    assert {f"blobs/sha256/{layer.descriptor.digest.hex}" for layer in image.layers} <= set(layout.files)
    assert [Layer.from_json(layer.to_json()) for layer in image.layers] == list(image.layers)


def test_the_wanted_platforms_come_in_their_order_and_no_other_is_read() -> None:
    layout = Layout()
    images = [layout.image(platform, {"a": str(platform).encode()}, told=True) for platform in (AMD64, ARM64, S390)]
    nested = layout.index(layout.index(*images))
    layout.names(nested)
    documents = Folder(layout.files)
    roots = read_layout(layout.files["oci-layout"], layout.files["index.json"], "base")
    both = find_images(roots, documents, (ARM, LINUX), "base")
    assert [str(image.platform) for image in both] == ["linux/arm64", "linux/amd64"]
    assert images[2]["digest"] not in documents.asked


def test_docker_types_are_read_as_those_of_oci() -> None:
    layout = Layout()
    image = layout.image(AMD64, {"a": b"1"})
    text = layout.files[f"blobs/sha256/{image['digest'][7:]}"].decode()
    docker = {
        MANIFEST: f"{DOCKER}.v2+json",
        CONFIG: "application/vnd.docker.container.image.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
    }
    for oci, theirs in docker.items():
        assert oci in text
        text = text.replace(oci, theirs)
    manifest = layout.blob(text.encode(), docker[MANIFEST], platform=AMD64)
    several = {"schemaVersion": 2, "mediaType": f"{DOCKER}.list.v2+json", "manifests": [manifest]}
    (found_one,) = found(layout.names(layout.document(several)))
    assert [layer.descriptor.media_type for layer in found_one.layers] == [
        "application/vnd.oci.image.layer.v1.tar+gzip"
    ]


def test_attestations_and_artifacts_beside_an_image_are_passed_over() -> None:
    layout = Layout()
    unknown = {"architecture": "unknown", "os": "unknown"}
    config = layout.blob(b"{}", "application/vnd.oci.empty.v1+json")
    artifact = layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []})
    image = layout.image(AMD64, told=True)
    layout.names(layout.index(image, layout.image(unknown, told=True), artifact))
    assert [str(one.manifest) for one in found(layout)] == [image["digest"]]


def test_an_expected_digest_may_be_that_of_an_index_or_of_a_manifest_in_it() -> None:
    layout = Layout()
    one, two = layout.image(AMD64, {"a": b"1"}, told=True), layout.image(AMD64, {"a": b"2"}, told=True)
    first, second = layout.index(one), layout.index(two)
    layout.names(first, second)
    for expected, image in ((one, one), (two, two), (first, one), (second, two)):
        assert [str(one.manifest) for one in found(layout, expected=expected["digest"])] == [image["digest"]]
    assert refusal(RequestError, layout) == (
        f"error: there are 2 images for `linux/amd64`: {', '.join(f'`{d}`' for d in sorted((one['digest'], two['digest'])))}\n"
        "  at base\n"
        "  fix: name one of them by its digest"
    )
    other = digest_of(b"other")
    assert refusal(IntegrityError, layout, expected=other) == (
        f"error: `{other}` was expected, but there is `{first['digest']}`, `{second['digest']}`\n"
        "  at base\n"
        "  fix: name that digest instead, if it is the one that you trust"
    )


def test_a_platform_that_is_not_there_is_told_with_those_that_are() -> None:
    layout = Layout()
    layout.names(layout.index(layout.image(AMD64, told=True), layout.image(ARM64, told=True)))
    wanted = tuple(map(Platform.parse, ("linux/riscv64", "linux/amd64", "linux/arm")))
    assert refusal(RequestError, layout, *wanted) == (
        "error: the image is not there for `linux/riscv64`, `linux/arm/v7`\n"
        "  at base\n"
        "  fix: choose from `linux/amd64`, `linux/arm64`"
    )


def test_what_is_no_image_is_told() -> None:
    layout = Layout()
    config = layout.blob(b"{}", "application/vnd.devcontainers")
    artifact = layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []})
    assert refusal(RequestError, layout.names(artifact)) == (
        "error: the image is not there for `linux/amd64`\n"
        "  at base\n"
        "  fix: it holds `application/vnd.devcontainers`, which is no image"
    )
    assert "  fix: it holds no image at all" in refusal(RequestError, Layout().names())
    old = layout.blob(b"{}", f"{DOCKER}.v1+prettyjws")
    assert refusal(RequestError, layout.names(old)) == (
        "error: the image is in Docker's old format (schema 1), which is not read\n"
        "  at base\n"
        "  fix: copy it with a current tool first, as in `skopeo copy --format oci`"
    )


def replaced(descriptor: dict[str, Any], data: bytes) -> Callable[[Layout], None]:
    def change(layout: Layout) -> None:
        layout.files[f"blobs/sha256/{descriptor['digest'][7:]}"] = data

    return change


def test_damaged_documents_are_told_at_their_digest() -> None:
    layout = Layout()
    image = layout.image(AMD64, {"a": b"1"})
    name = f"blobs/sha256/{image['digest'][7:]}"
    data = layout.files[name]
    layout.names(image)
    layout.files[name] = data.replace(b"2", b"3", 1)
    other = digest_of(layout.files[name])
    at = f"\n  at base {image['digest']}"
    assert refusal(IntegrityError, layout) == (
        f"error: the document's bytes are not those of its digest: they have {other}{at}"
    )
    layout.files[name] = data[:-1]
    assert refusal(IntegrityError, layout) == (
        f"error: the document has {len(data) - 1} bytes instead of {len(data)}{at}"
    )
    layout.files[name] = data + b" "
    assert "bytes instead of" in refusal(IntegrityError, layout)
    del layout.files[name]
    assert refusal(IntegrityError, layout) == f"error: there is no such blob\n  at {name}"


def test_a_config_has_to_go_with_its_manifest() -> None:
    layout = Layout()
    digests = [digest_of(b"1"), digest_of(b"2")]
    image = layout.image(AMD64, {"a": b"1"}, config={"rootfs": {"type": "layers", "diff_ids": digests}})
    assert refusal(IntegrityError, layout.names(image)) == (
        f"error: the manifest has 1 layers, and its config 2\n  at base {image['digest']}"
    )
    liar = {**layout.image(AMD64), "platform": ARM64}
    assert refusal(IntegrityError, layout.names(liar), ARM) == (
        "error: the index says that the image is for `linux/arm64`, and its config for `linux/amd64`\n"
        f"  at base {liar['digest']}"
    )
    # The variant is often left out of configs.
    variant = {
        **layout.image({"architecture": "arm", "os": "linux"}),
        "platform": {**ARM64, "architecture": "arm", "variant": "v6"},
    }
    assert [str(one.platform) for one in found(layout.names(variant), Platform.parse("linux/arm/v6"))] == [
        "linux/arm/v6"
    ]


def test_layers_that_are_none_are_refused() -> None:
    layout = Layout()
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(b"")]}}
    foreign = layout.blob(b"", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    described = layout.blob(json.dumps(config).encode(), CONFIG)
    manifest = layout.document({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": [foreign]})
    assert refusal(IntegrityError, layout.names(manifest)) == (
        "error: `layers[0]` is a `application/vnd.docker.image.rootfs.foreign.diff.tar.gzip`, which is no layer of files\n"
        f"  at base {manifest['digest']}\n"
        "  fix: use an image whose layers are tars, plain or packed with gzip or zstd"
    )


def test_no_nesting_and_no_number_of_documents_goes_beyond_the_limits() -> None:
    layout = Layout()
    one = layout.image(AMD64)
    for _ in range(3):
        one = layout.index(one)
    assert len(found(layout.names(one))) == 1
    assert refusal(IntegrityError, layout.names(layout.index(one))) == (
        "error: there are more than 3 indexes below one another\n  at base"
    )
    # Each index names the next one a hundred times: a few kilobytes, and a million documents to read.
    many = layout.image(AMD64)
    for _ in range(3):
        many = layout.index(*([many] * 100))
    assert refusal(IntegrityError, layout.names(many)) == (
        "error: there are more than 500 indexes, manifests and configs\n  at base"
    )


def test_sizes_beyond_all_are_refused_before_anything_is_read() -> None:
    layout = Layout()
    image = layout.image(AMD64)
    layout.names({**image, "size": (4 << 20) + 1})
    assert refusal(IntegrityError, layout) == (
        f"error: the document has 4,194,305 bytes, and 4,194,304 is the limit\n  at base {image['digest']}"
    )
    layout.names({**image, "size": 1 << 60})
    assert refusal(IntegrityError, layout) == (
        "error: `manifests[0]` has 1,152,921,504,606,846,976 bytes, and 34,359,738,368 is the limit\n"
        "  at base/index.json"
    )


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([], "the document is JSON, but no table"),
        ({"schemaVersion": 2}, "the document has no list `manifests`"),
        ({"schemaVersion": 3, "manifests": []}, "the document must have the `schemaVersion` 2, but has 3"),
        ({"manifests": []}, "the document must have the `schemaVersion` 2, but has null"),
        (
            {"schemaVersion": 2, "mediaType": 1, "manifests": []},
            f"the document was announced as `{INDEX}`, but calls itself 1",
        ),
        ({"schemaVersion": 2, "manifests": [], "layers": []}, "an index has `layers` as a manifest has them"),
        ({"schemaVersion": 2, "manifests": [{}]}, "`manifests[0]` has no media type"),
        (
            {"schemaVersion": 2, "manifests": [{"mediaType": "x", "size": True}]},
            "`manifests[0].size` must be a number of bytes",
        ),
        (
            {"schemaVersion": 2, "manifests": [{"mediaType": "x", "size": -1}]},
            "`manifests[0].size` must be a number of bytes",
        ),
        (
            {"schemaVersion": 2, "manifests": [{"mediaType": "x", "size": 1, "digest": "sha512:00"}]},
            '`manifests[0].digest` must be `sha256:` and 64 digits, but is "sha512:00"',
        ),
        (
            {
                "schemaVersion": 2,
                "manifests": [
                    {
                        "mediaType": "x",
                        "size": 1,
                        "digest": digest_of(b""),
                        "platform": {"os": "a\x1b", "architecture": "b"},
                    }
                ],
            },
            "the platform in `manifests[0].platform` is wrong: `a\\x1b/b` is no platform",
        ),
        (
            {
                "schemaVersion": 2,
                "manifests": [{"mediaType": "x", "size": 1, "digest": digest_of(b""), "annotations": {"a": 1}}],
            },
            "`manifests[0].annotations` must be a table of texts",
        ),
    ],
)
def test_what_is_no_index(value: Any, what: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_index(json.dumps(value).encode(), "here")
    assert str(caught.value) == f"error: {what}\n  at here"


def test_what_cannot_be_written_again_is_no_document() -> None:
    for data in (b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b"[" * 100_000, b'{"a": 1e999}', b"9" * 5000):
        with pytest.raises(IntegrityError):
            read_config(data, "here")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({}, "the config does not say for which `os` and `architecture` it is"),
        ({**AMD64}, "the config has no list `rootfs.diff_ids` of layers"),
        ({**AMD64, "rootfs": {"type": "x", "diff_ids": []}}, "the config has no list `rootfs.diff_ids` of layers"),
        (
            {**AMD64, "rootfs": {"type": "layers", "diff_ids": ["x"]}},
            '`rootfs.diff_ids[0]` must be `sha256:` and 64 digits, but is "x"',
        ),
        (
            {**AMD64, "rootfs": {"type": "layers", "diff_ids": []}, "config": 1},
            "`config` in the config must be a table",
        ),
    ],
)
def test_what_is_no_config(value: Any, what: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_config(json.dumps(value).encode(), "here")
    assert str(caught.value) == f"error: {what}\n  at here"


def test_a_layout_says_its_version() -> None:
    with pytest.raises(IntegrityError) as caught:
        read_layout(b'{"imageLayoutVersion":"2.0"}', b"{}", "base")
    assert str(caught.value) == "error: the layout must have the version 1.0.0, but has '2.0'\n  at base/oci-layout"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("linux/amd64", "linux/amd64"),
        ("Linux/x86_64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_a_platform_has_one_name(text: str, name: str) -> None:
    assert str(Platform.parse(text)) == name
    assert Platform.parse(name) == Platform.parse(text)


@pytest.mark.parametrize(
    "text", ["", "linux", "linux/", "/amd64", "linux/amd64/", "a/b/c/d", "linux/a b", "linux/\x1b"]
)
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(ValueError, match="is no platform"):
        Platform.parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = "schemaVersion mediaType manifests layers config rootfs diff_ids type os architecture variant digest size annotations platform"
KEYS = st.sampled_from(WORDS.split())
TREES = st.recursive(
    JSON | st.sampled_from([2, MANIFEST, INDEX, CONFIG, digest_of(b"x"), "layers", "linux"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(TREES | st.binary(max_size=40))
def test_whatever_the_bytes_a_document_is_read_or_refused(value: Any) -> None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    for read in (read_index, read_manifest, read_config):
        with contextlib.suppress(IntegrityError, RequestError):
            read(data, "here")
