"""Globs of rules, for platforms that want one text with commas between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging_targets.formats.aam.artifacts.values import Rule
from packaging_targets.formats.aam.bundle.platforms.platform import Platform

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST = 64


def joined(platform: Platform, rule: Rule) -> str:
    """Return the globs of a rule with commas between them; braces are written out, as they hold commas themselves."""
    found = [one for glob in rule.globs for one in _expanded(glob)]
    if len(found) > _MOST or any("," in one for one in found):
        platform.lose(rule.path, f"`globs` have commas that {platform.title} takes for ends of globs")
        return ",".join(rule.globs)
    return ",".join(dict.fromkeys(found))


def _expanded(glob: str, left: int = 6) -> Iterator[str]:
    found = _BRACES.search(glob)
    if found is None or not left:
        yield glob
        return
    for choice in found[1].split(","):
        yield from _expanded(glob[: found.start()] + choice + glob[found.end() :], left - 1)
