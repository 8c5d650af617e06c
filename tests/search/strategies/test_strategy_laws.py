"""The laws that every strategy keeps, whatever it proposes and accepts."""

import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.climb import Climb, Outcome, Rules, advance
from outvoted.search.messages import Questions
from outvoted.search.strategies import Hillclimb, RandomSearch, Strategy
from outvoted.search.transforms import Affine, AffineRange
from tests.search.fakes import FakePanel, Row, label_of, rows_of
from tests.search.runs import (
    EAGER,
    PEERS,
    costs,
    ended,
    findings,
    first,
    panel_for,
    predicted_by,
    rules_of,
    run,
    shard_of,
    started,
)


@dataclass(frozen=True)
class Case:
    """A strategy for each lookahead, and from which of the target's answers on it asks the peers.

    ``promising`` takes the position's score, the candidate's score, and whether its class is wrong.
    """

    name: str
    at: Callable[[int], Strategy]
    promising: Callable[[np.float32, np.float32, bool], bool]


CASES = (
    Case("hillclimb", lambda ahead: Hillclimb(ahead=ahead), lambda here, there, wrong: bool(there < here)),
    Case("random", lambda ahead: RandomSearch(ahead=ahead), lambda here, there, wrong: wrong),
)
SEARCHES = 48
AHEAD = 4

Candidate = tuple[int, tuple[float, ...]]
"""A seed id and the composed transform."""


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def rules(case: Case) -> Rules:
    return rules_of(case.at(AHEAD))


def rounds(rules: Rules, n: int, panel: FakePanel) -> Iterator[tuple[Climb, Questions]]:
    """Every state of a run of n searches with the questions that are then out, the end included."""
    climb, questions = started(rules, first(n))
    yield climb, questions
    while questions:
        climb, questions = advance(climb, panel.ask(questions))
        yield climb, questions


def beyond_seeds(climb: Climb, rows: list[Row]) -> list[Row]:
    """Leave out rows about untouched seeds; what a move makes is never exactly the seed."""
    still = tuple(climb.rules.transform.identity(1)[0].tolist())
    return [row for row in rows if row.composed != still]


def search_of(climb: Climb) -> dict[int, int]:
    """Which row of the climb each seed belongs to."""
    return {int(seed): row for row, seed in enumerate(climb.shard.seed_id)}


def test_these_searches_end_in_every_way_a_sound_panel_allows(rules: Rules) -> None:
    climb = run(rules, first(SEARCHES))
    assert Counter(climb.outcome).keys() == {Outcome.MISTAKE, Outcome.EXHAUSTED, Outcome.SKIPPED}
    assert climb.tally.unrealistic.any()
    assert (climb.tally.consensus * (PEERS - 1) < climb.tally.inferences_peers - (PEERS - 1)).any()


@pytest.mark.parametrize("ahead", [2, 3, 8, 64])
def test_lookahead_changes_nothing_but_inferences(case: Case, ahead: int) -> None:
    one, more = (run(rules_of(case.at(k)), first(SEARCHES)) for k in (1, ahead))
    assert findings(more) == findings(one)
    assert more.tally.inferences_target.sum() > one.tally.inferences_target.sum()


@given(stale=st.lists(st.integers(0, 10**6)), ahead=st.integers(1, 4096))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(max_examples=40, deadline=None)
def test_at_least_one_candidate_is_tried(case: Case, stale: list[int], ahead: int) -> None:
    tried = case.at(ahead).count({}, np.arange(len(stale)), np.array(stale, np.int64))
    assert tried.shape == (len(stale),)
    assert (tried >= 1).all()


@given(order=st.permutations(range(14)), cuts=st.sets(st.integers(1, 13), max_size=5))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(max_examples=25, deadline=None)
def test_a_search_is_the_same_in_any_shard(case: Case, order: list[int], cuts: set[int]) -> None:
    rules = rules_of(case.at(AHEAD))
    whole = run(rules, first(14))
    parts = [run(rules, shard_of(ids)) for ids in np.split(np.array(order), sorted(cuts))]
    assert {k: v for part in parts for k, v in findings(part).items()} == findings(whole)
    assert {k: v for part in parts for k, v in costs(part).items()} == costs(whole)


def test_every_candidate_asked_about_is_within_the_budget(case: Case, rules: Rules) -> None:
    panel = panel_for(rules)
    climb = run(rules, first(SEARCHES), panel)
    budget = EAGER.budget
    roomy = Affine(
        budget=AffineRange(
            rotation=budget.rotation + 1e-4,
            translation=budget.translation + 1e-4,
            scale=budget.scale + 1e-4,
            shear=budget.shear + 1e-4,
        )
    )
    assert roomy.within_budget(np.array([row.composed for row in panel.asked])).all()
    assert rules.transform.within_budget(climb.position.composed).all()


def test_every_inference_is_counted_where_it_was_spent(rules: Rules) -> None:
    panel = panel_for(rules)
    climb = run(rules, first(SEARCHES), panel)
    mine, others = np.zeros(SEARCHES, int), np.zeros(SEARCHES, int)
    rows = search_of(climb)
    for row in panel.asked:
        search = rows[row.seed_id]
        (mine if row.peer == climb.shard.target[search] else others)[search] += 1
    assert climb.tally.inferences_target.tolist() == mine.tolist()
    assert climb.tally.inferences_peers.tolist() == others.tolist()


