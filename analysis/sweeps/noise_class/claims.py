"""What Fan & Yezzi claim about training images and about noise (section 5), checked on a sweep."""

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from outvoted.actors.data.noises import Mixture, Solid
from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report.claims import Claim, Unit, ratio_interval
from outvoted.analysis.report.numbers import interval
from outvoted.analysis.sweeps.noise_class.experiment import WHOLE
from outvoted.analysis.sweeps.noise_class.results import (
    BySeed,
    Results,
    Series,
    difference,
    mean,
    published,
    series,
)
from outvoted.search.settings import plain

Look = Callable[[Criteria, float, bool, str], "BySeed[Any]"]
"""A figure of the networks of a selection: by criteria, fraction, whether with noise, and metric."""
Effect = Callable[[Look], "BySeed[Any]"]
Pairs = tuple[tuple[Criteria, Criteria], ...]
Setting = tuple[Criteria, float, bool]
"""Whose standard deviation: criteria, fraction, with noise or without."""

_CONFIDENT: Pairs = (("hc+ls", "lc+ls"), ("hc+hs", "lc+hs"))
_SPURIOUS: Pairs = (("hc+hs", "hc+ls"), ("lc+hs", "lc+ls"))
_LARGE = 0.75  # fractions from which the paper calls the training set large
_SURE: Criteria = "hc+ls"
_HESITANT: Criteria = "lc+hs"


def selection_claims(results: Results) -> tuple[Claim, ...]:
    """Return the claims that the sweep's selections can be asked about, in the paper's order."""
    return tuple(_SelectionClaims(results).all())


