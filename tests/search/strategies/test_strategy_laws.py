"""The laws that every strategy keeps, whatever it proposes, accepts and learns."""

import pickle
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.climb import Rules, ShardState, advance
from outvoted.search.messages import Questions, Replies, apart, asked_in_turn, together
from outvoted.search.outcome import Outcome
from outvoted.search.plan import Shard
from outvoted.search.transforms import Affine, AffineRange
from tests.search.fakes import CLASSES, FakePanel, Row, label_of, questions_of, rows_of
from tests.search.runs import (
    EAGER,
    PEERS,
    Finding,
    costs,
    ended,
    findings,
    first,
    lease_of,
    panel_for,
    run,
    shard_of,
    started,
)
from tests.search.strategies.cases import CASES, POPULATION, STEPWISE, Case, goes_on, tries_in_turn

SEARCHES = 48
FEW = 14

Candidate = tuple[int, tuple[float, ...]]
"""A seed id and the composed transform."""


@cache
def whole(rules: Rules, n: int = SEARCHES) -> tuple[ShardState, FakePanel]:
    """The end of the first n searches, and the panel that they asked."""
    panel = panel_for(rules)
    return run(rules, first(n), panel), panel


def rounds(rules: Rules, shard: Shard, panel: FakePanel) -> Iterator[tuple[ShardState, Questions]]:
    """Every state of a shard with the questions that are then out, the end included."""
    climb, questions = started(rules, shard, panel)
    yield climb, questions
    while questions:
        climb, questions = advance(climb, panel.ask(questions))
        yield climb, questions


def search_of(climb: ShardState) -> dict[int, int]:
    """Which row of the climb each seed belongs to."""
    return {int(seed): row for row, seed in enumerate(climb.shard.seed_id)}


def joined(parts: list[ShardState]) -> tuple[dict[int, Finding], dict[int, tuple[int, ...]]]:
    """What the searches of several shards found and cost."""
    found = {search: each for part in parts for search, each in findings(part).items()}
    return found, {search: each for part in parts for search, each in costs(part).items()}


def test_these_searches_end_in_every_way_a_sound_panel_allows(rules: Rules) -> None:
    climb, _ = whole(rules)
    assert Counter(climb.outcome).keys() == {Outcome.MISTAKE, Outcome.EXHAUSTED, Outcome.SKIPPED}
    assert climb.tally.unrealistic.any() == tries_in_turn(rules)
    assert (climb.tally.consensus < climb.tally.voted_on).any()
    assert climb.tally.consensus.any()


# What a search depends on.


@pytest.mark.parametrize("speculative", [2, 3, 8, 64])
def test_speculation_changes_nothing_but_inferences(stepwise: Case, speculative: int) -> None:
    (one, _), (more, _) = whole(stepwise.speculating(1)), whole(stepwise.speculating(speculative))
    assert findings(more) == findings(one)
    assert more.tally.inferences_target.sum() > one.tally.inferences_target.sum()


@given(order=st.permutations(range(FEW)), cuts=st.sets(st.integers(1, FEW - 1), max_size=5))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(max_examples=6)
def test_a_search_is_the_same_in_any_shard(case: Case, order: list[int], cuts: set[int]) -> None:
    rules = case.rules()
    parts = [run(rules, shard_of(ids)) for ids in np.split(np.array(order), sorted(cuts))]
    assert joined(parts) == joined([whole(rules, FEW)[0]])


def test_a_search_is_the_same_alone_and_in_company(rules: Rules) -> None:
    parts = [run(rules, shard_of(np.array([search]))) for search in range(FEW)]
    assert joined(parts) == joined([whole(rules, FEW)[0]])
    of_many = [findings(whole(rules)[0])[search] for search in range(FEW)]
    assert of_many == [findings(whole(rules, FEW)[0])[search] for search in range(FEW)]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_shards_and_peers_reply_is_irrelevant(rules: Rules, seed: int) -> None:
    chance, panel = Random(seed), panel_for(rules)
    parts = [started(rules, shard_of(ids)) for ids in np.array_split(np.arange(FEW), 3)]
    while waiting := [k for k, (_, questions) in enumerate(parts) if questions]:
        some = chance.sample(waiting, chance.randint(1, len(waiting)))
        replies = replied(panel, [parts[k][1] for k in some], chance)
        for k, reply in zip(some, replies, strict=True):
            parts[k] = advance(parts[k][0], reply)
    assert joined([climb for climb, _ in parts]) == joined([whole(rules, FEW)[0]])


