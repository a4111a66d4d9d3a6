"""All that an image consists of, in the order in which it can be handed on."""

from __future__ import annotations

import json

import pytest
from layouts import AMD64, ARM64, Layout, digest_of

from packaging_targets.errors import IntegrityError, PackagingError, RequestError
from packaging_targets.formats.oci.contents import Contents, contents_of
from packaging_targets.formats.oci.layout import read_layout
from packaging_targets.formats.oci.manifest import Descriptor


class Folder:
    """Documents of a layout in memory."""

    def __init__(self, layout: Layout) -> None:
        self.files = layout.files

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        return self.files[f"blobs/sha256/{descriptor.digest.hex}"][: limit + 1]


def contents(layout: Layout) -> Contents:
    (root,) = read_layout(layout.files["oci-layout"], layout.files["index.json"], "it")
    return contents_of(root, Folder(layout), "it")


def refusal(layout: Layout, error: type[PackagingError] = IntegrityError) -> str:
    with pytest.raises(error) as caught:
        contents(layout)
    return str(caught.value)


def test_what_names_something_comes_after_it() -> None:
    layout = Layout()
    one, two = (layout.image(platform, {"a": b"1"}, {"b": b"2"}) for platform in (AMD64, ARM64))
    inner = layout.index(two)
    outer = layout.index(one, inner, one)
    found = contents(layout.names(outer))
    assert [str(each.descriptor.digest) for each in found.documents] == [
        each["digest"] for each in (one, two, inner, outer)
    ]
    assert str(found.root.digest) == outer["digest"]
    assert [each.manifest is not None for each in found.documents] == [True, True, False, False]
    blobs = {str(blob.digest) for blob in found.blobs}
    documents = {str(each.descriptor.digest) for each in found.documents}
    assert len(found.blobs) == 4, "two layers, of which both images consist, and a config of each"
    assert blobs | documents == {f"sha256:{name[-64:]}" for name in layout.files if name.startswith("blobs/")}
    for each in found.documents:
        assert digest_of(each.data) == str(each.descriptor.digest)


def test_a_document_is_what_it_calls_itself() -> None:
    layout = Layout()
    image = layout.image(AMD64)
    manifest = json.loads(layout.files[f"blobs/sha256/{image['digest'][7:]}"])
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    found = contents(layout.names(layout.document({**manifest, "mediaType": docker})))
    assert found.documents[0].media_type == docker
    assert found.root.media_type == "application/vnd.oci.image.manifest.v1+json"


def test_what_is_no_image() -> None:
    layout = Layout()
    root = layout.blob(b"hello", "text/plain")
    assert refusal(layout.names(root)) == (
        f"error: `text/plain` is neither an index nor a manifest\n  at it {root['digest']}"
    )
    layout = Layout()
    root = layout.image(AMD64)
    layout.files[f"blobs/sha256/{root['digest'][7:]}"] += b" "
    assert "the document has " in refusal(layout.names(root))
    layout = Layout()
    old = layout.blob(b'{"schemaVersion":1}', "application/vnd.docker.distribution.manifest.v1+prettyjws")
    assert "schema 1" in refusal(layout.names(old), RequestError)


def test_limits() -> None:
    layout = Layout()
    nested = layout.image(AMD64)
    for _ in range(4):
        nested = layout.index(nested)
    assert refusal(layout.names(nested)) == "error: there are more than 3 indexes below one another\n  at it"
    layout = Layout()
    images = [layout.image(AMD64, config={"author": str(number)}) for number in range(501)]
    assert refusal(layout.names(layout.index(*images))) == (
        "error: there are more than 500 indexes and manifests\n  at it"
    )
