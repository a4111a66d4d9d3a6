"""The action key: one value that holds everything an action's bytes depend on, hashed whole.

A new member of an action counts by default. What does not count is named: its `name` and `title`, which only tell it
from others, and the parameters that its kind calls `uncounted`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from packaging_targets.build.kinds import kind_of
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.model.action import Action


_UNCOUNTED = frozenset({"name", "title"})


def snapshot(
    action: Action, inputs: Mapping[str, str], rule: tuple[str, str], programs: Mapping[str, str]
) -> dict[str, Any]:
    """Return all that an action depends on, as a JSON value: it is hashed for the key and kept to explain rebuilds.

    `inputs` gives each input's state, `rule` is the rule's name and digest, and `programs` gives the state of each
    program that the action calls, by the name it is called by.
    """
    kind = kind_of(action.kind)
    counted = {name: value for name, value in action.to_json().items() if name not in _UNCOUNTED}
    return {
        **counted,
        "params": {name: value for name, value in action.params.items() if name not in kind.uncounted},
        "inputs": dict(inputs),
        "rule": list(rule),
        "tools": {**tool_versions(action.kind), **programs},
    }


def tool_versions(kind: str) -> dict[str, str]:
    """Return the version of each distribution that decides the bytes which a kind makes."""
    return {tool: _version(tool) for tool in kind_of(kind).tools}


def key_of(shot: Mapping[str, Any]) -> str:
    """Return the action key of a snapshot: 64 hexadecimal digits."""
    return Digest.of(json.dumps(shot, sort_keys=True, separators=(",", ":")).encode()).hex


@cache
def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
