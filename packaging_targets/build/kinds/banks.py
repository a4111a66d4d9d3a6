"""`glyph/1` and `sounds/1`: a bank of a pack, from pictures or from sounds.

Params: those that `banks.encoding.encode` takes for the format; files are inputs. Outputs: the bank, and its facts as
JSON, which are what the pack must know of it. Warnings go to the action's log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError
from packaging_targets.formats.assets.banks.encoding import FORMATS, encode
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.model.digest import canonical_json

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Encode the bank. Raises BuildError that names every bad file, and the first bad pixel of each tile."""
    name = next(name for name, made in FORMATS.items() if made.kind == action.kind)
    bank, facts = action.outputs
    with step.create(bank) as out:
        try:
            encoded = encode(name, action.params, step, out)
        except AssetsError as error:  # a build tells problems
            raise BuildError(*error.problems) from None
    for advisory in encoded.advisories:
        step.log(f"{advisory.problem().told('warning')}\n")
    with step.create(facts) as out:
        out.write(canonical_json({"decoded_size": encoded.decoded_size, "metadata": encoded.metadata}))
