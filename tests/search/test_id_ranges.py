"""Sets of ids as ranges: they are the sets that Python would keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outvoted.search.id_ranges import IdRanges

some_ids = st.sets(st.integers(0, 60))


def ranges(ids: set[int]) -> IdRanges:
    """Return a set as ranges, from ids that are neither sorted nor unique."""
    return IdRanges.of(np.array([*ids, *sorted(ids, reverse=True)], np.int64))


@given(ids=some_ids)
def test_ids_are_the_ones_it_was_made_of(ids: set[int]) -> None:
    found = ranges(ids)
    assert found.ids().tolist() == sorted(ids)
    assert len(found) == len(ids)
    assert found.holds(np.arange(70)).tolist() == [one in ids for one in range(70)]


@given(ids=some_ids)
def test_ranges_are_as_few_as_can_be(ids: set[int]) -> None:
    found = ranges(ids)
    assert len(found.first) == sum(one - 1 not in ids for one in ids)
    assert (found.first < found.end).all()
    assert (found.end[:-1] < found.first[1:]).all()


@given(one=some_ids, other=some_ids)
def test_a_union_is_that_of_sets(one: set[int], other: set[int]) -> None:
    assert ranges(one).union(ranges(other)) == ranges(one | other)


@given(ids=some_ids, count=st.integers(0, 70))
def test_what_is_missing_is_the_rest(ids: set[int], count: int) -> None:
    assert ranges(ids).missing(count) == ranges(set(range(count)) - ids)


@given(ids=some_ids, size=st.integers(1, 9))
def test_a_group_counts_where_any_of_its_ids_does(ids: set[int], size: int) -> None:
    assert ranges(ids).divided(size) == ranges({one // size for one in ids})


@given(ids=some_ids, size=st.integers(1, 70))
def test_chunks_are_of_one_size_but_for_the_last(ids: set[int], size: int) -> None:
    parts = [part.tolist() for part in ranges(ids).chunks(size)]
    assert [one for part in parts for one in part] == sorted(ids)
    assert all(len(part) == size for part in parts[:-1])
    assert all(0 < len(part) <= size for part in parts)


@pytest.mark.parametrize("other", [set(), {1}, {0, 1}])
def test_other_ids_are_another_set(other: set[int]) -> None:
    assert ranges({0}) != ranges(other)
    assert ranges(other) == ranges(set(other))


def test_a_million_ids_that_follow_one_another_take_two_numbers() -> None:
    found = IdRanges.of(np.arange(1_000_000))
    assert (found.first.tolist(), found.end.tolist()) == ([0], [1_000_000])
