"""Where an asset may be: apart from all others."""

from __future__ import annotations

from collections.abc import Iterable

from packaging_targets.errors import Problem, RequestError, legible, raise_all
from packaging_targets.services.assets.project import ASSETS
from packaging_targets.services.assets.reading.listing import Catalogue


def check_names(paths: Iterable[str]) -> None:
    """Refuse paths that JSON cannot hold."""
    names = [legible(path) for path in paths if legible(path) != path]
    raise_all(Problem(name, f"the name of `{name}` is not UTF-8", "rename it") for name in names)


def check_apart(catalogue: Catalogue, root: str) -> None:
    """Refuse a folder that lies in a registered asset, or holds one: whose their files are nobody could tell."""
    check_names([root])
    shown = legible(root)
    problems: list[Problem] = []
    if root == ASSETS:
        fix = f"put its files into a folder of their own, such as `{ASSETS}/hero`"
        raise RequestError.one(f"`{ASSETS}` itself cannot be an asset", shown, fix)
    for asset in catalogue.assets:
        other = legible(asset.root)
        if asset.state in {"unregistered", "quarantined"}:
            continue
        if root in {asset.home, asset.root}:
            what = f"`{shown}` is the folder of the asset {asset.asset_id} already"
            problems.append(Problem(shown, what, f"packaging assets forget {asset.asset_id}"))
        elif root.startswith(f"{asset.root}/"):
            problems.append(Problem(shown, f"`{shown}` lies inside the asset `{other}`", "move it out"))
        elif asset.root.startswith(f"{root}/"):
            problems.append(Problem(shown, f"the asset `{other}` lies inside `{shown}`", "move it out"))
    raise_all(problems)
