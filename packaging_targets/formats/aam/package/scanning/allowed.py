"""What a package's author says belongs there: `x-aam` of the manifest, as JSON and binary files cannot say it.

{"x-aam": {"allow": [{"path": "skills/colors/scripts/*.sh", "what": "hidden"}]}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.model.glob import match_any

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging_targets.formats.aam.manifest import AgentManifest

MEMBER = "x-aam"
HIDDEN, SECRET = "hidden", "secret"
Allowed = frozenset[str]


def may_hide_text(manifest: AgentManifest) -> bool:
    """Tell whether an author says of any file that `HIDDEN` belongs there: so may a bundle of it then."""
    return any(one["what"] == HIDDEN for one in manifest.value.get(MEMBER, {}).get("allow", ()))


def allowances(manifest: AgentManifest | None) -> Callable[[str], Allowed]:
    """Return what tells of a file, by its path in the archive, which of `HIDDEN` and `SECRET` it may have."""
    member = manifest.value.get(MEMBER, {}) if manifest else {}
    rules = [(match_any([one["path"]]), one["what"]) for one in member.get("allow", ())]
    return lambda path: frozenset(what for matches, what in rules if matches(path))
