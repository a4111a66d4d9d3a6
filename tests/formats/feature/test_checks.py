"""Features: names, checks, manifests, the collection file, and the bytes of an archive."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources import Sources

from packaging_targets.errors import RequestError
from packaging_targets.formats.archive.compress import compressor
from packaging_targets.formats.archive.tar import write_tar
from packaging_targets.formats.feature.checks import (
    Feature,
    archive_name,
    check_features,
    collection_text,
    sanitised_id,
)
from packaging_targets.formats.feature.folder import FeatureFolder

Content = bytes | str | tuple[str]
"""A file's bytes or text, or in brackets where a symbolic link leads."""


def folder(path: str, files: Mapping[str, Content]) -> FeatureFolder:
    links = {name: content[0] if isinstance(content, tuple) else None for name, content in files.items()}

    def read(name: str) -> bytes:
        content = files[name]
        assert not isinstance(content, tuple), f"{name} is a link"
        return content.encode() if isinstance(content, str) else content

    return FeatureFolder(path, links, read)


def feature(name: str = "color", /, files: Mapping[str, Content] | None = None, **metadata: Any) -> FeatureFolder:
    """Return the folder of a valid feature, with more `files` and other `metadata`; None drops a key."""
    described = {"id": name, "version": "1.0.0", "name": name.title(), **metadata}
    kept = {key: value for key, value in described.items() if value is not None}
    own: dict[str, Content] = {"devcontainer-feature.json": json.dumps(kept), "install.sh": "#!/bin/sh\n"}
    return folder(f"src/{name}", {**own, **(files or {})})


def packed(*folders: FeatureFolder, **options: Any) -> tuple[Feature, ...]:
    """Return the features of folders that must pass without a warning."""
    features, warnings = check_features(folders, **{"collection": True, **options})
    assert warnings == ()
    return features


def refusal(*folders: FeatureFolder, **options: Any) -> str:
    with pytest.raises(RequestError) as caught:
        check_features(folders, **{"collection": True, **options})
    return str(caught.value)


def warnings_of(*folders: FeatureFolder, **options: Any) -> str:
    _, warnings = check_features(folders, **{"collection": True, **options})
    assert refusal(*folders, **{**options, "strict": True}) == "\n\n".join(map(str, sorted(warnings)))
    return "\n\n".join(map(str, warnings))


@pytest.mark.parametrize(
    ("feature_id", "clean"),
    [
        ("go", "go"),
        ("My_Feature", "my-feature"),
        ("a__b--c", "a-b-c"),
        ("-a-", "a"),
        ("Größe 2", "gr-e-2"),
        ("\u212a8s", "8s"),  # the Kelvin sign, whose lower case is an ASCII k
        ("../../etc", "etc"),
        ("---", ""),
        ("日本", ""),
    ],
)
def test_ids_are_sanitised(feature_id: str, clean: str) -> None:
    """FR-2: lower case, `[a-z0-9-]`, hyphens collapsed, none at the ends."""
    assert sanitised_id(feature_id) == clean


@given(st.text())
def test_a_sanitised_id_is_one_and_stays_so(feature_id: str) -> None:
    clean = sanitised_id(feature_id)
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", clean)
    assert sanitised_id(clean) == clean


def test_archives_are_named_by_id_and_version() -> None:
    """FR-2: `<featureId>-<version>.tgz` in lower case, and the name that web addresses need on request."""
    assert archive_name("My_Feature", "1.0.0-RC.1") == "my-feature-1.0.0-rc.1.tgz"
    assert archive_name("My_Feature", "1.0.0", "upstream") == "devcontainer-feature-My_Feature.tgz"
    assert packed(feature("go", version="1.3.4"))[0].archive == "go-1.3.4.tgz"
    assert packed(feature("go"), naming="upstream")[0].archive == "devcontainer-feature-go.tgz"


