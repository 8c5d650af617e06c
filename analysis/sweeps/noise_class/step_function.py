"""One function, two training sets, two answers: fits of a step (Fan & Yezzi, section 3.3, Fig. 5).

    f(x) = 0 for x <= 0.5, 1 for x > 0.5

A small network learns it from samples near the step, or from samples at both ends of the unit interval. Each
fit is all but perfect where it was trained and arbitrary elsewhere.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

import numpy as np
import pyarrow as pa
import scipy
from pydantic import Field

from outvoted.actors.runs.schema import ColumnSchema, TableSchema
from outvoted.search.arrays import Floats
from outvoted.search.settings import EACH_ONCE, Settings

Where = Literal["middle", "ends"]
"""The training sets: uniform in [0.4, 0.6], or half in [0, 0.1) and half in (0.9, 1)."""
WHERE: tuple[Where, ...] = get_args(Where)
TRAINED: dict[Where, tuple[tuple[float, float], ...]] = {
    "middle": ((0.4, 0.6),),
    "ends": ((0.0, 0.1), (0.9, 1.0)),
}
"""The intervals of each training set."""
STEP = 0.5
_GRID = np.linspace(0, 1, 1001)


class StepFunction(Settings):
    """How the step is fitted.

    One hidden layer of tanh units, a linear output, squared error, Levenberg-Marquardt, inputs scaled to
    [-1, 1] by the training set's range, Nguyen-Widrow initial weights: the defaults of MATLAB's ``fitnet``,
    except that no samples are held out for early stopping. The paper says only "default settings".
    """

    samples: Annotated[int, Field(ge=100, le=10**6, multiple_of=2)] = 40_000
    """Samples of the step, half of them on each side."""
    hidden: Annotated[int, Field(ge=1, le=30)] = 10
    """Units of the network's hidden layer."""
    evaluations: Annotated[int, Field(ge=1, le=1000)] = 40
    """How often the network may be evaluated on all samples."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**63)], ...], EACH_ONCE] = (0, 1, 2, 3, 4)
    """A fit for each, with its own samples and initial weights."""


def step(x: Floats) -> Floats:
    """Return f(x): 0 up to 0.5, then 1."""
    return np.asarray(x > STEP, np.float64)


def samples(where: Where, number: int, rng: np.random.Generator) -> Floats:
    """Draw training inputs, shape (number,), equally many in each interval."""
    intervals = TRAINED[where]
    parts = [rng.uniform(low, high, number // len(intervals)) for low, high in intervals]
    return np.concatenate(parts)


FITS = TableSchema(
    "step-function",
    "each of 1,001 places from 0 to 1 of each fit",
    ("where", "seed", "x"),
    (
        ColumnSchema("where", pa.string(), "the training set"),
        ColumnSchema("seed", pa.int64(), "of samples and first weights"),
        ColumnSchema("x", pa.float64(), "the place"),
        ColumnSchema("fit", pa.float64(), "the network's output"),
    ),
)


def fits(settings: StepFunction) -> Iterator[pa.Table]:
    """Fit one network after another; yield rows of FITS."""
    for where in WHERE:
        for seed in settings.seeds:
            fit = fitted(settings, where, seed)
            n = len(_GRID)
            yield FITS.table({"where": [where] * n, "seed": [seed] * n, "x": _GRID, "fit": fit})


def fitted(settings: StepFunction, where: Where, seed: int) -> Floats:
    """Return one fit's values at 1,001 places from 0 to 1; a pure function of its arguments."""
    rng = np.random.default_rng(seed)
    x = samples(where, settings.samples, rng)
    low, high = x.min(), x.max()

    def scaled(places: Floats) -> Floats:
        return np.asarray(2 * (places - low) / (high - low) - 1)

    inputs, wanted = scaled(x), step(x)
    found = scipy.optimize.least_squares(
        lambda weights: _output(weights, inputs) - wanted,
        _first_weights(settings.hidden, rng),
        lambda weights: _slopes(weights, inputs),
        method="lm",
        max_nfev=settings.evaluations,
    )
    return _output(found.x, scaled(_GRID))


def _first_weights(hidden: int, rng: np.random.Generator) -> Floats:
    """Spread the units' transitions evenly over -1 ... 1 (Nguyen & Widrow, 1990, for one input)."""
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
