"""The `oci_image` rule: what is in an image, and what is made again when something changes."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from images import Built, index_of, read_image

from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.publish.offers import plan_publishing

ONE = """
[[oci_image]]
name = "one"
srcs = ["bin/*", "conf/**"]
exclude = ["**/*.bak"]
prefix = "/srv/app"
strip_prefix = "bin"
rename = { "conf/a.ini" = "etc/a.ini" }
executable = ["bin/*"]
owner = "1000"
entrypoint = ["/srv/app/run"]
command = ["--fast"]
env = { LANG = "C.UTF-8" }
user = "1000:1000"
workdir = "/srv/app"
labels = { "org.example.a" = "b" }
ports = [8080, "53/udp"]
volumes = ["/data"]
stop_signal = "SIGINT"
image = "acme/one:1.2"
tar = true
"""
TWO = """
[[command]]
name = "site"
argv = ["sh", "-c", "mkdir {out}/x; echo page >{out}/x/p; echo index >{out}/i"]
outs = ["html/"]

[[archive]]
name = "pack"
srcs = ["conf/*"]
format = "tar"

[[oci_image]]
name = "two"
base = ":one"
platforms = ["linux/amd64"]
compression = "zstd"
env = { LANG = "C", MORE = "1" }
layers = [
  { srcs = ["conf/**"], exclude = ["**/*.bak"], prefix = "/etc/two", compression = "gzip" },
  { srcs = ["bin/run", "TARGETS.toml"], deps = [":site", ":pack"], prefix = "/srv/two", rename = { "html" = "www" } },
]
"""
FILES = {"pkg/bin/run": "#!/bin/sh\n", "pkg/conf/a.ini": "a\n", "pkg/conf/a.ini.bak": "old\n"}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write(FILES)
    return ws


def built(ws: Workspace, entries: str) -> None:
    ws.write({"pkg/TARGETS.toml": entries})
    run = ws.build()
    assert run.exit_code == 0, run.output


def image(ws: Workspace, name: str, architecture: str = "amd64") -> Built:
    return read_image(ws.path(f"dist/pkg/{name}"), architecture)


def test_an_image_of_one_layer_from_nothing(ws: Workspace) -> None:
    built(ws, ONE)
    one = image(ws, "one")
    assert one.names == [["srv/", "srv/app/", "srv/app/etc/", "srv/app/etc/a.ini", "srv/app/run"]]
    members = one.layers[0].values()
    assert [(member.uid, member.gid, oct(member.mode)) for member in members] == [
        (0, 0, "0o755"),
        (1000, 1000, "0o755"),
        (1000, 1000, "0o755"),
        (1000, 1000, "0o644"),
        (1000, 1000, "0o755"),
    ]
    assert one.config["config"] == {
        "User": "1000:1000",
        "ExposedPorts": {"53/udp": {}, "8080/tcp": {}},
        "Env": ["LANG=C.UTF-8"],
        "Entrypoint": ["/srv/app/run"],
        "Cmd": ["--fast"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/srv/app",
        "Labels": {"org.example.a": "b"},
        "StopSignal": "SIGINT",
    }
    (root,) = index_of(ws.path("dist/pkg/one"))["manifests"]
    assert root["digest"][7:23] == "fc9043729edc64fa"
    assert root["annotations"] == {
        "io.containerd.image.name": "docker.io/acme/one:1.2",
        "org.opencontainers.image.ref.name": "1.2",
    }
    blobs = [path.name for path in sorted(ws.path("dist/pkg/one/blobs/sha256").iterdir())]
    assert len(blobs) == 3
    assert ws.read("dist/pkg/one/oci-layout") == '{"imageLayoutVersion":"1.0.0"}'
    assert json.loads(ws.read("dist/pkg/one/manifest.json"))[0]["RepoTags"] == ["acme/one:1.2"]
    with tarfile.open(ws.path("dist/pkg/one.tar")) as tar:
        names = [member.name for member in tar if member.isfile()]
    assert names == [*(f"blobs/sha256/{name}" for name in blobs), "index.json", "manifest.json", "oci-layout"]


def test_layers_on_top_of_another_image(ws: Workspace) -> None:
    built(ws, ONE + TWO)
    one, two = image(ws, "one"), image(ws, "two")
    # What the image below has, such as /etc, is left as it is.
    assert two.names == [
        *one.names,
        ["etc/two/", "etc/two/conf/", "etc/two/conf/a.ini"],
        [
            "srv/two/",
            "srv/two/TARGETS.toml",
            "srv/two/bin/",
            "srv/two/bin/run",
            "srv/two/pack.tar",
            "srv/two/www/",
            "srv/two/www/i",
            "srv/two/www/x/",
            "srv/two/www/x/p",
        ],
    ]
    assert two.texts[2]["srv/two/www/x/p"] == "page\n"
    assert [layer["mediaType"].rpartition("+")[2] for layer in two.manifest["layers"]] == ["gzip", "gzip", "zstd"]
    assert two.manifest["layers"][0] == one.manifest["layers"][0]
    assert two.config["config"]["Env"] == ["LANG=C", "MORE=1"]
    assert two.config["config"]["Entrypoint"] == ["/srv/app/run"]
    (root,) = index_of(ws.path("dist/pkg/two"))["manifests"]
    assert "annotations" not in root
    assert json.loads(ws.read("dist/pkg/two/manifest.json"))[0]["RepoTags"] is None


def test_only_the_layer_that_changed_is_made_again(ws: Workspace) -> None:
    built(ws, ONE + TWO)
    assert ws.build().built == []
    lower = image(ws, "two").manifest["layers"][1]["digest"][7:]
    before = ws.path(f"dist/pkg/two/blobs/sha256/{lower}").stat()
    ws.write({"pkg/bin/run": "#!/bin/sh\n# changed\n"})
    run = ws.build("//pkg:two")
    parts = {name: [one for one in run.built if one.startswith(f"//pkg:{name}#")] for name in ("one", "two")}
    assert parts["one"] == ["//pkg:one#image", "//pkg:one#layer-1"]
    assert parts["two"] == ["//pkg:two#base", "//pkg:two#image", "//pkg:two#layer-2"]
    after = ws.path(f"dist/pkg/two/blobs/sha256/{lower}").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    # What no manifest names any longer is gone: a layer, a config and a manifest were replaced.
    assert len(ws.paths("dist/pkg/two/blobs")) == 5
    two = image(ws, "two")
    assert two.texts[2]["srv/two/bin/run"].endswith("changed\n")
    ws.write(FILES)
    assert ws.build("//pkg:two").built == []


def test_the_same_bytes_in_another_folder_with_another_umask_and_more_workers(tmp_path: Path) -> None:
    found = []
    for number, (umask, jobs) in enumerate((("022", 1), ("077", 2))):
        ws = Workspace(tmp_path / f"number{number}" / "repo", cache=tmp_path / f"cache{number}")
        ws.write({**FILES, "pkg/TARGETS.toml": ONE + TWO})
        run = ws.run(["sh", "-c", f"umask {umask}; exec python -m doit -n {jobs} build"])
        assert run.exit_code == 0, run.output
        found.append(ws.contents())
    assert found[0] == found[1]
    assert "dist/pkg/two/index.json" in found[0]


SEVERAL = """
[[oci_image]]
name = "several"
platforms = ["linux/arm64/v8", "linux/amd64"]
layers = [
  { srcs = ["conf/*.ini"] },
  { srcs = ["bin/run"], platform = "linux/amd64" },
  { srcs = ["bin/*"], prefix = "/arm", platform = "linux/arm64" },
]
image = "several"

