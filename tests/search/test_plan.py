"""Which searches a run consists of: stable under extension, split without loss, named by their ids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.id_ranges import IdRanges
from outvoted.search.plan import Searches, Turns, drawn_seeds, replicas_needed
from tests.search.runs import all_turns, searches

RUN_SEEDS = st.integers(0, 2**64 - 1)


@given(run_seed=RUN_SEEDS, short=st.integers(0, 30), more=st.integers(0, 30), peers=st.integers(2, 7))
@settings(max_examples=40)
def test_a_longer_run_begins_with_exactly_the_shorter_runs_searches(
    run_seed: int, short: int, more: int, peers: int
) -> None:
    turns = all_turns(peers)
    few, many = searches(run_seed, short, turns, 50), searches(run_seed, short + more, turns, 50)
    assert len(few) == short * peers
    assert many.search_id[: len(few)].tolist() == few.search_id.tolist()
    assert many.target[: len(few)].tolist() == few.target.tolist()
    assert many.seed_id[: len(few)].tolist() == few.seed_id.tolist()
    assert many.rows(slice(0, len(few))).voters.tolist() == few.voters.tolist()
    assert many.replica[: len(few)].tolist() == few.replica.tolist()


def test_every_peer_takes_its_turn_on_every_replicas_seed() -> None:
    work = searches(9, replicas=20, turns=all_turns(4), seeds=1000)
    assert work.search_id.tolist() == list(range(80))
    assert (work.target.reshape(20, 4) == np.arange(4)).all()
    assert set(work.voters.tolist()) == {3}
    assert work.replica.tolist() == np.repeat(np.arange(20), 4).tolist()
    seeds = work.seed_id.reshape(20, 4)
    assert (seeds == seeds[:, :1]).all()
    assert seeds[:, 0].tolist() == drawn_seeds(9, np.arange(20), 1000).tolist()


def test_every_number_of_voters_is_tried_on_the_same_seeds_with_the_same_targets() -> None:
    turns = Turns(targets=(2, 0), voters=(0, 1, 4))
    work = searches(9, replicas=5, turns=turns, seeds=1000)
    assert len(work) == 5 * len(turns) == 30
    for replica in range(5):
        mine = work.rows(work.replica == replica)
        assert set(mine.seed_id.tolist()) == {drawn_seeds(9, np.array([replica]), 1000)[0]}
        pairs = sorted(zip(mine.target.tolist(), mine.voters.tolist(), strict=True))
        assert pairs == [(target, voters) for target in (0, 2) for voters in (0, 1, 4)]


def test_fewer_turns_search_the_same_seeds() -> None:
    some, every = (searches(9, 20, turns, 1000) for turns in (Turns((1,), (2,)), all_turns(4)))
    assert some.seed_id.tolist() == every.seed_id[::4].tolist()


@given(
    run_seed=RUN_SEEDS,
    replicas=st.lists(st.integers(0, 2**62), min_size=1, max_size=20),
    seeds=st.integers(1, 10**6),
)
@settings(max_examples=40)
def test_a_replicas_seed_does_not_depend_on_the_others(
    run_seed: int, replicas: list[int], seeds: int
) -> None:
    drawn = drawn_seeds(run_seed, np.array(replicas), seeds)
    assert ((drawn >= 0) & (drawn < seeds)).all()
    assert drawn.tolist() == [int(drawn_seeds(run_seed, np.array([one]), seeds)[0]) for one in replicas]


def test_seeds_are_drawn_uniformly_and_with_replacement() -> None:
    counts = np.bincount(drawn_seeds(1, np.arange(20_000), 20), minlength=20)
    assert len(counts) == 20
    assert np.abs(counts - 1000).max() < 200


def test_another_run_seed_draws_other_seeds() -> None:
    one, two = (drawn_seeds(run_seed, np.arange(50), 10**6) for run_seed in (1, 2))
    assert not (one == two).any()


@given(
    replicas=st.integers(0, 12),
    peers=st.integers(2, 5),
    size=st.integers(1, 70),
    done=st.sets(st.integers(0, 80)),
)
@settings(max_examples=80)
def test_shards_partition_what_is_not_done(replicas: int, peers: int, size: int, done: set[int]) -> None:
    whole, work = Searches(3, replicas, all_turns(peers), 50), searches(3, replicas, all_turns(peers), 50)
    assert len(whole) == len(work)
    parts = list(whole.shards(IdRanges.of(np.array(sorted(done), np.int64)), size))
    assert [i for part in parts for i in part.search_id.tolist()] == sorted({*range(len(work))} - done)
    assert all(0 < len(part) <= max(size, peers) for part in parts)
    replicas_of = [set(part.replica.tolist()) for part in parts]
    assert sum(map(len, replicas_of)) == len(set[int]().union(*replicas_of))  # no replica is split
    for part in parts:
        assert part.target.tolist() == work.target[part.search_id].tolist()
        assert part.seed_id.tolist() == work.seed_id[part.search_id].tolist()
        assert part.voters.tolist() == work.voters[part.search_id].tolist()
        assert part.replica.tolist() == work.replica[part.search_id].tolist()


@given(
    replicas=st.integers(1, 3000),
    cells=st.integers(1, 9),
    size=st.integers(1, 700),
    at_once=st.integers(1, 12),
)
@settings(max_examples=100)
def test_equal_cells_get_equally_many_shards_that_are_hardly_larger_than_need_be(
    replicas: int, cells: int, size: int, at_once: int
) -> None:
    whole = Searches(3, replicas, all_turns(5), 50)
    even, together = whole.cut_evenly(IdRanges(), cells, size, at_once)
    assert even % 5 == 0
    assert even <= max(size, 5)
    assert 1 <= together <= at_once
    of_a_shard = even // 5
    each = -(-replicas // (of_a_shard * cells))  # shards of a cell
    assert of_a_shard == -(-replicas // (each * cells)), "cells could end earlier with smaller shards"
    assert each <= together * -(-each // at_once), "a cell comes back for shards more often than it must"


@given(size=st.integers(1, 20), done=st.sets(st.integers(0, 59)))
@settings(max_examples=40)
def test_names_follow_from_ids_and_sort_like_them(size: int, done: set[int]) -> None:
    work, ended = Searches(3, 20, all_turns(3), 50), IdRanges.of(np.array(sorted(done), np.int64))
    names = [part.name for part in work.shards(ended, size)]
    assert names == [part.name for part in work.shards(ended, size)]
    assert names == sorted(set(names))


def test_a_name_holds_the_first_and_the_last_id() -> None:
    (part,) = Searches(3, 20, all_turns(3), 50).shards(IdRanges.of(np.arange(5)), 100)
    assert part.name == "shard-000000000005-000000000059"


@given(undisputed=st.lists(st.booleans()), wanted=st.integers(1, 10))
@settings(max_examples=100)
def test_replicas_needed_are_the_fewest_that_suffice(undisputed: list[bool], wanted: int) -> None:
    enough = [n for n in range(len(undisputed) + 1) if sum(undisputed[:n]) >= wanted]
    expected = enough[0] if enough else None
    assert replicas_needed(np.array(undisputed, bool), wanted) == expected


@pytest.mark.parametrize(
    ("undisputed", "wanted", "needed"),
    [([], 1, None), ([False], 1, None), ([True], 1, 1), ([False, True, False], 1, 2), ([True] * 3, 4, None)],
)
def test_replicas_needed_at_the_edges(undisputed: list[bool], wanted: int, needed: int | None) -> None:
    assert replicas_needed(np.array(undisputed, bool), wanted) == needed
