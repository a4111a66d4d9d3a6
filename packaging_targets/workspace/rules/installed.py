"""What other distributions bring to a build: rules, and the versions of what writes our bytes.

Python looks through every folder on its path to tell, which takes as long as planning a small change. So the answer
is kept for as long as these folders are as they were: installing or removing anything changes one of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY_POINTS = "packaging_targets.rules"
_WRITERS = ("deflate", "jinja2", "packaging-targets", "pillow", "zstandard")


@dataclass(frozen=True, slots=True)
class Installed:
    """`homes` are folders of rules; `metadata` files that are others when what writes our bytes is."""

    homes: tuple[str, ...]
    metadata: tuple[str, ...]


def installed(kept: str = "") -> tuple[Installed, str]:
    """Return what is installed, and a text to give as `kept` the next time.

    Raises PackagingError for an entry point of rules that names no folder.
    """
    stamp = [[path, _changed(path)] for path in sys.path]
    with contextlib.suppress(ValueError, KeyError, TypeError):
        known = json.loads(kept)
        if known["stamp"] == stamp:
            return Installed(tuple(known["homes"]), tuple(known["metadata"])), kept
    found = Installed(tuple(_homes()), tuple(_metadata()))
    return found, json.dumps({"stamp": stamp, "homes": found.homes, "metadata": found.metadata})


def _changed(folder: str) -> int:
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return 0


def _homes() -> Iterator[str]:
    from importlib.metadata import entry_points

    for point in entry_points(group=_ENTRY_POINTS):
        module = point.load()
        folder = module if isinstance(module, str) else next(iter(getattr(module, "__path__", [])), None)
        if folder is None:
            raise PackagingError.one(
                f"the entry point `{point.name}` of `{_ENTRY_POINTS}` names no folder",
                f"{point.value}",
                "let it be a package, or a string with a path",
            )
        yield folder


def _metadata() -> Iterator[str]:
    from importlib.metadata import PackageNotFoundError, distribution

    for name in _WRITERS:
        with contextlib.suppress(PackageNotFoundError):
            found = distribution(name)
            path = next((str(file.locate()) for file in found.files or () if file.name == "METADATA"), None)
            yield path or str(found.locate_file(""))