[[oci_image]]
name = "on-top"
base = ":several"
platforms = ["linux/arm64"]
user = "app"
"""


def test_several_platforms_share_layers_and_have_their_own(ws: Workspace) -> None:
    built(ws, SEVERAL)
    amd64, arm64 = image(ws, "several"), image(ws, "several", "arm64")
    assert amd64.names == [["conf/", "conf/a.ini"], ["bin/", "bin/run"]]
    assert arm64.names == [["conf/", "conf/a.ini"], ["arm/", "arm/bin/", "arm/bin/run"]]
    assert amd64.manifest["layers"][0] == arm64.manifest["layers"][0]
    (root,) = index_of(ws.path("dist/pkg/several"))["manifests"]
    assert root["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert root["annotations"]["org.opencontainers.image.ref.name"] == "latest"
    assert not ws.path("dist/pkg/several/manifest.json").exists()
    top = image(ws, "on-top", "arm64")
    assert (top.names, top.config["config"]) == (arm64.names, {"User": "app"})
    # One image is on top, and the layers of the other platform are none of its business.
    assert len(ws.paths("dist/pkg/on-top/blobs")) == 4


BESIDE = """
[[oci_image]]
name = "api"
srcs = ["conf/*.ini"]
image = "acme/api:2.0"
sbom = ["cyclonedx", "spdx"]
provenance = true
publish = { registry = "localhost:5000", repository = "acme/api", tags = ["2.0", "latest"] }
"""


def test_what_is_beside_an_image_and_where_it_goes(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    built(ws, BESIDE)
    attachments = [
        ["application/vnd.cyclonedx+json", "dist/pkg/api.cdx.json"],
        ["application/spdx+json", "dist/pkg/api.spdx.json"],
        ["application/vnd.in-toto+json", "dist/pkg/api.provenance.json"],
    ]
    component = json.loads(ws.read("dist/pkg/api.cdx.json"))["metadata"]["component"]
    assert (component["name"], component["version"]) == ("acme/api", "2.0")
    assert json.loads(ws.read("dist/pkg/api.spdx.json"))["spdxVersion"] == "SPDX-2.3"
    statement = json.loads(ws.read("dist/pkg/api.provenance.json"))
    (root,) = index_of(ws.path("dist/pkg/api"))["manifests"]
    assert f"sha256:{statement['subject'][0]['digest']['sha256']}" == root["digest"]
    materials = [
        one.get("name", one.get("uri")) for one in statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    ]
    assert any("pkg/conf/a.ini" in str(one) for one in materials)
    monkeypatch.chdir(ws.root)
    ((offer,),) = plan_publishing([]).groups
    assert offer.value == {
        "kind": "image",
        "layout": "dist/pkg/api",
        "registry": "localhost:5000",
        "repository": "acme/api",
        "tags": ["2.0", "latest"],
        "base": "scratch",
        "attachments": attachments,
    }


def test_source_date_epoch_is_the_time_of_all(ws: Workspace) -> None:
    ws.environment["SOURCE_DATE_EPOCH"] = "1700000000"
    built(ws, '[[oci_image]]\nname = "one"\nsrcs = ["conf/*.ini"]\n')
    one = image(ws, "one")
    assert one.config["created"] == one.config["history"][0]["created"] == "2023-11-14T22:13:20Z"
    assert {member.mtime for member in one.layers[0].values()} == {1_700_000_000}
