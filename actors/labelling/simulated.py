"""Simulated labellers, and whose labels count: people's if there are any to compare, never both."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator

from outvoted.actors.labelling.label_store import Labels
from outvoted.actors.labelling.labellers import SIMULATED
from outvoted.search.arrays import Floats, Ints, Singles
from outvoted.search.settings import Settings

HUMANS_DISAGREE = 0.093
"""Share of images on which two people differ (Vlaar, section 3)."""
_LEAST_PROBABILITY = 1e-12
_BISECTIONS = 50


class LabellersSettings(Settings):
    """Who labels a study's images where people haven't."""

    simulated: Annotated[int, Field(ge=0, le=1000)] = 10
    """How many simulated labellers stand in until two people have labelled all images; 0 for none."""
    disagreement: Annotated[float, Field(gt=0, le=0.5)] = HUMANS_DISAGREE
    """Share of images on which two of them differ on average; their noise is as large as it takes."""
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """Of their noise."""

    @field_validator("simulated")
    @classmethod
    def _several(cls, simulated: int) -> int:
        if simulated == 1:
            raise ValueError("0, or two or more: one labeller alone agrees with everybody")
        return simulated


def simulate(probabilities: Singles, settings: LabellersSettings) -> Labels:
    """Let simulated labellers label every image.

    Each calls an image the class with the highest log-probability + noise, where noise is normal and
    independent for each labeller, image and class. So they agree on clear images and differ on those near
    a boundary. The deviation is found by bisection, so that any two differ on ``settings.disagreement`` of
    the images on average, as nearly as these images allow.

    Args:
        probabilities: shape (images, classes), a referee's answers.
        settings: with 2 labellers or more.
    """
    clear = np.log(np.maximum(probabilities.astype(np.float64), _LEAST_PROBABILITY))
    noise = np.random.default_rng(settings.seed).standard_normal((settings.simulated, *clear.shape))
    low, high = np.log(1e-4), np.log(1e4)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if disagreement(_heard(clear, noise, float(np.exp(middle)))) < settings.disagreement:
            low = middle
        else:
            high = middle
    near = [_heard(clear, noise, float(np.exp(end))) for end in (low, high)]
    best = min(near, key=lambda labels: abs(disagreement(labels) - settings.disagreement))
    names = tuple(f"{SIMULATED}-{number:02d}" for number in range(1, settings.simulated + 1))
    return Labels(names, best, simulated=True)


def disagreement(labels: Ints) -> float:
    """Return the share of images on which two labellers differ, averaged over all pairs of labellers.

    Args:
        labels: shape (labellers, images), complete, 2 labellers or more.
    """
    labellers, images = labels.shape
    counts = np.stack([(labels == label).sum(axis=0) for label in np.unique(labels)]).astype(np.float64)
    agreeing = (counts * (counts - 1)).sum()
    return float(1 - agreeing / (labellers * (labellers - 1) * images))


def _heard(clear: Floats, noise: Floats, deviation: float) -> Ints:
    return np.asarray((clear + deviation * noise).argmax(axis=2))


def chosen(people: Labels, settings: LabellersSettings, referee: Callable[[], Singles]) -> Labels | None:
    """Return the labels of everybody who has labelled all images, if they are two or more.

    Else those of simulated labellers, or None where ``settings.simulated`` is 0.

    Args:
        people: their labels so far.
        settings: of the simulated labellers.
        referee: gives the probabilities that those label by, shape (images, classes); only asked for them.
    """
    complete = people.complete()
    if len(complete) >= 2:
        return complete
    return simulate(referee(), settings) if settings.simulated else None
