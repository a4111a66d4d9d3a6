"""How every program of ours ends: errors as text on standard error, and an exit code that says which kind."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.output import warn
from packaging_targets.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERRUPTED = 130  # what shells say of a program that Ctrl-C has ended


def guarded(verb: Callable[[Any], int], options: Any) -> int:
    """Run a verb; return its exit code: 0 done, 1 a build or check failed, 2 a wrong request, 130 interrupted."""
    try:
        return verb(options)
    except PackagingError as error:
        warn(options, error.warnings)
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt as stop:
        return interrupted(stop)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def interrupted(stop: KeyboardInterrupt) -> int:
    """Say that Ctrl-C has ended the program, and what else `stop` tells; return the exit code."""
    sys.stderr.write(f"interrupted: {stop}\n" if stop.args else "interrupted\n")
    return _INTERRUPTED
