"""`aam`: install, uninstall, update, config."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.telling import add_group, add_verb, as_json
from packaging_targets.adapters.output import counted, tell, tells, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packaging_targets.services.aam.installing.deploying.changes import Deployed
    from packaging_targets.services.aam.installing.install import Change, Options, Report

_SPEC = "NAME, NAME@1.2.3, NAME@^1.2.0, NAME@TAG, a folder, an .aam or a .bundle.aam"
_REGISTRY = "the registry: a URL such as file:///opt/aam-registry, a path, or a source of the configuration"
_UNSAVED = "leave manifest and lock as they are: until the next install, which undoes it"
_PROJECT = "the project's folder (default: this one, or the nearest above it with a manifest or a lock)"
_KEY = "registries.default, registries.scopes.@SCOPE, registries.sources.NAME.url (or auth, token), active_platforms"


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    installing = add_verb(verbs, "install", "install packages, or what the project wants", _install)
    installing.add_argument("specs", nargs="*", metavar="SPEC", help=f"{_SPEC}; default: what the project wants")
    installing.add_argument("--frozen", action="store_true", help="install what the lock says, or fail")
    installing.add_argument("--force", action="store_true", help="install all again, and overwrite what others wrote")
    removing = add_verb(verbs, "uninstall", "let packages or bundles not be installed any more", _uninstall)
    removing.add_argument("names", nargs="+", metavar="NAME", help="the package")
    updating = add_verb(verbs, "update", "take the newest versions that the project's ranges allow", _update)
    updating.add_argument("names", nargs="*", metavar="NAME", help="the package; default: all")
    for parser in (installing, removing, updating):
        add_project(parser)
        add_registry(parser)
        parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and change nothing")
        parser.add_argument("--no-save", action="store_true", help=_UNSAVED)
        parser.add_argument("--strict-peers", action="store_true", help="fail where a peer is missing or another")
    _add_config(add_group(verbs, "config", "tell and change the configuration"))


def add_project(parser: Any) -> None:
    """Add the flag that says which project is meant."""
    parser.add_argument("--project", default="", metavar="DIR", help=_PROJECT)


def project_of(options: Namespace) -> str:
    """Return the folder of the project that is meant."""
    from packaging_targets.services.aam.installing.project import nearest_project

    return options.project or nearest_project(".")


def add_registry(parser: Any) -> None:
    """Add the flag that says which registry is meant."""
    parser.add_argument("--registry", default="", metavar="URL", help=_REGISTRY)


def _add_config(verbs: Any) -> None:
    listing = add_verb(verbs, "list", "tell all that is configured", _config_list)
    getting = add_verb(verbs, "get", "tell what a key is set to", _config_get)
    setting = add_verb(verbs, "set", "set a key in the user's file, or the project's", _config_set)
    unsetting = add_verb(verbs, "unset", "take a key out of the user's file, or the project's", _config_unset)
    for parser in (getting, setting, unsetting):
        parser.add_argument("key", metavar="KEY", help=_KEY)
    setting.add_argument("value", metavar="VALUE", help="what it becomes; lists are written with commas")
    for parser in (listing, getting):
        parser.set_defaults(for_project=False)
    for parser in (setting, unsetting):
        parser.add_argument(
            "--project", dest="for_project", action="store_true", help="in .aam/config.yaml of this folder"
        )


def _install(options: Namespace) -> int:
    from packaging_targets.services.aam.installing.install import install

    return _run(options, lambda how: install(options.specs, how))


def _uninstall(options: Namespace) -> int:
    from packaging_targets.services.aam.installing.install import uninstall

    return _run(options, lambda how: uninstall(options.names, how))


def _update(options: Namespace) -> int:
    from packaging_targets.services.aam.installing.install import update

    return _run(options, lambda how: update(options.names, how))


def _run(options: Namespace, act: Callable[[Options], Report]) -> int:
    from packaging_targets.adapters.cli.progress import Progress
    from packaging_targets.services.aam.installing.install import Options

    progress = Progress(is_wanted=options.format != "json" and tells(options, "info"))
    how = Options(
        project_of(options),
        options.registry,
        frozen=getattr(options, "frozen", False),
        dry_run=options.dry_run,
        save=not options.no_save,
        strict_peers=options.strict_peers,
        force=getattr(options, "force", False),
        tell=progress.show,
        waiting=lambda: waiting(options),
    )
    try:
        report = act(how)
    finally:
        progress.end()
    if options.format != "json":
        warn(options, report.warnings)
    return tell(options, _value(options, report), _lines(options, report))


def waiting(options: Namespace) -> None:
    """Say that another process is to be waited for."""
    if tells(options, "info"):
        sys.stderr.write("waiting for another process that changes the project\n")


def _value(options: Namespace, report: Report) -> dict[str, Any]:
    changes = [
        {"name": one.name, "before": one.before or None, "after": one.after or None, "source": one.source or None}
        for one in report.changes
    ]
    deployed = [
        {
            "name": one.name,
            "version": one.version or None,
            "target": one.target,
            "written": sorted(path for path, data in one.files.items() if data is not None),
            "removed": sorted(path for path, data in one.files.items() if data is None),
        }
        for one in report.deployed
    ]
    return {
        "ok": True,
        "dryRun": options.dry_run,
        "changes": changes,
        "bundles": deployed,
        "packages": report.count,
        "lockChanged": report.lock_changed,
        "settled": report.settled or None,
        "warnings": as_json(report.warnings),
    }


def _lines(options: Namespace, report: Report) -> list[str]:
    lines = [f"note: {report.settled}"] if report.settled else []
    lines += [_change_line(one) for one in report.changes]
    for one in report.deployed:
        verb = "deployed" if one.version else "took back"
        lines.append(f"{verb} {one.name}{'@' if one.version else ''}{one.version} ({one.target})")
        lines += [f"  {_sign(one, path)} {path}" for path in sorted(one.files)]
    if not report.changes and not report.deployed:
        return [*lines, f"nothing to do: {counted(report.count, 'package')}"]
    if report.changes:
        lines.append(_summary(report, is_dry=options.dry_run))
    return lines


def _sign(one: Deployed, path: str) -> str:
    if one.files[path] is None:
        return "-"
    return "~" if path in one.replaced else "+"


def _summary(report: Report, *, is_dry: bool) -> str:
    """Return how many packages came, changed and went, and how many there are."""
    numbers = {
        "add": sum(not one.before for one in report.changes),
        "change": sum(bool(one.before and one.after) for one in report.changes),
        "remove": sum(not one.after for one in report.changes),
    }
    words = {"add": "added", "change": "changed", "remove": "removed"}
    done = ", ".join(f"{verb if is_dry else words[verb]} {number:,}" for verb, number in numbers.items() if number)
    there = f"{counted(report.count, 'package') if report.count else 'no packages'}"
    are = "would be" if is_dry else "is" if report.count == 1 else "are"
    return f"{'would ' if is_dry else ''}{done}: {there} {are} installed"


def _change_line(one: Change) -> str:
    if not one.after:
        return f"- {one.name}@{one.before}"
    if not one.before:
        return f"+ {one.name}@{one.after}"
    return f"~ {one.name}@{one.before}{f' → {one.after}' if one.before != one.after else ', again'}"


def _config_list(options: Namespace) -> int:
    from packaging_targets.services.aam.config import read_config
    from packaging_targets.services.aam.config.changing import settings

    config = read_config()
    found = settings(config)
    warn(options, config.warnings)
    lines: Sequence[str] = [f"{key}={value}" for key, value in found.items()]
    return tell(options, {"ok": True, "settings": dict(found)}, lines or ["nothing is configured"])


def _config_get(options: Namespace) -> int:
    from packaging_targets.services.aam.config import read_config
    from packaging_targets.services.aam.config.changing import get

    value = get(read_config(), options.key)
    tell(options, {"ok": bool(value), "key": options.key, "value": value or None}, [value] if value else [])
    return 0 if value else 1


def _config_set(options: Namespace) -> int:
    from packaging_targets.services.aam.config.changing import set_value

    path = set_value(options.key, options.value, ".", for_project=options.for_project)
    return tell(options, {"ok": True, "key": options.key, "file": path}, [f"set {options.key} in {path}"])


def _config_unset(options: Namespace) -> int:
    from packaging_targets.services.aam.config.changing import unset

    path = unset(options.key, ".", for_project=options.for_project)
    return tell(options, {"ok": True, "key": options.key, "file": path}, [f"took {options.key} out of {path}"])
