"""`packaging publish`: builds what has a `publish` field, then publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.publishing import add_options, no_json
from packaging_targets.adapters.cli.telling import add_json
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    import argparse


def add_parser(verbs: Any) -> None:
    """Add the verb to the subparsers `verbs`."""
    parser = verbs.add_parser("publish", help="build, then publish, what has a `publish` field")
    parser.add_argument("labels", nargs="*", metavar="LABEL", help="such as //features:all or //... (default: all)")
    add_options(parser)
    add_json(parser)
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Build, and publish; return the exit code."""
    from packaging_targets.adapters.doit.build import build
    from packaging_targets.adapters.publishing import publish

    if options.json:
        raise RequestError(no_json("packaging publish"))
    return publish(options, lambda labels: build(labels, None))
