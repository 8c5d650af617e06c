"""Which keys an objective depends on, as far as the trials tell.

Forests are fitted to the trials. Where every key holds in every trial, importances are Optuna's fANOVA: the
share of the forest's variance that a key explains alone (F. Hutter, H. Hoos & K. Leyton-Brown, 2014). Where
some keys hold in some trials only, they are scikit-learn's permutation importances: by how much the forest
misses trials more when a key's values are shuffled, as shares of all keys' together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from outvoted.analysis.tuning.key_axes import KeyAxis
from outvoted.search.arrays import Floats

Method = Literal["fANOVA", "permutation"]
_FEWEST = 10  # trials
_FORESTS = 4
_TREES = 16  # of each for fANOVA, which takes long in Python
_ALL_TREES = 32
_SHUFFLES = 5
_MOST = 500  # trials that a forest is fitted to
_EXPLAINED = 0.1  # of the variance of trials that a tree has not seen


@dataclass(frozen=True)
class Importance:
    """How much an objective depends on a key.

    Attributes:
        key: its path.
        share: mean over forests of different seeds; the shares of fANOVA leave what keys explain together.
        std: their standard deviation.
    """

    key: str
    share: float
    std: float


@dataclass(frozen=True)
class Importances:
    """What an objective depends on, most first; none, and why, where the trials don't tell.

    Attributes:
        objective: the measure.
        keys: of those that were varied.
        method: how it was computed.
        explained: share of the variance of trials that the forest explains without having seen them.
        trials: how many it was fitted to.
        silent: why nothing can be said.
    """

    objective: str
    keys: tuple[Importance, ...]
    method: Method
    explained: float
    trials: int
    silent: str = ""


def importances(objective: str, axes: Sequence[KeyAxis], places: Floats, values: Floats) -> Importances:
    """Say which keys an objective depends on.

    Args:
        objective: its name.
        axes: of the keys.
        places: where each trial's values lie on them, shape (trials, keys), NaN where a key does not hold.
        values: of the objective, shape (trials,), NaN where it is not known.
    """
    known = np.isfinite(values)
    places, values = places[known][-_MOST:], _scaled(values[known][-_MOST:])
    columns = [_scaled(one) if axis.numbers else one for axis, one in zip(axes, places.T, strict=True)]
    places = np.stack(columns, axis=1)
    method: Method = "permutation" if np.isnan(places).any() else "fANOVA"
    varied = [k for k in range(len(axes)) if len(np.unique(places[:, k])) > 1]  # NaN counts as one value
    silent = _silent(len(values), len(axes), varied, values)
    if silent:
        return Importances(objective, (), method, 0.0, len(values), silent)
    known_keys, inputs = [axes[k] for k in varied], places[:, varied]
    explained = _explained(inputs, values)
    if explained < _EXPLAINED:
        silent = (
            f"a forest fitted to {len(values)} trials explains {max(explained, 0):.0%} of the variance of "
            "trials it has not seen: which keys matter can't be told"
        )
        return Importances(objective, (), method, explained, len(values), silent)
    compute = _permuted if method == "permutation" else _fanova
    each = np.array([compute(known_keys, inputs, values, seed) for seed in range(_FORESTS)])
    found = [
        Importance(axis.key, float(share), float(std))
        for axis, share, std in zip(known_keys, each.mean(axis=0), each.std(axis=0, ddof=1), strict=True)
    ]
    ordered = tuple(sorted(found, key=lambda one: -one.share))
    return Importances(objective, ordered, method, explained, len(values))


def _silent(trials: int, keys: int, varied: Sequence[int], values: Floats) -> str:
    """Say why nothing can be said, if so."""
    fewest = max(_FEWEST, 3 * keys)
    if trials < fewest:
        counted = "1 trial has" if trials == 1 else f"{trials} trials have"
        return f"{counted} a value: which keys matter can be told from {fewest} on"
    if not varied:
        return "all trials have the same values"
    if np.ptp(values) == 0:
        return "all trials have the same result"
    return ""


def _scaled(values: Floats) -> Floats:
    """Put numbers between 0 and 1, NaN aside: forests compute in single precision."""
    there = values[np.isfinite(values)]
    if not len(there) or there.max() == there.min():
        return np.where(np.isnan(values), np.nan, 0.0)
    return np.asarray((values - there.min()) / (there.max() - there.min()))


def _filled(inputs: Floats) -> Floats:
    """Put what does not hold outside the values that do."""
    low, high = np.nanmin(inputs, axis=0), np.nanmax(inputs, axis=0)
    return np.where(np.isnan(inputs), low - (high - low) - 1, inputs)


def _forest(seed: int, bagged: bool = False) -> RandomForestRegressor:
    return RandomForestRegressor(_ALL_TREES, oob_score=bagged, random_state=seed)


def _explained(inputs: Floats, values: Floats) -> float:
    """Return the share of variance that trees explain of trials they were not fitted to."""
    fitted = _forest(0, bagged=True).fit(_filled(inputs), values)
    return float(fitted.oob_score_)


def _permuted(axes: Sequence[KeyAxis], inputs: Floats, values: Floats, seed: int) -> list[float]:
    filled = _filled(inputs)
    fitted = _forest(seed).fit(filled, values)
    found = permutation_importance(fitted, filled, values, n_repeats=_SHUFFLES, random_state=seed)
    means = np.clip(found.importances_mean, 0, None)
    return list(means / (means.sum() or 1.0))


def _fanova(axes: Sequence[KeyAxis], inputs: Floats, values: Floats, seed: int) -> list[float]:
    """Return the importances that Optuna computes of these trials."""
    forms: Mapping[str, BaseDistribution] = {
        axis.key: FloatDistribution(float(column.min()), float(column.max()))
        if axis.numbers
        else CategoricalDistribution(tuple(range(len(axis.listed))))
        for axis, column in zip(axes, inputs.T, strict=True)
    }
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study()
    finally:
        optuna.logging.set_verbosity(level)
    study.add_trials([_trial(axes, forms, row, value) for row, value in zip(inputs, values, strict=True)])
    found = FanovaImportanceEvaluator(n_trees=_TREES, seed=seed).evaluate(study)
    return [float(found[axis.key]) for axis in axes]


def _trial(
    axes: Sequence[KeyAxis], forms: Mapping[str, BaseDistribution], row: Floats, value: float
) -> optuna.trial.FrozenTrial:
    given = {axis.key: float(x) if axis.numbers else int(x) for axis, x in zip(axes, row, strict=True)}
    return optuna.trial.create_trial(params=given, distributions=dict(forms), value=float(value))
