"""`aam`: registry …, dist-tag …, yank, unyank, deprecate."""

from __future__ import annotations

from typing import Any


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