@given(st.lists(st.text(), unique=True, max_size=8))
def test_keys_tell_features_apart(ids: list[str]) -> None:
    keys = [Feature(folder("x", {}), one, "1.0.0", "", {}).key for one in ids]
    assert len(set(keys)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]*", key) for key in keys)


def test_a_folder_without_metadata() -> None:
    """FR-7, A-4: an error with context, for a single feature and in a collection."""
    empty = folder("src/go", {"install.sh": "#!/bin/sh\n"})
    assert refusal(empty, collection=False) == (
        "error: `src/go` holds no `devcontainer-feature.json`\n"
        "  at src/go\n"
        '  fix: write one with "id", "version" and "name"'
    )
    assert refusal(empty) == (
        "error: `src/go` holds no `devcontainer-feature.json`\n"
        "  at src/go\n"
        '  fix: write one with "id", "version" and "name", or move the folder away'
    )
    assert refusal(folder("", {"install.sh": ""}), collection=False).startswith(
        "error: the current folder holds no `devcontainer-feature.json`\n  fix: "
    )


def test_metadata_that_is_not_json_is_placed() -> None:
    """A-4: the error names line and column."""
    broken = feature(files={"devcontainer-feature.json": '{\n  "id": "color"\n  "version": 1\n}'})
    assert refusal(broken) == (
        'error: `devcontainer-feature.json` is not JSON: expected `,` or `}`, but found `"`\n'
        "  at src/color/devcontainer-feature.json:3:3"
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("[1]", "`devcontainer-feature.json` must hold an object"),
        (("../x.json",), "`devcontainer-feature.json` is a symbolic link"),
    ],
)
def test_metadata_that_is_no_object(content: Content, what: str) -> None:
    text = refusal(feature(files={"devcontainer-feature.json": content}))
    assert f"error: {what}\n  at src/color/devcontainer-feature.json\n" in text


def test_comments_and_trailing_commas_are_read() -> None:
    text = '\ufeff{ // a colour\n "id": "color", "version": "1.0.0", "name": "Color", /* done */ }'
    (found,) = packed(feature(files={"devcontainer-feature.json": text}))
    assert found.metadata == {"id": "color", "version": "1.0.0", "name": "Color"}


@pytest.mark.parametrize(
    ("version", "what", "fix"),
    [
        (None, "`version` is missing", '"version": "1.0.0"'),
        ("", "`version` is empty", '"version": "1.0.0"'),
        (1.2, "`version` must be a string, but is 1.2", '"version": "1.0.0"'),
        ("1.2", '`version` must be a semantic version, but is "1.2"', '"version": "1.2.0"'),
        ("v1.02.3", '`version` must be a semantic version, but is "v1.02.3"', '"version": "1.2.3"'),
        ("latest", '`version` must be a semantic version, but is "latest"', None),
        ("1.2.3.4", '`version` must be a semantic version, but is "1.2.3.4"', None),
        ("1.0.0\n", '`version` must be a semantic version, but is "1.0.0\\n"', '"version": "1.0.0"'),
        ("1.0.0-01", '`version` must be a semantic version, but is "1.0.0-01"', None),
        ("../../x", '`version` must be a semantic version, but is "../../x"', None),
    ],
)
def test_versions(version: Any, what: str, fix: str | None) -> None:
    """FR-2: a missing or empty version is an error; decision 6: so is one that is not semantic."""
    expected = f"write {fix}" if fix else 'write three numbers, as in "version": "1.2.3"'
    assert refusal(feature(version=version), collection=False) == (
        f"error: {what}\n  at src/color/devcontainer-feature.json  ($.version)\n  fix: {expected}"
    )


@pytest.mark.parametrize("version", ["0.0.0", "1.0.0-beta.1", "1.0.0-0a.x-y", "1.2.3+build.5", "1.0.0--"])
def test_semantic_versions_pass(version: str) -> None:
    assert packed(feature(version=version))[0].version == version


