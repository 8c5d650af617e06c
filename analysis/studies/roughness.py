"""How rough a landscape is: in numbers, what Powers et al. show by eye (section III)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from outvoted.analysis.report.numbers import PERCENT, Form, Interval, interval
from outvoted.analysis.report.report import Section
from outvoted.analysis.report.table import Cell, Column, Table
from outvoted.analysis.studies.opened import MEAN, Ballots, OpenedStudy
from outvoted.search.arrays import AnyArray, Floats, Ints

Measure = Literal["variation", "detour", "changes", "strange", "dissent"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
MEANING: dict[Measure, str] = {
    "variation": "how far probabilities move along the frames, in total variation; from class to class is 1",
    "detour": "the part of it in excess of the direct path from the first frame to the last; 0 is smooth",
    "changes": "how often the prediction changes along the frames",
    "strange": "share of frames predicted as a class that none of the sources has",
    "dissent": "share of frames on which the networks do not all agree",
}
_PERCENT = ("strange", "dissent")
_PASSAGES_SHOWN = 10


@dataclass(frozen=True)
class Sequences:
    """Sequences of equally many frames.

    Attributes:
        keys: a row for each sequence: its group, and what distinguishes it from the others.
        frames: shape (sequences, frames), image ids.
        expected: shape (sequences, classes), the classes of the sources.
    """

    keys: pd.DataFrame
    frames: Ints
    expected: Ints


def roughness(ballots: Ballots, sequences: Sequences) -> pd.DataFrame:
    """Measure every sequence for every network: the keys, ``network``, and a column for each measure.

    ``dissent`` is the panel's, the same for all its networks.
    """
    apart = (ballots.dissent[sequences.frames] > 0).mean(1)
    whole, found = ballots.with_mean(), []
    for name, probabilities in zip(whole.names, whole.probabilities, strict=True):
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
    """Return how far probabilities move along sequences, and the part in excess of the direct path.

    Distances are total variation distances, half the sum of absolute differences: 0 to 1.

    Args:
        walked: shape (sequences, frames, classes).
    """
    exact = walked.astype(np.float64)
    steps = np.abs(np.diff(exact, axis=1)).sum(2) / 2
    direct = np.abs(exact[:, -1] - exact[:, 0]).sum(1) / 2
    return steps.sum(1), np.maximum(steps.sum(1) - direct, 0)


def unexpected(answers: Ints, expected: Ints) -> Floats:
    """Return the share of frames, (sequences,), predicted as none of the expected classes.

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
        groups: the number of groups that the intervals are over.
        measures: mean over groups and its 95 % interval.
    """

    name: str
    groups: int
    measures: Mapping[Measure, Interval]


def by_network(rough: pd.DataFrame) -> list[Line]:
    """Summarise each network, and last the panel's mean."""
    names = sorted(dict.fromkeys(rough["network"]), key=lambda name: name == MEAN)
    return [_line(name, rough[rough["network"] == name]) for name in names]


def by_architecture(rough: pd.DataFrame, architectures: Mapping[str, str]) -> list[Line]:
    """Summarise the networks of each architecture, without the panel's mean."""
    peers = rough[rough["network"] != MEAN]
    kinds = peers["network"].map(architectures)
    return [_line(kind, peers[kinds == kind]) for kind in dict.fromkeys(kinds)]


def by_classes(rough: pd.DataFrame, class_names: Sequence[str]) -> list[Line]:
    """Summarise each passage between classes over all networks, the roughest (by detour) first.

    The order of a mixed pair makes no difference.
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


@dataclass(frozen=True)
class LandscapeFindings:
    """What the panel's votes on a landscape show.

    Attributes:
        study: whose votes they are.
        votes: the panel's.
        rough: a row for each sequence and network (see `roughness`), the panel's mean among them.
        lines: its summaries over groups, by "networks", "architectures" and "classes".
        correct: the share of a table's own rows that each network classifies correctly; empty for images.
    """

    study: OpenedStudy
    votes: Ballots
    rough: pd.DataFrame
    lines: Mapping[str, Sequence[Line]]
    correct: Mapping[str, float]

    @property
    def dissent(self) -> float:
        """The share of all images on which the networks do not all agree."""
        return float((self.votes.dissent > 0).mean())

    def to_json(self) -> dict[str, Any]:
        """Return plain values: intervals as [mean, low, high]."""
        return {
            "images": len(self.study.images),
            "dissent": self.dissent,
            "measures": dict(MEANING),
            **({"accuracy_on_rows": dict(self.correct)} if self.correct else {}),
            **{
                kind: [{"name": line.name, "groups": line.groups, **line.measures} for line in found]
                for kind, found in self.lines.items()
            },
        }

    def tables(self) -> list[Table]:
        """Return the tables of the terminal."""
        name, images = self.study.run.record.name, len(self.study.images)
        title = f"{name}: {images:,} images, networks disagree on {self.dissent:.1%}"
        meaning = "\n".join(f"{measure}: {text}" for measure, text in MEANING.items())
        roughest = self.lines["classes"][:_PASSAGES_SHOWN]
        rows = Table(
            "on the table's own rows",
            [Column("network"), Column("correct %", PERCENT)],
            list(self.correct.items()),
        )
        return [
            _table(title, "network", self.lines["networks"]),
            *([rows] if self.correct else []),
            _table("by architecture", "architecture", self.lines["architectures"]),
            _table("roughest passages", "classes", roughest, meaning),
        ]

    def section(self) -> Section:
        """Return the tables, for the page."""
        text = "How predictions change along sequences of frames: means over groups with 95 % intervals."
        return Section("Roughness", text, self.tables())


def _table(title: str, head: str, lines: Sequence[Line], note: str = "") -> Table:
    """Return a row for each line: means, ± half their 95 % intervals."""
    forms = {
        measure: Column(f"{measure} %", Form(0, 100)) if measure in _PERCENT else Column(measure, Form(2))
        for measure in MEASURES
    }
    rows: list[list[Cell]] = [[line.name, *(line.measures[measure] for measure in forms)] for line in lines]
    return Table(title, [Column(head), *forms.values()], rows, note)


def analyse(
    study: OpenedStudy, sequences: Sequences, correct: Mapping[str, float] | None = None
) -> LandscapeFindings:
    """Measure how rough the panel's predictions are along ``sequences`` of a study's images."""
    votes = study.ballots
    rough = roughness(votes, sequences)
    lines = {
        "networks": by_network(rough),
        "architectures": by_architecture(rough, study.architectures),
        "classes": by_classes(rough, study.class_names),
    }
    return LandscapeFindings(study, votes, rough, lines, correct or {})
