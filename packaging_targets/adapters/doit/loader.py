"""doit without a `dodo.py`: `[tool.doit] loader = "packaging"` in pyproject.toml."""

from __future__ import annotations

import os
from typing import Any

from doit.cmd_base import TaskLoader2
from doit.exceptions import InvalidDodoFile

from packaging_targets.adapters.doit.tasks import DOIT_CONFIG, tasks_for
from packaging_targets.adapters.doit.turns import GROUP, Build, ours
from packaging_targets.store.layout import find_root


class PackagingLoader(TaskLoader2):
    """Loads the tasks of the workspace that the current folder lies in."""

    def setup(self, opt_values: Any) -> None:
        """Find the workspace's root, and make it the current folder, as doit does with a dodo.py's."""
        self._options = opt_values
        root = find_root(os.getcwd())
        if root is None:
            from packaging_targets.workspace.settings import no_workspace

            raise InvalidDodoFile(str(no_workspace(os.getcwd())).removeprefix("error: "))
        os.chdir(root)

    def load_doit_config(self) -> dict[str, Any]:
        """Return our configuration; the command line stands above it."""
        return {**DOIT_CONFIG, "default_tasks": [GROUP]}

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        """Return the tasks that the command needs."""
        running = bool(cmd.execute_tasks)
        if running:
            self._take_options(pos_args)
        words = [word for word in pos_args if not word.startswith("-")] or [GROUP]
        return list(tasks_for(os.getcwd(), words if ours(words) else None, running=running))

    def _take_options(self, words: list[str]) -> None:
        """Move options that stand behind tasks to where doit looks for them, once it has the tasks."""
        if any(word.startswith("-") for word in words):
            from packaging_targets.adapters.doit.command_line import take

            options, words[:] = take(words)
            Build.log_json = options.pop("log_json", "")
            self._options.update_defaults(options)