def replied(panel: FakePanel, asked: list[Questions], chance: Random) -> list[Replies]:
    """Put several shards' questions to the panel as one; peers answer in any order."""

    def ask(questions: Questions) -> Replies:
        peers = chance.sample(list(questions.rows), len(questions.rows))
        return {peer: panel.at_once(questions_of({peer: questions.of(peer)}))[peer] for peer in peers}

    return apart(asked, asked_in_turn(ask, together(asked)))


def test_a_climb_goes_on_from_any_state_that_was_stored(rules: Rules) -> None:
    for state in [pickle.dumps(state) for state in rounds(rules, first(FEW), panel_for(rules))]:
        climb, questions = pickle.loads(state)
        assert joined([ended(climb, questions, panel_for(rules))]) == joined([whole(rules, FEW)[0]])


def snapshot(climb: ShardState) -> tuple[object, ...]:
    """All that a later event depends on."""
    said = [(one.peer, one.rows.tobytes(), one.answers.score.tobytes()) for one in climb.ballot.said]
    return findings(climb), costs(climb), said


@pytest.mark.parametrize("limit", [np.inf, 0.6], ids=["sound panel", "panel that breaks"])
def test_advancing_leaves_the_state_it_started_from_as_it_was(rules: Rules, limit: float) -> None:
    panel = FakePanel(EAGER.identity(1)[0], PEERS, lambda row: row.composed[2] > limit)
    for climb, questions in rounds(rules, first(FEW), panel):
        if questions:
            before, replies = snapshot(climb), panel.ask(questions)
            one, two = advance(climb, replies)[0], advance(climb, replies)[0]
            assert snapshot(climb) == before
            assert snapshot(one) == snapshot(two)


def test_the_run_seed_decides_what_is_drawn(case: Case) -> None:
    rules = case.rules()
    other, _ = whole(replace(rules, run_seed=rules.run_seed + 1), FEW)
    assert (findings(other) != findings(whole(rules, FEW)[0])) == case.drawn


# What a search may cost.


@given(stale=st.lists(st.integers(0, 10**6)), speculative=st.integers(1, 4096))
@pytest.mark.parametrize("case", STEPWISE, ids=lambda case: case.name)
@settings(max_examples=40)
def test_at_least_one_candidate_is_tried(case: Case, stale: list[int], speculative: int) -> None:
    proposer = case.speculating(speculative).strategy.proposer
    tried = proposer.count({}, np.arange(len(stale)), np.array(stale, np.int64))
    assert tried.shape == (len(stale),)
    assert (tried >= 1).all()


def test_no_search_tries_more_candidates_than_it_may(case: Case) -> None:
    climb, _ = whole(replace(case.rules(), patience=1000))
    if case.candidates is None:
        exhausted = climb.outcome == Outcome.EXHAUSTED
        assert (climb.tally.stale[exhausted] == 1000).all()
    else:
        assert climb.tally.candidates.max() == case.candidates


def test_patience_is_spent_and_no_more(case: Case, rules: Rules) -> None:
    climb, _ = whole(rules)
    tally, exhausted = climb.tally, climb.outcome == Outcome.EXHAUSTED
    if tries_in_turn(rules):
        assert (tally.stale[exhausted] == rules.patience).all()
        assert (tally.stale[~exhausted] == 0).all()
        assert (tally.candidates <= (climb.position.moves + exhausted) * rules.patience).all()
        assert (tally.candidates >= climb.position.moves + exhausted * rules.patience).all()
    else:
        assert tally.stale.max() < rules.patience + POPULATION


def test_every_candidate_asked_about_is_within_the_budget(rules: Rules) -> None:
    climb, panel = whole(rules)
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
    assert rules.transform.within_budget(climb.finds.composed).all()


def test_every_inference_is_counted_where_it_was_spent(rules: Rules) -> None:
    climb, panel = whole(rules)
    mine, others = np.zeros(SEARCHES, int), np.zeros(SEARCHES, int)
    rows, still = search_of(climb), tuple(rules.transform.identity(1)[0].tolist())
    for row, cost in [*((row, 1) for row in panel.asked), *((row, 2) for row in panel.differentiated)]:
        if row.composed == still:  # a seed's gradients are shared by all searches from it
            continue
        search = rows[row.seed_id]
        (mine if row.peer == climb.shard.target[search] else others)[search] += cost
    assert climb.tally.inferences_target.tolist() == mine.tolist()
    assert climb.tally.inferences_peers.tolist() == others.tolist()
    assert bool(panel.differentiated) == rules.strategy.proposer.gradients


