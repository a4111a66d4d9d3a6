"""`features publish`: parses, calls the service, prints what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.publishing import add_options, no_json
from packaging_targets.adapters.cli.telling import add_json
from packaging_targets.adapters.output import tells, warn

if TYPE_CHECKING:
    import argparse


def add_parser(verbs: Any) -> None:
    """Add the verb to the subparsers `verbs`."""
    parser = verbs.add_parser("publish", help="publish packed features to an OCI registry")
    parser.add_argument(
        "target",
        nargs="?",
        default=".",
        metavar="TARGET",
        help="packed features (the output folder), or sources, which are packed first (default: .)",
    )
    parser.add_argument("-r", "--registry", required=True, metavar="HOST", help="such as ghcr.io or localhost:5000")
    parser.add_argument("-n", "--namespace", required=True, metavar="NS", help="such as acme/features")
    add_options(parser)
    add_json(parser)
    parser.set_defaults(act=_publish, no_json=str(no_json("features publish")))


def _publish(options: argparse.Namespace) -> int:
    from packaging_targets.adapters.publishing import completed_by_the_next, show
    from packaging_targets.services.publish.features import FeaturePublishing, publish_features
    from packaging_targets.services.publish.sources import archives_of

    with archives_of(options.target) as packed:
        warn(options, packed.warnings)
        if options.format == "text" and tells(options, "info"):
            how = "the sources in `{}` are packed first" if packed.sources else "the archives in `{}` are published"
            sys.stdout.write(how.format(options.target) + "\n")
            sys.stdout.flush()
        asked = FeaturePublishing(
            folders=(packed.folder,),
            registry=options.registry,
            namespace=options.namespace,
            dry_run=options.dry_run,
            insecure=options.insecure,
            jobs=options.jobs,
            sources=packed.sources,
        )
        with completed_by_the_next():
            report = publish_features(asked)
        return show(report, options)
