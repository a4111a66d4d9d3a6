"""What the last build left, so that the next one encodes only what has changed: `build/.packer/record.json`.

Its first line is the SHA-256 of the rest: what was edited or torn is not believed.

The last good `assets.pa` is the cache of banks: a bank whose key is the same is copied out of it. It is believed while
its signature is the one that the build saw when it had put the file there; else everything is encoded again, to the
same bytes. Banks that a failed build has encoded wait in `build/.packer/banks` for the next one, which checks them.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.formats.assets.banks.encoding import Encoded
from packaging_targets.formats.assets.declared.declaration import Asset, Read
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.model.digest import Digest
from packaging_targets.services.assets.project import BUILD, Listing, Project
from packaging_targets.store.stat_index import fingerprint
from packaging_targets.store.sweep import GONE, signature_of

if TYPE_CHECKING:
    from packaging_targets.store.sweep import Signature

FOLDER = f"{BUILD}/.packer"
BANKS = f"{FOLDER}/banks"
PACK = f"{BUILD}/assets.pa"
OUTPUTS = (PACK, f"{BUILD}/asset_table.json", f"{BUILD}/preload.json", f"{BUILD}/asset_table_metadata.json")

_FILE = f"{FOLDER}/record.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A bank that is in the last pack: where it starts, and what its encoder said of it."""

    offset: int
    encoded: Encoded


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered.

    `read` has the signature of each asset.json that was in order, and what it came to; `digests` signature and state of
    each input: both of files that were old enough to be known by their signatures. `outputs` has the signatures of what
    was made, and `banks` the banks in the pack by their key. `made_of` is the digest of all that the outputs were made
    of.
    """

    read: dict[str, tuple[Signature, Read]] = field(default_factory=dict)
    digests: dict[str, tuple[Signature, str]] = field(default_factory=dict)
    outputs: dict[str, Signature] = field(default_factory=dict)
    banks: dict[str, Kept] = field(default_factory=dict)
    made_of: str = ""

    @classmethod
    def load(cls, project: Project) -> Record:
        """Return what the last build left, or an empty record: also where another version of ours wrote it."""
        try:
            with open(project.path(_FILE), "rb") as file:
                digest, text = file.readline().strip().decode(), file.read()
            if Digest.of(text).hex != digest:
                return cls()
            value = json.loads(text)
            if value["made_by"] != fingerprint(__version__):
                return cls()
            return cls(
                {path: (_signature(row), _read(read)) for path, (row, read) in value["read"].items()},
                {path: (_signature(row), state) for path, (row, state) in value["digests"].items()},
                {path: _signature(row) for path, row in value["outputs"].items()},
                {key: Kept(offset, Encoded.from_json(row)) for key, (offset, row) in value["banks"].items()},
                str(value["made_of"]),
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return cls()

    def save(self, project: Project) -> None:
        """Write the record. One that cannot be written is no error: the next build encodes more."""
        value: dict[str, Any] = {
            "banks": {key: [one.offset, one.encoded.to_json()] for key, one in self.banks.items()},
            "digests": self.digests,
            "made_by": fingerprint(__version__),
            "made_of": self.made_of,
            "outputs": self.outputs,
            "read": {path: [mark, _row(read)] for path, (mark, read) in self.read.items()},
        }
        beside = project.path(f"{_FILE}.{os.getpid()}")
        try:
            text = json.dumps(value, separators=(",", ":")).encode()
            with open(beside, "wb") as file:
                file.write(f"{Digest.of(text).hex}\n".encode() + text)
            os.replace(beside, project.path(_FILE))
        except OSError:
            with contextlib.suppress(OSError):
                os.remove(beside)

    def remembered(self, listing: Listing) -> dict[str, Read]:
        """Return what those asset.json files came to that have not been touched since, by path."""
        return {path: read for path, (mark, read) in self.read.items() if listing.has(path, mark)}

    def stands(self, project: Project) -> bool:
        """Tell whether every output is the one that the last build put there."""
        return bool(self.outputs) and all(
            mark != GONE and signature_of(project.path(path)) == mark for path, mark in self.outputs.items()
        )


def _signature(row: Any) -> Signature:
    inode, size, mtime, mtime_ns, ctime, ctime_ns = map(int, row)
    return (inode, size, mtime, mtime_ns, ctime, ctime_ns)


def _row(read: Read) -> dict[str, Any]:
    """Return what `_read` reads; `asdict` would copy every palette first, and take as long as all the rest."""
    return {
        "asset": {one.name: getattr(read.asset, one.name) for one in fields(Asset)},
        "diagnostics": [asdict(one) for one in read.diagnostics],
        "inputs": read.inputs,
    }


def _read(value: Any) -> Read:
    asset = {**value["asset"], "inputs": tuple(value["asset"]["inputs"])}
    return Read(Asset(**asset), tuple(value["inputs"]), tuple(Diagnostic(**row) for row in value["diagnostics"]))
