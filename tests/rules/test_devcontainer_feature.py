"""The rule `devcontainer_feature`, as a person uses it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace

TARGET = '[[devcontainer_feature]]\nname = "feature"\n'
METADATA = '{"id": "color", "version": "1.2.3", "name": "Color"}'
DIGEST = "dist/features/color/feature.digests/color-1.2.3.tar.sha256"
ARCHIVE = "dist/features/color/feature/color-1.2.3.tgz"
COLLECTION = "dist/features/color/feature/devcontainer-collection.json"


def workspace(tmp_path: Path, fields: str = "", **files: str | bytes) -> Workspace:
    """Return a workspace with the feature `features/color`; double underscores in names are dots."""
    ws = Workspace(tmp_path / "repo")
    own: dict[str, str | bytes] = {
        "TARGETS.toml": TARGET + fields,
        "devcontainer-feature.json": METADATA,
        "README.md": "# Color\n",
    }
    own.update({name.replace("__", "."): content for name, content in files.items()})
    ws.write({f"features/color/{name}": content for name, content in own.items()})
    ws.write({"features/color/install.sh": "#!/bin/sh\n"}, executable=True)
    return ws


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        return opened.getnames()


def test_a_feature_becomes_an_archive_and_a_collection_file(tmp_path: Path) -> None:
    """FR-1, FR-2, FR-3, A-1: one `.tgz` and the metadata that lists it."""
    ws = workspace(tmp_path)
    run = ws.build()
    assert run.built == [
        "//features/color:feature#color",
        "//features/color:feature#devcontainer-collection.json",
    ]
    assert ws.paths("dist") == [DIGEST, ARCHIVE, COLLECTION]
    assert json.loads(ws.read(COLLECTION)) == {
        "sourceInformation": {"source": "devcontainer-cli"},
        "features": [{"id": "color", "version": "1.2.3", "name": "Color"}],
    }
    with tarfile.open(ws.path(ARCHIVE)) as archive:
        assert [(one.name, one.mode, one.mtime, one.uid, one.gid, one.uname) for one in archive] == [
            (".", 0o755, 0, 0, 0, ""),
            ("./README.md", 0o644, 0, 0, 0, ""),
            ("./devcontainer-feature.json", 0o644, 0, 0, 0, ""),
            ("./install.sh", 0o755, 0, 0, 0, ""),
        ]


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    """SC-3, determinism: neither the folder nor the clock nor SOURCE_DATE_EPOCH counts."""
    one, other = workspace(tmp_path / "one"), workspace(tmp_path / "other")
    other.environment["SOURCE_DATE_EPOCH"] = "1700000000"
    other.path("features/color/README.md").touch()
    assert one.build().exit_code == other.build().exit_code == 0
    assert one.contents() == other.contents()
    plain = gzip.decompress(one.path(ARCHIVE).read_bytes())
    assert one.read(DIGEST) == f"{hashlib.sha256(plain).hexdigest()}\n"


def test_junk_is_left_out(tmp_path: Path) -> None:
    """FR-2, decision 4: VCS folders, junk of systems and editors, and the target file are not packed."""
    ws = workspace(tmp_path)
    junk = [
        ".git/HEAD",
        ".hg/x",
        ".svn/x",
        ".DS_Store",
        "Thumbs.db",
        "__pycache__/a.pyc",
        "a.sh~",
        ".#a",
        "a.swp",
    ]
    ws.write({f"features/color/{name}": "junk" for name in junk})
    assert ws.build().exit_code == 0
    assert names(ws.path(ARCHIVE).read_bytes()) == [
        ".",
        "./README.md",
        "./devcontainer-feature.json",
        "./install.sh",
    ]


def test_names_beyond_ascii_and_deep_folders(tmp_path: Path) -> None:
    """Edge cases: non-ASCII names and deep nesting are archived as they are."""
    deep = "/".join(["ordner"] * 40) + "/tief.txt"
    ws = workspace(tmp_path, **{"Größe/日本.txt": "1", deep: "2"})
    assert ws.build().exit_code == 0
    found = names(ws.path(ARCHIVE).read_bytes())
    assert {"./Größe/日本.txt", f"./{deep}"} <= set(found)


def test_a_new_version_renames_the_archive(tmp_path: Path) -> None:
    ws = workspace(tmp_path)
    ws.build()
    ws.write({"features/color/devcontainer-feature.json": METADATA.replace("1.2.3", "1.3.0")})
    run = ws.build()
    assert run.removed == [DIGEST, ARCHIVE]
    renamed = [name.replace("1.2.3", "1.3.0") for name in (DIGEST, ARCHIVE)]
    assert ws.paths("dist") == [*renamed, COLLECTION]


def test_the_name_that_web_addresses_need(tmp_path: Path) -> None:
    """Decision 9."""
    ws = workspace(tmp_path, 'archive_name = "upstream"\n')
    ws.build()
    assert "dist/features/color/feature/devcontainer-feature-color.tgz" in ws.paths("dist")


def test_an_unknown_archive_name_is_refused(tmp_path: Path) -> None:
    run = workspace(tmp_path, 'archive_name = "upstraem"\n').build()
    assert run.exit_code == 3
    assert '`archive_name` must be one of "versioned", "upstream", but is "upstraem"' in run.output


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        (
            '{"id": "color",\n "version": }',
            (
                "error: `devcontainer-feature.json` is not JSON: expected a value, but found `}`\n"
                "  at features/color/devcontainer-feature.json:2:13  (//features/color:feature)\n"
            ),
        ),
        (
            '{"id": "color", "name": "Color"}',
            (
                "error: `version` is missing\n"
                "  at features/color/devcontainer-feature.json  ($.version)\n"
                '  fix: write "version": "1.0.0"\n'
            ),
        ),
    ],
)
def test_broken_metadata_stops_the_build(tmp_path: Path, metadata: str, text: str) -> None:
    """FR-7, A-4: a clear error, no output, and a failing exit code."""
    ws = workspace(tmp_path, devcontainer__feature=b"")
    ws.write({"features/color/devcontainer-feature.json": metadata})
    run = ws.build()
    assert run.exit_code == 3
    assert text in run.output
    assert ws.paths("dist") == []


def test_missing_metadata_stops_the_build(tmp_path: Path) -> None:
    """FR-7, A-4."""
    ws = workspace(tmp_path)
    ws.path("features/color/devcontainer-feature.json").unlink()
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: `features/color` holds no `devcontainer-feature.json`\n"
        "  at features/color  (//features/color:feature)\n"
        '  fix: write one with "id", "version" and "name"\n'
    ) in run.output


def test_strict_makes_warnings_errors(tmp_path: Path) -> None:
    """Decision 6: a missing `install.sh` of a single feature and a schema's demand are warnings."""
    ws = workspace(tmp_path)
    ws.path("features/color/install.sh").unlink()
    what, where = "`features/color` holds no `install.sh`", "features/color"
    fix = "  fix: write one: clients run it to install\n"
    run = ws.packaging("build")
    assert run.exit_code == 0
    assert run.output.startswith(f"warning: {what}\n  at {where}\n{fix}built ")
    ws.write({"features/color/TARGETS.toml": TARGET + "strict = true\n"})
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, f"error: {what}\n  at {where}  (//features/color:feature)\n{fix}")


