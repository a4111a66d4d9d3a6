"""The parser of the containers' verbs, for `ctl-packaging`, `ctl-pack` and `packaging`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.adapters.cli.containers import verbs as act
from packaging_targets.adapters.guard import guarded
from packaging_targets.services.containers.images import ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable

_ABOUT = "Look after the containers of a repository: declare, check and build them."
_CODES = "Exit codes: 0 done, 1 a build or a check failed, 2 a wrong request, 130 interrupted."


def main() -> int:
    """Run the command line of this process; return its exit code: 0 done, 1 something failed, 2 a wrong request."""
    name = os.path.basename(sys.argv[0])
    program = name if name in {"ctl-pack", "ctl-packaging"} else "ctl-packaging"
    parser = argparse.ArgumentParser(prog=program, description=_ABOUT, epilog=_CODES, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"packaging-targets {__version__}")
    parser.set_defaults(log_level=None)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    add_parsers(verbs)
    build = _verb(verbs, "build", "build the image of a container, if anything changed", act.build)
    add_target(build, "the container; may be given again", required=True)
    add_image_flags(build)
    return guarded(_run, parser.parse_args())


def _run(options: argparse.Namespace) -> int:
    verb: Callable[[argparse.Namespace], int] = options.verb
    return verb(options)


def add_parsers(verbs: Any) -> None:
    """Add the verbs to the subparsers of a program, but for `build`: `packaging` has one for all targets."""
    _verb(verbs, "init", "write what a repository needs for containers, and change nothing that is there", act.init)
    _verb(verbs, "list", "list the containers", act.listing)
    _verb(verbs, "status", "tell how far the repository is", act.status)
    _verb(verbs, "verify", "find all that is wrong with the containers of the repository", act.verify)
    for kind in ("service", "job", "app"):
        _add_parser(verbs, kind)
    remove = _verb(verbs, "remove", "take the entry of a container away", act.remove)
    remove.add_argument("--id", required=True, metavar="ID", help="the container")
    every = _verb(verbs, "build-all", "build the images of all containers that changed", act.build)
    add_image_flags(every)
    every.set_defaults(targets=None)
    _verb(verbs, "adopt", "write target files for what only the index knows", act.adopt)


def add_target(parser: argparse._ActionsContainer, does: str, *, required: bool = False) -> None:
    """Add the flag that names the containers whose images are to be built."""
    parser.add_argument("--target", dest="targets", action="append", required=required, metavar="ID", help=does)


def add_image_flags(parser: argparse._ActionsContainer) -> None:
    """Add the flags of what builds images."""
    parser.add_argument("--tag", metavar="TAG", help="such as v1.0.0 (default: the image's own, or latest)")
    parser.add_argument("--builder", choices=ENGINES, help="what builds (default: the first that is there)")
    parser.add_argument("--force", action="store_true", help="build even where nothing changed")


def _add_parser(verbs: Any, kind: str) -> None:
    add = _verb(verbs, f"add-{kind}", f"declare {'an' if kind == 'app' else 'a'} {kind} beside its module", act.add)
    add.add_argument("--id", required=True, metavar="ID", help="such as billing.api")
    add.add_argument("--module", default=".", metavar="DIR", help="the folder of its code (default: the root)")
    add.add_argument("--template", default="", metavar="T", help="node, python, go, or a path (default: as its files)")
    add.add_argument("--context", default="", metavar="DIR", help="what the build sees (default: the root)")
    add.add_argument("--image", default="", metavar="NAME", help="such as ghcr.io/acme/api (default: the id)")
    add.add_argument("--dockerfile", default="", metavar="F", help="a hand-written one (default: one is rendered)")
    add.set_defaults(kind=kind)


def _verb(verbs: Any, name: str, does: str, verb: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    about = f"{does[0].upper()}{does[1:]}."
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=does, description=about, allow_abbrev=False)
    add_shared(parser)
    parser.set_defaults(verb=verb)
    return parser


def add_shared(parser: argparse._ActionsContainer) -> None:
    """Add the flags that every verb has."""
    where = "the repository's root (default: the workspace around the current folder, or that itself)"
    parser.add_argument("--repo-root", metavar="DIR", help=where)
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and change nothing")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


if __name__ == "__main__":
    sys.exit(main())
