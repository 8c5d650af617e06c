"""The folder of a study."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from outvoted.actors import png, schema, tables
from outvoted.actors.store import RunStore
from outvoted.search.arrays import Pixels, Singles

Fields = Sequence[tuple[str, pa.DataType]]


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
    """Reads and writes what a study leaves."""

    def __init__(self, path: Path, fields: Fields) -> None:
        """Take the study's folder, and the columns that say how its images were made."""
        super().__init__(path)
        self._images = schema.study_images(fields)

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
        return tables.read(self._file("images", "images"), self._images.names)

    def pixels(self) -> Pixels:
        """Decode the images; shape (n, channels, height, width)."""
        return np.stack([png.decode(image["bytes"]) for image in self.images()["image"].to_pylist()])

    @property
    def has_votes(self) -> bool:
        """Whether the panel's votes are there."""
        return self._file("votes", "panel").is_file()

    def write_votes(self, votes: Iterable[pa.Table]) -> None:
        """Write the votes of the panel's networks."""
        tables.write(self._file("votes", "panel"), pa.concat_tables(votes))

    def votes(self) -> pd.DataFrame:
        """Read the votes of the panel's networks (schema.study_votes).

        Raises:
            OutvotedError: there are none, or they cannot be read.
        """
        return pd.DataFrame(tables.read(self._file("votes", "panel"), schema.study_votes().names).to_pandas())

    def _file(self, table: str, name: str) -> Path:
        return self.path / table / f"{name}.parquet"
