"""`sounds/1`: a `SOUNDS/pcm16le_v1` bank from WAVE files.

Params: those of `banks.encoding.encode` for this format; files are inputs. Outputs: the bank, and its facts as JSON.
Frames stream from the files to the bank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError
from packaging_targets.formats.assets.banks.encoding import encode
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.model.digest import canonical_json

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Encode the bank. Raises BuildError that names every bad file."""
    encode_bank("SOUNDS/pcm16le_v1", action, step)


def encode_bank(name: str, action: Action, step: Step) -> None:
    """Encode a bank of the format `name`: its bytes are the first output, what the pack must know of it the second.

    What is worth to know goes to the log of the action.
    """
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
