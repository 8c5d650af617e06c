"""What is measured of runs for Prometheus: the list that code, dashboard and alerts share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

COMMON = ("run", "kind")
"""Labels of every metric: the run's name, and the command that made it."""


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: as code names it.
        type: a counter only grows, a gauge is what it is, a histogram counts how often values were how large.
        says: what it is, in a sentence.
        labels: beside those that all have.
        unit: of its values, as Grafana calls it.
        buckets: upper bounds, of a histogram.
    """

    name: str
    type: Literal["counter", "gauge", "histogram"]
    says: str
    labels: tuple[str, ...] = ()
    unit: str = "short"
    buckets: tuple[float, ...] = ()

    @property
    def sent(self) -> str:
        """The name under which Ray is handed it."""
        return f"outvoted_{self.name}"

    @property
    def scraped(self) -> str:
        """The name under which Prometheus finds it: Ray puts its own before it, and says what is a total."""
        return f"ray_{self.sent}" + ("_total" if self.type == "counter" else "")


_ALL = (
    Metric("done", "gauge", "How much of a task is done.", ("task",)),
    Metric("planned", "gauge", "How much a task is in all; 0 where that is unknown.", ("task",)),
    Metric("idle_seconds", "gauge", "Time since anything was last done.", unit="s"),
    Metric("searches", "counter", "Searches recorded, by how they ended.", ("outcome",)),
    Metric("mistakes", "counter", "Verified mistakes recorded, by the network that makes them.", ("target",)),
    Metric("inferences", "counter", "Inferences that were run for recorded searches, and votes on images."),
    Metric("images", "counter", "Images that were scanned, by what the panel said of them.", ("outcome",)),
    Metric("dissents", "counter", "Scanned images on which one network dissents, by that one.", ("target",)),
    Metric("networks", "counter", "Networks that were trained, by how that ended.", ("outcome",)),
    Metric("trials", "counter", "Trials of a sweep, by how they ended.", ("outcome",)),
    Metric("tasks", "gauge", "Tasks that train, judge, heal or measure, by how they are.", ("state",)),
    Metric("waiting_searches", "gauge", "Searches that are not recorded yet."),
    Metric("leased_shards", "gauge", "Shards that cells are working on, or that wait to be recorded."),
    Metric("oldest_lease_seconds", "gauge", "Age of the shard that has been mined for longest.", unit="s"),
    Metric(
        "shard_seconds",
        "histogram",
        "Time that a cell took for a shard.",
        unit="s",
        buckets=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
    ),
    Metric("cells", "gauge", "Cells, by whether they are open or waiting for room.", ("state",)),
    Metric("restarts", "counter", "Cells and tasks that were lost, or ended because they hung."),
    Metric("repeated_shards", "counter", "Shards that were leased again."),
    Metric("errors", "counter", "Errors that did not end the run and were tried again.", ("place",)),
    Metric("disk_free_bytes", "gauge", "Free space where the run's folder lies.", unit="bytes"),
    Metric("disk_bytes", "gauge", "Size of the disk on which the run's folder lies.", unit="bytes"),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
"""By name."""
