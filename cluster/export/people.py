"""What people have said of mistakes, as columns of their table."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from outvoted.actors.labelling.judgements import Judgements

COLUMNS = ("people", "people_votes", "people_agreeing")


@dataclass(frozen=True)
class PeoplesWord:
    """What people see in a mistake.

    Attributes:
        majority: the class that more than half see; None where there is none.
        votes: how many have answered.
        agreeing: how many of them see its label.
    """

    majority: int | None
    votes: int
    agreeing: int


def with_people(rows: pa.Table, key: Sequence[str], said: Judgements | None) -> pa.Table:
    """Add the columns COLUMNS to mistakes: empty where nobody has answered.

    Args:
        rows: with the columns of their key, and ``label``.
    """
    given = [said.of_mistake(*one) if said else None for one in _keys(rows, key)]
    labels = rows["label"].to_pylist()
    values = [
        (one.majority, one.votes, one.agreeing(label)) if one else (None, None, None)
        for one, label in zip(given, labels, strict=True)
    ]
    for place, name in enumerate(COLUMNS):
        rows = rows.append_column(name, pa.array([value[place] for value in values], pa.int32()))
    return rows


def _keys(rows: pa.Table, key: Sequence[str]) -> list[tuple[int | str, ...]]:
    return list(zip(*(rows[name].to_pylist() for name in key), strict=True))
