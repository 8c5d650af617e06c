"""Mistakes as cards of a list: image, answer, target, and a sentence for those who don't see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from outvoted.analysis.browsing.browsed import BrowsedRun
from outvoted.analysis.browsing.rows import MistakeRow
from outvoted.cluster.service.pages.asked import MistakesAsked
from outvoted.cluster.service.pages.told import figure
from outvoted.cluster.service.pages.words import path

_PHOTO = 64  # pixels of a side


@dataclass(frozen=True)
class CardPicture:
    """A part of a picture of many images, in the words of SVG."""

    href: str
    view: str
    width: int
    height: int


@dataclass(frozen=True)
class Card:
    """One mistake; ``place`` in its list is from 0."""

    href: str
    said: str
    picture: CardPicture
    answer: str
    target: str
    key: str
    place: int


def cards(asked: MistakesAsked, rows: Sequence[MistakeRow], run: BrowsedRun, first: int = 0) -> list[Card]:
    """Return the cards of some mistakes of a run, of which the first stands at a place of the list."""
    side = run.side
    query = urlencode([*(("id", row.id) for row in rows), ("side", str(side)), ("v", run.stamp)])
    picture = f"{path('v1', 'runs', asked.run, 'mistakes', 'images')}?{query}"
    return [
        Card(
            asked.address("mistakes", row.key.place, str(row.number)),
            said(row),
            CardPicture(picture, f"{place * side} 0 {side} {side}", len(rows) * side, side),
            f"{row.label_name} → {row.predicted_name}",
            row.target_name,
            row.id,
            first + place,
        )
        for place, row in enumerate(rows)
    ]


def photos(run: BrowsedRun) -> bool:
    """Return whether images are so large that they are shown smoothly, not pixel by pixel."""
    return run.side >= _PHOTO


def said(row: MistakeRow) -> str:
    """Say a mistake in a line; the gallery's script says it alike."""
    parts = [row.label_name, f"{row.target_name} says {row.predicted_name}", f"margin {figure(row.margin)}"]
    if row.valid is False:
        parts.append("the referee does not agree with the label")
    return ", ".join(parts)
