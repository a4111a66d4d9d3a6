"""A thread that takes away, now and then, what nobody names any more; the log and the metrics tell of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from packaging_targets.adapters.http.watching.logs import LOG
from packaging_targets.adapters.http.watching.metrics import Metrics
from packaging_targets.errors import PackagingError
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.keeping.sweeping import sweep_if_due

_PAUSE = 600.0
"""Seconds between looking whether it is due; a server that has just started has other things to do."""


@contextmanager
def sweeping(host: Host, metrics: Metrics, pause: float = _PAUSE) -> Iterator[None]:
    """Sweep while in the block; a round that is under way when that ends is left to itself, which harms nothing."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(pause):
            _round(host, metrics)

    thread = threading.Thread(target=run, name="aam-sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _round(host: Host, metrics: Metrics) -> None:
    try:
        done = sweep_if_due(host)
    except PackagingError as error:
        LOG.warning("what nobody names could not be taken away", extra={"fields": {"why": error.problems[0].what}})
    else:
        if done is not None and done.objects:
            metrics.swept(done.objects, done.size)
            told = {"archives": done.objects, "bytes": done.size}
            LOG.info("archives that nobody names were taken away", extra={"fields": told})
