"""What is wrong with a target, gathered so that all of it is told at once."""

from __future__ import annotations

from packaging_targets import Problem, RequestError


class Faults:
    """Problems of one target, each with the field to blame."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, what: str, field: str, fix: str = "") -> None:
        """Add a problem with `field`, a path such as `$.rename`."""
        self._found.append(Problem("", what, fix, field=field))

    def raise_all(self) -> None:
        """Raise RequestError with every problem, or do nothing where there is none."""
        if self._found:
            raise RequestError(*self._found)
