"""What the last run into an output folder came to, so that the next one does only what has changed.

A receipt is an entry of the user's action cache, of a key made of the paths and options of the run. For each folder it
holds the identity of its listing, what the checks came to, and the stat of the archive that stands in the output
folder. Archives themselves are not kept: restoring one would take as long as packing it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.model.digest import Digest
from packaging_targets.services.features.packing import Packed
from packaging_targets.store.action_cache import ActionCache
from packaging_targets.store.layout import default_cache
from packaging_targets.store.stat_index import fingerprint
from packaging_targets.store.sweep import GONE, signature_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.store.sweep import Signature


_NAME = "receipt"


@dataclass(slots=True)
class Receipt:
    """What is remembered of one pair of folders.

    `checked` maps a folder's identity to what its checks came to (JSON); `standing` maps the name of a file in the
    output folder to its signature and to what is known of the archive.
    """

    key: str
    checked: dict[str, Any] = field(default_factory=dict)
    standing: dict[str, tuple[Signature, str, Packed]] = field(default_factory=dict)

    @classmethod
    def recall(cls, source: str, output: str, *options: str) -> Receipt:
        """Return what the last run with these folders and options left, or an empty receipt."""
        import deflate

        made_by = [fingerprint(__version__), deflate.__version__, os.getcwd()]
        key = Digest.of_value(["features package", *made_by, os.path.realpath(source or "."), source, output, *options])
        data = ActionCache(default_cache()).recall(key.hex)
        receipt = cls(key.hex)
        if data is not None:
            with contextlib.suppress(ValueError, LookupError, TypeError):  # one of another version may look different
                receipt._read(json.loads(data))
        return receipt

    def _read(self, found: Any) -> None:
        standing = {
            name: (tuple(mark), made_of, Packed(*packed)) for name, (mark, made_of, packed) in found["standing"].items()
        }
        self.checked, self.standing = dict(found["checked"]), standing

    def stands(self, output: str, name: str, made_of: str) -> Packed | None:
        """Return what is known of a file of the output folder if it is the one made of `made_of`, untouched since.

        Nothing is known of what was made of something that is too young to tell (`made_of` is empty).
        """
        mark, known, packed = self.standing.get(name, (GONE, "", None))
        if not made_of or known != made_of or mark == GONE:
            return None
        return packed if signature_of(f"{output}/{name}") == mark else None

    def keep(self, checked: Mapping[str, Any], output: str, made: Mapping[str, tuple[str, Packed]]) -> None:
        """Remember what a run came to: checks by identity, and for each file what it was made of."""
        standing = {name: (signature_of(f"{output}/{name}"), *known) for name, known in made.items()}
        if (checked, standing) == (self.checked, self.standing):
            return
        data = json.dumps({"checked": checked, "standing": standing}, separators=(",", ":")).encode()
        state = "f" + hashlib.sha256(data).hexdigest()
        ActionCache(default_cache()).store(self.key, {_NAME: data}, {_NAME: state})
