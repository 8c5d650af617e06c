"""The tables of a scan: what was scanned, and where one peer dissents."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from outvoted.actors.mining.judge import JudgedChunk
from outvoted.actors.runs import schema
from outvoted.actors.runs.run_folder import Figures
from outvoted.actors.runs.units import UnitTables
from outvoted.search.arrays import Ints, Singles

if TYPE_CHECKING:
    import pandas as pd

_WITHOUT_IMAGES = [name for name in schema.DISSENTS.arrow.names if name not in ("image", "probabilities")]


class ScanFigures(Figures):
    """What a scan counts of itself: images in the repository, and seconds of scanning."""

    images: int | None = None
    seconds: float = 0.0


class ScanStore:
    """Reads and writes the tables `dissents` and `scanned`, chunk by chunk; `scanned` marks one as done."""

    def __init__(self, folder: Path) -> None:
        """Take the run's folder."""
        self.units = UnitTables(folder, schema.DISSENTS, schema.SCANNED, named="chunk-")

    def write(self, judged: JudgedChunk) -> None:
        """Write a chunk."""
        self.units.write(
            f"chunk-{judged.first:012d}", {"dissents": judged.dissents, "scanned": judged.scanned}
        )

    def done(self) -> frozenset[int]:
        """Return the first positions of all recorded chunks."""
        return frozenset(self.units.read_all("scanned", columns=["first"])["first"].to_pylist())

    def scanned(self) -> pa.Table:
        """Read the counts of all chunks, in order."""
        return self.units.read_all("scanned")

    def dissents(self) -> "pd.DataFrame":
        """Read all dissents without their pixels and probabilities, the clearest (largest margin) first."""
        frame: pd.DataFrame = self.units.read_all("dissents", columns=_WITHOUT_IMAGES).to_pandas()
        return frame.sort_values(["margin", "position"], ascending=[False, True], ignore_index=True)

    def images(self, positions: Sequence[int] | Ints) -> dict[int, bytes]:
        """Read the PNG bytes of some dissents, by position."""
        return {position: image["bytes"] for position, image in self._values("image", positions)}

    def votes(self, positions: Sequence[int] | Ints) -> dict[int, Singles]:
        """Read every peer's probabilities on some dissents, (peers, classes), by position."""
        found = self._values("probabilities", positions)
        return {position: np.array(votes, np.float32) for position, votes in found}

    def _values(self, column: str, positions: Sequence[int] | Ints) -> Iterator[tuple[int, Any]]:
        wanted = pa.array([int(position) for position in positions], pa.int64())
        keys = self.units.read_all("dissents", columns=["position"])
        keys = keys.filter(pc.is_in(keys["position"], value_set=wanted))
        for row in self.units.find("dissents", keys, ["position", column]).to_pylist():
            yield row["position"], row[column]
