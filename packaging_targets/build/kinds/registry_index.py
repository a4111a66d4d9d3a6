"""`registry_index/1`: the index of container targets, merged into what stands. Params: `entries`.

The result depends on what a person wrote into the index, so that it is never restored from a cache; an index
that cannot be read is never replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.formats.container.registry_index import is_declared_alone, merge, parse

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def check(action: Action, step: Step) -> None:
    """Refuse to replace what is no index."""
    previous = step.previous(action.outputs[0])
    if previous is not None:
        parse(previous, action.outputs[0])


def run(action: Action, step: Step) -> None:
    """Write the index."""
    path = action.outputs[0]
    with step.create(path) as out:
        out.write(merge(step.previous(path), action.params["entries"], path))


def is_disposable(data: bytes) -> bool:
    """Tell whether the index holds nothing but what targets declared."""
    return is_declared_alone(data)
