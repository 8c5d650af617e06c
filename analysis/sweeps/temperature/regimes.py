"""The three regimes of a sigmoid unit: linear, nonlinear, saturated (Bečková et al., Sect. 3.1 and Fig. 2).

For f(net) = 1 / (1 + exp(-net / T)) (Eq. 1), with u = net / T. Both bounds are for net > 0, by symmetry.
"""

import math
from collections.abc import Sequence

import torch

from outvoted.search.errors import OutvotedError

LINEAR_DELTA = 0.05
"""The paper's threshold for the distance from the tangent."""
SATURATED_DELTA = 0.0005
"""The paper's threshold for the derivative."""


def linear_bound(temperature: float, delta: float = LINEAR_DELTA) -> float:
    """Return r1 > 0, up to which (net, f(net)) is within a distance of the tangent at 0.

    The tangent is y = 1/2 + net / (4 T). A point is (u/2 - tanh(u/2)) / 2 below it, which grows with u; its
    Euclidean distance is that over sqrt(1 + 1 / (4 T)^2). Bisected down to neighbouring floats.

    Args:
        temperature: T > 0.
        delta: the distance, > 0, in the units of the plane (net, f(net)).

    Raises:
        OutvotedError: either is not a finite number above 0.
    """
    _check(temperature, delta)
    gap = delta * math.hypot(1, 1 / (4 * temperature))
    low, high = 4 * gap, 4 * gap + 2  # for tanh lies between 0 and 1
    while low < (middle := (low + high) / 2) < high:
        if (middle / 2 - math.tanh(middle / 2)) / 2 <= gap:
            low = middle
        else:
            high = middle
    return temperature * low


def saturated_bound(temperature: float, delta: float = SATURATED_DELTA) -> float:
    """Return r2 >= 0, up to which the derivative f' = f (1 - f) / T is above a threshold.

    f (1 - f) = delta T is a quadratic equation. If even f'(0) = 1 / (4 T) is not above delta, every
    pre-activation is saturated, and r2 is 0.

    Args:
        temperature: T > 0.
        delta: the threshold, > 0.

    Raises:
        OutvotedError: either is not a finite number above 0.
    """
    _check(temperature, delta)
    level = 4 * delta * temperature
    if level >= 1:
        return 0.0
    return temperature * (2 * math.log1p(math.sqrt(1 - level)) - math.log(level))


def counts(nets: torch.Tensor, temperatures: Sequence[float]) -> torch.Tensor:
    """Count pre-activations by regime; counts of batches add up.

    A value is saturated if |net| >= r2, else linear if |net| <= r1, else nonlinear. The paper's L and S
    overlap where r2 <= r1 (from T = 313): saturated takes precedence, and nothing is nonlinear. NaN is not
    counted.

    Args:
        nets: the inputs of sigmoid units, shape (n, b, units).
        temperatures: n values T > 0, one for each network.

    Returns:
        int64, shape (n, 3): linear, nonlinear, saturated.

    Raises:
        OutvotedError: there are more or fewer temperatures than networks, or one is not above 0.
    """
    if len(temperatures) != len(nets):
        raise OutvotedError(
            f"one temperature for each of {len(nets)} networks",
            f"{len(temperatures)} temperatures",
            "give as many temperatures as there are networks in the stack",
        )
    size = nets.abs()
    r1 = _column([linear_bound(temperature) for temperature in temperatures], nets)
    r2 = _column([saturated_bound(temperature) for temperature in temperatures], nets)
    unsaturated = size < r2
    alive = unsaturated.sum((1, 2))
    linear = (unsaturated & (size <= r1)).sum((1, 2))
    return torch.stack([linear, alive - linear, (size >= r2).sum((1, 2))], 1)


def fractions(counted: torch.Tensor) -> torch.Tensor:
    """Turn counts (n, 3) into shares, float64 (n, 3), that sum to 1; NaN if all are 0."""
    return counted.double() / counted.sum(1, keepdim=True)


def _column(values: list[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(-1, 1, 1)


def _check(temperature: float, delta: float) -> None:
    for name, value in (("temperature", temperature), ("threshold", delta)):
        if not 0 < value < math.inf:
            raise OutvotedError(f"a {name} above 0", f"{value}", f"choose a finite {name} above 0")
