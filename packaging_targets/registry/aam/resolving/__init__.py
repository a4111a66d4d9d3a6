"""Which versions of which packages go together: from what is wanted to one version of each, or why there is none."""

from __future__ import annotations

from packaging_targets.registry.aam.resolving.resolver import resolve
from packaging_targets.registry.aam.resolving.routes import Routes
from packaging_targets.registry.aam.resolving.values import Candidate, Locked, Resolution, Wanted

__all__ = ["Candidate", "Locked", "Resolution", "Routes", "Wanted", "resolve"]
