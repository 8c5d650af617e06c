"""Which searches a run consists of: stable under extension, split without loss, named by their ids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outvoted.search.plan import drawn_seeds, replicas_needed, searches, shards

RUN_SEEDS = st.integers(0, 2**64 - 1)


@given(run_seed=RUN_SEEDS, short=st.integers(0, 30), more=st.integers(0, 30), peers=st.integers(2, 7))
@settings(max_examples=40, deadline=None)
def test_a_longer_run_begins_with_exactly_the_shorter_runs_searches(
    run_seed: int, short: int, more: int, peers: int
) -> None:
    few, many = searches(run_seed, short, peers, 50), searches(run_seed, short + more, peers, 50)
    assert len(few) == short * peers
    assert many.search_id[: len(few)].tolist() == few.search_id.tolist()
    assert many.target[: len(few)].tolist() == few.target.tolist()
    assert many.seed_id[: len(few)].tolist() == few.seed_id.tolist()


def test_every_peer_takes_its_turn_on_every_replicas_seed() -> None:
    work = searches(9, replicas=20, peers=4, seeds=1000)
    assert work.search_id.tolist() == list(range(80))
    assert (work.target.reshape(20, 4) == np.arange(4)).all()
    seeds = work.seed_id.reshape(20, 4)
    assert (seeds == seeds[:, :1]).all()
    assert seeds[:, 0].tolist() == drawn_seeds(9, np.arange(20), 1000).tolist()


@given(
    run_seed=RUN_SEEDS,
    replicas=st.lists(st.integers(0, 2**62), min_size=1, max_size=20),
    seeds=st.integers(1, 10**6),
)
@settings(max_examples=40, deadline=None)
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
@settings(max_examples=80, deadline=None)
def test_shards_partition_what_is_not_done(replicas: int, peers: int, size: int, done: set[int]) -> None:
    work = searches(3, replicas, peers, 50)
    parts = list(shards(work, np.array(sorted(done), np.int64), size))
    assert [i for part in parts for i in part.search_id.tolist()] == sorted({*range(len(work))} - done)
    assert all(0 < len(part) <= size for part in parts)
    assert all(len(part) == size for part in parts[:-1])
    for part in parts:
        assert part.target.tolist() == work.target[part.search_id].tolist()
        assert part.seed_id.tolist() == work.seed_id[part.search_id].tolist()


@given(size=st.integers(1, 20), done=st.sets(st.integers(0, 59)))
@settings(max_examples=40, deadline=None)
def test_names_follow_from_ids_and_sort_like_them(size: int, done: set[int]) -> None:
    work, ended = searches(3, 20, 3, 50), np.array(sorted(done), np.int64)
    names = [part.name for part in shards(work, ended, size)]
    assert names == [part.name for part in shards(work, ended, size)]
    assert names == sorted(set(names))


def test_a_name_holds_the_first_and_the_last_id() -> None:
    work = searches(3, 20, 3, 50)
    (part,) = shards(work, np.arange(5), 100)
    assert part.name == "shard-000000000005-000000000059"


@given(undisputed=st.lists(st.booleans()), wanted=st.integers(1, 10))
@settings(max_examples=100, deadline=None)
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
