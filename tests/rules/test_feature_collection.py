"""The rule `feature_collection`, as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

from packaging_targets.adapters.testing import Workspace

TARGET = '[[feature_collection]]\nname = "all"\n'
LISTING = "//f:all#devcontainer-collection.json"


def workspace(tmp_path: Path, *ids: str, fields: str = "", src: str = "src") -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write({"f/TARGETS.toml": TARGET + fields})
    for one in ids:
        add(ws, one, src)
    return ws


def add(ws: Workspace, name: str, src: str = "src", version: str = "1.0.0") -> None:
    metadata = {"id": name, "version": version, "name": name}
    ws.write(
        {
            f"f/{src}/{name}/devcontainer-feature.json": json.dumps(metadata),
            f"f/{src}/{name}/install.sh": f"#!/bin/sh\necho {name}\n",
        }
    )


def test_every_folder_becomes_an_archive(tmp_path: Path) -> None:
    """FR-1, FR-2, A-2: one archive for each feature, and one file that lists them by id."""
    ws = workspace(tmp_path, "go", "node_js", "az")
    run = ws.build()
    assert run.built == ["//f:all#az", LISTING, "//f:all#go", "//f:all#node_js"]
    assert ws.paths("dist/f/all") == [
        "dist/f/all/az-1.0.0.tgz",
        "dist/f/all/devcontainer-collection.json",
        "dist/f/all/go-1.0.0.tgz",
        "dist/f/all/node-js-1.0.0.tgz",
    ]
    listed = json.loads(ws.read("dist/f/all/devcontainer-collection.json"))
    assert [one["id"] for one in listed["features"]] == ["az", "go", "node_js"]


def test_an_edit_packs_one_archive_again(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go", "node", "az")
    ws.build()
    ws.write({"f/src/go/install.sh": "#!/bin/sh\necho changed\n"})
    assert ws.build().built == ["//f:all#go"]
    add(ws, "node", version="2.0.0")
    run = ws.build()
    assert run.built == [LISTING, "//f:all#node"]
    assert run.removed == ["dist/f/all.digests/node-1.0.0.tar.sha256", "dist/f/all/node-1.0.0.tgz"]
    add(ws, "rust")
    assert ws.build().built == [LISTING, "//f:all#rust"]


def test_what_is_no_folder_is_passed_over(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go")
    ws.write({"f/src/README.md": "", "f/src/.config/x": "", "f/test/go/test.sh": "", "f/src/.git/HEAD": ""})
    ws.write({"f/src/go/lib/x": ""})
    ws.path("f/src/golang").symlink_to("go/lib")
    run = ws.build()
    assert run.built == [LISTING, "//f:all#go"]
    told = "`f/src/golang` is a symbolic link, and so no feature\n  at f/src/golang"
    fix = "  fix: put a copy of the folder in its place\n"
    assert run.output.startswith(f"warning: {told}\n{fix}")
    ws.write({"f/TARGETS.toml": TARGET + "strict = true\n"})
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, f"error: {told}  (//f:all)\n{fix}")


def test_a_link_to_a_feature_is_an_error(tmp_path: Path) -> None:
    """The release would lack the feature that people see in `src`."""
    ws = workspace(tmp_path, "go")
    ws.path("f/src/golang").symlink_to("./go/")
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (
        2,
        "error: `f/src/golang` is a symbolic link, and so no feature\n"
        "  at f/src/golang  (//f:all)\n"
        "  fix: put a copy of the folder in its place\n",
    )


PACKAGE = '[[archive]]\nname = "own"\nsrcs = ["*.sh"]\n'


def passed_over(folder: str, kind: str = "warning", label: str = "") -> str:
    return (
        f"{kind}: `f/{folder}` is a package of its own, and so not part of the collection\n"
        f"  at f/{folder}/TARGETS.toml{label}\n"
        f'  fix: take its TARGETS.toml away, or write exclude = ["{folder}/**"]\n'
    )


def test_a_folder_that_is_a_package_is_named(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go", "node")
    assert ws.build().built == [LISTING, "//f:all#go", "//f:all#node"]
    ws.write({"f/src/node/TARGETS.toml": PACKAGE})
    run = ws.packaging("build")
    assert run.removed == ["dist/f/all.digests/node-1.0.0.tar.sha256", "dist/f/all/node-1.0.0.tgz"]
    assert run.output.startswith(passed_over("src/node"))
    # One that comes with its target file, and changes no source, is seen too; so is one inside a feature.
    ws.write({"f/src/rust/TARGETS.toml": PACKAGE, "f/src/rust/install.sh": ""})
    ws.write({"f/src/go/lib/TARGETS.toml": PACKAGE, "f/src/go/lib/x.sh": ""})
    run = ws.packaging("build")
    assert run.built == ["//f/src/go/lib:own", "//f/src/rust:own"]
    assert run.output.startswith(passed_over("src/go/lib") + passed_over("src/node") + passed_over("src/rust"))
    # Nor is anything said of what is left out on purpose, lies elsewhere or starts with a dot.
    exclude = 'exclude = ["src/node/**", "src/rust/**", "src/go/lib/**"]\n'
    ws.write({"f/TARGETS.toml": TARGET + exclude, "f/test/TARGETS.toml": "", "f/src/.x/TARGETS.toml": ""})
    assert "warning" not in ws.packaging("build").output
    ws.write({"f/TARGETS.toml": TARGET})
    ws.path("f/src/go/lib/TARGETS.toml").unlink()
    ws.path("f/src/node/TARGETS.toml").unlink()
    run = ws.packaging("build")
    assert run.output.startswith(passed_over("src/rust") + "restored")
    assert run.restored == [LISTING, "//f:all#node"]


def test_packages_are_errors_where_nothing_else_is_left_and_where_it_is_strict(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go")
    ws.write({"f/src/go/TARGETS.toml": PACKAGE})
    expected = passed_over("src/go", "error", "  (//f:all)")
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, expected)
    add(ws, "node")
    assert ws.packaging("build").exit_code == 0
    ws.write({"f/TARGETS.toml": TARGET + "strict = true\n"})
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, expected)


def test_packages_of_the_root_are_named(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"TARGETS.toml": '[workspace]\n[[feature_collection]]\nname = "all"\nsrc = "."\nsrcs = ["**/*"]\n'})
    for name in ("go", "node"):
        ws.write({f"{name}/devcontainer-feature.json": f'{{"id": "{name}", "version": "1.0.0", "name": "x"}}'})
        ws.write({f"{name}/install.sh": ""})
    ws.write({"node/TARGETS.toml": "", ".github/TARGETS.toml": ""})
    expected = passed_over("src/node").replace("f/src/", "").replace("src/", "")
    assert ws.packaging("build").output.startswith(f"{expected}built")


def test_a_mixed_collection_fails_and_names_every_invalid_folder(tmp_path: Path) -> None:
    """FR-7: all invalid folders are listed, no archive is made, and the exit code tells."""
    ws = workspace(tmp_path, "go")
    ws.write({"f/src/bare/install.sh": "", "f/src/broken/devcontainer-feature.json": "{,}"})
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: `f/src/bare` holds no `devcontainer-feature.json`\n"
        "  at f/src/bare  (//f:all)\n"
        '  fix: write one with "id", "version" and "name", or move the folder away\n'
        "\n"
        "error: `f/src/broken` holds no `install.sh`\n"
        "  at f/src/broken  (//f:all)\n"
        "  fix: write one: clients run it to install\n"
        "\n"
        'error: `devcontainer-feature.json` is not JSON: expected `}` or a key in `"`, but found `,`\n'
        "  at f/src/broken/devcontainer-feature.json:1:2  (//f:all)\n"
    ) in run.output
    assert ws.paths("dist") == []


def test_a_failed_build_leaves_the_old_archives(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go")
    ws.build()
    before = ws.contents()
    ws.write({"f/src/go/devcontainer-feature.json": '{"id": "golang", "version": "2.0.0", "name": "Go"}'})
    run = ws.build()
    assert run.exit_code == 3
    assert "error: `id` is `golang`, but the folder is `go`\n" in run.output
    assert ws.contents() == before


def test_an_empty_collection(tmp_path: Path) -> None:
    """A-5: `src` without features is an error."""
    ws = workspace(tmp_path)
    ws.write({"f/src/README.md": ""})
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: no features were found in `f/src`\n"
        "  at f/TARGETS.toml:1  (//f:all, $.src)\n"
        "  fix: give every feature a folder there, with devcontainer-feature.json and install.sh\n"
    ) in run.output


def test_another_folder(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go", fields='src = "features"\n', src="features")
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: no features were found in `f/features`\n"
        "  at f/TARGETS.toml:1  (//f:all, $.srcs)\n"
        '  fix: write srcs = ["features/**"]\n'
    ) in run.output
    ws.write({"f/TARGETS.toml": TARGET + 'src = "features"\nsrcs = ["features/**"]\n'})
    assert ws.build().built == [LISTING, "//f:all#go"]


def test_the_package_itself_holds_the_features(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go", fields='src = "."\nsrcs = ["**"]\n', src=".")
    assert ws.build().built == [LISTING, "//f:all#go"]
    ws.write({"f/TARGETS.toml": TARGET + 'src = "../x"\n'})
    assert "`src` must be a folder inside the package, without a slash at its ends" in ws.build().output


def test_strict(tmp_path: Path) -> None:
    ws = workspace(tmp_path, "go", fields="strict = true\n")
    ws.write({"f/src/go/install.sh": b"#!/bin/sh\r\n"})
    run = ws.build()
    assert run.exit_code == 3
    assert "error: `f/src/go/install.sh` has Windows line endings (CRLF)" in run.output
