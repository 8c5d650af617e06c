"""Claims on the terminal."""

import io

from rich.console import Console

from outvoted.analysis.report.claims import Claim, claims_table

TREND = Claim("Lower temperatures make networks more robust", "basis", "ρ with T", unit="correlation")
NOISE = Claim("Noise [helps]", "basis", published=0.0125)


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
