"""`packaging_registry`: the index of all container targets of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context

OVER = ("service", "job", "app")


def analyse(context: Context) -> Sequence[Action]:
    """Write what every container target provides into the index."""
    entries: dict[str, dict[str, Any]] = {}
    for label in sorted(context.deps()):
        container = context.provided_by(label).get("container")
        if container is None:
            continue
        known = entries.setdefault(container["id"], {**container, "declaredBy": str(label)})
        if known["declaredBy"] != str(label):
            context.fail(
                f"`{known['declaredBy']}` and `{label}` both have the id `{container['id']}`",
                fix=f'give one of them an id of its own: id = "{container["id"]}-{container["type"]}"',
            )
    output = context.workspace_output(context.target.fields["out"])
    params = {"entries": [entries[name] for name in sorted(entries)]}
    return (Action("registry_index/1", params, (), (output,), title=f"{output}: {len(entries)} targets"),)
