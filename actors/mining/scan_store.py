"""What a scan leaves in its run's folder."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from outvoted.actors.mining.judge import Judged
from outvoted.actors.runs import schema, tables
from outvoted.actors.runs.run_record import Figures
from outvoted.search.arrays import Ints, Singles

_WITHOUT_IMAGES = [name for name in schema.dissents().names if name not in ("image", "probabilities")]


class ScanFigures(Figures):
    """What a scan counts of itself: images in the repository, and seconds of scanning."""

    images: int | None = None
    seconds: float = 0.0


class ScanStore:
    """Reads and writes the tables of a scan.

    A chunk is there when its file in ``scanned/`` is; its dissents are written before it, so readers take
    only dissents whose chunk they know. Names follow from positions: writing a chunk twice changes nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, judged: Judged) -> None:
        """Write the rows of a chunk."""
        name = f"chunk-{judged.first:012d}.parquet"
        tables.write(self.path / "dissents" / name, judged.dissents)
        tables.write(self.path / "scanned" / name, judged.scanned)

    def done(self) -> frozenset[int]:
        """Return the first positions of all recorded chunks."""
        return frozenset(int(path.stem.removeprefix("chunk-")) for path in self._files())

    def scanned(self) -> pa.Table:
        """Read the counts of all chunks, in order."""
        form = schema.scanned()
        return _joined((tables.read(path, form) for path in self._files()), form)

    def dissents(self) -> pd.DataFrame:
        """Read all dissents without their pixels and probabilities, the clearest (largest margin) first."""
        parts = (self._dissents(path, _WITHOUT_IMAGES) for path in self._files())
        form = pa.schema([schema.dissents().field(name) for name in _WITHOUT_IMAGES])
        frame = pd.DataFrame(_joined(parts, form).to_pandas())
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
        for path in self._files():
            rows = self._dissents(path, ["position", column])
            for row in rows.filter(pc.is_in(rows["position"], value_set=wanted)).to_pylist():
                yield row["position"], row[column]

    def _files(self) -> list[Path]:
        return sorted((self.path / "scanned").glob("chunk-*.parquet"))

    def _dissents(self, scanned: Path, columns: list[str]) -> pa.Table:
        return tables.read(self.path / "dissents" / scanned.name, schema.dissents(), columns)


def _joined(parts: Iterable[pa.Table], form: pa.Schema) -> pa.Table:
    return pa.concat_tables(
        [form.empty_table().replace_schema_metadata(), *(p.replace_schema_metadata() for p in parts)]
    )
