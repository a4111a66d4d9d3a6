"""`asset.json`: what an asset is made of, and what it becomes."""

from __future__ import annotations

import hashlib
import posixpath
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.formats.assets.banks.encoding import FORMATS, Format
from packaging_targets.formats.assets.declared.artifacts import PARAMS, PIPELINE, Declared
from packaging_targets.formats.assets.declared.findings import Findings, choices, parse, shown
from packaging_targets.formats.assets.diagnostics import Diagnostic

FILE = "asset.json"
SCHEMA_VERSION = 1
FILE_LIMIT = 1 << 20
"""The longest declaration, in bytes."""

NAME_FIX = "use up to 100 letters, digits and `_.-`, with a letter, a digit or `_` first"
"""What to do about a name that is none."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
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
class Read:
    """What reading an asset.json came to, if it was in order: for those who read it again when nothing has changed.

    `inputs` are all that it lists, used or not; `diagnostics` is what was worth to know.
    """

    asset: Asset
    inputs: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def _nothing(file: str) -> Read | None:
    del file
    return None


@dataclass(frozen=True, slots=True)
class AssetTree:
    """Files among which assets are looked for, by workspace path, each with where it leads if it is a symbolic link.

    `read` returns the bytes of one; `remedy` is how to mend that a file is not there. `remembered` returns what an
    asset.json came to when it was read before, if it has the same bytes. `closed` are folders that could not be looked
    into, and why: what is in them is not among the files. Where a tree is `lean`, a check leaves the
    parameters of encoders out: of thousands of assets they are tens of megabytes, and few are encoded.
    """

    files: Mapping[str, str | None]
    read: Callable[[str], bytes]
    remedy: str = "add the file"
    remembered: Callable[[str], Read | None] = _nothing
    closed: Mapping[str, str] = field(default_factory=dict)
    lean: bool = False
    _sorted: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def declarations(self) -> tuple[str, ...]:
        """Every asset.json, sorted."""
        return tuple(sorted(path for path in self.files if posixpath.basename(path) == FILE))

    def closed_above(self, path: str) -> str:
        """Return why nobody knows whether there is a file: a folder above it cannot be read. Otherwise nothing."""
        folder = posixpath.dirname(path) if self.closed else ""
        while folder and folder not in self.closed:
            folder = posixpath.dirname(folder)
        return f"`{folder}` cannot be read: {self.closed[folder]}" if folder else ""

    def below(self, folder: str) -> Iterator[str]:
        """Yield the files of a folder, sorted, as it has them."""
        if not self._sorted:  # once for all folders, and only where it is asked for
            self._sorted.extend(sorted(self.files))
        start = f"{folder}/" if folder else ""
        for at in range(bisect_left(self._sorted, start), len(self._sorted)):
            if not self._sorted[at].startswith(start):
                return
            yield self._sorted[at].removeprefix(start)


@dataclass(frozen=True, slots=True)
class Asset:
    """A valid declaration.

    `root` is its folder and `file` its asset.json, as workspace paths, `declared` the SHA-256 of it; `params` are those
    of its encoder, `inputs` the files that it reads, and `artifacts` how many these become. `asset_id` is 0 where no
    registry gives it one.
    """

    root: str
    file: str
    name: str
    uuid: str
    format: str
    metadata: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    preload: bool
    artifacts: int
    declared: str
    inputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    asset_id: int = 0

    @property
    def made(self) -> Format:
        """What its output format asks for."""
        return FORMATS[self.format]

    @property
    def tooling(self) -> dict[str, Any]:
        """Its row in `asset_table_metadata.json`: what tools want to know of it, and runtimes do not."""
        return {
            "asset_id": self.asset_id,
            "asset_name": self.name,
            "asset_uuid": self.uuid,
            "bank_type": self.made.bank_type,
            "declaration": self.file,
            "format": self.format,
            "pipeline": dict(self.pipeline),
            "type": self.made.type,
        }


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID as assets have them: in lower case, with dashes."""
    return _UUID.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Tell whether a text may be the name of an asset."""
    return _NAME.fullmatch(text) is not None and text.casefold() not in _RESERVED


def read_asset(tree: AssetTree, file: str, findings: Findings) -> Read | None:
    """Return what `file` declares, or None where `findings` says why it declares nothing."""
    raw = tree.read(file)
    value = parse(raw, findings, FILE_LIMIT)
    if value is None:
        return None
    top = findings.members(value, "$", _REQUIRED, {"build": dict})
    output = findings.inner(top, "$.output", {"format": str, "codec": str}, _OUTPUT)
    preload = findings.inner(top, "$.preload", {"enabled": bool}, code="preload-invalid")
    _check_identity(top, findings)
    made = _format(top, output, findings)
    metadata = _metadata(output, made, findings)
    inputs = _inputs(tree, top.get("inputs", {}), posixpath.dirname(file), findings)
    pipeline = output.get("pipeline", {})
    declared = Declared(top.get("artifacts", []), inputs, metadata, pipeline)
    params = PARAMS[output["format"]](declared, findings) if made is not None else {}
    if findings.blocking or made is None:
        return None
    files = tuple(sorted(_files(params)))
    for path in sorted(set(inputs.values()) - set(files)):
        findings.add("$.inputs", f"no artifact uses the input `{path}`", "remove it", "input-unused")
    asset = Asset(
        root=posixpath.dirname(file),
        file=file,
        name=top["name"],
        uuid=top["asset_uuid"],
        format=output["format"],
        metadata=metadata,
        pipeline=pipeline,
        preload=preload["enabled"],
        artifacts=len(top["artifacts"]),
        declared=hashlib.sha256(raw).hexdigest(),
        inputs=files,
        params=params,
    )
    return Read(asset, tuple(sorted(inputs.values())), tuple(findings.diagnostics))


def _files(params: Mapping[str, Any]) -> set[str]:
    """Return every file that an encoder is told to read."""
    parts = (part for value in params.values() if isinstance(value, list) for part in value)
    return {part["file"] for part in parts if "file" in part}


def _check_identity(top: Mapping[str, Any], findings: Findings) -> None:
    version = top.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        findings.add("$.schema_version", f"`schema_version` is {version}, and only {SCHEMA_VERSION} is known")
    if not is_uuid(top.get("asset_uuid", "00000000-0000-0000-0000-000000000000")):
        findings.add("$.asset_uuid", f"{shown(top['asset_uuid'])} is no UUID in lower case")
    if not is_name(top.get("name", "_")):
        findings.add(
            "$.name",
            f"{shown(top['name'])} is no asset name",
            NAME_FIX,
        )


def _format(top: Mapping[str, Any], output: Mapping[str, Any], findings: Findings) -> Format | None:
    codec = output.get("codec", "NONE")
    if codec != "NONE":
        what = f"there is no codec {shown(codec)}"
        findings.add("$.output.codec", what, 'write "codec": "NONE"', "output-contract")
    name = output.get("format")
    made = FORMATS.get(name) if name is not None else None
    if name is not None and made is None:
        what = f"there is no format {shown(name)}"
        findings.add("$.output.format", what, choices(name, FORMATS), "output-contract")
    if made is not None and top.get("type", made.type) != made.type:
        fix = f'write "type": "{made.type}"'
        what = f"an asset of type {shown(top['type'])} does not become `{name}`"
        findings.add("$.type", what, fix, "output-contract")
    if name in PIPELINE:
        _check_pipeline(output.get("pipeline", {}), PIPELINE[name], findings)
    return made


def _check_pipeline(pipeline: Mapping[str, Any], known: tuple[str, ...], findings: Findings) -> None:
    """Refuse what is almost the name of a setting; other members are the author's own."""
    for name in pipeline.keys() - set(known):
        if (fix := choices(name, known)).startswith("did you mean"):
            findings.add(f"$.output.pipeline.{name}", f"there is no member `{name}`", fix, "output-contract")


