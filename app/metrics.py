"""What Prometheus may ask: requests by pattern and outcome, their duration, refused callers.

With several server processes the numbers meet in the folder that PROMETHEUS_MULTIPROC_DIR names;
``fumin serve`` makes one. No label holds an id, a name or an address as sent.
"""

import os

from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

router = APIRouter(include_in_schema=False)

_REQUESTS = Counter("fumin_requests", "Answers by route and status", ("method", "route", "status"))
_SECONDS = Histogram(
    "fumin_request_seconds",
    "Time to an answer",
    ("method", "route"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def count(method: str, route: str, status: int, seconds: float) -> None:
    """One answer was given."""
    _REQUESTS.labels(method, route, str(status)).inc()
    _SECONDS.labels(method, route).observe(seconds)


@router.get("/metrics")
def metrics() -> Response:
    """The figures of all processes of this server."""
    registry: CollectorRegistry = REGISTRY
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
