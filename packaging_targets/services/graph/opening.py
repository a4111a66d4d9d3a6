"""The target graph of the workspace that the current folder lies in, as its files say now."""

from __future__ import annotations

import os

from packaging_targets.build.planning.targets import stored_target
from packaging_targets.build.session import Session, planned
from packaging_targets.store.records import loads
from packaging_targets.workspace.graph import Node, TargetGraph


def open_graph() -> tuple[TargetGraph, str]:
    """Return the graph of all targets, and the package that the current folder lies in, for labels such as `:name`.

    Raises RequestError with every problem of the target files.
    """
    with planned(os.getcwd()) as session:
        return graph_of(session), session.package


def graph_of(session: Session) -> TargetGraph:
    """Return the graph of a planned session's targets."""
    nodes = {}
    for label, rule, line, fields, deps in session.records.rows("select label, rule, line, fields, deps from target"):
        row = {"label": label, "rule": rule, "line": line, "fields": loads(fields)[0], "deps": loads(deps)}
        target = stored_target(row)
        nodes[target.label] = Node(target.label, rule, target.fields, target.deps, target.where)
    return TargetGraph(nodes)
