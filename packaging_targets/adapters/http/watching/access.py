"""A line in the log for each request that was answered: written in bulk, since there are many and none may wait."""

from __future__ import annotations

import asyncio
import re
import time
from json.encoder import encode_basestring_ascii as quoted
from typing import TextIO

_BULK = 200  # lines
_PAUSE = 0.2  # seconds
_PREFIX = "aam_"
_SECRET = re.compile(r"aam_\w+")  # a token that somebody took for part of a path


class AccessLog:
    """Writes lines to a stream, a moment after they were told; nothing where there is no stream."""

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._lines: list[str] = []
        self._second = 0
        self._text = ""

    def write_to(self, stream: TextIO | None) -> None:
        """Let lines go to a stream from now on, or nowhere."""
        self._stream = stream

    @property
    def is_open(self) -> bool:
        """Whether lines go anywhere."""
        return self._stream is not None

    def tell(self, method: str, path: str, status: int, seconds: float, fields: str) -> None:
        """Add a line; `fields` is JSON of further members, which starts with a comma, or empty."""
        if not self._lines:
            asyncio.get_running_loop().call_later(_PAUSE, self.flush)
        now = time.time()
        if int(now) != self._second:
            self._second = int(now)
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        if _PREFIX in path:
            path = _SECRET.sub(f"{_PREFIX}…", path)
        self._lines.append(
            f'{{"time": "{self._text}.{int(now % 1 * 1000):03d}Z", "level": "info", "message": "answered", '
            f'"method": {quoted(method)}, "path": {quoted(path)}, "status": {status}, '
            f'"ms": {seconds * 1000:.2f}{fields}}}\n'
        )
        if len(self._lines) >= _BULK:
            self.flush()

    def flush(self) -> None:
        """Write what was told."""
        lines, self._lines = self._lines, []
        if self._stream is not None and lines:
            try:
                self._stream.write("".join(lines))
                self._stream.flush()
            except (OSError, ValueError):  # nobody reads the log any more: that is no reason not to answer
                self._stream = None


ACCESS = AccessLog()
