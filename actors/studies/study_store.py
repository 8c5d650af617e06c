"""The folder of a study."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import png, schema, tables
from outvoted.actors.runs.store import RunStore
from outvoted.search.arrays import Pixels, Singles

Fields = Sequence[tuple[str, pa.DataType]]
Row = dict[str, object]

FINISHED, FAILED = "finished", "failed"
"""What came of a training."""
PANEL, REFEREE = "panel", "referee"
"""Whose votes there are besides those of units."""


def image_rows(images: Pixels, columns: Mapping[str, Sequence[object]], fields: Fields) -> pa.Table:
    """Return the table of a study's images, numbered from 0.

    Args:
        images: shape (n, channels, height, width), uint8.
        columns: n values for each of ``fields``.
    """
    encoded = [{"bytes": png.encode(image), "path": None} for image in images]
    whole = {"image_id": range(len(images)), "image": encoded, **columns}
    wanted = schema.study_images(fields)
    return pa.table(
        {name: pa.array(list(whole[name]), wanted.field(name).type) for name in wanted.names}, wanted
    )


def vote_rows(network: str, probabilities: Singles) -> pa.Table:
    """Return the votes of a network on all images of a study.

    Args:
        probabilities: shape (n, classes), in the order of the images.
    """
    n = len(probabilities)
    columns = {
        "network": [network] * n,
        "image_id": range(n),
        "predicted": probabilities.argmax(1),
        "confidence": probabilities.max(1),
        "probabilities": list(probabilities),
    }
    wanted = schema.study_votes()
    return pa.table({name: pa.array(columns[name], wanted.field(name).type) for name in wanted.names}, wanted)


class StudyStore(RunStore):
    """Reads and writes what a study leaves.

    A unit, one training, is there when its file in ``stops/`` is: votes and weights are written before it.
    """

    def __init__(self, path: Path, fields: Fields) -> None:
        """Take the study's folder, and the columns that say how its images were made."""
        super().__init__(path)
        self._images = schema.study_images(fields)

    @property
    def generator(self) -> Path:
        """The folder of a generator that was trained for the study."""
        return self.path / "generator"

    @property
    def labels(self) -> Path:
        """The folder of the labels that people gave: a file for each labeller."""
        return self.path / "labels"

    @property
    def has_images(self) -> bool:
        """Whether the images are there."""
        return self._file("images", "images").is_file()

    def write_images(self, rows: pa.Table) -> None:
        """Write the images."""
        tables.write(self._file("images", "images"), rows.cast(self._images))

    def images(self) -> pa.Table:
        """Read the images, in the order of their ids.

        Raises:
            OutvotedError: there are none, or they cannot be read.
        """
        return tables.read(self._file("images", "images"), self._images)

    def pixels(self) -> Pixels:
        """Decode the images; shape (n, channels, height, width)."""
        return png.decode_all([image["bytes"] for image in self.images()["image"].to_pylist()])

    def has_votes(self, unit: str = PANEL) -> bool:
        """Whether the votes of a unit, or of the panel, are there."""
        return self._file("votes", unit).is_file()

    def write_votes(self, votes: Iterable[pa.Table], unit: str = PANEL) -> None:
        """Write the votes of a unit's networks, or of the panel's."""
        rows = [schema.study_votes().empty_table(), *votes]
        tables.write(self._file("votes", unit), pa.concat_tables(rows))

    def votes(self, unit: str = PANEL) -> pd.DataFrame:
        """Read the votes of a unit's networks, or of the panel's (schema.study_votes).

        Raises:
            OutvotedError: there are none, or they cannot be read.
        """
        return pd.DataFrame(tables.read(self._file("votes", unit), schema.study_votes()).to_pandas())

    def write_unit(
        self, unit: str, stops: Sequence[Row], kept: Sequence[Member], votes: Sequence[pa.Table]
    ) -> None:
        """Write what came of a training: networks and votes of the targets it reached, then its stops."""
        if kept:
            members.save(self.path / "networks" / unit, kept)
        self.write_votes(votes, unit)
        tables.write(self._file("stops", unit), pa.Table.from_pylist(list(stops), schema=schema.stops()))

    def stops(self, units: Iterable[str]) -> pd.DataFrame:
        """Read the stops of units, those that are there, in the order given (schema.stops)."""
        files = [file for file in (self._file("stops", unit) for unit in units) if file.is_file()]
        found = [tables.read(file, schema.stops()) for file in files] or [schema.stops().empty_table()]
        return pd.DataFrame(pa.concat_tables(found).to_pandas())

    def _file(self, table: str, unit: str) -> Path:
        return self.path / table / f"{unit}.parquet"
