"""The claims and the whole report, from sweeps whose figures are made up."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from outvoted.analysis.report.claims import Claim, claims_table
from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.noise_class.claims import noise_claims, selection_claims
from outvoted.analysis.sweeps.noise_class.report import noise_findings
from outvoted.analysis.sweeps.noise_class.results import published
from tests.analysis.mining.test_pictures import opened as shown
from tests.analysis.sweeps.noise_class.conftest import made_up

NOISES: list[dict[str, Any]] = [
    {"noise": {"kind": "gaussian", "deviation": 70}, "number": 1},
    {"noise": {"kind": "gaussian", "deviation": 10}, "number": 1},
    {"noise": {"kind": "gaussian", "deviation": 70, "mean": 0}, "number": 1},
    {"noise": {"kind": "gaussian", "deviation": 70}, "number": 2},
    {"noise": {"kind": "gaussian", "deviation": 70}, "number": 4},
    {"noise": {"kind": "gaussian", "deviation": 70, "filter": "mean", "size": 3}, "number": 1},
    {"noise": {"kind": "solid"}, "number": 1},
    {"noise": {"kind": "mixture", "parts": [{"mean": 0}, {"mean": 200}]}, "number": 1},
]
PAPER: dict[str, Any] = {"fractions": [0.25, 0.75], "noises": []}
WIGGLE = (-0.001, 0.0, 0.001)


def as_published(unit: Unit) -> dict[str, float]:
    """Figures of the paper's tables; the three seeds lie about them as far as σ_A says."""
    values = dict(unit.setting.values)
    noise = values["noise"] != "none"
    if values["selection"] == "all":
        return flat(0.7)
    criteria, fraction = values["selection"].split("-")  # type: ignore[union-attr]
    row = published(criteria, float(fraction), noise)  # type: ignore[arg-type]
    assert row is not None
    return {
        "test_accuracy": row.test_accuracy + (unit.seed - 1) * row.accuracy_std,
        "correct_confidence": row.correct_confidence + WIGGLE[unit.seed],
        "wrong_confidence": row.wrong_confidence - WIGGLE[unit.seed],
        "wrong_truth": row.wrong_truth,
        "noise": float("nan") if row.noise is None else row.noise,
    }


def flat(accuracy: float) -> dict[str, float]:
    rest = dict.fromkeys(("correct_confidence", "wrong_confidence", "wrong_truth", "noise"), 0.5)
    return {"test_accuracy": accuracy, **rest}


def named(claims: tuple[Claim, ...]) -> dict[str, Claim]:
    assert len({claim.text for claim in claims}) == len(claims)
    return {claim.text: claim for claim in claims}


def test_the_papers_own_numbers_give_the_papers_own_effects() -> None:
    claims = selection_claims(made_up(PAPER, [0, 1, 2], as_published))
    assert len(claims) == 20
    for claim in claims:
        assert claim.effect == pytest.approx(claim.published), claim.text
    found = named(claims)
    # (0.5361 - 0.2712 + 0.5149 - 0.1926) / 2
    assert found["High-confidence images raise accuracy at 0.25"].effect == pytest.approx(0.2936)
    # (0.2712 - 0.1926 + 0.5361 - 0.5149) / 2
    assert found["Highly spurious images mislead at 0.25"].effect == pytest.approx(0.0499)
    assert found["Highly spurious images are valuable beside hc at 0.75"].effect == pytest.approx(0.0004)
    assert found["Highly spurious images are valuable beside lc at 0.75"].effect == pytest.approx(-0.0821)
    # (0.0370 + 0.0206 + 0.0166 + 0.0177) / 4
    assert found["A class of noise raises accuracy at 0.25"].effect == pytest.approx(0.022975)
    # the roots of (0.92² + 1.31²) over (1.23² + 0.31²), of σ_A at 0.25 and 0.75
    steady = found["Networks trained on hc+ls agree more with each other (σ_A) than those on lc+hs"]
    assert steady.effect == pytest.approx((2.5625 / 1.609) ** 0.5)
    assert (steady.unit, steady.bound) == ("ratio", 1)
    assert found["Fewer test images are called noise (N) at 0.75 than at 0.25"].effect == pytest.approx(2.53)


def test_claims_hold_or_not_by_their_interval() -> None:
    def figures(unit: Unit) -> dict[str, float]:
        added = 0.05 if dict(unit.setting.values)["noise"] != "none" else 0.0
        confident = -0.1 if "hc" in unit.setting.label else 0.0
        return flat(0.5 + added + confident + WIGGLE[unit.seed] * (1 + added))

    found = named(selection_claims(made_up(PAPER, [0, 1, 2], figures)))
    assert found["A class of noise raises accuracy"].verdict == "holds"
    assert found["High-confidence images raise accuracy at 0.25"].verdict == "does not hold here"
    assert found["Noise raises P_g"].verdict == "undecided"


