"""Mistakes rebuilt from what was recorded: their climbs step by step, and whether they come out the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outvoted.actors.mining.verification import rendered, verify
from outvoted.actors.runs import png
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.opened.scene import Scene
from outvoted.search.arrays import Floats, Ints, Pixels, Singles
from outvoted.search.errors import OutvotedError

_AT_ONCE = 2048  # images that are rendered and put to the panel together
_REPLAYED_AT_ONCE = 256


@dataclass(frozen=True)
class Steps:
    """A climb from the seed (step 0) to the mistake (the last step).

    Attributes:
        images: shape (steps, channels, height, width).
        probabilities: shape (peers, steps, classes), every peer's votes on each image.
        composed: shape (steps, transform.size), what the seed was transformed by.
    """

    images: Pixels
    probabilities: Singles
    composed: Singles


def positions(run: Scene, trail: list[dict[str, float]]) -> Floats:
    """Compose a recorded trail move by move; shape (1 + moves, transform.size), the seed's first."""
    composed = [run.transform.identity(1)]
    for move in trail:
        values = np.array([[move[name] for name in run.transform.parameters]])
        composed.append(run.transform.compose(composed[-1], values))
    return np.concatenate(composed)


def steps(run: Scene, mistake: dict[str, Any]) -> Steps:
    """Render a row of the `mistakes` table step by step and put each image to the panel."""
    return chosen_steps(run, [mistake], [np.arange(len(mistake["move_parameters"]) + 1)])[0]


def chosen_steps(
    run: Scene,
    mistakes: Sequence[dict[str, Any]],
    chosen: Sequence[Ints],
    advance: Callable[[int], object] = lambda done: None,
) -> list[Steps]:
    """Render some steps of many climbs, and put them to the panel together.

    Args:
        run: the run, or what was mined in this process.
        mistakes: rows of its `mistakes` table.
        chosen: for each of them the steps, 0 to its moves, at least one.
        advance: called with how many more images are done.
    """
    if not mistakes:
        return []
    composed = [
        positions(run, mistake["move_parameters"])[some].astype(np.float32)
        for mistake, some in zip(mistakes, chosen, strict=True)
    ]
    lengths = [len(rows) for rows in composed]
    every, seeds = np.concatenate(composed), np.repeat([row["seed_id"] for row in mistakes], lengths)
    images, votes = [], []
    for first in range(0, len(every), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        images.append(rendered(run.transform, run.seeds.read(seeds[part]), every[part]))
        votes.append(run.panel.vote(images[-1]))
        advance(len(images[-1]))
    ends = np.cumsum(lengths)[:-1]
    parts = np.split(np.concatenate(images), ends), np.split(np.concatenate(votes, axis=1), ends, axis=1)
    return [Steps(*climb) for climb in zip(*parts, composed, strict=True)]


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
    """Replay all mistakes of a run, or that of one search; ``advance`` is called with how many more are done.

    Raises:
        OutvotedError: the search is not among the run's mistakes.
    """
    if search_id is None:
        parts = _all(run)
    else:
        there = np.flatnonzero(run.mistakes.select("search_id")["search_id"].to_numpy() == search_id)
        parts = iter([run.mistakes.take(there)])
        if not len(there):
            raise OutvotedError(
                expected=f"a mistake of search {search_id} in {run.store.path}",
                found="none",
                remedy="choose a search_id from mistakes/*.parquet, or omit --search to replay all",
            )
    found = []
    for rows in parts:
        found += replayed(run, rows)
        advance(len(rows))
    return sorted(found, key=lambda one: one.search_id)


def replayed(run: OpenedRun, rows: Sequence[dict[str, Any]]) -> list[Replayed]:
    """Replay some rows of the table `mistakes`, at least one, all at once."""
    composed = np.stack([positions(run, row["move_parameters"])[-1] for row in rows]).astype(np.float32)
    recorded = np.array([row["composed"] for row in rows], dtype=np.float32)
    seeds = run.seeds.read(np.array([row["seed_id"] for row in rows]))
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


def _all(run: OpenedRun) -> Iterator[list[dict[str, Any]]]:
    """Read all mistakes, _REPLAYED_AT_ONCE of them at a time."""
    for part in run.mistakes.parts():
        for first in range(0, len(part), _REPLAYED_AT_ONCE):
            yield part.slice(first, _REPLAYED_AT_ONCE).to_pylist()
