"""From what a person names to a folder of packed features."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError
from packaging_targets.services.publish.packed import holds_archives

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def archives_of(target: str) -> Iterator[str]:
    """Give a folder of packed features for the length of a `with` block; raises RequestError where there is none."""
    if holds_archives(target):
        yield target
        return
    if not os.path.isdir(target):
        what = f"`{target}` is no folder" if os.path.lexists(target) else f"there is no folder `{target}`"
        raise RequestError.one(what, "", "name a folder that `features package` made")
    fix = f"pack it first: features package {target} -o DIR, and publish DIR"
    raise RequestError.one(f"`{target}` holds no packed features", "", fix)
