"""How every program of ours ends: errors as text on standard error, and an exit code that says which kind."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.output import warn
from packaging_targets.errors import PackagingError, reason

if TYPE_CHECKING:
    from collections.abc import Callable

_OUTPUT = 1  # the descriptor
_INTERRUPTED = 130  # what shells say of a program that Ctrl-C has ended


def guarded(verb: Callable[[Any], int], options: Any) -> int:
    """Run a verb; return its exit code: 0 done, 1 a build or check failed, 2 a wrong request, 130 interrupted.

    Where nobody reads what it writes any more, or nothing can be written, that is told, and the code is 1.
    """
    open_streams()
    try:
        code = _ended(verb, options)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return 1
    except OSError as error:
        if can_write():
            raise
        return unwritten(error)
    return code


def unwritten(error: OSError) -> int:
    """Say that standard output cannot be written; return the exit code."""
    _forget_output()
    sys.stderr.write(f"error: the output cannot be written: {reason(error)}\n")
    return 1


def _ended(verb: Callable[[Any], int], options: Any) -> int:
    try:
        return verb(options)
    except PackagingError as error:
        warn(options, error.warnings)
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt as stop:
        return interrupted(stop)


def open_streams() -> None:
    """Let streams that were closed when the program began be there; what is written to standard output fails."""
    if sys.stdout is None:
        if (descriptor := os.open(os.devnull, os.O_RDONLY)) != _OUTPUT:  # a closed one may be given to any file
            os.dup2(descriptor, _OUTPUT)
        sys.stdout = os.fdopen(_OUTPUT, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # as long as the program


def can_write() -> bool:
    """Tell whether standard output takes anything: an error without a file's name may be about it, or about others."""
    try:
        sys.stdout.flush()
        os.write(_OUTPUT, b"\n")  # streams that do not buffer have nothing left to flush
    except OSError:
        return False
    return True


def _forget_output() -> None:
    """Let what is left to be written go nowhere, so that nothing complains when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), _OUTPUT)


def interrupted(stop: KeyboardInterrupt) -> int:
    """Say that Ctrl-C has ended the program, and what else `stop` tells; return the exit code."""
    sys.stderr.write(f"interrupted: {stop}\n" if stop.args else "interrupted\n")
    return _INTERRUPTED
