"""What a command line of doit asks for: which tasks, and options behind them (`doit build -n 4`).

doit reads the words behind a task as that task's own parameters. So our loader takes them out before doit looks for
tasks. A `dodo.py` has no say in that: there `DOIT_CONFIG` carries them into doit's settings, and the tasks that are
named declare them (`PARAMS`), so that doit reads over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doit.cmd_base import DodoTaskLoader, DoitCmdBase
from doit.cmd_run import Run
from doit.cmdparse import CmdOption, CmdParse, CmdParseError
from doit.exceptions import InvalidDodoFile

from packaging_targets.adapters.doit.params import PARAMS
from packaging_targets.adapters.doit.turns import GROUP, ours

if TYPE_CHECKING:
    from collections.abc import Sequence

_OTHER_COMMANDS = frozenset(
    {
        "affected",
        "clean",
        "dumpdb",
        "forget",
        "graph",
        "help",
        "ignore",
        "image",
        "info",
        "list",
        "publish",
        "query",
        "reset-dep",
        "strace",
        "tabcompletion",
        "why",
    }
)


def is_running(argv: list[str]) -> bool:
    """Tell whether a doit command line runs tasks, as far as its words say."""
    words = [word for word in argv[1:] if not word.startswith("-")]
    return not words or words[0] not in _OTHER_COMMANDS


def asked_for(argv: list[str]) -> list[str] | None:
    """Return the task names of a doit command line if all of them are surely ours, else None: any may be meant."""
    words = [word for word in argv[1:] if not word.startswith("-") and not word.isdigit()]
    if words[:1] == ["run"]:
        words = words[1:]
    return words if words and all(word.startswith((f"{GROUP}:", GROUP)) for word in words) else None


def take(words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the options among `words`, by doit's names, and the tasks that are left.

    Raises InvalidDodoFile, which doit prints without a trace, for what is no option of ours.
    """
    options: dict[str, Any] = {}
    names: list[str] = []
    rest = list(words)
    while rest:
        names.append(rest[0])
        found, rest = _behind(rest[0], rest[1:])
        options |= found
    return options, names


def take_from(argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return what `take` does for a whole command line of doit, up to the first task that is not ours."""
    options: dict[str, Any] = {}
    names: list[str] = []
    rest = _tasks_of([word for word in argv[1:] if word.startswith("-") or "=" not in word])
    while rest and ours(rest[:1]):
        names.append(rest[0])
        found, rest = _behind(rest[0], rest[1:])
        if found and "*" in names[-1]:
            what = f"no options can stand behind the pattern `{names[-1]}`, where tasks come from a dodo.py"
            raise InvalidDodoFile(f"{what}\n  fix: write them before it, as in doit -n 4 '{names[-1]}'")
        options |= found
    return options, names


def _tasks_of(words: list[str]) -> list[str]:
    """Return the words from the first task on, or nothing where the command line runs no tasks."""
    front = CmdParse(map(CmdOption, (*DoitCmdBase.base_options, *DodoTaskLoader.cmd_options, *Run.cmd_options)))
    try:
        rest: list[str] = front.parse_only(words)[1]
        return front.parse_only(rest[1:])[1] if rest[:1] == ["run"] else rest
    except CmdParseError:
        return []


def _behind(name: str, words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the options that `words` start with, and the rest."""
    try:
        found, rest = CmdParse(map(CmdOption, PARAMS)).parse_only(words)
    except CmdParseError as error:
        what = getattr(error.__context__, "msg", "") or str(error)
        fix = "here stand -n N, -P process or thread, --continue and --log-json FILE; others stand before the tasks"
        raise InvalidDodoFile(f"behind `{name}`: {what}\n  fix: {fix}") from error
    count = found.get("num_process")
    if count is not None:
        if not count.isdecimal():
            raise InvalidDodoFile(f"behind `{name}`: `-n` takes a number, but is `{count}`\n  fix: write -n 4")
        found["num_process"] = int(count)
    return found, rest
