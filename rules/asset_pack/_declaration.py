"""`asset.json`: what an asset is made of, and what it becomes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from packaging_targets import Context

from ._findings import Findings, choices, parse, shown
from ._formats import FORMATS, Declared, Format

FILE = "asset.json"
SCHEMA_VERSION = 1

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_COMPARED = 1_000  # files that are looked at for a near miss
_RESERVED = {"assets.pa"}  # the name of the action that assembles
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_REQUIRED = {
    "schema_version": int,
    "asset_uuid": str,
    "name": str,
    "type": str,
    "inputs": dict,
    "output": dict,
    "preload": dict,
    "artifacts": list,
}

_OUTPUT = {"metadata": dict, "pipeline": dict, "codec_configuration": dict}


@dataclass(frozen=True, slots=True)
class Asset:
    """A valid declaration.

    `params` are those of the action that encodes it, and `inputs` are its inputs, as workspace paths.
    """

    file: str
    name: str
    uuid: str
    type: str
    format: str
    metadata: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    preload: bool
    params: Mapping[str, Any]
    inputs: tuple[str, ...]


def read_asset(context: Context, file: str, sources: frozenset[str], findings: Findings) -> Asset | None:
    """Return the asset that `file` declares, or None where `findings` says why not."""
    value = parse(context.read(file), findings)
    if value is None:
        return None
    top = findings.members(value, "$", _REQUIRED, {"build": dict})
    output = findings.inner(top, "$.output", {"format": str, "codec": str}, _OUTPUT)
    preload = findings.inner(top, "$.preload", {"enabled": bool})
    _check_identity(top, findings)
    made = _format(top, output, findings)
    metadata = _metadata(output, made, findings)
    declared = Declared(
        top.get("artifacts", []),
        _inputs(context, top.get("inputs", {}), posixpath.dirname(file), sources, findings),
        metadata,
        output.get("pipeline", {}),
    )
    params = made.params(declared, findings) if made is not None else {}
    if findings.problems or made is None:
        return None
    files = tuple(sorted({part["file"] for part in params[made.parts]}))
    for path in sorted(set(declared.inputs.values()) - set(files)):
        what = f"no artifact uses the input `{path}`"
        context.warn(what, field="$.inputs", fix="remove it", where=file, label=str(context.target.label))
    return Asset(
        file=file,
        name=top["name"],
        uuid=top["asset_uuid"],
        type=top["type"],
        format=output["format"],
        metadata=metadata,
        pipeline=declared.pipeline,
        preload=preload["enabled"],
        params=params,
        inputs=files,
    )


def _check_identity(top: Mapping[str, Any], findings: Findings) -> None:
    version = top.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        findings.add("$.schema_version", f"`schema_version` is {version}, and only {SCHEMA_VERSION} is known")
    if not _UUID.fullmatch(top.get("asset_uuid", "00000000-0000-0000-0000-000000000000")):
        findings.add("$.asset_uuid", f"{shown(top['asset_uuid'])} is no UUID in lower case")
    name = top.get("name", "_")
    if not _NAME.fullmatch(name) or name.casefold() in _RESERVED:
        findings.add(
            "$.name",
            f"{shown(top['name'])} is no asset name",
            "use up to 100 letters, digits and `_.-`, with a letter, a digit or `_` first",
        )


def _format(top: Mapping[str, Any], output: Mapping[str, Any], findings: Findings) -> Format | None:
    codec = output.get("codec", "NONE")
    if codec != "NONE":
        findings.add("$.output.codec", f"there is no codec {shown(codec)}", 'write "codec": "NONE"')
    name = output.get("format")
    made = FORMATS.get(name) if name is not None else None
    if name is not None and made is None:
        findings.add("$.output.format", f"there is no format {shown(name)}", choices(name, FORMATS))
    if made is not None and top.get("type", made.type) != made.type:
        fix = f'write "type": "{made.type}"'
        findings.add("$.type", f"an asset of type {shown(top['type'])} does not become `{name}`", fix)
    return made


def _metadata(output: Mapping[str, Any], made: Format | None, findings: Findings) -> dict[str, Any]:
    """Return what the author says to the runtime, by the rules of the contract."""
    metadata = dict(output.get("metadata", {}))
    for key in sorted(metadata.keys() & set(made.derived if made is not None else ())):
        findings.add(f"$.output.metadata.{key}", f"`{key}` is written by the encoder", "remove it")
    if "codec_configuration" in output:
        if "codec" in metadata:
            findings.add(
                "$.output.metadata.codec",
                "`codec` is where `output.codec_configuration` goes",
                "remove one of the two",
            )
        metadata["codec"] = output["codec_configuration"]
    return metadata


def _inputs(
    context: Context, roles: Mapping[str, Any], root: str, sources: frozenset[str], findings: Findings
) -> dict[str, str]:
    """Return the workspace path of each input, by how the asset writes it."""
    found: dict[str, str] = {}
    for role, paths in roles.items():
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            findings.add(f"$.inputs.{role}", f"`{role}` must be a list of paths, but is {shown(paths)}")
            continue
        for index, path in enumerate(paths):
            source = f"{root}/{path}" if root else path
            if source not in sources:
                fix = _near_file(path, root, sources)
                findings.add(f"$.inputs.{role}[{index}]", f"there is no source `{path}`", fix)
            elif context.link(source) is not None:
                findings.add(f"$.inputs.{role}[{index}]", f"`{path}` is a symbolic link", "put the file there")
            found[path] = source
    return found


def _near_file(path: str, root: str, sources: frozenset[str]) -> str:
    start = f"{root}/" if root else ""
    below = sorted(known.removeprefix(start) for known in sources if known.startswith(start))
    close = get_close_matches(path, below[:_COMPARED], n=1)
    return f"did you mean `{close[0]}`?" if close else "add the file, or a glob for it to srcs"
