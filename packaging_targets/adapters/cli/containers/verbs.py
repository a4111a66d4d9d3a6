"""What the containers' verbs do: each calls one service, and tells what came of it."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def init(options: argparse.Namespace) -> int:
    """Write what is missing."""
    from packaging_targets.services.containers.catalogue import root_of
    from packaging_targets.services.containers.initialise import initialise

    done = initialise(root_of(options.repo_root), dry_run=options.dry_run)
    wrote = "would write" if options.dry_run else "wrote"
    lines = [f"{wrote} {path}" for path in done.wrote]
    lines += [f"left  {path}" for path in done.left]
    tell(options, {**dataclasses.asdict(done), "dryRun": options.dry_run}, [*lines, *done.lacks])
    return 0


def listing(options: argparse.Namespace) -> int:
    """List the containers."""
    from packaging_targets.services.containers.catalogue import open_catalogue, root_of

    entries = open_catalogue(root_of(options.repo_root)).entries
    lines = [f"Packaging Targets ({len(entries)}):"]
    lines += [f"  [{entry.type or '?'}] {entry.id} -> {entry.text('module') or '-'}" for entry in entries]
    own = [
        {
            "id": entry.id,
            "type": entry.type,
            "dockerfile": entry.dockerfile,
            "context": entry.context,
            "image": entry.image,
            **entry.values,
        }
        for entry in entries
    ]
    tell(options, {"version": 1, "targets": own}, lines)
    return 0


def status(options: argparse.Namespace) -> int:
    """Tell how far the repository is."""
    from packaging_targets.services.containers.catalogue import root_of
    from packaging_targets.services.containers.catalogue import status as status_of

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
    tell(options, {**value, "declared": found.declared, "indexOnly": found.index_only}, lines)
    return 0


def tell(options: argparse.Namespace, value: Any, lines: list[str]) -> None:
    """Print a result: as JSON, or as lines for people."""
    if options.format == "json":
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
