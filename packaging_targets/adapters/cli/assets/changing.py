"""The verbs that change the registry, and those that move or delete files and show first what they would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.adapters.cli.assets import reading
from packaging_targets.adapters.cli.assets.telling import diagnose, project_to_change
from packaging_targets.adapters.output import tell
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from argparse import Namespace

    from packaging_targets.services.assets.rearranging.plan import Plan
    from packaging_targets.services.assets.registering.results import Changed


def init(options: Namespace) -> int:
    """Make `assets/` and its registry."""
    from packaging_targets.services.assets.registering.initialise import init as initialise

    done = initialise(options.project)
    return tell(options, done.to_json(), [f"made {path}" for path in done.made] or ["all is there already"])


def add(options: Namespace) -> int:
    """Make an asset of files."""
    from packaging_targets.services.assets.registering.register import Registration, register

    request = Registration(
        tuple(options.paths),
        name=options.name,
        type=options.type,
        tile_size=options.tile_size,
        preload=options.preload,
        skip_transparent=options.skip_transparent,
    )
    return _changed(options, register(project_to_change(options), request))


def adopt(options: Namespace) -> int:
    """Register an asset.json that is there."""
    from packaging_targets.services.assets.registering.adopting import adopt as adopt_one

    return _changed(options, adopt_one(project_to_change(options), options.path, new_uuid=options.new_uuid))


def forget(options: Namespace) -> int:
    """Take an asset out of the registry."""
    from packaging_targets.services.assets.registering.membership import forget as forget_one

    return _changed(options, forget_one(project_to_change(options), options.asset))


def include(options: Namespace) -> int:
    """Take an asset into the build."""
    from packaging_targets.services.assets.registering.membership import include as include_one

    return _changed(options, include_one(project_to_change(options), options.asset))


def exclude(options: Namespace) -> int:
    """Take an asset out of the build."""
    from packaging_targets.services.assets.registering.membership import exclude as exclude_one

    return _changed(options, exclude_one(project_to_change(options), options.asset))


def _changed(options: Namespace, changed: Changed) -> int:
    if options.format == "text":
        diagnose(changed.diagnostics)
    return tell(options, changed.to_json(), [changed.summary, *(f"wrote {path}" for path in changed.written)])


def remove(options: Namespace) -> int:
    """Forget an asset, and delete its folder."""
    from packaging_targets.services.assets.rearranging.removing import remove as plan

    return _carry_out(options, plan(project_to_change(options), options.asset))


def quarantine(options: Namespace) -> int:
    """Put an asset out of the way, or list those that are."""
    from packaging_targets.services.assets.rearranging.quarantine import quarantine as plan

    if options.list == bool(options.asset):
        what = "an asset and `--list` do not go together" if options.list else "no asset is named"
        raise RequestError.one(what, "packaging assets quarantine", "name an asset, or write --list alone")
    return (
        reading.quarantined(options)
        if options.list
        else _carry_out(options, plan(project_to_change(options), options.asset))
    )


def restore(options: Namespace) -> int:
    """Bring an asset back out of quarantine."""
    from packaging_targets.services.assets.rearranging.quarantine import restore as plan

    return _carry_out(options, plan(project_to_change(options), options.asset, options.to))


def gc(options: Namespace) -> int:
    """Delete what is in quarantine."""
    from packaging_targets.services.assets.rearranging.quarantine import gc as plan

    return _carry_out(options, plan(project_to_change(options), options.older_than))


def _carry_out(options: Namespace, plan: Plan) -> int:
    """Show a plan, and do what it says where that is asked for."""
    from packaging_targets.services.assets.rearranging.plan import apply

    if options.yes:
        apply(plan)
    lost = "; deleted files cannot be had back" if plan.loses else ""
    end = "done" if options.yes else f"nothing was changed; --yes does it{lost}"
    lines = [*plan.lines, end if plan.ids else "there is nothing to do"]
    return tell(options, {**plan.to_json(), "applied": options.yes}, lines)
