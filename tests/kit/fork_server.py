"""A process that has imported what our commands import, and forks for each that it is asked to run.

Run as a script with the descriptor of a socket. An order is a byte with the descriptor that the command writes to, and a
line of JSON; the answer is the exit code, in digits.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import sys
from typing import Any

# What each build imports late. The modules that are run themselves are none of it: they are run as they are started.
_IMPORTED = (
    "doit.cmd_run",
    "doit.doit_cmd",
    "jsonschema",
    "packaging_targets.adapters.cli.commands",
    "packaging_targets.adapters.doit",
    "packaging_targets.adapters.doit.build",
    "packaging_targets.adapters.doit.commands",
    "packaging_targets.adapters.doit.loader",
    "packaging_targets.adapters.doit.reporter",
    "packaging_targets.build.running.execution",
    "packaging_targets.build.running.workers",
    "packaging_targets.build.session",
    "packaging_targets.formats.archive.tar",
    "packaging_targets.services.affected",
    "packaging_targets.services.graph.opening",
    "packaging_targets.services.why",
    "packaging_targets.workspace.rules.purity",
    "packaging_targets.workspace.rules.soundness",
)


def main() -> None:
    """Run what is asked for, until nobody asks any longer."""
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    orders = socket.socket(fileno=int(sys.argv[1]))
    lines = orders.makefile("rb")
    while found := socket.recv_fds(orders, 1, 1)[1]:
        line = lines.readline()
        pid = os.fork()
        if pid == 0:
            lines.close()
            orders.close()
            _become(json.loads(line), *found)
            return
        os.close(*found)
        _, status = os.waitpid(pid, 0)
        orders.sendall(b"%d" % os.waitstatus_to_exitcode(status))


def _become(order: dict[str, Any], output: int) -> None:
    """Be the command: it ends as the interpreter does, with all that is to be done then."""
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    os.chdir(order["cwd"])
    os.umask(order["umask"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = order["words"]
    sys.modules.pop(sys.argv[0], None)  # what is run is no module that somebody has imported
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
