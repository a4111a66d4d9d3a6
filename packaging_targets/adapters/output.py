"""Where the programs write, and how much: results to standard output, and what is told besides to standard error."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import plain

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from packaging_targets.errors import Problem

LEVELS = ("error", "warn", "info", "debug", "trace")
"""How much is told, from least to most."""

USUAL = "info"


def tell(options: Namespace, value: Any, lines: Sequence[str]) -> int:
    """Print a result, as JSON or as lines for people; return the exit code of what is done."""
    if options.format == "json":
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{plain(line)}\n" for line in lines)
    return 0


@contextlib.contextmanager
def output_as_notes() -> Iterator[None]:
    """Let what is written to standard output go to standard error: by descriptor, since workers write there too."""
    sys.stdout.flush()
    own, notes = 1, 2
    kept = os.dup(own)
    os.dup2(notes, own)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, own)
        os.close(kept)


def tells(options: Namespace, level: str) -> bool:
    """Tell whether messages of a level are wanted."""
    return LEVELS.index(level) <= LEVELS.index(options.log_level or USUAL)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 package`, `2,000 packages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def warn(options: Namespace, problems: Iterable[Problem]) -> None:
    """Write warnings to standard error, if they are wanted."""
    if tells(options, "warn"):
        for problem in problems:
            sys.stderr.write(f"{problem.told('warning')}\n\n")


def complain(problems: Iterable[Problem]) -> None:
    """Write errors to standard error."""
    for problem in problems:
        sys.stderr.write(f"{problem}\n\n")


def show_any_name() -> None:
    """Let standard output and error take any text: a file name that a terminal cannot show is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def table(rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> list[str]:
    """Return rows as lines with columns under each other; `right` are the columns of numbers."""
    texts = [[plain(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return ["  ".join(_aligned(row, widths, right)).rstrip() for row in texts]


def _aligned(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> Iterable[str]:
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if at in right else cell.ljust(width)
