"""`outvoted dashboard`: Grafana's page of runs, made from the list of metrics."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outvoted.cluster.command_line.promql import promql

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_BESIDE, _WIDTH, _HEIGHT = 3, 8, 8  # panels in a line; their size on Grafana's grid, 24 wide


@dataclass(frozen=True)
class Graph:
    """A graph.

    Attributes:
        says: what one sees, in a sentence.
        lines: expressions by their legends.
        unit: of the values, as Grafana calls it.
        most: where the axis ends; as far as values go, if None.
    """

    title: str
    says: str
    lines: Mapping[str, str]
    unit: str = "short"
    most: float | None = None


def _rate(metric: str, by: str = "run") -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def _recent(metric: str, by: str = "run") -> str:
    return f"sum by ({by}) (increase({metric}[10m]))"


def _slowest(share: float) -> str:
    return f"histogram_quantile({share}, {_rate('<shard_seconds_bucket>', 'run, le')})"


_DONE = "max by (run, task) (<done>) / (max by (run, task) (<planned>) > 0)"
_ENDED, _FOUND, _FAILED = _rate("<searches>"), _rate("<mistakes>"), _rate('<searches|outcome="failed">')
_FREE = "min by (run) (<disk_free_bytes> / <disk_bytes>)"

ROWS: Mapping[str, Sequence[Graph]] = {
    "How far, how fast": (
        Graph("Progress", "Of each task of a run.", {"{{run}}: {{task}}": _DONE}, "percentunit", 1),
        Graph(
            "Searches per second",
            "Recorded ones, by how they ended.",
            {"{{run}}: {{outcome}}": _rate("<searches>", "run, outcome")},
        ),
        Graph(
            "Mistakes per minute",
            "Verified ones, by the network that makes them.",
            {"{{run}}: {{target}}": f"60 * {_rate('<mistakes>', 'run, target')}"},
        ),
        Graph(
            "Inferences per second",
            "All that were run for a search, and votes of studies.",
            {"{{run}}": _rate("<inferences>")},
        ),
        Graph(
            "Share of searches that find a mistake",
            "Of those recorded lately.",
            {"{{run}}": f"{_FOUND} / {_ENDED}"},
            "percentunit",
            1,
        ),
        Graph(
            "Share of searches that fail",
            "Of those recorded lately. Anything but 0 deserves a look at the column `reason`.",
            {"{{run}}": f"{_FAILED} / {_ENDED}"},
            "percentunit",
            1,
        ),
    ),
    "Scans, training, trials": (
        Graph(
            "Images per second",
            "Of a scan, by what the panel said of them.",
            {"{{run}}: {{outcome}}": _rate("<images>", "run, outcome")},
        ),
        Graph(
            "Dissents per minute",
            "Of a scan, by the network that dissents.",
            {"{{run}}: {{target}}": f"60 * {_rate('<dissents>', 'run, target')}"},
        ),
        Graph(
            "Networks trained",
            "Within ten minutes, by how that ended.",
            {"{{run}}: {{outcome}}": _recent("<networks>", "run, outcome")},
        ),
        Graph(
            "Trials",
            "Of a sweep, that ended within ten minutes.",
            {"{{run}}: {{outcome}}": _recent("<trials>", "run, outcome")},
        ),
        Graph(
            "Tasks",
            "That train, judge, heal or measure, and those that wait for room.",
            {"{{run}}: {{state}}": "max by (run, state) (<tasks>)"},
        ),
    ),
    "Work and workers": (
        Graph(
            "Cells",
            "At work, and waiting for room or being opened.",
            {"{{run}}: {{state}}": "max by (run, state) (<cells>)"},
        ),
        Graph("Shards leased", "That are not recorded yet.", {"{{run}}": "max by (run) (<leased_shards>)"}),
        Graph(
            "Queue", "Searches that are not recorded yet.", {"{{run}}": "max by (run) (<waiting_searches>)"}
        ),
        Graph(
            "Time for a shard",
            "In a cell: half of them, and all but one in twenty, are quicker.",
            {"{{run}}: 50 %": _slowest(0.5), "{{run}}: 95 %": _slowest(0.95)},
            "s",
        ),
        Graph(
            "Oldest lease",
            "A line that climbs without an end is a cell that hangs.",
            {"{{run}}": "max by (run) (<oldest_lease_seconds>)"},
            "s",
        ),
        Graph(
            "Time since anything was done",
            "Of the run as a whole; training a large network shows nothing for an epoch.",
            {"{{run}}": "max by (run) (<idle_seconds>)"},
            "s",
        ),
        Graph(
            "Lost cells and tasks",
            "Within ten minutes; each is begun again where there is room.",
            {"{{run}}": _recent("<restarts>")},
        ),
        Graph(
            "Shards leased again",
            "Within ten minutes: of lost cells, and of cells that were late.",
            {"{{run}}": _recent("<repeated_shards>")},
        ),
    ),
    "Storage and network": (
        Graph(
            "Errors",
            "That did not end the run and were tried again, within ten minutes.",
            {"{{run}}: {{place}}": _recent("<errors>", "run, place")},
        ),
        Graph("Free disk", "Where the run's folder lies.", {"{{run}}": _FREE}, "percentunit", 1),
    ),
}


def dashboard() -> str:
    """Return the page as JSON, which Grafana imports as it is."""
    page = {
        "title": "Outvoted",
        "uid": "outvoted",
        "description": "Runs of Outvoted, from the metrics that Ray exports.",
        "tags": ["outvoted"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [_datasource(), _runs()]},
        "panels": list(_panels()),
    }
    return json.dumps(page, indent=1) + "\n"


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _runs() -> dict[str, Any]:
    query = f"label_values({promql('<done>')}, run)"
    return {
        "name": "run",
        "label": "Run",
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "runs"},
        "refresh": 2,  # whenever the time range changes
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for title, row in ROWS.items():
        number += 1
        place = {"x": 0, "y": top, "w": _BESIDE * _WIDTH, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        top += 1
        for index, panel in enumerate(row):
            line, column = divmod(index, _BESIDE)
            place = {"x": column * _WIDTH, "y": top + line * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            number += 1
            yield {"id": number, "gridPos": place, **_graph(panel)}
        top += -(-len(row) // _BESIDE) * _HEIGHT


def _graph(panel: Graph) -> dict[str, Any]:
    axis = {"unit": panel.unit, "min": 0} | ({} if panel.most is None else {"max": panel.most})
    custom = {"fillOpacity": 8, "lineWidth": 2, "spanNulls": True}
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {**axis, "custom": custom}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": promql(expression, 'run=~"$run"'),
                "legendFormat": legend,
            }
            for index, (legend, expression) in enumerate(panel.lines.items())
        ],
    }
