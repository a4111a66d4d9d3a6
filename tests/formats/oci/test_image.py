"""Configs, manifests and indexes: to the byte, and what a parent image hands down."""

from __future__ import annotations

import json
from typing import Any

import pytest

from packaging_targets.errors import IntegrityError, PackagingError
from packaging_targets.formats.oci.documents import read_config, read_index, read_manifest
from packaging_targets.formats.oci.image import ImageName, Parent, Settings, docker_manifest, write_image, write_root
from packaging_targets.formats.oci.layout import Image, Layer
from packaging_targets.formats.oci.manifest import MANIFEST_TYPE, Descriptor, OciManifest
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.digest import Digest

AMD64, ARM = Platform.parse("linux/amd64"), Platform.parse("linux/arm")
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def layer(name: bytes, **annotations: str) -> Layer:
    return Layer(Descriptor(LAYER_TYPE, Digest.of(name), len(name), annotations), Digest.of(b"plain " + name))


def parent(**members: Any) -> Image:
    whole = {"architecture": "amd64", "os": "linux", **members}
    return Image(AMD64, Digest.of(b"manifest"), whole, (layer(b"below"),))


def written(
    settings: Settings, *layers: Layer, platform: Platform = AMD64, on: Image | None = None, created: int = 0
) -> tuple[dict[str, Any], OciManifest, Descriptor]:
    """Write an image; return its config, its manifest and the descriptor of that."""
    put: list[bytes] = []
    root = write_image(put.append, platform, layers, settings, parent=on, created=created)
    config, manifest = put
    assert Digest.of(manifest) == root.digest
    found = read_manifest(manifest, "here")
    assert found.config.digest == Digest.of(config)
    assert len(read_config(config, "here").diff_ids) == len(found.layers)
    return json.loads(config), found, root


SETTINGS = Settings(
    entrypoint=["/app/run"],
    command=["--fast"],
    env={"B": "2", "A": "1"},
    user="1000:1000",
    workdir="/app",
    labels={"z": "1", "a": "2"},
    ports=["8080/tcp", "53/udp"],
    volumes=["/data"],
    stop_signal="SIGINT",
)


def test_the_golden_bytes_of_an_image_of_its_own() -> None:
    put: list[bytes] = []
    root = write_image(put.append, ARM, [layer(b"one"), layer(b"two")], SETTINGS, created=1_700_000_000)
    assert put[0].decode() == (
        '{"created":"2023-11-14T22:13:20Z","architecture":"arm","os":"linux","variant":"v7","config":{"User":"1000:1000",'
        '"ExposedPorts":{"53/udp":{},"8080/tcp":{}},"Env":["A=1","B=2"],"Entrypoint":["/app/run"],"Cmd":["--fast"],'
        '"Volumes":{"/data":{}},"WorkingDir":"/app","Labels":{"a":"2","z":"1"},"StopSignal":"SIGINT"},"rootfs":'
        f'{{"type":"layers","diff_ids":["{Digest.of(b"plain one")}","{Digest.of(b"plain two")}"]}},"history":['
        '{"created":"2023-11-14T22:13:20Z","created_by":"packaging-targets"},'
        '{"created":"2023-11-14T22:13:20Z","created_by":"packaging-targets"}]}'
    )
    assert put[1].decode() == (
        f'{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","config":{{"mediaType":'
        f'"application/vnd.oci.image.config.v1+json","digest":"{Digest.of(put[0])}","size":{len(put[0])}}},"layers":['
        f'{{"mediaType":"{LAYER_TYPE}","digest":"{Digest.of(b"one")}","size":3}},'
        f'{{"mediaType":"{LAYER_TYPE}","digest":"{Digest.of(b"two")}","size":3}}]}}'
    )
    assert str(root.digest)[7:23] == "098e8bf600eb513d"


