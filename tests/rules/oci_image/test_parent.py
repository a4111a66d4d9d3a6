"""What an image is made on top of: a layout's folder, a tar of one, what another target makes; and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from images import index_of, read_image
from layouts import AMD64, ARM64, Layout, digest_of
from tars import made

from packaging_targets.adapters.testing import Workspace

AMD, ARM = "linux/amd64", "linux/arm64"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "repo")


def entry(name: str, base: str, *lines: str) -> str:
    return "\n".join(("[[oci_image]]", f'name = "{name}"', f'base = "{base}"', *lines, ""))


def layout() -> tuple[Layout, dict[str, str]]:
    """Return a layout of two images in an index, and the digests of the index and of the images."""
    one = Layout()
    amd64 = one.image(
        AMD64, {"bin/sh": b"shell"}, {"etc/os": b"1"}, config={"config": {"Env": ["PATH=/bin"]}}, told=True
    )
    arm64 = one.image(ARM64, {"bin/sh": b"other"}, told=True)
    index = one.index(amd64, arm64)
    return one.names(index), {"index": index["digest"], "amd64": amd64["digest"], "arm64": arm64["digest"]}


def place(ws: Workspace, one: Layout, folder: str) -> None:
    ws.write({f"{folder}/{name}": data for name, data in one.files.items()})


def refusals(ws: Workspace, *entries: str) -> list[str]:
    """Return the problems of images, one for each entry, in their order."""
    ws.write({"pkg/TARGETS.toml": "\n".join(entries)})
    run = ws.build(keep_going=True)
    assert run.exit_code != 0
    problems = run.output.split("error: ")[1:]
    return ["error: " + problem.partition("\n  to run it alone")[0].strip() for problem in problems]


FORMS = "name the folder of an OCI layout, a .tar of one, :target, or an image in a registry by its digest"
NAMES = "a name has lower-case letters and digits, with `.`, `_` or `-` between them, and `/`"
UNPINNED = "names no digest, so that it could be another image tomorrow"


def told(line: int, name: str, what: str, fix: str = "", field: str = "$.base") -> str:
    place = f"error: {what}\n  at pkg/TARGETS.toml:{line}  (//pkg:{name}, {field})"
    return f"{place}\n  fix: {fix}" if fix else place


def pinned(name: str) -> str:
    return f"write {name}@sha256:…, with the digest that `packaging image inspect {name}` tells"


def test_a_layout_is_a_folder_or_a_tar_here_or_anywhere(ws: Workspace) -> None:
    one, digests = layout()
    place(ws, one, "pkg/bases/two")
    ws.write({"bases/two.tar": one.tar(), "pkg/x": "x"})
    ws.write(
        {
            "pkg/TARGETS.toml": "\n".join(
                [
                    entry("folder", "bases/two", f'platforms = ["{AMD}", "{ARM}"]'),
                    entry("tar", "//bases/two.tar", 'srcs = ["x"]', f'base_digest = "{digests["amd64"]}"'),
                    entry("arm", "//pkg/bases/two/", f'platforms = ["{ARM}"]', f'base_digest = "{digests["index"]}"'),
                ]
            )
        }
    )
    run = ws.build()
    assert run.exit_code == 0, run.output
    folder = {name: read_image(ws.path("dist/pkg/folder"), name) for name in ("amd64", "arm64")}
    assert folder["amd64"].names == [["bin/sh"], ["etc/os"]]
    assert folder["amd64"].config["config"] == {"Env": ["PATH=/bin"]}
    assert (folder["arm64"].texts, folder["arm64"].config["variant"]) == ([{"bin/sh": "other"}], "v8")
    tar = read_image(ws.path("dist/pkg/tar"))
    assert tar.names == [["bin/sh"], ["etc/os"], ["x"]]
    assert read_image(ws.path("dist/pkg/arm"), "arm64").texts == [{"bin/sh": "other"}]
    told = {name: json.loads(ws.read(f"dist/pkg/{name}.parts/base.json")) for name in ("folder", "tar", "arm")}
    assert {name: value["digest"] for name, value in told.items()} == {
        "folder": digests["index"],
        "tar": digests["amd64"],
        "arm": digests["index"],
    }
    assert told["folder"]["platforms"][ARM]["manifest"] == digests["arm64"]
    # Another image in the same place is found, and a file that comes beside the blobs changes nothing.
    other = Layout()
    place(ws, other.names(other.image(AMD64, {"new": b"1"})), "pkg/bases/two")
    ws.write({"pkg/TARGETS.toml": entry("folder", "bases/two")})
    assert ws.build().built == ["//pkg:folder#base", "//pkg:folder#image"]
    assert read_image(ws.path("dist/pkg/folder")).names == [["new"]]


def test_what_a_program_makes_may_be_a_base(ws: Workspace) -> None:
    one, _ = layout()
    ws.write({"pkg/base.tar": one.tar()})
    folder = '[[command]]\nname = "folder"\nsrcs = ["base.tar"]\nargv = ["tar", "-xf", "base.tar", "-C", "{out}"]\nouts = ["out/"]\n'
    tar = '[[command]]\nname = "tar"\nsrcs = ["base.tar"]\nargv = ["cp", "base.tar", "{out}"]\nouts = ["copy.tar"]\n'
    ws.write({"pkg/TARGETS.toml": folder + tar + entry("a", ":folder") + entry("b", "//pkg:tar")})
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert index_of(ws.path("dist/pkg/a")) == index_of(ws.path("dist/pkg/b"))


def test_a_base_that_is_none_is_refused_before_anything_is_built(ws: Workspace) -> None:
    digest = digest_of(b"")
    ws.write({"pkg/empty/x": "", "pkg/a.txt": ""})
    assert refusals(
        ws,
        '[[archive]]\nname = "zip"\nsrcs = ["a.txt"]\n',
        entry("few", "scratch", 'srcs = ["a.txt"]', f'platforms = ["{AMD}", "linux/arm/v6"]'),
        entry("b", "nothing/here"),
        entry("c", "empty"),
        entry("d", "debian:12"),
        entry("e", "ghcr.io/acme/base"),
        entry("f", f"debian@{digest}"),
        entry("g", "docker.io/library/debian:12@sha256:00"),
        entry("h", f"ghcr.io/Acme/x@{digest}"),
        entry("i", ":zip"),
        entry("j", ":few", f'platforms = ["{AMD}", "linux/s390x", "linux/arm64"]'),
        entry("k", "scratch", 'srcs = ["a.txt"]', f'base_digest = "{digest}"'),
        entry("l", f"ghcr.io/acme/x@{digest}", f'base_digest = "{digest}"'),
        entry("m", "../../etc"),
        entry("n", "scratch"),
    ) == [
        told(13, "b", "there is no `pkg/nothing/here`", FORMS),
        told(17, "c", "`pkg/empty` is no OCI layout: it has no `index.json` or no `oci-layout`", FORMS),
        told(21, "d", f"`debian:12` {UNPINNED}", pinned("docker.io/library/debian:12")),
        told(25, "e", f"`ghcr.io/acme/base` {UNPINNED}", pinned("ghcr.io/acme/base:latest")),
        told(29, "f", "`debian` names no registry", f"write docker.io/library/debian@{digest}"),
        told(33, "g", "`sha256:00` is no digest", "write sha256: and its 64 hexadecimal digits"),
        told(37, "h", f"`ghcr.io/Acme/x` is no image: {NAMES}"),
        told(
            41,
            "i",
            "`:zip` makes no image: neither one `.tar` nor one folder",
            "name a target of `oci_image`, or one that makes an OCI layout",
        ),
        told(45, "j", "`:few` is not there for `linux/s390x`, `linux/arm64`", "it has `linux/amd64`, `linux/arm/v6`"),
        told(52, "k", "`base_digest` is not for a base that is nothing", "leave it out", "$.base_digest"),
        told(57, "l", "`base_digest` is not for a base that is named by its digest", "leave it out", "$.base_digest"),
        "error: `../../etc` leaves the workspace\n  at pkg/TARGETS.toml:59  (//pkg:m)\n  fix: name a path inside it",
        told(65, "n", "the image would be empty", "name files in `srcs`, write `layers`, or a `base`"),
    ]


def test_a_dependency_that_is_not_there_is_told_at_the_field(ws: Workspace) -> None:
    what, fix = "there is no target `//pkg:nothing`", "choose a target of `//pkg`: a"
    assert refusals(ws, entry("a", ":nothing")) == [told(3, "a", what, fix)]


def test_a_base_that_is_not_what_it_says_is_refused_when_it_is_read(ws: Workspace) -> None:
    one, digests = layout()
    other = digest_of(b"other")
    place(ws, one, "good")
    layer = next(name for name, data in one.files.items() if data[:2] == b"\x1f\x8b")
    changed = {**one.files, layer: one.files[layer][:-1] + b"x"}
    ws.write({f"changed/{name}": data for name, data in changed.items()})
    longer = {**one.files, layer: one.files[layer] + b"x"}
    ws.write({f"longer/{name}": data for name, data in longer.items()})
    lacking = {name: data for name, data in one.files.items() if name != layer}
    ws.write({f"lacking/{name}": data for name, data in lacking.items()})
    docker = made(
        {"name": "manifest.json", "data": b"[]"},
        {"name": "a/layer.tar", "type": b"2", "linkname": "../b/layer.tar"},
    )
    links = made(
        *({"name": name, "data": data} for name, data in one.files.items()),
        {"name": "x", "type": b"2", "linkname": "/"},
    )
    ws.write({"docker.tar": docker, "links.tar": links, "plain.tar": made({"name": "x"}), "cut.tar": one.tar()[:4000]})
    ws.write({"packed.tar": gzip.compress(one.tar()), "no.tar": b"x" * 2000})
    place(ws, one, "linked")
    ws.path(f"linked/{layer}").unlink()
    ws.path(f"linked/{layer}").symlink_to(f"../../../good/{layer}")
    bytes_differ = f"the layer's bytes are not the {len(one.files[layer])} of its digest"
    names = (
        "changed",
        "longer",
        "lacking",
        "linked",
        "docker.tar",
        "links.tar",
        "plain.tar",
        "cut.tar",
        "packed.tar",
        "no.tar",
    )
    assert refusals(
        ws,
        entry("a", "//good", 'platforms = ["linux/riscv64"]'),
        entry("b", "//good", f'base_digest = "{other}"'),
        *(entry(f"c{place}", f"//{name}") for place, name in enumerate(names)),
    ) == [
        "error: the image is not there for `linux/riscv64`\n  at good\n  fix: choose from `linux/amd64`, `linux/arm64`",
        f"error: `{other}` was expected, but there is `{digests['index']}`\n  at good\n"
        "  fix: name that digest instead, if it is the one that you trust",
        f"error: {bytes_differ}\n  at changed/{layer}\n  fix: make the layout anew, or fetch it again",
        f"error: {bytes_differ}\n  at longer/{layer}\n  fix: make the layout anew, or fetch it again",
        f"error: the layout has no `{layer}`\n  at lacking\n  fix: make the layout anew: it is not whole",
        f"error: a layout holds no links\n  at linked/{layer}\n  fix: put a copy in its place",
        "error: the tar is one of `docker save` in its old form, and no OCI layout\n  at docker.tar\n"
        "  fix: copy it into a layout: `skopeo copy docker-archive:base.tar oci:base`",
        "error: `x` is a symbolic link, and only files are read from the tar\n  at links.tar",
        "error: the tar is no OCI layout: it has no `oci-layout`\n  at plain.tar\n  fix: name the tar of an OCI layout",
        "error: the archive ends in the middle of an entry, at byte 4,000 of the tar\n  at cut.tar",
        "error: the tar is packed with gzip\n  at packed.tar\n  fix: unpack it: a layout's layers are packed already",
        "error: there is no tar header at byte 0: a number is 'xxxxxxxx'\n  at no.tar",
    ]
