"""One function, two training sets, two answers: fits of a step (Fan & Yezzi, section 3.3, Fig. 5).

    f(x) = 0 for x <= 0.5, 1 for x > 0.5

A small network learns it from samples near the step, or from samples at both ends of the unit interval. Each
fit is as good as perfect where it was trained and does what it likes elsewhere.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import Field, field_validator
from scipy.optimize import least_squares

from outvoted.search.arrays import Floats
from outvoted.search.settings import Settings

Where = Literal["middle", "ends"]
"""The training sets: uniform in [0.4, 0.6], or in [0, 0.1) and (0.9, 1), half of the samples in each."""
WHERE: tuple[Where, ...] = get_args(Where)
TRAINED: dict[Where, tuple[tuple[float, float], ...]] = {
    "middle": ((0.4, 0.6),),
    "ends": ((0.0, 0.1), (0.9, 1.0)),
}
"""The intervals of each training set."""
STEP = 0.5
_GRID = np.linspace(0, 1, 1001)
_LOW, _HIGH = 0.1, 0.9


class StepFunction(Settings):
    """How the step is fitted.

    One hidden layer of tanh units and a linear output, squared error, Levenberg-Marquardt, inputs mapped to
    -1 ... 1 by the training set's range, first weights as Nguyen & Widrow draw them: the defaults of MATLAB's
    ``fitnet``, but that no samples are held out to stop early. The paper says only "default settings".
    """

    samples: Annotated[int, Field(ge=100, le=10**6, multiple_of=2)] = 40_000
    hidden: Annotated[int, Field(ge=1, le=30)] = 10
    evaluations: Annotated[int, Field(ge=1, le=1000)] = 40
    """How often the network may be evaluated on all samples."""
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**63)], ...] = (0, 1, 2, 3, 4)
    """A fit for each, with samples and first weights of its own."""

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError("the step needs at least one seed, each once")
        return seeds


def step(x: Floats) -> Floats:
    """Return f(x): 0 up to 0.5, then 1."""
    return np.asarray(x > STEP, np.float64)


def samples(where: Where, number: int, rng: np.random.Generator) -> Floats:
    """Draw training inputs, shape (number,), as many in each interval."""
    intervals = TRAINED[where]
    parts = [rng.uniform(low, high, number // len(intervals)) for low, high in intervals]
    return np.concatenate(parts)


def fits(settings: StepFunction) -> Iterator[pd.DataFrame]:
    """Fit one network after the other; join the frames with ``pd.concat``.

    Each has the columns ``where``, ``seed``, ``x`` (1,001 places from 0 to 1) and ``fit``.
    """
    for where in WHERE:
        for seed in settings.seeds:
            fit = fitted(settings, where, seed)
            yield pd.DataFrame({"where": where, "seed": seed, "x": _GRID, "fit": fit})


def fitted(settings: StepFunction, where: Where, seed: int) -> Floats:
    """Return one fit's values at 1,001 places from 0 to 1; a pure function of its arguments."""
    rng = np.random.default_rng(seed)
    x = samples(where, settings.samples, rng)
    low, high = x.min(), x.max()

    def scaled(places: Floats) -> Floats:
        return np.asarray(2 * (places - low) / (high - low) - 1)

    inputs, wanted = scaled(x), step(x)
    found = least_squares(
        lambda weights: _output(weights, inputs) - wanted,
        _first_weights(settings.hidden, rng),
        lambda weights: _slopes(weights, inputs),
        method="lm",
        max_nfev=settings.evaluations,
    )
    return _output(found.x, scaled(_GRID))


def _first_weights(hidden: int, rng: np.random.Generator) -> Floats:
    """Spread the units' transitions evenly over -1 ... 1 (Nguyen & Widrow, 1990, one input)."""
    steepness = 0.7 * hidden * rng.choice([-1.0, 1.0], hidden)
    output = rng.uniform(-1, 1, hidden + 1)
    return np.concatenate([steepness, steepness * np.linspace(-1, 1, hidden), output])


def _output(weights: Floats, x: Floats) -> Floats:
    inner, bias, outer = np.split(weights[:-1], 3)
    return np.asarray(np.tanh(np.outer(x, inner) + bias) @ outer + weights[-1])


def _slopes(weights: Floats, x: Floats) -> Floats:
    """Return the outputs' derivatives by all weights, shape (len(x), len(weights))."""
    inner, bias, outer = np.split(weights[:-1], 3)
    units = np.tanh(np.outer(x, inner) + bias)
    before = (1 - units**2) * outer
    return np.column_stack([before * x[:, None], before, units, np.ones(len(x))])


def transitions(fits: pd.DataFrame) -> pd.DataFrame:
    """Return what distinguishes the fits, one row for each ``where`` and ``seed``.

    Columns: ``crossing``, the first place where the fit rises to 0.5; ``width`` of its rise from 0.1 to 0.9
    there; ``crossings``, how often it passes 0.5 either way; ``error``, its mean distance from the step over
    0 to 1. NaN where the fit never does so.
    """
    rows = [
        {"where": where, "seed": seed, **_transition(rows["x"].to_numpy(), rows["fit"].to_numpy())}
        for (where, seed), rows in fits.groupby(["where", "seed"], sort=False)
    ]
    return pd.DataFrame(rows)


def _transition(x: Floats, fit: Floats) -> dict[str, float]:
    middle = _rises(x, fit, STEP)
    crossing = middle[0] if len(middle) else np.nan
    starts, ends = _rises(x, fit, _LOW), _rises(x, fit, _HIGH)
    before, after = starts[starts <= crossing], ends[ends >= crossing]
    width = after[0] - before[-1] if len(before) and len(after) else np.nan
    crossings = int(np.count_nonzero(np.diff(fit >= STEP)))
    return {
        "crossing": float(crossing),
        "width": float(width),
        "crossings": crossings,
        "error": float(np.abs(fit - step(x)).mean()),
    }


def _rises(x: Floats, fit: Floats, level: float) -> Floats:
    """Return the places where a fit rises to a level, between neighbours on the grid by a straight line."""
    left = np.flatnonzero((fit[:-1] < level) & (fit[1:] >= level))
    share = (level - fit[left]) / (fit[left + 1] - fit[left])
    return np.asarray(x[left] + share * (x[left + 1] - x[left]))


def spread_over_seeds(fits: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each ``where``: means and sample standard deviations of the figures over seeds.

    Columns: ``crossing_mean``, ``crossing_std`` and so on, and ``apart``: the standard deviation of the fits
    at the place where they differ most. Standard deviations of one seed are NaN.
    """
    figures = transitions(fits).drop(columns="seed").groupby("where", sort=False).agg(["mean", "std"])
    figures.columns = pd.Index(["_".join(pair) for pair in figures.columns.to_list()])
    deviation = fits.groupby(["where", "x"], sort=False)["fit"].std()
    return figures.assign(apart=deviation.groupby("where").max()).reset_index()
