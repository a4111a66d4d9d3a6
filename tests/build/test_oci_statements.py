"""`oci_sbom/1` and `oci_provenance/1` through a rule: what they read of what they are given."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from packaging_targets.adapters.testing import Workspace

RULE = """\
    import json

    from packaging_targets import Action, Entry, Manifest

    def analyse(context):
        fields = context.target.fields
        low = Manifest.of(Entry(path, path) for path in context.sources())
        high = Manifest.of([Entry("app/text", text="x"), *(Entry(f"from/{n}", path) for n, path in enumerate(fields["made"]))])
        layers = [low, high, Manifest.of(Entry(path, text="") for path in fields["texts"])]
        if fields["clash"]:
            layers = [Manifest.of([*high.entries, Entry("from/0/1.html", text="")])]
        sources = tuple(dict.fromkeys(path for layer in layers for path in layer.sources))
        base, records = "", ()
        if fields["base"]:
            record = context.output("api.parts/base.json")
            yield Action("write/1", {"text": json.dumps(fields["base"])}, (), (record,), "base")
            base, records = "bases/debian", (record,)
        params = {"name": "acme/api", "version": "1", "base": base, "parent": "".join(records), "layers": [layer.to_json() for layer in layers]}
        params |= fields["platforms"]
        for form, end in (("cyclonedx", "cdx"), ("spdx", "spdx")):
            output = context.output(f"api.{end}.json")
            yield Action("oci_sbom/1", {"format": form, **params}, (*sources, *records), (output,), form)
        index = context.output("api/index.json")
        yield Action("write/1", {"text": json.dumps(fields["index"])}, (), (index,), "index")
        blobs = []
        for name, text in fields["blobs"].items():
            blobs.append(context.output(f"api/blobs/sha256/{name}"))
            yield Action("write/1", {"text": text}, (), (blobs[-1],), name[:8])
        params = {"label": str(context.target.label), "fields": {"user": "app"}, "base": base, "parent": "".join(records)}
        inputs = (index, *blobs, *records, *sources)
        yield Action("oci_provenance/1", params, inputs, (context.output("p.json"),), "provenance")
