"""`packaging image load` and `packaging image inspect`: images in layouts go to an engine, or are looked at."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.containers.verbs import build_targets
from packaging_targets.adapters.output import complain, tell
from packaging_targets.errors import PackagingError

if TYPE_CHECKING:
    import argparse

_LOAD = "hand images to a local docker, podman or buildah"
_INSPECT = "tell what an image consists of"


def add_parser(verbs: Any) -> None:
    """Add the verb, with verbs of its own, to the subparsers of a program."""
    about = "Look after images that are made without an engine."
    image = verbs.add_parser("image", help="load an image into an engine, or look at it", description=about)
    inner = image.add_subparsers(title="verbs", required=True, metavar="VERB")
    load = inner.add_parser("load", help=_LOAD, description=f"Build, and {_LOAD}.", allow_abbrev=False)
    load.add_argument("targets", nargs="*", metavar="TARGET", help="such as //api:image or //... (default: all images)")
    builders = ("docker", "podman", "buildah")
    load.add_argument("--builder", choices=builders, help="what takes it (default: the first that is there)")
    load.set_defaults(verb=_load)
    inspect = inner.add_parser("inspect", help=_INSPECT, description=f"{_INSPECT.capitalize()}.", allow_abbrev=False)
    what = "a layout's folder, a target such as //api:image, or a name such as ghcr.io/acme/api:1.2"
    inspect.add_argument("image", metavar="PATH|TARGET|REFERENCE", help=what)
    inspect.set_defaults(verb=_inspect)
    for parser, default in ((load, "this machine's"), (inspect, "all")):
        parser.add_argument("--platform", metavar="P", help=f"such as linux/arm64 (default: {default})")
        parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def _load(options: argparse.Namespace) -> int:
    from packaging_targets.services.containers.layouts.loading import load_image, plan_loading

    plan = plan_loading(options.targets, options.builder, options.platform)
    code = build_targets(plan.root, [target.label for target in plan.targets])
    if code:
        return code
    loaded = []
    for target in plan.targets:
        try:
            loaded.append(load_image(plan, target))
        except PackagingError as error:
            complain(error.problems)
            code = 1
    lines = [f"{one.outcome:9} {one.image}  {one.engine}  {one.platform}  {one.id}" for one in loaded]
    tell(options, {"images": [dataclasses.asdict(one) for one in loaded]}, lines)
    return code


def _inspect(options: argparse.Namespace) -> int:
    from packaging_targets.services.containers.layouts import inspecting

    text, platform = options.image, options.platform
    if text.startswith(("//", ":")):
        root, target = inspecting.image_target(text)
        if code := build_targets(root, [target.label]):
            return code
        found = inspecting.inspect_folder(target.layout, platform)
    else:
        found = inspecting.inspect(text, platform)
    return tell(options, inspecting.as_json(found), list(inspecting.as_lines(found)))
