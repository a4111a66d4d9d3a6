"""Where the programs write: results to standard output, and what is told besides to standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence


def tell(options: Namespace, value: Any, lines: Sequence[str]) -> int:
    """Print a result, as JSON or as lines for people; return the exit code of what is done."""
    if options.format == "json":
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
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
