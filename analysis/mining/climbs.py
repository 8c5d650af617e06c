"""Going through mistakes' climbs again, image by image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outvoted.actors.mining.verification import rendered
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.search.arrays import Floats, Ints, Pixels, Singles

_AT_ONCE = 2048  # images that are rendered and put to the panel together


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


def positions(run: OpenedRun, trail: list[dict[str, float]]) -> Floats:
    """Compose a recorded trail move by move; shape (1 + moves, transform.size), the seed's first."""
    composed = [run.transform.identity(1)]
    for move in trail:
        values = np.array([[move[name] for name in run.transform.parameters]])
        composed.append(run.transform.compose(composed[-1], values))
    return np.concatenate(composed)


def steps(run: OpenedRun, mistake: dict[str, Any]) -> Steps:
    """Render a row of the `mistakes` table step by step and put each image to the panel."""
    return chosen_steps(run, [mistake], [np.arange(len(mistake["move_parameters"]) + 1)])[0]


def chosen_steps(
    run: OpenedRun,
    mistakes: Sequence[dict[str, Any]],
    chosen: Sequence[Ints],
    advance: Callable[[int], object] = lambda done: None,
) -> list[Steps]:
    """Render some steps of many climbs, and put them to the panel together.

    Args:
        run: the run.
        mistakes: rows of its `mistakes` table.
        chosen: for each of them the steps, 0 to its moves, at least one.
        advance: hears how many more images are done.
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
        images.append(rendered(run.transform, run.data.train.images[seeds[part]], every[part]))
        votes.append(run.panel.vote(images[-1]))
        advance(len(images[-1]))
    ends = np.cumsum(lengths)[:-1]
    parts = np.split(np.concatenate(images), ends), np.split(np.concatenate(votes, axis=1), ends, axis=1)
    return [Steps(*climb) for climb in zip(*parts, composed, strict=True)]
