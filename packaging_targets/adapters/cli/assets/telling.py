"""How what the services of assets say looks to people: tables, diagnostics with their codes, events."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.output import show_any_name, tell
from packaging_targets.errors import RequestError, legible, plain
from packaging_targets.formats.assets.diagnostics import AssetsError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable

    from packaging_targets.formats.assets.diagnostics import Diagnostic
    from packaging_targets.services.assets.events import Event
    from packaging_targets.services.assets.project import Project

_LISTED = 5  # diagnostics of one code in one file that people read


def project_of(options: Namespace) -> Project:
    """Return the project that a command line is about. Raises RequestError where there is none."""
    from packaging_targets.services.assets.project import Project

    if not os.path.isdir(options.project):
        raise RequestError.one(f"there is no folder `{options.project}`", "--project")
    return Project.find(options.project)


def project_to_change(options: Namespace) -> Project:
    """Return the project for a verb that changes it; what was interrupted is settled, which is said, if it was."""
    from packaging_targets.services.assets.transaction import settle

    project = project_of(options)
    if settled := settle(project):
        sys.stderr.write(f"note: {settled}\n\n")
    return project


def run(options: Namespace) -> int:
    """Run the chosen verb; return its exit code."""
    show_any_name()
    act: Callable[[Namespace], int] = options.act
    try:
        code = act(options)
    except AssetsError as error:
        code = failed(options, error)
    sys.stdout.flush()  # whoever reads may be gone, and that is noticed here or not at all
    return code


def failed(options: Namespace, error: AssetsError) -> int:
    """Tell what stopped a verb; return the exit code."""
    if options.format == "json":
        tell(options, {"ok": False, "diagnostics": [one.to_json() for one in error.diagnostics]}, [])
    else:
        diagnose(error.diagnostics)
    return error.exit_code


def diagnose(diagnostics: Iterable[Diagnostic], *, advisory: bool = True) -> None:
    """Write diagnostics to standard error, each with its code: what is advisory first, what stops a build last.

    Of many in one file with one code, the first few are told, and how many more there are.
    """
    groups: dict[tuple[bool, str, str], list[Diagnostic]] = {}
    for one in diagnostics:
        if one.is_blocking or advisory:
            groups.setdefault((one.is_blocking, one.file, one.code), []).append(one)
    for (is_blocking, file, code), group in sorted(groups.items(), key=itemgetter(0)):
        severity = f"{'error' if is_blocking else 'warning'}[{code}]"
        listed = _LISTED if len(group) > _LISTED + 1 else len(group)
        for one in sorted(group, key=_place)[:listed]:
            told = replace(one.problem(), what=plain(one.what), fix=plain(one.fix)).told(severity)
            sys.stderr.write(f"{told}\n\n")
        if len(group) > listed:
            sys.stderr.write(f"{severity}: and {len(group) - listed:,} more in `{plain(legible(file))}`\n\n")


def _place(one: Diagnostic) -> tuple[list[str | int], str]:
    """Sort by place, numbers as numbers."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", one.place)], one.what


def event_line(event: Event) -> str:
    """Return an event as a line of JSON."""
    value: dict[str, Any] = {
        "affected_assets": list(event.affected_assets),
        "event": event.kind,
        "operation": event.operation,
        "progress": list(event.progress) if event.progress else None,
        "project": event.project,
        "sequence": event.sequence,
        "summary": event.summary,
        "timestamp": round(event.timestamp, 3),
    }
    return json.dumps(value, ensure_ascii=False) + "\n"
