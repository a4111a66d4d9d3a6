"""`aam`: where `aam install` has nothing to do, that is told before anything else is imported."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line of this process; return its exit code."""
    if sys.argv[1:] == ["install"] and sys.stdout is not None:
        from packaging_targets.services.aam.installing.unchanged import unchanged

        count = unchanged(os.getcwd())
        if count is not None:
            return _nothing_to_do(count)
    from packaging_targets.adapters.cli.aam.program import main as run

    return run()


def _nothing_to_do(count: int) -> int:
    try:
        sys.stdout.write(f"nothing to do: {count:,} package{'' if count == 1 else 's'}\n")
        sys.stdout.flush()
    except OSError as error:
        from packaging_targets.adapters.guard import guarded

        return guarded(_fail, error)
    return 0


def _fail(error: OSError) -> int:
    raise error


if __name__ == "__main__":
    sys.exit(main())
