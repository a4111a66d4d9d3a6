"""`command/1`: a program runs in a fresh folder that holds its inputs, and leaves its outputs there.

Params: `argv`; `cwd` (the workspace folder that it runs in); `env` (a table); `tools` (names or absolute paths of
programs outside the workspace that it calls); `timeout` (seconds). The files of the tools, and of the program itself
where that is no file of the workspace, are part of the key: `tool_paths`.
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
from packaging_targets.errors import BuildError, Problem, legible, raise_all
from packaging_targets.model.action import FOLDER, RULE_FILE, folders_around

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

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
    tools = tuple(_located(action).values())
    params = action.params
    with fresh_room() as fresh:
        fresh.stage(action.inputs, step)
        # Of an output that is a folder, that is the folder itself.
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
        for path in _made(action, files):
            os.chmod(fresh.path(path), stat.S_IRUSR)
            with open(fresh.path(path), "rb") as made, _output(step, path, files[path]) as out:
                shutil.copyfileobj(made, out, _CHUNK)


def tool_paths(action: Action) -> dict[str, str]:
    """Return the file of each program that the action calls, by its name: absolute, without symbolic links.

    Raises BuildError that names every one which is not installed.
    """
    return {tool: os.path.realpath(path) for tool, path in _located(action).items()}


def _called(action: Action) -> list[str]:
    """Return the first of `argv`, where that is a program of the system, and the tools."""
    program, tools = action.params["argv"][0], action.params["tools"]
    return list(dict.fromkeys(tools if _is_staged(program) else (program, *tools)))


def _is_staged(program: str) -> bool:
    """Tell an input that is called by its path from the name and the absolute path of a program of the system."""
    return "/" in program and not program.startswith("/")


def _located(action: Action) -> dict[str, str]:
    where = action.params["env"].get("PATH", room.PATH)
    found = {tool: shutil.which(tool, path=where) for tool in _called(action)}
    raise_all(
        (
            Problem(
                "",
                f"there is no program `{tool}`" + ("" if "/" in tool else f" on the path {where}"),
                f"install `{tool}`, or call an input: a source, or the output of a dependency",
            )
            for tool, path in found.items()
            if path is None
        ),
        BuildError,
    )
    return {tool: path for tool, path in found.items() if path is not None}


def _hidden() -> tuple[str, ...]:
    """Return the folders that no program may see: the workspace (the current folder) and the home."""
    home = os.path.expanduser("~")
    return tuple(os.path.realpath(folder) for folder in (os.getcwd(), home) if os.path.isabs(folder))


def _check_program(action: Action, fresh: Room) -> None:
    program = action.params["argv"][0]
    if not _is_staged(program):
        return
    path = os.path.normpath(os.path.join(action.params["cwd"], program))
    if not os.path.lexists(fresh.path(path)):
        what = f"the program `{path}` is no input of the action"
        raise BuildError.one(what, fix="add it to the action's inputs")
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
    yield from _missed_of_rules(action, ended.log)
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
    folder = action.params["cwd"]
    if not folder or path.startswith(f"{folder}/"):
        return "add it to `srcs`; in a rule of your own, to the action's inputs too"
    return f"name the target that makes `{path}` in `deps`, or move this one to a package above it"


def _missed_of_rules(action: Action, log: str) -> Iterator[Problem]:
    """Yield what to say of arguments that name files of a rule, where the program complains of them."""
    program, cwd = action.params["argv"][0], action.params["cwd"]
    for arg in action.params["argv"]:
        path = arg if arg.startswith(RULE_FILE) else os.path.normpath(os.path.join(cwd, arg))
        if not path.startswith(RULE_FILE) or "/" not in path or arg not in log:
            continue
        if path not in action.inputs:
            yield Problem("", f"`{program}` looked for `{path}`, which is no input", "add it to the action's inputs")
        elif arg == path and cwd:
            fix = f"write `{os.path.relpath(path, cwd)}`: it runs in `{cwd}`"
            yield Problem("", f"`{program}` looked for `{path}` where there is none", fix)


def _made(action: Action, files: Iterable[str]) -> list[str]:
    """Return which of the files in the tree are outputs, or lie in a folder that is one, or was meant as one."""
    outputs = frozenset((*action.outputs, *(path + FOLDER for path in action.outputs)))
    return [path for path in files if path in outputs or any(folders_around(path, outputs))]


def _surprises(action: Action, fresh: Room, files: Mapping[str, os.stat_result]) -> Iterator[Problem]:
    """Yield every way in which the tree is not as declared."""
    program = action.params["argv"][0]
    yield from _lacking(action, fresh, files)
    inputs, made = frozenset(action.inputs), frozenset(_made(action, files))
    for path in sorted(made):
        shown = legible(path)
        if stat.S_ISLNK(files[path].st_mode):
            what = f"the output `{shown}` is a symbolic link, to `{legible(os.readlink(fresh.path(path)))}`"
            yield Problem("", what, f"let `{program}` put a copy there, as `cp -L` does: outputs are regular files")
        elif not stat.S_ISREG(files[path].st_mode):
            yield Problem("", f"the output `{shown}` is no regular file", "write its content there")
        elif shown != path:
            yield Problem("", f"the name of the output `{shown}` is not UTF-8", "let the program name it otherwise")
    for path, now in files.items():
        if fresh.is_changed(path, now):
            yield Problem("", f"`{program}` changed its input `{path}`", "write to an output instead")
        elif path not in inputs and path not in made:
            fix = "declare it as an output, or write it below $TMPDIR"
            yield Problem("", f"`{program}` made `{legible(path)}`, which is not declared", fix)


def _lacking(action: Action, fresh: Room, files: Collection[str]) -> Iterator[Problem]:
    """Yield outputs that the program has not made."""
    program = action.params["argv"][0]
    for path in action.outputs:
        if path.endswith(FOLDER):
            if not any(one.startswith(path) for one in files):
                yield Problem("", f"`{program}` made no file in `{path}`", _write(action, path))
        elif path not in files:
            if os.path.isdir(fresh.path(path)):
                yield Problem("", f"the output `{path}` is a folder", "end its name in `outs` with a `/`")
            else:
                yield Problem("", f"`{program}` did not make the output `{path}`", _write(action, path))


def _write(action: Action, path: str) -> str:
    cwd = action.params["cwd"]
    return f"let it write `{os.path.relpath(path, cwd)}`: it runs in `{cwd}`" if cwd else f"let it write `{path}`"


def _output(step: Step, path: str, made: os.stat_result) -> BinaryIO:
    return step.create(path, executable=bool(made.st_mode & stat.S_IXUSR))
