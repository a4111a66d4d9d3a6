"""What every verb that publishes is told on a command line, and what it says to `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.adapters.cli.telling import count_of
from packaging_targets.errors import Problem

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every verb that publishes understands."""
    parser.add_argument("--dry-run", action="store_true", help="ask the registry, tell what would be done, do nothing")
    parser.add_argument("--insecure", action="store_true", help="speak plain HTTP to other machines too")
    how_many = "how many are on their way at once"
    parser.add_argument("--jobs", type=count_of("uploads"), default=8, metavar="N", help=how_many)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to tell what was done")


def no_json(verb: str) -> Problem:
    """Return what is said to `--json` before or behind a verb that publishes."""
    return Problem("", f"`--json` is not for `{verb}`, which has another flag for it", f"{verb} --format json")