def test_every_realistic_candidate_that_was_tried_cost_the_target_an_inference(stepwise: Case) -> None:
    tally = whole(stepwise.speculating(1))[0].tally
    spent = tally.candidates - tally.unrealistic
    assert (tally.inferences_target >= spent).all()


# Whom a search asks, and what it makes of the votes.


def test_voters_are_asked_where_the_target_is_promising_until_one_objects(case: Case, rules: Rules) -> None:
    panel, shard = panel_for(rules), first(SEARCHES)
    order = lease_of(shard, panel).order
    expected = Counter[tuple[Candidate, int]]()
    for climb, questions in rounds(rules, shard, panel):
        targets = climb.proposals is not None and questions.turns is None
        for row in rows_of(questions) if targets else []:
            search = search_of(climb)[row.seed_id]
            there, predicted = panel.answer(row)
            wrong = bool(predicted != climb.labels[search])
            if case.promising(climb.position.score[search], there, wrong):
                voters = heard(rules, panel, row, order)
                expected.update(((row.seed_id, row.composed), peer) for peer in voters)
    target = dict(zip(shard.seed_id.tolist(), shard.target.tolist(), strict=True))
    asked = Counter[tuple[Candidate, int]](
        ((row.seed_id, row.composed), row.peer)
        for row in panel.asked
        if row.peer != target[row.seed_id] and row != panel.still(row.peer, row.seed_id)
    )
    assert asked == expected


def heard(rules: Rules, panel: FakePanel, row: Row, order: Sequence[int]) -> list[int]:
    """The voters that are asked about a target's promising candidate."""
    found: list[int] = []
    for sitting in rules.strategy.proposer.sittings(tuple(order)):
        voters = [peer for peer in sitting if peer != row.peer]
        found += voters
        if any(panel.answer(row._replace(peer=peer))[1] != row.seed_id % CLASSES for peer in voters):
            break
    return found


