"""`config.yaml`, a user's and a project's: which registries there are, and which platforms are wanted."""

from __future__ import annotations

from packaging_targets.services.aam.config.reading import read_config
from packaging_targets.services.aam.config.settings import Config, Source

__all__ = ["Config", "Source", "read_config"]
