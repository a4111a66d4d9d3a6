"""What doit sees. A user's whole `dodo.py` is one line:

    from packaging_targets.adapters.doit import *

It brings `task_build`, whose sub-tasks are the workspace's actions, and `DOIT_CONFIG`. Their own `task_*` functions may
stand beside it, and depend on ours by `task_dep` or by `file_dep` on our outputs.
"""

from __future__ import annotations

from packaging_targets.adapters.doit.tasks import DOIT_CONFIG, task_build

__all__ = ["DOIT_CONFIG", "task_build"]
