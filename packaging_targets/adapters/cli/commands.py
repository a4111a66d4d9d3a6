"""The verbs of `packaging`: each parses, calls one service and prints what it returns."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.adapters.cli import features, publish
from packaging_targets.adapters.cli.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return its exit code: 0 done, 1 a build or check failed, 2 a wrong request."""
    options = _parser().parse_args(arguments)
    return guarded(options.verb, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="packaging", description="Package everything a monorepo ships, rebuilding only what changed."
    )
    parser.add_argument("--version", action="version", version=f"packaging-targets {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    _build_parser(verbs)
    _question_parsers(verbs)
    _cache_parser(verbs)
    features.add_parser(verbs)
    again = verbs.add_parser("reproduce", help="build twice, as on two machines, and compare every byte")
    again.set_defaults(verb=_reproduce)
    publish.add_parser(verbs)
    schema = verbs.add_parser("schema", help="write a JSON Schema of target files, for editors to complete by")
    schema.set_defaults(verb=_schema)
    return parser


def _build_parser(verbs: Any) -> None:
    build = verbs.add_parser("build", help="build what changed: all, or the labels given and what they need")
    build.add_argument("labels", nargs="*", metavar="LABEL", help="such as //services/api:image or //services/...")
    build.add_argument("-n", "--jobs", type=int, metavar="N", help="run N actions at once (default: a core each)")
    build.add_argument("--continue", dest="keep_going", action="store_true", help="go on after a failure")
    build.add_argument("--log-json", metavar="FILE", help="write one event a line to FILE")
    build.set_defaults(verb=_build)


def _question_parsers(verbs: Any) -> None:
    why = verbs.add_parser("why", help="tell why a target would run now, or why it ran last")
    why.add_argument("label", metavar="LABEL")
    why.set_defaults(verb=_why)
    affected = verbs.add_parser("affected", help="list the targets whose inputs changed since a git revision")
    affected.add_argument("--since", required=True, metavar="REV")
    affected.add_argument("--format", choices=("lines", "json", "matrix"), default="lines")
    affected.set_defaults(verb=_affected)
    query = verbs.add_parser("query", help="ask the target graph: deps(//a:b), kind(rule, //...)")
    query.add_argument("expression", metavar="EXPRESSION")
    query.set_defaults(verb=_query)
    graph = verbs.add_parser("graph", help="draw the target graph")
    graph.add_argument("expression", nargs="?", default="//...", metavar="EXPRESSION")
    graph.add_argument("--format", choices=("text", "dot", "json", "html"), default="text")
    graph.set_defaults(verb=_graph)


def _cache_parser(verbs: Any) -> None:
    cache = verbs.add_parser("cache", help="look after the action cache")
    cache.add_argument("what", choices=("info", "gc", "verify"))
    cache.add_argument("--size", metavar="SIZE", default="10G", help="what gc keeps, such as 500M (default: 10G)")
    cache.set_defaults(verb=_cache)


def _build(options: argparse.Namespace) -> int:
    from packaging_targets.adapters.doit.run import build

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
    from packaging_targets.services.open_graph import open_graph
    from packaging_targets.services.query import query

    graph, package = open_graph()
    for label in query(graph, options.expression, package):
        sys.stdout.write(f"{label}\n")
    return 0


def _graph(options: argparse.Namespace) -> int:
    from packaging_targets.services.graph import render
    from packaging_targets.services.open_graph import open_graph
    from packaging_targets.services.query import query

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
