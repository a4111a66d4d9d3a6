"""Does the workspace build to the same bytes elsewhere? Build it twice, as unlike as one machine allows.

Two copies of the workspace are built from nothing, each with an empty action cache. What differs between
the two is what differs between two people: the folder and the length of its name, the umask, the locale,
the time zone, how old files are and the order they came in, how many actions run at once, the seed of
Python's hashes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import packaging_targets
from packaging_targets.errors import BuildError, PackagingError, RequestError
from packaging_targets.services.git import known_files
from packaging_targets.store.layout import STATE_FOLDER, TARGET_FILE
from packaging_targets.store.records import Records
from packaging_targets.store.states import MISSING, examine
from packaging_targets.workspace.settings import Settings, open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TOLD_LINES = 40  # of the output of a build that failed
_BLOCK = 1 << 16
_KINDS = {
    "f": "a file",
    "x": "an executable file",
    "l": "a symbolic link",
    "d": "a folder",
    "o": "a special file",
}


@dataclass(frozen=True, slots=True)
class Side:
    """The circumstances of one of the two builds. `mtime` is that of every file, in seconds since 1970."""

    folder: str
    jobs: int
    umask: int
    mtime: int
    backwards: bool
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """An output that the two builds do not agree about."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the comparison came to: the outputs of both builds, and the differences, each sorted by path."""

    outputs: tuple[str, ...]
    differences: tuple[Difference, ...]


def reproduce(start: str) -> Report:
    """Build the workspace around `start` twice and compare what came out.

    What is copied is what git has or would add; outside git, all but the outputs. Raises BuildError where a
    build fails, RequestError where there is no workspace, or where both copies would share one action cache.
    """
    settings = open_workspace(start)
    _refuse_shared_cache(settings)
    paths = _files(settings)
    with tempfile.TemporaryDirectory(prefix="packaging-reproduce-") as room:
        first, second = (_build(side, settings, paths, os.path.realpath(room)) for side in sides())
        outputs = _outputs(first) | _outputs(second)
        found = (difference(path, first.root, second.root) for path in sorted(outputs))
        return Report(tuple(sorted(outputs)), tuple(one for one in found if one))


def render(report: Report) -> str:
    """Return a report as text: one line a difference, and a last one that sums up."""
    lines = [f"{one.path}: {one.what}" for one in report.differences]
    count = len(report.outputs)
    noun = "output" if count == 1 else "outputs"
    if lines:
        return "\n".join([*lines, f"{len(lines)} of {count} {noun} differ between the two builds", ""])
    return f"{count} {noun}: the same bytes in both builds\n"


def sides() -> tuple[Side, Side]:
    """Return the two ways in which a workspace is built."""
    here = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "1"}
    there = {"LC_ALL": _other_locale(), "TZ": "<+1245>-12:45", "PYTHONHASHSEED": "2"}
    return (
        Side("a", 1, 0o022, 981173106, backwards=False, environment=here),
        Side("another-folder-with-a-much-longer-name", 2, 0o077, 1700000001, backwards=True, environment=there),
    )


def _other_locale() -> str:
    """Return a locale that sorts and spells unlike C, if this machine has one."""
    try:
        done = subprocess.run(["locale", "-a"], capture_output=True, check=False)  # noqa: S607  # that of PATH
    except FileNotFoundError:
        return "C"
    names = sorted(done.stdout.decode("ascii", "replace").split())
    foreign = [name for name in names if "_" in name and name.lower().endswith(("utf8", "utf-8"))]
    return foreign[-1] if foreign else "C"


def _refuse_shared_cache(settings: Settings) -> None:
    inside = os.path.join(settings.root, "")
    cache = settings.cache
    if cache is not None and not os.path.normpath(settings.layout.cache).startswith(inside):
        raise RequestError.one(
            f"`cache` is `{cache}`, outside of the workspace: the second build would fetch the first's",
            TARGET_FILE,
            "leave `cache` out, or name a folder inside the workspace",
            field="$.cache",
        )


# Copying ----------------------------------------------------------------------------------------------------


def _files(settings: Settings) -> list[str]:
    """Return the workspace paths of what is copied, sorted: files and symbolic links."""
    known = known_files(settings.root)
    found = _walk(settings.root, "") if known is None else _existing(settings.root, known)
    own = [f"{folder}/" for folder in (settings.out, STATE_FOLDER, settings.cache) if folder]
    return sorted(path for path in found if not path.startswith(tuple(own)))


def _existing(root: str, paths: Sequence[str]) -> Iterator[str]:
    for path in paths:
        full = os.path.join(root, path)
        if os.path.isdir(full) and not os.path.islink(full):  # a submodule, or a repository inside this one
            yield from _walk(root, path.rstrip("/"))
        elif os.path.lexists(full):
            yield path


