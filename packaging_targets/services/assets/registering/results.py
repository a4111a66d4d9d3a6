"""What a change of the registry came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from packaging_targets.formats.assets.diagnostics import Diagnostic

Verb = Literal["register", "adopt", "forget", "include", "exclude"]


@dataclass(frozen=True, slots=True)
class Changed:
    """An asset as it is after the change, or was before it was forgotten.

    `root` is its folder, as a path in the project; `changed` is False where all was as asked for before; `written` are
    the files that changed; `diagnostics` is what is wrong with the asset now; `summary` says what happened, for people.
    """

    verb: Verb
    asset_id: int
    uuid: str
    name: str
    root: str
    included: bool
    changed: bool
    summary: str
    written: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        raise NotImplementedError
