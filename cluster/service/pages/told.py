"""One mistake in words and figures: what its page says beside the images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outvoted.actors.panel.realism import REALISTIC
from outvoted.analysis.browsing.answers import RecordedAnswer, recorded_answers
from outvoted.analysis.browsing.rows import named
from outvoted.search.arrays import Singles
from outvoted.search.transforms.dials import unit_of, words_of

_MOST_MOVES = 200  # lines of the table of moves
TARGET = "target"


@dataclass(frozen=True)
class RunNames:
    """How networks and classes of a run are called.

    Attributes:
        networks: names of the panel's, in their order.
        classes: names, or numbers where they have none.
    """

    networks: Sequence[str]
    classes: Sequence[str]

    def class_(self, number: int) -> str:
        """Name a class."""
        return named(self.classes, number)


@dataclass(frozen=True)
class ShownAnswer:
    """What one network answers on one image.

    Attributes:
        role: target, held out, or "" for a voter.
        label, predicted: its probability of the label and of the target's class; None where it failed.
    """

    name: str
    role: str
    answer: str
    correct: bool
    label: float | None
    predicted: float | None


def ballots(row: Mapping[str, Any], told: RunNames, votes: Singles | None = None) -> list[ShownAnswer]:
    """Say what every network answers: what was recorded, or ``votes``, shape (networks, classes)."""
    asked = row if votes is None else {**row, "probabilities": votes.tolist()}
    return [_ballot(answer, row) for answer in recorded_answers(asked, told.networks, told.classes)]


def _ballot(answer: RecordedAnswer, row: Mapping[str, Any]) -> ShownAnswer:
    label, predicted = (_probability(answer, row[name]) for name in ("label", "predicted"))
    answered = label is not None
    return ShownAnswer(
        answer.network,
        "" if answer.role == "voter" else answer.role,
        answer.predicted_name if answered else "no answer",
        answer.correct and answered,
        label,
        predicted,
    )


def _probability(answer: RecordedAnswer, number: int) -> float | None:
    there = 0 <= number < len(answer.probabilities) and None not in answer.probabilities
    return answer.probabilities[number] if there else None


def words(name: str) -> str:
    """Say what a parameter or measure of a transform is, with its unit."""
    unit = unit_of(name)
    return f"{words_of(name)}, {unit}" if unit else words_of(name)


def figure(value: float | None) -> str:
    """Write a number to three digits."""
    return "–" if value is None or not np.isfinite(value) else f"{float(f'{value:.3g}'):,.10g}"


def facts(row: Mapping[str, Any], told: RunNames) -> list[tuple[str, str]]:
    """Say what else is known of a mistake, (what, value); what is not known is left out."""
    found = [("target", row["target_name"]), ("margin", figure(row.get("margin")))]
    if row.get("realism") is not None:
        realistic = "realistic" if row["realism"] >= REALISTIC else "not realistic"
        found.append(("realism", f"{figure(row['realism'])}, {realistic}"))
    found.append(("referee", _referee(row, told)))
    if row.get("moves") is not None:
        found.append(("moves", f"{row['moves']:,} of {row['candidates']:,} candidates"))
        spent = row["inferences_target"] + row["inferences_peers"]
        found.append(("inferences", f"{spent:,}, {row['inferences_target']:,} of them the target's"))
        found.append(("strategy", str(row["strategy"])))
        found.append(("seed", f"training image {row['seed_id']:,}"))
    if row.get("path"):
        found.append(("file", str(row["path"])))
    return found


def _referee(row: Mapping[str, Any], told: RunNames) -> str:
    if row.get("valid") is None:
        return "was not asked"
    if row["valid"]:
        return "agrees with the label"
    answer = row.get("referee_predicted")
    return "does not agree" if answer is None else f"does not agree: {told.class_(int(answer))}"


@dataclass(frozen=True)
class ToldMoves:
    """The moves of a climb as a table, and what they do together."""

    parameters: Sequence[str]
    rows: Sequence[Sequence[str]]
    left_out: str
    measures: Sequence[tuple[str, str]]


def moves(row: Mapping[str, Any]) -> ToldMoves:
    """Write out the moves of a mistake; of very many, the first."""
    made = row.get("move_parameters") or []
    names = list(made[0]) if made else []
    rows = [[figure(move[name]) for name in names] for move in made[:_MOST_MOVES]]
    more = len(made) - len(rows)
    left_out = f"{more:,} more moves are in the run's Parquet files." if more else ""
    measures = [(words(name), figure(value)) for name, value in (row.get("measures") or {}).items()]
    return ToldMoves([words(name) for name in names], rows, left_out, measures)