def test_noise_is_judged_by_what_is_varied() -> None:
    accuracies = {
        "all": 0.50,
        "all+gaussian-127.5-70-x1": 0.54,
        "all+gaussian-127.5-10-x1": 0.51,
        "all+gaussian-0-70-x1": 0.52,
        "all+gaussian-127.5-70-x2": 0.56,
        "all+gaussian-127.5-70-x4": 0.57,
        "all+gaussian-127.5-70-mean-3-x1": 0.53,
        "all+solid-x1": 0.45,
    }

    def figures(unit: Unit) -> dict[str, float]:
        at_seed = WIGGLE[unit.seed] if unit.setting.label == "all" else -WIGGLE[unit.seed]
        return flat(accuracies.get(unit.setting.label, 0.5) + at_seed)

    experiment = {"selections": [], "fractions": [], "noises": NOISES}
    claims = noise_claims(made_up(experiment, [0, 1, 2], figures))
    effects = [pytest.approx(one) for one in (0.03, 0.04, 0.02, 0.03, 0.01, 0.01, 0.05, 0.0)]
    assert [claim.effect for claim in claims] == effects
    assert [claim.verdict for claim in claims][:2] == ["holds", "holds"]
    assert "saturat" not in claims[4].text
    assert claims[4].computed_from == "A: (2× - 1×) - (4× - 2×)"
    assert claims[-2].text == "Solid colours lower accuracy (1×)"
    assert claims[-1].verdict == "undecided"


def test_missing_networks_leave_the_claims_of_the_others() -> None:
    """Of seed 2 nothing without noise is there, and of lc+hs 0.25 nothing at all."""

    def figures(unit: Unit) -> dict[str, float] | None:
        alone = unit.setting.label.startswith("lc+hs-0.25")
        return None if alone or (unit.seed == 2 and "+uniform" not in unit.setting.label) else flat(0.5)

    found = named(selection_claims(made_up(PAPER, [0, 1, 2], figures)))
    claim = found["High-confidence images raise accuracy at 0.25"]
    assert (claim.effect, claim.low, claim.high, claim.verdict) == (0, 0, 0, "undecided")


PICTURES = ("selections", "noise", "noise-samples", "step-function")
WITHOUT_SELECTIONS: dict[str, Any] = {"selections": [], "fractions": []}


@pytest.mark.parametrize(
    ("experiment", "there", "drawn"),
    [
        (
            {"fractions": [0.25], "noises": NOISES[:2]},
            "nothing",
            "noise noise-samples selections step-function",
        ),
        ({"fractions": [0.25], "noises": [], "beside": None}, "all", "selections step-function"),
        (
            {"selections": ["hc+ls"], "fractions": [1], "noises": []},
            "one seed",
            "noise-samples selections step-function",
        ),
        ({**WITHOUT_SELECTIONS, "noises": NOISES[:2]}, "one seed", "noise noise-samples step-function"),
        ({**WITHOUT_SELECTIONS, "noises": NOISES[-1:]}, "all", "noise noise-samples step-function"),
        ({**WITHOUT_SELECTIONS, "noises": []}, "all", "step-function"),
    ],
)
@pytest.mark.usefixtures("sketched")
def test_a_report_is_written_of_whatever_there_is(
    sweep: Any, experiment: dict[str, Any], there: str, drawn: str
) -> None:
    def figures(unit: Unit) -> dict[str, float] | None:
        return None if there == "nothing" else flat(0.5 + 0.01 * unit.seed)

    opened = sweep(experiment, [0] if there == "one seed" else [0, 1], figures)
    found = noise_findings(opened)
    json.dumps({**found.values, "claims": found.claims}, default=asdict, allow_nan=False)
    assert sorted(found.pictures) == drawn.split()
    for name, draw in found.pictures.items():
        draw(opened.store.path / f"{name}.png")
        shown(opened.store.path / f"{name}.png")
    assert len(found.values["missing"]) == (len(opened.units) if there == "nothing" else 0)
    assert len(claims_table(found.claims).rows) == len(found.claims)


@pytest.mark.filterwarnings("error")
def test_a_whole_report_and_its_pictures_fit(sweep: Any) -> None:
    experiment = {"fractions": [0.25], "noises": NOISES}
    opened = sweep(experiment, [0, 1], lambda unit: flat(0.5 + 0.01 * unit.seed))
    found = noise_findings(opened)
    assert tuple(found.pictures) == PICTURES
    for name, draw in found.pictures.items():
        draw(opened.store.path / f"{name}.png")
        shown(opened.store.path / f"{name}.png")


def test_a_step_that_was_not_fitted_yet_is_not_drawn(sweep: Any) -> None:
    opened = sweep({"selections": [], "fractions": [], "noises": []}, [0], lambda unit: flat(0.5))
    (opened.store.path / "extra" / "step-function.parquet").unlink()
    assert not noise_findings(opened).pictures
