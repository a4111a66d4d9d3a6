"""What operators' verbs share: which server is meant, what is to be allowed, and how that is told."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.granting import actions_of, at_options
from packaging_targets.adapters.cli.aam.telling import add_verb
from packaging_targets.adapters.output import tells
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterator

    from packaging_targets.registry.aam.desk.access import Grant, Identity
    from packaging_targets.registry.aam.desk.listing import Part
    from packaging_targets.services.aam.hosting.host import Desk

_ROOT = "the registry's folder, as for `serve`; default: what AAM_REGISTRY_ROOT says, or registry in ~/.aam"


def add_operator(verbs: Any, name: str, does: str, act: Callable[[Namespace], int], about: str = "") -> ArgumentParser:
    """Add a verb of operators; with `about` it has an argument of this name, before that for the registry."""
    parser = add_verb(verbs, name, does, act)
    if about:
        parser.add_argument("about", metavar=about, help="which one, as `ls` shows it")
    parser.add_argument("registry", nargs="?", default="", metavar="REGISTRY", help=_ROOT)
    parser.add_argument("--data", default="", metavar="DIR", help="the server's own folder; default: .aam-server")
    parser.add_argument("--database", default="", metavar="URL", help="PostgreSQL instead: postgresql://USER@HOST/NAME")
    return parser


@contextmanager
def opened(options: Namespace, *, make: bool = False) -> Iterator[tuple[Desk, Identity]]:
    """Open the desk that the command line and the environment name, for its operator."""
    try:
        from packaging_targets.services.aam.hosting.starting.configuring import configuration
        from packaging_targets.services.aam.hosting.starting.opening import is_distributed, open_desk, root_of
    except ImportError as error:
        what = f"a server's database needs the package `{error.name}`, which is not installed"
        raise RequestError.one(what, fix="pip install 'packaging-targets[registry]'") from None
    from packaging_targets.formats.aam.refusals import RefusalError
    from packaging_targets.registry.aam.desk.access import OPERATOR

    given = {"ROOT": options.registry, "DATA": options.data}
    environment = {**os.environ, **{f"AAM_REGISTRY_{name}": value for name, value in given.items() if value}}
    found = configuration(environment)
    root = "" if options.database or is_distributed(found.places) else root_of(found.places)
    is_new = bool(make and root and not os.path.isdir(root))
    with open_desk(found.places, found.settings, database=options.database, make=make) as desk:
        if is_new and options.format != "json" and tells(options, "info"):  # who mistyped a folder should see it
            sys.stderr.write(f"made an empty registry in {root}\n")
        try:
            yield desk, OPERATOR
        except RefusalError as error:
            if error.code != "BAD_REQUEST":
                raise
            raise RequestError(*at_options(error.problems)) from None


def granted(options: Namespace) -> Grant:
    """Return what is to be allowed; whether there is such a thing, services tell."""
    from packaging_targets.registry.aam.desk.access import EVERYTHING, Grant

    actions: Any = actions_of(options)
    return Grant(actions, tuple(options.pattern) or EVERYTHING)


def whole(part: Callable[[str], Part[Any]]) -> list[Any]:
    """Return the entries of all parts of a list."""
    found: list[Any] = []
    after = ""
    while True:
        got = part(after)
        found += got.entries
        if not got.next:
            return found
        after = got.next
