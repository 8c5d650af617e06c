"""Fan & Yezzi's claims about training images and about noise (section 5), tested on a sweep.

An effect is a mean over parts, seed by seed. A part is a cell of tables 2 and 3 (or a setting's accuracy), or
a pair of them: the first minus the second.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, TypeVar

from outvoted.actors.data.noises import Mixture, Solid
from outvoted.actors.data.selection import Criteria
from outvoted.analysis.report.claims import Claim, Unit, ratio_interval
from outvoted.analysis.sweeps.noise_class.experiment import WHOLE
from outvoted.analysis.sweeps.noise_class.results import (
    BySeed,
    PaperCell,
    Results,
    Series,
    difference,
    mean,
    published,
    published_cell,
    series,
)
from outvoted.search.settings import plain

Pairs = tuple[tuple[Criteria, Criteria], ...]
Part = TypeVar("Part", bound=PaperCell | str)
Parts = Sequence[tuple[Part, ...]]

_CONFIDENT: Pairs = (("hc+ls", "lc+ls"), ("hc+hs", "lc+hs"))
_SPURIOUS: Pairs = (("hc+hs", "hc+ls"), ("lc+hs", "lc+ls"))
_SURE: Criteria = "hc+ls"
_HESITANT: Criteria = "lc+hs"
_LARGE = 0.75  # fractions from which the paper calls the training set large


def _effect(
    look: Callable[[Part], "BySeed[Any]"], parts: Parts[Part], less: Parts[Part] = ()
) -> "BySeed[Any]":
    """Return the mean over parts, minus that over the parts of ``less`` if there are any."""
    first, second = (mean([reduce(difference, map(look, part)) for part in some]) for some in (parts, less))
    return difference(first, second) if less else first


def selection_claims(results: Results) -> tuple[Claim, ...]:
    """Return the claims that the sweep's selections can test, in the paper's order."""
    if not results.experiment.fractions:
        return ()
    noise = _noise(results) if results.experiment.beside is not None else ()
    return (*_confident(results), *_spurious(results), *_determined(results), *noise)


def _claim(
    results: Results,
    text: str,
    computed_from: str,
    parts: Parts[PaperCell],
    less: Parts[PaperCell] = (),
    unit: Unit = "share",
) -> Claim:
    """Test a claim on the sweep, and compute its effect from the paper's tables too."""
    told = _effect(published_cell, parts, less)
    claim = Claim(text, computed_from, unit=unit, published=float(told.mean()) if len(told) else None)
    return claim.over(_effect(results.cell, parts, less))


def _at(pairs: Pairs, *fractions: float, metric: str = "test_accuracy") -> Parts[PaperCell]:
    """Compare the selections of each pair, without noise."""
    return [
        (PaperCell(one, fraction, metric=metric), PaperCell(other, fraction, metric=metric))
        for fraction in fractions
        for one, other in pairs
    ]


def _available(results: Results, pairs: Pairs) -> Pairs:
    return tuple(pair for pair in pairs if set(pair) <= set(results.experiment.selections))


def _fractions(results: Results) -> list[float]:
    return sorted(results.experiment.fractions)


def _confident(results: Results) -> Iterator[Claim]:
    """High-confidence images are needed, above all where there are few images."""
    pairs, fractions = _available(results, _CONFIDENT), _fractions(results)
    basis = "A: hc - lc, mean over ls and hs"
    if not pairs:
        return
    for fraction in fractions:
        text = f"High-confidence images raise accuracy at {fraction:g}"
        yield _claim(results, text, f"{basis}, at {fraction:g}", _at(pairs, fraction))
    if len(fractions) > 1:
        low, high = fractions[0], fractions[-1]
        text = f"They raise it more with few images ({low:g}) than with many ({high:g})"
        basis = f"{basis}, at {low:g} minus at {high:g}"
        yield _claim(results, text, basis, _at(pairs, low), _at(pairs, high))