class _SelectionClaims:
    def __init__(self, results: Results) -> None:
        self._results = results
        self._fractions = sorted(results.experiment.fractions)
        self._selections = results.experiment.selections
        self._everything = [(c, f) for f in self._fractions for c in self._selections]

    def all(self) -> Iterator[Claim]:
        if self._fractions:
            yield from self._confident()
            yield from self._spurious()
            yield from self._determined()
        if self._fractions and self._results.experiment.beside is not None:
            yield from self._noise()

    def _confident(self) -> Iterator[Claim]:
        """High-confidence images are required, above all where there are few images."""
        pairs = self._there(_CONFIDENT)
        what = "A: hc - lc, mean over ls and hs"
        if not pairs:
            return
        for fraction in self._fractions:
            text = f"Images of high confidence raise accuracy at {fraction:g}"
            yield self._claim(text, _contrast(pairs, fraction), f"{what}, at {fraction:g}")
        if len(self._fractions) > 1:
            low, high = self._fractions[0], self._fractions[-1]
            effect = _change(_contrast(pairs, high), _contrast(pairs, low))
            text = f"They do so more with few images ({low:g}) than with many ({high:g})"
            yield self._claim(text, effect, f"{what}, at {low:g} less at {high:g}")

    def _spurious(self) -> Iterator[Claim]:
        """Highly spurious images mislead where images are few, and become valuable where they are many."""
        pairs = self._there(_SPURIOUS)
        if not pairs:
            return
        for fraction in self._fractions:
            if fraction < _LARGE:
                text = f"Highly spurious images mislead at {fraction:g}"
                effect = _contrast(_turned(pairs), fraction)
                yield self._claim(text, effect, f"A: ls - hs, mean over hc and lc, at {fraction:g}")
                continue
            for pair in pairs:
                beside = pair[0].split("+")[0]
                text = f"Highly spurious images are valuable beside {beside} at {fraction:g}"
                yield self._claim(
                    text, _contrast((pair,), fraction), f"A: {pair[0]} - {pair[1]}, at {fraction:g}"
                )
        if len(self._fractions) > 1:
            low, high = self._fractions[0], self._fractions[-1]
            text = f"Highly spurious images are worth more at {high:g} than at {low:g}"
            effect = _change(_contrast(pairs, low), _contrast(pairs, high))
            what = "A: hs - ls, mean over hc and lc"
            yield self._claim(text, effect, f"{what}, at {high:g} less at {low:g}")

    def _determined(self) -> Iterator[Claim]:
        """Trained on hc+ls networks are determined, on lc+hs hesitant."""
        if not {_SURE, _HESITANT} <= set(self._selections):
            return
        pair: Pairs = ((_SURE, _HESITANT),)
        where = "mean over fractions"
        for metric, name in (("correct_confidence", "P_c"), ("wrong_confidence", "P_s")):
            text = f"Trained on hc+ls networks are surer than on lc+hs ({name})"
            effect = _mean_of([_contrast(pair, fraction, metric) for fraction in self._fractions])
            yield self._claim(text, effect, f"{name}: hc+ls - lc+hs, {where}")
        turned: Pairs = ((_HESITANT, _SURE),)
        text = "On lc+hs they leave the true class more where they are wrong (P_g)"
        effect = _mean_of([_contrast(turned, fraction, "wrong_truth") for fraction in self._fractions])
        yield self._claim(text, effect, f"P_g: lc+hs - hc+ls, {where}")
        yield self._steadier(
            "Networks trained on hc+ls agree more with each other (σ_A) than on lc+hs",
            [(_HESITANT, fraction, False) for fraction in self._fractions],
            [(_SURE, fraction, False) for fraction in self._fractions],
            "σ_A of lc+hs over that of hc+ls, variances averaged over fractions",
        )

    def _noise(self) -> Iterator[Claim]:
        """A class of noise helps, more so with few images; it makes networks surer and steadier."""
        everywhere = "mean over selections"
        text = "A class of noise raises accuracy"
        yield self._claim(
            text, _added(self._everything), f"A: with noise - without, {everywhere} and fractions"
        )
        by_fraction = {f: _added([(c, f) for c in self._selections]) for f in self._fractions}
        for fraction, effect in by_fraction.items():
            yield self._claim(f"{text} at {fraction:g}", effect, f"A: with noise - without, {everywhere}")
        low, high = self._fractions[0], self._fractions[-1]
        if low < high:
            yield self._claim(
                f"It does so more with few images ({low:g}) than with many ({high:g})",
                _change(by_fraction[high], by_fraction[low]),
                f"A: with noise - without, {everywhere}, at {low:g} less at {high:g}",
            )
        for metric, name in (
            ("correct_confidence", "P_c"),
            ("wrong_confidence", "P_s"),
            ("wrong_truth", "P_g"),
        ):
            effect = _added(self._everything, metric)
            yield self._claim(
                f"Noise raises {name}", effect, f"{name}: with noise - without, {everywhere} and fractions"
            )
        yield self._steadier(
            "Networks trained with noise agree more with each other (σ_A)",
            [(c, f, False) for c, f in self._everything],
            [(c, f, True) for c, f in self._everything],
            "σ_A without noise over that with it, variances averaged over selections and fractions",
        )
        if low < high:
            yield self._claim(
                f"Fewer test images are called noise (N) at {high:g} than at {low:g}",
                _change(_called_noise(self._selections, high), _called_noise(self._selections, low)),
                f"N: at {low:g} less at {high:g}, {everywhere}",
                unit="of 10,000",
            )

    def _there(self, pairs: Pairs) -> Pairs:
        return tuple(pair for pair in pairs if set(pair) <= set(self._selections))

    def _claim(self, text: str, effect: Effect, computed_from: str, unit: Unit = "share") -> Claim:
        told = effect(_look_up)
        theirs = float(told.mean()) if len(told) else None
        claim = Claim(text, computed_from, unit=unit, published=theirs)
        return claim.judged(interval(effect(self._look)))

    def _steadier(self, text: str, above: list[Setting], below: list[Setting], computed_from: str) -> Claim:
        """Compare standard deviations over seeds, of the pairs of settings that both have two or more."""
        both = [
            (mine, other)
            for one, another in zip(above, below, strict=True)
            if min(len(mine := self._accuracy(one)), len(other := self._accuracy(another))) > 1
        ]
        dof = sum(len(mine) - 1 for mine, _ in both), sum(len(other) - 1 for _, other in both)
        found = ratio_interval([mine.var() for mine, _ in both], [other.var() for _, other in both], dof)
        rows = [(published(*a), published(*b)) for a, b in zip(above, below, strict=True)]
        told = [(a.accuracy_std**2, b.accuracy_std**2) for a, b in rows if a is not None and b is not None]
        theirs, _, _ = ratio_interval([a for a, _ in told], [b for _, b in told], (1, 1))
        return Claim(text, computed_from, bound=1, unit="ratio", published=theirs).judged(found)

    def _look(self, criteria: Criteria, fraction: float, noise: bool, metric: str) -> "BySeed[Any]":
        return self._results.by_seed(self._results.selected(criteria, fraction, noise), metric)

    def _accuracy(self, one: Setting) -> "BySeed[Any]":
        return self._look(*one, "test_accuracy")


def _look_up(criteria: Criteria, fraction: float, noise: bool, metric: str) -> "BySeed[Any]":
    """Answer from the paper's tables: a mean over networks stands for one network."""
    row = published(criteria, fraction, noise)
    value = None if row is None else getattr(row, metric)
    return pd.Series([] if value is None else [value], dtype=float)


