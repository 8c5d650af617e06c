"""What Prometheus is told of the service: requests, how long they took, streams, runs by their states."""

import time
from collections import Counter as Counts
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outvoted.cluster.service.looking import summaries
from outvoted.cluster.service.service import Service
from outvoted.search.errors import OutvotedError

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServiceMetrics:
    """Counts what a service answers."""

    def __init__(self, service: Service) -> None:
        """Take the service."""
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "outvoted_service_requests", "Requests that were answered", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "outvoted_service_request_seconds",
            "Seconds until an answer began",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._registry.register(_OfRuns(service))

    def text(self) -> bytes:
        """Return all in Prometheus' text format."""
        return generate_latest(self._registry)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class _OfRuns(Collector):
    """Looks at the runs whenever it is asked."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield how many runs there are in each state, and how many are watched."""
        runs = GaugeMetricFamily("outvoted_service_runs", "Runs in the folder, by state", labels=["state"])
        try:
            for state, count in Counts(one.state for one in summaries(self._service)).items():
                runs.add_metric([state], count)
        except OutvotedError:  # the folder can't be read now
            pass
        yield runs
        watched = len(self._service.watching)
        yield GaugeMetricFamily("outvoted_service_runs_watched", "Runs with open streams", value=watched)


class CountedAnswers:
    """An application whose answers are counted, by route: addresses themselves would be without end."""

    def __init__(self, app: ASGIApp, count: Callable[[str, str, int, float], None]) -> None:
        self._app, self._count = app, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._count(method, _route(scope), message["status"], time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, note)


def _route(scope: Scope) -> str:
    """Return the pattern of an address; routes don't know what their router is below."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "none"
    return f"/v1{path}" if scope["path"].startswith("/v1/") and not path.startswith("/v1") else str(path)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
