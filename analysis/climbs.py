"""Going through a mistake's climb again, image by image."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from outvoted.actors.certify import rendered
from outvoted.analysis.opened import OpenedRun
from outvoted.search.arrays import Floats, Pixels, Singles


@dataclass(frozen=True)
class Steps:
    """A climb from the seed (step 0) to the mistake (the last step).

    Attributes:
        images: shape (steps, channels, height, width).
        probabilities: shape (peers, steps, classes), every peer's votes on each image.
    """

    images: Pixels
    probabilities: Singles


def positions(run: OpenedRun, trail: list[dict[str, float]]) -> Floats:
    """Compose a recorded trail move by move; shape (1 + moves, transform.size), the seed's first."""
    composed = [run.transform.identity(1)]
    for move in trail:
        values = np.array([[move[name] for name in run.transform.parameters]])
        composed.append(run.transform.compose(composed[-1], values))
    return np.concatenate(composed)


def steps(run: OpenedRun, mistake: dict[str, Any]) -> Steps:
    """Render a row of the `mistakes` table step by step and put each image to the panel."""
    composed = positions(run, mistake["trail"]).astype(np.float32)
    seed = run.data.train.images[mistake["seed_id"]]
    images = rendered(run.transform, np.repeat(seed[None], len(composed), axis=0), composed)
    return Steps(images, run.panel.vote(images))
