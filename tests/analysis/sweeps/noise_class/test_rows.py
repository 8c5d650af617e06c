"""Tables 2 and 3 from sweeps whose figures are made up, against means worked out by hand."""

import io
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.noise_class.report import (
    noise_rows,
    noise_table,
    selection_rows,
    selection_table,
    whole_row,
)
from outvoted.analysis.sweeps.noise_class.results import Published, published, results
from tests.analysis.sweeps.noise_class.conftest import made_up

EXPERIMENT: dict[str, Any] = {
    "fractions": [0.5, 0.25],
    "beside": {"noise": {"kind": "uniform"}, "number": 5},
    "noises": [{"noise": {"kind": "solid"}, "number": 1}],
}


def figures(unit: Unit) -> dict[str, float] | None:
    """Accuracies 0.5, 0.6, 0.7 by seed; noise adds 0.02 times the seed; hc+ls 0.25 loses a network."""
    noise = dict(unit.setting.values)["noise"] != "none"
    if unit.name == "hc+ls-0.25.seed-2":
        return None
    return {
        "test_accuracy": 0.5 + 0.1 * unit.seed + (0.02 * unit.seed if noise else 0),
        "correct_confidence": 0.8,
        "wrong_confidence": float("nan") if unit.seed == 0 else 0.4 + 0.1 * unit.seed,
        "wrong_truth": 0.1,
        "noise": 2.0 * unit.seed if noise else float("nan"),
    }


def test_results_are_read_from_a_sweeps_folder(sweep: Any) -> None:
    read, made = results(sweep(EXPERIMENT, [0, 2], figures)), made_up(EXPERIMENT, [0, 2], figures)
    assert read.experiment == made.experiment
    pd.testing.assert_frame_equal(read.frame, made.frame)


def test_a_row_holds_means_and_the_sample_deviation() -> None:
    row = whole_row(made_up(EXPERIMENT, [0, 1, 2], figures))
    assert (row.setting, row.networks) == ("all", 3)
    assert row.test_accuracy == pytest.approx(0.6)
    assert row.accuracy_std == pytest.approx(0.1)
    assert row.wrong_confidence == pytest.approx(0.55)  # the first network's is not a number
    assert row.noise is None
    assert row.gain is None


def test_rows_come_in_the_papers_order() -> None:
    found = made_up(EXPERIMENT, [0, 1], figures)
    wanted = [(f, c) for f in (0.25, 0.5) for c in ("lc+ls", "lc+hs", "hc+ls", "hc+hs")]
    assert [(row.fraction, row.criteria) for row in selection_rows(found, False)] == wanted
    assert [(row.fraction, row.criteria) for row in selection_rows(found, True)] == wanted


def test_what_noise_adds_is_paired_by_seed() -> None:
    found = made_up(EXPERIMENT, [0, 1, 2], figures)
    by_name = {row.setting: row for row in selection_rows(found, True)}
    whole, cut = by_name["lc+ls-0.25+uniform-0-255-x5"], by_name["hc+ls-0.25+uniform-0-255-x5"]
    assert whole.gain is not None
    assert whole.gain.effect == pytest.approx(0.02)
    assert whole.noise == pytest.approx(2)
    assert cut.networks == 3
    assert cut.gain is not None
    assert cut.gain.effect == pytest.approx(0.01)  # seeds 0 and 1 alone: the third is missing without noise
    (solid,) = noise_rows(found)
    assert (solid.setting, solid.added) == ("all+solid-x1", True)
    assert solid.gain is not None
    assert solid.gain.effect == pytest.approx(0.02)


def test_a_single_seed_has_no_deviation_and_no_interval() -> None:
    (row, *_) = selection_rows(made_up(EXPERIMENT, [1], figures), True)
    assert row.accuracy_std is None
    assert row.gain is not None
    assert row.gain.effect == pytest.approx(0.02)
    assert (row.gain.low, row.gain.high) == (None, None)


def test_a_setting_without_networks_is_a_row_of_nothing() -> None:
    found = made_up(EXPERIMENT, [0, 1], lambda unit: None)
    row = selection_rows(found, True)[0]
    assert (row.networks, row.test_accuracy, row.accuracy_std, row.noise) == (0, None, None, None)
    assert row.gain is not None
    assert row.gain.effect is None


def test_the_papers_tables_are_whole() -> None:
    assert published("lc+hs", 0.8, False) == Published(0.6412, 0.0108, 0.6099, 0.4606, 0.2009)
    found = published("hc+ls", 0.25, True)
    assert found is not None
    assert found.test_accuracy == pytest.approx(0.5527)
    assert found.noise == 5.36
    assert published("hc+ls", 0.8, True) is None
    assert published("hc+ls", 0.6, False) is None


def test_tables_fit_a_terminal_and_name_what_is_missing() -> None:
    found = made_up(EXPERIMENT, [0, 1, 2], figures)
    baseline, text = whole_row(found), io.StringIO()
    console = Console(file=text, width=80)
    console.print(selection_table(selection_rows(found, False), baseline, "table 2", 3))
    console.print(selection_table(selection_rows(found, True), baseline, "table 3", 3))
    console.print(noise_table(noise_rows(found), baseline, 3))
    drawn = text.getvalue()
    assert "hc+ls 0.25 (2)" in drawn
    assert "+2.0 ± 5.0" in drawn  # t(0.975, 2) × 2 % over the root of 3
    assert "…" not in drawn
