"""Fits of a step: right where they were trained, and figures of fits that are known by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
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
    spread_over_seeds,
    step,
    transitions,
)
from outvoted.search.arrays import Floats
from tests.analysis.mining.test_pictures import opened

SMALL = StepFunction(samples=1000, evaluations=30, seeds=(0, 1, 2, 3, 4, 5))

every_where = pytest.mark.parametrize("where", WHERE)


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return pd.concat(fits(SMALL), ignore_index=True)


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
    quick = StepFunction(samples=200, evaluations=5)
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
    found = spread(small)
    assert abs(found["middle"]["crossing_mean"] - 0.5) < 0.005
    assert found["ends"]["crossing_std"] > 10 * found["middle"]["crossing_std"]
    assert found["ends"]["width_mean"] > 5 * found["middle"]["width_mean"]


def spread(fits: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The rows by their training set."""
    rows: list[Any] = spread_over_seeds(fits).to_dict("records")
    return {row.pop("where"): row for row in rows}


def frame(*shapes: Floats, where: str = "middle") -> pd.DataFrame:
    """Fits of these values, at evenly spread places."""
    return pd.concat(
        pd.DataFrame({"where": where, "seed": seed, "x": np.linspace(0, 1, len(fit)), "fit": fit})
        for seed, fit in enumerate(shapes)
    )


X = np.linspace(0, 1, 101)


def test_transitions_by_hand() -> None:
    ramp = np.clip((X - 0.2) / 0.4, 0, 1)  # from 0 at 0.2 to 1 at 0.6
    bump = np.interp(X, [0, 0.1, 0.2, 0.7, 0.8, 1], [0, 0, 1, 1, 0, 0])
    found = transitions(frame(ramp, bump, step(X), np.full(101, 0.3)))
    assert found["crossing"].tolist() == pytest.approx([0.4, 0.15, 0.505, np.nan], nan_ok=True)
    assert found["width"].tolist() == pytest.approx([0.32, 0.08, 0.008, np.nan], nan_ok=True)
    assert found["crossings"].tolist() == [1, 2, 1, 0]
    assert found["error"][2:].tolist() == pytest.approx([0, (51 * 0.3 + 50 * 0.7) / 101])
    assert found["error"][0] == pytest.approx(np.abs(ramp - step(X)).mean())


def test_a_rise_that_does_not_end_has_no_width() -> None:
    half = np.interp(X, [0, 0.4, 0.6, 1], [0, 0, 0.8, 0.8])
    late = np.interp(X, [0, 0.4, 0.6, 1], [0.2, 0.2, 1, 1])
    found = transitions(frame(half, late))
    assert found["crossing"].notna().all()
    assert found["width"].isna().all()


def test_spread_by_hand() -> None:
    ramps = [np.clip((X - start) / 0.2, 0, 1) for start in (0.2, 0.4)]
    both = pd.concat([frame(*ramps), frame(ramps[1], where="ends")])
    found = spread(both)
    assert found["middle"]["crossing_mean"] == pytest.approx(0.4)
    assert found["middle"]["crossing_std"] == pytest.approx(0.2 / 2**0.5)
    assert found["middle"]["width_mean"] == pytest.approx(0.16)
    assert found["middle"]["apart"] == pytest.approx(1 / 2**0.5)
    assert found["ends"]["crossing_mean"] == pytest.approx(0.5)
    assert np.isnan(found["ends"]["apart"])


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
        ({"seeds": ()}, "at least one seed"),
        ({"seeds": (1, 1)}, "each once"),
        ({"samples": 101}, "multiple of 2"),
        ({"hidden": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StepFunction.model_validate(values)
