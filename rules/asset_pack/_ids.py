"""The id of each asset where no registry gives it one: the field `ids` of the target."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from packaging_targets import Context, Problem, RequestError


def ids_of_target(context: Context, names: Mapping[str, str]) -> dict[str, int]:
    """Return the id of each asset in `names` (name to file), from the target's `ids`."""
    ids: Mapping[str, int] = context.target.fields.get("ids", {})
    by_id: dict[int, str] = {}
    for name, asset_id in ids.items():
        if by_id.setdefault(asset_id, name) != name:
            context.fail(
                f"`{by_id[asset_id]}` and `{name}` have one id, {asset_id}",
                field="$.ids",
                fix=f"give `{name}` the next one: {max(by_id) + 1}",
            )
    free = max(by_id, default=0)
    unused = sorted(ids.keys() - names.keys())
    problems = []
    for name in sorted(names.keys() - ids.keys()):
        free += 1
        close = get_close_matches(name, unused, n=1)
        fix = f"did you mean `{close[0]}`?" if close else f'add to ids: "{name}" = {free}'
        problems.append(Problem(names[name], f"the asset `{name}` has no id", fix))
    if problems:
        raise RequestError(*problems)
    return {name: ids[name] for name in names}
