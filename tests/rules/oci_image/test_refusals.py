"""Fields of an image that cannot be meant: each is told at its line, all at once, before anything is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write({"pkg/a.txt": "a", "pkg/b.txt": "b", "pkg/sub/a.txt": "c"})
    return ws


def refusals(ws: Workspace, *lines: str) -> list[str]:
    """Return the problems of the image `//pkg:x` with these lines: what is told, the line and the field, the fix."""
    ws.write({"pkg/TARGETS.toml": "\n".join(("[[oci_image]]", 'name = "x"', *lines, ""))})
    run = ws.build()
    assert run.exit_code == 3
    assert not ws.path("dist").exists()
    problems = [problem.strip() for problem in run.output.split("error: ")[1:]]
    place = re.compile(r"\n  at pkg/TARGETS.toml:(\d+)  \(//pkg:x, (.*)\)")
    return [place.sub(r" @ \1 \2", problem).replace("\n  fix: ", " => ") for problem in problems]


def test_values_that_do_not_fit_the_schema(ws: Workspace) -> None:
    assert refusals(
        ws,
        'user = "a b"',
        'workdir = "app"',
        'ports = ["http"]',
        'volumes = ["data"]',
        'stop_signal = "KILL"',
        'owner = "app"',
        'base_digest = "sha256:0"',
        "platforms = []",
        'compression = "xz"',
        'layers = [{ src = ["a.txt"] }]',
        "labels = { a = 1 }",
    ) == [
        '`user` must be a name or a number, as in app, 1000 or 1000:1000, but is "a b" @ 3 $.user',
        '`workdir` must be an absolute path, but is "app" @ 4 $.workdir',
        '`ports[0]` must be a port, as in 8080 or 8080/udp, but is "http" @ 5 $.ports[0]',
        '`volumes[0]` must be an absolute path, but is "data" @ 6 $.volumes[0]',
        '`stop_signal` must be a signal, as in SIGINT or 2, but is "KILL" @ 7 $.stop_signal',
        '`owner` must be numbers, as in 1000 or 1000:1000, but is "app" @ 8 $.owner',
        '`base_digest` must be sha256: and 64 hexadecimal digits, but is "sha256:0" @ 9 $.base_digest',
        "`platforms` must not be empty @ 10 $.platforms",
        '`compression` must be one of "gzip", "zstd", but is "xz" @ 11 $.compression',
        "`layers[0]` has no field `src` @ 12 $.layers[0].src => did you mean `srcs`?",
        "`labels.a` must be a string, but is 1 @ 13 $.labels.a",
    ]


def test_values_that_no_image_can_have(ws: Workspace) -> None:
    assert refusals(
        ws,
        'srcs = ["a.txt"]',
        'platforms = ["linux", "linux/arm64", "linux/arm64/v8", "linux/x86_64"]',
        "ports = [0, 65536, 80]",
        'env = { "1A" = "x", "A-B" = "y\\u0000" }',
        'entrypoint = ["a\\u0000"]',
        'image = "Acme/api"',
        'owner = "0:2097152"',
        "level = 13",
        'executable = ["no/*"]',
        'rename = { "b.txt" = "c" }',
        'strip_prefix = "sub"',
        'prefix = "/app/../etc"',
    ) == [
        "`linux` is no platform @ 4 $.platforms[0] => write one as in linux/amd64 or linux/arm64",
        "`linux/arm64/v8` is `linux/arm64`, which stands here twice @ 4 $.platforms[2] => leave one out",
        "there is no port 0 @ 5 $.ports[0] => ports go from 1 to 65535",
        "there is no port 65536 @ 5 $.ports[1] => ports go from 1 to 65535",
        "`1A` is no name of a variable @ 6 $.env.1A => use letters, digits and `_`",
        "`env.A-B` holds a NUL @ 6 $.env.A-B => take it out",
        "`entrypoint[0]` holds a NUL @ 7 $.entrypoint[0] => take it out",
        "`Acme/api` is no name of an image: a name has lower-case letters and digits, with `.`, `_` or `-` between them, and `/` @ 8 $.image",
        "the owner `0:2097152` has too large a number @ 9 $.owner => choose numbers below 2,097,152",
        "`level` must be from 1 to 12 for gzip, but is 13 @ 10 $.level => leave it out for the default",
        "`no/*` matches nothing that is packed @ 11 $.executable[0] => mend the glob, or remove it",
        "`b.txt` is nothing that is packed @ 12 $.rename.b.txt => did you mean `a.txt`?",
        "not below `strip_prefix`, which is `sub`: `a.txt` @ 13 $.strip_prefix => mend it, exclude them, or give them names in `rename`",
        '`prefix` must be a path without `.` and `..`, but is `/app/../etc` @ 14 $.prefix => write prefix = "/app"',
    ]


def test_layers_that_cannot_be(ws: Workspace) -> None:
    assert refusals(
        ws,
        'srcs = ["a.txt"]',
        'prefix = "/x"',
        "level = 3",
        "layers = [",
        '  { srcs = ["*.txt"], exclude = ["*"] },',
        '  { srcs = ["a.txt"], platform = "linux/s390x" },',
        '  { srcs = ["a.txt"], platform = "s390x", compression = "zstd" },',
        '  { srcs = ["**/a.txt"], rename = { "a.txt" = "sub/a.txt" } },',
        '  { srcs = ["a.txt", "b.txt"], rename = { "a.txt" = "b.txt/x" } },',
        '  { srcs = ["a.txt"], exclude = ["[z-a]"], executable = ["b"] },',
        "]",
    ) == [
        "`srcs` is for an image without `layers`, and this one has some @ 3 $.srcs => write it into each layer that it is for",
        "`prefix` is for an image without `layers`, and this one has some @ 4 $.prefix => write it into each layer that it is for",
        "`level` is meant for gzip, and there is a layer that is packed otherwise @ 5 $.level => leave it out for the defaults",
        "the layer would be empty @ 7 $.layers[0] => name files in `srcs`, or targets in `deps`",
        "the image is not made for `linux/s390x` @ 8 $.layers[1].platform => choose from `linux/amd64`",
        "`s390x` is no platform @ 9 $.layers[2].platform => write one as in linux/amd64",
        '`pkg/a.txt` and `pkg/sub/a.txt` both want to be `sub/a.txt` in the layer @ 10 $.layers[3].rename => rename one: rename = { "//pkg/sub/a.txt" = "…" }',
        "in the layer, `b.txt` is a file, and `b.txt/x` wants it to be a folder @ 11 $.layers[4].rename => rename one of the two",
        "`[z-a]` is no glob: `[z-a]` is no set of characters: bad character range z-a at position 1 @ 12 $.layers[5].exclude[0]",
        "`b` matches nothing that is packed @ 12 $.layers[5].executable[0] => mend the glob, or remove it",
    ]


def test_links_that_lead_out_of_a_layer(ws: Workspace) -> None:
    ws.path("pkg/sub/up").symlink_to("../a.txt")
    ws.path("pkg/sub/abs").symlink_to("/etc/passwd")
    ws.path("pkg/sub/in").symlink_to("a.txt")
    assert refusals(ws, 'layers = [{ srcs = ["sub/**"], strip_prefix = "sub" }]') == [
        "`pkg/sub/abs` is a symbolic link that leads outside the workspace, to `/etc/passwd` @ 1 $.srcs => copy what it leads to, or exclude it",
    ]
    ws.path("pkg/sub/abs").unlink()
    assert refusals(ws, 'layers = [{ srcs = ["sub/**"], strip_prefix = "sub" }]') == [
        "`pkg/sub/up` is a link to `../a.txt`, which is outside of the layer @ 3 $.layers[0].srcs => replace it by what it leads to, or exclude it",
    ]


def test_globs_of_layers_are_looked_at_like_srcs(ws: Workspace) -> None:
    assert refusals(ws, 'layers = [{ srcs = ["a.txt", "none/*"] }, { srcs = ["../*"] }]') == [
        "`../*` is no glob: a glob never leaves its package: it has no `.` or `..` parts @ 3 $.layers[1].srcs[0]",
    ]
    assert refusals(ws, 'layers = [{ srcs = ["a.txt", "none/*"] }]') == [
        "`none/*` matches no file below pkg @ 3 $.layers[0].srcs[1] => mend the glob, or remove it",
    ]


def test_a_platform_that_is_nearly_one(ws: Workspace) -> None:
    assert refusals(ws, 'srcs = ["a.txt"]', 'platforms = ["linux/amd46", "linx/arm64", "linux/newest"]') == [
        "there is no architecture `amd46` @ 4 $.platforms[0] => did you mean `amd64`?",
        "there is no system `linx` @ 4 $.platforms[1] => did you mean `linux`?",
    ]
