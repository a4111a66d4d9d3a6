"""Every mistake in target files and among sources, with the whole text that a person sees."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from rights import WITHOUT_RIGHTS, needs_rights_dropped

from packaging_targets.adapters.testing import PACKAGING, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RULES = "agent_bundle, agent_package, app, archive, asset_pack, command, devcontainer_feature, feature_collection, job, oci_image, packaging_registry, service"
A = '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n'
B = A.replace('"a"', '"b"')


def told(ws: Workspace, made: int = 0) -> str:
    """Build twice: the exit code is 2, no more is made than before, and what is told the second time is the same."""
    first, second = ws.packaging("build"), ws.packaging("build")
    assert (first.exit_code, second.exit_code) == (2, 2)
    assert first.output == second.output
    assert len(ws.paths("dist")) == made
    return first.output


CASES: Mapping[str, tuple[Mapping[str, str | bytes], str]] = {
    "no TOML": (
        {"a/TARGETS.toml": '[[archive]]\nname = "x\n'},
        """\
error: this is not TOML: illegal character '\\n'
  at a/TARGETS.toml:2:10
""",
    ),
    "TOML that ends too early": (
        {"a/TARGETS.toml": "[[archive]]\nname = ["},
        """\
error: this is not TOML: invalid value
  at a/TARGETS.toml:2:9
""",
    ),
    "no TOML in the root's file": (
        {"TARGETS.toml": "[workspace]\nout = \n"},
        """\
error: this is not TOML: invalid value
  at TARGETS.toml:2:7
""",
    ),
    "not UTF-8": (
        {"a/TARGETS.toml": b"# \n# caf\xe9\n"},
        """\
error: `a/TARGETS.toml` is not UTF-8 (byte 8)
  at a/TARGETS.toml:2
  fix: save the file as UTF-8
""",
    ),
    "an unknown rule": (
        {"a/TARGETS.toml": '\n[[archve]]\nname = "x"\n'},
        f"""\
error: there is no rule `archve`
  at a/TARGETS.toml:2
  fix: did you mean `archive`?  (rules: {RULES})
""",
    ),
    "an unknown field": (
        {"a/TARGETS.toml": A + 'formt = "zip"\n', "a/x.txt": ""},
        """\