def mixed_voters() -> Shard:
    """Searches with 0, 1 and 2 of the other peers as voters."""
    shard = first(SEARCHES)
    return replace(shard, voters=shard.search_id // PEERS % PEERS)


def voting(shard: Shard, search: int) -> set[int]:
    """The peers that vote: the next after the target, going round."""
    return {int(shard.target[search] + ahead) % PEERS for ahead in range(1, shard.voters[search] + 1)}


def test_held_out_peers_are_asked_nothing(rules: Rules) -> None:
    shard, asked = mixed_voters(), defaultdict[int, set[int]](set)
    for climb, questions in rounds(rules, shard, panel_for(rules)):
        rows = search_of(climb)
        for row in rows_of(questions):
            asked[rows[row.seed_id]].add(row.peer)
    for search, peers in asked.items():
        assert peers - {shard.target[search]} <= voting(shard, search)
    assert any(peers == {0, 1, 2} for peers in asked.values())


def test_a_search_is_the_same_whatever_others_voters_are(rules: Rules) -> None:
    shard = mixed_voters()
    parts = [run(rules, shard.rows(shard.voters == voters)) for voters in range(PEERS)]
    assert joined(parts) == joined([run(rules, shard)])


@pytest.mark.parametrize("voters", range(PEERS))
def test_consensus_is_counted_where_all_voters_answer_the_label(rules: Rules, voters: int) -> None:
    panel, shard = panel_for(rules), shard_of(np.arange(SEARCHES), voters=voters)
    asked, agreed, last, before = Counter[int](), Counter[int](), None, None
    for climb, _ in rounds(rules, shard, panel):
        proposals, promising = climb.proposals, climb.ballot.promising
        if promising is not None and proposals is not None and proposals is not before:
            before = proposals
            for row in promising:
                search, composed = int(proposals.search[row]), proposals.offer.composed[row]
                place = tuple(composed.astype(np.float32).tolist())
                seed = int(shard.seed_id[search])
                votes = [panel.answer(Row(peer, seed, place))[1] for peer in voting(shard, search)]
                asked[search] += 1
                agreed[search] += votes == [seed % CLASSES] * voters
        last = climb
    assert last is not None
    if voters:
        assert last.tally.voted_on.tolist() == [asked[search] for search in range(SEARCHES)]
        assert last.tally.consensus.tolist() == [agreed[search] for search in range(SEARCHES)]
    else:
        assert not asked
        assert last.tally.consensus.tolist() == last.tally.voted_on.tolist()


@pytest.mark.parametrize("voters", range(PEERS))
def test_a_mistake_is_a_dissent_from_all_voters(rules: Rules, voters: int) -> None:
    panel, shard = panel_for(rules), shard_of(np.arange(SEARCHES), voters=voters)
    climb = run(rules, shard, panel)
    assert len(climb.finds)
    assert set(climb.finds.search.tolist()) == set(np.flatnonzero(climb.outcome == Outcome.MISTAKE).tolist())
    for k, search in enumerate(climb.finds.search):
        seed, target = int(shard.seed_id[search]), int(shard.target[search])
        composed = tuple(climb.finds.composed[k].astype(np.float32).tolist())
        answers = [panel.answer(Row(peer, seed, composed)) for peer in range(PEERS)]
        assert all(answers[peer][1] == climb.labels[search] for peer in voting(shard, int(search)))
        assert answers[target] == (climb.finds.score[k], climb.finds.predicted[k])
        assert answers[target][1] != climb.labels[search]


@pytest.mark.parametrize("voters", range(1, PEERS))
def test_nothing_else_is_a_mistake_and_none_is_overlooked(case: Case, voters: int) -> None:
    rules = case.speculating(1) if case in STEPWISE else case.rules()
    panel, shard = panel_for(rules), shard_of(np.arange(SEARCHES), voters=voters)
    climb = run(rules, shard, panel)
    rows, votes = search_of(climb), defaultdict[Candidate, set[int]](set)
    for row in panel.asked:
        votes[row.seed_id, row.composed].add(row.peer)
    found = set()
    for (seed, composed), peers in votes.items():
        search, label = rows[seed], label_of(np.array([seed]))[0]
        wrong = {peer for peer in peers if panel.answer(Row(peer, seed, composed))[1] != label}
        if wrong == {shard.target[search]} and peers >= voting(shard, search):
            found.add(search)
    seeds_right = climb.outcome != Outcome.SKIPPED
    assert found & set(np.flatnonzero(seeds_right).tolist()) == set(climb.finds.search.tolist())


def test_the_position_is_a_candidate_with_consensus_and_its_score_is_the_targets(rules: Rules) -> None:
    climb, panel = whole(rules)
    for row in np.flatnonzero(climb.outcome != Outcome.SKIPPED):
        seed, target, label = int(climb.shard.seed_id[row]), climb.shard.target[row], climb.labels[row]
        composed = tuple(climb.position.composed[row].astype(np.float32).tolist())
        answers = [panel.answer(Row(peer, seed, composed)) for peer in range(PEERS)]
        score, predicted = answers.pop(target)
        assert all(other == label for _, other in answers)
        assert (climb.outcome[row] == Outcome.MISTAKE) == (predicted != label)
        assert climb.position.score[row] == score


def test_only_a_lasting_search_goes_on_after_its_first_mistake(rules: Rules) -> None:
    climb, _ = whole(rules)
    assert (climb.finds.number > 0).any() == goes_on(rules)
    for search in set(climb.finds.search.tolist()):
        mine = climb.finds.number[climb.finds.search == search]
        assert mine.tolist() == list(range(len(mine)))


# What can be made again from what is recorded.


def test_a_trail_composes_into_the_position_bit_for_bit(rules: Rules) -> None:
    climb, _ = whole(rules)
    for row, trail in enumerate(map(climb.position.trail, range(SEARCHES))):
        composed = rules.transform.identity(1)
        for move in trail:
            composed = rules.transform.compose(composed, move[None])
        assert composed[0].tobytes() == climb.position.composed[row].tobytes()
        assert len(trail) == climb.position.moves[row]


def test_a_finds_trail_composes_into_the_find_bit_for_bit(rules: Rules) -> None:
    climb, _ = whole(rules)
    trails = climb.finds.trails
    assert len(trails) == len(climb.finds) > 0
    for k, trail in enumerate(trails):
        composed = rules.transform.identity(1)
        for move in trail:
            composed = rules.transform.compose(composed, move[None])
        assert composed[0].tobytes() == climb.finds.composed[k].tobytes()


def test_a_strategy_is_frozen_and_survives_being_written_and_read(case: Case) -> None:
    strategy = case.strategy
    assert type(strategy).model_validate_json(strategy.model_dump_json()) == strategy
    key = next((key for key in type(strategy).model_fields if key != "kind"), "kind")
    with pytest.raises(ValueError, match="frozen"):
        setattr(strategy, key, 5)
