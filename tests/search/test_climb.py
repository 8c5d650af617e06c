"""The climb itself: what it asks first, how searches end, what a broken network does and what it does not."""

import itertools
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from outvoted.search.climb import Rules, ShardState, advance, begin
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Shard, Turns
from outvoted.search.strategies import RandomSearch, Strategy
from outvoted.search.transforms import Affine, AffineRange
from tests.search.fakes import CLASSES, DISPUTED, SEEDS, FakePanel, Row, label_of, rows_of
from tests.search.runs import (
    EAGER,
    PEERS,
    all_turns,
    costs,
    ended,
    findings,
    first,
    lease_of,
    panel_for,
    predicted_by,
    rules_of,
    run,
    searches,
    shard_of,
    started,
)
from tests.search.strategies.cases import CASES, Case, goes_on

SEARCHES = 36
VICTIM = 4
"""A search that neither ends at once nor finds a mistake with its first candidates."""
TARGETS = dict(zip(first(SEARCHES).seed_id.tolist(), first(SEARCHES).target.tolist(), strict=True))
Candidate = tuple[int, tuple[float, ...]]
NOWHERE = AffineRange(rotation=0, translation=0, scale=1, shear=0)


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def strategy(request: pytest.FixtureRequest) -> Strategy:
    assert isinstance(request.param, Case)
    return request.param.strategy


@pytest.fixture
def rules(strategy: Strategy) -> Rules:
    return rules_of(strategy)


def seed_of(search: int) -> int:
    """The seed of one of the first searches."""
    return int(first(search + 1).seed_id[search])


def is_seed(row: Row) -> bool:
    """Tell a question about the untouched seed."""
    return row.composed == tuple(EAGER.identity(1)[0].tolist())


def candidate_of(row: Row) -> Candidate:
    """What a question is about, whoever is asked."""
    return row.seed_id, row.composed


def without(climb: ShardState, search: int) -> tuple[object, object]:
    """What all searches but one found and cost."""
    found, spent = findings(climb), costs(climb)
    del found[search], spent[search]
    return found, spent


def test_only_for_gradients_is_anyone_asked_about_a_seed_again(rules: Rules) -> None:
    panel = panel_for(rules)
    run(rules, first(SEARCHES), panel)
    again = Counter(row for row in panel.asked if is_seed(row))
    assert set(again) <= set(panel.differentiated)
    assert set(again.values()) <= {1}
    assert bool(again) == rules.strategy.proposer.gradients


def test_questions_are_small(rules: Rules) -> None:
    _, questions = started(rules, first(SEARCHES))
    assert questions.candidates.seed_id.dtype == np.int32
    assert questions.candidates.composed.dtype == np.float32
    used = np.concatenate(list(questions.rows.values()))
    assert set(used.tolist()) == set(range(len(questions.candidates)))


def test_all_searches_of_a_replica_share_what_is_asked_about_its_seed(rules: Rules) -> None:
    panel, shard = panel_for(rules), searches(5, 12, Turns((0, 1, 2), (1, 2)), SEEDS)
    run(rules, shard, panel)
    again = Counter(row for row in panel.asked if is_seed(row))
    sound = np.unique(shard.replica[shard.seed_id % DISPUTED != 0])
    assert sum(again.values()) == PEERS * len(sound) * rules.strategy.proposer.gradients


def test_no_voter_is_asked_about_a_candidate_to_which_one_has_objected(rules: Rules) -> None:
    panel, shard = panel_for(rules), first(SEARCHES)
    together = len(rules.strategy.proposer.sittings((0, 1, 2))) == 1
    run(rules, shard, panel)
    objected, asked = set[Candidate](), Counter[Candidate]()
    for row in panel.asked:  # in the order in which they were
        if not is_seed(row) and row.peer != TARGETS[row.seed_id]:
            assert together or candidate_of(row) not in objected
            asked[candidate_of(row)] += 1
            if panel.answer(row)[1] != row.seed_id % CLASSES:
                objected.add(candidate_of(row))
    assert objected
    assert set(asked.values()) == ({PEERS - 1} if together else {1, PEERS - 1})


def test_the_order_of_voters_decides_what_is_asked_and_nothing_else(rules: Rules) -> None:
    panel, shard = panel_for(rules), first(SEARCHES)
    lease = lease_of(shard, panel)
    ends = [
        ended(*begin(rules, replace(lease, order=order), label_of(shard.seed_id)), panel)
        for order in itertools.permutations(range(PEERS))
    ]
    for climb in ends:
        assert findings(climb) == findings(ends[0])
        assert climb.tally.voted_on.tolist() == ends[0].tally.voted_on.tolist()
    costs = {int(climb.tally.inferences_peers.sum()) for climb in ends}
    one, other = ([set(each) for each in rules.strategy.proposer.sittings(way)] for way in ((0, 1), (1, 0)))
    assert (len(costs) == 1) == (one == other)


