"""The templates that there are by name: the built-in ones, and those of the repository."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from packaging_targets.services.containers.places import HOME

if TYPE_CHECKING:
    from packaging_targets.workspace.rules.rulebook import Rulebook

FOLDER = f"{HOME}/templates"

_BUILT_IN = re.compile(r"@service/([^/]+)\.Dockerfile\.j2")
_OWN = re.compile(r"Dockerfile\.(.+?)(?:\.j2)?")


def built_in_templates(rules: Rulebook) -> dict[str, str]:
    """Return where the built-in templates are on disk, by name, sorted."""
    found = {match[1]: path for name, path in rules.files("service").items() if (match := _BUILT_IN.fullmatch(name))}
    return dict(sorted(found.items()))


def template_names(root: str, rules: Rulebook) -> list[str]:
    """Return the names that `template` of a container may be, sorted."""
    folder = os.path.join(root, FOLDER)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return sorted({*built_in_templates(rules), *(match[1] for name in names if (match := _OWN.fullmatch(name)))})
