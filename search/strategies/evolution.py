"""An evolution strategy with covariance adaptation: separable CMA-ES, batched over searches."""

from typing import Annotated, ClassVar, Literal

import numpy as np
import scipy
from pydantic import Field

from outvoted.search.arrays import AnyArray, Floats, Ints
from outvoted.search.strategies.base import Acceptance, Memory
from outvoted.search.strategies.generational import (
    UNTIL_A_MISTAKE,
    Generation,
    Generational,
    chosen,
    ranked,
)
from outvoted.search.transforms import Transform


class EvolutionStrategy(Generational):
    """sep-CMA-ES: CMA-ES with a diagonal covariance matrix.

    Ros & Hansen, "A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity" (PPSN 2008),
    section 2, with CMA-ES's logarithmic weights and learning rates; step sizes are shares of the knobs'
    range. Candidates beyond the range are put on its edge before they are learnt from.
    """

    kind: Literal["evolution"] = "evolution"
    acceptance: ClassVar[Acceptance] = UNTIL_A_MISTAKE
    sigma: Annotated[float, Field(gt=0, le=1)] = 0.3
    """The first step size."""

    def draws(self, transform: Transform) -> int:
        """One normal for each knob."""
        return transform.knobs

    def start(self, transform: Transform, n: int) -> Memory:
        """Start at the seed with a round distribution."""
        k = transform.knobs
        return {
            "mean": np.tile(np.array(transform.home), (n, 1)),
            "sigma": np.full((n, 1), self.sigma),
            "variance": np.ones((n, k)),
            "path": np.zeros((n, k)),
            "sigma_path": np.zeros((n, k)),
            "generation": np.zeros((n, 1)),
        }

    def breed(self, transform: Transform, memory: Memory, search: Ints, uniform: Floats) -> Floats:
        """Draw from the normal distribution about the mean."""
        width = memory["sigma"][search] * np.sqrt(memory["variance"][search])
        return np.asarray(memory["mean"][search] + width * scipy.special.ndtri(uniform))

    def evolve(self, transform: Transform, memory: Memory, generation: Generation) -> dict[str, AnyArray]:
        """Move mean, paths, variances and step size; a generation without a fit candidate teaches nothing."""
        k, weights = transform.knobs, self._weights()
        effective = 1 / float((weights**2).sum())
        order = ranked(generation.fitness)[:, : len(weights)]
        fit = np.isfinite(np.take_along_axis(generation.fitness, order[:, :1], axis=1))
        steps = (chosen(generation.knobs, order) - memory["mean"][:, None]) / memory["sigma"][:, None]
        step = _mixed(steps, weights)
        spread = np.sqrt(memory["variance"])
        learn_sigma = (effective + 2) / (k + effective + 3)
        damping = 1 + 2 * max(0.0, ((effective - 1) / (k + 1)) ** 0.5 - 1) + learn_sigma
        sigma_path = (1 - learn_sigma) * memory["sigma_path"]
        sigma_path += (learn_sigma * (2 - learn_sigma) * effective) ** 0.5 * step / spread
        length = np.sqrt(_squares(sigma_path))[:, None]
        expected = k**0.5 * (1 - 1 / (4 * k) + 1 / (21 * k**2))
        count = memory["generation"] + 1
        faded = np.sqrt(1 - (1 - learn_sigma) ** (2 * count))
        steady = length / faded < (1.4 + 2 / (k + 1)) * expected
        learn_path = 4 / (k + 4)
        path = (1 - learn_path) * memory["path"]
        path += steady * (learn_path * (2 - learn_path) * effective) ** 0.5 * step
        rate = _covariance_rate(k, effective)
        ranks = _mixed(steps**2, weights)
        variance = (1 - rate) * memory["variance"]
        variance += rate / effective * path**2 + rate * (1 - 1 / effective) * ranks
        sigma = memory["sigma"] * np.exp(np.minimum(1.0, learn_sigma / damping * (length / expected - 1)))
        new = {
            "mean": np.clip(memory["mean"] + memory["sigma"] * step, 0.0, 1.0),
            "sigma": np.clip(sigma, 1e-3, 1.0),
            "variance": np.clip(variance, 1e-6, 1e3),
            "path": path,
            "sigma_path": sigma_path,
            "generation": count,
        }
        return {name: np.where(fit, values, memory[name]) for name, values in new.items()}

    def _weights(self) -> Floats:
        """Recombination weights of the better half, summing to 1."""
        half = self.population // 2
        raw = np.log(half + 1) - np.log(np.arange(1, half + 1))
        return np.asarray(raw / raw.sum())


def _covariance_rate(k: int, effective: float) -> float:
    """Learning rate of the diagonal: that of CMA-ES times (k + 2) / 3."""
    full = (1 / effective) * 2 / (k + 2**0.5) ** 2
    full += (1 - 1 / effective) * min(1.0, (2 * effective - 1) / ((k + 2) ** 2 + effective))
    return min(1.0, (k + 2) / 3 * full)


def _mixed(values: Floats, weights: Floats) -> Floats:
    """Return the weighted sum over the population, term by term; (s, r, k) gives (s, k)."""
    total = np.zeros((values.shape[0], values.shape[2]))
    for rank, weight in enumerate(weights):
        total += weight * values[:, rank]
    return total


def _squares(values: Floats) -> Floats:
    """Return the sum of squares of each row, term by term."""
    total = np.zeros(len(values))
    for column in values.T:
        total += column**2
    return total
