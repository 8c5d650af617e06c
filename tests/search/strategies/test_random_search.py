"""Random search against itself written down plainly: one move from the seed, again and again."""

from itertools import count

import numpy as np

from outvoted.search.climb import Rules
from outvoted.search.outcome import Outcome
from outvoted.search.strategies import RandomSearch
from outvoted.search.streams import Purpose, uniforms
from tests.search.fakes import CLASSES, FakePanel, Row
from tests.search.runs import PEERS, first, panel_for, rules_of, run

SEARCHES = 48
PATIENCE = 30


def first_mistake(rules: Rules, panel: FakePanel, search_id: int, target: int, seed_id: int) -> int | None:
    """The step of the first of PATIENCE single moves that makes a mistake."""
    transform, label = rules.transform, seed_id % CLASSES
    for step in range(PATIENCE):
        uniform = uniforms(
            rules.run_seed, Purpose.MOVE, np.array([search_id]), np.array([step]), transform.draws
        )
        there = transform.compose(transform.identity(1), transform.sample(uniform))
        row = tuple(there[0].astype(np.float32).tolist())
        wrong = [panel.answer(Row(peer, seed_id, row))[1] != label for peer in range(PEERS)]
        if transform.within_budget(there)[0] and wrong == [peer == target for peer in range(PEERS)]:
            return step
    return None


def test_it_takes_the_first_single_move_that_makes_a_mistake() -> None:
    rules = rules_of(RandomSearch(speculative=7), PATIENCE)
    climb, panel = run(rules, first(SEARCHES)), panel_for(rules)
    for row, search_id, target, seed_id in zip(
        count(), climb.shard.search_id, climb.shard.target, climb.shard.seed_id, strict=False
    ):
        if climb.outcome[row] == Outcome.SKIPPED:
            continue
        step = first_mistake(rules, panel, int(search_id), int(target), int(seed_id))
        assert climb.outcome[row] == (Outcome.EXHAUSTED if step is None else Outcome.MISTAKE)
        assert climb.tally.candidates[row] == (PATIENCE if step is None else step + 1)


def test_it_moves_once_or_stays_at_the_seed() -> None:
    climb = run(rules_of(RandomSearch(), PATIENCE), first(SEARCHES))
    mistakes = climb.outcome == Outcome.MISTAKE
    assert climb.position.moves.tolist() == mistakes.astype(int).tolist()
    assert (climb.position.composed[~mistakes] == climb.rules.transform.identity(1)).all()