def test_ids() -> None:
    where = "\n  at src/color/devcontainer-feature.json  ($.id)\n  fix: "
    assert refusal(feature(id=None)) == f'error: `id` is missing{where}write "id": "color"'
    assert refusal(feature(id=7)) == f'error: `id` must be a string, but is 7{where}write "id": "color"'
    assert refusal(feature(id="colour")) == (
        f"error: `id` is `colour`, but the folder is `color`{where}"
        'rename the folder to `colour`, or write "id": "color"'
    )
    assert packed(feature(id="colour"), collection=False)[0].archive == "colour-1.0.0.tgz"
    assert refusal(feature(id="--"), collection=False) == (
        f"error: `id` is `--`, of which no archive name can be made{where}use lower-case letters and digits"
    )
    assert warnings_of(feature(id="My Color"), collection=False) == (
        "error: `id` is `My Color`, and clients expect lower-case letters, digits, `-` and `_`"
        f'{where}write "id": "my-color"'
    )
    assert refusal(feature(id="../x"), collection=False, naming="upstream") == (
        "error: `id` is `../x`, and upstream archive names take letters, digits, `-` and `_` alone"
        f'{where}write "id": "x"'
    )


def test_a_name_too_long_for_a_file() -> None:
    assert refusal(feature(version="1.0.0-" + "a" * 300)) == (
        "error: the archive's name would be 316 characters long, and 255 are possible\n"
        "  at src/color/devcontainer-feature.json\n"
        "  fix: shorten `id` or `version`"
    )


def test_two_features_that_want_one_archive() -> None:
    """Decision 7: `a_b` and `a-b` are both sanitised to `a-b`."""
    assert refusal(feature("a_b"), feature("a-b")) == (
        "error: `src/a-b` and `src/a_b` would both be packed as `a-b-1.0.0.tgz`\n"
        "  at src/a-b\n"
        "  fix: change the id or the version of all but one"
    )
    assert [one.archive for one in packed(feature("a_b"), feature("a-b", version="2.0.0"))] == [
        "a-b-2.0.0.tgz",
        "a-b-1.0.0.tgz",
    ]


def test_all_invalid_features_are_listed_at_once() -> None:
    """FR-7: a mixed collection fails as a whole and names every invalid folder."""
    text = refusal(
        feature("good"),
        folder("src/bare", {"README.md": ""}),
        feature("broken", {"devcontainer-feature.json": "{"}),
        feature("old", version="1"),
    )
    assert [line for line in text.splitlines() if line.startswith(("error", "  at"))] == [
        "error: `src/bare` holds no `devcontainer-feature.json`",
        "  at src/bare",
        "error: `src/bare` holds no `install.sh`",
        "  at src/bare",
        'error: `devcontainer-feature.json` is not JSON: expected `}` or a key in `"`, but the file ends',
        "  at src/broken/devcontainer-feature.json:1:2",
        'error: `version` must be a semantic version, but is "1"',
        "  at src/old/devcontainer-feature.json  ($.version)",
    ]


def test_the_schema_is_met() -> None:
    commands: dict[str, Any] = {
        "onCreateCommand": "make",
        "postStartCommand": ["a", "b"],
        "postAttachCommand": {"x": ["a"], "y": "b"},
    }
    options = {
        "version": {"type": "string", "proposals": ["1"], "default": "1", "description": "Which"},
        "kind": {"type": "string", "enum": ["a"], "default": "a"},
        "fast": {"type": "boolean", "default": False},
    }
    mounts = [{"type": "volume", "source": "x", "target": "/x"}]
    packed(feature(options=options, mounts=mounts, init=True, capAdd=["X"], containerEnv={"A": "b"}, **commands))


