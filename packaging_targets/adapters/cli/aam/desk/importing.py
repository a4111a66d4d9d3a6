"""`aam registry import`: moving a registry to a server with PostgreSQL and an object store."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.telling import add_verb, as_json
from packaging_targets.adapters.cli.progress import Progress
from packaging_targets.adapters.output import complain, tell, tells
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from packaging_targets.services.aam.hosting.keeping.importing import Imported

_URL = "what to copy: a URL such as file:///srv/packages, a path, or a name in the configuration"
_WHERE = "what AAM_REGISTRY_{} says where this is left out"


def add_import(verbs: Any) -> None:
    """Add `import` to the verbs of `registry`."""
    does = "copy a registry into PostgreSQL and an object store, or what is new in it"
    parser = add_verb(verbs, "import", does, _import)
    parser.add_argument("source", metavar="SOURCE", help=_URL)
    parser.add_argument("names", nargs="*", metavar="NAME", help="packages; default: all")
    for option, metavar in (("database", "URL"), ("bucket", "BUCKET")):
        help_ = f"the server's {option}; {_WHERE.format(option.upper())}"
        parser.add_argument(f"--{option}", default="", metavar=metavar, help=help_)


def _import(options: Namespace) -> int:
    progress = Progress(is_wanted=options.format != "json" and tells(options, "info"))
    try:
        source, done = _imported(options, progress)
    finally:
        progress.end()
    copied, changed = done.copied, done.changed
    line = f"copied: {len(copied):,}, there already: {done.present:,}, packages that changed: {len(changed):,}"
    if options.format != "json":
        complain(done.problems)
    value = {"source": source, "copied": copied, "present": done.present, "changed": changed}
    tell(options, {"ok": not done.problems, **value, "problems": as_json(tuple(done.problems))}, [line])
    return 1 if done.problems else 0


def _imported(options: Namespace, progress: Progress) -> tuple[str, Imported]:
    try:
        from packaging_targets.services.aam.hosting.keeping.importing import import_packages
        from packaging_targets.services.aam.hosting.starting.configuring import configuration
        from packaging_targets.services.aam.hosting.starting.opening import is_distributed, open_host, prepare
    except ImportError as error:
        what = f"a server's database needs the package `{error.name}`, which is not installed"
        raise RequestError.one(what, fix="pip install 'packaging-targets[registry]'") from None
    from packaging_targets.registry.aam.desk.access import OPERATOR
    from packaging_targets.services.aam.registries.choosing import registry_of
    from packaging_targets.services.aam.registries.naming import package_of

    source, names = registry_of(options.source), [package_of(name) for name in options.names]
    given = {"DATABASE": options.database, "BUCKET": options.bucket}
    environment = {**os.environ, **{f"AAM_REGISTRY_{name}": value for name, value in given.items() if value}}
    found = configuration(environment)
    if not is_distributed(found.places):
        fix = "give --database and --bucket; into a folder, `aam registry mirror` copies a registry"
        raise RequestError.one("it is not said which server's database and bucket are meant", "", fix)
    prepare(found.places)
    with open_host(found.places, found.settings) as host:
        return source.url, import_packages(host, OPERATOR, source, names, progress.show)
