"""`agent_package`: the folder of the package becomes an `.aam` archive, named by what its manifest says.

Packages of the workspace that it depends on are `deps`. Each of them has to be in the range that the manifest has for
it, so that what was built together also installs together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packaging_targets import Action, AgentManifest, Context, SemanticVersion, check_agent_folder

_MANIFEST = "package.agent.json"


def analyse(context: Context) -> Sequence[Action]:
    """Return the action that packs the package."""
    folder = context.target.label.package
    files = {context.relative(source): context.link(source) for source in context.sources()}

    def read(path: str) -> bytes:
        return context.read(f"{folder}/{path}" if folder else path)

    found = check_agent_folder(files, read, folder)
    for one in found.errors:
        context.problem(one.what, field=one.field, fix=one.fix, where=one.where)
    for one in found.warnings:
        context.warn(one.what, field=one.field, fix=one.fix, where=one.where)
    for inside in context.packages_inside():
        what = f"`{inside}` is not packed: it has a target file, which makes it a package of its own"
        context.warn(what, field="$.srcs", fix="move it out of the folder, or leave it out by `exclude`")
    context.check()
    manifest = found.manifest
    if manifest is None:  # and then there was a problem
        return []
    dependencies = _dependencies(context, manifest)
    context.check()
    archive = context.output(f"{context.target.label.name}/{manifest.archive}")
    itself = {"name": str(manifest.name), "version": str(manifest.version), "archive": archive}
    itself["target"] = str(context.target.label)
    engines = sorted(manifest.value.get("engines", {}))
    wants = {name: str(within) for name, within in {**manifest.optional, **manifest.dependencies}.items()}
    offered = {**itself, "dependencies": dependencies, "engines": engines, "wants": wants}
    context.provide("agent_package", offered)
    if "publish" in context.target.fields:
        context.provide("publish", {"kind": "agent_package", "archive": archive, **context.target.fields["publish"]})
    title = f"pack {manifest.name} {manifest.version}"
    return [Action.pack("aam/1", found.contents, archive, title=title, mtime=context.source_date_epoch)]


def _dependencies(context: Context, manifest: AgentManifest) -> list[dict[str, str]]:
    """Return the packages of the workspace that this one depends on, also through others, sorted by name."""
    found: dict[str, dict[str, str]] = {}
    for label in context.deps():
        offered = context.provided_by(label).get("agent_package")
        if offered is None:
            context.problem(f"`{label}` is no agent_package", field="$.deps", fix="name targets of agent_package")
            continue
        _check(context, str(label), offered, manifest)
        itself = {name: offered[name] for name in ("name", "version", "archive", "target")}
        for one in (itself, *offered["dependencies"]):
            other = found.setdefault(one["name"], one)
            # A dependency that is refused now offers what it did before: that is one target's, of another version.
            if other["target"] != one["target"]:
                what = f"two targets make `{one['name']}`: `{other['archive']}` and `{one['archive']}`"
                context.problem(what, field="$.deps", fix="depend on one of them")
    return [found[name] for name in sorted(found)]


def _check(context: Context, label: str, offered: Mapping[str, Any], manifest: AgentManifest) -> None:
    """Note that a dependency is not in the manifest, or not of a version that it asks for."""
    name, version = offered["name"], offered["version"]
    where = "/".join(part for part in (context.target.label.package, _MANIFEST) if part)
    wanted = {**manifest.peers, **manifest.optional, **manifest.dependencies}.get(name)
    if wanted is None:
        what = f"`{label}` makes `{name}`, which the manifest does not depend on"
        context.problem(what, field="$.deps", fix=f'add to `dependencies` of {where}: "{name}": "^{version}"')
    elif not wanted.allows(SemanticVersion.parse(version)):
        what = f"the manifest asks for `{name}` {wanted}, but `{label}` makes {version}"
        context.problem(what, fix=f'let the range have it, as in "^{version}"', where=where)
