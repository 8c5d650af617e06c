"""The recorder of a sweep: the one writer of its rows, checkpoints and TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import ray
from torch.utils.tensorboard.writer import SummaryWriter

from outvoted.actors.networks.members import Member
from outvoted.actors.runs import fence, same_place
from outvoted.actors.runs.fence import Guard
from outvoted.actors.runs.ray_actors import FOREVER
from outvoted.actors.runs.watching import Watched, spares_the_run, unwatched
from outvoted.actors.sweeps.sweep_store import FINISHED, Fields, Kept, Row, SweepStore
from outvoted.actors.training.ray_work import LastSigns

_TOLD = ("epoch", "seed")


class SweepMonitor(Watched):
    """Writes each network into its own folder, so that TensorBoard overlays their curves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, SummaryWriter] = {}

    @spares_the_run
    def epoch(self, unit: str, row: Row) -> None:
        """Add a point to a network's curves: each figure of a row, lists as their means."""
        writer = self._writer(unit)
        for name, value in figures(row).items():
            writer.add_scalar(name, value, int(str(row["epoch"])))
        writer.flush()

    @spares_the_run
    def end(self, unit: str, values: Mapping[str, float | str], row: Row) -> None:
        """Add a network with its last figures to the table of hyper-parameters."""
        writer = self._writer(unit)
        writer.add_hparams(dict(values), {f"last/{n}": v for n, v in figures(row).items()}, run_name=".")
        self.leave(unit)

    @spares_the_run
    def leave(self, unit: str) -> None:
        """Close the file of a network that has nothing more to show."""
        writer = self._writers.pop(unit, None)
        if writer is not None:
            writer.close()

    @spares_the_run
    def close(self) -> None:
        """Close all files."""
        for unit in list(self._writers):
            self.leave(unit)

    def _writer(self, unit: str) -> SummaryWriter:
        if unit not in self._writers:
            self._writers[unit] = SummaryWriter(str(self._folder / unit))
        return self._writers[unit]


def figures(row: Row) -> dict[str, float]:
    """Return the figures of a row as numbers, lists as the means of what was measured."""
    found = {}
    for name, value in row.items():
        if name in _TOLD or value is None or isinstance(value, str):
            continue
        numbers = np.array(value, dtype=float)
        if np.isfinite(numbers).any():
            found[name] = float(np.nanmean(numbers))
    return found


Values = Mapping[str, float | str]


class SweepRecorder(LastSigns):
    """Writes what trials hand in; in memory it holds only the rows since the last checkpoint."""

    def __init__(self, path: Path, fields: Fields, guard: Guard | None = None) -> None:
        """Take the sweep's folder, its columns, and what is to be asked before anything is written there."""
        super().__init__()
        fence.guard(guard)
        self._path = path
        self._store = SweepStore(path, fields)
        self._monitor = SweepMonitor(self._store.folder.tensorboard)
        self._rows: dict[str, list[Row]] = {}

    def answer(self) -> str | None:
        """Answer what was asked in the sweep's folder, to show that it is the same folder here."""
        return same_place.answer(self._path)

    def kept(self, unit: str) -> Kept | None:
        """Return a unit's checkpoint, if it has one."""
        found = self._store.kept(unit)
        self._rows[unit] = [] if found is None else list(found.rows)
        return found

    def epoch(self, unit: str, row: Row) -> None:
        """Add an epoch of a unit, in place of this or a later epoch of an earlier attempt."""
        epoch = int(str(row["epoch"]))
        before = self._rows.get(unit, [])
        self._rows[unit] = [one for one in before if int(str(one["epoch"])) < epoch] + [row]
        self._monitor.epoch(unit, row)

    def keep(self, unit: str, kept: Kept) -> None:
        """Write a unit's checkpoint."""
        self._store.keep(unit, kept)

    def finish(self, unit: str, values: Values, rows: list[Row], member: Member, votes: pa.Table) -> None:
        """Write a unit that is trained to the last epoch; writing it twice changes nothing."""
        self._store.write_network(unit, member, votes)
        self._store.write_unit(unit, rows, FINISHED, None)
        self._monitor.end(unit, values, rows[-1])
        self._rows.pop(unit, None)

    def end(self, unit: str, unmeasured: Row, outcome: str, reason: str | None) -> None:
        """Write the rows of a unit that was stopped or failed; ``unmeasured`` if it has none."""
        self._store.write_unit(unit, self._rows.pop(unit, []) or [unmeasured], outcome, reason)
        self._monitor.leave(unit)

    def close(self) -> str | None:
        """Flush; say, in a sentence, if TensorBoard does not show everything."""
        self._monitor.close()
        return unwatched(self._monitor)


SweepRecorderActor: Any = ray.remote(**FOREVER)(SweepRecorder)
"""The recorder as a Ray actor, on the machine where the sweep's folder is."""
