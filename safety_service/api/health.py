"""For load balancers and Prometheus: is it alive, is it ready, how is it doing."""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from safety_service.api.deps import Now
from safety_service.domain.health import READY, Vitals

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request, response: Response, now: Now) -> dict[str, object]:
    """503 while the database, the broker session or the pipeline does not work, with what is wrong."""
    health = request.app.state.vitals(now)
    if not health.ready:
        response.status_code = 503
    return {"ready": health.ready, "parts": health.parts}


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request, now: Now) -> Response:
    registry = CollectorRegistry()
    registry.register(_Vitals(request.app.state.vitals(now)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Vitals(Collector):
    """The process's vital signs in Prometheus' words."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("campus_ready", "1 when every part works", labels=["part"])
        for part, word in self._vitals.parts.items():
            ready.add_metric([part], float(word in READY))
        yield ready
        for name, (help_text, value) in self._vitals.counters.items():
            yield CounterMetricFamily(f"campus_{name}", help_text, value=value)
        for name, (help_text, value) in self._vitals.gauges.items():
            yield GaugeMetricFamily(f"campus_{name}", help_text, value=value)
