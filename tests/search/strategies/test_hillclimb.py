"""Hillclimb against next-ascent hillclimbing written down plainly: one candidate at a time, all peers."""

from dataclasses import dataclass

import numpy as np
import pytest

from outvoted.search.arrays import Floats
from outvoted.search.climb import Rules
from outvoted.search.outcome import Outcome
from outvoted.search.strategies import Hillclimb
from outvoted.search.streams import Purpose, uniforms
from tests.search.fakes import CLASSES, FakePanel, Row
from tests.search.runs import PEERS, first, panel_for, predicted_by, rules_of, run

SEARCHES = 48


@dataclass(frozen=True)
class End:
    """How the plain procedure ended."""

    outcome: Outcome
    candidates: int
    unrealistic: int
    trail: list[list[float]]
    predicted: int
    score: float


def votes(panel: FakePanel, seed_id: int, composed: Floats) -> list[tuple[np.float32, int]]:
    """What all the peers say of one candidate."""
    row = tuple(composed[0].astype(np.float32).tolist())
    return [panel.answer(Row(peer, seed_id, row)) for peer in range(PEERS)]


def climbed(rules: Rules, panel: FakePanel, search_id: int, target: int, seed_id: int) -> End:
    """Next-ascent hillclimbing as the paper tells it."""
    transform, label = rules.transform, seed_id % CLASSES
    here = transform.identity(1)
    answers = votes(panel, seed_id, here)
    if any(predicted != label for _, predicted in answers):
        return End(Outcome.SKIPPED, 0, 0, [], -1, np.nan)
    best, stale, step, unrealistic = answers[target][0], 0, 0, 0
    trail: list[list[float]] = []
    while stale < rules.patience:
        uniform = uniforms(
            rules.run_seed, Purpose.MOVE, np.array([search_id]), np.array([step]), transform.draws
        )
        move = transform.sample(uniform)
        there = transform.compose(here, move)
        step, stale = step + 1, stale + 1
        if not transform.within_budget(there)[0]:
            unrealistic += 1
            continue
        answers = votes(panel, seed_id, there)
        score, predicted = answers[target]
        agreed = all(other == label for peer, (_, other) in enumerate(answers) if peer != target)
        if agreed and score < best:
            here, best, stale = there, score, 0
            trail.append(move[0].tolist())
            if predicted != label:
                return End(Outcome.MISTAKE, step, unrealistic, trail, predicted, float(best))
    return End(Outcome.EXHAUSTED, step, unrealistic, trail, -1, float(best))


@pytest.mark.parametrize("patience", [1, 5, 40])
@pytest.mark.parametrize("ahead", [1, 4, 50])
def test_it_is_plain_next_ascent_hillclimbing(ahead: int, patience: int) -> None:
    rules = rules_of(Hillclimb(speculative=ahead), patience)
    climb = run(rules, first(SEARCHES))
    trails = list(map(climb.position.trail, range(len(climb.shard))))
    panel, classes = panel_for(rules), predicted_by(climb)
    for row, (search_id, target, seed_id) in enumerate(
        zip(climb.shard.search_id, climb.shard.target, climb.shard.seed_id, strict=True)
    ):
        end = climbed(rules, panel, int(search_id), int(target), int(seed_id))
        assert climb.outcome[row] == end.outcome
        assert climb.tally.candidates[row] == end.candidates
        assert climb.tally.unrealistic[row] == end.unrealistic
        assert trails[row].tolist() == end.trail
        assert classes[row] == end.predicted
        np.testing.assert_equal(float(climb.position.score[row]), end.score)


def test_the_score_falls_strictly_along_a_trail() -> None:
    rules = rules_of(Hillclimb(), patience=40)
    climb, panel = run(rules, first(SEARCHES)), panel_for(rules)
    assert climb.position.moves.max() >= 3
    for row, trail in enumerate(map(climb.position.trail, range(len(climb.shard)))):
        if climb.outcome[row] == Outcome.SKIPPED:
            continue
        composed, scores = rules.transform.identity(1), [climb.start_score[row]]
        for move in trail:
            composed = rules.transform.compose(composed, move[None])
            scores.append(votes(panel, int(climb.shard.seed_id[row]), composed)[climb.shard.target[row]][0])
        assert (np.diff(scores) < 0).all()
        assert scores[-1] == climb.position.score[row]


def test_looking_ahead_costs_no_more_than_it_has_tried() -> None:
    tally = run(rules_of(Hillclimb(speculative=1), patience=64), first(SEARCHES)).tally
    sequential = tally.candidates - tally.unrealistic + 1
    assert tally.inferences_target.sum() <= 2 * sequential.sum()
