"""Examples as newcomers meet them: a copy of what is committed, and the commands that its README tells to type."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def copied(example: Path, folder: Path) -> Workspace:
    """Return a copy of an example as it is committed: without what a build of it left behind."""
    ignored = shutil.ignore_patterns("dist", ".packaging", ".doit.db*", "__pycache__")
    shutil.copytree(example, folder, symlinks=True, ignore=ignored)
    ws = Workspace(folder)
    programs = os.path.dirname(sys.executable)
    ws.environment["PATH"] = os.pathsep.join((programs, os.environ["PATH"]))
    return ws


def typed(readme: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a document's consoles, each with what the document says that it prints."""
    for block in re.findall(r"(?ms)^```console\n(.*?)^```$", readme):
        for command in re.split(r"(?m)^\$ ", block)[1:]:
            line, _, printed = command.partition("\n")
            yield line, printed
