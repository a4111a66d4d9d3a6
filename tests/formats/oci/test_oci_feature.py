"""Manifests of features: byte for byte those that the clients of the specification publish."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.oci.feature import CONFIG, collection_manifest, feature_manifest, published_metadata
from packaging_targets.formats.oci.manifest import Descriptor, OciManifest, compact_json
from packaging_targets.model.digest import Digest

ALPHA = {
    "id": "alpha",
    "version": "1.2.3",
    "name": "Alpha",
    "description": "d",
    "options": {"color": {"type": "string", "enum": ["red", "blue"], "default": "red"}},
}
ARCHIVE = Digest("87be521dd9bd67a74f209c745514fab1fb17ae4cd7dea941c821b4d7b7bc8fa0")

# What version 0.89.0 of the reference client stored in a registry for this feature and an archive with this digest.
STORED = (
    '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":'
    '"application/vnd.devcontainers","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",'
    '"size":2},"layers":[{"mediaType":"application/vnd.devcontainers.layer.v1+tar","digest":'
    '"sha256:87be521dd9bd67a74f209c745514fab1fb17ae4cd7dea941c821b4d7b7bc8fa0","size":3584,"annotations":'
    '{"org.opencontainers.image.title":"devcontainer-feature-alpha.tgz"}}],"annotations":{"dev.containers.metadata":'
    '"{\\"id\\":\\"alpha\\",\\"version\\":\\"1.2.3\\",\\"name\\":\\"Alpha\\",\\"description\\":\\"d\\",\\"options\\":'
    '{\\"color\\":{\\"type\\":\\"string\\",\\"enum\\":[\\"red\\",\\"blue\\"],\\"default\\":\\"red\\"}}}"}}'
)


def test_a_feature_is_published_as_the_reference_client_does() -> None:
    manifest = feature_manifest(ALPHA, ARCHIVE, 3584, "localhost:5000")
    assert manifest.to_bytes().decode() == STORED
    assert str(manifest.digest) == "sha256:d5c497290ee50ba07b5302846d283522ce71b13aad15a3cad06dcdefe528da52"


def test_a_collection_is_published_as_the_reference_client_does() -> None:
    manifest = collection_manifest(b"{}\n", "localhost:5000")
    value = json.loads(manifest.to_bytes())
    assert list(value) == ["schemaVersion", "mediaType", "config", "layers"]
    assert value["layers"] == [
        {
            "mediaType": "application/vnd.devcontainers.collection.layer.v1+json",
            "digest": str(Digest.of(b"{}\n")),
            "size": 3,
            "annotations": {"org.opencontainers.image.title": "devcontainer-collection.json"},
        }
    ]
    assert str(manifest.digest) == "sha256:a4532cd3d624e2a5b70164478e6b64f85e4f00b09d44b34943b21ffcf00b5626"


def test_github_wants_one_more_annotation() -> None:
    feature = json.loads(feature_manifest(ALPHA, ARCHIVE, 3584, "ghcr.io").to_bytes())
    assert list(feature["annotations"].items())[1:] == [("com.github.package.type", "devcontainer_feature")]
    collection = json.loads(collection_manifest(b"{}", "ghcr.io").to_bytes())
    assert collection["annotations"] == {"com.github.package.type": "devcontainer_collection"}


def test_a_feature_with_old_names_says_its_new_one() -> None:
    assert published_metadata({"id": "a", "legacyIds": ["b"]}) == {"id": "a", "legacyIds": ["b"], "currentId": "a"}
    assert published_metadata({"id": "a", "legacyIds": ["b"], "currentId": "c"})["currentId"] == "c"
    assert "currentId" not in published_metadata({"id": "a", "legacyIds": []})


def test_the_config_is_what_clients_know() -> None:
    assert str(Digest.of(CONFIG)) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_text_stays_as_it_is() -> None:
    """As `JSON.stringify` writes it: nothing is escaped that need not be."""
    assert compact_json({"ä": '\u2028\x7f\x01\n"\\/😀'}) == '{"ä":"\u2028\x7f\\u0001\\n\\"\\\\/😀"}'.encode()


def test_a_manifest_says_only_what_there_is_to_say() -> None:
    blob = Descriptor("text/plain", Digest.of(b""), 0)
    value = json.loads(OciManifest(blob, (blob,)).to_bytes())
    assert "annotations" not in value
    assert "annotations" not in value["layers"][0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.text(min_size=1))
def test_what_is_published_can_be_read_again(metadata: dict[str, Any], name: str) -> None:
    metadata = {"id": name, "version": "1.0.0", **metadata}
    data = feature_manifest(metadata, ARCHIVE, 1, "localhost").to_bytes()
    assert data == feature_manifest(metadata, ARCHIVE, 1, "localhost").to_bytes()
    told = json.loads(json.loads(data)["annotations"]["dev.containers.metadata"])
    assert told == published_metadata(metadata)
    assert list(told) == list(published_metadata(metadata))