def _contrast(pairs: Pairs, fraction: float, metric: str = "test_accuracy") -> Effect:
    """First less second of each pair, averaged over pairs, trained without noise."""
    return lambda look: mean(
        [
            difference(look(first, fraction, False, metric), look(second, fraction, False, metric))
            for first, second in pairs
        ]
    )


def _turned(pairs: Pairs) -> Pairs:
    return tuple((second, first) for first, second in pairs)


def _added(where: list[tuple[Criteria, float]], metric: str = "test_accuracy") -> Effect:
    """With noise less without, averaged over selections."""
    return lambda look: mean(
        [difference(look(c, f, True, metric), look(c, f, False, metric)) for c, f in where]
    )


def _called_noise(selections: tuple[Criteria, ...], fraction: float) -> Effect:
    return lambda look: mean([look(criteria, fraction, True, "noise") for criteria in selections])


def _change(before: Effect, after: Effect) -> Effect:
    return lambda look: difference(after(look), before(look))


def _mean_of(effects: list[Effect]) -> Effect:
    return lambda look: mean([effect(look) for effect in effects])


_MIDDLE = 127.5


def noise_claims(results: Results) -> tuple[Claim, ...]:
    """Return the claims about noise added to all training images, in the paper's order."""
    return tuple(_NoiseClaims(results).all())


class _NoiseClaims:
    def __init__(self, results: Results) -> None:
        self._results = results

    def all(self) -> Iterator[Claim]:
        of = {"deviation": self._deviation, "mean": self._mean, "number": self._number, "scale": self._scale}
        for one in series(self._results.noises):
            yield from of[one.parameter](one)
        yield from self._harmful()

    def _deviation(self, one: Series) -> Iterator[Claim]:
        (least, low), *_, (most, high) = one.places
        text = f"Noise helps more with a deviation of {plain(most)} than of {plain(least)} ({one.label})"
        yield self._claim(text, self._less(high, low), f"A: deviation {plain(most)} - {plain(least)}")
        text = f"With a deviation of {plain(most)} it raises accuracy ({one.label})"
        yield self._claim(text, self._less(high, WHOLE), f"A: deviation {plain(most)} - no noise")

    def _mean(self, one: Series) -> Iterator[Claim]:
        value, middle = min(one.places, key=lambda place: abs(place[0] - _MIDDLE))
        others = [setting for _, setting in one.places if setting != middle]
        text = f"Noise helps most with a mean in the middle, {plain(value)} ({one.label})"
        effect = mean([self._less(middle, other) for other in others])
        yield self._claim(text, effect, f"A: mean {plain(value)} - each of the other {len(others)}, averaged")

    def _number(self, one: Series) -> Iterator[Claim]:
        (least, low), *_, (most, high) = one.places
        text = f"More noise helps more, {most:g}× than {least:g}× ({one.label})"
        yield self._claim(text, self._less(high, low), f"A: {most:g}× - {least:g}×")
        if len(one.places) > 2:
            between, middle = one.places[len(one.places) // 2]
            text = f"What more noise adds is less beyond {between:g}× than up to it ({one.label})"
            effect = difference(self._less(middle, low), self._less(high, middle))
            yield self._claim(text, effect, f"A: ({between:g}× - {least:g}×) - ({most:g}× - {between:g}×)")

    def _scale(self, one: Series) -> Iterator[Claim]:
        (least, fine), *coarser = one.places
        if least > 1:
            return
        text = f"Noise helps less the larger its scale ({one.label})"
        effect = mean([self._less(fine, setting) for _, setting in coarser])
        sizes = ", ".join(f"{size:g}" for size, _ in coarser)
        yield self._claim(text, effect, f"A: unfiltered - filtered, averaged over sizes {sizes}")

    def _harmful(self) -> Iterator[Claim]:
        for setting, noise in self._results.noises:
            kinds = {Solid: "Solid colours lower", Mixture: "A mixture of Gaussian noises lowers"}
            if type(noise.noise) in kinds:
                text = f"{kinds[type(noise.noise)]} accuracy ({noise.number:g}×)"
                yield self._claim(text, self._less(WHOLE, setting), f"A: {WHOLE} - {setting}")

    def _less(self, first: str, second: str) -> "BySeed[Any]":
        accuracies = (self._results.by_seed(setting, "test_accuracy") for setting in (first, second))
        return difference(*accuracies)

    @staticmethod
    def _claim(text: str, effect: "BySeed[Any]", computed_from: str) -> Claim:
        return Claim(text, computed_from).judged(interval(effect))
