"""Sweeps of noise classes written straight into a folder, with figures that the tests make up."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.actors.sweeps.sweep_store import FAILED, FINISHED, SweepStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.sweeps.base import Unit
from outvoted.analysis.sweeps.kinds import open_sweep
from outvoted.analysis.sweeps.noise_class.experiment import NoiseClassExperiment
from outvoted.analysis.sweeps.noise_class.results import Results
from outvoted.analysis.sweeps.opened import OpenedSweep

Figures = dict[str, float]
FigureOf = Callable[[Unit], Figures | None]
QUICK = {"samples": 100, "evaluations": 2, "seeds": [0]}
"""Fits of the step that take no time."""
WriteSweep = Callable[..., OpenedSweep]


def write_sweep(
    path: Path,
    experiment: dict[str, Any],
    seeds: list[int],
    figures: FigureOf,
    data: dict[str, Any] | None = None,
) -> OpenedSweep:
    """Write two epochs of every network, the first without any accuracy; None is a network that failed."""
    parsed = NoiseClassExperiment.model_validate({"step": QUICK, **experiment})
    store = SweepStore(path, parsed.fields())
    config = {
        "data": data or {"name": "mnist-sample"},
        "experiment": parsed.model_dump(mode="json"),
        "seeds": seeds,
    }
    store.folder.write_record(
        RunRecord(name=path.name, kind="sweep", state=State.FINISHED, config=config, versions={})
    )
    for name, parts in parsed.extras().items():
        store.folder.write_extra(name, pa.concat_tables(parts))
    for unit, rows in _units(parsed, seeds, figures):
        failed = len(rows) == 1
        store.write_unit(unit.name, rows, FAILED if failed else FINISHED, "made up" if failed else None)
    return open_sweep(OpenedRun(RunFolder(path)))


def made_up(experiment: dict[str, Any], seeds: list[int], figures: FigureOf) -> Results:
    """Return the results of such a sweep without writing it."""
    parsed = NoiseClassExperiment.model_validate({"step": QUICK, **experiment})
    rows = [
        {**row, "outcome": FAILED if len(rows) == 1 else FINISHED}
        for _, rows in _units(parsed, seeds, figures)
        for row in rows
    ]
    return Results.of(parsed, pd.DataFrame(rows))


def _units(
    experiment: NoiseClassExperiment, seeds: list[int], figures: FigureOf
) -> Iterator[tuple[Unit, list[dict[str, Any]]]]:
    """Yield every unit with its rows; of one that failed the first alone."""
    empty = dict.fromkeys((name for name, _ in experiment.fields()), 0.0)
    for setting in (setting for stage in experiment.stages() for setting in stage):
        for seed in seeds:
            unit = Unit(setting, seed)
            found = figures(unit)
            names = {"setting": setting.label, "seed": seed, "loss": 1.0, "seconds": 0.1}
            rows = [{**names, **empty, "epoch": 1}]
            yield unit, rows if found is None else [*rows, {**names, **found, "epoch": 2}]


@pytest.fixture
def sweep(tmp_path: Path) -> WriteSweep:
    """Write and open a sweep: ``sweep(experiment, seeds, figures)``."""
    return lambda experiment, seeds, figures: write_sweep(tmp_path / "made-up", experiment, seeds, figures)


def same(accuracy: float, noise: float = np.nan) -> Figures:
    """Return figures of a network of which only the accuracy, and perhaps N, matters."""
    return {
        "test_accuracy": accuracy,
        "correct_confidence": 0.7,
        "wrong_confidence": 0.5,
        "wrong_truth": 0.2,
        "noise": noise,
    }
