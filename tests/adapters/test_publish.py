"""`packaging publish` and `features publish`, as people run them, against a registry in this process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from registries.fake import FakeRegistry, Fault

from packaging_targets.adapters.testing import PACKAGING, Workspace
from packaging_targets.services.publish.offers import Offer

FEATURE = (
    '[[devcontainer_feature]]\nname = "feature"\npublish = {{ registry = "{host}", namespace = "acme/features" }}\n'
)
COMMAND = '[[command]]\nname = "s"\nargv = ["sleep", "{}"]\ntools = ["sleep"]\nouts = ["x"]\n'
PLAIN = '[[archive]]\nname = "all"\nsrcs = ["*.txt"]\n'


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


def metadata(name: str, version: str = "1.2.3") -> str:
    return json.dumps({"id": name, "version": version, "name": name.title()})


@pytest.fixture
def ws(tmp_path: Path, home: FakeRegistry) -> Workspace:
    """Two features of one namespace, and an archive that nobody publishes."""
    ws = Workspace(tmp_path / "repo")
    ws.environment["DOCKER_CONFIG"] = str(tmp_path / "no-docker")
    for name in ("color", "paint"):
        ws.write({f"{name}/TARGETS.toml": FEATURE.format(host=home.host)})
        ws.write({f"{name}/devcontainer-feature.json": metadata(name), f"{name}/install.sh": "#!/bin/sh\n"})
    ws.write({"other/TARGETS.toml": PLAIN, "other/a.txt": "a"})
    return ws


def tags(home: FakeRegistry, name: str) -> list[str]:
    return home.tags(f"acme/features/{name}")


def test_building_publishes_nothing(ws: Workspace, home: FakeRegistry) -> None:
    assert ws.build().exit_code == 0
    assert home.log == []


def test_publish_builds_and_publishes_what_has_the_field(ws: Workspace, home: FakeRegistry) -> None:
    run = ws.packaging("publish")
    assert run.exit_code == 0, run.output
    assert tags(home, "color") == tags(home, "paint") == ["1", "1.2", "1.2.3", "latest"]
    assert not ws.path("dist/other").exists()
    layer = json.loads(home.manifests["acme/features/color", "1"])["layers"][0]
    archive = home.blobs["acme/features/color", layer["digest"]]
    assert archive == ws.path("dist/color/feature/color-1.2.3.tgz").read_bytes()
    lines = run.output.splitlines()
    assert lines[-4].startswith(f"published {home.host}/acme/features/color as 1, 1.2, latest, 1.2.3  sha256:")
    assert lines[-2].startswith(f"published {home.host}/acme/features as latest  sha256:")
    assert lines[-1] == "published: 3"
    again = ws.packaging("publish")
    assert again.output.splitlines()[-1] == "already there: 3"


def test_a_label_brings_those_of_its_namespace_along(ws: Workspace, home: FakeRegistry) -> None:
    run = ws.packaging("publish", "//color:feature")
    assert run.exit_code == 0
    assert "published too, since they go to the same place: //paint:feature\n" in run.output
    assert tags(home, "paint")


@pytest.mark.parametrize("written", ["{}", "http://{}"])
def test_a_place_is_one_however_it_is_written(ws: Workspace, home: FakeRegistry, written: str) -> None:
    ws.write({"paint/TARGETS.toml": FEATURE.format(host=written.format(home.host.upper()).replace("HTTP", "http"))})
    run = ws.packaging("publish", "//color:feature")
    assert run.exit_code == 0
    assert "published too, since they go to the same place: //paint:feature\n" in run.output
    layer = json.loads(home.manifests["acme/features", "latest"])["layers"][0]
    listing = json.loads(home.blobs["acme/features", layer["digest"]])
    assert [one["id"] for one in listing["features"]] == ["color", "paint"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("localhost:5000", "LOCALHOST:5000"),
        ("localhost:5000", "https://localhost:5000/"),
        ("ghcr.io", "https://ghcr.io"),
        ("ghcr.io", "http://GHCR.io/"),
        ("docker.io", "registry-1.docker.io"),
    ],
)
def test_places(one: str, other: str) -> None:
    def place(registry: str) -> tuple[str, ...]:
        return Offer("//x:x", "features", {"registry": registry, "namespace": "a/b"}).place

    assert place(one) == place(other)
    assert place(one) != place("elsewhere.example")


def test_another_namespace_is_left_alone(ws: Workspace, home: FakeRegistry) -> None:
    ws.write({"paint/TARGETS.toml": FEATURE.format(host=home.host).replace("acme", "other")})
    assert ws.packaging("publish", "//color/...").exit_code == 0
    assert {path for path, _ in home.manifests} == {"acme/features", "acme/features/color"}
    assert ws.packaging("publish").exit_code == 0
    assert {path for path, _ in home.manifests} >= {"other/features", "other/features/paint"}


def test_a_dry_run_and_a_report_for_programs(ws: Workspace, home: FakeRegistry) -> None:
    command = [*PACKAGING, "publish", "--dry-run", "--format", "json"]
    environment = ws.whole_environment()
    done = subprocess.run(command, cwd=ws.root, env=environment, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told[f"{home.host}/acme/features/color"]["outcome"] == "planned"
    assert home.manifests == {}


def test_a_build_that_fails_publishes_nothing(ws: Workspace, home: FakeRegistry) -> None:
    ws.write({"paint/devcontainer-feature.json": '{"id": "paint"}'})
    run = ws.packaging("publish")
    assert run.exit_code == 2
    assert "`version` is missing" in run.output
    assert home.log == []


def test_a_target_without_the_field_is_not_published(ws: Workspace, home: FakeRegistry) -> None:
    run = ws.packaging("publish", "//other:all")
    assert run.exit_code == 2
    assert run.output == (
        "error: `//other:all` has no `publish` field\n"
        '  fix: write publish = { registry = "…", repository = "…" }, with `namespace` for features, and `registry` alone for agent packages'
        "  (targets that have one: //color:feature, //paint:feature)\n"
    )
    assert "no target matches `//nowhere:x`" in ws.packaging("publish", "//nowhere:x").output


def test_nothing_to_publish(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    run = ws.packaging("publish")
    assert (run.exit_code, run.output) == (0, "nothing to publish\n")


def test_the_field_is_checked(ws: Workspace) -> None:
    declared = '[[devcontainer_feature]]\nname = "feature"\npublish = { registry = "ghcr.io/acme", namespace = "Acme", tag = "x" }\n'
    ws.write({"color/TARGETS.toml": declared})
    run = ws.packaging("publish")
    assert run.exit_code == 2
    assert run.output == (
        """error: `publish.namespace` must be lower-case letters and digits, with ., _ or - between them, in parts joined by /, but is "Acme"\n"""
        "  at color/TARGETS.toml:3  (//color:feature, $.publish.namespace)\n\n"
        """error: `publish.registry` must be the host of a registry, such as ghcr.io or localhost:5000, but is "ghcr.io/acme"\n"""
        "  at color/TARGETS.toml:3  (//color:feature, $.publish.registry)\n\n"
        "error: `publish` has no field `tag`\n"
        "  at color/TARGETS.toml:3  (//color:feature, $.publish.tag)\n  fix: its fields: namespace, registry\n"
    )


def test_the_field_changes_no_byte_and_builds_nothing_again(ws: Workspace) -> None:
    ws.build()
    before = ws.contents()
    text = ws.read("color/TARGETS.toml")
    ws.write({"color/TARGETS.toml": text.replace("acme/features", "elsewhere")})
    run = ws.build()
    assert (run.built, run.restored) == ([], [])
    assert ws.contents() == before


def test_a_rule_of_yours_may_offer_features(ws: Workspace, home: FakeRegistry) -> None:
    rule = """\
        from packaging_targets import Action

        def analyse(context):
            context.provide("publish", {"kind": "fetaures", "folder": "x", "registry": "r", "namespace": "n"})
            return [Action("write/1", {"text": ""}, (), (context.output("x"),))]
        """
    schema = '{"title": "mine", "description": "x", "type": "object", "properties": {}}'
    ws.write({"rules/mine/rule.py": rule, "rules/mine/schema.json": schema, "m/TARGETS.toml": '[[mine]]\nname = "m"\n'})
    run = ws.packaging("publish")
    assert run.exit_code == 2
    assert run.output == (
        "error: nobody knows how to publish what is of the kind `fetaures`\n  at //m:m\n"
        "  fix: did you mean `features`?\n"
    )
    ws.write({"rules/mine/rule.py": rule.replace("fetaures", "features").replace('"folder": "x",', "")})
    run = ws.packaging("publish")
    assert run.exit_code == 2
    assert run.output == (
        "error: what is of the kind `features` cannot be published without `folder`\n  at //m:m\n"
        '  fix: let the rule say them in context.provide("publish", …)\n'
    )


def test_a_registry_that_is_none_is_told_with_its_target(ws: Workspace) -> None:
    ws.write({"color/TARGETS.toml": FEATURE.format(host="localhost:99999")})
    run = ws.packaging("publish")
    assert (run.exit_code, run.output) == (
        2,
        "error: `localhost:99999` is no registry\n  at //color:feature\n"
        "  fix: write a host, as in `ghcr.io` or `localhost:5000`\n",
    )


def test_features_publish(ws: Workspace, home: FakeRegistry) -> None:
    ws.build()
    where = ("--registry", home.host, "--namespace", "my/ns")
    run = ws.packaging("features", "publish", "dist/color/feature", *where)
    assert run.exit_code == 0
    assert home.tags("my/ns/color") == ["1", "1.2", "1.2.3", "latest"]
    ws.write({"color/install.sh": "#!/bin/sh\necho other\n"})
    ws.build()
    run = ws.packaging("features", "publish", "dist/color/feature", *where)
    assert run.exit_code == 0
    assert run.output.startswith(
        "the archives in `dist/color/feature` are published\n"
        "warning: `color` 1.2.3 is published already, and with other content than is here\n"
    )


def test_the_log_level_holds_for_publishing(ws: Workspace, home: FakeRegistry) -> None:
    ws.build()
    words = ("publish", "dist/color/feature", "-r", home.host, "-n", "ns")
    assert ws.packaging("--log-level", "warn", "features", *words).output == ""
    ws.write({"color/install.sh": "#!/bin/sh\necho other\n"})
    ws.build()
    run = ws.packaging("features", "--log-level", "warn", *words)
    assert run.output.count("\n") == 4
    assert run.output.startswith("warning: `color` 1.2.3 is published already, and with other content than is here\n")
    assert ws.packaging("features", "--log-level", "error", *words).output == ""
    run = ws.packaging("features", "--log-level", "error", *words, "--format", "json")
    assert json.loads(run.output)[f"{home.host}/ns/color"]["outcome"] == "different"
    assert "\npublished: 3\n" in ws.packaging("publish").output
    assert "already there" not in ws.packaging("--log-level", "warn", "publish").output


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("HEAD", Fault(status=503, headers={"Retry-After": "60"})),
        ("POST", Fault(status=503, headers={"Retry-After": "60"})),
        ("POST", Fault(wait=30)),
    ],
)
def test_interrupted_publishing_ends_at_once_and_says_how_it_goes_on(
    ws: Workspace, home: FakeRegistry, method: str, fault: Fault
) -> None:
    ws.build()
    home.fail(method, "", fault, times=99)
    words = ["features", "publish", "dist/color/feature", "-r", home.host, "-n", "ns"]
    ran = interrupted(ws, words, lambda: bool(home.asked(method)))
    first = "the archives in `dist/color/feature` are published\n"
    assert ran == (130, f"{first}interrupted: publishing again completes what is missing\n")


def interrupted(ws: Workspace, words: list[str], begun: Callable[[], bool]) -> tuple[int, str]:
    """Run `packaging` until `begun`, press Ctrl-C, and return its exit code and output."""
    with ws.start(*PACKAGING, *words) as process:
        while not begun():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    return process.returncode, out


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="without /proc nobody can see when the program has begun")
def test_an_interrupted_build_ends_in_one_line(ws: Workspace) -> None:
    seconds = f"2.{os.getpid()}"  # nobody else's

    def begun() -> bool:
        programs = (Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdecimal())
        with contextlib.suppress(OSError):  # they come and go
            return any(f"\0{seconds}\0".encode() in program.read_bytes() for program in programs)
        return False

    ws.write({"s/TARGETS.toml": COMMAND.format(seconds)})
    code, told = interrupted(ws, ["build"], begun)
    assert (code, told.splitlines()[-1]) == (130, "interrupted")
    assert "Traceback" not in told


def test_sources_are_packed_first_to_the_same_bytes(ws: Workspace, home: FakeRegistry) -> None:
    ws.build()
    ws.packaging("features", "publish", "dist/color/feature", "-r", home.host, "-n", "one")
    before = ws.paths(".")
    run = ws.packaging("features", "publish", "color", "-r", home.host, "-n", "two")
    assert run.exit_code == 0
    assert home.digest("two/color", "1.2.3") == home.digest("one/color", "1.2.3")
    assert home.digest("two", "latest") == home.digest("one", "latest")
    assert [path for path in ws.paths(".") if ".packaging" not in path] == [
        path for path in before if ".packaging" not in path
    ]
    ws.write({"color/devcontainer-feature.json": '{"id": "color", "version": "1.2.4"}'})
    run = ws.packaging("features", "publish", "color", "-r", home.host, "-n", "two")
    assert run.output.startswith("warning: `name` is missing\n")
    ws.write({"color/devcontainer-feature.json": '{"id": "color"}'})
    asked = len(home.log)
    assert "`version` is missing" in ws.packaging("features", "publish", "color", "-r", home.host, "-n", "two").output
    assert len(home.log) == asked


def test_what_is_wrong_with_sources_points_at_them(ws: Workspace, home: FakeRegistry) -> None:
    ws.write({"q/src/one/devcontainer-feature.json": metadata("one", "1.0.0+5"), "q/src/one/install.sh": ""})
    for name in ("two", "three"):
        text = json.dumps({"id": name, "version": "1.0.0", "name": name, "legacyIds": ["old"]})
        ws.write({f"q/src/{name}/devcontainer-feature.json": text, f"q/src/{name}/install.sh": ""})
    run = ws.packaging("--log-level", "warn", "features", "publish", "q", "-r", home.host, "-n", "ns")
    assert run.exit_code == 2
    assert run.output == (
        "error: the version of `one` is `1.0.0+5`, and no registry takes the `+` of build metadata in a tag\n"
        '  at q/src/one/devcontainer-feature.json  ($.version)\n  fix: write "version": "1.0.0"\n\n'
        "error: `q/src/three/devcontainer-feature.json` and `q/src/two/devcontainer-feature.json` "
        "would both be published as `old`\n"
        "  at q/src/three/devcontainer-feature.json\n  fix: change the id of all but one, or its `legacyIds`\n"
    )
    assert home.log == []


def test_whether_sources_or_archives_are_published_is_told(ws: Workspace, home: FakeRegistry) -> None:
    ws.build()
    where = ("-r", home.host, "-n", "ns")
    run = ws.packaging("features", "publish", "dist/color/feature", *where)
    assert run.output.startswith("the archives in `dist/color/feature` are published\npublished ")
    run = ws.packaging("features", "publish", "color", *where)
    assert run.output.startswith("the sources in `color` are packed first\nis there: ")
    ws.write({f"color/{path.name}": path.read_bytes() for path in ws.path("dist/color/feature").iterdir()})
    run = ws.packaging("features", "publish", "color", *where)
    assert run.exit_code == 0
    assert run.output.startswith(
        "warning: `color` holds archives, and sources (`devcontainer-feature.json`) too: "
        "the archives are published, as they are\n  at color\n"
        "  fix: to publish the sources, remove `devcontainer-collection.json` there, and the archives\n"
    )
    assert "the archives in `color` are published\n" in run.output


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (
            "nowhere",
            "there is no folder `nowhere`\n  at nowhere\n  fix: name the folder of a feature, or one with a folder `src` of features",
        ),
        (
            "color/install.sh",
            "`color/install.sh` is no folder\n  at color/install.sh\n  fix: name the folder of a feature, or one with a folder `src` of features",
        ),
    ],
)
def test_what_cannot_be_published(ws: Workspace, home: FakeRegistry, target: str, told: str) -> None:
    run = ws.packaging("features", "publish", target, "-r", home.host, "-n", "x")
    assert (run.exit_code, run.output) == (2, f"error: {told}\n")
    assert home.log == []


def test_credentials_are_taken_from_the_environment_and_never_shown(ws: Workspace, home: FakeRegistry) -> None:
    home.auth = "bearer"
    ws.build()
    words = ("features", "publish", "dist/color/feature", "-r", home.host, "-n", "x")
    run = ws.packaging(*words)
    assert run.exit_code == 1
    assert "the registry wants credentials" in run.output
    ws.environment["DEVCONTAINERS_OCI_AUTH"] = f"{home.host}|ana|s3cret-but-wrong"
    run = ws.packaging(*words)
    assert run.exit_code == 1
    assert f"renew the credentials for `{home.host}`, which came from DEVCONTAINERS_OCI_AUTH" in run.output
    ws.environment["DEVCONTAINERS_OCI_AUTH"] = f"{home.host}|ana|s3cret"
    run = ws.packaging(*words)
    assert run.exit_code == 0
    assert "s3cret" not in run.output
