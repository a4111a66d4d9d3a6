"""`agent_bundle`: an agent package and all that it depends on become a bundle for each platform.

    package, deps, vendored ──agent_bundle/1──▶ <name>/<package>-<version>-<target>.bundle.aam, and its .sha256

Each platform is an action of its own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from packaging_targets import Action, Context, bundle_name, bundle_targets


def analyse(context: Context) -> Sequence[Action]:
    """Return an action for each platform."""
    fields = context.target.fields
    offered = context.provided_by(fields["package"]).get("agent_package")
    if offered is None:
        fix = "name a target of agent_package"
        context.fail(f"`{fields['package']}` is no agent_package", field="$.package", fix=fix)
    archive = offered["archive"]
    # Those of dependencies of dependencies are made by targets that this one does not name itself.
    others = [*(context.package_path(f"//{one['archive']}") for one in offered["dependencies"]), *context.sources()]
    wanted = bundle_targets(offered["engines"] if fields["targets"] == "all" else fields["targets"])
    params = {"scoped_dirs": fields["scoped_dirs"], "built_at": context.source_date_epoch}
    actions = []
    for target in wanted:
        name = bundle_name(posixpath.basename(archive), target)
        bundle = context.output(f"{context.target.label.name}/{name}")
        actions.append(
            Action(
                kind="agent_bundle/1",
                params={**params, "package": archive, "target": target},
                inputs=(archive, *others),
                outputs=(bundle, context.output(f"{context.target.label.name}/{name}.sha256")),
                name=target,
                title=f"bundle {offered['name']} for {target}",
            )
        )
    return actions
