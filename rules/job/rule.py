"""`job`: the same as `service` in everything but its name, and so its folder and its type in the registry."""

from __future__ import annotations

from ..service.rule import analyse  # noqa: TID252  # rules are loaded by path: their package has no public name

__all__ = ["analyse"]
