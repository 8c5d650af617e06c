"""The documentation's tables of measures are those of the registry."""

from pathlib import Path

import pytest

from outvoted.analysis.tuning.measures import KINDS, AnyMeasure, measured_kind, measures_of

PAGE = Path(__file__).parents[3] / "docs" / "sweeps.md"


def row(one: AnyMeasure) -> str:
    """Return a line of a table."""
    title = "" if one.title == one.name.replace("_", " ") else f"{one.title}: "
    note = "" if one.reproducible else "; not the same on another machine"
    interval = {"binomial": "Wilson's", None: "–"}.get(one.interval, f"over {one.over}")
    early = "yes" if one.early else "no"
    return f"| `{one.name}` | {title}{one.meaning}{note} | {one.goal} | {interval} | {early} |"


def table(kind: str) -> str:
    """Return the table of a kind of run as it stands in the page."""
    head = ["| measure | what it is | usual goal | 95 % interval | known early |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(row, measures_of(kind).values())]) + "\n"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if measured_kind(kind).of_part is None])
def test_the_page_has_every_measure(kind: str) -> None:
    assert f"\n{table(kind)}" in PAGE.read_text(), f"put this into {PAGE}:\n{table(kind)}"
