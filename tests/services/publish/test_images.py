"""Publishing images from their layouts, against a registry in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from layouts import AMD64, ARM64, INDEX, MANIFEST, Layout, digest_of
from registries.fake import FakeRegistry, Fault

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError, RequestError
from packaging_targets.registry.http.transport import Patience
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.services.publish.images import ImagePublishing, WantedImage, publish_images
from packaging_targets.services.publish.report import Report, as_json, as_text

REPOSITORY = "acme/api"
SBOM, PROVENANCE = "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"
EMPTY = digest_of(b"{}")


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


def single(folder: Path, content: bytes = b"1", tag: str = "") -> str:
    """Make a layout of an image of two layers; return its name."""
    layout = Layout()
    annotations = {"annotations": {"org.opencontainers.image.ref.name": tag}} if tag else {}
    image = layout.image(AMD64, {"lower": b"0"}, {"upper": content})
    return layout.names({**image, **annotations}).put(folder)


def both(folder: Path) -> str:
    """Make a layout of an image for two platforms; return its name."""
    layout = Layout()
    images = [layout.image(platform, {"a": b"1"}, told=True) for platform in (AMD64, ARM64)]
    return layout.names(layout.index(*images)).put(folder)


def root(folder: Path, name: str) -> str:
    digest: str = json.loads((folder / name / "index.json").read_bytes())["manifests"][0]["digest"]
    return digest


def publish(home: FakeRegistry, folder: Path, *images: WantedImage, dry_run: bool = False, jobs: int = 4) -> Report:
    asked = ImagePublishing(str(folder), images, home.host, REPOSITORY, dry_run=dry_run, jobs=jobs)
    quick = Patience(attempts=3, sleep=lambda _: None)
    return publish_images(asked, lambda registry: OciClient(registry, credentials=lambda _: None, patience=quick))


def failure(error: type[PackagingError], *arguments: Any, **more: Any) -> str:
    with pytest.raises(error) as caught:
        publish(*arguments, **more)
    assert type(caught.value) is error
    return str(caught.value)


def came(report: Report) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.id, one.outcome, one.tags) for one in report.artifacts]


def test_an_image_is_there_whole_before_its_tags(home: FakeRegistry, tmp_path: Path) -> None:
    name = both(tmp_path / "api")
    report = publish(home, tmp_path, WantedImage("//api:image", name, ("1.2.3", "latest", "1.2")), jobs=1)
    assert came(report) == [("//api:image", "published", ("latest", "1.2", "1.2.3"))]
    digest = root(tmp_path, name)
    assert {home.digest(REPOSITORY, tag) for tag in ("1.2.3", "1.2", "latest")} == {digest}
    index = json.loads(home.manifests[REPOSITORY, "latest"])
    children = [one["digest"] for one in index["manifests"]]
    puts = [path.rpartition("/")[2] for path in home.asked("PUT") if "/blobs/" not in path]
    assert puts == [*children, digest, "latest", "1.2", "1.2.3"]
    order = [one.method + ("/blobs/" in one.path) * " blob" for one in home.log if one.method == "PUT"]
    assert order == ["PUT blob"] * 3 + ["PUT"] * 6  # both have the same layer
    assert [home.types[one] for one in (*children, digest)] == [MANIFEST, MANIFEST, INDEX]
    for child in children:
        manifest = json.loads(home.manifests[REPOSITORY, child])
        for blob in (manifest["config"], *manifest["layers"]):
            path = tmp_path / name / "blobs/sha256" / blob["digest"][7:]
            assert home.blobs[REPOSITORY, blob["digest"]] == path.read_bytes()


def test_the_same_again_asks_for_the_tags_alone(home: FakeRegistry, tmp_path: Path) -> None:
    image = WantedImage("//api:image", single(tmp_path / "api"), ("1.2.3", "latest"))
    first = publish(home, tmp_path, image)
    before = len(home.log)
    again = publish(home, tmp_path, image)
    assert came(again) == [("//api:image", "present", ())]
    assert again.artifacts[0].digest == first.artifacts[0].digest
    assert [one.method for one in home.log[before:]] == ["HEAD", "HEAD"]
    assert as_text(again) == (
        f"is there: {home.host}/{REPOSITORY}:1.2.3  {first.artifacts[0].digest}\nalready there: 1\n"
    )


@pytest.mark.parametrize(
    ("tag", "tags", "expected"),
    [("", (), ("latest",)), ("2.0", (), ("2.0",)), ("2.0", ("next",), ("next",)), ("", ("b", "a", "b"), ("b", "a"))],
)
def test_tags(home: FakeRegistry, tmp_path: Path, tag: str, tags: tuple[str, ...], expected: tuple[str, ...]) -> None:
    report = publish(home, tmp_path, WantedImage("//api:image", single(tmp_path / "api", tag=tag), tags))
    assert report.artifacts[0].tags == expected
    assert home.tags(REPOSITORY) == sorted(expected)


def test_only_what_changed_is_sent(home: FakeRegistry, tmp_path: Path) -> None:
    publish(home, tmp_path, WantedImage("//api:image", single(tmp_path / "api"), ("1",)))
    before = len(home.asked("PUT", "/blobs/"))
    report = publish(home, tmp_path, WantedImage("//api:image", single(tmp_path / "api", b"2"), ("2",)))
    assert came(report) == [("//api:image", "published", ("2",))]
    assert len(home.asked("PUT", "/blobs/")) - before == 2  # the upper layer, and the config that names it


@pytest.mark.parametrize("where", ["here", "elsewhere", "nowhere"])
def test_layers_of_a_base_in_the_same_registry_are_mounted(home: FakeRegistry, tmp_path: Path, where: str) -> None:
    name = single(tmp_path / "api")
    layer = layer_path(tmp_path, name, 0)
    digest = f"sha256:{layer[-64:]}"
    home.blobs["acme/base", digest] = (tmp_path / name / layer).read_bytes()
    host = {"here": home.host, "elsewhere": "example.org", "nowhere": "//other"}[where]
    publish(home, tmp_path, WantedImage("//api:image", name, base=f"{host}/acme/base:1@sha256:{'0' * 64}"))
    assert len(home.asked("PUT", "/blobs/")) == (2 if where == "here" else 3)
    assert (REPOSITORY, digest) in home.blobs


def test_another_tag_for_what_is_there_sends_no_blobs(home: FakeRegistry, tmp_path: Path) -> None:
    name = single(tmp_path / "api")
    publish(home, tmp_path, WantedImage("//api:image", name, ("1",)))
    before = len(home.log)
    report = publish(home, tmp_path, WantedImage("//api:image", name, ("2",)))
    assert came(report) == [("//api:image", "published", ("2",))]
    assert [str(one) for one in home.log[before:]] == [
        f"HEAD /v2/{REPOSITORY}/manifests/2",
        f"HEAD /v2/{REPOSITORY}/manifests/{root(tmp_path, name)}",
        f"PUT /v2/{REPOSITORY}/manifests/2",
    ]


def test_tags_move_but_versions_do_not(home: FakeRegistry, tmp_path: Path) -> None:
    old = single(tmp_path / "api")
    digest = root(tmp_path, old)
    publish(home, tmp_path, WantedImage("//api:image", old, ("1.2.3", "v2.0.0", "1.2", "latest")))
    new = single(tmp_path / "new", b"2")
    before = dict(home.manifests)
    report = publish(home, tmp_path, WantedImage("//api:image", new, ("1.2.3", "v2.0.0", "1.2", "latest")))
    here = root(tmp_path, new)
    assert [str(one) for one in report.problems] == [
        f"error: `{tag}` is published already, and is another image: {digest} there, {here} here\n"
        f"  at {home.host}/{REPOSITORY}:{tag}  (//api:image)\n"
        "  fix: publish it under another version: what is published under one never changes"
        for tag in ("1.2.3", "v2.0.0")
    ]
    assert report.artifacts == ()
    assert home.manifests == before
    moved = publish(home, tmp_path, WantedImage("//api:image", new, ("1.2.4", "1.2", "latest")))
    assert came(moved) == [("//api:image", "published", ("1.2", "latest", "1.2.4"))]
    assert (home.digest(REPOSITORY, "latest"), home.digest(REPOSITORY, "1.2.3")) == (here, digest)


def test_a_dry_run_tells_and_changes_nothing(home: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_text("{}")
    image = WantedImage("//api:image", single(tmp_path / "api"), ("1.2.3",), [(SBOM, "sbom.json")])
    report = publish(home, tmp_path, image, dry_run=True)
    assert came(report) == [("//api:image", "planned", ("1.2.3",))]
    assert {one.method for one in home.log} == {"HEAD"}
    (attached,) = report.artifacts[0].attached
    assert as_text(report) == (
        f"would publish {home.host}/{REPOSITORY} as 1.2.3  {root(tmp_path, 'api')}\n"
        f"  would attach {SBOM}  {attached.digest}\nto be published: 1\n"
    )
    real = publish(home, tmp_path, image)
    assert [one.digest for one in real.artifacts] == [one.digest for one in report.artifacts]
    again = publish(home, tmp_path, image, dry_run=True)
    assert came(again) == [("//api:image", "present", ())]
    assert [one.outcome for one in again.artifacts[0].attached] == ["present"]


@pytest.mark.parametrize("referrers", [True, False])
def test_attachments_name_the_image_as_their_subject(home: FakeRegistry, tmp_path: Path, referrers: bool) -> None:
    home.referrers = referrers
    (tmp_path / "api.cdx.json").write_text('{"bomFormat": "CycloneDX"}')
    (tmp_path / "api.provenance.json").write_text('{"_type": "statement"}')
    name = both(tmp_path / "api")
    digest = root(tmp_path, name)
    image = WantedImage("//api:image", name, ("1",), [(SBOM, "api.cdx.json"), (PROVENANCE, "api.provenance.json")])
    report = publish(home, tmp_path, image)
    assert [(one.type, one.outcome) for one in report.artifacts[0].attached] == [
        (SBOM, "published"),
        (PROVENANCE, "published"),
    ]
    manifest = json.loads(home.manifests[REPOSITORY, report.artifacts[0].attached[0].digest])
    data = b'{"bomFormat": "CycloneDX"}'
    size = len((tmp_path / name / "blobs/sha256" / digest[7:]).read_bytes())
    assert manifest == {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": SBOM,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": EMPTY, "size": 2},
        "layers": [
            {
                "mediaType": SBOM,
                "digest": digest_of(data),
                "size": len(data),
                "annotations": {"org.opencontainers.image.title": "api.cdx.json"},
            }
        ],
        "subject": {"mediaType": INDEX, "digest": digest, "size": size},
    }
    assert home.blobs[REPOSITORY, digest_of(data)] == data
    tag = digest.replace(":", "-")
    assert home.tags(REPOSITORY) == (["1"] if referrers else ["1", tag])
    puts = [path.rpartition("/")[2] for path in home.asked("PUT") if "/blobs/" not in path]
    assert puts[-1] == "1"  # what the tag leads to has all that is attached
    before = len(home.log)
    again = publish(home, tmp_path, image)
    assert [one.outcome for one in again.artifacts[0].attached] == ["present", "present"]
    assert {one.method for one in home.log[before:]} == {"HEAD", "GET"}
    assert [one.digest for one in again.artifacts[0].attached] == [one.digest for one in report.artifacts[0].attached]


def test_what_others_attached_stays_in_the_list(home: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_text("{}")
    name = single(tmp_path / "api")
    publish(home, tmp_path, WantedImage("//api:image", name, ("1",)))
    tag = root(tmp_path, name).replace(":", "-")
    theirs: dict[str, Any] = {
        "mediaType": MANIFEST,
        "digest": f"sha256:{'5' * 64}",
        "size": 7,
        "artifactType": "application/x",
        "data": "e30=",
    }
    listing = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [theirs], "annotations": {"who": "they"}}
    home.manifests[REPOSITORY, tag] = json.dumps(listing).encode()
    home.manifests[REPOSITORY, theirs["digest"]] = b"{}"
    publish(home, tmp_path, WantedImage("//api:image", name, ("1",), [(SBOM, "sbom.json")]))
    found = json.loads(home.manifests[REPOSITORY, tag])
    assert found["manifests"][0] == theirs
    assert found["annotations"] == {"who": "they"}
    assert [one["artifactType"] for one in found["manifests"]] == ["application/x", SBOM]
    assert found["manifests"][1]["digest"] in {digest for _, digest in home.manifests}


def test_who_writes_the_list_at_the_same_time_loses_nothing(home: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_text("{}")
    name = single(tmp_path / "api")
    tag = root(tmp_path, name).replace(":", "-")
    # The registry says that it has stored our list, and has somebody else's.
    home.fail("PUT", f"/manifests/{tag}", Fault(status=201), times=2)
    publish(home, tmp_path, WantedImage("//api:image", name, ("1",), [(SBOM, "sbom.json")]))
    assert len(home.asked("PUT", tag)) == 3
    assert [one["artifactType"] for one in json.loads(home.manifests[REPOSITORY, tag])["manifests"]] == [SBOM]
    home.fail("PUT", "/manifests/sha256-", Fault(status=201), times=9)
    report = publish(
        home, tmp_path, WantedImage("//api:image", single(tmp_path / "b", b"2"), (), [(SBOM, "sbom.json")])
    )
    digest = root(tmp_path, "b")
    assert [str(one) for one in report.problems] == [
        f"error: the list of what is about `{digest}` is written by somebody else all the time\n"
        f"  at {home.host}/{REPOSITORY}:{digest.replace(':', '-')}\n  fix: publish again when nobody else does"
    ]
    assert home.tags(REPOSITORY) == ["1", tag]


def test_a_list_that_is_none_is_not_overwritten(home: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_text("{}")
    name = single(tmp_path / "api")
    publish(home, tmp_path, WantedImage("//api:image", name, ("1",)))
    tag = root(tmp_path, name).replace(":", "-")
    home.manifests[REPOSITORY, tag] = b'{"schemaVersion": 1}'
    report = publish(home, tmp_path, WantedImage("//api:image", name, ("1",), [(SBOM, "sbom.json")]))
    (problem,) = report.problems
    assert problem.what.startswith("the registry's list of what is about an image cannot be read: ")
    assert problem.fix == "delete it there, or move it to another tag"
    assert home.manifests[REPOSITORY, tag] == b'{"schemaVersion": 1}'


def layer_path(folder: Path, name: str, place: int) -> str:
    """Return the path of a layer in a layout."""
    manifest = json.loads((folder / name / "blobs/sha256" / root(folder, name)[7:]).read_bytes())
    return f"blobs/sha256/{manifest['layers'][place]['digest'][7:]}"


def test_no_byte_is_sent_of_a_layout_that_is_damaged(home: FakeRegistry, tmp_path: Path) -> None:
    name = single(tmp_path / "api")
    lower, upper = (layer_path(tmp_path, name, place) for place in (0, 1))
    size = (tmp_path / name / lower).stat().st_size
    (tmp_path / name / lower).write_bytes(b"x")
    (tmp_path / name / upper).unlink()
    report = publish(home, tmp_path, WantedImage("//api:image", name))
    assert sorted(map(str, report.problems)) == [
        f"error: `{upper}` cannot be read: no such file or directory\n"
        f"  at {name}/{upper}\n  fix: make it again: packaging build",
        f"error: the blob has 1 bytes instead of {size}\n  at {name}/{lower}\n  fix: make it again: packaging build",
    ]
    assert {one.method for one in home.log} == {"HEAD"}


def test_no_byte_is_sent_of_a_blob_that_is_another(home: FakeRegistry, tmp_path: Path) -> None:
    name = single(tmp_path / "api")
    path = tmp_path / name / layer_path(tmp_path, name, 0)
    data = path.read_bytes()[:-1] + b"?"
    path.write_bytes(data)
    (problem,) = publish(home, tmp_path, WantedImage("//api:image", name)).problems
    assert str(problem) == (
        f"error: the blob's bytes are not those of its digest: they have {digest_of(data)}\n"
        f"  at {name}/{layer_path(tmp_path, name, 0)}\n  fix: make it again: packaging build"
    )
    assert home.blobs == {}


def test_what_is_no_layout(home: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    several = Layout()
    several.names(several.image(AMD64), several.image(ARM64)).put(tmp_path / "several")
    bad = Layout()
    bad.names(bad.blob(b"x" * 9, "text/plain")).put(tmp_path / "bad")
    images = [WantedImage(f"//a:{name}", name) for name in ("empty", "several", "gone")]
    assert failure(RequestError, home, tmp_path, *images) == (
        "error: `empty` is no OCI image layout: it has no file `oci-layout`\n"
        "  fix: name a folder that holds one\n\n"
        "error: `gone` is no OCI image layout: it has no file `oci-layout`\n"
        "  fix: name a folder that holds one\n\n"
        "error: `several` holds 2 images, and is to hold one\n"
        "  fix: make a layout for each, as in `skopeo copy oci:MANY:TAG oci:ONE`"
    )
    assert failure(IntegrityError, home, tmp_path, WantedImage("//a:bad", "bad")) == (
        f"error: `text/plain` is neither an index nor a manifest\n  at bad {digest_of(b'x' * 9)}"
    )
    assert home.log == []


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(home: FakeRegistry, tmp_path: Path) -> None:
    name = single(tmp_path / "api")
    (tmp_path / "api/index.json").unlink()
    os.mkfifo(tmp_path / "api/index.json")
    assert failure(IntegrityError, home, tmp_path, WantedImage("//a:a", name)) == (
        "error: `index.json` is no file\n  at api/index.json\n  fix: make it again: packaging build"
    )


def test_requests_that_are_wrong(home: FakeRegistry, tmp_path: Path) -> None:
    name = single(tmp_path / "api")
    other = single(tmp_path / "other", b"2")
    assert failure(RequestError, home, tmp_path, WantedImage("//a:a", name, ("1.0+x",), ())) == (
        "error: `1.0+x` is no tag\n  at //a:a\n  fix: use letters, digits, `_`, `.` and `-`, at most 128"
    )
    assert failure(RequestError, home, tmp_path, WantedImage("//a:a", name), WantedImage("//b:b", other)) == (
        f"error: `//a:a` and `//b:b` would both be published as `{home.host}/{REPOSITORY}:latest`\n"
        "  at //b:b\n  fix: give one of them other `tags`, or another `repository`"
    )
    assert failure(RequestError, home, tmp_path, WantedImage("//a:a", name, (), [(SBOM, "none.json")])) == (
        "error: `none.json` cannot be read: no such file or directory\n"
        "  at none.json\n  fix: make it again: packaging build"
    )
    assert home.log == []


def test_several_images_of_one_repository(home: FakeRegistry, tmp_path: Path) -> None:
    one, two = single(tmp_path / "one"), single(tmp_path / "two", b"2")
    report = publish(home, tmp_path, WantedImage("//a:one", one, ("one",)), WantedImage("//a:two", two, ("two",)))
    assert came(report) == [("//a:one", "published", ("one",)), ("//a:two", "published", ("two",))]
    assert list(json.loads(as_json(report))) == [f"{home.host}/{REPOSITORY}:{tag}" for tag in ("one", "two")]


def test_what_fails_on_the_way_leaves_no_tag_and_is_completed_later(home: FakeRegistry, tmp_path: Path) -> None:
    image = WantedImage("//api:image", single(tmp_path / "api"), ("1",))
    home.fail("POST", "/uploads/", Fault(status=413))
    report = publish(home, tmp_path, image)
    assert [one.what for one in report.problems] == ["the registry finds this too large (413)"]
    assert home.manifests == {}
    home.fail("PUT", "/manifests/1", Fault(status=403))
    assert publish(home, tmp_path, image).problems
    assert home.tags(REPOSITORY) == []
    assert came(publish(home, tmp_path, image)) == [("//api:image", "published", ("1",))]


def test_a_registry_that_cannot_be_spoken_to(home: FakeRegistry, tmp_path: Path) -> None:
    home.auth = "basic"
    told = failure(RegistryError, home, tmp_path, WantedImage("//api:image", single(tmp_path / "api")))
    assert told.startswith("error: the registry wants credentials (401")


def test_the_report_for_programs(home: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_text("{}")
    image = WantedImage("//api:image", single(tmp_path / "api"), ("1.2.3", "latest"), [(SBOM, "sbom.json")])
    report = publish(home, tmp_path, image)
    attached = report.artifacts[0].attached[0].digest
    assert json.loads(as_json(report)) == {
        f"{home.host}/{REPOSITORY}:1.2.3": {
            "id": "//api:image",
            "outcome": "published",
            "version": "1.2.3",
            "digest": root(tmp_path, "api"),
            "publishedTags": ["latest", "1.2.3"],
            "attached": [{"type": SBOM, "digest": attached, "outcome": "published"}],
        }
    }
