"""Metrics handed to Ray, which offers them to Prometheus on every machine of a cluster.

Handing over is adding a number in this process. Ray's agent collects the numbers every ten seconds, whether
or not anyone asks the agent for them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import ray
from ray.util.metrics import Counter, Gauge, Histogram

from outvoted.actors.runs.metrics import COMMON, METRICS, Metric


class Meter:
    """Counts and measures one run. The first thing that Ray refuses is the last it is told: the run goes on.

    Attributes:
        refused: what Ray said then; None as long as it takes everything.
    """

    def __init__(self, run: str, kind: str) -> None:
        """Take the run's name and the name of its kind, which label everything."""
        self._labels = {"run": run, "kind": kind}
        self.refused: str | None = None

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        if amount > 0:  # Ray takes no 0
            self._tell(name, "inc", amount, labels)

    def put(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._tell(name, "set", value, labels)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add a value to a histogram."""
        self._tell(name, "observe", value, labels)

    def _tell(self, name: str, how: str, value: float, labels: dict[str, str]) -> None:
        if self.refused is not None or not ray.is_initialized():
            return
        try:
            getattr(_instrument(METRICS[name]), how)(float(value), tags={**self._labels, **labels})
        except Exception as error:  # of any class: it is Ray's matter, and only for who watches
            self.refused = f"{type(error).__name__}: {error}"


_of_run: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Have :func:`run_meter` return a run's meter within the block."""
    token = _of_run.set(meter)
    try:
        yield
    finally:
        _of_run.reset(token)


def run_meter() -> Meter:
    """Return what counts the run that this process makes; outside of one, what counts nothing."""
    return _of_run.get() or _Mute("", "")


class _Mute(Meter):
    """Counts nothing."""

    def _tell(self, name: str, how: str, value: float, labels: dict[str, str]) -> None:
        """Do nothing."""


@cache
def _instrument(metric: Metric) -> Any:
    """Return Ray's own of a metric; a process has one of each."""
    labels = (*COMMON, *metric.labels)
    if metric.type == "histogram":
        return Histogram(metric.sent, metric.says, list(metric.buckets), labels)
    return {"counter": Counter, "gauge": Gauge}[metric.type](metric.sent, metric.says, labels)
