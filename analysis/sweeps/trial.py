"""One trial of a sweep: the networks that are trained together, epoch by epoch."""

import time
from collections.abc import Iterator, Sequence

import pyarrow as pa

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.networks.members import Member
from outvoted.actors.runs.epochs import EpochRecord
from outvoted.actors.sweeps.sweep_store import Kept, Row
from outvoted.actors.training.stacked_training import StackedTraining, Trainee
from outvoted.actors.training.steps import Training
from outvoted.analysis.sweeps.base import Experiment, StackFigures, Unit


class Trial:
    """Trains and measures units on one data set together, each as if it were alone."""

    def __init__(
        self,
        experiment: Experiment,
        units: Sequence[Unit],
        training: Training,
        data: Dataset,
        kept: Sequence[Kept] = (),
    ) -> None:
        """Begin, or go on from checkpoints, one for each unit and all of the same epoch."""
        self._experiment, self._training, self._data = experiment, training, data
        self.units = tuple(units)
        trainees = [Trainee(unit.setting.network, unit.seed) for unit in units]
        progress = [one.progress for one in kept]
        self._stacked = StackedTraining(trainees, training, data.train, data.shape, data.classes, progress)
        self.rows: list[list[Row]] = [list(one.rows) for one in kept] or [[] for _ in units]
        self.votes: tuple[pa.Table, ...] = ()

    def advance(self) -> Iterator[int]:
        """Train to the last epoch; yield each epoch's number when its rows are there."""
        while self._stacked.epoch < self._training.epochs:
            began = time.monotonic()
            losses = self._stacked.advance()
            measured = self._measured()
            seconds = (time.monotonic() - began) / len(self.units)
            for unit, rows, loss, found in zip(self.units, self.rows, losses, measured.rows, strict=True):
                rows.append(self._row(unit, loss, seconds) | found)
            self.votes = measured.votes
            yield self._stacked.epoch

    def kept(self) -> list[Kept]:
        """Return checkpoints that another trial of these units can go on from."""
        each = zip(self._stacked.progress(), self.rows, strict=True)
        return [Kept(progress, tuple(rows)) for progress, rows in each]

    def members(self) -> list[Member]:
        """Return the networks as they are now."""
        each = zip(self.units, self._stacked.stack.weights(), self.rows, strict=True)
        return [
            Member(
                unit.name,
                "peer",
                unit.setting.network,
                unit.seed,
                weights,
                tuple(_record(row) for row in rows),
            )
            for unit, weights, rows in each
        ]

    def _measured(self) -> StackFigures:
        last = self._stacked.epoch == self._training.epochs
        return self._experiment.measure(self._stacked.stack, self.units, self._data, last)

    def _row(self, unit: Unit, loss: float, seconds: float) -> Row:
        return {
            "setting": unit.setting.label,
            "seed": unit.seed,
            "epoch": self._stacked.epoch,
            "loss": loss,
            "seconds": seconds,
        }


def _record(row: Row) -> EpochRecord:
    return EpochRecord(int(str(row["epoch"])), float(str(row["loss"])), float(str(row["test_accuracy"])))
