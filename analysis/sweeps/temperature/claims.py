"""The claims of "Computational Analysis of Robustness in Neural Network Classifiers", checked on a sweep.

Every effect has one value for each seed; intervals are t intervals over seeds (see claims.interval), so
they speak of networks trained anew on these data, not of other data.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

from outvoted.analysis.report.claims import Claim, Side
from outvoted.analysis.report.numbers import interval
from outvoted.analysis.sweeps.temperature.measurements import Measurements, mean, temperature_name
from outvoted.search.arrays import AnyArray, Floats

_FEWEST = 3  # temperatures: two always lie in order, one way or the other


def trends(temperatures: Floats, values: Floats) -> Floats:
    """Return Spearman's correlation of the temperature with each seed's values, -1 to 1: (s,).

    NaN for a seed with values for fewer than three temperatures, or with equal ones alone.

    Args:
        temperatures: shape (t,).
        values: shape (t, s); those that are NaN are left out.
    """
    return np.array([_trend(temperatures, column) for column in values.T])


def _trend(temperatures: Floats, values: Floats) -> float:
    there = ~np.isnan(values)
    if there.sum() < _FEWEST or np.ptp(values[there]) == 0:
        return float("nan")
    return float(stats.spearmanr(temperatures[there], values[there]).statistic)


def differences(temperatures: Floats, values: Floats) -> Floats:
    """Return each seed's value at the lowest temperature minus that at the highest: (s,).

    They are the lowest and highest that any seed has a value for, the same for all seeds; NaN for a seed that
    lacks one of them, and everywhere if there are not two.

    Args:
        temperatures: shape (t,), rising.
        values: shape (t, s).
    """
    (measured,) = np.nonzero(~np.isnan(values).all(1))
    if len(measured) < 2:
        return np.full(values.shape[1], np.nan)
    return np.asarray(values[measured[0]] - values[measured[-1]])


TRAINED_WITHIN = 0.03
"""A temperature counts as trained where its test accuracy lies within so much of the best one's."""
SIGNIFICANT = 0.001
"""The paper's level."""
_STRONG = -0.5  # what is mostly called a strong correlation begins here (Cohen, 1988)
_ALMOST_ALL = 0.95


def claims(found: Measurements, within: float = TRAINED_WITHIN) -> tuple[Claim, ...]:
    """Check the paper's claims.

    Args:
        found: what the sweep measured.
        within: how far below the best test accuracy a temperature still counts as trained, 0-1.
    """
    return (
        *_fgsm(found, within),
        *_pixels(found, within),
        *_saturation(found),
        *_correlation(found),
        *_epsilon(found),
        *_classes(found),
    )


def _fgsm(found: Measurements, within: float) -> Iterator[Claim]:
    """Lower temperatures are more robust (Sect. 4.1, Fig. 5), for each epsilon (Fig. 6)."""
    trend, difference = _questions("FGSM", "robustness", "below")
    for index, epsilon in enumerate(found.layout.epsilons):
        values = found.robustness[:, :, -1, index]
        yield from _by_temperature(found, within, values, f"ε {epsilon:g}", trend, difference)


def _pixels(found: Measurements, within: float) -> Iterator[Claim]:
    """Lower temperatures are fooled less often by changed pixels (Sect. 4.2, Fig. 9)."""
    share = "share of images fooled (mean over classes)"
    trend, difference = _questions("changed pixels", share, "above")
    for index in range(found.layout.pixels):
        values = found.fooled[:, :, index]
        yield from _by_temperature(found, within, values, f"{index + 1} px", trend, difference)


def _questions(attack: str, figure: str, trend: Side) -> tuple[Claim, Claim]:
    """Ask for the trend over temperatures, and for the difference between the ends, which goes against it."""
    text = f"Lower temperatures make networks more robust against {attack}"
    trending = f"Spearman correlation of T with the {figure} after the last epoch"
    differing = f"{figure} at the lowest T minus that at the highest, after the last epoch"
    return (
        Claim(text, trending, "ρ with T", side=trend, unit="correlation"),
        Claim(text, differing, "low − high T", side="above" if trend == "below" else "below"),
    )


