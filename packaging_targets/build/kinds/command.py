"""`command/1`: a program runs in a fresh folder that holds its inputs, and leaves its outputs there.

Params: `argv`; `cwd` (a workspace folder); `env` (a table); `tools` (names or absolute paths of programs
outside the workspace, whose files the engine takes into the key: `tool_paths`); `timeout` (seconds).
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.build.sandbox import room, undeclared
from packaging_targets.build.sandbox.room import Room, fresh_room
from packaging_targets.build.sandbox.walls import Walls, bubblewrap
from packaging_targets.errors import BuildError, Problem, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging_targets.build.sandbox.process import Ended
    from packaging_targets.model.action import Action, Step

_NETWORK = re.compile(
    r"\b(network is unreachable|name resolution|name or service not known|could not resolve host|getaddrinfo|"
    r"enotfound|eai_again|no route to host)\b",
    re.IGNORECASE,
)
_LAST_LINES = 20
_CHUNK = 1 << 20


def run(action: Action, step: Step) -> None:
    """Run the program and take its outputs; raise BuildError where it fails or makes other files."""
    tools = tuple(_located(action))
    params = action.params
    with fresh_room() as fresh:
        fresh.stage(action.inputs, step)
        for folder in (params["cwd"], *map(os.path.dirname, action.outputs)):
            fresh.make_folder(folder)
        walls = Walls(fresh, bubblewrap(), _hidden(), tools)
        if not walls.bubblewrap.program:
            step.log(f"not sandboxed: {walls.bubblewrap.reason}\n")
        _check_program(action, fresh)
        ended = _start(action, walls)
        step.log(ended.log)
        if ended.code:
            raise_all(_failure(action, walls, ended), BuildError)
        files = fresh.files()
        raise_all(_surprises(action, fresh, files), BuildError)
        for path in action.outputs:
            os.chmod(fresh.path(path), stat.S_IRUSR)
            with open(fresh.path(path), "rb") as made, _output(step, path, files[path]) as out:
                shutil.copyfileobj(made, out, _CHUNK)


def tool_paths(action: Action) -> tuple[str, ...]:
    """Return the file of each tool in the order of `params["tools"]`: absolute, without symbolic links.

    Raises BuildError that names every tool which is not installed.
    """
    return tuple(os.path.realpath(path) for path in _located(action))


def _located(action: Action) -> list[str]:
    where = action.params["env"].get("PATH", room.PATH)
    found = {tool: shutil.which(tool, path=where) for tool in action.params["tools"]}
    raise_all(
        (
            Problem(
                "",
                f"there is no program `{tool}`" + ("" if "/" in tool else f" on the path {where}"),
                f"install `{tool}`, or make it one of the `srcs` or the output of a dependency",
            )
            for tool, path in found.items()
            if path is None
        ),
        BuildError,
    )
    return [path for path in found.values() if path is not None]


def _hidden() -> tuple[str, ...]:
    """Return the folders that no program may see: the workspace (the current folder) and the home."""
    home = os.path.expanduser("~")
    return tuple(os.path.realpath(folder) for folder in (os.getcwd(), home) if os.path.isabs(folder))


def _check_program(action: Action, fresh: Room) -> None:
    program = action.params["argv"][0]
    if "/" not in program or program.startswith("/"):
        return
    path = os.path.normpath(os.path.join(action.params["cwd"], program))
    if not os.access(fresh.path(path), os.X_OK):
        fix = f"chmod +x {path}, or begin `argv` with its interpreter"
        raise BuildError.one(f"`{path}` is not executable", fix=fix)


def _start(action: Action, walls: Walls) -> Ended:
    params = action.params
    try:
        return walls.run(params["argv"], params["cwd"], params["env"], params["timeout"])
    except OSError as error:
        what = f"`{params['argv'][0]}` does not start: {error.strerror}"
        fix = "look at its first line: the interpreter that it names must be installed"
        raise BuildError.one(what, fix=fix) from error


def _failure(action: Action, walls: Walls, ended: Ended) -> Iterator[Problem]:
    """Yield what is to be said of a program that failed: how it ended, and each thing that it missed."""
    program = action.params["argv"][0]
    if ended.timed_out:
        what = f"`{program}` was stopped after {action.params['timeout']} seconds"
        yield Problem("", what + _last_words(ended), "raise `timeout`, or find out what it waits for")
        return
    how = f"was killed by {ended.signal}" if ended.signal else f"ended with exit code {ended.code}"
    yield Problem("", f"`{program}` {how}{_last_words(ended)}", "mend the program, or what it is given")
    for path in _missed(action, walls, ended):
        yield Problem("", f"`{program}` looked for `{path}`, which is not declared", _declare(action, path))
    if walls.bubblewrap.program and _NETWORK.search(ended.log):
        fix = "keep what it fetches in the workspace, and declare it"
        yield Problem("", f"`{program}` asked for the network, which no action has", fix)


def _last_words(ended: Ended) -> str:
    lines = ended.log.rstrip().splitlines()[-_LAST_LINES:]
    return ", saying:\n" + "\n".join(f"    | {line}" for line in lines) if lines else " and said nothing"


def _missed(action: Action, walls: Walls, ended: Ended) -> tuple[str, ...]:
    params = action.params
    inputs = frozenset(action.inputs)
    given = (os.path.normpath(os.path.join(params["cwd"], arg)) for arg in params["argv"] if "\0" not in arg)
    beside = (os.path.dirname(path) for path in given if path in inputs)
    folders = tuple(dict.fromkeys((params["cwd"], *beside, "")))
    view = undeclared.View(os.getcwd(), walls.tree, inputs | frozenset(action.outputs), folders)
    return undeclared.named_in(ended.log, view) or undeclared.traced(
        walls, params["argv"], params["cwd"], params["env"], view
    )


def _declare(action: Action, path: str) -> str:
    package = action.params["cwd"]
    if not package or path.startswith(f"{package}/"):
        return f"add `{path.removeprefix(f'{package}/')}` to `srcs`"
    return f"name the target that makes `{path}` in `deps`, or move the command to a package above it"


def _surprises(action: Action, fresh: Room, files: Mapping[str, os.stat_result]) -> Iterator[Problem]:
    """Yield every way in which the tree is not as declared."""
    program = action.params["argv"][0]
    for path in action.outputs:
        if os.path.isdir(fresh.path(path)) and path not in files:
            fix = "declare each file, or pack the folder into one"
            yield Problem("", f"the output `{path}` is a folder", fix)
        elif path not in files:
            fix = f"let it write `{path}`: {{out}} and {{outs}} in `argv` stand for the outputs"
            yield Problem("", f"`{program}` did not make the output `{path}`", fix)
        elif not stat.S_ISREG(files[path].st_mode):
            yield Problem("", f"the output `{path}` is no regular file", "write its content there")
    inputs, outputs = frozenset(action.inputs), frozenset(action.outputs)
    for path, now in files.items():
        if fresh.is_changed(path, now):
            yield Problem("", f"`{program}` changed its input `{path}`", "write to an output instead")
        elif path not in inputs and path not in outputs:
            fix = "add it to `outs`, or write it below $TMPDIR"
            yield Problem("", f"`{program}` made `{path}`, which is not declared", fix)


def _output(step: Step, path: str, made: os.stat_result) -> BinaryIO:
    return step.create(path, executable=bool(made.st_mode & stat.S_IXUSR))
