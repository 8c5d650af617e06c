"""Fits of a step: right where they were trained, and figures of fits that are known by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from pydantic import ValidationError

from outvoted.analysis.sweeps.noise_class import step_function
from outvoted.analysis.sweeps.noise_class.pictures import draw_step_function
from outvoted.analysis.sweeps.noise_class.step_function import (
    TRAINED,
    WHERE,
    StepFunction,
    Where,
    fits,
    fitted,
    samples,
    step,
)
from tests.analysis.mining.test_pictures import opened

SMALL = StepFunction(samples=1000, evaluations=30, seeds=(0, 1, 2, 3, 4, 5))

every_where = pytest.mark.parametrize("where", WHERE)


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return pd.DataFrame(pa.concat_tables(fits(SMALL)).to_pandas())


def test_the_step_is_0_up_to_a_half_then_1() -> None:
    assert step(np.array([0, 0.5, np.nextafter(0.5, 1), 1])).tolist() == [0, 0, 1, 1]


@every_where
def test_samples_are_spread_over_their_intervals_equally(where: Where) -> None:
    drawn = samples(where, 4000, np.random.default_rng(0))
    counts = [
        ((low + eighth * (high - low) / 8 <= drawn) & (drawn < low + (eighth + 1) * (high - low) / 8)).sum()
        for low, high in TRAINED[where]
        for eighth in range(8)
    ]
    assert sum(counts) == len(drawn) == 4000
    assert min(counts) > 0.8 * max(counts)
    halves = np.bincount(step(drawn).astype(int))
    assert halves == pytest.approx(2000, abs=0 if where == "ends" else 100)


def test_a_fit_follows_from_its_settings_set_and_seed() -> None:
    quick = StepFunction(
        evaluations=5
    )  # MINPACK's sums over few samples end in bits that hang on where they lie
    first = fitted(quick, "ends", 3)
    assert np.array_equal(fitted(quick, "ends", 3), first)
    assert not np.array_equal(fitted(quick, "ends", 4), first)
    assert not np.array_equal(fitted(quick, "middle", 3), first)


def test_slopes_are_those_of_the_network() -> None:
    rng = np.random.default_rng(0)
    weights, x = rng.normal(size=3 * 4 + 1), rng.uniform(-1, 1, 6)
    slopes = step_function._slopes(weights, x)
    for index, nudge in enumerate(1e-6 * np.eye(len(weights))):
        rise = step_function._output(weights + nudge, x) - step_function._output(weights - nudge, x)
        assert slopes[:, index] == pytest.approx(rise / 2e-6, abs=1e-7)


def test_first_transitions_are_spread_over_the_range_of_the_samples() -> None:
    weights = step_function._first_weights(10, np.random.default_rng(0))
    inner, bias = weights[:10], weights[10:20]
    assert np.sort(-bias / inner) == pytest.approx(np.linspace(-1, 1, 10))


def test_a_frame_has_every_place_of_every_fit(small: pd.DataFrame) -> None:
    assert list(small.columns) == ["where", "seed", "x", "fit"]
    assert small.groupby(["where", "seed"]).size().to_dict() == {
        (where, seed): 1001 for where in WHERE for seed in SMALL.seeds
    }
    assert sorted(small["x"].unique()) == pytest.approx(np.linspace(0, 1, 1001))


@every_where
def test_a_fit_is_right_where_it_was_trained(where: Where, small: pd.DataFrame) -> None:
    rows = small[small["where"] == where]
    x = rows["x"].to_numpy()
    inside = np.logical_or.reduce([(low <= x) & (x <= high) for low, high in TRAINED[where]])
    inside &= np.abs(x - 0.5) > 0.005
    wrong = np.abs(rows["fit"].to_numpy() - step(x))
    assert wrong[inside].mean() < 0.02
    assert wrong[~inside].max() > 0.2


def test_samples_at_the_ends_leave_the_step_anywhere(small: pd.DataFrame) -> None:
    near = small[small["x"].between(0.4, 0.6) & ((small["x"] - 0.5).abs() > 0.01)]
    error = (near["fit"] - step(near["x"].to_numpy())).abs().groupby(near["where"]).mean()
    assert error["middle"] < 0.02
    assert error["ends"] > 5 * error["middle"]


def test_a_line_is_drawn_for_each_fit(small: pd.DataFrame, tmp_path: Path, figures: list[Figure]) -> None:
    draw_step_function(small, tmp_path / "step.png")
    opened(tmp_path / "step.png")
    for axes, where in zip(figures[0].axes, WHERE, strict=True):
        *lines, dashed = axes.lines
        expected = [fit["fit"].to_numpy() for _, fit in small[small["where"] == where].groupby("seed")]
        assert np.array_equal([np.asarray(line.get_ydata()) for line in lines], expected)
        assert dashed.get_linestyle() == "--"
        assert len(axes.patches) == len(TRAINED[where])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seeds": ()}, "at least one value"),
        ({"seeds": (1, 1)}, "each once"),
        ({"samples": 101}, "multiple of 2"),
        ({"hidden": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StepFunction.model_validate(values)