def test_links(tmp_path: Path) -> None:
    """Decision 5: kept where they stay inside, refused with both ends named where they leave."""
    ws = workspace(tmp_path)
    ws.path("features/color/link.md").symlink_to("README.md")
    assert ws.build().exit_code == 0
    with tarfile.open(ws.path(ARCHIVE)) as archive:
        assert archive.getmember("./link.md").linkname == "README.md"
    ws.write({"features/common.sh": "echo\n"})
    ws.path("features/color/common.sh").symlink_to("../common.sh")
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: `features/color/common.sh` is a symbolic link to `../common.sh`, "
        "which leaves the feature's folder or leads in a circle\n"
        "  at features/color/common.sh  (//features/color:feature)\n"
    ) in run.output


def test_a_feature_at_the_root_of_the_workspace(tmp_path: Path) -> None:
    """An output folder inside the target is never packed."""
    ws = Workspace(tmp_path / "repo")
    fields = 'exclude = ["pyproject.toml", ".doit*"]\n'
    ws.write({"TARGETS.toml": f"[workspace]\n{TARGET}{fields}"})
    ws.write({"devcontainer-feature.json": METADATA, "install.sh": ""})
    for _ in range(2):
        ws.build()
        assert names(ws.path("dist/feature/color-1.2.3.tgz").read_bytes()) == [
            ".",
            "./devcontainer-feature.json",
            "./install.sh",
        ]
    assert ws.build().built == []