def _spurious(results: Results) -> Iterator[Claim]:
    """Highly spurious images mislead where images are few, and are valuable where there are many."""
    pairs, fractions = _available(results, _SPURIOUS), _fractions(results)
    if not pairs:
        return
    for fraction in fractions:
        if fraction < _LARGE:
            text = f"Highly spurious images mislead at {fraction:g}"
            basis = f"A: ls - hs, mean over hc and lc, at {fraction:g}"
            turned = tuple((low, high) for high, low in pairs)
            yield _claim(results, text, basis, _at(turned, fraction))
            continue
        for high, low in pairs:
            text = f"Highly spurious images are valuable beside {high.split('+')[0]} at {fraction:g}"
            yield _claim(results, text, f"A: {high} - {low}, at {fraction:g}", _at(((high, low),), fraction))
    if len(fractions) > 1:
        few, many = fractions[0], fractions[-1]
        text = f"Highly spurious images are worth more at {many:g} than at {few:g}"
        basis = f"A: hs - ls, mean over hc and lc, at {many:g} minus at {few:g}"
        yield _claim(results, text, basis, _at(pairs, many), _at(pairs, few))


def _determined(results: Results) -> Iterator[Claim]:
    """Networks trained on hc+ls are determined, those trained on lc+hs hesitant."""
    pair: Pairs = ((_SURE, _HESITANT),)
    fractions = _fractions(results)
    if not _available(results, pair):
        return
    for metric, name in (("correct_confidence", "P_c"), ("wrong_confidence", "P_s")):
        text = f"Networks trained on hc+ls are more confident than those on lc+hs ({name})"
        basis = f"{name}: hc+ls - lc+hs, mean over fractions"
        yield _claim(results, text, basis, _at(pair, *fractions, metric=metric))
    text = "Where wrong, those on lc+hs give the true class more probability (P_g)"
    turned = _at(((_HESITANT, _SURE),), *fractions, metric="wrong_truth")
    yield _claim(results, text, "P_g: lc+hs - hc+ls, mean over fractions", turned)
    yield _steadier(
        results,
        "Networks trained on hc+ls agree more with each other (σ_A) than those on lc+hs",
        [(PaperCell(_HESITANT, fraction), PaperCell(_SURE, fraction)) for fraction in fractions],
        "σ_A of lc+hs over that of hc+ls, variances averaged over fractions",
    )


def _noise(results: Results) -> Iterator[Claim]:
    """A class of noise helps, more so with few images; it makes networks more confident and steadier."""
    fractions, selections = _fractions(results), results.experiment.selections
    low, high = fractions[0], fractions[-1]

    def added(*fractions: float, metric: str = "test_accuracy") -> Parts[PaperCell]:
        both = ((criteria, fraction) for fraction in fractions for criteria in selections)
        return [(PaperCell(c, f, True, metric), PaperCell(c, f, False, metric)) for c, f in both]

    text, basis = "A class of noise raises accuracy", "A: with noise - without, mean over selections"
    yield _claim(results, text, f"{basis} and fractions", added(*fractions))
    for fraction in fractions:
        yield _claim(results, f"{text} at {fraction:g}", basis, added(fraction))
    if low < high:
        more = f"It raises it more with few images ({low:g}) than with many ({high:g})"
        yield _claim(results, more, f"{basis}, at {low:g} minus at {high:g}", added(low), added(high))
    for metric, name in (("correct_confidence", "P_c"), ("wrong_confidence", "P_s"), ("wrong_truth", "P_g")):
        basis = f"{name}: with noise - without, mean over selections and fractions"
        yield _claim(results, f"Noise raises {name}", basis, added(*fractions, metric=metric))
    yield _steadier(
        results,
        "Networks trained with noise agree more with each other (σ_A)",
        [(without, noisy) for noisy, without in added(*fractions)],
        "σ_A without noise over that with it, variances averaged over selections and fractions",
    )
    if low < high:
        few, many = (
            [(PaperCell(criteria, f, True, "noise"),) for criteria in selections] for f in (low, high)
        )
        text = f"Fewer test images are called noise (N) at {high:g} than at {low:g}"
        basis = f"N: at {low:g} minus at {high:g}, mean over selections"
        yield _claim(results, text, basis, few, many, "of 10,000")


