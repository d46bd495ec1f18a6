"""Figures of the running process in the text format of Prometheus: /metrics.

Counts and times by route; of the data only the revision. Asked for from this machine itself, or by a token of the
scope `metrics:read`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from store.errors import StoreError
from web import bearer
from web.identity import by_proxy
from web.permissions import METRICS
from web.serve import is_loopback

if TYPE_CHECKING:
    from web.state import Atlas

blueprint = Blueprint("metrics", __name__)
EXTENSION = "atlas_metrics"
MEDIA = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class _State(Collector):
    """What is asked of the process's state at each scrape."""

    def __init__(self, state: Atlas) -> None:
        self._state = state

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield nothing: registering asks for names, and must not open a store."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the present figures; what is not there yet is left out, not 0."""
        try:
            revision = self._state.store.revision()
        except StoreError:
            revision = None
        yield GaugeMetricFamily("gridatlas_store_readable", "1: the store can be read.", int(revision is not None))
        if revision is not None:
            yield GaugeMetricFamily("gridatlas_store_revision", "Revision of the store.", revision)
        figures = self._state.figures()
        for name, text in FIGURES.items():
            if name in figures:
                yield GaugeMetricFamily(f"gridatlas_{name}", text, figures[name])


FIGURES = {
    "ready": "1: the service is warm.",
    "backup_age_seconds": "Seconds since the last backup that the service knows of.",
    "imports_waiting": "Imports that have not ended, the running one too.",
    "streams": "Pages that follow what happens.",
    "streams_most": "Pages that may follow at a time.",
    "cache_bytes": "Bytes of kept answers and results.",
    "cache_entries": "Kept answers and results.",
}


class Metrics:
    """The figures of one application."""

    def __init__(self, state: Atlas) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "gridatlas_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "gridatlas_request_seconds", "Time until an answer began.", ["route"], buckets=BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        ProcessCollector(registry=self.registry)
        self.registry.register(_State(state))

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(took_s)


def asked_from_here() -> bool:
    """Return whether a program on this machine asks, and not a proxy for somebody else."""
    return is_loopback(request.remote_addr or "") and not by_proxy(request.environ)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer the figures."""
    if not asked_from_here():
        bearer.sender(METRICS)
    found: Metrics = current_app.extensions[EXTENSION]
    response = Response(generate_latest(found.registry), content_type=MEDIA)
    response.headers["Cache-Control"] = "no-store"
    return response


def init_app(app: Flask) -> None:
    """Give `app` its own figures."""
    app.extensions[EXTENSION] = Metrics(app.extensions["atlas"])
