"""Tars as any program might make them, for tests of what reads them."""

from __future__ import annotations

import io
import tarfile
from typing import Any


def made(*entries: dict[str, Any], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar of entries, each the attributes of a TarInfo, with `data` for its bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for entry in entries:
            data = entry.get("data", b"")
            info = tarfile.TarInfo(entry["name"])
            info.size = len(data)
            for name, value in entry.items():
                if name != "data":
                    setattr(info, name, value)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()
