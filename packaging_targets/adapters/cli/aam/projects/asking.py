"""`aam`: list, tree, why, outdated, verify, search, info."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.projects.installing import add_project, add_registry, project_of
from packaging_targets.adapters.cli.aam.telling import add_verb, as_json
from packaging_targets.adapters.cli.telling import count_of
from packaging_targets.adapters.output import complain, counted, table, tell, warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging_targets.services.aam.asking.graph import Listed, Node
    from packaging_targets.services.aam.asking.registries import Info
    from packaging_targets.services.aam.asking.signatures import Told

_FOUND = 20


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    listing = add_verb(verbs, "list", "list what is installed", _list)
    branching = add_verb(verbs, "tree", "tell what is installed, each with what it needs", _tree)
    branching.add_argument("--depth", type=count_of("levels"), default=None, metavar="N", help="how deep; default: all")
    reasoning = add_verb(verbs, "why", "tell who needs a package", _why)
    reasoning.add_argument("name", metavar="NAME", help="the package")
    ageing = add_verb(verbs, "outdated", "tell of what there are newer versions; exit code 1 if of anything", _outdated)
    ageing.add_argument("names", nargs="*", metavar="NAME", help="the package; default: all")
    verifying = add_verb(
        verbs, "verify", "compare all files with what was installed; exit code 1 if any differs", _verify
    )
    searching = add_verb(verbs, "search", "find packages by words of their names and descriptions", _search)
    searching.add_argument("words", nargs="+", metavar="TEXT", help="words, all of which a package has")
    searching.add_argument("--limit", type=count_of("packages"), default=_FOUND, metavar="N", help=f"default: {_FOUND}")
    telling = add_verb(verbs, "info", "tell what a registry knows of a package", _info)
    telling.add_argument("spec", metavar="NAME[@VERSION]", help="the package, or a version, range or tag of it")
    for parser in (listing, branching, reasoning, ageing, verifying, searching, telling):
        add_project(parser)
    for parser in (ageing, searching, telling):
        add_registry(parser)


def _list(options: Namespace) -> int:
    from packaging_targets.services.aam.asking.graph import listing

    found = listing(project_of(options))
    packages = [
        {
            "name": one.name,
            "version": one.version,
            "wanted": one.wanted or None,
            "source": one.source,
            "integrity": one.integrity,
            "installed": one.is_there,
        }
        for one in found.packages
    ]
    bundles = [{"name": name, "version": version, "target": target} for name, version, target in found.bundles]
    lines = [_listed(one) for one in found.packages]
    lines += [f"{name}@{version}  bundle for {target}" for name, version, target in found.bundles]
    return tell(options, {"ok": True, "packages": packages, "bundles": bundles}, lines or ["nothing is installed"])


def _listed(one: Listed) -> str:
    wanted = f"  wanted: {one.wanted}" if one.wanted else ""
    return f"{one.name}@{one.version}{wanted}{'' if one.is_there else '  (not installed)'}"


def _tree(options: Namespace) -> int:
    from packaging_targets.services.aam.asking.graph import as_value, tree

    nodes = tree(project_of(options), None if options.depth is None else options.depth - 1)
    lines = list(_branches(nodes, ""))
    return tell(options, {"ok": True, "dependencies": [as_value(one) for one in nodes]}, lines or ["nothing is wanted"])


def _branches(nodes: Sequence[Node], indent: str) -> Iterator[str]:
    for at, node in enumerate(nodes, 1):
        is_last = at == len(nodes)
        told = f"{node.name}@{node.version}" if node.version else f"{node.name} {node.wanted} (missing)"
        yield f"{indent}{'└──' if is_last else '├──'} {told}{' (see above)' if node.is_repeated else ''}"
        yield from _branches(node.needs, f"{indent}{'    ' if is_last else '│   '}")


def _why(options: Namespace) -> int:
    from packaging_targets.services.aam.asking.graph import why

    version, reasons = why(project_of(options), options.name)
    value = [{"path": list(one.path), "wanted": one.wanted} for one in reasons]
    lines = [f"{options.name}@{version}"]
    lines += [f"  {' → '.join(one.path)} wants {one.wanted}" for one in reasons]
    return tell(options, {"ok": True, "name": options.name, "version": version, "reasons": value}, lines)


def _outdated(options: Namespace) -> int:
    from packaging_targets.services.aam.asking.registries import outdated

    ageing = outdated(project_of(options), options.names, options.registry)
    found = ageing.packages
    warn(options, ageing.warnings)
    value = [
        {"name": one.name, "current": one.current, "wanted": one.wanted, "latest": one.latest, "registry": one.registry}
        for one in found
    ]
    rows = [("package", "current", "wanted", "latest")]
    rows += [(one.name, one.current, one.wanted, one.latest) for one in found]
    told = {"ok": not found, "outdated": value, "warnings": as_json(ageing.warnings)}
    tell(options, told, table(rows) if found else ["everything is up to date"])
    return 1 if found else 0


def _verify(options: Namespace) -> int:
    from packaging_targets.services.aam.asking.verification import verify

    done = verify(project_of(options))
    value = {
        "ok": not done.problems,
        "packages": done.packages,
        "files": done.files,
        "archives": done.archives,
        "signatures": done.signatures,
        "problems": as_json(done.problems),
        "warnings": as_json(done.warnings),
    }
    warn(options, done.warnings)
    if options.format != "json":
        complain(done.problems)
    compared = (
        f"{counted(done.packages, 'package')}, {counted(done.files, 'file')}, {counted(done.archives, 'archive')}"
    )
    signed = f", {counted(done.signatures, 'signature')}" if done.signatures else ""
    verdict = counted(len(done.problems), "problem") if done.problems else "all in order"
    tell(options, value, [f"{compared}{signed}: {verdict}"])
    return 1 if done.problems else 0


def _search(options: Namespace) -> int:
    from packaging_targets.services.aam.asking.registries import search

    found = search(project_of(options), " ".join(options.words), options.limit, options.registry)
    value = [
        {
            "name": str(one.name),
            "latest": one.latest or None,
            "versions": list(one.versions),
            "description": one.description,
            "registry": url,
        }
        for url, one in found
    ]
    lines = [f"{one.name}@{one.latest or '-'}{f'  {one.description}' if one.description else ''}" for _, one in found]
    return tell(options, {"ok": True, "packages": value}, lines or ["nothing was found"])


def _info(options: Namespace) -> int:
    from packaging_targets.services.aam.asking.registries import info

    found = info(project_of(options), options.spec, options.registry)
    release = found.release
    value = {
        "ok": True,
        "name": str(found.metadata.name),
        "version": str(release.version),
        "description": release.description,
        "author": release.author,
        "registry": found.registry,
        "integrity": release.integrity,
        "size": release.size,
        "publishedAt": _time(release.published_at),
        "dependencies": dict(release.dependencies),
        "optionalDependencies": dict(release.optional),
        "peerDependencies": dict(release.peers),
        "deprecated": release.deprecated or None,
        "yanked": None if release.yanked is None else {"reason": release.yanked.reason},
        "tags": dict(found.metadata.tags),
        "versions": [str(one.version) for one in found.metadata.newest_first()],
        "signature": _signature(found),
    }
    return tell(options, value, list(_told(found, value)))


def _told(found: Info, value: dict[str, Any]) -> Iterator[str]:
    release = found.release
    yield f"{value['name']}@{value['version']}{f'  {release.description}' if release.description else ''}"
    if release.yanked is not None:
        yield f"yanked: {release.yanked.reason or 'no reason was given'}"
    if release.deprecated:
        yield f"deprecated: {release.deprecated}"
    for name in ("author", "publishedAt", "registry", "integrity"):
        if value[name]:
            yield f"{name}: {value[name]}"
    if found.signature is not None:
        yield f"signed by: {_signed(found.signature)}"
    for name in ("dependencies", "optionalDependencies", "peerDependencies", "tags"):
        if value[name]:
            yield f"{name}: {', '.join(f'{key} {text}' for key, text in sorted(value[name].items()))}"
    yield f"versions: {', '.join(value['versions']) or 'none'}"


def _signature(found: Info) -> dict[str, Any] | None:
    """Return what is known of the signature; `verified` is None where nothing demands that it is."""
    told = found.signature
    if told is None:
        return None
    return {
        "identity": told.signer.identity if told.signer else None,
        "issuer": told.signer.issuer if told.signer else None,
        "verified": not told.problems if told.demanded else None,
        "problems": as_json(told.problems),
    }


def _signed(told: Told) -> str:
    who = str(told.signer) if told.signer else "somebody whom the signature does not name"
    if not told.demanded:
        return f"{who}, which no policy had verified"
    return f"{who}, {'refused: ' + told.problems[0].what if told.problems else 'verified'}"


def _time(seconds: int) -> str:
    from packaging_targets.formats.aam.times import time_text

    return time_text(seconds)
