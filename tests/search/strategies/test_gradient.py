"""The gradient strategy: whom it asks for gradients, what it knows afterwards, and where it goes."""

import numpy as np

from outvoted.search.climb import advance
from outvoted.search.messages import TakeGradient
from outvoted.search.strategies import Gradient, placed
from outvoted.search.strategies.gradient import _jacobian
from tests.search.fakes import CLASSES, DISPUTED, Row, parts_of, rows_of
from tests.search.runs import EAGER, PEERS, first, panel_for, rules_of, run, shard_of, started

SEARCHES = 36
STRATEGY = Gradient(steps=6, trial=6, descent=10)


def test_targets_are_asked_for_gradients_where_right_and_voters_where_wrong() -> None:
    rules = rules_of(STRATEGY)
    panel, shard = panel_for(rules), shard_of(np.arange(SEARCHES), voters=1)
    climb, questions = started(rules, shard)
    sound = shard.seed_id % DISPUTED != 0
    for peer, candidates in parts_of(questions).items():
        assert candidates.take_gradient is not None
        assert set(candidates.take_gradient.tolist()) == {TakeGradient.IF_CORRECT}
        held_out = (peer - shard.target) % PEERS > 1
        assert candidates.seed_id.tolist() == shard.seed_id[sound & ~held_out].tolist()
    climb, questions = advance(climb, panel.ask(questions))
    target = dict(zip(shard.seed_id.tolist(), shard.target.tolist(), strict=True))
    while questions:
        for peer, candidates in parts_of(questions).items():
            assert candidates.take_gradient is not None
            for seed, wanted in zip(candidates.seed_id.tolist(), candidates.take_gradient, strict=True):
                assert wanted == (TakeGradient.IF_CORRECT if target[seed] == peer else TakeGradient.IF_WRONG)
        before = len(panel.differentiated)
        panel.asked.clear()
        climb, questions = advance(climb, panel.ask(questions))
        for row in panel.asked:
            wrong = panel.answer(row)[1] != row.seed_id % CLASSES
            assert (row in panel.differentiated[before:]) == (wrong != (row.peer == target[row.seed_id]))
    assert climb.tally.voted_on.any()


def test_what_was_said_is_in_the_model() -> None:
    rules = rules_of(STRATEGY)
    panel = panel_for(rules)
    climb = run(rules, first(SEARCHES), panel)
    for search in np.flatnonzero(climb.tally.candidates):
        memory = {name: rows[search] for name, rows in climb.memory.items()}
        assert memory["count"] == climb.tally.candidates[search] + 1
        for point in range(memory["count"]):
            composed = placed(EAGER, memory["knobs"][point][None]).composed
            place = tuple(composed[0].astype(np.float32).tolist())
            chain = _jacobian(EAGER, memory["knobs"][point][None])[0]
            for peer in np.flatnonzero(memory["known"][point]):
                row = Row(int(peer), int(climb.shard.seed_id[search]), place)
                assert memory["score"][point, peer] == panel.answer(row)[0]
                if row in panel.differentiated:
                    expected = np.array(panel.gradient(row)) @ chain
                    np.testing.assert_allclose(
                        memory["gradient"][point, peer], expected, rtol=1e-4, atol=1e-5
                    )


def test_the_jacobian_is_that_of_placing_also_at_the_edge() -> None:
    knobs = np.random.default_rng(1).uniform(size=(9, EAGER.knobs))
    knobs[0], knobs[1] = 0.0, 1.0
    found = _jacobian(EAGER, knobs)
    assert found.shape == (9, EAGER.size, EAGER.knobs)
    for knob in range(EAGER.knobs):
        step = 1e-6 * np.eye(EAGER.knobs)[knob]
        high, low = (placed(EAGER, knobs + sign * step).composed for sign in (1, -1))
        np.testing.assert_allclose(found[:, :, knob], (high - low) / 2e-6, rtol=1e-3, atol=1e-4)


def test_it_finds_mistakes_with_fewer_candidates_than_chance_alone() -> None:
    climb = run(rules_of(STRATEGY), first(SEARCHES))
    found = climb.finds.search
    assert len(found) > SEARCHES / 3
    assert np.median(climb.tally.candidates[found]) <= 2


def test_a_search_without_hope_ends_after_its_trial() -> None:
    hopeless = Gradient(steps=6, trial=2, hopeless=1e-9, margin=1e3, descent=10)
    climb = run(rules_of(hopeless), first(SEARCHES))
    exhausted = climb.outcome == "exhausted"
    assert exhausted.any()
    assert climb.tally.candidates[exhausted].max() == 2


def test_all_voters_and_the_target_are_sloped_on_their_seeds() -> None:
    rules = rules_of(STRATEGY)
    panel = panel_for(rules)
    climb, questions = started(rules, first(SEARCHES))
    advance(climb, panel.ask(questions))
    right = [row for row in rows_of(questions) if panel.answer(row)[1] == row.seed_id % CLASSES]
    assert sorted(panel.differentiated) == sorted(right)


def test_no_candidate_is_tried_again_at_once() -> None:
    patient = Gradient(steps=12, trial=12, descent=10)
    climb = run(rules_of(patient, patience=100), first(SEARCHES))
    short = climb.outcome == "exhausted"
    assert (climb.tally.candidates[short] < 12).any()
    for search in range(SEARCHES):
        asked = climb.memory["knobs"][search, : climb.memory["count"][search]]
        assert (np.diff(asked, axis=0) != 0).any(axis=1).all()
