"""What the containers' verbs do: each calls one service, and tells what came of it."""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.output import complain, counted, tell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from packaging_targets.services.containers.declaring.declarations import Prepared


def init(options: argparse.Namespace) -> int:
    """Write what is missing."""
    from packaging_targets.services.containers.initialise import initialise
    from packaging_targets.services.containers.places import root_of

    done = initialise(root_of(options.repo_root), dry_run=options.dry_run)
    wrote = "would write" if options.dry_run else "wrote"
    lines = [f"{wrote} {path}" for path in done.wrote]
    lines += [f"{'would add' if options.dry_run else 'added'} {header} to TARGETS.toml" for header in done.added]
    lines += [f"left  {path}" for path in done.left]
    return tell(options, _fields(options, done), [*lines, *(line for lack in done.lacks for line in lack.split("\n"))])


def listing(options: argparse.Namespace) -> int:
    """List the containers."""
    from packaging_targets.services.containers.catalogue import open_catalogue
    from packaging_targets.services.containers.places import root_of

    found = open_catalogue(root_of(options.repo_root))
    lines = [f"Packaging Targets ({len(found.entries)}):"]
    lines += [f"  [{entry.type or '?'}] {entry.id} -> {entry.text('module') or '-'}" for entry in found.entries]
    return tell(options, {"version": 1, **found.further, "targets": [one.to_json() for one in found.entries]}, lines)


def status(options: argparse.Namespace) -> int:
    """Tell how far the repository is."""
    from packaging_targets.services.containers.catalogue import status as status_of
    from packaging_targets.services.containers.places import root_of

    found = status_of(root_of(options.repo_root))
    types = ", ".join(f"{count} {name or '?'}" for name, count in found.by_type.items())
    lines = [
        f"root: {found.root}",
        f"initialized: {'yes' if found.initialised else 'no: ctl-packaging init'}",
        f"workspace: {'yes' if found.workspace else 'no'}",
        f"targets: {found.targets}{f' ({types})' if types else ''}",
    ]
    if found.index_only:
        lines.append(f"only in the index: {found.index_only}: ctl-packaging adopt writes their target files")
    value = {"root": found.root, "initialized": found.initialised, "workspace": found.workspace}
    value |= {"targets": found.targets, "types": dict(found.by_type)}
    return tell(options, {**value, "declared": found.declared, "indexOnly": found.index_only}, lines)


def verify(options: argparse.Namespace) -> int:
    """Find all that is wrong."""
    from packaging_targets.services.containers.places import root_of
    from packaging_targets.services.containers.verification import verify as verify_all

    count, problems = verify_all(root_of(options.repo_root))
    if options.format == "text":
        complain(problems)
    found = counted(len(problems), "problem") if problems else f"ok: {counted(count, 'target')}"
    told = [{"where": one.place, "what": one.what, "fix": one.fix} for one in problems]
    tell(options, {"ok": not problems, "targets": count, "problems": told}, [found])
    return 1 if problems else 0


def add(options: argparse.Namespace) -> int:
    """Declare a container, render its Dockerfile and bring the index in step."""
    from packaging_targets.services.containers.declaring.adding import Addition, prepare_adding
    from packaging_targets.services.containers.places import root_of

    root = root_of(options.repo_root)
    given = (options.module, options.template, options.context, options.image, options.dockerfile)
    added, prepared = prepare_adding(root, Addition(options.id, options.kind, *given))
    code = _carry_out(options, root, prepared)
    would = "would " if options.dry_run else ""
    lines = [f"{would}declare {added.label} in {added.target_file}", f"Dockerfile: {added.dockerfile}"]
    if added.made:
        lines.insert(0, f"{would}make the folder {added.made}")
    if added.assumed:
        lines.append(f'assumed: template = "{added.assumed}", since no file of the module tells')
    return code or tell(options, _fields(options, added), lines)


def remove(options: argparse.Namespace) -> int:
    """Take a container's entry away, and what was rendered for it."""
    from packaging_targets.services.containers.declaring.removing import prepare_removing
    from packaging_targets.services.containers.places import root_of

    root = root_of(options.repo_root)
    removed, prepared = prepare_removing(root, options.id)
    code = _carry_out(options, root, prepared)
    lines = [f"{'would remove' if options.dry_run else 'removed'} {removed.id} from {removed.source}"]
    if removed.kept:
        lines.append(f"kept {removed.kept}, which nobody declares now")
    return code or tell(options, _fields(options, removed), lines)


def adopt(options: argparse.Namespace) -> int:
    """Write target files for what only the index knows."""
    from packaging_targets.services.containers.declaring.adopting import prepare_adopting
    from packaging_targets.services.containers.places import root_of

    root = root_of(options.repo_root)
    adopted, prepared = prepare_adopting(root)
    code = _carry_out(options, root, prepared)
    did = "would adopt" if options.dry_run else "adopted"
    lines = [f"{did} {name}: {label}" for name, label in adopted.labels.items()] or ["nothing to adopt"]
    return code or tell(options, _fields(options, adopted), lines)


def build(options: argparse.Namespace) -> int:
    """Build images."""
    from packaging_targets.adapters import images

    return images.build(options, build_targets)


def _carry_out(options: argparse.Namespace, root: str, prepared: Prepared) -> int:
    """Write what was prepared and build what follows from it, or leave everything as it was; return the exit code."""
    code = 0 if options.dry_run else prepared.carry_out(partial(build_targets, root))
    if code:
        sys.stderr.write("nothing was changed\n")
    return code


def _fields(options: argparse.Namespace, result: Any) -> dict[str, Any]:
    """Return the fields of a result as JSON calls them: `target_file` is `targetFile`."""
    words = {field.name: field.name.split("_") for field in dataclasses.fields(result)}
    names = {name: first + "".join(map(str.capitalize, more)) for name, (first, *more) in words.items()}
    return {names[name]: value for name, value in dataclasses.asdict(result).items()} | {"dryRun": options.dry_run}


def build_targets(root: str, labels: Sequence[str]) -> int:
    """Build targets as `packaging build` does, and tell of it on standard error; return the exit code."""
    if not labels:
        return 0
    from packaging_targets.adapters.doit.build import build_beside

    return build_beside(root, labels)
