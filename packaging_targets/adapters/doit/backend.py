"""doit's database, without our tasks: what they came to stands in the workspace's own records."""

from __future__ import annotations

from typing import Any

from doit.dependency import JsonDB

from packaging_targets.adapters.doit.turns import GROUP, Build, ours

_IGNORE = "ignore:"


class PackagingBackend(JsonDB):
    """A JSON file with the user's own tasks, written only when one of them changed."""

    desc = "JSON file for the user's own tasks; targets keep their state in the workspace's records"

    def __init__(self, name: str, codec: Any, *, module_name: str | None = None) -> None:
        super().__init__(name, codec, module_name=module_name)
        self._dirty = False

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Store a value; of our tasks, only that one is to be ignored."""
        if not ours([task_id]) or dependency == _IGNORE:
            self._dirty = True
            super().set(task_id, dependency, value)

    def remove(self, task_id: str) -> None:
        """Forget a task. One of ours is forgotten on request; a failed run forgets nothing."""
        if ours([task_id]) and task_id != GROUP and Build.session is None:
            from packaging_targets.services.forget import forget

            forget([task_id.removeprefix(f"{GROUP}:")])
        self._dirty = self._dirty or self.in_(task_id)
        super().remove(task_id)

    def remove_all(self) -> None:
        """Forget every task."""
        from packaging_targets.services.forget import forget

        forget(None)
        self._dirty = True
        super().remove_all()

    def dump(self) -> None:
        """Write the file, if there is anything new."""
        if self._dirty:
            super().dump()
            self._dirty = False
