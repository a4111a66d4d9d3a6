"""Publishing packed features, against a registry in this process."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registries.fake import FakeRegistry, Fault
from tars import made

from packaging_targets.errors import PackagingError
from packaging_targets.registry.http.transport import Patience, Transport
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.services.publish.features import FeaturePublishing, publish_features
from packaging_targets.services.publish.report import Report, as_json, as_text

NS = "acme/features"


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


def packed(folder: Path, *features: dict[str, Any], salt: str = "") -> str:
    """Make a folder of packed features; `salt` makes their archives differ."""
    folder.mkdir(parents=True, exist_ok=True)
    for feature in features:
        name = f"{feature['id'].replace('_', '-').lower()}-{feature['version']}.tgz"
        (folder / name).write_bytes(archive(feature, salt))
    listing = {"sourceInformation": {"source": "devcontainer-cli"}, "features": list(features)}
    (folder / "devcontainer-collection.json").write_text(json.dumps(listing, indent=4) + "\n")
    return str(folder)


def archive(metadata: dict[str, Any], salt: str = "", **links: str) -> bytes:
    """Return a small archive of a feature; `links` are symbolic ones. Without a script if the salt is `bare`."""
    files = {"devcontainer-feature.json": json.dumps(metadata)}
    if salt != "bare":
        files["install.sh"] = f"#!/bin/sh\n# {salt}\n"
    return made(
        *({"name": f"./{name}", "data": text.encode()} for name, text in files.items()),
        *({"name": f"./{name}", "type": tarfile.SYMTYPE, "linkname": leads} for name, leads in links.items()),
    )


def feature(feature_id: str, version: str = "1.2.3", **more: Any) -> dict[str, Any]:
    return {"id": feature_id, "version": version, "name": feature_id.title(), **more}


def publish(home: FakeRegistry, *folders: str, jobs: int = 4, dry_run: bool = False) -> Report:
    asked = FeaturePublishing(folders, home.host, NS, dry_run=dry_run, jobs=jobs)
    quick = Patience(attempts=3, sleep=lambda _: None)
    return publish_features(asked, lambda registry: OciClient(registry, credentials=lambda _: None, patience=quick))


def outcomes(report: Report) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.id, one.outcome, one.tags) for one in report.artifacts]


def test_a_collection_is_published_in_the_form_that_clients_read(home: FakeRegistry, tmp_path: Path) -> None:
    report = publish(home, packed(tmp_path, feature("alpha"), feature("beta_x", "2.0.0")))
    assert outcomes(report) == [
        ("alpha", "published", ("1", "1.2", "latest", "1.2.3")),
        ("beta_x", "published", ("2", "2.0", "latest", "2.0.0")),
        ("", "published", ("latest",)),
    ]
    assert home.tags(f"{NS}/alpha") == ["1", "1.2", "1.2.3", "latest"]
    manifest = json.loads(home.manifests[f"{NS}/alpha", "1.2.3"])
    assert manifest["annotations"] == {"dev.containers.metadata": '{"id":"alpha","version":"1.2.3","name":"Alpha"}'}
    layer = manifest["layers"][0]
    assert home.blobs[f"{NS}/alpha", layer["digest"]] == archive(feature("alpha"))
    assert layer["annotations"] == {"org.opencontainers.image.title": "devcontainer-feature-alpha.tgz"}
    collection = json.loads(home.manifests[NS, "latest"])["layers"][0]
    assert home.blobs[NS, collection["digest"]] == (tmp_path / "devcontainer-collection.json").read_bytes()


def test_the_same_again_writes_nothing(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("alpha"), feature("beta"))
    first = publish(home, folder)
    before = len(home.log)
    again = publish(home, folder)
    assert [one.outcome for one in again.artifacts] == ["present", "present", "present"]
    assert [one.digest for one in again.artifacts] == [one.digest for one in first.artifacts]
    assert {str(one).partition(" ")[0] for one in home.log[before:]} == {"HEAD"}
    assert len(home.log) - before == 3


def test_the_same_sources_give_the_same_digest_anywhere(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        with FakeRegistry() as registry:
            report = publish(registry, packed(tmp_path / name, feature("alpha")), jobs=1)
            digests.append([one.digest for one in report.artifacts])
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("version", "moved"),
    [
        ("1.2.4", ("1.2", "1.2.4")),
        ("2.1.0", ("2", "2.1", "latest", "2.1.0")),
        ("1.1.9", ("1.1", "1.1.9")),
        ("3.0.0-rc.1", ("3.0.0-rc.1",)),
    ],
)
def test_tags_move_to_the_newest(home: FakeRegistry, tmp_path: Path, version: str, moved: tuple[str, ...]) -> None:
    for there in ("1.2.3", "1.9.0", "2.0.0", "9.0.0-beta.1"):
        publish(home, packed(tmp_path / there, feature("alpha", there)))
    before = {tag: home.digest(f"{NS}/alpha", tag) for tag in home.tags(f"{NS}/alpha")}
    report = publish(home, packed(tmp_path / version, feature("alpha", version)))
    assert report.artifacts[0].tags == moved
    after = {tag: home.digest(f"{NS}/alpha", tag) for tag in home.tags(f"{NS}/alpha")}
    assert {tag for tag in after if after[tag] != before.get(tag)} == set(moved)
    assert {after[tag] for tag in moved} == {report.artifacts[0].digest}


def test_a_version_that_is_there_with_other_content_stays_and_is_told(home: FakeRegistry, tmp_path: Path) -> None:
    publish(home, packed(tmp_path / "a", feature("alpha")))
    before = home.manifests[f"{NS}/alpha", "1.2.3"]
    report = publish(home, packed(tmp_path / "b", feature("alpha"), salt="other"))
    assert outcomes(report)[0] == ("alpha", "different", ())
    assert [str(one) for one in report.warnings] == [
        "error: `alpha` 1.2.3 is published already, and with other content than is here\n"
        f"  at {home.host}/{NS}/alpha:1.2.3\n  fix: raise `version`: what is published under one never changes"
    ]
    assert home.manifests[f"{NS}/alpha", "1.2.3"] == before
    assert as_text(report).splitlines()[0].startswith(f"KEPT, and differs: {home.host}/{NS}/alpha:1.2.3  sha256:")


def test_a_dry_run_tells_and_changes_nothing(home: FakeRegistry, tmp_path: Path) -> None:
    report = publish(home, packed(tmp_path, feature("alpha")), dry_run=True)
    assert outcomes(report) == [
        ("alpha", "planned", ("1", "1.2", "latest", "1.2.3")),
        ("", "planned", ("latest",)),
    ]
    assert {one.method for one in home.log} == {"HEAD", "GET"}
    assert (home.blobs, home.manifests) == ({}, {})
    assert as_text(report).splitlines()[-1] == "to be published: 2"
    real = publish(home, str(tmp_path))
    assert [one.digest for one in real.artifacts] == [one.digest for one in report.artifacts]


def test_old_names_lead_to_the_feature(home: FakeRegistry, tmp_path: Path) -> None:
    report = publish(home, packed(tmp_path, feature("new", legacyIds=["old", "new"])))
    assert [one.id for one in report.artifacts] == ["new", "old", ""]
    assert home.digest(f"{NS}/old", "latest") == home.digest(f"{NS}/new", "latest")
    told = json.loads(json.loads(home.manifests[f"{NS}/old", "1"])["annotations"]["dev.containers.metadata"])
    assert told["currentId"] == "new"
    assert len(home.asked("PUT", f"{NS}/new/blobs/")) == 2
    assert len(home.asked("PUT", f"{NS}/old/blobs/")) == 1  # the config; the archive is mounted


def test_names_are_lower_case_in_a_registry(home: FakeRegistry, tmp_path: Path) -> None:
    publish(home, packed(tmp_path, feature("Alpha")))
    assert home.tags(f"{NS}/alpha") == ["1", "1.2", "1.2.3", "latest"]


def test_several_folders_become_one_collection(home: FakeRegistry, tmp_path: Path) -> None:
    report = publish(home, packed(tmp_path / "b", feature("beta")), packed(tmp_path / "a", feature("alpha")))
    assert [one.id for one in report.artifacts] == ["alpha", "beta", ""]
    layer = json.loads(home.manifests[NS, "latest"])["layers"][0]
    listing = json.loads(home.blobs[NS, layer["digest"]])
    assert [one["id"] for one in listing["features"]] == ["alpha", "beta"]
    assert listing["sourceInformation"] == {"source": "devcontainer-cli"}


@pytest.mark.parametrize("dry_run", [True, False])
def test_features_that_the_collection_would_lose_are_named(home: FakeRegistry, tmp_path: Path, dry_run: bool) -> None:
    publish(home, packed(tmp_path / "all", *(feature(f"f{number:02}") for number in range(11))))
    report = publish(home, packed(tmp_path / "one", feature("f00"), feature("new")), dry_run=dry_run)
    lost = ", ".join(f"`f{number:02}`" for number in range(1, 9))
    assert [str(one) for one in report.warnings] == [
        f"error: the collection at `{home.host}/{NS}` lists {lost} and 2 more, "
        "and lists them no more when this is published\n"
        f"  at {home.host}/{NS}\n"
        "  fix: publish all features of a namespace together; their versions stay as they are"
    ]
    assert report.artifacts[-1].outcome == ("planned" if dry_run else "published")
    again = publish(home, str(tmp_path / "one"))
    assert bool(again.warnings) == dry_run


@pytest.mark.parametrize(
    "layers",
    [
        None,
        [],
        [{}],
        [{"digest": 5, "size": 1}],
        [{"digest": "sha256:" + "0" * 64, "size": 9}],
        [{"digest": "sha256:" + "0" * 64, "size": 1 << 50}],
    ],
)
def test_what_is_no_collection_loses_nothing(home: FakeRegistry, tmp_path: Path, layers: Any) -> None:
    home.manifests[NS, "latest"] = data = json.dumps({"layers": layers}).encode()
    home.manifests[NS, f"sha256:{hashlib.sha256(data).hexdigest()}"] = data
    report = publish(home, packed(tmp_path, feature("alpha")))
    assert (report.warnings, report.problems) == ((), ())


# Killed, cut, refused


@pytest.mark.parametrize("requests", range(1, 15))
def test_killed_after_any_request_the_next_publishing_completes_it(
    tmp_path: Path, requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = packed(tmp_path / "a", feature("alpha"))
    with FakeRegistry() as whole:
        publish(whole, folder)
        expected = (whole.blobs, whole.manifests)
    with FakeRegistry() as home:
        left = [requests]

        def dying(self: Any, request: Any) -> Any:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return type(self)._real(self, request)

        monkeypatch.setattr(Transport, "_real", Transport.send, raising=False)
        monkeypatch.setattr(Transport, "send", dying)
        with pytest.raises(KeyboardInterrupt):
            publish(home, folder, jobs=1)
        monkeypatch.undo()
        assert "1.2.3" not in home.tags(f"{NS}/alpha") or len(home.tags(f"{NS}/alpha")) == 4
        publish(home, folder)
        assert (home.blobs, home.manifests) == expected


def test_what_fails_is_told_and_the_rest_goes_on_without_the_collection(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, *(feature(f"f{number}") for number in range(4)))
    home.fail("POST", f"{NS}/f1/blobs", Fault(status=413), times=9)
    report = publish(home, folder)
    assert [one.id for one in report.artifacts] == ["f0", "f2", "f3"]
    assert [str(one).splitlines()[0] for one in report.problems] == ["error: the registry finds this too large (413)"]
    assert (NS, "latest") not in home.manifests
    assert as_text(report).splitlines()[-1] == "published: 3, failed: 1"
    home.heal()
    again = publish(home, folder)
    assert [one.outcome for one in again.artifacts] == ["present", "published", "present", "present", "published"]


def test_a_registry_that_fails_is_not_asked_for_every_feature(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, *(feature(f"f{number:02}") for number in range(40)))
    home.fail("POST", "/uploads/", Fault(status=500), times=999)
    report = publish(home, folder, jobs=2)
    assert 5 <= len(report.problems) <= 7
    assert report.untried == 40 - len(report.problems)
    assert as_text(report).endswith(f"failed: {len(report.problems)}, not tried: {report.untried}\n")


def test_a_registry_that_wants_credentials_is_asked_once(home: FakeRegistry, tmp_path: Path) -> None:
    home.auth = "basic"
    with pytest.raises(PackagingError, match="the registry wants credentials"):
        publish(home, packed(tmp_path, feature("alpha"), feature("beta")))
    assert len(home.log) == 2


# What is wrong with the folder, told before the registry is spoken to


def refused(home: FakeRegistry, *folders: str) -> str:
    with pytest.raises(PackagingError) as caught:
        publish(home, *folders)
    assert home.log == []
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_build_metadata_is_refused(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("alpha", "1.3.0+build5"), feature("beta", "1.x"))
    where = f"{folder}/devcontainer-collection.json"
    assert refused(home, folder) == (
        "error: the version of `alpha` is `1.3.0+build5`, and no registry takes the `+` of build metadata in a tag\n"
        f'  at {where}  ($.features[0].version)\n  fix: write "version": "1.3.0"\n\n'
        "error: the version of `beta` must be a semantic version, but is `1.x`\n"
        f"  at {where}  ($.features[1].version)\n  fix: write one such as 1.2.3"
    )


def test_a_folder_without_a_collection(home: FakeRegistry, tmp_path: Path) -> None:
    assert refused(home, str(tmp_path)) == (
        f"error: `{tmp_path}` holds no `devcontainer-collection.json`\n  at {tmp_path}\n"
        "  fix: pack the features first: features package"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", 'is not JSON: expected `}` or a key in `"`, but the file ends'),
        ("[]", "lists no features"),
        ('{"features": []}', "lists no features"),
        ('{"features": {"a": 1}}', "lists no features"),
    ],
)
def test_a_collection_that_is_none(home: FakeRegistry, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "devcontainer-collection.json").write_text(text)
    assert refused(home, str(tmp_path)).splitlines()[0] == f"error: `devcontainer-collection.json` {told}"


@pytest.mark.parametrize(
    "entry", [5, {}, {"id": "a"}, {"version": "1.0.0"}, {"id": "", "version": "1.0.0"}, {"id": 5, "version": "1.0.0"}]
)
def test_entries_that_are_no_features(home: FakeRegistry, tmp_path: Path, entry: Any) -> None:
    (tmp_path / "devcontainer-collection.json").write_text(json.dumps({"features": [entry]}))
    assert "a feature has no `id` or no `version`" in refused(home, str(tmp_path))


def test_everything_that_is_wrong_is_told_at_once(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(
        tmp_path,
        feature("gone"),
        feature("fifo"),
        feature("twice"),
        feature("other", legacyIds=["TWICE"]),
        feature("old", legacyIds="x"),
    )
    (tmp_path / "gone-1.2.3.tgz").unlink()
    (tmp_path / "fifo-1.2.3.tgz").unlink()
    __import__("os").mkfifo(tmp_path / "fifo-1.2.3.tgz")
    told = refused(home, folder)
    assert "the archive of `gone` 1.2.3 is missing: `gone-1.2.3.tgz`" in told
    assert f"`{tmp_path}/fifo-1.2.3.tgz` is no regular file" in told
    assert "would both be published as `twice`" in told
    assert "`legacyIds` of `old` must be a list of strings" in told


def test_an_id_that_is_no_repository(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("a..b"))
    (tmp_path / "a-b-1.2.3.tgz").write_bytes(archive(feature("a..b")))
    assert f"`{NS}/a..b` is no repository" in refused(home, folder)


def test_archives_may_have_the_name_of_the_reference_client(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("alpha"))
    (tmp_path / "alpha-1.2.3.tgz").rename(tmp_path / "devcontainer-feature-alpha.tgz")
    assert publish(home, folder).artifacts[0].outcome == "published"


def test_an_archive_that_clients_cannot_use(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("alpha"))
    (tmp_path / "alpha-1.2.3.tgz").write_bytes(archive(feature("alpha"), out="../../x", abs="/etc/passwd"))
    told = refused(home, folder).splitlines()
    assert [line for line in told if line.startswith("error")] == [
        f"error: `{folder}/alpha-1.2.3.tgz/abs` is a symbolic link to `/etc/passwd`, an absolute path",
        f"error: `{folder}/alpha-1.2.3.tgz/out` is a symbolic link to `../../x`, "
        "which leaves the feature's folder or leads in a circle",
    ]


def test_a_feature_may_be_published_without_a_script(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("alpha"), salt="bare")
    assert publish(home, folder).artifacts[0].outcome == "published"


def test_two_archives_of_a_feature_have_to_be_the_same(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("alpha"))
    (tmp_path / "devcontainer-feature-alpha.tgz").write_bytes(archive(feature("alpha"), "older"))
    assert refused(home, folder) == (
        "error: `alpha-1.2.3.tgz` and `devcontainer-feature-alpha.tgz` are both archives of `alpha`, and not the same\n"
        f"  at {folder}\n  fix: remove the one that is not meant: `features package -f` leaves one alone"
    )
    (tmp_path / "devcontainer-feature-alpha.tgz").write_bytes(archive(feature("alpha")))
    assert publish(home, folder).artifacts[0].outcome == "published"


def test_an_archive_that_is_not_what_the_collection_says(home: FakeRegistry, tmp_path: Path) -> None:
    folder = packed(tmp_path, feature("alpha"), feature("beta"), feature("gamma"))
    (tmp_path / "alpha-1.2.3.tgz").write_bytes(archive(feature("alpha", "1.2.2")))
    (tmp_path / "beta-1.2.3.tgz").write_bytes(b"no archive at all")
    told = refused(home, folder)
    assert (
        "error: the archive of `alpha` holds other metadata than `devcontainer-collection.json` lists\n"
        f"  at {folder}/alpha-1.2.3.tgz\n  fix: pack the features again"
    ) in told
    assert f"  at {folder}/beta-1.2.3.tgz" in told
    assert "gamma" not in told


def test_an_id_reads_no_file_outside_its_folder(home: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "secret.tgz").write_bytes(b"secret")
    folder = tmp_path / "packed"
    folder.mkdir()
    listing = {"features": [{"id": "../x", "version": "1.0.0"}, {"id": "/../../secret", "version": "1.0.0"}]}
    (folder / "devcontainer-collection.json").write_text(json.dumps(listing))
    assert refused(home, str(folder)).count("is missing") == 2


def test_a_report_for_programs(home: FakeRegistry, tmp_path: Path) -> None:
    report = publish(home, packed(tmp_path, feature("alpha")))
    value = json.loads(as_json(report))
    assert value[f"{home.host}/{NS}/alpha"] == {
        "id": "alpha",
        "outcome": "published",
        "version": "1.2.3",
        "digest": home.digest(f"{NS}/alpha", "latest"),
        "publishedTags": ["1", "1.2", "latest", "1.2.3"],
    }
    assert as_text(Report()) == "nothing to publish\n"