"""
SCHEMA = {
    "title": "image",
    "description": "d",
    "properties": {
        "made": {"type": "array", "default": [], "description": "outputs of others"},
        "clash": {"type": "boolean", "default": False, "description": "d"},
        "platforms": {"type": "object", "default": {}, "description": "d"},
        "texts": {"type": "array", "default": [], "description": "d"},
        "base": {"type": "object", "default": {}, "description": "d"},
        "index": {"type": "object", "default": {"manifests": []}, "description": "d"},
        "blobs": {"type": "object", "default": {}, "description": "d"},
    },
}
A, B = "a" * 64, "b" * 64
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write({"rules/image/rule.py": RULE, "rules/image/schema.json": json.dumps(SCHEMA)})
    ws.write({"a/src/main.py": "print()\n", "a/src/lib/x-1.dist-info/METADATA": "Name: x\nVersion: 1\n"})
    target(ws)
    return ws


def target(ws: Workspace, fields: str = "") -> None:
    ws.write({"a/TARGETS.toml": f'[[image]]\nname = "api"\nsrcs = ["src/**"]\n{fields}\n'})


def made(ws: Workspace, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ws.read(f"dist/a/{name}"))
    return found


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_bill_of_materials_in_both_formats_and_again_only_when_a_source_changes(ws: Workspace) -> None:
    run = ws.build()
    assert run.exit_code == 0, run.output
    components = made(ws, "api.cdx.json")["components"]
    assert {one["name"]: one["type"] for one in components} == {
        "x": "library",
        "a/src/lib/x-1.dist-info/METADATA": "file",
        "a/src/main.py": "file",
        "app/text": "file",
    }
    files = {one["fileName"] for one in made(ws, "api.spdx.json")["files"]}
    assert files == {"./a/src/lib/x-1.dist-info/METADATA", "./a/src/main.py", "./app/text"}
    assert made(ws, "api.cdx.json")["metadata"]["component"]["version"] == "1"
    before = ws.contents()
    assert ws.build().built == []
    ws.write({"a/src/main.py": "print(1)\n"})
    assert ws.build().built == ["//a:api#cyclonedx", "//a:api#provenance", "//a:api#spdx"]
    ws.write({"a/src/main.py": "print()\n"})
    ws.build()
    assert ws.contents() == before


def test_the_record_of_the_base_gives_its_digest(ws: Workspace) -> None:
    target(
        ws,
        f'[image.base]\ndigest = "sha256:{A}"\n[image.base.platforms."linux/amd64"]\nmanifest = "sha256:{B}"\nlayers = []',
    )
    run = ws.build()
    assert run.exit_code == 0, run.output
    base, *_ = made(ws, "api.cdx.json")["components"]
    assert (base["name"], base["version"], base["purl"]) == (
        "bases/debian",
        f"sha256:{A}",
        f"pkg:oci/debian@sha256:{A}",
    )
    assert base["properties"][0]["value"] == f"sha256:{B}"
    assert made(ws, "api.spdx.json")["packages"][1]["versionInfo"] == f"sha256:{A}"
    dependencies = made(ws, "p.json")["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert dependencies[-1] == {"name": "bases/debian", "digest": {"sha256": A}}
    assert [one["name"] for one in dependencies] == [
        "a/src/lib/x-1.dist-info/METADATA",
        "a/src/main.py",
        "bases/debian",
    ]


def test_a_layer_may_be_for_one_platform(ws: Workspace) -> None:
    platforms = '{ platforms = ["linux/amd64", "linux/arm64"], only = ["", "", "linux/arm64"] }'
    target(ws, f'texts = ["bin/x"]\nplatforms = {platforms}')
    run = ws.build()
    assert run.exit_code == 0, run.output
    refs = [one["bom-ref"] for one in made(ws, "api.cdx.json")["components"] if one["type"] == "file"]
    assert refs == [
        "file:a/src/lib/x-1.dist-info/METADATA",
        "file:a/src/main.py",
        "file:app/text",
        "file:bin/x#linux/arm64",
    ]


SITE = """\
[[command]]
name = "site"
srcs = []
argv = ["sh", "-c", "mkdir -p {out}; echo 1 >{out}/1.html"]
outs = ["site/"]
"""
MADE = 'deps = ["//b:site"]\nmade = ["dist/b/site/"]\n'


def test_a_folder_that_another_target_makes_is_its_files(ws: Workspace) -> None:
    ws.write({"b/TARGETS.toml": SITE})
    target(ws, f'{MADE}texts = ["app/text/not-any-longer"]')
    run = ws.build()
    assert run.exit_code == 0, run.output
    files = {one["name"] for one in made(ws, "api.cdx.json")["components"] if one["type"] == "file"}
    assert files >= {"from/0/1.html", "app/text/not-any-longer"}
    assert "app/text" not in files
    names = [one["name"] for one in made(ws, "p.json")["predicate"]["buildDefinition"]["resolvedDependencies"]]
    assert "dist/b/site/1.html" in names


def test_a_file_of_a_folder_that_stands_where_another_does_is_an_error(ws: Workspace) -> None:
    ws.write({"b/TARGETS.toml": SITE})
    target(ws, f"{MADE}clash = true")
    run = ws.build("//a:api")
    assert run.exit_code == 1
    assert (
        "error: two sources want to be `from/0/1.html`: `dist/b/site/1.html` and a text\n"
        "  at //a:api#FORMAT\n"
        "  fix: rename one, or give it another prefix\n"
    ) in run.output.replace("cyclonedx", "FORMAT").replace("spdx", "FORMAT")


def test_the_subjects_are_the_index_and_the_manifests_in_it(ws: Workspace) -> None:
    inner = {
        "manifests": [
            {"mediaType": MANIFEST, "digest": f"sha256:{A}", "platform": {"architecture": "amd64", "os": "linux"}},
            {
                "mediaType": MANIFEST,
                "digest": f"sha256:{B}",
                "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"},
            },
        ]
    }
    text = json.dumps(inner)
    name = sha256(text)
    target(
        ws,
        f'[image.blobs]\n{name} = \'{text}\'\n[[image.index.manifests]]\nmediaType = "{INDEX}"\ndigest = "sha256:{name}"',
    )
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert made(ws, "p.json")["subject"] == [
        {"name": "//a:api", "digest": {"sha256": name}},
        {"name": "//a:api (linux/amd64)", "digest": {"sha256": A}},
        {"name": "//a:api (linux/arm64/v8)", "digest": {"sha256": B}},
    ]


def test_the_subject_of_an_image_for_one_platform_is_its_manifest(ws: Workspace) -> None:
    target(ws, f'[[image.index.manifests]]\nmediaType = "{MANIFEST}"\ndigest = "sha256:{A}"')
    ws.build()
    said = made(ws, "p.json")
    assert said["subject"] == [{"name": "//a:api", "digest": {"sha256": A}}]
    assert said["predicate"]["buildDefinition"]["externalParameters"] == {"label": "//a:api", "fields": {"user": "app"}}
    assert said["predicate"]["buildDefinition"]["resolvedDependencies"][1] == {
        "name": "a/src/main.py",
        "digest": {"sha256": sha256("print()\n")},
    }
