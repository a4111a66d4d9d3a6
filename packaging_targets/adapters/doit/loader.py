"""doit without a `dodo.py`: `[tool.doit] loader = "packaging"` in pyproject.toml."""

from __future__ import annotations

import os
from typing import Any

from doit.cmd_base import TaskLoader2
from doit.exceptions import InvalidDodoFile

from packaging_targets.adapters.doit.tasks import DOIT_CONFIG, GROUP, ours, tasks_for
from packaging_targets.store.layout import TARGET_FILE, find_root


class PackagingLoader(TaskLoader2):
    """Loads the tasks of the workspace that the current folder lies in."""

    def setup(self, opt_values: dict[str, Any]) -> None:  # noqa: ARG002  # doit's interface
        """Find the workspace's root, and make it the current folder, as doit does with a dodo.py's."""
        root = find_root(os.getcwd())
        if root is None:
            raise InvalidDodoFile(
                f"this folder is in no workspace\n  fix: write a `[workspace]` table into the {TARGET_FILE} of the root"
            )
        os.chdir(root)

    def load_doit_config(self) -> dict[str, Any]:
        """Return our configuration; pyproject.toml and the command line stand above it."""
        return {**DOIT_CONFIG, "default_tasks": [GROUP]}

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        """Return the tasks that the command needs."""
        words = [word for word in pos_args if not word.startswith("-")] or [GROUP]
        running = bool(cmd.execute_tasks)
        if running and words[0] == GROUP:
            words = [GROUP]  # what follows is the group's own parameters
        return list(tasks_for(os.getcwd(), words if ours(words) else None, running=running))