def test_disputed_seeds_are_skipped_and_say_so(rules: Rules) -> None:
    panel = panel_for(rules)
    climb = run(rules, first(SEARCHES), panel)
    disputed = climb.shard.seed_id % DISPUTED == 0
    assert (climb.outcome == Outcome.SKIPPED).tolist() == disputed.tolist()
    assert set(climb.reason[disputed]) == {"the panel disputes the seed"}
    assert set(climb.reason[~disputed]) == {""}
    assert np.isnan(climb.start_score[disputed]).all()
    assert climb.tally.candidates[disputed].tolist() == [0] * disputed.sum()
    assert not {row.seed_id for row in panel.asked} & set(climb.shard.seed_id[disputed].tolist())


def test_the_start_score_is_the_targets_own(rules: Rules) -> None:
    climb, panel = run(rules, first(SEARCHES)), panel_for(rules)
    still = tuple(rules.transform.identity(1)[0].tolist())
    for row in np.flatnonzero(climb.outcome != Outcome.SKIPPED):
        question = Row(int(climb.shard.target[row]), int(climb.shard.seed_id[row]), still)
        assert climb.start_score[row] == panel.answer(question)[0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("wreck", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("peer", range(PEERS))
def test_a_peer_that_breaks_on_a_seed_fails_that_search_alone(rules: Rules, peer: int, wreck: float) -> None:
    def breaks(row: Row) -> bool:
        return row.peer == peer and row.seed_id == seed_of(VICTIM) and is_seed(row)

    sound = run(rules, first(SEARCHES))
    climb = run(rules, first(SEARCHES), FakePanel(EAGER.identity(1)[0], PEERS, breaks, wreck))
    assert climb.outcome[VICTIM] == Outcome.FAILED
    assert climb.reason[VICTIM] == "a peer's output for the seed is not finite"
    assert np.isnan(climb.start_score[VICTIM])
    assert climb.tally.candidates[VICTIM] == 0
    assert without(climb, VICTIM) == without(sound, VICTIM)


def test_a_broken_seed_is_a_failure_even_where_it_is_disputed(rules: Rules) -> None:
    search = next(search for search in range(SEARCHES) if seed_of(search) % DISPUTED == 0)
    disputing = seed_of(search) // DISPUTED % PEERS
    panel = FakePanel(
        EAGER.identity(1)[0], PEERS, lambda row: row.seed_id == seed_of(search) and row.peer != disputing
    )
    climb = run(rules, first(SEARCHES), panel)
    assert climb.outcome[search] == Outcome.FAILED
    assert climb.reason[search] == "a peer's output for the seed is not finite"


@pytest.mark.parametrize("wreck", [math.nan, math.inf, -math.inf])
def test_a_target_that_breaks_on_a_candidate_fails_that_search_alone(rules: Rules, wreck: float) -> None:
    drawn = rules.strategy.proposer.draws(rules.transform)

    def breaks(row: Row) -> bool:
        mine = row.peer == VICTIM % PEERS and row.seed_id == seed_of(VICTIM)
        return mine and not is_seed(row) and (drawn == 0 or row.composed[2] > 0.3)

    sound = run(rules, first(SEARCHES))
    climb = run(rules, first(SEARCHES), FakePanel(EAGER.identity(1)[0], PEERS, breaks, wreck))
    assert climb.outcome[VICTIM] == Outcome.FAILED
    assert climb.reason[VICTIM] == "the target's output for a candidate is not finite"
    assert goes_on(rules) or VICTIM not in climb.finds.search
    assert without(climb, VICTIM) == without(sound, VICTIM)


def test_a_failed_search_is_asked_about_no_more(strategy: Strategy) -> None:
    def breaks(row: Row) -> bool:
        return not is_seed(row) and row.composed[2] > 0.6

    shard, panel = first(SEARCHES), FakePanel(EAGER.identity(1)[0], PEERS, breaks)
    climb, questions = started(rules_of(strategy), shard, panel)
    while questions:
        failed = set(shard.seed_id[climb.outcome == Outcome.FAILED].tolist())
        assert failed.isdisjoint(row.seed_id for row in rows_of(questions))
        climb, questions = advance(climb, panel.ask(questions))
    assert Outcome.FAILED in climb.outcome


@pytest.mark.parametrize("wreck", [math.nan, math.inf, -math.inf])
def test_a_peer_that_breaks_on_a_candidate_fails_that_search_alone(rules: Rules, wreck: float) -> None:
    patient = replace(rules, patience=60)
    sound = run(patient, first(SEARCHES))
    victim = int(np.flatnonzero(sound.tally.voted_on)[0])

    def breaks(row: Row) -> bool:
        return row.peer != victim % PEERS and row.seed_id == seed_of(victim) and not is_seed(row)

    climb = run(patient, first(SEARCHES), FakePanel(EAGER.identity(1)[0], PEERS, breaks, wreck))
    assert climb.outcome[victim] == Outcome.FAILED
    assert climb.reason[victim] == "a peer's output for a candidate is not finite"
    assert without(climb, victim) == without(sound, victim)


def some_targets_break(row: Row) -> bool:
    """Targets break where a candidate lies to the right."""
    return row.peer == TARGETS[row.seed_id] and not is_seed(row) and row.composed[2] > 0.6


def near_and_far(case: Case) -> list[ShardState]:
    """The same searches, some of which break, with little and much speculation."""
    panels = [FakePanel(EAGER.identity(1)[0], PEERS, some_targets_break) for _ in range(2)]
    return [
        run(case.speculating(many), first(SEARCHES), panel)
        for many, panel in zip((1, 64), panels, strict=True)
    ]


def test_a_break_behind_the_candidate_that_is_taken_changes_nothing(stepwise: Case) -> None:
    near, far = near_and_far(stepwise)
    assert Outcome.FAILED in near.outcome
    assert far.outcome.tolist() == near.outcome.tolist()


def test_a_failed_search_has_tried_the_same_candidates_however_far_it_looks(stepwise: Case) -> None:
    near, far = near_and_far(stepwise)
    both = (near.outcome == Outcome.FAILED) & (far.outcome == Outcome.FAILED)
    assert far.tally.candidates[both].tolist() == near.tally.candidates[both].tolist()


def test_where_no_candidate_is_realistic_nothing_is_asked(stepwise: Case) -> None:
    rules = rules_of(stepwise.strategy, transform=Affine(move=EAGER.move, budget=NOWHERE))
    panel = panel_for(rules)
    climb = run(rules, first(SEARCHES), panel)
    undisputed = climb.shard.seed_id % DISPUTED != 0
    assert not panel.asked
    assert set(climb.outcome[undisputed]) == {Outcome.EXHAUSTED}
    assert set(climb.tally.candidates[undisputed].tolist()) == {rules.patience}
    assert set(climb.tally.unrealistic[undisputed].tolist()) == {rules.patience}


def test_patience_may_be_long_where_no_candidate_is_realistic() -> None:
    impossible = Affine(move=EAGER.move, budget=NOWHERE)
    climb = run(rules_of(RandomSearch(speculative=1), 1000, impossible), shard_of(np.array([VICTIM])))
    assert climb.outcome.tolist() == [Outcome.EXHAUSTED]


def test_where_every_seed_is_disputed_the_climb_ends_at_once(rules: Rules) -> None:
    ids = np.flatnonzero(first(SEARCHES).seed_id % DISPUTED == 0)
    climb, questions = started(rules, shard_of(ids))
    assert not questions
    assert climb.outcome.tolist() == [Outcome.SKIPPED] * len(ids)


def test_a_shard_without_searches_ends(rules: Rules) -> None:
    nothing = np.empty(0, np.int64)
    climb = run(rules, Shard(*[nothing] * 5))
    assert len(climb.outcome) == 0
    assert len(climb.position.moves) == 0


def test_several_targets_may_share_a_seed(rules: Rules) -> None:
    together = searches(3, 4, all_turns(PEERS), SEEDS)
    both = run(rules, together)
    for search in range(12):
        alone = run(rules, together.rows(np.array([search])))
        assert findings(alone)[search] == findings(both)[search]
        assert costs(alone)[search] == costs(both)[search]


@pytest.mark.parametrize("peers", [2, 5])
def test_a_panel_has_any_number_of_peers_from_two_on(strategy: Strategy, peers: int) -> None:
    rules = Rules(3, peers, EAGER, strategy, patience=12)
    panel = FakePanel(EAGER.identity(1)[0], peers)
    climb = run(rules, shard_of(np.arange(SEARCHES), peers), panel)
    assert Outcome.MISTAKE in climb.outcome
    spent = climb.tally.inferences_peers.sum() + climb.tally.inferences_target.sum()
    asked, differentiated = (
        sum(not is_seed(row) for row in rows) for rows in (panel.asked, panel.differentiated)
    )
    assert spent == asked + 2 * differentiated


def test_nobody_is_asked_for_nothing(rules: Rules) -> None:
    climb, questions = started(rules, first(6))
    panel = panel_for(rules)
    while questions:
        assert all(len(rows) for rows in questions.rows.values())
        assert rows_of(questions)
        climb, questions = advance(climb, panel.ask(questions))
    assert Outcome.CLIMBING not in climb.outcome


def test_the_wrong_class_of_a_mistake_is_kept(rules: Rules) -> None:
    climb = run(rules, first(SEARCHES))
    mistakes = climb.outcome == Outcome.MISTAKE
    found = predicted_by(climb)
    assert (found[mistakes] != label_of(climb.shard.seed_id)[mistakes]).all()
    assert ((found[mistakes] >= 0) & (found[mistakes] < CLASSES)).all()
    assert (found[~mistakes] == -1).all()
