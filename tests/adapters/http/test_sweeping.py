"""A server sweeps now and then, and tells of it."""

from __future__ import annotations

import io
import logging
import os
import time
from pathlib import Path

import pytest
from asking import asking

from packaging_targets.adapters.http.watching.logs import LOG
from packaging_targets.adapters.http.watching.sweeping import sweeping
from packaging_targets.services.aam.hosting.keeping.sweeping import EVERY, sweep_if_due


def test_what_is_swept_is_logged_and_counted_and_every_few_hours_is_enough(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOG.name)
    now = [int(time.time())]
    with asking(tmp_path, clock=lambda: now[0]) as ask:
        ask.hosted.host.holdings.set_aside("00aa00aa00", io.BytesIO(b"left"))
        left = tmp_path / "server" / "aside" / "00aa00aa00"
        os.utime(left, (now[0] - 90_000, now[0] - 90_000))
        with sweeping(ask.hosted.host, ask.site.metrics, 0.01):
            end = time.monotonic() + 10
            while b"aam_swept_archives_total 1.0" not in ask.get("/metrics").body and time.monotonic() < end:
                time.sleep(0.02)
        assert not left.exists()
        assert b"aam_swept_bytes_total 4.0" in ask.get("/metrics").body
        assert [one.__dict__["fields"] for one in caplog.records if "nobody names" in one.message] == [
            {"archives": 1, "bytes": 4}
        ]
        assert sweep_if_due(ask.hosted.host) is None
        now[0] += EVERY
        assert sweep_if_due(ask.hosted.host) is not None
