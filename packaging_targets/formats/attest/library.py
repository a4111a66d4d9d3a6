"""Libraries of the extra `sbom`, which need not be installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def needs(package: str) -> Iterator[None]:
    """Import within the block; raises RequestError that names the package where it is not installed."""
    try:
        yield
    except ImportError:
        raise RequestError.one(
            f"a bill of materials needs the package `{package}`, which is not installed",
            fix="pip install 'packaging-targets[sbom]'",
        ) from None
