"""Importances find the keys that made-up objectives depend on, and are silent where trials don't tell."""

import numpy as np
import pytest

from outvoted.analysis.tuning.importances import Importances, importances
from outvoted.analysis.tuning.key_axes import KeyAxis, key_axes
from outvoted.analysis.tuning.variation import Variation
from outvoted.search.arrays import Floats

VARY = {
    "a.first": Variation(uniform=(0, 1)),
    "a.second": Variation(choice=("x", "y", "z")),
    "a.third": Variation(log_uniform=(0.001, 1)),
}
AXES = key_axes(tuple(VARY), VARY, [])


def places(count: int, seed: int = 0) -> Floats:
    random = np.random.default_rng(seed)
    return np.stack([random.random(count), random.integers(0, 3, count), -3 * random.random(count)], axis=1)


def found(values: Floats, where: Floats, axes: tuple[KeyAxis, ...] = AXES) -> Importances:
    return importances("success", axes, where, values)


@pytest.mark.parametrize(("gaps", "method"), [(False, "fANOVA"), (True, "permutation")])
def test_the_key_that_matters_most_comes_first(gaps: bool, method: str) -> None:
    where = places(80)
    values = 3 * (where[:, 1] == 2) + where[:, 0]
    if gaps:
        where[where[:, 1] == 0, 2] = np.nan
    told = found(values, where)
    assert told.method == method
    assert [one.key for one in told.keys][:2] == ["a.second", "a.first"]
    assert told.keys[0].share > 0.5 > told.keys[1].share > 0.02
    assert told.explained > 0.8
    assert all(one.std >= 0 for one in told.keys)
    assert told == found(values, where), "equal trials tell the same"


@pytest.mark.parametrize(
    ("values", "where", "said"),
    [
        (np.arange(5.0), places(5), "5 trials have a value"),
        (np.full(30, np.nan), places(30), "0 trials have a value"),
        (np.ones(30), places(30), "the same result"),
        (np.arange(30.0), np.ones((30, 3)), "the same values"),
        (np.random.default_rng(1).random(30), places(30), "can't be told"),
    ],
    ids=["few", "none", "equal results", "equal values", "noise"],
)
def test_where_trials_do_not_tell_a_sentence_says_so(values: Floats, where: Floats, said: str) -> None:
    told = found(values, where)
    assert told.keys == ()
    assert said in told.silent


def test_a_key_with_one_value_has_no_importance() -> None:
    where = places(40)
    where[:, 2] = -1
    told = found(where[:, 0], where)
    assert {one.key for one in told.keys} == {"a.first", "a.second"}


def test_numbers_of_any_size_are_told(recwarn: pytest.WarningsRecorder) -> None:
    where = places(40)
    values = 1e99 * (where[:, 1] == 2)
    where[:, 0] *= 1e100
    told = found(values, where)
    assert told.keys[0].key == "a.second"
    assert [one for one in recwarn if issubclass(one.category, RuntimeWarning)] == []
