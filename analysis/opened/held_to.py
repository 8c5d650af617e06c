"""Rows of mistakes held to what the run's panel, images and transform can have made."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import Transform


def check_mistakes(rows: pa.Table, peers: int, images: int | None, transform: Transform, path: Path) -> None:
    """Hold the rows of the table `mistakes` of a run in ``path`` to its number of peers and its transform.

    Args:
        images: how many training images there are, where that is known.

    Raises:
        OutvotedError: a number is outside what it can be, or votes and moves are of another form.
    """
    if not rows.num_rows:
        return
    found = _outside(rows, peers, images) or _misshapen(rows, peers, transform)
    if found is not None:
        raise OutvotedError(
            expected=f"mistakes of {peers} networks, made with the run's transform, in {path / 'mistakes'}",
            found=found,
            remedy="restore the table, or delete its files and those in searches/, and mine on with --resume",
        )


def _outside(rows: pa.Table, peers: int, images: int | None) -> str | None:
    """Name a number that counts something there isn't."""
    classes = max(map(len, rows["probabilities"][0].as_py()), default=0)
    most = {"target": peers, "voters": peers, "label": classes, "predicted": classes, "seed_id": images}
    for name, limit in most.items():
        values = rows[name].to_numpy()
        wrong = (values < 0) | (False if limit is None else values >= limit)
        if wrong.any():
            return f"{name} {values[wrong][0]} in the row of search {rows['search_id'].to_numpy()[wrong][0]}"
    return None


def _misshapen(rows: pa.Table, peers: int, transform: Transform) -> str | None:
    """Name a column whose values have another form than the run's."""
    votes = rows["probabilities"]
    of_each = np.unique(pc.list_value_length(pc.list_flatten(votes)).to_numpy())
    if (pc.list_value_length(votes).to_numpy() != peers).any() or len(of_each) != 1:
        return "votes of another number of networks, or of classes"
    if (pc.list_value_length(rows["composed"]).to_numpy() != transform.size).any():
        return "transforms with another number of parts"
    moves, measures = rows.schema.field("move_parameters").type.value_type, rows.schema.field("measures").type
    names = tuple(field.name for field in moves), tuple(field.name for field in measures)
    if names != (transform.parameters, transform.measures):
        return f"moves described by {', '.join(names[0])}"
    return None
