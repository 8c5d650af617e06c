"""How rough a landscape is: figures for what Powers et al. show by eye (section III), in tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from outvoted.analysis.report.numbers import PERCENT, Form, Interval, interval
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.studies.ballots import MEAN, Ballots
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


@dataclass(frozen=True)
class Sequences:
    """Sequences of equally many frames.

    Attributes:
        keys: a row for each sequence: its group, and what tells it from the others.
        frames: shape (sequences, frames), image ids.
        expected: shape (sequences, classes), the classes that a frame may be taken for.
    """

    keys: pd.DataFrame
    frames: Ints
    expected: Ints


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


@dataclass(frozen=True)
class Line:
    """Roughness of one network, architecture, or passage between classes.

    Attributes:
        name: whose.
        groups: over how many groups the intervals are taken.
        measures: mean over groups and its 95 % interval.
    """

    name: str
    groups: int
    measures: Mapping[Measure, Interval]


def by_network(rough: pd.DataFrame) -> list[Line]:
    """Summarise each network, and the panel's mean last."""
    names = list(dict.fromkeys(rough["network"]))
    return [_line(name, rough[rough["network"] == name]) for name in names]


def by_architecture(rough: pd.DataFrame, architectures: Mapping[str, str]) -> list[Line]:
    """Summarise the networks of each architecture, named by ``architectures``; without the panel's mean."""
    peers = rough[rough["network"] != MEAN]
    kinds = peers["network"].map(architectures)
    return [_line(kind, peers[kinds == kind]) for kind in dict.fromkeys(kinds)]


def by_classes(rough: pd.DataFrame, class_names: Sequence[str]) -> list[Line]:
    """Summarise each passage between classes over all networks, the roughest (by detour) first.

    A mixed pair is the same in both orders.
    """
    peers = rough[rough["network"] != MEAN]
    if "third" in peers:
        ordered = np.sort(peers[["first", "second"]].to_numpy(), axis=1)
        peers = peers.assign(first=ordered[:, 0], second=ordered[:, 1])
    ends = [name for name in ("first", "second", "third") if name in peers]
    lines = []
    for labels, rows in peers.groupby(ends):
        *pair, last = (class_names[int(label)] for label in np.array(labels))
        lines.append(_line(f"{' + '.join(pair)} → {last}", rows))
    return sorted(lines, key=lambda line: -(line.measures["detour"][0] or 0))


def _line(name: str, rows: pd.DataFrame) -> Line:
    means = rows.groupby("group")[list(MEASURES)].mean()
    return Line(name, len(means), {measure: interval(means[measure].to_numpy()) for measure in MEASURES})


_PERCENT = ("strange", "dissent")


def roughness_table(title: str, head: str, lines: Sequence[Line], note: str = "") -> Table:
    """Return a row for each line: means, ± half their 95 % intervals."""
    columns = [
        Column(f"{measure} %", Form(0, 100)) if measure in _PERCENT else Column(measure, Form(2))
        for measure in MEASURES
    ]
    rows: list[list[Cell]] = [
        [line.name, *(line.measures[measure] for measure in MEASURES)] for line in lines
    ]
    return Table(title, [Column(head), *columns], rows, note)


def accuracy_table(correct: Mapping[str, float]) -> Table:
    """Return the share of a table's own rows that each network classifies correctly."""
    columns = [Column("network"), Column("correct %", PERCENT)]
    return Table("on the table's own rows", columns, list(correct.items()))
