"""Dashboard and alerts speak of metrics that exist, all of them; the files beside the code are up to date."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from outvoted.actors.runs.metrics import METRICS
from outvoted.cluster.command_line.alerts import ALERTS, alerts
from outvoted.cluster.command_line.dashboard import dashboard
from outvoted.cluster.command_line.promql import promql

ROOT = Path(__file__).parents[3]
DEPLOYED = ROOT / "cluster" / "deploy" / "grafana"


def graphs() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(dashboard())["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    shown = [target["expr"] for panel in graphs() for target in panel["targets"]]
    return shown + [rule["expr"] for rule in yaml.safe_load(alerts())["groups"][0]["rules"]]


def test_expressions_name_metrics_that_exist_and_labels_that_these_have() -> None:
    by_name = {metric.scraped: metric for metric in METRICS.values()}
    for expression in expressions():
        assert "<" not in re.sub(r" < ", "", expression)
        mentioned = re.findall(r"(ray_outvoted_\w+)", expression)
        assert mentioned
        for name in mentioned:
            assert name.removesuffix("_bucket") in by_name, name
        labels = {label for name in mentioned for label in by_name[name.removesuffix("_bucket")].labels}
        for group in re.findall(r"by \(([^)]*)\)", expression):
            assert set(group.split(", ")) <= labels | {"run", "kind", "le"}, expression


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(target["expr"] for panel in graphs() for target in panel["targets"])
    assert {name for name, metric in METRICS.items() if metric.scraped not in shown} == set()


def test_legends_name_labels_that_the_expression_keeps() -> None:
    for panel in graphs():
        for target in panel["targets"]:
            kept = set(", ".join(re.findall(r"by \(([^)]*)\)", target["expr"])).split(", "))
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= kept


def test_brackets_of_expressions_close() -> None:
    for expression in expressions():
        for opening, closing in ("()", "[]", "{}"):
            assert expression.count(opening) == expression.count(closing)


def test_graphs_choose_by_run_and_data_source_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in graphs():
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["description"].endswith(".")
        for target in panel["targets"]:
            assert target["expr"].count('run=~"$run"') == len(re.findall("ray_outvoted_", target["expr"]))
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        assert max(x for x, _ in cells) < 24
        taken |= cells
    numbers = [panel["id"] for panel in json.loads(dashboard())["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(KeyError):
        promql("sum(<mistakez>)")


def test_alerts_say_of_which_run_and_how_urgent() -> None:
    for rule in yaml.safe_load(alerts())["groups"][0]["rules"]:
        assert "$labels.run" in rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        assert "by (run)" in rule["expr"]


def test_the_page_on_watching_lists_every_metric_and_every_alert() -> None:
    page = (ROOT / "docs" / "watching.md").read_text("utf-8")
    for metric in METRICS.values():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metric.scraped.removeprefix('ray_outvoted_')}` | {labels} | {metric.says} |" in page
    assert set(re.findall(r"`(Outvoted\w+)`", page)) == {alert.name for alert in ALERTS}


@pytest.mark.parametrize(
    ("file", "made"), [("outvoted.json", dashboard), ("outvoted-alerts.yaml", alerts)], ids=["page", "alerts"]
)
def test_the_files_that_are_deployed_are_those_that_are_made(file: str, made: Any) -> None:
    """After a change: make pages."""
    assert (DEPLOYED / file).read_text("utf-8") == made()
