"""`aam`: registry …, dist-tag …, yank, unyank, deprecate."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.desk.log import log_of
from packaging_targets.adapters.cli.aam.desk.verbs import add_desk
from packaging_targets.adapters.cli.aam.serving import add_serving
from packaging_targets.adapters.cli.aam.telling import add_group, add_verb, as_json
from packaging_targets.adapters.output import complain, counted, tell, tells, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from packaging_targets.errors import Problem
    from packaging_targets.formats.aam.names import PackageName
    from packaging_targets.registry.aam.folder.registry import FolderRegistry
    from packaging_targets.registry.aam.protocol import Registry

_URL = "a URL such as file:///opt/aam-registry, a path, or a name in the configuration"
_NAMED = f"the registry: {_URL}; by default the one that the configuration has for the package"
_VERSION = "the version, as @myorg/review@1.2.0"
_PACKAGE = "the package, as @myorg/review"


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    _add_registry(add_group(verbs, "registry", "make, list, check and copy registries"))
    _add_tags(add_group(verbs, "dist-tag", "let tags lead to versions"))
    yanking = add_verb(verbs, "yank", "hide a version from new installs; locks still install it", _yank)
    yanking.add_argument("version", metavar="NAME@VERSION", help=_VERSION)
    yanking.add_argument("--reason", default="", metavar="TEXT", help="why, for those who have it in a lock")
    unyanking = add_verb(verbs, "unyank", "show a yanked version again", _unyank)
    unyanking.add_argument("version", metavar="NAME@VERSION", help=_VERSION)
    deprecating = add_verb(verbs, "deprecate", "warn those who install a version", _deprecate)
    deprecating.add_argument("version", metavar="NAME[@VERSION]", help="the version, or the package for all versions")
    deprecating.add_argument("message", help="what to tell them; an empty text takes the warning back")
    for parser in (yanking, unyanking, deprecating):
        add_option(parser)


def _add_registry(verbs: Any) -> None:
    add_serving(verbs)
    add_desk(verbs)
    making = add_verb(verbs, "init", "make an empty registry in a folder", _init)
    making.add_argument("registry", metavar="URL", help=_URL)
    mending = add_verb(verbs, "reindex", "repair a registry, and take over archives that were placed by hand", _reindex)
    mending.add_argument("registry", metavar="URL", help=_URL)
    for name, does, act in (
        ("ls", "list all packages of a registry", _ls),
        ("verify", "read every byte of a registry, and tell all that is wrong", _verify),
    ):
        parser = add_verb(verbs, name, does, act)
        parser.add_argument(
            "registry", nargs="?", default="", metavar="URL", help=f"{_URL}; default: the configured one"
        )
    copying = add_verb(verbs, "mirror", "copy a registry into a folder, or what is new in it", _mirror)
    copying.add_argument("source", metavar="SOURCE", help=_URL)
    copying.add_argument("target", metavar="TARGET", help="the folder, as a URL or a path; made where it is not there")
    copying.add_argument("names", nargs="*", metavar="NAME", help="packages; default: all")


def _add_tags(verbs: Any) -> None:
    adding = add_verb(verbs, "add", "let a tag lead to a version", _add_tag)
    adding.add_argument("version", metavar="NAME@VERSION", help=_VERSION)
    adding.add_argument("tag", help="the tag: lower-case letters, digits and hyphens")
    removing = add_verb(verbs, "rm", "take a tag away", _remove_tag)
    removing.add_argument("name", help=_PACKAGE)
    removing.add_argument("tag", help="the tag")
    listing = add_verb(verbs, "ls", "list the tags of a package", _list_tags)
    listing.add_argument("name", help=_PACKAGE)
    for parser in (adding, removing, listing):
        add_option(parser)


def add_option(parser: Any) -> None:
    """Add the flag that says which registry is meant."""
    parser.add_argument("--registry", default="", metavar="URL", help=_NAMED)


def waiting_told(options: Namespace) -> Callable[[], None]:
    """Return what is called where another process changes the registry."""

    def waiting() -> None:
        if tells(options, "info"):
            sys.stderr.write("waiting for another process that changes the registry\n")

    return waiting


@contextmanager
def _live(options: Namespace) -> Iterator[Callable[[str], None]]:
    """Yield what shows on a terminal what is going on."""
    from packaging_targets.adapters.cli.progress import Progress

    progress = Progress(is_wanted=options.format != "json" and tells(options, "info"))
    try:
        yield progress.show
    finally:
        progress.end()


def _registry(options: Namespace, text: str, name: PackageName | None = None) -> Registry:
    from packaging_targets.services.aam.registries.choosing import registry_of

    return registry_of(text, name, waiting_told(options))


def _folder(options: Namespace, text: str) -> FolderRegistry:
    from packaging_targets.services.aam.registries.choosing import folder_registry_of

    return folder_registry_of(text, waiting_told(options))


def _init(options: Namespace) -> int:
    from packaging_targets.registry.aam.folder.initialising import initialise

    registry = _folder(options, options.registry)
    made = initialise(registry)
    line = f"made an empty registry: {registry.url}" if made else f"there is a registry already: {registry.url}"
    return tell(options, {"ok": True, "registry": registry.url, "made": made}, [line])


def _reindex(options: Namespace) -> int:
    from packaging_targets.registry.aam.folder.reindexing import reindex

    registry = _folder(options, options.registry)
    with _live(options) as show:
        done = reindex(registry, show)
    value = {"packages": done.packages, "versions": done.versions, "changed": done.changed, "adopted": done.adopted}
    lines = [f"took over {counted(len(done.adopted), 'version')}"] if done.adopted else []
    lines.append(f"{counted(done.packages, 'package')}, {counted(done.versions, 'version')}: {registry.url}")
    return _told(options, {"registry": registry.url, **value}, lines, done.problems, done.mended)


def _ls(options: Namespace) -> int:
    registry = _registry(options, options.registry)
    found = list(registry.summaries())
    value = [
        {"name": str(one.name), "latest": one.latest, "versions": list(one.versions), "description": one.description}
        for one in found
    ]
    width = max((len(str(one.name)) for one in found), default=0)
    lines = [f"{one.name!s:{width}}  {one.latest or '-'}  ({', '.join(one.versions)})" for one in found]
    return tell(options, {"ok": True, "registry": registry.url, "packages": value}, lines or ["no packages"])


def _verify(options: Namespace) -> int:
    from packaging_targets.registry.aam.folder.verifying import verify

    registry = _folder(options, options.registry)
    with _live(options) as show:
        done = verify(registry, show)
    checked = log_of(registry.tree.root, registry.tree.server)
    problems = [*done.problems, *checked.problems]
    value = {"registry": registry.url, "packages": done.packages, "versions": done.versions, "bytes": done.size}
    read = [counted(done.packages, "package"), counted(done.versions, "version"), f"{done.size:,} bytes"]
    if checked.entries is not None:
        value["entries"] = checked.entries
        read.append(f"a log of {checked.entries:,}")
    verdict = counted(len(problems), "problem") if problems else "all in order"
    return _told(options, value, [f"{', '.join(read)}: {verdict}"], problems, checked.warnings)


def _mirror(options: Namespace) -> int:
    from packaging_targets.registry.aam.folder.mirroring import mirror
    from packaging_targets.services.aam.registries.naming import package_of

    source, target = _registry(options, options.source), _folder(options, options.target)
    with _live(options) as show:
        done = mirror(source, target, [package_of(name) for name in options.names], show)
    value = {"source": source.url, "target": target.url, "copied": done.copied, "present": done.present}
    line = (
        f"copied: {len(done.copied):,}, there already: {done.present:,}, packages that changed: {len(done.changed):,}"
    )
    return _told(options, {**value, "changed": done.changed}, [line], done.problems)


def _add_tag(options: Namespace) -> int:
    from packaging_targets.services.aam.registries.naming import release_named

    name, version = release_named(options.version)
    _registry(options, options.registry, name).set_tag(name, options.tag, version)
    value = {"ok": True, "name": str(name), "tag": options.tag, "version": version}
    return tell(options, value, [f"{options.tag} of {name} leads to {version}"])


def _remove_tag(options: Namespace) -> int:
    from packaging_targets.services.aam.registries.naming import package_of

    name = package_of(options.name)
    _registry(options, options.registry, name).remove_tag(name, options.tag)
    value = {"ok": True, "name": str(name), "tag": options.tag}
    return tell(options, value, [f"{name} has no tag {options.tag} any more"])


def _list_tags(options: Namespace) -> int:
    from packaging_targets.registry.aam.refusing import known_of
    from packaging_targets.services.aam.registries.naming import package_of

    name = package_of(options.name)
    tags = known_of(_registry(options, options.registry, name), name).tags
    lines = [f"{tag}: {version}" for tag, version in tags.items()]
    return tell(options, {"ok": True, "name": str(name), "tags": dict(tags)}, lines or [f"{name} has no tags"])


def _yank(options: Namespace) -> int:
    from packaging_targets.formats.aam.documents.transitions import find_release
    from packaging_targets.registry.aam.refusing import known_of
    from packaging_targets.services.aam.registries.naming import release_named

    name, version = release_named(options.version)
    registry = _registry(options, options.registry, name)
    registry.yank(name, version, options.reason)
    known = known_of(registry, name)
    yank = find_release(known, version).yanked
    moved = {tag: known.tags.get(tag, "") for tag in (yank.tags if yank else ())}
    lines = [f"yanked {name}@{version}: locks that name it still install it"]
    lines += [
        f"  {tag} leads to {target} now" if target else f"  {tag} leads nowhere now" for tag, target in moved.items()
    ]
    value = {"ok": True, "name": str(name), "version": version, "yanked": True, "movedTags": moved}
    return tell(options, value, lines)


def _unyank(options: Namespace) -> int:
    from packaging_targets.services.aam.registries.naming import release_named

    name, version = release_named(options.version)
    _registry(options, options.registry, name).unyank(name, version)
    value = {"ok": True, "name": str(name), "version": version, "yanked": False}
    return tell(options, value, [f"{name}@{version} is shown again"])


def _deprecate(options: Namespace) -> int:
    from packaging_targets.services.aam.registries.naming import release_named

    name, version = release_named(options.version, whole=True)
    _registry(options, options.registry, name).deprecate(name, version, options.message)
    about = f"{name}@{version}" if version else f"all versions of {name}"
    line = f"deprecated {about}: {options.message}" if options.message else f"no longer deprecated: {about}"
    value = {"ok": True, "name": str(name), "version": version, "deprecated": options.message}
    return tell(options, value, [line])


def _told(
    options: Namespace,
    value: Mapping[str, Any],
    lines: Sequence[str],
    problems: Sequence[Problem],
    warnings: Sequence[Problem] = (),
) -> int:
    """Print a result that may have problems besides; return the exit code: 1 where it has."""
    found = {"ok": not problems, **value, "problems": as_json(tuple(problems)), "warnings": as_json(tuple(warnings))}
    if options.format != "json":
        warn(options, warnings)
        complain(problems)
    tell(options, found, lines)
    return 1 if problems else 0
