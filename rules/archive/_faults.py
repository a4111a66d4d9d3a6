"""What is wrong with a target, gathered so that all of it is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets import Problem, RequestError

if TYPE_CHECKING:
    from packaging_targets import Context


class Faults:
    """Problems of one target, each with the field to blame."""

    def __init__(self, context: Context) -> None:
        self._target = context.target
        self._found: list[Problem] = []

    def add(self, what: str, field: str, fix: str = "") -> None:
        """Add a problem with `field`, a path such as `$.rename`."""
        where = f"{self._target.where}  ({self._target.label}, {field})"
        self._found.append(Problem(where, what, fix))

    def raise_all(self) -> None:
        """Raise RequestError with every problem, or do nothing where there is none."""
        if self._found:
            raise RequestError(*self._found)
