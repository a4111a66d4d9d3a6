"""One JSON Schema for target files, of all rules of the workspace around the current folder."""

from __future__ import annotations

import json
import os

from packaging_targets.store.layout import find_root
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.rules.schema import combined_schema
from packaging_targets.workspace.settings import WORKSPACE_SCHEMA


def target_file_schema() -> str:
    """Return the schema as JSON text."""
    rulebook = Rulebook(find_root(os.getcwd()) or os.getcwd())
    return (
        json.dumps(combined_schema(rulebook.schemas().items(), WORKSPACE_SCHEMA), indent=2, ensure_ascii=False) + "\n"
    )
