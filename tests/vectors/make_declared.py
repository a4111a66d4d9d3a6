"""Makes the vectors of what people declare: `python tests/vectors/make_declared.py` writes them beside itself.

Nothing of the package is used here. What a declaration becomes is computed by the small encoders of reference.py; what is
wrong with another one stands beside it. What the files are for, and how to use them: README.md in this folder.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cases import Case
from cases_glyph import glyphs
from cases_project import histories, projects
from cases_shape import shapes
from cases_sound import all_sounds

FOLDER = Path(__file__).parent


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases."""
    return (*shapes(), *glyphs(), *all_sounds())


def made() -> Iterator[tuple[str, bytes]]:
    """Yield every file, by its path in this folder."""
    all_cases = cases()
    for case in all_cases:
        for name, data in case.files.items():
            yield f"declared/{case.folder}/{name}", data
    for project in projects():
        for name, data in project.files.items():
            yield f"projects/{project.folder}/{name}", data
    yield "declared.json", spelt([case.told() for case in all_cases])
    yield "projects.json", spelt([project.told() for project in projects()])
    yield "histories.json", spelt([history.told() for history in histories()])


def spelt(value: Any) -> bytes:
    """Return JSON with an object of the list a line."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in value)
    return f"[\n{lines}\n]\n".encode()


def main() -> None:
    for name in ("declared", "projects"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    for path, data in made():
        place = FOLDER / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    sys.stdout.write(f"{len(cases())} declarations, {len(projects())} projects, {len(histories())} histories\n")


if __name__ == "__main__":
    main()