def _metadata(output: Mapping[str, Any], made: Format | None, findings: Findings) -> dict[str, Any]:
    """Return what the author says to the runtime, by the rules of the contract."""
    metadata = dict(output.get("metadata", {}))
    for key in sorted(metadata.keys() & set(made.derived if made is not None else ())):
        what = f"`{key}` is written by the encoder"
        findings.add(f"$.output.metadata.{key}", what, "remove it", "metadata-collision")
    if "codec_configuration" in output:
        if "codec" in metadata:
            what = "`codec` is where `output.codec_configuration` goes"
            findings.add("$.output.metadata.codec", what, "remove one of the two", "metadata-collision")
        metadata["codec"] = output["codec_configuration"]
    return metadata


def _inputs(tree: AssetTree, roles: Mapping[str, Any], root: str, findings: Findings) -> dict[str, str]:
    """Return the workspace path of each input, by how the asset writes it."""
    found: dict[str, str] = {}
    for role, paths in roles.items():
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            findings.add(f"$.inputs.{role}", f"`{role}` must be a list of paths, but is {shown(paths)}")
            continue
        for index, path in enumerate(paths):
            source = f"{root}/{path}" if root else path
            place = f"$.inputs.{role}[{index}]"
            if source not in tree.files and (why := tree.closed_above(source)):
                findings.add(place, why, "make it readable for you", "input-missing")
            elif source not in tree.files:
                fix = findings.near(path, tree.below(root)) or tree.remedy
                findings.add(place, f"there is no file `{path}`", fix, "input-missing")
            elif tree.files[source] is not None:
                findings.add(place, f"`{path}` is a symbolic link", "put the file there", "input-missing")
            found[path] = source
    return found
