"""`aam pkg publish`."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.registries import add_registry_option, waiting_told
from packaging_targets.adapters.cli.aam.telling import add_verb, as_json
from packaging_targets.adapters.output import tell, warn

if TYPE_CHECKING:
    from packaging_targets.services.aam.registries.publishing import Publication


def add_publish(verbs: Any) -> None:
    """Add `publish` to the verbs of `pkg`."""
    does = "publish an archive, or the package of a folder, which is packed first"
    parser = add_verb(verbs, "publish", does, _publish)
    parser.add_argument("path", nargs="?", default=".", metavar="DIR|ARCHIVE", help="default: this folder")
    parser.add_argument("--tag", default="", help="the tag that leads to it; `latest` stays where it is then")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be published, and change nothing")
    add_registry_option(parser)


def _publish(options: Namespace) -> int:
    from packaging_targets.services.aam.registries.publishing import publish_path

    done = publish_path(
        options.path, options.registry, options.tag, dry_run=options.dry_run, waiting=waiting_told(options)
    )
    warn(options, done.warnings)
    return tell(options, _value(done, dry_run=options.dry_run), _lines(done, dry_run=options.dry_run))


def _value(done: Publication, *, dry_run: bool) -> dict[str, Any]:
    release = done.published.release
    return {
        "ok": True,
        "registry": done.url,
        "name": str(done.published.name),
        "version": str(release.version),
        "published": not dry_run,
        "integrity": release.integrity,
        "size": release.size,
        "tags": list(done.published.tags),
        "warnings": as_json(done.warnings),
    }


def _lines(done: Publication, *, dry_run: bool) -> list[str]:
    verb = "would publish" if dry_run else "published"
    release, tags = done.published.release, ", ".join(done.published.tags)
    told = f"{verb} {done.published.name}@{release.version}{f' as {tags}' if tags else ''}"
    return [f"{told} to {done.url}", f"  {release.integrity}"]
