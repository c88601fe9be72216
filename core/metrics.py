"""Figures for Prometheus: what requests cost, and what apps add by `collect` at each scrape.

The processes of a web server write theirs into files under PROMETHEUS_MULTIPROC_DIR, which the
server makes (config/gunicorn.py); without it one process counts for itself.
"""

import os
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.core import Metric
from prometheus_client.registry import REGISTRY

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS")
SECONDS = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0)

IN_FLIGHT = Gauge(
    "http_requests_in_flight", "Requests that are being answered.", multiprocess_mode="livesum"
)
DURATION = Histogram(
    "http_request_duration_seconds",
    "Seconds to answer, by the name of the route; the count is that of the requests.",
    ["method", "route", "status"],
    buckets=SECONDS,
)
collect: list[Callable[[], Iterable[Metric]]] = []  # of each app, computed at each scrape
_series: dict[tuple[str, str, int], Histogram] = {}  # looking labels up costs as much as counting


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    key = (method, route, status)
    series = _series.get(key)
    if series is None:
        known = method if method in METHODS else "other"
        series = _series[key] = DURATION.labels(known, route or "none", str(status))
    series.observe(seconds)


def scrape() -> bytes:
    """Everything in the text format of Prometheus."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Own())
    registry.register(_Collected())
    return generate_latest(registry)


class _Own:
    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()


class _Collected:
    def collect(self) -> Iterable[Metric]:
        for source in collect:
            yield from source()
