"""`glyph/1`: a `GLYPH/indexed_v1` bank from PNG files.

Params: those of `banks.encoding.encode` for this format; files are inputs. Outputs: the bank, and its facts as JSON.
Neither numpy nor Pillow decides a byte: the first counts in integers, the second undoes what PNG defines exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.build.kinds.sounds import encode_bank

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Encode the bank. Raises BuildError that names every bad file, and the first bad pixel of each tile."""
    encode_bank("GLYPH/indexed_v1", action, step)
