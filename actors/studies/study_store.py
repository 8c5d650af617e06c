"""A study's folder: its images, the votes on them, and its trainings."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from outvoted.actors.networks import members
from outvoted.actors.networks.members import Member
from outvoted.actors.runs import png, schema
from outvoted.actors.runs.run_folder import RunFolder
from outvoted.actors.runs.units import UnitTables
from outvoted.search.arrays import Pixels, Singles

if TYPE_CHECKING:
    import pandas as pd

Fields = Sequence[tuple[str, pa.DataType]]
Row = dict[str, object]

FINISHED, FAILED = "finished", "failed"
"""How a training ended."""
PANEL, REFEREE = "panel", "referee"
"""Whose votes there are besides those of units."""


def image_rows(images: Pixels, columns: Mapping[Any, Sequence[object]], fields: Fields) -> pa.Table:
    """Return the table of a study's images, numbered from 0.

    Args:
        images: shape (n, channels, height, width), uint8.
        columns: n values for each of ``fields``, by name.
    """
    encoded = [{"bytes": png.encode(image), "path": None} for image in images]
    whole = {"image_id": range(len(images)), "image": encoded, **columns}
    return schema.STUDY_IMAGES.with_fields(fields).table(
        {name: list(values) for name, values in whole.items()}
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
    return schema.STUDY_VOTES.table(columns)


class StudyStore:
    """Reads and writes a study's images, the votes on them, and its trainings.

    A unit is one training. Its stops are written last, after the votes and weights of the targets it reached,
    and mark it as done.
    """

    def __init__(self, path: Path, fields: Fields, runs: Path | None = None) -> None:
        """Take the study's folder, and the columns that say how its images were made.

        Args:
            runs: the folder of all runs if that is not the one around it.
        """
        self.path, self.folder = path, RunFolder(path, runs)
        self._form = schema.STUDY_IMAGES.with_fields(fields)
        self.images_unit = UnitTables(path, self._form)
        self._panel = UnitTables(path, schema.STUDY_VOTES)
        self.units = UnitTables(path, schema.STUDY_VOTES, schema.STOPS)

    @property
    def has_images(self) -> bool:
        """Whether the images are there."""
        return self.images_unit.has("images")

    def write_images(self, rows: pa.Table) -> None:
        """Write the images."""
        self.images_unit.write("images", {"images": rows.cast(self._form.arrow)})

    def images(self) -> pa.Table:
        """Read the images, in the order of their ids.

        Raises:
            OutvotedError: there are none, or they cannot be read.
        """
        return self.images_unit.read("images", "images")

    def pixels(self) -> Pixels:
        """Decode the images; shape (n, channels, height, width)."""
        return png.decode_all([image["bytes"] for image in self.images()["image"].to_pylist()])

    def has_votes(self, unit: str = PANEL) -> bool:
        """Whether the votes of a unit, or of the panel, are there."""
        return self._panel.has(unit)

    def write_votes(self, votes: Iterable[pa.Table], unit: str = PANEL) -> None:
        """Write the votes of a panel's networks."""
        self._panel.write(unit, {"votes": _joined(votes)})

    def votes(self, unit: str = PANEL) -> "pd.DataFrame":
        """Read the votes of a unit's networks, or of the panel's (schema.STUDY_VOTES).

        Raises:
            OutvotedError: there are none, or they cannot be read.
        """
        frame: pd.DataFrame = self._panel.read("votes", unit).to_pandas()
        return frame

    def write_unit(
        self, unit: str, stops: Sequence[Row], kept: Sequence[Member], votes: Sequence[pa.Table]
    ) -> None:
        """Write a training's outcome: networks and votes of the targets it reached, then its stops."""
        if kept:
            members.save(self.path / "networks" / unit, kept)
        self.units.write(unit, {"votes": _joined(votes), "stops": schema.STOPS.of_rows(stops)})

    def stops(self, units: Iterable[str]) -> "pd.DataFrame":
        """Read the stops of those units that are done, in the order given (schema.STOPS)."""
        frame: pd.DataFrame = self.units.read_all("stops", units).to_pandas()
        return frame


def _joined(votes: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables([schema.STUDY_VOTES.arrow.empty_table(), *votes])