error: `archive` has no field `formt`
  at a/TARGETS.toml:4  (//a:a, $.formt)
  fix: did you mean `format`?
""",
    ),
    "wrong types, each with its line": (
        {"a/TARGETS.toml": '[[archive]]\nname = "x"\nsrcs = "*.txt"\ntags = ["a", 1]\nformat = "rar"\nlevel = "3"\n'},
        """\
error: `srcs` must be a list of strings, but is "*.txt"
  at a/TARGETS.toml:3  (//a:x, $.srcs)
  fix: write srcs = ["*.txt"]

error: `tags[1]` must be a string, but is 1
  at a/TARGETS.toml:4  (//a:x, $.tags[1])

error: `format` must be one of "tar", "tar.gz", "tar.zst", "zip", but is "rar"
  at a/TARGETS.toml:5  (//a:x, $.format)
  fix: did you mean `tar`?

error: `level` must be a whole number, but is "3"
  at a/TARGETS.toml:6  (//a:x, $.level)
  fix: write level = 3
""",
    ),
    "no name": (
        {"a/TARGETS.toml": '[[archive]]\nsrcs = ["*.txt"]\n'},
        """\
error: `archive` lacks the field `name`
  at a/TARGETS.toml:1  (//a:?)
  fix: write name = "…"
""",
    ),
    "a table that is no array, a key in no entry": (
        {"a/TARGETS.toml": 'name = "b"\n[archive]\nname = "x"\n'},
        """\
error: `name` stands in no entry
  at a/TARGETS.toml:1
  fix: write it below a header such as [[archive]]

error: `[archive]` must be an entry of an array
  at a/TARGETS.toml:2
  fix: write [[archive]]
""",
    ),
    "globs that leave the package": (
        {"a/TARGETS.toml": '[[archive]]\nname = "y"\nsrcs = ["/etc/*", "../x", "ok", "[z-a]"]\n'},
        """\
error: `/etc/*` is no glob: a glob is relative to its package
  at a/TARGETS.toml:3  (//a:y, $.srcs[0])

error: `../x` is no glob: a glob never leaves its package: it has no `.` or `..` parts
  at a/TARGETS.toml:3  (//a:y, $.srcs[1])

error: `[z-a]` is no glob: `[z-a]` is no set of characters: bad character range z-a at position 1
  at a/TARGETS.toml:3  (//a:y, $.srcs[3])
""",
    ),
    "what is no label": (
        {"a/TARGETS.toml": A + 'deps = ["foo", "//a/../c:d", "//c:"]\n', "a/x.txt": ""},
        """\
error: `foo` is no label: a label starts with `//` or `:`
  at a/TARGETS.toml:4  (//a:a, $.deps[0])
  fix: write //folder:name, or :name in the same file

error: `//a/../c:d` is no label: `a/../c` is no package
  at a/TARGETS.toml:4  (//a:a, $.deps[1])
  fix: write //folder:name, or :name in the same file

error: `//c:` is no label: `` is no target name
  at a/TARGETS.toml:4  (//a:a, $.deps[2])
  fix: write //folder:name, or :name in the same file
""",
    ),
    "a name that stands twice": (
        {"a/TARGETS.toml": f"{A}\n{A}", "a/x.txt": ""},
        """\
error: there are two targets `//a:a`
  at a/TARGETS.toml:5  (//a:a, $.name)
  fix: rename one; the other is at a/TARGETS.toml:1
""",
    ),
    "labels that do not exist": (
        {
            "a/TARGETS.toml": A + 'deps = ["//b:bb", ":aa"]\n',
            "a/x.txt": "",
            "b/TARGETS.toml": B,
            "b/x.txt": "",
        },
        """\
error: there is no target `//b:bb`
  at a/TARGETS.toml:4  (//a:a, $.deps[0])
  fix: did you mean `//b:b`?  (targets of `//b`: b)

error: there is no target `//a:aa`
  at a/TARGETS.toml:4  (//a:a, $.deps[1])
  fix: did you mean `//a:a`?  (targets of `//a`: a)
""",
    ),
    "a cycle": (
        {
            "a/TARGETS.toml": A + 'deps = ["//b:a"]\n',
            "b/TARGETS.toml": A + 'deps = ["//c:a"]\n',
            "c/TARGETS.toml": A + 'deps = ["//a:a"]\n',
            **{f"{folder}/x.txt": "" for folder in "abc"},
        },
        """\
error: targets depend on each other in a cycle: `//a:a` -> `//b:a` -> `//c:a` -> `//a:a`
  at a/TARGETS.toml:4  (//a:a, $.deps[0])
  fix: remove one of these dependencies, or move what they share into a target of its own
""",
    ),
    "two targets that claim one output": (
        {"a/TARGETS.toml": f'{A}out = "x.tgz"\n{B}out = "x.tgz"\n', "a/x.txt": ""},
        """\
error: two targets make `dist/a/x.tgz`
  at a/TARGETS.toml:5  (//a:b)
  fix: give one of them another name, or whatever the output is named by; the other is `//a:a` at a/TARGETS.toml:1
""",
    ),
    "outputs outside the workspace": (
        {"a/TARGETS.toml": f'{A}out = "../../../x.tgz"\n{B}out = "/tmp/x.tgz"\n', "a/x.txt": ""},
        """\
error: `../../../x.tgz` leaves the workspace
  at a/TARGETS.toml:1  (//a:a)
  fix: name a path inside it

error: `/tmp/x.tgz` leaves the workspace
  at a/TARGETS.toml:5  (//a:b)
  fix: name a path inside it
""",
    ),
    "globs that match nothing": (
        {"a/TARGETS.toml": A.replace("*.txt", '*.md", "x.txt", "no/**'), "a/x.txt": ""},
        """\
error: `*.md` matches no file below a
  at a/TARGETS.toml:3  (//a:a, $.srcs[0])
  fix: mend the glob, or remove it

error: `no/**` matches no file below a
  at a/TARGETS.toml:3  (//a:a, $.srcs[2])
  fix: mend the glob, or remove it
""",
    ),
    "a glob into another package": (
        {"a/TARGETS.toml": A.replace("*.txt", "b/**"), "a/b/TARGETS.toml": "", "a/b/x.txt": ""},
        """\
error: `b/**` matches no file below a
  at a/TARGETS.toml:3  (//a:a, $.srcs[0])
  fix: `b` is a package of its own: depend on a target of it
""",
    ),
    "a workspace inside the workspace": (
        {"a/TARGETS.toml": "[workspace]\n"},
        """\
error: `a` is a workspace inside this workspace
  at a/TARGETS.toml:1
  fix: take its [workspace] table away, or write ignore = ["a"] in the [workspace] of the root's TARGETS.toml
""",
    ),
    "a folder that cannot be a package": (
        {"a:b/TARGETS.toml": A},
        """\
error: `a:b` cannot be a package
  at a:b/TARGETS.toml
  fix: name folders with letters, digits and `_.+@~-`
""",
    ),
    "settings": (
        {"TARGETS.toml": '[workspace]\nout = "../x"\nremote2 = 1\nignore = "x"\n'},
        """\
error: `out` must be a folder inside the workspace, but is `../x`
  at TARGETS.toml:2  ($.out)
  fix: write out = "dist"

error: `[workspace]` has no field `remote2`
  at TARGETS.toml:3  ($.remote2)
  fix: its fields: cache, ignore, out

error: `ignore` must be globs of folders and files that are no part of the workspace
  at TARGETS.toml:4  ($.ignore)
""",
    ),
    "fields, labels and globs of all entries at once": (
        {
            "a/TARGETS.toml": """\
[[archive]]
name = "a"
formt = "zip"
deps = [
    ":gone",
    "b",
]

[[archive]]
name = "fine"
srcs = [
    "*.txt",
    "*.md",
]
deps = [":a", ":unknown", "//b:any", "//c:c", "//d:d"]

[[archve]]
name = "unknown"
""",
            "a/x.txt": "",
            "b/TARGETS.toml": "[[archive]\n",
            "c/TARGETS.toml": "[[archive]]\nname = 1\n",
        },
        f"""\
error: `archive` has no field `formt`
  at a/TARGETS.toml:3  (//a:a, $.formt)
  fix: did you mean `format`?

error: there is no target `//a:gone`
  at a/TARGETS.toml:5  (//a:a, $.deps[0])
  fix: choose a target of `//a`: a, fine, unknown

error: `b` is no label: a label starts with `//` or `:`
  at a/TARGETS.toml:6  (//a:a, $.deps[1])
  fix: write //folder:name, or :name in the same file

error: `*.md` matches no file below a
  at a/TARGETS.toml:13  (//a:fine, $.srcs[1])
  fix: mend the glob, or remove it

error: there is no target `//c:c`
  at a/TARGETS.toml:15  (//a:fine, $.deps[3])
  fix: choose a target of `//c`: 1

error: there is no target `//d:d`
  at a/TARGETS.toml:15  (//a:fine, $.deps[4])
  fix: declare this target, or correct the label

error: there is no rule `archve`
  at a/TARGETS.toml:17
  fix: did you mean `archive`?  (rules: {RULES})

error: this is not TOML: expected ']]' at the end of an array declaration
  at b/TARGETS.toml:1:10

error: `name` must be a string, but is 1
  at c/TARGETS.toml:2  (//c:1, $.name)
  fix: write name = "1"
""",
    ),
    "several files, sorted by place": (
        {
            "z/TARGETS.toml": f"{A}tagz = []\n",
            "b/TARGETS.toml": "[[nope]]\n\n[[archive]]\nname = 1\n",
            "a/TARGETS.toml": "x",
        },
        f"""\
error: this is not TOML: expected '=' after a key in a key/value pair
  at a/TARGETS.toml:1:2

error: there is no rule `nope`
  at b/TARGETS.toml:1
  fix: write rules/nope/rule.py, or choose one of: {RULES}

error: `name` must be a string, but is 1
  at b/TARGETS.toml:4  (//b:1, $.name)
  fix: write name = "1"

error: `archive` has no field `tagz`
  at z/TARGETS.toml:4  (//z:a, $.tagz)
  fix: did you mean `tags`?
""",
    ),
    "a folder in a target file's place": (
        {"a/TARGETS.toml/x": ""},
        """\
error: `a/TARGETS.toml` cannot be read: is a directory
  at a/TARGETS.toml
""",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_has_its_own_text(case: str, tmp_path: Path) -> None:
    files, expected = CASES[case]
    ws = Workspace(tmp_path / "repo")
    ws.write(files)
    assert told(ws) == expected


def _socket(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # the path of a socket may be no longer than a hundred bytes
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(before)


ODD = "is no regular file but a FIFO, a socket or a device\n  at a/TARGETS.toml:3  (//a:a, $.srcs)\n  fix: take it away, or exclude it\n"
OUTSIDE = "  at a/TARGETS.toml:3  (//a:a, $.srcs)\n  fix: copy what it leads to, or exclude it\n"
SOURCES: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "fifo": (os.mkfifo, f"error: `a/p.txt` {ODD}"),
    "socket": (_socket, f"error: `a/p.txt` {ODD}"),
    "absolute link": (
        lambda path: path.symlink_to("/etc/passwd"),
        f"error: `a/p.txt` is a symbolic link that leads outside the workspace, to `/etc/passwd`\n{OUTSIDE}",
    ),
    "relative link": (
        lambda path: path.symlink_to("../../out"),
        f"error: `a/p.txt` is a symbolic link that leads outside the workspace, to `../../out`\n{OUTSIDE}",
    ),
    "name that is not UTF-8": (
        lambda path: open(os.fsencode(path.parent) + b"/\xff.txt", "wb").close(),
        "error: the name of the source `a/\\xff.txt` is not UTF-8\n"
        "  at a/TARGETS.toml:3  (//a:a, $.srcs)\n  fix: rename it, or exclude it\n",
    ),
}


@pytest.mark.parametrize("case", SOURCES)
def test_what_cannot_be_a_source_is_named(case: str, tmp_path: Path) -> None:
    make, expected = SOURCES[case]
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": A, "a/x.txt": ""})
    assert ws.packaging("build").exit_code == 0
    good = ws.contents()
    try:
        make(ws.path("a/p.txt"))
    except OSError as error:
        pytest.skip(f"this file system refuses it: {error}")
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, expected)
    assert ws.contents() == good
    ws.write({"a/TARGETS.toml": A + 'exclude = ["p.txt", "?.txt"]\n', "a/xx.txt": ""})
    assert ws.packaging("build").exit_code == 0


def test_links_within_the_workspace_are_sources_and_so_are_dangling_ones(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": A, "a/x.txt": "", "a/y": ""})
    ws.path("a/in.txt").symlink_to("y")
    ws.path("a/gone.txt").symlink_to("nowhere")
    assert ws.build().built == ["//a:a"]
    assert ws.build().built == []
    ws.path("a/gone.txt").unlink()
    ws.path("a/gone.txt").symlink_to("elsewhere")
    assert ws.build().built == ["//a:a"]


def test_a_folder_whose_name_is_not_utf8_is_passed_over(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": A, "a/x.txt": ""})
    folder = os.fsencode(ws.root) + b"/\xff"
    try:
        os.mkdir(folder)
    except OSError as error:
        pytest.skip(f"this file system refuses it: {error}")
    assert ws.build().built == ["//a:a"]
    assert ws.build().output == "up to date: 1 target\n"


def test_a_path_that_is_too_long_fails_the_build_alone(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    name = "x" * 300
    ws.write({"a/TARGETS.toml": f'{A}out = "{name}"\n{B}', "a/x.txt": ""})
    run = ws.build(keep_going=True)
    assert (run.exit_code, run.built) == (2, ["//a:b"])
    assert (
        f"""\
failed    //a:a
error: `dist/a/{name}` cannot be read or written: file name too long
  at //a:a
  fix: shorten the path
  to run it alone: doit 'build://a:a'
"""
        in run.output
    )


def test_labels_of_what_went_are_told_beside_other_problems(tmp_path: Path) -> None:
    """Only `a` is read again: what `b` depends on is known from the build before."""
    ws = Workspace(tmp_path / "repo")
    service = '[[service]]\nname = "{}"\ndockerfile = "//ops/{}"\n'
    ws.write(
        {
            "TARGETS.toml": '[workspace]\n[[packaging_registry]]\nname = "all"\n',
            "a/TARGETS.toml": service.format("one", "one") + A,
            "a/x.txt": "",
            "b/TARGETS.toml": f'\n\n{B}tags = []\ndeps = ["//a:one", "//a:a"]\n',
            "b/x.txt": "",
        }
    )
    assert ws.packaging("build").exit_code == 0
    ws.write({"a/TARGETS.toml": f"{A}formt = 1\n"})
    expected = """\
error: `archive` has no field `formt`
  at a/TARGETS.toml:4  (//a:a, $.formt)
  fix: did you mean `format`?

error: there is no target `//a:one`
  at b/TARGETS.toml:7  (//b:b, $.deps[0])
  fix: choose a target of `//a`: a
"""
    for _ in range(2):
        run = ws.packaging("build")
        assert (run.exit_code, run.output) == (2, expected)
    ws.write({"a/TARGETS.toml": A})
    assert ws.packaging("build").output == expected[expected.index("error: there") :]
    ws.write({"a/TARGETS.toml": "[[archive]\n"})
    assert "error: there" not in ws.packaging("build").output
    ws.write({"a/TARGETS.toml": service.format("one", "one") + A})
    assert ws.packaging("build").exit_code == 0


def test_doit_tells_the_same_below_a_heading_of_its_own(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": "[[archive]]\nname = 1\n"})
    told = ws.packaging("build").output
    assert told.startswith("error: `name` must be a string")
    run = ws.doit("build")
    assert (run.exit_code, run.output) == (3, f"ERROR: the workspace has problems\n\n{told}")


def test_no_workspace_around(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    run = ws.packaging("build", cwd="..")
    assert (run.exit_code, run.output) == (
        2,
        "error: this folder is in no workspace\n"
        f"  at {tmp_path}\n"
        "  fix: write a `[workspace]` table into the TARGETS.toml of the repository's root\n",
    )
    ws.write({"TARGETS.toml": "# nothing\n"})
    run = ws.doit("build")
    assert (run.exit_code, run.output) == (
        3,
        f"ERROR: this folder is in no workspace\n  at {ws.root}\n"
        "  fix: write a `[workspace]` table into the TARGETS.toml of the repository's root\n",
    )


def test_a_problem_leaves_the_last_good_build_as_it_was(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": A, "a/x.txt": "1", "b/TARGETS.toml": B, "b/x.txt": "1"})
    assert ws.build().built == ["//a:a", "//b:b"]
    good = ws.contents()
    ws.write({"a/TARGETS.toml": "[[archive]]\n", "b/x.txt": "2"})
    assert ws.build().exit_code == 3
    assert ws.contents() == good
    ws.write({"a/TARGETS.toml": A})
    assert ws.build().built == ["//b:b"]


HOME = "in the [workspace] of the root's TARGETS.toml"
CLOSED = {
    "a/x.txt": (
        "error: `a/x.txt` cannot be read: permission denied\n"
        "  at a/x.txt\n  fix: make it readable for you, or exclude it\n"
    ),
    "a/TARGETS.toml": "error: `a/TARGETS.toml` cannot be read: permission denied\n  at a/TARGETS.toml\n",
    "a": (
        "error: the folder `a` cannot be read: permission denied\n"
        f'  at a\n  fix: make it readable for you, or write ignore = ["a"] {HOME}\n'
    ),
}


@needs_rights_dropped
@pytest.mark.parametrize("name", CLOSED)
def test_what_may_not_be_read_is_named(name: str, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": A, "a/x.txt": "1"})
    mode = ws.path(name).stat().st_mode
    ws.path(name).chmod(0)
    command = [*WITHOUT_RIGHTS, *PACKAGING, "build"]
    run = ws.run(command)
    assert (run.exit_code, run.output) == (2, CLOSED[name])
    ws.path(name).chmod(mode)
    assert ws.run(command).built == ["//a:a"]


@pytest.mark.parametrize("case", ["fifo", "absolute link", "relative link"])
def test_what_takes_the_place_of_a_source_is_judged_as_a_new_one_is(case: str, tmp_path: Path) -> None:
    make, expected = SOURCES[case]
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": A, "a/p.txt": "", "a/x.txt": ""})
    assert ws.packaging("build").exit_code == 0
    ws.path("a/p.txt").unlink()
    make(ws.path("a/p.txt"))
    assert told(ws, made=1) == expected
