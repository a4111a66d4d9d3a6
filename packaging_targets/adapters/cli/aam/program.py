"""The parser of `aam`: each module of verbs adds its own."""

from __future__ import annotations

import argparse
import sys

from packaging_targets import __version__
from packaging_targets.adapters.cli.aam import login, packing, registries
from packaging_targets.adapters.cli.aam.people import approvals, tokens
from packaging_targets.adapters.cli.aam.projects import asking, installing
from packaging_targets.adapters.cli.aam.telling import Parser, add_verb, run
from packaging_targets.adapters.guard import guarded
from packaging_targets.errors import RequestError

_ABOUT = "Pack, publish and install agent packages."
_CODES = "Exit codes: 0 done, 1 something failed or differs, 2 a wrong request, 130 interrupted."
_SHELLS = ("bash", "zsh", "tcsh")


def main() -> int:
    """Run the command line of this process; return its exit code: 0 done, 1 something failed, 2 a wrong request."""
    return guarded(run, make_parser().parse_args())


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `aam`."""
    parser = Parser(prog="aam", description=_ABOUT, epilog=_CODES, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"packaging-targets {__version__}")
    parser.set_defaults(log_level=None)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for module in (packing, registries, login, tokens, approvals, installing, asking):
        module.add_parsers(verbs)
    completion = add_verb(verbs, "completion", "print what completes these verbs in a shell", _completion)
    completion.add_argument("shell", choices=_SHELLS, help="the shell")
    return parser


def _completion(options: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        raise RequestError.one(
            "completion needs the package `shtab`, which is not installed",
            fix="pip install 'packaging-targets[agents]'",
        ) from None
    sys.stdout.write(shtab.complete(make_parser(), options.shell))
    return 0


if __name__ == "__main__":
    sys.exit(main())