def test_what_a_parent_says_is_kept_where_nothing_is_said() -> None:
    run = {
        "User": "app",
        "ExposedPorts": {"80/tcp": {}},
        "Env": ["PATH=/bin", "B=0", "ODD"],
        "Entrypoint": ["/entry"],
        "Cmd": ["serve"],
        "Volumes": {"/v": {}},
        "WorkingDir": "/w",
        "Labels": {"m": "1", "a": "0"},
        "StopSignal": "SIGQUIT",
        "Healthcheck": {"Test": ["CMD", "true"]},
        "OnBuild": ["RUN rm -rf /"],
        "Image": "sha256:old",
    }
    below = parent(author="ann", container="x", config=run, **{"os.version": "10"})
    kept, _, _ = written(Settings(), on=below)
    assert kept["config"] == {
        **{name: run[name] for name in run if name not in {"OnBuild", "Image"}},
        "Env": ["PATH=/bin", "B=0", "ODD="],
        "Labels": {"a": "0", "m": "1"},
    }
    assert (kept["author"], kept["os.version"]) == ("ann", "10")
    assert "container" not in kept
    joined, manifest, _ = written(SETTINGS, layer(b"own"), on=below)
    assert joined["config"] == {
        "User": "1000:1000",
        "ExposedPorts": {"53/udp": {}, "80/tcp": {}, "8080/tcp": {}},
        "Env": ["PATH=/bin", "B=2", "ODD=", "A=1"],
        "Entrypoint": ["/app/run"],
        "Cmd": ["--fast"],
        "Volumes": {"/data": {}, "/v": {}},
        "WorkingDir": "/app",
        "Labels": {"a": "2", "m": "1", "z": "1"},
        "StopSignal": "SIGINT",
        "Healthcheck": {"Test": ["CMD", "true"]},
    }
    assert [one.digest for one in manifest.layers] == [Digest.of(b"below"), Digest.of(b"own")]


@pytest.mark.parametrize(
    ("settings", "entrypoint", "command"),
    [
        (Settings(), ["/entry"], ["serve"]),
        (Settings(command=["other"]), ["/entry"], ["other"]),
        (Settings(entrypoint=["/mine"]), ["/mine"], None),
        (Settings(entrypoint=[], command=["x"]), None, ["x"]),
        (Settings(command=[]), ["/entry"], None),
    ],
)
def test_an_entry_point_of_ones_own_takes_the_command_away(
    settings: Settings, entrypoint: list[str] | None, command: list[str] | None
) -> None:
    config, _, _ = written(settings, on=parent(config={"Entrypoint": ["/entry"], "Cmd": ["serve"]}))
    assert (config["config"].get("Entrypoint"), config["config"].get("Cmd")) == (entrypoint, command)


def test_history_has_as_many_steps_as_there_are_layers() -> None:
    told = [{"created_by": "FROM"}, {"created_by": "ENV", "empty_layer": True}]
    config, _, _ = written(Settings(), layer(b"own"), on=parent(history=told))
    assert config["history"] == [*told, {"created": "1970-01-01T00:00:00Z", "created_by": "packaging-targets"}]
    for untrue in (None, [], [*told, {}]):
        config, _, _ = written(Settings(), on=parent(history=untrue))
        assert config["history"] == [{"comment": "of the parent image"}]


def test_a_parent_without_a_config_of_its_own_hands_nothing_down() -> None:
    config, _, _ = written(Settings(user="a"), on=parent(config=None))
    assert config["config"] == {"User": "a"}


def test_annotations_of_a_parents_layers_are_kept() -> None:
    below = Image(AMD64, Digest.of(b""), {"architecture": "amd64", "os": "linux"}, (layer(b"x", toc="1"),))
    _, manifest, _ = written(Settings(), on=below)
    assert manifest.layers[0].annotations == {"toc": "1"}


def test_the_file_of_a_parent_says_all_of_it() -> None:
    other = Image(ARM, Digest.of(b"arm"), {"architecture": "arm", "os": "linux"}, ())
    whole = Parent(Digest.of(b"index"), (parent(config={"User": "ä"}), other))
    data = whole.to_bytes()
    assert Parent.from_bytes(data) == whole
    assert data.startswith(b'{"digest":"sha256:')
    assert data.endswith(b"\n")
    assert list(json.loads(data)["platforms"]) == ["linux/amd64", "linux/arm/v7"]
    assert whole.image(ARM) is other


def test_an_index_is_made_for_several_platforms_alone() -> None:
    put: list[bytes] = []
    images = [written(Settings(), platform=platform)[2] for platform in (AMD64, ARM)]
    single = write_root(put.append, images[:1], None)
    assert (put, read_index(single, "here")) == ([], tuple(images[:1]))
    (root,) = read_index(write_root(put.append, images, ImageName.parse("acme/api:1.2")), "here")
    assert (root.digest, root.platform) == (Digest.of(put[0]), None)
    assert root.annotations == {
        "io.containerd.image.name": "docker.io/acme/api:1.2",
        "org.opencontainers.image.ref.name": "1.2",
    }
    assert read_index(put[0], "here") == tuple(images)


