"""The `archive` rule: what goes in, under which name, and what it refuses."""

from __future__ import annotations

import hashlib
import io
import re
import stat
import tarfile
import zipfile

import zstandard

from packaging_targets.adapters.testing import Workspace


def archive(*lines: str, name: str = "a") -> str:
    return "\n".join(("[[archive]]", f'name = "{name}"', *lines, ""))


def listing(data: bytes) -> list[str]:
    """Return the files and links of a tar, compressed or not."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [member.name for member in tar if not member.isdir()]


def packed(ws: Workspace, *variants: tuple[str, ...]) -> list[list[str]]:
    """Build archives of `pkg`, one for each variant of the fields, and return what is in each."""
    entries = [archive(*lines, name=f"a{place}") for place, lines in enumerate(variants)]
    ws.write({"pkg/TARGETS.toml": "\n".join(entries)})
    run = ws.build()
    assert run.exit_code == 0, run.output
    return [listing(ws.path(f"dist/pkg/a{place}.tar.gz").read_bytes()) for place in range(len(variants))]


def refusal(ws: Workspace, *lines: str) -> str:
    """Return the problems of the archive `pkg:a` with these fields."""
    ws.write({"pkg/TARGETS.toml": archive(*lines)})
    run = ws.build("//pkg:a")
    assert run.exit_code == 3
    return run.output[run.output.index("error: ") :].strip()


def where(field: str, line: int = 1) -> str:
    return f"  at pkg/TARGETS.toml:{line}  (//pkg:a, {field})"


def test_packs_the_package_and_not_its_target_file(ws: Workspace) -> None:
    ws.write({"pkg/main.py": "print(1)\n", "pkg/src/b.txt": "b", "pkg/other/TARGETS.toml": "", "pkg/other/x": "x"})
    assert packed(ws, (), ('srcs = ["TARGETS.toml"]',)) == [["main.py", "src/b.txt"], ["TARGETS.toml"]]


def test_the_golden_bytes_of_every_format(ws: Workspace) -> None:
    ws.write({"pkg/a.txt": "hello\n", "pkg/bin/run": "#!/bin/sh\necho hello\n"})
    formats = ("tar", "tar.gz", "tar.zst", "zip")
    lines = (archive(f'format = "{form}"', 'executable = ["bin/*"]', name=form.replace(".", "-")) for form in formats)
    ws.write({"pkg/TARGETS.toml": "\n".join(lines)})
    run = ws.build()
    assert run.built == ["//pkg:tar", "//pkg:tar-gz", "//pkg:tar-zst", "//pkg:zip"]
    assert {name: hashlib.sha256(data).hexdigest()[:16] for name, data in ws.contents().items()} == {
        "dist/pkg/tar.tar": "8c103d3828252feb",
        "dist/pkg/tar-gz.tar.gz": "dea2ce7c3a48e189",
        "dist/pkg/tar-zst.tar.zst": "18e131e8bc28b6d2",
        "dist/pkg/zip.zip": "f15a5bf2c7c0be3d",
    }


def test_every_format_holds_the_same(ws: Workspace) -> None:
    for form in ("tar", "tar.gz", "tar.zst", "zip"):
        ws.write(
            {
                f"{form}/TARGETS.toml": archive(f'format = "{form}"', 'out = "it"', 'prefix = "top"'),
                f"{form}/x": "x",
            }
        )
    assert ws.build().exit_code == 0
    found = {form: ws.path(f"dist/{form}/it").read_bytes() for form in ("tar", "tar.gz", "tar.zst", "zip")}
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(found["tar.zst"])
    assert plain == found["tar"]
    assert listing(found["tar"]) == listing(found["tar.gz"]) == ["top/x"]
    assert zipfile.ZipFile(io.BytesIO(found["zip"])).namelist() == ["top/", "top/x"]


def test_an_edit_and_a_new_file_rebuild_and_a_touch_does_not(ws: Workspace) -> None:
    ws.write({"pkg/a.txt": "1"})
    packed(ws, ())
    ws.path("pkg/a.txt").touch()
    assert ws.build().built == []
    ws.write({"pkg/b.txt": "2"})
    assert ws.build().built == ["//pkg:a0"]
    assert listing(ws.path("dist/pkg/a0.tar.gz").read_bytes()) == ["a.txt", "b.txt"]
    ws.path("pkg/b.txt").unlink()
    assert ws.build().restored == ["//pkg:a0"]


def test_a_field_that_only_changes_names_rebuilds(ws: Workspace) -> None:
    ws.write({"pkg/a.txt": "1"})
    assert packed(ws, ('prefix = "one"',)) == [["one/a.txt"]]
    assert packed(ws, ('prefix = "two"',)) == [["two/a.txt"]]


def test_names(ws: Workspace) -> None:
    ws.write({"pkg/src/app/main.py": "", "pkg/src/app/x.txt": "", "pkg/readme.md": ""})
    only = 'srcs = ["src/**"]'
    assert packed(
        ws,
        ('prefix = "app-1.0/"',),
        (only, 'strip_prefix = "src/app"'),
        (only, 'strip_prefix = "//"'),
        (only, 'strip_prefix = "//pkg/src"', 'prefix = "p"'),
    ) == [
        ["app-1.0/readme.md", "app-1.0/src/app/main.py", "app-1.0/src/app/x.txt"],
        ["main.py", "x.txt"],
        ["pkg/src/app/main.py", "pkg/src/app/x.txt"],
        ["p/app/main.py", "p/app/x.txt"],
    ]


def test_renaming(ws: Workspace) -> None:
    ws.write({"pkg/src/main.py": "", "pkg/readme.md": "", "pkg/x": ""})
    rename = 'rename = { "readme.md" = "README", "//pkg/x" = "deep/er/y" }'
    found = packed(ws, (rename, 'strip_prefix = "src"', 'prefix = "p"'))
    assert found == [["p/README", "p/deep/er/y", "p/main.py"]]


def test_outputs_of_dependencies(ws: Workspace) -> None:
    one, two = archive(name="one"), archive('out = "one.tar.gz"', name="two")
    ws.write({"one/TARGETS.toml": one, "one/x": "1", "two/TARGETS.toml": two, "two/x": "2", "pkg/a": "a"})
    both = (
        'deps = ["//one:one", "//two:two"]',
        'rename = { "//dist/two/one.tar.gz" = "two.tgz" }',
    )
    assert packed(
        ws,
        both,
        (*both, 'prefix = "p"', 'deps_prefix = "parts"'),
        (*both, 'prefix = "p"', 'deps_prefix = ""', "srcs = []"),
    ) == [
        ["a", "one.tar.gz", "two.tgz"],
        ["p/a", "parts/one.tar.gz", "parts/two.tgz"],
        ["one.tar.gz", "two.tgz"],
    ]
    ws.write({"one/x": "other"})
    assert ws.build().built == ["//one:one", "//pkg:a0", "//pkg:a1", "//pkg:a2"]


def test_modes(ws: Workspace) -> None:
    ws.write({"pkg/plain": "", "pkg/bin/tool": "", "pkg/deep/bin/x.sh": ""})
    ws.write({"pkg/run.sh": ""}, executable=True)
    packed(ws, ('executable = ["bin/*", "**/*.s?"]',))
    with tarfile.open(ws.path("dist/pkg/a0.tar.gz")) as tar:
        modes = {member.name: stat.filemode(member.mode)[1:] for member in tar if member.isfile()}
    yes, no = "rwxr-xr-x", "rw-r--r--"
    assert modes == {"plain": no, "bin/tool": yes, "deep/bin/x.sh": yes, "run.sh": yes}


def test_links_inside_stay_links(ws: Workspace) -> None:
    ws.write({"pkg/lib/a": "x"})
    ws.path("pkg/now").symlink_to("lib/a")
    ws.path("pkg/lib/up").symlink_to("../lib")
    assert packed(ws, ()) == [["lib/a", "lib/up", "now"]]
    with tarfile.open(ws.path("dist/pkg/a0.tar.gz")) as tar:
        assert [tar.getmember(name).linkname for name in ("now", "lib/up")] == ["lib/a", "../lib"]


def test_links_that_lead_out(ws: Workspace) -> None:
    ws.write({"x": "", "pkg/lib/a": ""})
    ws.path("pkg/absolute").symlink_to(ws.path("pkg/lib/a"))
    ws.path("pkg/out").symlink_to("../x")
    assert refusal(ws) == (
        f"error: `pkg/absolute` is a link to the absolute path `{ws.path('pkg/lib/a')}`\n"
        f"{where('$.srcs')}\n"
        "  fix: make it relative, or exclude it\n\n"
        "error: `pkg/out` is a link to `../x`, which is outside of the archive\n"
        f"{where('$.srcs')}\n"
        "  fix: replace it by what it leads to, or exclude it"
    )
    ws.path("pkg/absolute").unlink()
    assert packed(ws, ('strip_prefix = "//"',)) == [["pkg/lib/a", "pkg/out"]]


def test_the_time_is_that_of_the_sources(ws: Workspace) -> None:
    ws.write({"pkg/a": ""})
    ws.environment["SOURCE_DATE_EPOCH"] = "1700000000"
    packed(ws, ())
    with tarfile.open(ws.path("dist/pkg/a0.tar.gz")) as tar:
        assert tar.getmember("a").mtime == 1_700_000_000


def test_all_that_is_wrong_with_names(ws: Workspace) -> None:
    ws.write({"pkg/src/one.txt": "", "pkg/two.txt": "", "pkg/three.txt": ""})
    lines = (
        'prefix = "../up"',
        'deps_prefix = "/"',
        'rename = { "src/one.txt" = "x", "two.txt" = "x", "three.text" = "y", "three.txt" = "a//b" }',
        'executable = ["*.txt", "bin/*"]',
    )
    assert refusal(ws, *lines) == (
        "error: `prefix` must be a relative path without `.` and `..`, but is `../up`\n"
        f"{where('$.prefix', 3)}\n"
        '  fix: write prefix = "app", or leave it out\n\n'
        "error: `deps_prefix` must be a relative path without `.` and `..`, but is `/`\n"
        f"{where('$.deps_prefix', 4)}\n"
        '  fix: write deps_prefix = "app", or leave it out\n\n'
        "error: `pkg/src/one.txt` and `pkg/two.txt` both want to be `../up/x` in the archive\n"
        f"{where('$.rename', 5)}\n"
        '  fix: rename one: rename = { "//pkg/two.txt" = "…" }\n\n'
        "error: `three.text` is nothing that is packed\n"
        f"{where('$.rename.three.text', 5)}\n"
        "  fix: did you mean `three.txt`?\n\n"
        "error: a new name must be a relative path without `.` and `..`, but is `a//b`\n"
        f"{where('$.rename.three.txt', 5)}\n\n"
        "error: `bin/*` matches nothing that is packed\n"
        f"{where('$.executable[1]', 6)}\n"
        "  fix: mend the glob, or remove it"
    )


def test_a_field_that_is_a_table_is_found_at_its_header(ws: Workspace) -> None:
    ws.write({"pkg/a": ""})
    assert refusal(ws, "", "[ archive . 'rename' ]", 'b = "c"') == (
        f"error: `b` is nothing that is packed\n{where('$.rename.b', 4)}"
    )


def test_globs_of_what_is_executable_are_those_of_sources(ws: Workspace) -> None:
    ws.write({"pkg/bin/a": "", "pkg/bin/b": "", "pkg/c": ""})
    packed(ws, ('executable = ["bin/[a]", "**/c"]',))
    with tarfile.open(ws.path("dist/pkg/a0.tar.gz")) as tar:
        assert {member.name: member.mode for member in tar if member.isfile()} == {
            "bin/a": 0o755,
            "bin/b": 0o644,
            "c": 0o755,
        }
    assert refusal(ws, 'executable = ["c", "../c"]') == (
        "error: `../c` is no glob: a glob never leaves its package: it has no `.` or `..` parts\n"
        f"{where('$.executable[1]', 3)}"
    )


def test_sources_outside_of_strip_prefix(ws: Workspace) -> None:
    ws.write({f"pkg/{name}": "" for name in ("src/x", "a", "b", "c", "d", "e")})
    assert refusal(ws, 'strip_prefix = "src"') == (
        "error: not below `strip_prefix`, which is `src`: `a`, `b`, `c` and 2 more\n"
        f"{where('$.strip_prefix', 3)}\n"
        "  fix: mend it, exclude them, or give them names in `rename`"
    )


def test_a_file_in_the_place_of_a_folder(ws: Workspace) -> None:
    ws.write({"pkg/a": "", "pkg/b": ""})
    assert refusal(ws, 'rename = { "b" = "a/b" }') == (
        "error: in the archive, `a` is a file, and `a/b` wants it to be a folder\n"
        f"{where('$.rename', 3)}\n"
        "  fix: rename one of the two"
    )


def test_nothing_to_pack(ws: Workspace) -> None:
    assert refusal(ws) == (
        f"error: the archive would be empty\n{where('$.srcs')}\n  fix: name files in `srcs`, or targets in `deps`"
    )


def test_levels_that_do_not_exist(ws: Workspace) -> None:
    levels = {"tar": 1, "tar.gz": 13, "tar.zst": 0, "zip": -1}
    entries = [archive(f'format = "{form}"', f"level = {level}", name=form) for form, level in levels.items()]
    ws.write({"pkg/a": "", "pkg/TARGETS.toml": "\n".join(entries)})
    output = ws.build().output
    told = [line for line in output.splitlines() if line.startswith(("error", "  fix"))]
    assert told == [
        "error: the format `tar` is not compressed and has no `level`",
        "  fix: leave it out",
        "error: `level` must be from 1 to 12 for the format `tar.gz`, but is 13",
        "  fix: leave it out for the default",
        "error: `level` must be from 1 to 19 for the format `tar.zst`, but is 0",
        "  fix: leave it out for the default",
        "error: `level` must be from 0 to 12 for the format `zip`, but is -1",
        "  fix: leave it out for the default",
    ]
    places = re.findall(r"  at pkg/TARGETS.toml:(\d+)  \(//pkg:(\S+), \$.level\)\n", output)
    assert places == [("4", "tar"), ("9", "tar.gz"), ("14", "tar.zst"), ("19", "zip")]


def test_a_level_that_exists(ws: Workspace) -> None:
    ws.write({"pkg/a": "many words, " * 1000})
    packed(ws, ("level = 1",), ("level = 12",))
    fast, small = (ws.path(f"dist/pkg/a{place}.tar.gz").stat().st_size for place in (0, 1))
    assert small < fast
