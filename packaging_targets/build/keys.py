"""The action key: one value that holds everything an action's bytes depend on, hashed whole.

A new member counts by default. What does not count is left out where it is declared: an action's `title`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from packaging_targets.build.kinds import KINDS
from packaging_targets.errors import RequestError, near_miss
from packaging_targets.model.action import Action
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.build.kinds import Kind


def kind_of(name: str) -> Kind:
    """Return an action kind; raises RequestError for one that does not exist."""
    if name not in KINDS:
        listing = f"(kinds: {', '.join(sorted(KINDS))})"
        hint = near_miss(name, KINDS)
        raise RequestError.one(f"there is no action kind `{name}`", "", f"{hint}  {listing}" if hint else listing)
    return KINDS[name]


def snapshot(
    body: Mapping[str, Any], inputs: Mapping[str, str], rule: tuple[str, str], programs: Mapping[str, str]
) -> dict[str, Any]:
    """Return all that an action depends on, as a JSON value: it is hashed for the key and kept to explain rebuilds.

    `body` is the action's JSON form, `inputs` gives each input's state, `rule` is its rule's name and digest, and
    `programs` gives the state of each program that it calls, by the name it is called by.
    """
    kind = kind_of(body["kind"])
    return {
        "kind": body["kind"],
        "params": {name: value for name, value in body["params"].items() if name not in kind.uncounted},
        "outputs": body["outputs"],
        "inputs": dict(inputs),
        "rule": list(rule),
        "tools": {**{tool: _version(tool) for tool in kind.tools}, **programs},
    }


def key_of(shot: Mapping[str, Any]) -> str:
    """Return the action key of a snapshot: 64 hexadecimal digits."""
    return Digest.of(json.dumps(shot, sort_keys=True, separators=(",", ":")).encode()).hex


def programs_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of the programs that an action calls, by the names it calls them by."""
    kind = kind_of(body["kind"])
    return kind.program_paths(Action.from_json(body)) if kind.programs else {}


@cache
def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
