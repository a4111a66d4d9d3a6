"""Refusals name the registry that refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from packaging_targets.errors import RegistryError


@contextmanager
def refusals_of(url: str) -> Iterator[None]:
    """Let the problems of a RegistryError that have no place be told of the registry at a URL."""
    try:
        yield
    except RegistryError as error:
        raise RegistryError(*(replace(one, where=one.where or url) for one in error.problems)) from error
