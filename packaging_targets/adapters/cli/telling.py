"""What the programs share: flags for how much is told and for JSON, and numbers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from packaging_targets.adapters.output import LEVELS, USUAL

if TYPE_CHECKING:
    from collections.abc import Callable


def add_flags(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add the global flags; `again` says that another parser before this one has them too, and may have read them."""
    parser.add_argument(
        "--log-level",
        choices=LEVELS,
        default=argparse.SUPPRESS if again else None,
        help=f"how much is told (default: {USUAL}); goes before the verb",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if again else False,
        help="ask for JSON, which verbs offer by other flags, or not at all",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Let a verb understand `--json` behind it too, so that it is refused in the same words."""
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def count_of(things: str) -> Callable[[str], int]:
    """Return what reads the number of `things` that a flag gives, 1 or more."""

    def count(text: str) -> int:
        if not text.isdecimal() or int(text) < 1:
            raise argparse.ArgumentTypeError(f"`{text}` is no number of {things}: write 1 or more")
        return int(text)

    return count
