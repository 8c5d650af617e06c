"""How rough a landscape is: figures for what Powers et al. show by eye (section III)."""

from typing import Literal, get_args

import numpy as np
import pandas as pd

from outvoted.analysis.landscape.ballots import Ballots
from outvoted.analysis.landscape.sequences import Sequences
from outvoted.search.arrays import AnyArray, Floats, Ints

Measure = Literal["variation", "detour", "changes", "strange", "dissent"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
MEANING: dict[Measure, str] = {
    "variation": "total variation: how far probabilities move along the frames; from class to class is 1",
    "detour": "total variation beyond the straight way from the first frame to the last; 0 is smooth",
    "changes": "changes of the answer along the frames",
    "strange": "share of frames taken for a class that none of the sources has",
    "dissent": "share of frames on which the networks do not all agree",
}


def roughness(ballots: Ballots, sequences: Sequences) -> pd.DataFrame:
    """Measure every sequence for every network: the keys, ``network``, and a column for each measure.

    ``dissent`` is the panel's, the same for all its networks.
    """
    apart = (ballots.dissent[sequences.frames] > 0).mean(1)
    found = []
    for name, probabilities in zip(ballots.names, ballots.probabilities, strict=True):
        walked = probabilities[sequences.frames]
        variation, detour = total_variation(walked)
        answers = walked.argmax(2)
        measured = {
            "network": name,
            "variation": variation,
            "detour": detour,
            "changes": (np.diff(answers, axis=1) != 0).sum(1),
            "strange": unexpected(answers, sequences.expected),
            "dissent": apart,
        }
        found.append(sequences.keys.assign(**measured))
    return pd.concat(found, ignore_index=True)


def total_variation(walked: AnyArray) -> tuple[Floats, Floats]:
    """Return how far probabilities move along sequences, and how much of that is beyond the straight way.

    Distances are those of total variation, half the sum of absolute differences: 0 to 1.

    Args:
        walked: shape (sequences, frames, classes).
    """
    exact = walked.astype(np.float64)
    steps = np.abs(np.diff(exact, axis=1)).sum(2) / 2
    straight = np.abs(exact[:, -1] - exact[:, 0]).sum(1) / 2
    return steps.sum(1), np.maximum(steps.sum(1) - straight, 0)


def unexpected(answers: Ints, expected: Ints) -> Floats:
    """Return the share of frames, (sequences,), whose answer is none of the expected classes.

    Args:
        answers: shape (sequences, frames).
        expected: shape (sequences, classes).
    """
    known = (answers[:, :, None] == expected[:, None, :]).any(2)
    return np.asarray(1 - known.mean(1))