@pytest.mark.parametrize(
    ("metadata", "path", "what", "fix"),
    [
        (
            {"name": None},
            "$.name",
            "`name` is missing",
            'write "name": "…", which people see in their editor',
        ),
        ({"name": 1}, "$.name", "`name` must be a string, but is 1", ""),
        (
            {"instalsAfter": []},
            "$.instalsAfter",
            "the published schema knows no property `instalsAfter`",
            "did you mean `installsAfter`?",
        ),
        (
            {"installsAfter": ["a", 1]},
            "$.installsAfter[1]",
            "`installsAfter[1]` must be a string, but is 1",
            "",
        ),
        ({"init": "yes"}, "$.init", '`init` must be true or false, but is "yes"', ""),
        ({"containerEnv": {"A": 1}}, "$.containerEnv.A", "`containerEnv.A` must be a string, but is 1", ""),
        (
            {"containerEnv": []},
            "$.containerEnv",
            "`containerEnv` must be an object of strings, but is []",
            "",
        ),
        ({"options": {"v": 1}}, "$.options.v", "`options.v` must be an object, but is 1", ""),
        (
            {"options": {"v": {"type": []}}},
            "$.options.v.type",
            '`options.v.type` must be "boolean" or "string"',
            "",
        ),
        (
            {"options": {"v": {"type": "string"}}},
            "$.options.v.default",
            "`options.v` has no `default`",
            'write "default": ""',
        ),
        (
            {"options": {"v": {"type": "boolean", "default": "no"}}},
            "$.options.v.default",
            '`options.v.default` must be true or false, but is "no"',
            "",
        ),
        (
            {"options": {"v": {"type": "boolean", "default": True, "enum": []}}},
            "$.options.v.enum",
            "an option of type boolean has no property `enum`",
            "",
        ),
        (
            {"options": {"v": {"type": "string", "default": "", "enum": [], "proposals": []}}},
            "$.options.v",
            "`options.v` has both `enum` and `proposals`",
            "keep `enum` to allow these values alone, or `proposals` to suggest them",
        ),
        ({"mounts": ["x"]}, "$.mounts[0]", '`mounts[0]` must be an object, but is "x"', ""),
        (
            {"mounts": [{"type": {}, "target": "/"}]},
            "$.mounts[0].type",
            '`mounts[0].type` must be "bind" or "volume", but is {}',
            "",
        ),
        ({"mounts": [{"type": "bind"}]}, "$.mounts[0].target", "`mounts[0]` has no `target`", ""),
        (
            {"postStartCommand": {"a": {"b": 1}}},
            "$.postStartCommand.a",
            '`postStartCommand.a` must be a string or a list of strings, but is {"b": 1}',
            "",
        ),
        ({"dependsOn": ["a"]}, "$.dependsOn", '`dependsOn` must be an object, but is ["a"]', ""),
        (
            {"keywords": "x" * 99},
            "$.keywords",
            f'`keywords` must be a list of strings, but is "{"x" * 59}…',
            "",
        ),
    ],
)
def test_the_schema_is_broken(metadata: dict[str, Any], path: str, what: str, fix: str) -> None:
    """Decision 6: the published schema's other demands are warnings, and errors where `strict` is set."""
    expected = f"error: {what}\n  at src/color/devcontainer-feature.json  ({path})"
    assert warnings_of(feature(**metadata)) == (f"{expected}\n  fix: {fix}" if fix else expected)


def test_a_missing_install_script() -> None:
    """Decision 6: an error in a collection, a warning for a single feature."""
    alone = folder("src/go", {"devcontainer-feature.json": '{"id": "go", "version": "1.0.0", "name": "Go"}'})
    text = "error: `src/go` holds no `install.sh`\n  at src/go\n  fix: write one: clients run it to install"
    assert refusal(alone) == text
    assert warnings_of(alone, collection=False) == text


