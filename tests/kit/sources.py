"""Sources in memory, for formats: they read through a `SourceReader`, whatever stands behind it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import BinaryIO

from packaging_targets.model.manifest import SourceInfo

Content = bytes | str | list[bytes]


class Sources:
    """Files by path: a string is where a link leads, a list is a file that is another one each time it is looked at.

    What is called `….sh` is executable. `announced` holds untrue sizes.
    """

    def __init__(self, files: Mapping[str, Content], announced: Mapping[str, int] | None = None) -> None:
        self._files = files
        self._announced = announced or {}

    def info(self, path: str) -> SourceInfo:
        data = self._now(path)
        if isinstance(data, str):
            return SourceInfo(0, link=data)
        return SourceInfo(self._announced.get(path, len(data)), executable=path.endswith(".sh"))

    def open(self, path: str) -> BinaryIO:
        data = self._now(path)
        assert isinstance(data, bytes)
        return io.BytesIO(data)

    def _now(self, path: str) -> bytes | str:
        data = self._files[path]
        return data.pop(0) if isinstance(data, list) else data


NOTHING = Sources({})