def test_every_realistic_candidate_that_was_tried_cost_the_target_an_inference(
    case: Case,
) -> None:
    tally = run(rules_of(case.at(1)), first(SEARCHES)).tally
    spent = tally.candidates - tally.unrealistic + 1
    assert (tally.inferences_target >= spent).all()


def test_consensus_is_counted_where_all_the_others_answer_the_label(rules: Rules) -> None:
    panel = panel_for(rules)
    climb = run(rules, first(SEARCHES), panel)
    rows = search_of(climb)
    votes: dict[Candidate, list[bool]] = {}
    for row in beyond_seeds(climb, panel.asked):
        if row.peer != climb.shard.target[rows[row.seed_id]]:
            right = panel.answer(row)[1] == label_of(np.array([row.seed_id]))[0]
            votes.setdefault((rows[row.seed_id], row.composed), []).append(bool(right))
    agreed = Counter(search for (search, _), right in votes.items() if all(right))
    assert all(len(right) == PEERS - 1 for right in votes.values())
    assert climb.tally.consensus.tolist() == [agreed[search] for search in range(SEARCHES)]


def test_peers_are_asked_exactly_where_the_target_was_asked_and_is_promising(
    case: Case, rules: Rules
) -> None:
    panel, hopes, asked = panel_for(rules), Counter[Candidate](), Counter[Candidate]()
    for climb, questions in rounds(rules, SEARCHES, panel):
        rows = search_of(climb)
        for row in beyond_seeds(climb, rows_of(questions)):
            search, candidate = rows[row.seed_id], (row.seed_id, row.composed)
            if row.peer != climb.shard.target[search]:
                assert hopes[candidate]
                asked[candidate] += 1
            else:
                there, predicted = panel.answer(row)
                wrong = bool(predicted != climb.labels[search])
                hopes[candidate] = (PEERS - 1) * case.promising(climb.position.score[search], there, wrong)
    assert asked == hopes


def test_a_climb_goes_on_from_any_state_that_was_stored(rules: Rules) -> None:
    states = [pickle.dumps(state) for state in rounds(rules, 16, panel_for(rules))]
    whole = run(rules, first(16))
    for state in states:
        climb, questions = pickle.loads(state)
        again = ended(climb, questions, panel_for(rules))
        assert findings(again) == findings(whole)
        assert costs(again) == costs(whole)


def snapshot(climb: Climb) -> tuple[object, ...]:
    """All that a later event depends on."""
    return findings(climb), costs(climb), climb.ballot.votes.score.tobytes()


@pytest.mark.parametrize("limit", [np.inf, 0.6], ids=["sound panel", "panel that breaks"])
def test_advancing_leaves_the_state_it_started_from_as_it_was(rules: Rules, limit: float) -> None:
    panel = FakePanel(EAGER.identity(1)[0], PEERS, lambda row: row.composed[2] > limit)
    for climb, questions in rounds(rules, 16, panel):
        if questions:
            before, replies = snapshot(climb), panel.ask(questions)
            one, two = advance(climb, replies)[0], advance(climb, replies)[0]
            assert snapshot(climb) == before
            assert snapshot(one) == snapshot(two)


def test_a_trail_composes_into_the_position_bit_for_bit(rules: Rules) -> None:
    climb = run(rules, first(SEARCHES))
    for row, trail in enumerate(climb.trails()):
        composed = rules.transform.identity(1)
        for move in trail:
            composed = rules.transform.compose(composed, move[None])
        assert composed[0].tobytes() == climb.position.composed[row].tobytes()
        assert len(trail) == climb.tally.moves[row]


def test_patience_is_spent_exactly(rules: Rules) -> None:
    climb = run(rules, first(SEARCHES))
    tally, exhausted = climb.tally, climb.outcome == Outcome.EXHAUSTED
    assert (tally.stale[exhausted] == rules.patience).all()
    assert (tally.stale[~exhausted] == 0).all()
    assert (tally.candidates <= (tally.moves + exhausted) * rules.patience).all()
    assert (tally.candidates >= tally.moves + exhausted * rules.patience).all()


def test_a_mistake_is_a_dissent_from_all_the_others_and_nothing_else_is(rules: Rules) -> None:
    panel = panel_for(rules)
    climb = run(rules, first(SEARCHES), panel)
    classes = predicted_by(climb)
    for row in np.flatnonzero(climb.outcome != Outcome.SKIPPED):
        seed, target, label = int(climb.shard.seed_id[row]), climb.shard.target[row], climb.labels[row]
        composed = tuple(climb.position.composed[row].astype(np.float32).tolist())
        answers = [panel.answer(Row(peer, seed, composed)) for peer in range(PEERS)]
        score, predicted = answers.pop(target)
        assert all(other == label for _, other in answers)
        assert (climb.outcome[row] == Outcome.MISTAKE) == (predicted != label)
        assert classes[row] == (predicted if predicted != label else -1)
        assert climb.position.score[row] == score


def test_the_run_seed_decides_the_moves(case: Case) -> None:
    rules = rules_of(case.at(AHEAD))
    other = Rules(rules.run_seed + 1, rules.peers, rules.transform, rules.strategy, rules.patience)
    assert findings(run(rules, first(8))) != findings(run(other, first(8)))


def test_a_strategy_is_frozen_and_says_its_name(case: Case) -> None:
    strategy = case.at(3)
    assert strategy.label == case.name
    assert type(strategy).model_validate_json(strategy.model_dump_json()) == strategy
    with pytest.raises(ValueError, match="frozen"):
        strategy.ahead = 5  # type: ignore[attr-defined]
