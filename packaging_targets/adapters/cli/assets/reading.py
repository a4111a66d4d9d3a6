"""The verbs that change no asset: `list`, `show`, `summary`, `preview`, `doctor`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from packaging_targets.adapters.cli.assets.telling import diagnose, project_of
from packaging_targets.adapters.cli.progress import Progress
from packaging_targets.adapters.output import counted, table, tell
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from packaging_targets.services.assets.reading.doctor import Diagnosis
    from packaging_targets.services.assets.reading.listing import ListedAsset


def listing(options: Namespace) -> int:
    """List the assets."""
    from packaging_targets.services.assets.reading.listing import list_assets
    from packaging_targets.services.assets.transaction import interrupted

    project = project_of(options)
    assets = list_assets(project)
    diagnose(interrupted(project))
    return tell(options, [asset.to_json() for asset in assets], _listed(assets) or ["there are no assets"])


def _listed(assets: Sequence[ListedAsset]) -> list[str]:
    if not assets:
        return []
    rows: list[tuple[object, ...]] = [("id", "name", "type", "parts", "built", "state", "folder")]
    for asset in assets:
        built = "yes" if asset.included else "no"
        name, number = asset.name or "?", asset.asset_id or "-"
        rows.append((number, name, asset.type or "?", asset.artifacts, built, asset.state, asset.root))
    return table(rows, right=(0, 3))


def quarantined(options: Namespace) -> int:
    """List what is in quarantine."""
    from packaging_targets.services.assets.reading.listing import list_assets
    from packaging_targets.services.assets.transaction import interrupted

    project = project_of(options)
    assets = [asset for asset in list_assets(project) if asset.state == "quarantined"]
    diagnose(interrupted(project))
    lines = table(
        [("id", "name", "was in"), *((one.asset_id, one.name or "?", one.home) for one in assets)], right=(0,)
    )
    return tell(options, [one.to_json() for one in assets], lines if assets else ["nothing is in quarantine"])


def show(options: Namespace) -> int:
    """Tell all of an asset, or what a pack holds."""
    from packaging_targets.adapters.cli.assets import showing

    if options.pack is not None:
        return showing.pack(options)
    if options.verify:
        raise RequestError.one("`--verify` is for packs", "packaging assets show", "name one with --pack FILE")
    if not options.asset:
        raise RequestError.one(
            "no asset is named", "packaging assets show", "packaging assets list tells which there are"
        )
    return showing.asset(options)


def summary(options: Namespace) -> int:
    """Tell the project at a glance."""
    from packaging_targets.services.assets.reading.summary import summary as summary_of
    from packaging_targets.services.assets.transaction import interrupted

    project = project_of(options)
    found = summary_of(project)
    diagnose(interrupted(project))
    states = ", ".join(f"{count} {state}" for state, count in found.states.items() if count)
    lines = [
        f"assets       {states or 'none'}",
        f"built        {found.included}",
        f"diagnostics  {found.blocking} blocking, {found.advisory} advisory",
    ]
    if found.assets:
        rows: list[tuple[object, ...]] = [("id", "name", "type", "parts", "changed last")]
        rows += (
            (one.asset_id, one.asset_name or "?", one.asset_family or "?", one.artifacts, _date(one.last_modified))
            for one in found.assets
        )
        lines += ["", *table(rows, right=(0, 3))]
    return tell(options, found.to_json(), lines)


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if seconds else "-"


def preview(options: Namespace) -> int:
    """Draw an asset's bank."""
    from packaging_targets.services.assets.reading.pictures import preview as draw
    from packaging_targets.services.assets.transaction import interrupted

    project = project_of(options)
    drawn = draw(project, options.asset, options.output, options.palette)
    diagnose(interrupted(project))
    return tell(options, drawn.to_json(), [f"wrote {drawn.path}"])


def doctor(options: Namespace) -> int:
    """Find all that is wrong; mend first what is safe to mend, where that is asked for."""
    from packaging_targets.services.assets.reading.doctor import doctor as diagnose_all
    from packaging_targets.services.assets.registering.repairing import repair

    project = project_of(options)
    repaired = repair(project) if options.fix else None
    progress = Progress()
    try:
        diagnosis = diagnose_all(
            project, workspace=options.workspace, listener=lambda event: progress.show(event.summary)
        )
    finally:
        progress.end()
    if options.format == "text":
        diagnose(diagnosis.diagnostics)
    mended = (
        [*(f"mended: {line}" for line in repaired.done), *(f"left: {line}" for line in repaired.left)]
        if repaired
        else []
    )
    value = diagnosis.to_json()
    if repaired:
        value["repaired"] = repaired.to_json()
    tell(options, value, [*mended, _verdict(diagnosis)])
    return 1 if not diagnosis.is_sound or (options.strict and diagnosis.diagnostics) else 0


def _verdict(diagnosis: Diagnosis) -> str:
    blocking = sum(one.is_blocking for one in diagnosis.diagnostics)
    advisory = counted(len(diagnosis.diagnostics) - blocking, "warning")
    if blocking:
        return f"{counted(blocking, 'error')}, {advisory}: a build would fail"
    return f"ok: {counted(diagnosis.assets, 'asset')}{f', {advisory}' if diagnosis.diagnostics else ''}"
