"""What every network of a panel answered on a mistake, as it is recorded."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from outvoted.actors.networks import members
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.analysis.browsing.rows import finite, named
from outvoted.search.consensus import is_voter
from outvoted.search.errors import OutvotedError


class RecordedAnswer(BaseModel):
    """One network's answer.

    Attributes:
        role: the target is wrong; voters had to agree on the label; who was held out was asked afterwards.
        probabilities: of each class; null where the network failed.
    """

    network: str
    role: Literal["target", "voter", "held out"]
    predicted: int
    predicted_name: str
    correct: bool
    probabilities: list[float | None]


def recorded_answers(
    row: Mapping[str, Any], networks: Sequence[str], classes: Sequence[str]
) -> list[RecordedAnswer]:
    """Return the answer of each network of the panel, in its order.

    Args:
        row: a mistake's, of its table.
        networks: names; of those beyond, the places.
        classes: names, where they have any.
    """
    votes, target = row["probabilities"], int(row["target"])
    voters = len(votes) - 1 if row.get("voters") is None else int(row["voters"])
    voting = is_voter(len(votes), np.array([target]), np.array([voters]))[:, 0]
    found = []
    for place, own in enumerate(votes):
        predicted = int(np.argmax(own)) if own else -1
        name = networks[place] if place < len(networks) else f"network {place + 1}"
        found.append(
            RecordedAnswer(
                network=row["target_name"] if place == target else name,
                role="target" if place == target else "voter" if voting[place] else "held out",
                predicted=predicted,
                predicted_name=named(classes, predicted),
                correct=predicted == row["label"],
                probabilities=[finite(value) for value in own],
            )
        )
    return found


def network_names(folder: Path) -> tuple[str, ...]:
    """Return the names of a run's panel, without loading it; none where they are not recorded."""
    path = RunFolder(folder).peers / members.TABLE
    try:
        rows = tables.read(path, schema.PEERS, ["name", "role"]).to_pylist() if path.is_file() else []
    except OutvotedError:
        return ()
    return tuple(row["name"] for row in rows if row["role"] == "peer")
