"""The files of a run's landscapes: votes around a seed, and their picture."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from outvoted.actors.runs import schema, tables
from outvoted.analysis.mining.surroundings import Surroundings
from outvoted.search.errors import OutvotedError

FOLDER = "landscapes"


def file_of(run: Path, found: Surroundings) -> Path:
    """Return where the votes go: seed and directions are the file's name."""
    return run / FOLDER / f"{found.seed_id}-{'-'.join(found.names)}.parquet"


def write(run: Path, found: Surroundings) -> Path:
    """Write the votes (schema.surroundings) into a run's folder, and return the file."""
    networks, rows, columns, _ = found.probabilities.shape
    network, row, column = (place.ravel() for place in np.indices((networks, rows, columns)))
    x_name, y_name = found.names
    values = {
        "seed_id": np.full(len(row), found.seed_id),
        "label": np.full(len(row), found.label),
        "x_direction": [x_name] * len(row),
        "y_direction": [y_name] * len(row),
        "network": [found.networks[place] for place in network],
        "row": row,
        "column": column,
        "x": found.x[column],
        "y": found.y[row],
        "predicted": found.probabilities.argmax(3).ravel(),
        "probabilities": list(found.probabilities.reshape(len(row), -1)),
    }
    wanted = schema.surroundings()
    path = file_of(run, found)
    arrays = {name: pa.array(values[name], wanted.field(name).type) for name in wanted.names}
    tables.write(path, pa.table(arrays, wanted))
    return path


def read(path: Path) -> Surroundings:
    """Read the votes around a seed.

    Raises:
        OutvotedError: the file cannot be read, or is named otherwise than its content.
    """
    rows = tables.read(path, schema.surroundings()).to_pandas()
    rows = rows.sort_values(["row", "column"], kind="stable")  # networks stay in their order
    networks = tuple(dict.fromkeys(rows["network"]))
    first = rows[rows["network"] == networks[0]]
    shape = int(rows["row"].max()) + 1, int(rows["column"].max()) + 1
    votes = [np.stack(rows.loc[rows["network"] == name, "probabilities"].to_list()) for name in networks]
    found = Surroundings(
        int(first["seed_id"].iloc[0]),
        int(first["label"].iloc[0]),
        (str(first["x_direction"].iloc[0]), str(first["y_direction"].iloc[0])),
        first["x"].to_numpy()[: shape[1]],
        first["y"].to_numpy()[:: shape[1]],
        networks,
        np.stack(votes).reshape(len(networks), *shape, -1),
    )
    if file_of(path.parents[1], found) != path:  # its picture is found by what it says
        raise OutvotedError(
            expected=f"in {path} the landscape that its name says",
            found=f"one of seed {found.seed_id} and the directions {', '.join(found.names)}",
            remedy="delete it, and draw it again with `outvoted landscape`",
        )
    return found


def every(run: Path) -> Iterator[Surroundings]:
    """Read all landscapes of a run, in the order of their files' names."""
    for path in sorted((run / FOLDER).glob("*.parquet")):
        yield read(path)
