"""Metrics in the form of Prometheus. Labels are names of operations and numbers of statuses, so they are bounded.

What happens to every request is counted in plain numbers, which only become metrics when somebody asks for them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class _Times:
    """How long an operation took, each time: how often up to each of some seconds, and all together."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_SECONDS) + 1)
        self.total = 0.0

    def told(self) -> list[tuple[str, float]]:
        """Return the times as Prometheus counts them: each number has all that are below it."""
        found, below = [], 0
        for most, count in zip((*map(str, _SECONDS), "+Inf"), self.counts, strict=True):
            below += count
            found.append((most, float(below)))
        return found


class Metrics(Collector):
    """What is counted while a server runs; by the one thread that answers, and what is swept by the one that sweeps."""

    def __init__(self) -> None:
        self._running = 0
        self._received = 0
        self._swept = self._swept_size = 0
        self._requests: dict[tuple[str, int], int] = {}
        self._times: dict[str, _Times] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def begin(self) -> None:
        """Count a request that begins."""
        self._running += 1

    def end(self, operation: str, status: int, seconds: float) -> None:
        """Count a request that is answered."""
        self._running -= 1
        key = operation, status
        self._requests[key] = self._requests.get(key, 0) + 1
        times = self._times.get(operation)
        if times is None:
            times = self._times[operation] = _Times()
        times.counts[bisect_left(_SECONDS, seconds)] += 1
        times.total += seconds

    def received(self, size: int) -> None:
        """Count bytes that were sent to us."""
        self._received += size

    def swept(self, objects: int, size: int) -> None:
        """Count archives that were taken away since nobody names them, and their bytes."""
        self._swept += objects
        self._swept_size += size

    def collect(self) -> Iterator[Metric]:
        """Yield all of it, as the library wants it."""
        requests = CounterMetricFamily("aam_requests", "Requests that were answered.", labels=["operation", "status"])
        for (operation, status), count in self._requests.items():
            requests.add_metric([operation, str(status)], count)
        times = HistogramMetricFamily("aam_request_seconds", "How long answering took.", labels=["operation"])
        for operation, one in self._times.items():
            times.add_metric([operation], one.told(), one.total)
        yield from (requests, times)
        yield CounterMetricFamily("aam_received_bytes", "Bytes of archives that were sent to us.", self._received)
        yield CounterMetricFamily("aam_swept_archives", "Archives taken away that nobody names.", self._swept)
        yield CounterMetricFamily(
            "aam_swept_bytes", "Bytes of archives taken away that nobody names.", self._swept_size
        )
        yield GaugeMetricFamily("aam_requests_running", "Requests that are being answered.", self._running)

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self._registry)
