"""Forget what actions came to, so that the next build decides about them anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging_targets.store.records import Records
from packaging_targets.store.stat_index import mark_pending
from packaging_targets.workspace.settings import open_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence


def forget(ids: Sequence[str] | None) -> None:
    """Forget the results of the actions with these ids, or of all where `ids` is None.

    The current folder lies in the workspace. Raises RequestError where it does not.
    """
    layout = open_workspace(os.getcwd()).layout
    if not os.path.exists(layout.records):
        return
    records = Records(layout.records)
    try:
        with records.transaction():
            records.actions.forget(ids)
    finally:
        records.close()
    mark_pending(layout.index)
