"""MAP-Elites against its grid written down plainly: a cell for each kind, a mistake for each class in it."""

import numpy as np
import pytest

from outvoted.search.arrays import Floats, Ints
from outvoted.search.strategies import MapElites, placed
from tests.search.strategies.generations import AFFINE, KNOBS, LABEL, generations

BINS = 3
AXES = ("rotation_deg", "scale_y")
GRID = MapElites(population=8, candidates=80, descriptors=AXES, bins=BINS)
SEARCHES = 4


def cell_of(knobs: Floats) -> int:
    """The cell of one candidate: how far turned, and how far scaled."""
    measured = dict(
        zip(AFFINE.measures, AFFINE.describe(placed(AFFINE, knobs[None]).composed)[0], strict=True)
    )
    turn, limit = measured["rotation_deg"], AFFINE.budget.rotation
    tall, most = measured["scale_y"], AFFINE.budget.scale
    shares = (turn + limit) / (2 * limit), (tall - 1 / most) / (most - 1 / most)
    across, down = (min(max(int(share * BINS), 0), BINS - 1) for share in shares)
    return across * BINS + down


def judge(knobs: Floats) -> tuple[Floats, Ints]:
    """Scores that fall to the right; classes change so often that cells hold several."""
    score = 0.6 - knobs[:, 1] - 0.3 * knobs[:, 4]
    return score, np.where(score < 0.1, (knobs[:, 2] * 40).astype(np.int64) % 4, LABEL)


def test_cells_are_equal_shares_of_what_the_budget_allows() -> None:
    knobs = np.random.default_rng(1).uniform(size=(300, KNOBS))
    cells = GRID.cells(AFFINE, knobs)
    assert cells.tolist() == [cell_of(row) for row in knobs]
    assert set(cells.tolist()) == set(range(BINS**2))


def test_the_edges_of_the_budget_lie_in_the_outermost_cells() -> None:
    edges = np.stack([np.zeros(KNOBS), np.ones(KNOBS)])
    assert GRID.cells(AFFINE, edges).tolist() == [0, BINS**2 - 1]


def test_the_first_three_measures_span_the_grid_if_none_are_named() -> None:
    assert MapElites().axes(AFFINE) == (0, 1, 2)
    assert GRID.axes(AFFINE) == (0, 4)


def test_every_cell_keeps_the_best_candidate_that_fell_into_it() -> None:
    best: dict[tuple[int, int], tuple[float, list[float]]] = {}
    for _, proposals, votes, after in generations(GRID, SEARCHES, 10, judge):
        for row in range(len(proposals)):
            knobs, score = proposals.offer.knobs[row], float(votes.score[0, row])
            key = int(proposals.search[row]), cell_of(knobs)
            if key not in best or score < best[key][0]:
                best[key] = score, knobs.tolist()
        for search in range(SEARCHES):
            mine = {cell: elite for (owner, cell), elite in best.items() if owner == search}
            filled = after["filled"][search]
            assert sorted(after["elites"][search, :filled].tolist()) == sorted(mine)
            assert np.flatnonzero(np.isfinite(after["fitness"][search])).tolist() == sorted(mine)
            for cell, (score, knobs) in mine.items():
                assert after["fitness"][search, cell] == score
                assert after["knobs"][search, cell].tolist() == knobs


def test_one_mistake_of_each_class_in_each_cell_is_recorded_the_first() -> None:
    seen, kept = set(), 0
    for memory, proposals, votes, _ in generations(GRID, SEARCHES, 10, judge):
        mistakes = np.flatnonzero(votes.predicted[0] != LABEL)
        expected = []
        for row in mistakes:
            kind = (
                int(proposals.search[row]),
                cell_of(proposals.offer.knobs[row]),
                int(votes.predicted[0, row]),
            )
            if kind not in seen:
                seen.add(kind)
                expected.append(row)
        assert GRID.acceptance.keep(AFFINE, memory, proposals, votes, mistakes).tolist() == expected
        kept += len(expected)
    assert kept > 20
    cells = [(search, cell) for search, cell, _ in seen]
    assert len(cells) > len(set(cells))


def test_a_cell_is_filled_with_what_its_elite_is_bred_from() -> None:
    strategy = MapElites(population=400, candidates=400, descriptors=AXES, bins=BINS, mutation=1e-9)
    memory = {
        "knobs": np.linspace(0, 1, BINS**2)[None, :, None] * np.ones(KNOBS),
        "elites": np.array([[7, 2, 5, *[0] * 6]]),
        "filled": np.array([3]),
    }
    uniform = np.random.default_rng(3).uniform(size=(400, strategy.draws(AFFINE)))
    bred = strategy.breed(AFFINE, memory, np.zeros(400, np.int64), uniform)
    parents, times = np.unique(np.rint(bred * (BINS**2 - 1)), axis=0, return_counts=True)
    assert parents[:, 0].tolist() == [2, 5, 7]
    assert times.tolist() == pytest.approx([400 / 3] * 3, rel=0.25)
