"""The verbs of `packaging`: each parses, calls one service and prints what it returns."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.adapters.cli import features, publish
from packaging_targets.adapters.cli.assets import program as assets
from packaging_targets.adapters.cli.containers import layouts
from packaging_targets.adapters.cli.containers import program as containers
from packaging_targets.adapters.cli.containers import verbs as container_verbs
from packaging_targets.adapters.cli.telling import add_flags, count_of
from packaging_targets.adapters.guard import guarded
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_EXPRESSION = "such as '//services/...' or 'deps(//services/api:image)'"
_FUNCTIONS = ("allpaths", "attr", "deps", "filter", "kind", "rdeps", "somepath")


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return its exit code: 0 done, 1 a build or check failed, 2 a wrong request."""
    return guarded(_run, make_parser().parse_args(arguments))


def _run(options: argparse.Namespace) -> int:
    if options.json and options.verb not in {features.run, publish.run}:
        fix = "affected, graph and publish have --format json, and build --log-json"
        raise RequestError.one("`--json` is refused: verbs offer JSON by flags of their own, or not at all", "", fix)
    if options.log_level and options.verb not in {features.run, publish.run}:
        raise RequestError.one("`--log-level` is for `features` and `publish`", "", "leave it out")
    verb: Callable[[argparse.Namespace], int] = options.verb
    return verb(options)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the global flags and of every verb."""
    parser = argparse.ArgumentParser(
        prog="packaging",
        description="Package everything a monorepo ships, rebuilding only what changed.",
        epilog="packaging VERB --help tells more. "
        "Exit codes: 0 done, 1 a build or a check failed, 2 a wrong request, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"packaging-targets {__version__}")
    add_flags(parser)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    _build_parser(verbs)
    _question_parsers(verbs)
    _cache_parser(verbs)
    features.add_parser(verbs)
    assets.add_parser(verbs)
    again = _verb(verbs, "reproduce", "build twice, as on two machines, and compare every byte")
    again.set_defaults(verb=_reproduce)
    publish.add_parser(verbs)
    containers.add_parsers(verbs)
    layouts.add_parser(verbs)
    schema = _verb(verbs, "schema", "write a JSON Schema of target files, for editors to complete by")
    schema.set_defaults(verb=_schema)
    return parser


def _verb(verbs: Any, name: str, does: str, more: str = "") -> argparse.ArgumentParser:
    description = f"{does[0].upper()}{does[1:]}. {more}"
    # Long options are not to be shortened: what is clear today is ambiguous with the next option.
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=does, description=description, allow_abbrev=False)
    return parser


def _build_parser(verbs: Any) -> None:
    more = "Without labels it builds everything, with labels these and what they need."
    build = _verb(verbs, "build", "build what changed", more)
    labels = "//services/api:image, :image (here), //services/api:all, //services/..., or an action: //a:b#name"
    build.add_argument("labels", nargs="*", metavar="LABEL", help=labels)
    build.add_argument(
        "-n", "--jobs", type=count_of("actions"), metavar="N", help="run N actions at once (default: a core each)"
    )
    build.add_argument("--continue", dest="keep_going", action="store_true", help="go on after a failure")
    build.add_argument("--log-json", metavar="FILE", help="write one event a line to FILE, as JSON")
    containers.add_target(build, "build the image of a container instead: ctl-packaging build")
    image = build.add_argument_group("with --target")
    containers.add_shared(image)
    containers.add_image_flags(image)
    build.set_defaults(verb=_build)


def _question_parsers(verbs: Any) -> None:
    why = _verb(verbs, "why", "tell why a target would run now, and why it ran last")
    why.add_argument(
        "label", metavar="LABEL", help="//services/api:image, :image, or an action: //services/api:image#name"
    )
    why.set_defaults(verb=_why)
    affected = _verb(
        verbs, "affected", "list the targets whose inputs changed since a git revision", "Dependants are included."
    )
    affected.add_argument("--since", required=True, metavar="REV", help="such as HEAD, main or a commit")
    forms = "one label a line (default), a JSON list, or a matrix of CI jobs"
    affected.add_argument("--format", choices=("lines", "json", "matrix"), default="lines", help=forms)
    affected.set_defaults(verb=_affected)
    query = _verb(verbs, "query", "ask the target graph", f"Functions: {', '.join(_FUNCTIONS)}.")
    query.add_argument("expression", metavar="EXPRESSION", help=_EXPRESSION)
    query.set_defaults(verb=_query)
    graph = _verb(verbs, "graph", "draw the target graph", "Without an expression it draws all of it.")
    graph.add_argument(
        "expression", nargs="?", default="//...", metavar="EXPRESSION", help=f"{_EXPRESSION}; default: all"
    )
    graph.add_argument("--format", choices=("text", "dot", "json", "html"), default="text", help="default: text")
    graph.set_defaults(verb=_graph)


def _cache_parser(verbs: Any) -> None:
    cache = _verb(verbs, "cache", "look after the action cache")
    whats = "its size; remove what was not used for longest; check every entry, and remove corrupt ones"
    cache.add_argument("what", choices=("info", "gc", "verify"), help=whats)
    cache.add_argument("--size", metavar="SIZE", default="10G", help="what gc keeps, such as 500M (default: 10G)")
    cache.set_defaults(verb=_cache)


def _build(options: argparse.Namespace) -> int:
    if options.targets is not None:
        if options.labels:
            raise RequestError.one("`--target` names a container, and goes with no label", "--target", "leave one out")
        return container_verbs.build(options)
    given = (options.repo_root, options.dry_run, options.format != "text", options.tag, options.builder, options.force)
    if any(given):
        raise RequestError.one("this is for images", "packaging build", "name a container with --target ID")
    from packaging_targets.adapters.doit.build import build

    return build(options.labels, options.jobs, keep_going=options.keep_going, log_json=options.log_json)


def _why(options: argparse.Namespace) -> int:
    from packaging_targets.services.why import why

    sys.stdout.write(f"{why(options.label)}\n")
    return 0


def _affected(options: argparse.Namespace) -> int:
    from packaging_targets.services.affected import affected, render

    sys.stdout.write(render(affected(options.since), options.format))
    return 0


def _query(options: argparse.Namespace) -> int:
    from packaging_targets.services.graph.opening import open_graph
    from packaging_targets.services.query.meaning import query

    graph, package = open_graph()
    for label in query(graph, options.expression, package):
        sys.stdout.write(f"{label}\n")
    return 0


def _graph(options: argparse.Namespace) -> int:
    from packaging_targets.services.graph.drawing import render
    from packaging_targets.services.graph.opening import open_graph
    from packaging_targets.services.query.meaning import query

    graph, package = open_graph()
    sys.stdout.write(render(graph, query(graph, options.expression, package), options.format))
    return 0


def _cache(options: argparse.Namespace) -> int:
    from packaging_targets.services.cache import care

    text, sound = care(options.what, options.size)
    sys.stdout.write(f"{text}\n")
    return 0 if sound else 1


def _reproduce(options: argparse.Namespace) -> int:
    del options
    from packaging_targets.services.reproduce import render, reproduce

    report = reproduce(os.getcwd())
    sys.stdout.write(render(report))
    return 1 if report.differences else 0


def _schema(options: argparse.Namespace) -> int:
    del options
    from packaging_targets.services.schema import target_file_schema

    sys.stdout.write(target_file_schema())
    return 0
