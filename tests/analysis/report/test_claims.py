"""Intervals and verdicts, against numbers worked out by hand or looked up in tables."""

import io

import pytest
from rich.console import Console

from outvoted.analysis.report.claims import Claim, Side, claims_table, ratio_interval, verdict
from outvoted.analysis.report.numbers import interval

TREND = Claim("Lower temperatures make networks more robust", "basis", "ρ with T", unit="correlation")
NOISE = Claim("Noise [helps]", "basis", published=0.0125)


def test_a_ratio_of_deviations_is_fishers() -> None:
    # variances 4 and 1 with 9 degrees of freedom each: F(0.975; 9, 9) = 4.026
    wanted = (2, (4 / 4.026) ** 0.5, (4 * 4.026) ** 0.5)
    assert ratio_interval([4], [1], (9, 9)) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize(
    ("above", "below", "dof"), [([], [], (0, 0)), ([1.0], [0.0], (2, 2)), ([0.0], [1.0], (2, 2))]
)
def test_there_is_no_ratio_of_nothing(above: list[float], below: list[float], dof: tuple[int, int]) -> None:
    assert ratio_interval(above, below, dof) == (None, None, None)


@pytest.mark.parametrize(
    ("low", "high", "side", "bound", "expected"),
    [
        (0.1, 0.3, "above", 0, "holds"),
        (0.1, 0.3, "below", 0, "does not hold here"),
        (-0.3, -0.1, "above", 0, "does not hold here"),
        (-0.3, -0.1, "below", 0, "holds"),
        (-0.1, 0.5, "above", 0, "undecided"),
        (-0.41, -0.39, "below", -0.5, "does not hold here"),
        (-0.91, -0.89, "below", -0.5, "holds"),
        (0.8, 1.2, "above", 1, "undecided"),
        (0.8, 0.95, "above", 1, "does not hold here"),
        (0.0, 0.0, "above", 0, "undecided"),
        (-1.0, -1.0, "below", 0, "holds"),
        (None, None, "above", 0, "undecided"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(
    low: float | None, high: float | None, side: Side, bound: float, expected: str
) -> None:
    assert verdict((0.2, low, high), side, bound) == expected


def test_a_claim_is_judged_by_its_own_side_and_bound() -> None:
    claim = Claim("text", "basis", "r", side="below", bound=-0.5, unit="correlation")
    assert (claim.effect, claim.verdict) == (None, "undecided")
    found = claim.judged((-0.8, -0.9, -0.7), "here", single=True)
    assert (found.effect, found.low, found.high) == (-0.8, -0.9, -0.7)
    assert (found.verdict, found.where, found.single) == ("holds", "here", True)
    assert (found.text, found.computed_from, found.measure) == ("text", "basis", "r")
    assert claim.judged((-0.4, -0.45, -0.35)).verdict == "does not hold here"


def test_a_claim_is_tested_on_a_value_per_seed() -> None:
    assert TREND.over([0.1, 0.2, 0.3], "here") == TREND.judged(interval([0.1, 0.2, 0.3]), "here")
    assert NOISE.over([]) == NOISE


def drawn(*claims: Claim, note: str = "") -> list[str]:
    text = io.StringIO()
    Console(file=text, width=80).print(claims_table(claims, note))
    return text.getvalue().splitlines()


def line(lines: list[str], start: str) -> list[str]:
    (found,) = (each for each in lines if each.strip().startswith(start))
    return found.strip().removeprefix(start).split()


def test_claims_in_several_places_stand_under_their_text() -> None:
    found = (-0.2, -0.35, -0.05)
    lines = drawn(TREND.judged(found, "ε 0.1, all T"), TREND.judged((None, None, None), "ε 0.2, all T"))
    assert sum(TREND.text[:30] in each for each in lines) == 1
    assert all(f"   {where}, all T" in " ".join(lines) for where in ("ε 0.1", "ε 0.2"))
    assert line(lines, "ε 0.1, all T: ρ with T")[:4] == ["-0.20", "-0.35", "to", "-0.05"]
    assert line(lines, "ε 0.2, all T: ρ with T") == ["–", "–", "undecided"]
    assert not any(each.split()[-2:] == ["paper", "verdict"] for each in lines)


def test_effects_stand_beside_the_papers_in_their_units() -> None:
    ratio = Claim("Steadier", "basis", unit="ratio", bound=1, published=1.5).judged((2, 1.25, 3.2))
    counted = Claim("Fewer", "basis", unit="of 10,000").judged((2.53, -1, 6))
    lines = drawn(NOISE.judged((0.02, 0.01, 0.03)), ratio, counted)
    assert line(lines, "claim") == ["effect", "95", "%", "paper", "verdict"]
    assert line(lines, "Noise [helps]") == ["+2.0", "+1.0", "to", "+3.0", "+1.2", "holds"]
    assert line(lines, "Steadier") == ["2.00×", "1.25×", "to", "3.20×", "1.50×", "holds"]
    assert line(lines, "Fewer") == ["N+2.5", "N-1.0", "to", "N+6.0", "–", "undecided"]


def test_it_fits_a_terminal_and_leaves_out_single_settings() -> None:
    wide = (-0.123, -1.123, -0.1)
    long = Claim("A claim that is longer than a line is wide, " * 3, "basis", published=-0.1).judged(wide)
    lines = drawn(long, NOISE.judged(wide, "T = 1", single=True), note="; trained T: some")
    text = " ".join(lines)
    assert "…" not in text
    assert "T = 1" not in text
    assert "trained T: some" in text
    assert "-112.3 to -10.0" in text
