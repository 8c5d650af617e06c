"""Metrics reach whoever scrapes a machine, under names that are listed once, and stop no run."""

import re
import time
import urllib.request
from typing import Any

import numpy as np
import pytest
import ray

from outvoted.actors.runs import ray_metrics
from outvoted.actors.runs.metrics import METRICS
from outvoted.actors.runs.ray_metrics import Meter


def test_metrics_are_named_and_described_as_prometheus_wants_them() -> None:
    for name, metric in METRICS.items():
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", name)
        assert not name.endswith("_total")
        assert metric.says.endswith(".")
        assert bool(metric.buckets) == (metric.type == "histogram")
        assert list(metric.buckets) == sorted(metric.buckets)


def test_without_ray_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    meter = Meter("night", "mine")
    meter.add("searches", 3, outcome="mistake")
    meter.put("cells", 3)
    assert meter.refused is None


def test_numbers_of_any_kind_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    class Strict:
        def set(self, value: object, tags: dict[str, str]) -> None:
            assert type(value) is float
            told.append(value)

    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray_metrics, "_instrument", lambda metric: Strict())
    meter = Meter("night", "mine")
    numbers: list[Any] = [3, 3.0, np.int64(3), np.float32(3)]
    for number in numbers:
        meter.put("idle_seconds", number)
    assert told == [3.0] * 4
    assert meter.refused is None


def test_what_ray_refuses_is_the_last_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    class Refusing:
        def __getattr__(self, how: str) -> Any:
            def refuse(value: float, tags: dict[str, str]) -> None:
                told.append(how)
                raise ValueError("no")

            return refuse

    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray_metrics, "_instrument", lambda metric: Refusing())
    meter = Meter("night", "mine")
    meter.put("cells", 3)
    meter.put("cells", 2)
    assert told == ["set"]
    assert meter.refused == "ValueError: no"


@pytest.mark.ray
def test_every_metric_can_be_scraped_from_its_machine(local_ray: None) -> None:
    meter = Meter("night", "mine")
    for name, metric in METRICS.items():
        labels = dict.fromkeys(metric.labels, "x")
        tell: Any = {"counter": meter.add, "gauge": meter.put, "histogram": meter.observe}[metric.type]
        tell(name, 3, **labels)
    assert meter.refused is None
    node = ray.nodes()[0]
    page = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    missing, ends = set(METRICS), time.monotonic() + 60
    while missing and time.monotonic() < ends:
        time.sleep(1)
        with urllib.request.urlopen(page, timeout=10) as reply:
            text = reply.read().decode()
        missing = {name for name in missing if f"\n{METRICS[name].scraped}" not in text}
    assert not missing
    line = next(line for line in text.splitlines() if line.startswith(METRICS["restarts"].scraped))
    assert 'run="night"' in line
    assert 'kind="mine"' in line
    assert line.endswith(" 3.0")
