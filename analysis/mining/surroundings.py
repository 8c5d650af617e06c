"""The surroundings of a seed: what a run's panel answers around it, in two directions of the transform."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from outvoted.actors.mining.verification import rendered
from outvoted.actors.runs import schema, tables
from outvoted.analysis.mining.directions import Direction
from outvoted.analysis.mining.replay import positions
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.opened.scene import Scene
from outvoted.search.arrays import Bools, Floats, Ints, Pixels, Singles
from outvoted.search.errors import OutvotedError
from outvoted.search.transforms import Transform

OnPoints = Callable[[int], None]
"""Called with how many more points were voted on."""
_AT_ONCE = 256


@dataclass(frozen=True)
class Climb:
    """The way of a mined mistake, projected on two directions.

    Attributes:
        search_id, target, predicted: which mistake, of which peer (by its place), and what it answered.
        x, y: where the seed and each step lie, shape (1 + moves,).
    """

    search_id: int
    target: int
    predicted: int
    x: Floats
    y: Floats


@dataclass(frozen=True)
class Surroundings:
    """A grid over the realism budget in two directions; in all others the seed is unchanged.

    Attributes:
        seed_id, label: which training image.
        names: of the two directions, x and y.
        x, y: what the directions measure at the grid's columns and rows, ascending.
        networks: the panel's, by name.
        probabilities: shape (networks, rows, columns, classes).
    """

    seed_id: int
    label: int
    names: tuple[str, str]
    x: Floats
    y: Floats
    networks: tuple[str, ...]
    probabilities: Singles

    @property
    def correct(self) -> Bools:
        """Where each network answers the label, shape (networks, rows, columns)."""
        return np.asarray(self.probabilities.argmax(3) == self.label)

    @property
    def outvoted(self) -> Bools:
        """Where each network is wrong while all others are right, shape (networks, rows, columns)."""
        return np.asarray(~self.correct & ((~self.correct).sum(0) == 1))


def surroundings(
    run: Scene,
    seed_id: int,
    directions: tuple[Direction, Direction],
    points: int,
    on_points: OnPoints = lambda more: None,
) -> Surroundings:
    """Render a seed at every point of a grid and put the images to the panel, in this process.

    Args:
        seed_id: the place of a training image.
        points: along each side of the grid.

    Raises:
        OutvotedError: there is no such seed, or the run's data or weights are missing or altered.
    """
    seeds = run.seeds
    if not 0 <= seed_id < len(seeds):
        raise OutvotedError(
            expected=f"a seed from 0 to {len(seeds) - 1}, one of the images that searches start from",
            found=f"{seed_id}",
            remedy="the column seed_id of the run's searches lists the seeds that were searched",
        )
    composed = grid(run.transform, directions, points)
    voted = []
    for first in range(0, len(composed), _AT_ONCE):
        part = composed[first : first + _AT_ONCE]
        voted.append(run.panel.vote(images(run, seed_id, part)))
        on_points(len(part))
    described = run.transform.describe(composed).reshape(points, points, -1)
    x, y = directions
    return Surroundings(
        seed_id,
        int(seeds.labels[seed_id]),
        (x.name, y.name),
        x.along(described[0]),
        y.along(described[:, 0]),
        tuple(run.names),
        np.concatenate(voted, axis=1).reshape(len(run.names), points, points, -1),
    )


def grid(transform: Transform, directions: tuple[Direction, Direction], points: int) -> Floats:
    """Return composed transforms over the whole budget of two directions, shape (points * points, size).

    Row by row, y; within a row x. With an odd number of points and a budget symmetric about no change, the
    middle is the seed.
    """
    share = np.linspace(0, 1, points)
    knobs = np.tile(np.array(transform.home), (points * points, 1))
    for direction, turned in zip(directions, (np.tile(share, points), share.repeat(points)), strict=True):
        knobs[:, list(direction.knobs)] = turned[:, None]
    return transform.compose(transform.identity(len(knobs)), transform.place(knobs))


def images(run: Scene, seed_id: int, composed: Floats) -> Pixels:
    """Render composed transforms, (n, size), of a seed."""
    seed = run.seeds.read(np.array([seed_id]))
    return rendered(run.transform, np.repeat(seed, len(composed), axis=0), composed.astype(np.float32))


def climbs(run: Scene, seed_id: int, directions: tuple[Direction, Direction]) -> list[Climb]:
    """Project the climbs of all mistakes that were mined from a seed."""
    there = np.flatnonzero(run.mistakes.select("seed_id")["seed_id"].to_numpy() == seed_id)
    return [_climb(run, row, directions) for row in run.mistakes.take(there)]


def most_mistaken(run: OpenedRun) -> int:
    """Return the seed that most mistakes were mined from, of several the first.

    Raises:
        OutvotedError: there are no mistakes.
    """
    if not len(run.mistakes):
        raise OutvotedError(
            expected=f"mistakes in {run.store.path}, to take the seed that has the most",
            found="none so far",
            remedy="name a training image with --seed-id, or continue mining with --resume",
        )
    counts: Ints = np.bincount(run.mistakes.select("seed_id")["seed_id"].to_numpy())
    return int(counts.argmax())


def _climb(run: Scene, row: Mapping[Any, Any], directions: tuple[Direction, Direction]) -> Climb:
    described = run.transform.describe(positions(run, list(row["move_parameters"])))
    x, y = (direction.along(described) for direction in directions)
    return Climb(int(row["search_id"]), int(row["target"]), int(row["predicted"]), x, y)


FOLDER = "landscapes"


def file_of(run: Path, found: Surroundings) -> Path:
    """Return where the votes go: seed and directions are the file's name."""
    return run / FOLDER / f"{found.seed_id}-{'-'.join(found.names)}.parquet"


def write(run: Path, found: Surroundings) -> Path:
    """Write the votes (schema.SURROUNDINGS) into a run's folder, and return the file."""
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
    path = file_of(run, found)
    tables.write(path, schema.SURROUNDINGS.table(values))
    return path


def read(path: Path) -> Surroundings:
    """Read the votes around a seed.

    Raises:
        OutvotedError: the file cannot be read, or is named otherwise than its content.
    """
    rows = tables.read(path, schema.SURROUNDINGS).to_pandas()
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
            expected=f"in {path} the landscape that its name promises",
            found=f"one of seed {found.seed_id} and the directions {', '.join(found.names)}",
            remedy="delete it, and draw it again with `outvoted landscape`",
        )
    return found


def every(run: Path) -> Iterator[Surroundings]:
    """Read all landscapes of a run, in the order of their files' names."""
    for path in sorted((run / FOLDER).glob("*.parquet")):
        yield read(path)
