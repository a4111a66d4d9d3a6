"""The target graph of the workspace that the current folder lies in, as its files say now."""

from __future__ import annotations

import os

from packaging_targets.build.session import Session, planned
from packaging_targets.workspace.graph import TargetGraph


def open_graph() -> tuple[TargetGraph, str]:
    """Return the graph of all targets, and the package that the current folder lies in, for labels such as `:name`.

    Raises RequestError with every problem of the target files.
    """
    with planned(os.getcwd()) as session:
        return graph_of(session), session.package


def graph_of(session: Session) -> TargetGraph:
    """Return the graph of a planned session's targets."""
    return TargetGraph({target.label: target for target in session.records.targets.every()})
