"""What the verbs of `aam` share: `--json` on each, and how a failure looks then."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from packaging_targets.adapters.output import show_any_name, tell
from packaging_targets.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging_targets.errors import Problem

    Verb = Callable[[argparse.Namespace], int]


_SHORT = {"install": ("i",), "info": ("view",), "list": ("ls",), "ls": ("list",), "uninstall": ("rm",)}
"""What npm's users type."""


class Parser(argparse.ArgumentParser):
    """A parser that tells a wrong command line as JSON too, where that is asked for."""

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong with the command line, and end with 2."""
        if "--json" in sys.argv[1:]:
            value = {"ok": False, "problems": [{"what": message, "where": "", "fix": f"{self.prog} --help"}]}
            sys.stdout.write(f"{json.dumps(value, ensure_ascii=False, indent=2)}\n")
            self.exit(2)
        super().error(message)


def add_verb(verbs: Any, name: str, does: str, act: Verb) -> argparse.ArgumentParser:
    """Add a verb to subparsers. `act` gets the options, of which `format` is `json` or `text`, as `tell` reads it."""
    about = f"{does[0].upper()}{does[1:]}."
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, aliases=_SHORT.get(name, ()), help=does, description=about, allow_abbrev=False
    )
    as_json = "tell the result, or what went wrong, as JSON"
    parser.add_argument("--json", dest="format", action="store_const", const="json", default="text", help=as_json)
    parser.set_defaults(verb=run, act=act)
    return parser


def add_group(verbs: Any, name: str, does: str) -> Any:
    """Add a word that has verbs behind it, as `pkg` has; return its subparsers."""
    about = f"{does[0].upper()}{does[1:]}."
    parser = verbs.add_parser(name, help=does, description=about, allow_abbrev=False)
    return parser.add_subparsers(title="verbs", required=True, metavar="VERB")


def run(options: argparse.Namespace) -> int:
    """Run the chosen verb; return its exit code."""
    show_any_name()
    act: Verb = options.act
    try:
        return act(options)
    except PackagingError as error:
        if options.format != "json":
            raise
        value = {"ok": False, "problems": as_json(error.problems), "warnings": as_json(error.warnings)}
        tell(options, value, [])
        return error.exit_code


def as_json(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    """Return problems as JSON values: what, where, fix."""
    return [{"what": one.what, "where": one.place, "fix": one.fix} for one in problems]
