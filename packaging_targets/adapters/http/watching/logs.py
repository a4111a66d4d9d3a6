"""The log: one JSON object a line, with the id of the request where it is about one, and never a secret or a query."""

from __future__ import annotations

import json
import logging
import time
from typing import Any, TextIO

from packaging_targets.adapters.http.watching.access import ACCESS

LOG = logging.getLogger("packaging_targets.registry")
LOG.addHandler(logging.NullHandler())


class JsonLines(logging.Formatter):
    """Writes records as JSON; what is in `fields` of a record is added to them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        value: dict[str, Any] = {"time": f"{at}.{int(record.msecs):03d}Z", "level": record.levelname.lower()}
        value["message"] = record.getMessage()
        value |= getattr(record, "fields", {})
        if record.exc_info:
            value["traceback"] = self.formatException(record.exc_info)
        return json.dumps(value, ensure_ascii=True, default=str)


def log_to(stream: TextIO, level: str = "INFO") -> None:
    """Let all that a server says go to a stream."""
    writing = logging.StreamHandler(stream)
    writing.setFormatter(JsonLines())
    for logger in (LOG, logging.getLogger("uvicorn")):
        logger.handlers = [writing]
        logger.propagate = False
    LOG.setLevel(level)
    ACCESS.write_to(stream if LOG.isEnabledFor(logging.INFO) else None)
    logging.getLogger("uvicorn").setLevel("WARNING")
