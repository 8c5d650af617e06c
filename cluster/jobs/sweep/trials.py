"""The trials of a sweep: which networks are trained together, and which are left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from outvoted.actors.sweeps.sweep_store import FINISHED, STOPPED, Kept, SweepStore
from outvoted.actors.training.steps import Training
from outvoted.analysis.sweeps.base import Experiment, Unit
from outvoted.cluster.jobs.sweep import Stopping, TrialSettings


@dataclass(frozen=True)
class Spec:
    """Units of one trial, all equally far, and the units whose votes their data follows from."""

    units: tuple[Unit, ...]
    needs: tuple[str, ...]

    @property
    def label(self) -> str:
        """Name the trial for its watcher."""
        labels = list(dict.fromkeys(unit.setting.label for unit in self.units))
        return labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"


@dataclass(frozen=True)
class Stage:
    """What all trials of a stage share."""

    specs: tuple[Spec, ...]
    experiment: Experiment
    training: Training
    settings: TrialSettings
    stopping: Stopping


def ended(store: SweepStore) -> set[str]:
    """Return the units that need no more training; failed ones are tried again."""
    return {unit for unit, outcome in store.outcomes().items() if outcome in (FINISHED, STOPPED)}


def grouped(units: Sequence[Unit], epochs: Mapping[str, int], settings: int) -> Iterator[tuple[Unit, ...]]:
    """Group units into trials: up to ``settings`` of equal samples, all their seeds, equally far.

    ``epochs`` says how far units are that have begun. What a unit gives does not depend on its group.
    """
    for _, alike in groupby(units, key=lambda unit: unit.setting.samples):
        by_setting = [list(group) for _, group in groupby(alike, key=lambda unit: unit.setting.label)]
        for some in _batched(by_setting, settings):
            together = [unit for group in some for unit in group]
            for epoch in sorted({epochs.get(unit.name, 0) for unit in together}):
                yield tuple(unit for unit in together if epochs.get(unit.name, 0) == epoch)


def equally_far(kept: Sequence[Kept | None]) -> list[Kept]:
    """Return what a trial's units resume from; nothing, so that all start over, if they are not equally far.

    They are not if the trial's process ended while it wrote: some units are a checkpoint ahead, or done.
    """
    found = [one for one in kept if one is not None]
    together = len(found) == len(kept) and len({one.progress.epoch for one in found}) == 1
    return found if together else []


def _batched(groups: Sequence[list[Unit]], size: int) -> Iterator[Sequence[list[Unit]]]:
    return (groups[first : first + size] for first in range(0, len(groups), size))
