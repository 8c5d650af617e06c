"""The genetic algorithm's parts: who survives, who are parents, what children are made of."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.strategies import Genetic
from tests.search.strategies.generations import AFFINE, KNOBS, begun, generation, generations

SMALL = Genetic(population=3, candidates=30, parents=2)
FITNESS = st.sampled_from([-1.0, 0.0, 0.5, 2.0, np.inf])


@given(old=st.lists(FITNESS, min_size=2, max_size=2), young=st.lists(FITNESS, min_size=3, max_size=3))
@settings(max_examples=60)
def test_the_best_of_parents_and_children_survive(old: list[float], young: list[float]) -> None:
    parents = np.arange(2)[None, :, None] * np.ones(KNOBS)
    children = np.arange(2, 5)[None, :, None] * np.ones(KNOBS)
    memory = {"knobs": parents, "fitness": np.array([old]), "age": np.zeros(1, np.int64)}
    after = SMALL.evolve(AFFINE, memory, generation(children, np.array([young])))
    # Whoever was there first survives among equals.
    expected = sorted(enumerate([*old, *young]), key=lambda one: (one[1], one[0]))[:2]
    assert after["knobs"][0, :, 0].tolist() == [number for number, _ in expected]
    assert after["fitness"][0].tolist() == [fitness for _, fitness in expected]
    assert after["age"].tolist() == [1]


def test_the_better_of_two_drawn_at_random_is_a_parent() -> None:
    strategy = Genetic(population=2, candidates=10, parents=4, mutation=1e-9, spread=1e-9)
    knobs = np.arange(4)[None, :, None] / 8 * np.ones(KNOBS)
    memory = {"knobs": knobs, "fitness": np.zeros((1, 4)), "age": np.ones(1, np.int64)}
    rng = np.random.default_rng(1)
    for _ in range(20):
        uniform = rng.uniform(size=(1, strategy.draws(AFFINE)))
        places = np.floor(uniform[0, :4] * 4)
        mother, father = min(places[:2]), min(places[2:])
        child = np.rint(strategy.breed(AFFINE, memory, np.array([0]), uniform)[0] * 8)
        expected = np.where(uniform[0, 4 : 4 + KNOBS] < 0.5, mother, father)
        assert child.tolist() == expected.tolist()


def test_the_first_generation_is_spread_about_the_seed_and_later_ones_about_parents() -> None:
    strategy = Genetic(population=400, candidates=800, parents=2, mutation=0.01, spread=0.1)
    memory = dict(begun(strategy, 1))
    rng, many = np.random.default_rng(2), np.zeros(4000, np.int64)
    uniform = rng.uniform(size=(len(many), strategy.draws(AFFINE)))
    for age, width in ((0, 0.1), (1, 0.01), (7, 0.01)):
        memory["age"] = np.array([age])
        knobs = strategy.breed(AFFINE, memory, many, uniform)
        np.testing.assert_allclose(knobs.mean(axis=0), AFFINE.home, atol=0.1 * width)
        np.testing.assert_allclose(knobs.std(axis=0), width, rtol=0.05)


def test_the_best_never_get_worse_and_come_close_to_the_least() -> None:
    strategy = Genetic(population=10, candidates=400)
    best = []
    for _, _, _, after in generations(
        strategy, 4, 40, lambda knobs: (((knobs - 0.8) ** 2).sum(axis=1), np.ones(len(knobs), np.int64))
    ):
        best.append(after["fitness"][:, 0])
        assert (np.diff(after["fitness"], axis=1) >= 0).all()
    assert (np.diff(np.stack(best), axis=0) <= 0).all()
    assert (best[-1] < 0.15).all()