def test_links_that_stay_inside_are_kept() -> None:
    """Decision 5: a relative link that stays inside is kept as a link, also through another link."""
    (found,) = packed(
        feature(
            files={
                "lib/a.sh": "",
                "b.sh": ("lib/a.sh",),
                "lib/c.sh": ("../b.sh",),
                "here": (".",),
                "lib/up": ("..",),
                "deep/d.sh": ("../here/lib/./a.sh",),
            }
        )
    )
    assert [entry.dest for entry in found.manifest().entries if entry.source] == [
        "b.sh",
        "deep/d.sh",
        "devcontainer-feature.json",
        "here",
        "install.sh",
        "lib/a.sh",
        "lib/c.sh",
        "lib/up",
    ]


@pytest.mark.parametrize(
    ("files", "link", "what"),
    [
        ({"l": ("/etc/passwd",)}, "l", "to `/etc/passwd`, an absolute path"),
        ({"l": ("../go/x",)}, "l", "to `../go/x`, which leaves the feature's folder or leads in a circle"),
        (
            {"a/l": ("../../x",)},
            "a/l",
            "to `../../x`, which leaves the feature's folder or leads in a circle",
        ),
        ({"l": ("l",)}, "l", "to `l`, which leaves the feature's folder or leads in a circle"),
        (
            {"a/b/top": ("../..",), "a/b/l": ("top/../x",)},
            "a/b/l",
            "to `top/../x`, which leaves the feature's folder or leads in a circle",
        ),
    ],
)
def test_links_that_leave_are_refused(files: Mapping[str, Content], link: str, what: str) -> None:
    """Decision 5: absolute and escaping links are errors that name both ends."""
    assert refusal(feature(files=files)) == (
        f"error: `src/color/{link}` is a symbolic link {what}\n"
        f"  at src/color/{link}\n"
        "  fix: lead it to a file of the feature, or put a copy in its place"
    )


def test_a_link_to_nothing_is_a_warning() -> None:
    assert warnings_of(feature(files={"l": ("gone",)})) == (
        "error: `src/color/l` is a symbolic link to `gone`, and no such file is packed\n"
        "  at src/color/l\n"
        "  fix: lead it to a file of the feature, or put a copy in its place"
    )


def test_names_that_are_not_utf8_are_refused() -> None:
    """FR-7: the error names the path."""
    assert refusal(feature(files={"caf\udce9.sh": ""})) == (
        "error: the file name `src/color/caf\\xe9.sh` is not UTF-8\n  at src/color/caf\\xe9.sh\n  fix: rename it"
    )


def test_warnings_about_names_and_line_endings() -> None:
    files: dict[str, Content] = {
        ".env": "",
        ".x/a": "",
        ".x/b": "",
        "lib/A.txt": "",
        "lib/a.txt": "",
        "e\u0301": "",
        "\u00e9": "",
        "lib/run.sh": "#!/bin/sh\r\n",
        "lib/doc.md": "fine\r\n",
    }
    ending = "has Windows line endings (CRLF), on which a shell in a container fails"
    dot = "starts with a dot: clients that fetch the archive from a web address drop it"
    assert [line for line in warnings_of(feature(files=files)).splitlines() if line.startswith("error")] == [
        f"error: `src/color/.env` {dot}",
        f"error: `src/color/.x` {dot}",
        "error: `e\u0301` and `\u00e9` are one file where case does not count",
        "error: `lib/A.txt` and `lib/a.txt` are one file where case does not count",
        f"error: `src/color/lib/run.sh` {ending}",
    ]


def test_the_target_file_is_not_packed() -> None:
    (found,) = packed(feature(files={"TARGETS.toml": "", "lib/TARGETS.toml": ""}))
    assert [(entry.dest, entry.source) for entry in found.manifest().entries] == [
        ("devcontainer-feature.json", "src/color/devcontainer-feature.json"),
        ("install.sh", "src/color/install.sh"),
        ("lib", None),
        ("lib/TARGETS.toml", "src/color/lib/TARGETS.toml"),
    ]


