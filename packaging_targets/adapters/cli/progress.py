"""What is going on, as one line at the bottom of a terminal that is written anew; elsewhere nothing."""

from __future__ import annotations

import os
import sys

from packaging_targets.errors import plain

_WIDTH = 80  # of a terminal that does not know its own


class Progress:
    """The line; `is_wanted` says whether there is one at all."""

    def __init__(self, *, is_wanted: bool = True) -> None:
        terminal = sys.stderr.isatty() and not os.environ.get("CI") and "NO_COLOR" not in os.environ
        self._live = is_wanted and terminal

    def show(self, text: str) -> None:
        """Let the line say something else."""
        if self._live:
            width = os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
            sys.stderr.write(f"\r\x1b[K{plain(text)[: width - 1]}")
            sys.stderr.flush()

    def end(self) -> None:
        """Clear the line."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
