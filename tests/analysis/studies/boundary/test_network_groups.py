"""Which networks are compared."""

import numpy as np
import pandas as pd

from outvoted.analysis.studies.boundary.networks import StoppedNetworks, networks, reached
from tests.analysis.studies.boundary.boundaries import certain, frame, stop

SEEDS = range(7)


def study(missed: tuple[int, ...] = ()) -> StoppedNetworks:
    """Seven seeds of a's first variant and one of its second, and two of b, all at 98 %."""
    rows = [stop(f"a-1.{seed}", "a-1", seed, 0.98, seed not in missed) for seed in reversed(SEEDS)]
    rows += [
        stop("a-2.0", "a-2", 0, 0.98),
        stop("b-1.0", "b-1", 0, 0.98, False),
        stop("b-1.1", "b-1", 1, 0.98),
    ]
    rows.append(stop("b-1.0@99", "b-1", 0, 0.99))
    answered = {str(row["network"]): certain([0, 1], 2) for row in rows if row["reached"]}
    return networks(pd.DataFrame(rows), frame(answered), 2, 2)


def test_the_diverse_group_has_the_first_seed_of_each_variant_that_got_there() -> None:
    found = study(missed=(0,))
    assert found.diverse(0.98).names == ("a-1", "a-2", "b-1")
    assert found.diverse(0.99).names == ("b-1",)
    assert found.targets == (0.98, 0.99)
    assert found.families == ("a", "b")


def test_repeats_are_groups_of_consecutive_seeds_of_one_variant() -> None:
    groups = [group.names for group in study().repeats("a", 0.98, 3)]
    assert groups == [("a-1.0", "a-1.1", "a-1.2"), ("a-1.3", "a-1.4", "a-1.5")]


def test_seeds_that_missed_the_target_are_passed_over() -> None:
    groups = [group.names for group in study(missed=(1, 5)).repeats("a", 0.98, 2)]
    assert groups == [("a-1.0", "a-1.2"), ("a-1.3", "a-1.4")]


def test_fewer_seeds_than_a_group_has_are_one_smaller_group_and_one_seed_is_none() -> None:
    (group,) = study().repeats("a", 0.98, 10)
    assert len(group.names) == len(SEEDS)
    assert study().repeats("b", 0.98, 10) == []


def test_answers_go_with_their_names() -> None:
    rows = [stop(f"a-1.{seed}", "a-1", seed, 0.98) for seed in (2, 0, 1)]
    votes = frame({f"a-1.{seed}": certain([seed, 0], 3) for seed in (1, 2, 0)})
    (group,) = networks(pd.DataFrame(rows), votes, 2, 3).repeats("a", 0.98, 3)
    assert group.predicted[:, 0].tolist() == [0, 1, 2]


def test_no_networks_are_no_groups() -> None:
    empty = pd.DataFrame(columns=list(stop("", "a-1", 0, 0.5)))
    found = networks(empty, pd.DataFrame(), 4, 3)
    assert found.targets == ()
    assert found.votes.probabilities.shape == (0, 4, 3)
    assert reached(empty) == ()


def test_stops_are_counted_with_the_reason_of_most() -> None:
    one = next(one for one in reached(study(missed=(1, 5)).stops) if (one.family, one.variant) == ("a", "1"))
    assert (one.trainings, one.reached) == (7, 5)
    assert one.reason == "passed over between two checks"
    assert np.isclose(one.target, 0.98)
