"""`packaging`: the same builds and questions as doit, without its start-up where nothing is to be done."""

from __future__ import annotations

import os
import sys

from packaging_targets.services.up_to_date import clean_targets, up_to_date_text
from packaging_targets.store.layout import find_root


def main() -> int:
    """Run the command line of this process; return its exit code."""
    if sys.getfilesystemencoding() != "utf-8" and sys.executable:
        # Names of files are UTF-8, whatever the locale says: registries and target files have them so.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606  # ourselves
    if sys.stdout is None or sys.stderr is None:
        from packaging_targets.adapters.guard import open_streams

        open_streams()  # before any other file is given the number of one that is closed
    try:
        return _main(sys.argv[1:])
    except KeyboardInterrupt as stop:
        from packaging_targets.adapters.guard import interrupted

        return interrupted(stop)
    except OSError as error:
        from packaging_targets.adapters.guard import can_write, unwritten

        if can_write():
            raise
        return unwritten(error)


def _main(arguments: list[str]) -> int:
    if arguments == ["build"]:
        # Collecting garbage while one list of paths is made finds none.
        import gc

        gc.disable()
        root = find_root(os.getcwd())
        count = clean_targets(root) if root else None
        if count is not None:
            sys.stdout.write(up_to_date_text(count) + "\n")
            sys.stdout.flush()
            # Taking hundred thousand paths apart again would be a tenth of the run.
            os._exit(0)
        gc.enable()
    from packaging_targets.adapters.cli.commands import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