def _steadier(
    results: Results, text: str, pairs: Sequence[tuple[PaperCell, PaperCell]], computed_from: str
) -> Claim:
    """Compare standard deviations over seeds, for the pairs whose settings both have two networks or more."""
    ours = [(results.cell(one), results.cell(other)) for one, other in pairs]
    ours = [(one, other) for one, other in ours if min(len(one), len(other)) > 1]
    dof = sum(len(one) - 1 for one, _ in ours), sum(len(other) - 1 for _, other in ours)
    found = ratio_interval([one.var() for one, _ in ours], [other.var() for _, other in ours], dof)
    rows = [(published(*one[:3]), published(*other[:3])) for one, other in pairs]
    told = [(a.accuracy_std**2, b.accuracy_std**2) for a, b in rows if a is not None and b is not None]
    theirs, _, _ = ratio_interval([a for a, _ in told], [b for _, b in told], (1, 1))
    return Claim(text, computed_from, bound=1, unit="ratio", published=theirs).judged(found)


_MIDDLE = 127.5


def noise_claims(results: Results) -> tuple[Claim, ...]:
    """Return the claims about noise added to all training images, in the paper's order."""
    return tuple(
        Claim(text, computed_from).over(_effect(results.by_seed, parts, less))
        for text, computed_from, parts, less in _about_noise(results)
    )


Effect = tuple[str, str, Parts[str], Parts[str]]
"""Text, what it is computed from, the parts whose mean is taken, and those whose mean is subtracted."""


def _about_noise(results: Results) -> Iterator[Effect]:
    of = {"deviation": _deviation, "mean": _mean, "number": _number, "scale": _scale}
    for one in series(results.noises):
        yield from of[one.parameter](one)
    kinds = {Solid: "Solid colours lower", Mixture: "A mixture of Gaussian noises lowers"}
    for setting, noise in results.noises:
        if type(noise.noise) in kinds:
            text = f"{kinds[type(noise.noise)]} accuracy ({noise.number:g}×)"
            yield text, f"A: {WHOLE} - {setting}", [(WHOLE, setting)], ()


def _deviation(one: Series) -> Iterator[Effect]:
    (least, low), *_, (most, high) = one.places
    text = f"Noise helps more with a deviation of {plain(most)} than of {plain(least)} ({one.label})"
    yield text, f"A: deviation {plain(most)} - {plain(least)}", [(high, low)], ()
    text = f"With a deviation of {plain(most)} it raises accuracy ({one.label})"
    yield text, f"A: deviation {plain(most)} - no noise", [(high, WHOLE)], ()


def _mean(one: Series) -> Iterator[Effect]:
    value, middle = min(one.places, key=lambda place: abs(place[0] - _MIDDLE))
    others = [setting for _, setting in one.places if setting != middle]
    text = f"Noise helps most with a mean in the middle, {plain(value)} ({one.label})"
    basis = f"A: mean {plain(value)} - each of the other {len(others)}, averaged"
    yield text, basis, [(middle, other) for other in others], ()


def _number(one: Series) -> Iterator[Effect]:
    (least, low), *_, (most, high) = one.places
    text = f"More noise helps more, {most:g}× than {least:g}× ({one.label})"
    yield text, f"A: {most:g}× - {least:g}×", [(high, low)], ()
    if len(one.places) > 2:
        between, middle = one.places[len(one.places) // 2]
        text = f"More noise adds less beyond {between:g}× than up to it ({one.label})"
        basis = f"A: ({between:g}× - {least:g}×) - ({most:g}× - {between:g}×)"
        yield text, basis, [(middle, low)], [(high, middle)]


def _scale(one: Series) -> Iterator[Effect]:
    (least, fine), *coarser = one.places
    if least > 1:
        return
    sizes = ", ".join(f"{size:g}" for size, _ in coarser)
    text = f"Noise helps less the larger its scale ({one.label})"
    basis = f"A: unfiltered - filtered, averaged over sizes {sizes}"
    yield text, basis, [(fine, setting) for _, setting in coarser], ()
