"""Colours and marks that the pictures of a boundary study share, on paper and on the page."""

from collections.abc import Sequence

FAMILY_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""From Okabe & Ito's palette; more families begin again."""
_MARKERS = (("o", "circle"), ("s", "square"), ("^", "triangle-up"), ("D", "diamond"), ("v", "triangle-down"))
_DASHES = (("-", "solid"), ("--", "dash"), (":", "dot"), ("-.", "dashdot"))


def family_colour(place: int) -> str:
    """Return the colour of a family by its place."""
    return FAMILY_COLOURS[place % len(FAMILY_COLOURS)]


def family_marker(place: int) -> tuple[str, str]:
    """Return a family's marker: its name in matplotlib and in plotly."""
    return _MARKERS[place % len(_MARKERS)]


def family_dash(place: int) -> tuple[str, str]:
    """Return the dashes of a family's line, likewise."""
    return _DASHES[place % len(_DASHES)]


def dodge(place: int, families: Sequence[str], targets: Sequence[float]) -> float:
    """Return how far aside a family's points go, so that bars at one accuracy don't hide each other."""
    span = max(targets) - min(targets) or 0.01
    return (place - (len(families) - 1) / 2) * span / 60
