"""What Fan & Yezzi read from figs. 9 to 12 (section 5.2), put to a sweep; these figures have no numbers."""

from collections.abc import Iterator
from typing import Any

from outvoted.actors.data.noises import Mixture, Solid
from outvoted.analysis.report.claims import Claim
from outvoted.analysis.report.numbers import interval
from outvoted.analysis.sweeps.training_value.results import (
    WHOLE,
    BySeed,
    Results,
    Series,
    difference,
    mean,
    series,
)
from outvoted.search.settings import plain

_MIDDLE = 127.5


def noise_claims(results: Results) -> tuple[Claim, ...]:
    """Return the claims about noise added to all training images, in the paper's order."""
    return tuple(_Claims(results).all())


class _Claims:
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
