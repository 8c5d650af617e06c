"""Replay: rebuild mistakes from their recorded parameters and verify them again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outvoted.actors.mining.verification import rendered, verify
from outvoted.actors.runs import png
from outvoted.analysis.mining.climbs import positions
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.arrays import Pixels
from outvoted.search.errors import OutvotedError

_AT_ONCE = 256


@dataclass(frozen=True)
class Replayed:
    """What replaying one mistake showed; it is confirmed if everything holds."""

    search_id: int
    same_parameters: bool
    same_pixels: bool
    outvoted: bool

    @property
    def confirmed(self) -> bool:
        """The composed transform and the pixels are the recorded ones, and the panel votes as recorded."""
        return self.same_parameters and self.same_pixels and self.outvoted


def replay(
    run: OpenedRun, search_id: int | None, advance: Callable[[int], object] = lambda done: None
) -> list[Replayed]:
    """Replay all mistakes of a run, or that of one search; ``advance`` hears how many more are done.

    Raises:
        OutvotedError: the search is not among the run's mistakes.
    """
    rows = run.mistakes.to_pylist()
    if search_id is not None:
        rows = [row for row in rows if row["search_id"] == search_id]
        if not rows:
            raise OutvotedError(
                expected=f"a mistake of search {search_id} in {run.store.path}",
                found="none",
                remedy="choose a search_id from mistakes/*.parquet, or leave --search out to replay all",
            )
    found = []
    for part in _parts(rows):
        found += _replay(run, part)
        advance(len(part))
    return found


def _replay(run: OpenedRun, rows: Sequence[dict[str, Any]]) -> list[Replayed]:
    composed = np.stack([positions(run, row["move_parameters"])[-1] for row in rows]).astype(np.float32)
    recorded = np.array([row["composed"] for row in rows], dtype=np.float32)
    seeds = run.data.train.images[[row["seed_id"] for row in rows]]
    images = rendered(run.transform, seeds, composed)
    stored = [row["image"]["bytes"] for row in rows]
    labels, targets, voters = (
        np.array([row[name] for row in rows], dtype=np.int64) for name in ("label", "target", "voters")
    )
    pixels = np.stack([_pixels(data, images.shape[1:]) for data in stored])
    again = verify(stored, run.panel.vote(pixels), labels, targets, voters)
    return [
        Replayed(
            search_id=row["search_id"],
            same_parameters=bool((composed[k] == recorded[k]).all()),
            same_pixels=bool((pixels[k] == images[k]).all()),
            outvoted=bool(again.verified[k] and again.predicted[targets[k], k] == row["predicted"]),
        )
        for k, row in enumerate(rows)
    ]


def _pixels(stored: bytes, shape: tuple[int, ...]) -> Pixels:
    """Decode a stored picture; a damaged one is black, which no mistake is."""
    try:
        image = png.decode(stored)
    except OutvotedError:
        image = np.empty(0, np.uint8)
    return image if image.shape == shape else np.zeros(shape, np.uint8)


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for first in range(0, len(rows), _AT_ONCE):
        yield rows[first : first + _AT_ONCE]