def _walk(root: str, folder: str) -> Iterator[str]:
    with os.scandir(os.path.join(root, folder)) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in {".git", ".hg", ".svn", STATE_FOLDER}:
                    yield from _walk(root, path)
            elif entry.is_symlink() or entry.is_file():
                yield path


def _copy(side: Side, source: str, paths: Sequence[str], target: str) -> None:
    """Copy files as somebody with this umask would have checked them out."""
    for path in reversed(paths) if side.backwards else paths:
        old, new = os.path.join(source, path), os.path.join(target, path)
        _make_folder(os.path.dirname(new), side.umask)
        if os.path.islink(old):
            os.symlink(os.readlink(old), new)
        else:
            with open(old, "rb") as reader, open(new, "wb") as writer:
                while block := reader.read(_BLOCK):
                    writer.write(block)
            executable = os.stat(old).st_mode & 0o100
            os.chmod(new, (0o777 if executable else 0o666) & ~side.umask)
        os.utime(new, (side.mtime, side.mtime), follow_symlinks=False)


def _make_folder(folder: str, umask: int) -> None:
    if not os.path.isdir(folder):
        _make_folder(os.path.dirname(folder), umask)
        os.mkdir(folder)
        os.chmod(folder, 0o777 & ~umask)


# Building ---------------------------------------------------------------------------------------------------


def _build(side: Side, settings: Settings, paths: Sequence[str], room: str) -> Settings:
    """Copy the workspace into a folder of its own and build it there; return the copy's settings."""
    home = os.path.join(room, side.folder)
    copy = os.path.join(home, "workspace")
    _make_folder(copy, side.umask)
    _copy(side, settings.root, paths, copy)
    # -P: a folder of the workspace that is called like a module must not be imported in its place.
    ours = [sys.executable, "-P", "-m", "packaging_targets.adapters.cli.main"]
    done = subprocess.run(
        [*ours, "build", "-n", str(side.jobs)],
        cwd=copy,
        env=_environment(side, settings.root, home),
        umask=side.umask,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise _failure(side, done.stdout.decode("utf-8", "replace"))
    return Settings(copy, settings.out, settings.ignore, settings.cache)


def _environment(side: Side, root: str, home: str) -> dict[str, str]:
    own = {**side.environment, "XDG_CACHE_HOME": os.path.join(home, "cache")}
    ours = os.path.dirname(os.path.dirname(os.path.abspath(packaging_targets.__file__)))
    if os.path.realpath(ours) == os.path.realpath(root):
        # The workspace is our own checkout: its copy is built by its own code, so that rules are found once.
        own["PYTHONPATH"] = os.path.join(home, "workspace")
    kept = {name: value for name, value in os.environ.items() if name != "PACKAGING_LOG_JSON"}
    return {**kept, **own}


def _failure(side: Side, output: str) -> PackagingError:
    told = "\n".join(f"    {line}" for line in output.rstrip().splitlines()[-_TOLD_LINES:])
    circumstances = " ".join(f"{name}={value}" for name, value in side.environment.items())
    return BuildError.one(
        f"a copy of the workspace does not build:\n{told}",
        f"packaging build -n {side.jobs}  (umask {side.umask:03o}, {circumstances})",
        "make it build in a fresh clone: the copy holds no file that git ignores",
    )


# Comparing --------------------------------------------------------------------------------------------------


def _outputs(copy: Settings) -> set[str]:
    """Return every file that a build made: those of the records, and all that stands in the `out` folder."""
    records = Records(copy.layout.records)
    try:
        listed = records.outputs.made()
    finally:
        records.close()
    out = os.path.join(copy.root, copy.out)
    return {*listed, *(_walk(copy.root, copy.out) if os.path.isdir(out) else ())}


def difference(path: str, first: str, second: str) -> Difference | None:
    """Return how the outputs at `path` in two workspaces differ, or None where they are the same."""
    one, other = os.path.join(first, path), os.path.join(second, path)
    was, now = examine(one)[0], examine(other)[0]
    if was == now:
        return None
    if MISSING in {was, now}:
        return Difference(path, f"only the {'second' if was == MISSING else 'first'} build made it")
    if was[0] != now[0]:
        return Difference(path, f"{_KINDS[was[0]]} in the first build, {_KINDS[now[0]]} in the second")
    if was[0] == "l":
        return Difference(path, f"leads to `{os.readlink(one)}` and to `{os.readlink(other)}`")
    return Difference(path, f"differs from byte {_first_difference(one, other)} on")


def _first_difference(first: str, second: str) -> int:
    """Return the offset of the first byte that differs; the shorter file's length where that is all of it."""
    place = 0
    with open(first, "rb") as one, open(second, "rb") as other:
        while True:
            left, right = one.read(_BLOCK), other.read(_BLOCK)
            if left != right or not left:
                pairs = enumerate(zip(left, right, strict=False))
                return place + next((at for at, (a, b) in pairs if a != b), min(len(left), len(right)))
            place += len(left)
