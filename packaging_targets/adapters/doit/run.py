"""Running doit from the `packaging` command: the same tasks, the same runner, our defaults."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from doit.doit_cmd import DoitMain

from packaging_targets.adapters.doit.loader import PackagingLoader
from packaging_targets.adapters.doit.tasks import GROUP

if TYPE_CHECKING:
    from collections.abc import Sequence

_DOIT_REQUEST_WRONG = 3
_REQUEST_WRONG = 2


def build(labels: Sequence[str], jobs: int | None, *, keep_going: bool = False, log_json: str | None = None) -> int:
    """Build the given labels, or everything; return the exit code."""
    if log_json:
        os.environ["PACKAGING_LOG_JSON"] = os.path.abspath(log_json)
    count = jobs if jobs is not None else os.cpu_count() or 1
    options = ["-n", str(count)] if count > 1 else []
    options += ["--continue"] if keep_going else []
    names = [f"{GROUP}:{label}" for label in labels] or [GROUP]
    code = DoitMain(PackagingLoader(), config_filenames=()).run(["run", *options, *names])
    return _REQUEST_WRONG if code == _DOIT_REQUEST_WRONG else int(code or 0)
