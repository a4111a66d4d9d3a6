"""`write/1`: text that analysis has already made. Params: `text`, `executable`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Write `params["text"]` to the one output."""
    with step.create(action.outputs[0], executable=action.params["executable"]) as out:
        out.write(action.params["text"].encode("utf-8", "surrogateescape"))
