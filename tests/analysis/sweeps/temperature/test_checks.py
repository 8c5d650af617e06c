"""The paper's claims on made-up sweeps, by hand."""

import numpy as np
import pytest

from outvoted.analysis.report.claims import Claim
from outvoted.analysis.sweeps.temperature.measurements import Measurements
from outvoted.analysis.sweeps.temperature.report import claims
from tests.analysis.sweeps.temperature.sweeps import arrange, layout, row

NAN = np.nan
ACCURACY = {1: 0.98, 2: 0.97, 4: 0.96, 8: 0.6}
ROBUST = {1: 0.8, 2: 0.5, 4: 0.2, 8: 0.9}
"""Falls with T, but for the temperature that did not train."""
FOOLED = {1: 0.1, 2: 0.2, 4: 0.4, 8: 0.0}
SHIFT = (0.0, 0.02, -0.02)
"""Of robustness at T = 1, in each seed."""


def made_up() -> Measurements:
    rows = [
        row(
            t,
            seed,
            epoch,
            test_accuracy=ACCURACY[t],
            saturated=0.1 * epoch + 0.01 * seed * epoch,
            robustness=[ROBUST[t] + shift * (t == 1), ROBUST[t] + 0.05 + shift * (t == 1)],
            class_robustness=[[0.9 - shift, 0.2], [0.5, 0.7]],
            pixel_fooled=[[FOOLED[t] / 2, FOOLED[t]], [FOOLED[t] / 2, FOOLED[t]]],
            correlation=[-0.9, -0.3, -0.8 - shift],
            correlation_p=[1e-9, 0.5 if seed == 2 else 1e-4, 0.0],
        )
        for t in ROBUST
        for seed, shift in enumerate(SHIFT)
        for epoch in (1, 2)
    ]
    return arrange(rows, layout(tuple(ROBUST), 3, 2))


def one(found: Measurements, where: str, measure: str) -> Claim:
    (claim,) = (claim for claim in claims(found) if (claim.where, claim.measure) == (where, measure))
    return claim


def texts(found: Measurements) -> set[str]:
    return {claim.text for claim in claims(found)}


def test_fgsm_by_temperature_with_and_without_those_that_did_not_train() -> None:
    """Ranks 3 2 1 4 of robustness against 1 2 3 4: 1 - 6 (4 + 0 + 4 + 0) / 60 = 0.2."""
    found = made_up()
    assert one(found, "ε 0.2, all T", "ρ with T").effect == pytest.approx(0.2)
    trained = one(found, "ε 0.2, trained T", "ρ with T")
    assert trained.effect == pytest.approx(-1)
    assert trained.verdict == "holds"
    whole = one(found, "ε 0.2, all T", "low − high T")
    assert whole.effect == pytest.approx(-0.1)
    assert whole.verdict == "does not hold here"
    difference = one(found, "ε 0.1, trained T", "low − high T")
    assert difference.effect == pytest.approx(0.6)
    assert difference.low == pytest.approx(0.6 - 4.302653 * 0.02 / 3**0.5)
    assert difference.verdict == "holds"


def test_pixels_by_temperature() -> None:
    found = made_up()
    assert one(found, "2 px, trained T", "ρ with T").verdict == "holds"
    difference = one(found, "1 px, trained T", "low − high T")
    assert difference.effect == pytest.approx(-0.15)
    assert difference.verdict == "holds"
    assert one(found, "2 px, all T", "low − high T").verdict == "does not hold here"


def test_where_all_trained_nothing_is_said_twice() -> None:
    assert all("trained" not in claim.where for claim in claims(made_up(), within=0.5))


def test_saturation_pooled_and_by_temperature() -> None:
    """Seeds grow by 0.10, 0.11, 0.12."""
    found = made_up()
    pooled, single = one(found, "mean over T", "last − first"), one(found, "T = 8", "last − first")
    assert pooled.effect == single.effect == pytest.approx(0.11)
    assert pooled.low == pytest.approx(0.11 - 4.302653 * 0.01 / 3**0.5)
    assert (pooled.single, single.single, pooled.verdict) == (False, True, "holds")


def test_correlation_and_its_significance() -> None:
    """Two classes, in the third seed one of them not significant: shares 1, 1, 1/2."""
    found = made_up()
    strong = one(found, "mean over T", "Pearson's r")
    assert strong.effect == pytest.approx(-0.8)
    assert strong.verdict == "holds"
    share = one(found, "mean over T", "share")
    assert share.effect == pytest.approx(2.5 / 3)
    assert share.verdict == "undecided"


def test_larger_epsilons_fool_more() -> None:
    claim = one(made_up(), "ε 0.1, 0.2", "smallest fall")
    assert claim.effect == pytest.approx(0.05)
    assert claim.verdict == "holds"


def test_classes_differ_as_the_other_seeds_say() -> None:
    """Class 0 is the most robust in all seeds: 0.70, 0.68, 0.72 ahead."""
    claim = one(made_up(), "ε 0.2", "most − least")
    assert claim.effect == pytest.approx(0.7)
    assert claim.verdict == "holds"


def test_classes_that_differ_by_chance_alone_don_t_count() -> None:
    """Each seed has another best class; the largest difference of each would be 0.4."""
    by_class = ([0.9, 0.5], [0.5, 0.9])
    rows = [row(1, seed, 1, class_robustness=[by_class[seed]] * 2) for seed in (0, 1)]
    assert one(arrange(rows, layout((1,), 2)), "ε 0.2", "most − least").effect == pytest.approx(-0.4)


def test_one_seed_decides_nothing() -> None:
    found = arrange([row(t, 0, 1) for t in (1, 2, 4)], layout((1, 2, 4), 1))
    assert {claim.verdict for claim in claims(found)} == {"undecided"}


@pytest.mark.filterwarnings("error")
def test_nothing_measured_decides_nothing() -> None:
    found = arrange([row(1, 0, 1, outcome="failed")], layout((1, 2), 2))
    assert {(claim.effect, claim.verdict) for claim in claims(found)} == {(None, "undecided")}


def test_one_epsilon_and_no_pixels_claim_nothing_about_them() -> None:
    rows = [row(1, s, 1, robustness=[0.5], class_robustness=[[0.5, 0.6]], pixel_fooled=None) for s in (0, 1)]
    found = arrange(rows, layout((1,), 2, epsilons=(0.1,), pixels=0))
    assert texts(made_up()) - texts(found) == {
        "Lower temperatures make networks more robust against changed pixels",
        "A larger epsilon fools more often",
    }
    assert not any(claim.single for claim in claims(found))
