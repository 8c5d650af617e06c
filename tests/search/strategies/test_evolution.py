"""sep-CMA-ES: one generation written down plainly for one search, and whether it minimises."""

import math

import numpy as np
import pytest

from outvoted.search.arrays import Floats, Ints
from outvoted.search.strategies import EvolutionStrategy, Memory
from tests.search.strategies.generations import AFFINE, KNOBS, begun, generation, generations

K = KNOBS


def plain(memory: Memory, row: int, knobs: Floats, fitness: Floats) -> dict[str, list[float]]:
    """One generation of one search, as Ros & Hansen's section 2 has it, number by number."""
    half = len(knobs) // 2
    raw = [math.log(half + 1) - math.log(i) for i in range(1, half + 1)]
    w = [value / sum(raw) for value in raw]
    mu = 1 / sum(value**2 for value in w)
    c_sigma = (mu + 2) / (K + mu + 3)
    d_sigma = 1 + 2 * max(0, math.sqrt((mu - 1) / (K + 1)) - 1) + c_sigma
    c_c = 4 / (K + 4)
    c_full = 2 / (mu * (K + math.sqrt(2)) ** 2) + (1 - 1 / mu) * min(1, (2 * mu - 1) / ((K + 2) ** 2 + mu))
    c_cov = min(1, c_full * (K + 2) / 3)
    chi = math.sqrt(K) * (1 - 1 / (4 * K) + 1 / (21 * K**2))
    mean, sigma, generations = memory["mean"][row], memory["sigma"][row, 0], memory["generation"][row, 0] + 1
    best = sorted(range(len(knobs)), key=lambda i: fitness[i])[:half]
    y = [[(knobs[i][j] - mean[j]) / sigma for j in range(K)] for i in best]
    step = [sum(w[i] * y[i][j] for i in range(half)) for j in range(K)]
    old = memory["variance"][row]
    p_sigma = [
        (1 - c_sigma) * memory["sigma_path"][row, j]
        + math.sqrt(c_sigma * (2 - c_sigma) * mu) * step[j] / math.sqrt(old[j])
        for j in range(K)
    ]
    length = math.sqrt(sum(value**2 for value in p_sigma))
    h = length / math.sqrt(1 - (1 - c_sigma) ** (2 * generations)) < (1.4 + 2 / (K + 1)) * chi
    p_c = [
        (1 - c_c) * memory["path"][row, j] + h * math.sqrt(c_c * (2 - c_c) * mu) * step[j] for j in range(K)
    ]
    variance = [
        (1 - c_cov) * old[j]
        + c_cov / mu * p_c[j] ** 2
        + c_cov * (1 - 1 / mu) * sum(w[i] * y[i][j] ** 2 for i in range(half))
        for j in range(K)
    ]
    grown = sigma * math.exp(min(1, c_sigma / d_sigma * (length / chi - 1)))
    return {
        "mean": [min(max(mean[j] + sigma * step[j], 0), 1) for j in range(K)],
        "sigma": [min(max(grown, 1e-3), 1)],
        "variance": [min(max(value, 1e-6), 1e3) for value in variance],
        "path": p_c,
        "sigma_path": p_sigma,
        "generation": [generations],
    }


@pytest.mark.parametrize("population", [2, 5, 10])
def test_generations_are_those_of_the_plain_procedure(population: int) -> None:
    strategy = EvolutionStrategy(population=population, candidates=100)
    rng, n = np.random.default_rng(population), 3
    memory = dict(begun(strategy, n))
    memory.pop("tried")
    for number in range(6):
        knobs = rng.uniform(size=(n, population, K)) ** (1 + number / 3)
        fitness = rng.normal(size=(n, population))
        after = strategy.evolve(AFFINE, memory, generation(knobs, fitness))
        for row in range(n):
            for name, values in plain(memory, row, knobs[row], fitness[row]).items():
                np.testing.assert_allclose(after[name][row], values, rtol=1e-12, err_msg=name)
        memory = after


def test_a_generation_without_a_fit_candidate_teaches_nothing() -> None:
    strategy = EvolutionStrategy(population=4, candidates=100)
    memory, knobs = begun(strategy, 2), np.random.default_rng(1).uniform(size=(2, 4, K))
    fitness = np.array([[np.inf] * 4, [np.inf, np.inf, 1.0, np.inf]])
    after = strategy.evolve(AFFINE, memory, generation(knobs, fitness))
    assert all((values[0] == memory[name][0]).all() for name, values in after.items())
    assert (after["mean"][1] != memory["mean"][1]).all()


def sphere(knobs: Floats) -> tuple[Floats, Ints]:
    """Least at 0.65 each."""
    return ((knobs - 0.65) ** 2).sum(axis=1), np.ones(len(knobs), np.int64)


def ellipsoid(knobs: Floats) -> tuple[Floats, Ints]:
    """Least at 0.35 each, and a hundred times as steep along the last knob as along the first."""
    steep = 100.0 ** (np.arange(K) / (K - 1))
    return ((knobs - 0.35) ** 2 * steep).sum(axis=1), np.ones(len(knobs), np.int64)


@pytest.mark.parametrize("judge", [sphere, ellipsoid])
def test_it_minimises(judge: object) -> None:
    assert callable(judge)
    strategy = EvolutionStrategy(population=10, candidates=1200)
    *_, (_, _, _, after) = generations(strategy, 5, 120, judge)
    assert judge(after["mean"])[0] == pytest.approx(np.zeros(5), abs=1e-3)


def test_its_variances_learn_which_knobs_are_steep() -> None:
    strategy = EvolutionStrategy(population=10, candidates=1200)
    *_, (_, _, _, after) = generations(strategy, 5, 60, ellipsoid)
    assert (after["variance"][:, 0] > 5 * after["variance"][:, -1]).all()
