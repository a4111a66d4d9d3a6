"""`aam`: pkg init|validate|pack|build|publish|verify-signature."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.registries import add_option, waiting_told
from packaging_targets.adapters.cli.aam.telling import add_group, add_verb, as_json
from packaging_targets.adapters.output import counted, tell, warn
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from packaging_targets.services.aam.bundling.build import Built, Made
    from packaging_targets.services.aam.registries.publishing import Publication
    from packaging_targets.services.aam.signing.publishing import Signing

_KILO, _MEGA = 1_000, 1_000_000
_LONGEST_TOKEN = 1 << 16
_TARGETS = ("all", "claude", "claude-code", "codex", "copilot", "cursor")


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    package = add_group(verbs, "pkg", "begin, check, pack, build and publish packages")
    begin = add_verb(package, "init", "write a small package that is in order", _init)
    begin.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: .)")
    begin.add_argument("--name", default="", help="the package's name, such as @acme/review (default: the folder's)")
    check = add_verb(package, "validate", "tell all that is wrong with a package, and write nothing", _validate)
    what = "the package's folder, or an archive (default: .)"
    check.add_argument("path", nargs="?", default=".", metavar="DIR|ARCHIVE", help=what)
    pack = add_verb(package, "pack", "pack a package into an .aam archive, the same bytes every time", _pack)
    pack.add_argument("folder", nargs="?", default=".", metavar="DIR", help="the package's folder (default: .)")
    out = "a folder for the archive, or its path where it ends in .aam (default: dist)"
    pack.add_argument("-o", "--output", default="dist", metavar="OUT", help=out)
    _add_build(package)
    _add_publish(package)
    _add_verify(package)


def _init(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.packing.initialise import initialise

    begun = initialise(options.folder, options.name)
    lines = [*(f"wrote {path}" for path in begun.files), f"began {begun.name}: pack it with `aam pkg pack`"]
    return tell(options, {"ok": True, "name": str(begun.name), "files": begun.files}, lines)


def _validate(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.packing.validate import validate

    found = validate(options.path)
    warn(options, found.warnings)
    manifest = found.manifest
    value = {
        "ok": True,
        "name": str(manifest.name),
        "version": str(manifest.version),
        "files": found.files,
        "size": found.size,
        "warnings": as_json(found.warnings),
    }
    files = counted(len(found.files), "file")
    told = f"{manifest.name} {manifest.version} is in order: {files}, {_size(found.size)} packed"
    return tell(options, value, [told])


def _pack(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.packing.pack import pack

    packed = pack(options.folder, options.output)
    warn(options, packed.warnings)
    value = {
        "ok": True,
        "name": str(packed.manifest.name),
        "version": str(packed.manifest.version),
        "archive": packed.archive,
        "size": packed.size,
        "sha256": packed.digest.hex,
        "integrity": packed.integrity,
        "files": packed.files,
        "warnings": as_json(packed.warnings),
    }
    files = counted(len(packed.files), "file")
    told = f"packed {packed.manifest.name} {packed.manifest.version}: {files}, {_size(packed.size)}"
    return tell(options, value, [told, packed.archive])


def _add_build(package: Any) -> None:
    does = "compile a package and all that it depends on into bundles for platforms"
    build = add_verb(package, "build", does, _build)
    what = "the package's folder, or its archive (default: .)"
    build.add_argument("path", nargs="?", default=".", metavar="DIR|ARCHIVE", help=what)
    targets = "the platform: those of the manifest's `engines`, or those configured, or all four, are `all` (default)"
    build.add_argument("--target", choices=_TARGETS, default="all", help=targets)
    build.add_argument("-o", "--output", default="dist", metavar="DIR", help="where the bundles go (default: dist)")
    scoped = "what artifacts of a scoped package are called: acme-review, or acme--review (default: flat)"
    build.add_argument("--scoped-dirs", choices=("flat", "seed"), default="flat", help=scoped)
    registry = "where all that it depends on comes from: a URL, a folder, or a registry's name in the configuration"
    build.add_argument("--registry", default="", metavar="URL", help=registry)


def _build(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.bundling.build import Wanted, build

    wanted = Wanted(options.path, options.target, options.output, options.scoped_dirs, options.registry)
    built = build(wanted)
    warn(options, built.warnings)
    for made in built.bundles:
        warn(options, made.warnings)
    return tell(options, _build_value(built), list(_build_lines(built)))


def _build_lines(built: Built) -> Sequence[str]:
    count = len(built.dependencies)
    others = f" and {counted(count, 'package')} that it depends on" if count else ""
    lines = [f"built {built.manifest.name} {built.manifest.version}{others}"]
    lines += [f"{made.path}  ({_size(made.size)}{_lost(made)})" for made in built.bundles]
    return lines


def _lost(made: Made) -> str:
    count = len(made.warnings)
    return f", {counted(count, 'warning')}" if count else ""


def _build_value(built: Built) -> dict[str, Any]:
    return {
        "ok": True,
        "name": str(built.manifest.name),
        "version": str(built.manifest.version),
        "dependencies": {str(one.name): str(one.version) for one in built.dependencies},
        "bundles": [
            {
                "target": made.target,
                "path": made.path,
                "size": made.size,
                "sha256": made.digest.hex,
                "integrity": made.integrity,
                "artifacts": made.artifacts,
                "warnings": as_json(made.warnings),
            }
            for made in built.bundles
        ],
        "warnings": as_json(built.warnings),
    }


def _add_publish(package: Any) -> None:
    does = "publish an archive, or the package of a folder, which is packed first"
    parser = add_verb(package, "publish", does, _publish)
    parser.add_argument("path", nargs="?", default=".", metavar="DIR|ARCHIVE", help="default: this folder")
    parser.add_argument("--tag", default="", help="the tag that leads to it; `latest` stays where it is then")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be published, and change nothing")
    parser.add_argument("--sign", action="store_true", help="sign it, with the identity that a token tells")
    services = (
        "with --sign: a client's trust configuration of Sigstore (default: `signatures.trust_root` of your own file)"
    )
    parser.add_argument("--trust-config", default="", metavar="FILE", help=services)
    who = "with --sign: a file with the token, or - to read it (default: AAM_IDENTITY_TOKEN, or the CI service's)"
    parser.add_argument("--identity-token", dest="identity_from", default="", metavar="FILE", help=who)
    add_option(parser)


def _publish(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.registries.publishing import publish_path

    done = publish_path(
        options.path,
        options.registry,
        options.tag,
        dry_run=options.dry_run,
        waiting=waiting_told(options),
        signing=_signing(options),
    )
    warn(options, done.warnings)
    return tell(options, _publication(done, dry_run=options.dry_run), _published(done, dry_run=options.dry_run))


def _signing(options: argparse.Namespace) -> Signing | None:
    if not options.sign:
        for flag, given in (("--trust-config", options.trust_config), ("--identity-token", options.identity_from)):
            if given:
                raise RequestError.one(f"`{flag}` says how to sign, and nothing is to be signed", "", "add --sign")
        return None
    from packaging_targets.services.aam.signing.publishing import Signing

    if options.identity_from != "-":
        return Signing(options.trust_config, token_path=options.identity_from)
    found = sys.stdin.read(_LONGEST_TOKEN).strip()
    if not found:
        raise RequestError.one("there is no identity token on the standard input", "--identity-token -")
    return Signing(options.trust_config, found)


def _publication(done: Publication, *, dry_run: bool) -> dict[str, Any]:
    release = done.published.release
    return {
        "ok": True,
        "registry": done.url,
        "name": str(done.published.name),
        "version": str(release.version),
        "published": not dry_run and not done.published.pending,
        "pending": done.published.pending,
        "integrity": release.integrity,
        "size": release.size,
        "tags": list(done.published.tags),
        "signer": None if done.signer is None else {"identity": done.signer.identity, "issuer": done.signer.issuer},
        "warnings": as_json(done.warnings),
    }


def _published(done: Publication, *, dry_run: bool) -> list[str]:
    verb = "would publish" if dry_run else "published"
    release, tags = done.published.release, ", ".join(done.published.tags)
    told = f"{verb} {done.published.name}@{release.version}{f' as {tags}' if tags else ''}"
    signed = [] if done.signer is None else [f"  signed by {done.signer}"]
    if number := done.published.pending:
        told = f"{done.published.name}@{release.version} waits for approval: number {number}"
        return [f"{told} at {done.url}", f"  {release.integrity}", *signed]
    return [f"{told} to {done.url}", f"  {release.integrity}", *signed]


def _add_verify(package: Any) -> None:
    parser = add_verb(package, "verify-signature", "tell who has signed a version, or fail", _verify_signature)
    what = "the version, as @myorg/review@1.2.0, or the path of an archive"
    parser.add_argument("target", metavar="NAME@VERSION|ARCHIVE", help=what)
    beside = "the signature (default: the registry's, or what lies beside the archive as ARCHIVE.sigstore.json)"
    parser.add_argument("--bundle", default="", metavar="FILE", help=beside)
    root = "what to believe: a trusted_root.json of Sigstore (default: the configuration's)"
    parser.add_argument("--trust-root", default="", metavar="FILE", help=root)
    who = "who has to have signed; `*` stands for any characters (default: the policies of the configuration)"
    parser.add_argument("--identity", default="", metavar="WHO", help=who)
    parser.add_argument("--issuer", default="", metavar="URL", help="who vouches for the identity")
    add_option(parser)


def _verify_signature(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.asking.signatures import Asked, verify_signature

    asked = Asked(
        options.target, options.bundle, options.trust_root, options.identity, options.issuer, options.registry
    )
    found = verify_signature(asked)
    signer, statement = found.verified.signer, found.verified.statement
    value = {
        "ok": True,
        "name": str(found.about.name),
        "version": found.about.version,
        "sha256": found.about.digest.hex,
        "signer": {"identity": signer.identity, "issuer": signer.issuer},
        "source": found.where,
        "statement": dict(statement),
    }
    lines = [f"{found.about} is signed by {signer}", f"  {statement['predicateType']} of {found.about.digest.hex}"]
    return tell(options, value, lines)


def _size(size: int) -> str:
    if size < _KILO:
        return f"{size} bytes"
    return f"{size / _KILO:.1f} kB" if size < _MEGA else f"{size / _MEGA:.1f} MB"
