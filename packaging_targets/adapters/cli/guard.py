"""How every program of ours ends: errors as text on standard error, and an exit code that says which kind."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.telling import warn
from packaging_targets.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Callable


def guarded(verb: Callable[[Any], int], options: Any) -> int:
    """Run a verb; return its exit code: 0 done, 1 a build or check failed, 2 a wrong request."""
    try:
        return verb(options)
    except PackagingError as error:
        warn(options, error.warnings)
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
