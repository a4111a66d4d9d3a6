"""Metrics in the form of Prometheus. Labels are names of operations and numbers of statuses, so they are bounded."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """What is counted while a server runs."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        names = ["operation", "status"]
        self._requests = Counter("aam_requests_total", "Requests that were answered.", names, registry=self._registry)
        self._seconds = Histogram(
            "aam_request_seconds",
            "How long answering took.",
            ["operation"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._received = Counter(
            "aam_received_bytes_total", "Bytes of archives that were sent to us.", registry=self._registry
        )
        self._running = Gauge("aam_requests_running", "Requests that are being answered.", registry=self._registry)
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def begin(self) -> None:
        """Count a request that begins."""
        self._running.inc()

    def end(self, operation: str, status: int, seconds: float) -> None:
        """Count a request that is answered."""
        self._running.dec()
        known = self._children.get((operation, status))
        if known is None:
            known = self._requests.labels(operation, str(status)), self._seconds.labels(operation)
            self._children[operation, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def received(self, size: int) -> None:
        """Count bytes that were sent to us."""
        self._received.inc(size)

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self._registry)
