"""What TensorBoard shows of a sweep: the curves of every network, and a table of settings and figures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch.utils.tensorboard.writer import SummaryWriter

from outvoted.actors.runs.files import unwritable
from outvoted.actors.sweeps.sweep_store import Row

_TOLD = ("epoch", "seed")


class SweepMonitor:
    """Writes each network into a folder of its own, so TensorBoard lays their curves over one another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, SummaryWriter] = {}

    def epoch(self, unit: str, row: Row) -> None:
        """Add a point to the curves of a network: every figure of a row that is one number, or its mean."""
        writer = self._writer(unit)
        for name, value in figures(row).items():
            writer.add_scalar(name, value, int(str(row["epoch"])))
        writer.flush()

    def end(self, unit: str, values: Mapping[str, float | str], row: Row) -> None:
        """Add a network to the table of hyper-parameters, with its last figures."""
        writer = self._writer(unit)
        writer.add_hparams(dict(values), {f"last/{n}": v for n, v in figures(row).items()}, run_name=".")
        self.leave(unit)

    def leave(self, unit: str) -> None:
        """Close the file of a network of which nothing more is shown."""
        writer = self._writers.pop(unit, None)
        if writer is not None:
            writer.close()

    def close(self) -> None:
        """Write what is not yet on disk."""
        for unit in list(self._writers):
            self.leave(unit)

    def _writer(self, unit: str) -> SummaryWriter:
        if unit not in self._writers:
            folder = self._folder / unit
            try:
                self._writers[unit] = SummaryWriter(str(folder))
            except OSError as error:
                raise unwritable(folder, error) from error
        return self._writers[unit]


def figures(row: Row) -> dict[str, float]:
    """Return the figures of a row as numbers: a list as the mean of what was measured in it."""
    found = {}
    for name, value in row.items():
        if name in _TOLD or value is None or isinstance(value, str):
            continue
        numbers = np.array(value, dtype=float)
        if np.isfinite(numbers).any():
            found[name] = float(np.nanmean(numbers))
    return found
