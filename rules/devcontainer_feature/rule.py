"""`devcontainer_feature`: the folder of the package becomes an archive, and a collection file lists it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from packaging_targets import Action, Context, Feature, FeatureFolder, check_features, collection_text

_COLLECTION_FILE = "devcontainer-collection.json"


def analyse(context: Context) -> Sequence[Action]:
    """Return the action that packs the feature and the one that lists it."""
    package = context.target.label.package
    files = {context.relative(source): context.link(source) for source in context.sources()}
    return package_features(context, [folder_of(context, package, files)], collection=False)


def folder_of(context: Context, path: str, files: Mapping[str, str | None]) -> FeatureFolder:
    """Return the folder at the workspace path `path` with the sources `files`, named relative to it."""

    def read(relative: str) -> bytes:
        return context.read(f"{path}/{relative}" if path else relative)

    return FeatureFolder(path, files, read)


def package_features(context: Context, folders: Iterable[FeatureFolder], *, collection: bool) -> Sequence[Action]:
    """Return an action for each feature, named by its id, and one for the collection file."""
    fields = context.target.fields
    features, warnings = check_features(
        folders, collection=collection, strict=fields["strict"], naming=fields["archive_name"]
    )
    for warning in warnings:
        context.warn(warning.what, field=warning.field, fix=warning.fix, where=warning.where)
    if "publish" in fields:
        folder = context.output(context.target.label.name)
        context.provide("publish", {"kind": "features", "folder": folder, **fields["publish"]})
    listing = Action(
        kind="write/1",
        params={"text": collection_text(features)},
        inputs=(),
        outputs=(_output(context, _COLLECTION_FILE),),
        name=_COLLECTION_FILE,
        title=f"list {len(features)} feature{'s' if len(features) > 1 else ''}",
    )
    return [*(_pack(context, feature) for feature in features), listing]


def _pack(context: Context, feature: Feature) -> Action:
    manifest = feature.manifest()
    # The plain tar's digest lies in a folder of its own: what stands with the archives is what is published.
    digest = f"{context.target.label.name}.digests/{feature.archive.removesuffix('.tgz')}.tar.sha256"
    return Action.pack(
        "tar.gz/1",
        manifest,
        _output(context, feature.archive),
        context.output(digest),
        name=feature.key,
        title=f"pack {feature.id} {feature.version}",
        root=True,
        level=6,
        mtime=0,
    )


def _output(context: Context, name: str) -> str:
    return context.output(f"{context.target.label.name}/{name}")
