"""What can be wrong with assets: every cause has a code that stays the same, and is blocking or advisory.

A blocking diagnostic stops a build; an advisory one never does. What each code means and how to mend it is told to
people in docs/assets.md, and a test holds the two lists together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from packaging_targets.errors import BuildError, Problem, plain

BLOCKING = {
    "declaration-missing": "a registered asset has no asset.json",
    "declaration-invalid": "an asset.json is no JSON of the shape that the contract asks for",
    "input-missing": "an input is not there, or is no regular file",
    "output-contract": "format, codec, type or metadata do not go together",
    "metadata-collision": "two sources want to write one member of the metadata",
    "preload-invalid": "`preload` does not say whether the asset is loaded at boot",
    "artifacts-invalid": "artifacts that are malformed, stand twice, leave a gap, or do not fit into the bank",
    "identity-collision": "two assets, or two rows of the registry, have one id, UUID, name or root",
    "identity-mismatch": "the UUID in an asset.json is not the one that the registry has for its folder",
    "ownership-ambiguous": "one asset lies inside another one",
    "registry-invalid": "the registry is no JSON of the shape that the contract asks for",
    "palette-invalid": "no palette, too many, or one that is malformed",
    "image-invalid": "a picture that is no PNG, is damaged, too large, or is not what its head says",
    "tile-invalid": "a tile does not fit into its picture, or has colours that no palette can draw",
    "sound-invalid": "a sound that is no WAVE file, is cut off, or has a form that is not accepted",
    "loop-invalid": "a loop that ends behind its sample",
    "change-interrupted": "a change of the registry or of files was interrupted, and is half-done",
    "input-changed": "an input changed while it was read",
    "pack-invalid": "the header of the pack would break a rule of the format",
}
"""The codes of what stops a build, with what each means."""

ADVISORY = {
    "asset-moved": "an asset whose folder is not where the registry says, found again by its UUID",
    "asset-unregistered": "an asset.json that the registry does not know",
    "content-duplicate": "two inputs have the same bytes",
    "file-unused": "a large file in the folder of an asset that no artifact uses",
    "input-unused": "an input that no artifact uses",
    "name-style": "a name that is easily mistaken for another one, or hard to type",
    "palette-fragile": "a tile could be drawn by several palettes, so that an edit of one may change its indices",
    "sound-clipped": "samples beyond full scale, which were cut",
}
"""The codes of what is worth to know, with what each means."""


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One thing that is wrong with an asset.

    `file` is a path in the workspace, `place` what is to blame in it (`$.artifacts[3].file`, `x 12, y 40`, `byte 44`;
    may be empty), `asset` the folder of the asset (empty for what belongs to none), `fix` an edit or a command.
    """

    file: str
    place: str
    code: str
    what: str
    fix: str = ""
    asset: str = ""

    def __post_init__(self) -> None:
        if self.code not in BLOCKING and self.code not in ADVISORY:
            raise ValueError(f"there is no code `{self.code}`")

    @property
    def is_blocking(self) -> bool:
        """Whether it stops a build."""
        return self.code in BLOCKING

    def problem(self, label: str = "") -> Problem:
        """Return it as what errors carry; `label` is the target that it is about."""
        file = plain(self.file)  # a line, whatever its name
        if self.place.startswith("$"):
            return Problem(file, self.what, self.fix, label, self.place)
        return Problem(f"{file} ({self.place})" if self.place else file, self.what, self.fix, label)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {
            "asset": self.asset,
            "code": self.code,
            "file": self.file,
            "fix": self.fix,
            "place": self.place,
            "severity": "blocking" if self.is_blocking else "advisory",
            "what": self.what,
        }


class AssetsError(BuildError):
    """What stops a build of assets: one or more blocking diagnostics, and the advisory ones found besides."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*(one.problem() for one in diagnostics if one.is_blocking))
        self.diagnostics = tuple(sorted(set(diagnostics)))
        self.warnings = tuple(one.problem() for one in self.diagnostics if not one.is_blocking)

    def __reduce__(self) -> tuple[Callable[..., AssetsError], tuple[Diagnostic, ...]]:
        return AssetsError, self.diagnostics
