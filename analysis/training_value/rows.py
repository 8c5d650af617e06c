"""Tables 2 and 3 of Fan & Yezzi, and a row for each noise, from a sweep's results."""

from collections.abc import Iterator
from dataclasses import dataclass

from outvoted.actors.selection import Criteria
from outvoted.analysis.claims import interval
from outvoted.analysis.training_value.paper import Published, published
from outvoted.analysis.training_value.results import CRITERIA, METRICS, WHOLE, Results, difference


@dataclass(frozen=True)
class Gain:
    """What noise adds to the accuracy of the same images without it, paired by seed; 95 % interval."""

    effect: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Row:
    """A setting's figures: means over its networks, None where there is nothing to take them of.

    Attributes:
        setting: its label.
        criteria, fraction: of the selection it trains on; None where it trains on all images.
        added: whether a class of noise is added.
        networks: how many were trained to their end.
        test_accuracy: A, 0 to 1, as the figures below.
        accuracy_std: σ_A, the sample standard deviation over networks; None for one network.
        right_confidence, wrong_confidence, wrong_truth: P_c, P_s, P_g.
        noise: N, test images called noise for each 10,000.
        gain: in accuracy through the noise; None without noise.
        published: the paper's row.
    """

    setting: str
    criteria: Criteria | None
    fraction: float | None
    added: bool
    networks: int
    test_accuracy: float | None
    accuracy_std: float | None
    right_confidence: float | None
    wrong_confidence: float | None
    wrong_truth: float | None
    noise: float | None
    gain: Gain | None
    published: Published | None


def whole_row(results: Results) -> Row:
    """Return the row of networks trained on all images, without noise."""
    return _row(results, WHOLE, None)


def noise_rows(results: Results) -> tuple[Row, ...]:
    """Return a row for each noise with which all images were trained."""
    return tuple(_row(results, label, WHOLE) for label, _ in results.noises)


def selection_rows(results: Results, noise: bool) -> tuple[Row, ...]:
    """Return the rows of table 2, or with ``noise`` of table 3, in the paper's order."""
    return tuple(_selection_rows(results, noise))


def _selection_rows(results: Results, noise: bool) -> Iterator[Row]:
    for fraction in sorted(results.experiment.fractions):
        for criteria in CRITERIA:
            label = results.selected(criteria, fraction, noise)
            if label is not None:
                without = results.selected(criteria, fraction, False) if noise else None
                yield _row(results, label, without, criteria, fraction)


def _row(
    results: Results,
    setting: str,
    without: str | None,
    criteria: Criteria | None = None,
    fraction: float | None = None,
) -> Row:
    figures = {name: results.by_seed(setting, name) for name in METRICS}
    accuracy = figures["test_accuracy"]
    means = {name: float(one.mean()) if len(one) else None for name, one in figures.items()}
    pairs = difference(accuracy, results.by_seed(without, "test_accuracy"))
    noise = without is not None
    told = None if criteria is None or fraction is None else published(criteria, fraction, noise)
    return Row(
        setting=setting,
        criteria=criteria,
        fraction=fraction,
        added=noise,
        networks=len(accuracy),
        accuracy_std=float(accuracy.std()) if len(accuracy) > 1 else None,
        gain=Gain(*interval(pairs)) if noise else None,
        published=told,
        **means,
    )
