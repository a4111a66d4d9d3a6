"""`adopt`: an asset.json that lies there becomes a registered asset."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from typing import Any

from packaging_targets.errors import RequestError, legible, near_miss
from packaging_targets.formats.assets.declared.declaration import FILE, FILE_LIMIT, is_uuid
from packaging_targets.formats.assets.declared.findings import Findings, parse, shown
from packaging_targets.formats.assets.declared.registry import INDEX
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.services.assets.reading.finding import folders_named
from packaging_targets.services.assets.reading.listing import Catalogue
from packaging_targets.services.assets.registering.places import check_apart
from packaging_targets.services.assets.registering.results import Changed, registered
from packaging_targets.services.assets.transaction import below_assets, changing, journal_of

_MEMBER = re.compile(r'("asset_uuid"\s*:\s*)"[^"]*"')


def adopt(project: Project, path: str, *, new_uuid: bool = False, listener: Listener = ignore) -> Changed:
    """Register the asset.json at `path`, or in the folder `path`, under a new id.

    It keeps its UUID, gets one where it has none, and another one with `new_uuid`; only that line of it is written.
    What else may be wrong with it is in the result, and stops builds only. Raises RequestError for a UUID that another
    asset has, for what is registered already, and for what lies in another asset.
    """
    with changing(project, listener) as operation:
        catalogue = Catalogue.of(project.listing())
        root = _root(project, catalogue, path)
        file = f"{root}/{FILE}"
        before = catalogue.listing.read(file)
        declaration = _declaration(before, file)
        identity, after = _identified(declaration, before.decode(), file, new=new_uuid)
        check_apart(catalogue, root)
        _check_free(catalogue, identity, root)
        registry = catalogue.registry.registered(identity, below_assets(root))
        journal = journal_of(project).write(INDEX, registry.to_bytes())
        if after != before:
            journal.write(below_assets(file), after)
        journal.commit()
        written = [f"{ASSETS}/{INDEX}", *([file] if after != before else [])]
        return registered("adopt", project, registry, written, operation)


def _root(project: Project, catalogue: Catalogue, path: str) -> str:
    """Return the folder of an unregistered asset.json."""
    named = list(folders_named(project, path))
    known = {asset.root: asset for asset in catalogue.assets}
    for root in named:
        if (asset := known.get(root)) is None:
            continue
        if asset.state == "unregistered":
            return root
        if asset.state == "moved":
            what = f"`{legible(root)}` is the asset {asset.asset_id}, which was in `{legible(asset.home)}`"
            raise RequestError.one(what, legible(root), "packaging assets doctor --fix")
        what = f"`{legible(root)}` is registered already, as the asset {asset.asset_id}"
        raise RequestError.one(what, legible(root))
    lone = [asset.root for asset in catalogue.assets if asset.state == "unregistered"]
    fix = near_miss(named[0], lone) if named else ""
    raise RequestError.one(
        f"there is no unregistered `{FILE}` in `{legible(path)}`", "", fix or "packaging assets list"
    )


def _declaration(raw: bytes, file: str) -> dict[str, Any]:
    findings = Findings(file, "declaration-invalid", os.path.dirname(file))
    value = parse(raw, findings, FILE_LIMIT)
    if not isinstance(value, dict) and not findings.diagnostics:
        findings.add("$", f"{shown(value)} is no object")
    if findings.diagnostics:
        raise AssetsError(*findings.diagnostics)
    return dict(value)


def _identified(declaration: dict[str, Any], text: str, file: str, *, new: bool) -> tuple[str, bytes]:
    """Return the UUID that the asset is to have, and its asset.json with that."""
    known = declaration.get("asset_uuid")
    if known is not None and not new:
        if not isinstance(known, str) or not is_uuid(known):
            what = f"`asset_uuid` of `{legible(file)}` is no UUID in lower case"
            raise RequestError.one(
                what, legible(file), "correct it, or let it have a new one: --new-uuid", field="$.asset_uuid"
            )
        return known, text.encode()
    fresh = str(uuid.uuid4())
    wanted = {**declaration, "asset_uuid": fresh}
    for edited in _edits(text, fresh, has_one="asset_uuid" in declaration):
        if json.loads(edited) == wanted:
            return fresh, edited.encode()
    what = f"no UUID can be put into `{legible(file)}` without writing it anew"
    raise RequestError.one(what, legible(file), f'write "asset_uuid": "{fresh}" into it')


def _edits(text: str, fresh: str, *, has_one: bool) -> Iterator[str]:
    """Yield the texts that may be it: each differs in one line, and not all of them mean what they should."""
    if has_one:
        for found in _MEMBER.finditer(text):
            yield f'{text[: found.start()]}{found[1]}"{fresh}"{text[found.end() :]}'
        return
    brace = text.find("{") + 1
    indent = re.match(r"\r?\n[ \t]*(?=\")", text[brace:])
    lead = indent[0] if indent else ""
    rest = text[brace:]
    comma = "" if rest.lstrip().startswith("}") else ","
    yield f'{text[:brace]}{lead}"asset_uuid": "{fresh}"{comma}{rest if lead or not comma else f" {rest.lstrip()}"}'


def _check_free(catalogue: Catalogue, identity: str, root: str) -> None:
    """Refuse a UUID that another asset has: one of the two is a copy."""
    for asset in catalogue.assets:
        if asset.uuid == identity and asset.root != root and asset.asset_id:
            what = f"`{legible(root)}` has the UUID of the asset {asset.asset_id} in `{legible(asset.root)}`"
            fix = "if it is a copy, let it have a UUID of its own: --new-uuid"
            raise RequestError.one(what, legible(root), fix)