def test_the_collection_file() -> None:
    """FR-3: source and every feature; whole objects, sorted by id, keys as they were written, not escaped."""
    text = '{"version": "1.0.0", "id": "b", "name": "Ünï", "x": {"z": 1, "a": 1.5}}'
    features, _ = check_features([feature("b", {"devcontainer-feature.json": text}), feature("a")], collection=True)
    assert collection_text(features) == (
        "{\n"
        '    "sourceInformation": {\n'
        '        "source": "devcontainer-cli"\n'
        "    },\n"
        '    "features": [\n'
        "        {\n"
        '            "id": "a",\n'
        '            "version": "1.0.0",\n'
        '            "name": "A"\n'
        "        },\n"
        "        {\n"
        '            "version": "1.0.0",\n'
        '            "id": "b",\n'
        '            "name": "Ünï",\n'
        '            "x": {\n'
        '                "z": 1,\n'
        '                "a": 1.5\n'
        "            }\n"
        "        }\n"
        "    ]\n"
        "}\n"
    )


@given(st.lists(st.text(alphabet="abcxyz09-", min_size=1, max_size=6), unique_by=sanitised_id, max_size=6))
def test_the_order_of_folders_does_not_count(names: list[str]) -> None:
    """SC-3: the same folders give the same file, in whatever order a file system lists them."""
    folders = [feature(name) for name in names if sanitised_id(name)]
    one, _ = check_features(folders, collection=True)
    other, _ = check_features(reversed(folders), collection=True)
    assert collection_text(one) == collection_text(other)
    assert [found.id for found in one] == sorted(found.id for found in one)


GOLDEN: dict[str, Content] = {
    "devcontainer-feature.json": b'{"id": "color", "version": "1.0.0", "name": "Color"}\n',
    "install.sh": b"#!/bin/sh\necho color\n",
    "lib-a/one.sh": b"echo one\n",
    "lib/two.sh": b"echo two\n",
    "lib/one.sh": ("../lib-a/one.sh",),
    "Größe.md": b"# 1\n",
}
GOLDEN_TAR = "00f95d445a5fc62b9adf8a23b957c64be7a849ba9fc36ed4d6c3736e80d2b79b"
GOLDEN_TGZ = "f4bd98403c6ab3654fc559e876ace511d0987a0a9e982d9fb3eeda403462ef41"


def test_golden_archive() -> None:
    """Determinism, SC-3: the bytes of an archive are part of the contract, plain and compressed."""
    (found,) = packed(folder("src/color", dict(reversed(GOLDEN.items()))))
    contents = {name: content[0] if isinstance(content, tuple) else content for name, content in GOLDEN.items()}
    sources = Sources({f"src/color/{name}": content for name, content in contents.items()})
    plain, packed_bytes = io.BytesIO(), io.BytesIO()
    write_tar(plain, found.manifest(), sources, root=True)
    with compressor("gzip", packed_bytes, 6) as stream:
        write_tar(stream, found.manifest(), sources, root=True)

    with tarfile.open(fileobj=io.BytesIO(packed_bytes.getvalue()), mode="r:gz") as archive:
        entries = archive.getmembers()
    assert [(one.name, oct(one.mode), one.linkname) for one in entries] == [
        (".", "0o755", ""),
        ("./Größe.md", "0o644", ""),
        ("./devcontainer-feature.json", "0o644", ""),
        ("./install.sh", "0o755", ""),
        ("./lib", "0o755", ""),
        ("./lib-a", "0o755", ""),
        ("./lib-a/one.sh", "0o755", ""),
        ("./lib/one.sh", "0o777", "../lib-a/one.sh"),
        ("./lib/two.sh", "0o755", ""),
    ]
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in entries} == {(0, 0, 0, "", "")}
    assert packed_bytes.getvalue()[:10] == bytes.fromhex("1f8b08000000000000ff")
    assert hashlib.sha256(plain.getvalue()).hexdigest() == GOLDEN_TAR
    assert hashlib.sha256(packed_bytes.getvalue()).hexdigest() == GOLDEN_TGZ