def test_old_engines_find_config_and_layers_by_their_paths() -> None:
    put: list[bytes] = []
    write_image(put.append, AMD64, [layer(b"one")], Settings())
    assert json.loads(docker_manifest(put[1], "blobs/sha256/", ImageName.parse("api"))) == [
        {
            "Config": f"blobs/sha256/{Digest.of(put[0]).hex}",
            "RepoTags": ["api:latest"],
            "Layers": [f"blobs/sha256/{Digest.of(b'one').hex}"],
        }
    ]
    assert json.loads(docker_manifest(put[1], "b/", None))[0]["RepoTags"] is None


def test_times_that_no_date_can_tell_are_refused() -> None:
    assert written(Settings(), created=253_402_300_799)[0]["created"] == "9999-12-31T23:59:59Z"
    with pytest.raises(PackagingError) as caught:
        written(Settings(), created=253_402_300_800)
    assert str(caught.value) == (
        "error: the config of an image has no room for the time 253402300800\n"
        "  fix: set SOURCE_DATE_EPOCH to seconds since 1970"
    )


@pytest.mark.parametrize(
    ("text", "name", "full"),
    [
        ("api", "api:latest", "docker.io/library/api:latest"),
        ("acme/api:1.2", "acme/api:1.2", "docker.io/acme/api:1.2"),
        ("ghcr.io/acme/api", "ghcr.io/acme/api:latest", "ghcr.io/acme/api:latest"),
        ("localhost/api:x", "localhost/api:x", "localhost/api:x"),
        ("localhost:5000/api", "localhost:5000/api:latest", "localhost:5000/api:latest"),
        ("[::1]:5000/a__b/c-d", "[::1]:5000/a__b/c-d:latest", "[::1]:5000/a__b/c-d:latest"),
    ],
)
def test_names(text: str, name: str, full: str) -> None:
    found = ImageName.parse(text)
    assert (str(found), found.full) == (name, full)
    assert ImageName.parse(str(found)) == found


@pytest.mark.parametrize("text", ["", "API", "a//b", "/a", "a/", "-a", "a..b", "a b", "a\n", "ghcr.io/", "a" * 256])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="a name has lower-case letters and digits"):
        ImageName.parse(text)


@pytest.mark.parametrize("text", ["a:", "a:.b", "a:b c", "a:" + "b" * 129, "a:b@sha256:00"])
def test_what_is_no_tag(text: str) -> None:
    with pytest.raises(ValueError, match=r"a tag has letters, digits|a name has"):
        ImageName.parse(text)


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ({"config": {"Env": [1]}}, "`config.Env` in the config must be a list of texts"),
        ({"config": {"Cmd": "sh"}}, "`config.Cmd` in the config must be a list of texts"),
        ({"config": {"Healthcheck": 5}}, "`config.Healthcheck` in the config must be a table"),
        ({"config": {"Shell": "sh"}}, "`config.Shell` in the config must be a list of texts"),
        ({"config": {"ArgsEscaped": 1}}, "`config.ArgsEscaped` in the config must be true or false"),
        ({"author": {"a": 1}}, "`author` in the config must be a text"),
        ({"os.version": [1]}, "`os.version` in the config must be a text"),
        ({"os.features": "x"}, "`os.features` in the config must be a list of texts"),
        ({"variant": 5}, "`variant` in the config must be a text"),
        ({"config": {"Labels": []}}, "`config.Labels` in the config must be a table of texts"),
        ({"config": {"Labels": {"a": 1}}}, "`config.Labels` in the config must be a table of texts"),
        ({"config": {"User": {}}}, "`config.User` in the config must be a text"),
        ({"history": {"a": 1}}, "`history` in the config must be a list of tables"),
        ({"history": [1]}, "`history` in the config must be a list of tables"),
    ],
)
def test_what_a_parent_hands_down_has_to_be_of_its_form(member: dict[str, Any], what: str) -> None:
    whole = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}, **member}
    with pytest.raises(IntegrityError) as caught:
        read_config(json.dumps(whole).encode(), "here")
    assert str(caught.value) == f"error: {what}\n  at here"