def _by_temperature(
    found: Measurements, within: float, values: Floats, of: str, *questions: Claim
) -> Iterator[Claim]:
    """Put both questions to all temperatures, and to those that trained if these are fewer."""
    temperatures = np.array(found.layout.temperatures)
    trained = np.isin(temperatures, found.trained(within))
    chosen: list[tuple[str, AnyArray]] = [("all T", np.full(len(temperatures), True))]
    if not trained.all():
        chosen.append(("trained T", trained))
    measures: tuple[Callable[[Floats, Floats], Floats], ...] = (trends, differences)
    for which, where in chosen:
        for question, measure in zip(questions, measures, strict=True):
            yield question.judged(interval(measure(temperatures[where], values[where])), f"{of}, {which}")


def _saturation(found: Measurements) -> Iterator[Claim]:
    """Networks spend more and more in saturation as they are trained (Sect. 4.1, Fig. 4)."""
    basis = "saturated share of net values after the last epoch minus that after the first"
    question = Claim("Saturation grows during training", basis, "last − first")
    saturated = found.curves["saturated"]
    yield from _each_temperature(found, question, saturated[:, :, -1] - saturated[:, :, 0])


def _correlation(found: Measurements) -> Iterator[Claim]:
    """G(x) goes against the confidence in the right class (Sect. 4.1, Fig. 8)."""
    basis = "Pearson correlation of G(x) with the right class's confidence over all test images"
    text = "G(x) and the right class's confidence correlate strongly and negatively"
    strong = Claim(text, basis, "Pearson's r", side="below", bound=_STRONG, unit="correlation")
    yield from _each_temperature(found, strong, found.correlation[:, :, -1])
    basis = f"share of classes whose correlation has p < {SIGNIFICANT:g}"
    text = "The correlation is significant in almost all classes"
    almost = Claim(text, basis, "share", bound=_ALMOST_ALL)
    yield almost.judged(interval(mean(significant(found), 0)), "mean over T")


def significant(found: Measurements) -> Floats:
    """Return the share of classes, of those that could be correlated, with p < 0.001: (t, s)."""
    p_values = found.correlation_p[:, :, :-1]
    return mean(np.where(np.isnan(p_values), np.nan, p_values < SIGNIFICANT), 2)


def _each_temperature(found: Measurements, question: Claim, values: Floats) -> Iterator[Claim]:
    """Put a question to each seed's mean over temperatures, then to each temperature."""
    yield question.judged(interval(mean(values, 0)), "mean over T")
    if len(values) > 1:
        for temperature, row in zip(found.layout.temperatures, values, strict=True):
            yield question.judged(interval(row), f"T = {temperature_name(temperature)}", single=True)


def _epsilon(found: Measurements) -> Iterator[Claim]:
    """The higher epsilon, the more successful the attack (Sect. 4.1, Fig. 6)."""
    epsilons = np.array(found.layout.epsilons)
    if len(epsilons) < 2:
        return
    rising = np.sort(epsilons)
    last = found.robustness[:, :, -1, np.argsort(epsilons)]
    falls = last[:, :, :-1] - last[:, :, 1:]
    basis = "smallest fall of robustness from one epsilon to the next larger, mean over temperatures"
    question = Claim("A larger epsilon fools more often", basis, "smallest fall")
    where = "ε " + ", ".join(f"{epsilon:g}" for epsilon in rising)
    yield question.judged(interval(mean(falls.min(2), 0)), where)


def _classes(found: Measurements) -> Iterator[Claim]:
    """Classes differ in robustness (Sect. 5), by more than seeds do.

    The most and the least robust class are chosen by the other seeds, so chance alone would give 0.
    """
    basis = "robustness of the class most robust in the other seeds minus the least's, mean over temperatures"
    text = "Classes differ in robustness beyond what seeds explain"
    by_class = mean(found.class_robustness[:, :, 0], 0)
    apart = [_between_classes(by_class, seed) for seed in range(len(by_class))]
    question = Claim(text, basis, "most − least")
    yield question.judged(interval(apart), f"ε {found.layout.epsilons[0]:g}")


def _between_classes(by_class: Floats, seed: int) -> float:
    others = mean(np.delete(by_class, seed, 0), 0)
    if np.isnan(others).all():
        return float("nan")
    return float(by_class[seed, np.nanargmax(others)] - by_class[seed, np.nanargmin(others)])
