"""Sweeps of any keys written straight into a folder, with scores that the tests make up: nothing is run."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from outvoted.actors.runs.run_folder import RunFolder, RunRecord, State
from outvoted.actors.sweeps.tuned_store import FAILED, FINISHED, STOPPED, TrialRow, TrialScore, TunedStore
from outvoted.analysis.opened.opened import OpenedRun
from outvoted.analysis.tuning.points import Point

MINE: Mapping[str, Any] = {
    "data": {"name": "mnist-sample"},
    "search": {"per_target": 50, "seed": 0, "strategy": {"kind": "hillclimb"}, "patience": 250},
}
KEYS: Mapping[str, Any] = {
    "search.patience": {"grid": [50, 100, 250, 1000]},
    "search.strategy": {"choice": ["hillclimb", "gradient", "genetic"]},
    "search.strategy.step": {"uniform": [0.1, 1], "when": {"search.strategy": "gradient"}},
    "panel.training.learning_rate": {"log_uniform": [0.0001, 0.1]},
    "panel.networks.*.hidden": {"randint": [5, 50]},
}
"""A key of each sort, one of which holds in some trials only."""
TWO = ("mistakes_per_1000", "validity")

Values = dict[str, Any]
ScoresOf = Callable[[Values], Mapping[str, float]]


def drawn(count: int, seed: int = 0) -> list[Values]:
    """Draw points of `KEYS`."""
    random = np.random.default_rng(seed)
    found = list[Values]()
    for _ in range(count):
        point: Values = {
            "search.patience": int(random.choice([50, 100, 250, 1000])),
            "search.strategy": str(random.choice(["hillclimb", "gradient", "genetic"])),
        }
        if point["search.strategy"] == "gradient":
            point["search.strategy.step"] = float(random.uniform(0.1, 1))
        point["panel.training.learning_rate"] = float(10 ** random.uniform(-4, -1))
        found.append({**point, "panel.networks.*.hidden": int(random.integers(5, 51))})
    return found


def likely(point: Values) -> dict[str, float]:
    """Make up what trials at points of `KEYS` give: it depends on patience and on the strategy."""
    patience, strategy = point.get("search.patience", 250), point.get("search.strategy", "hillclimb")
    factor = {"hillclimb": 1.0, "gradient": 1.6 + point.get("search.strategy.step", 0), "genetic": 1.3}
    found = 2.0 * factor[strategy] + 3 * math.log10(patience)
    return {TWO[0]: found, TWO[1]: 1.0 - 0.012 * math.log10(patience) - 0.004 * factor[strategy]}


def row(number: int, point: Values, scores: Mapping[str, float], seeds: Sequence[int] = ()) -> TrialRow:
    """Return a trial that went to its end, with a run for each seed."""
    name = f"trial-{number:04d}"
    runs = [f"{name}-seed-{seed}" for seed in seeds] or [name]
    each = [
        TrialScore(measure, run, value, None, None, 250) for measure, value in scores.items() for run in runs
    ]
    whole = [
        TrialScore(
            measure, None, value, 0.97 * value, min(1.03 * value, 1) if value < 1 else 1.03 * value, 250
        )
        for measure, value in scores.items()
    ]
    return TrialRow(number, Point.of(point).text, FINISHED, None, None, 4, 4, 1.5, (*each, *whole))


def stopped(trial: TrialRow, milestones: int = 1) -> TrialRow:
    """Return a trial that was stopped early."""
    return replace(trial, outcome=STOPPED, reason="its interval can no longer win", milestones=milestones)


def failed(trial: TrialRow, reason: str = "OutvotedError: made up") -> TrialRow:
    """Return a trial that failed, without scores."""
    return replace(trial, outcome=FAILED, reason=reason, milestones=0, scores=())


def repeated(trial: TrialRow, of: TrialRow) -> TrialRow:
    """Return a trial with the point of an earlier one."""
    return replace(trial, point=of.point, same_as=of.number, seconds=0.0, scores=of.scores)


def write_sweep(
    path: Path,
    trials: Sequence[TrialRow],
    vary: Mapping[str, Any] = KEYS,
    objectives: Sequence[Any] = TWO,
    state: State = State.FINISHED,
    figures: Mapping[str, Any] | None = None,
    **config: Any,
) -> OpenedRun:
    """Write a sweep's record and trials, and open it; ``config`` are further keys of its configuration."""
    store = TunedStore(path)
    for trial in trials:
        store.write(trial)
    values = {
        "mine": dict(MINE),
        "vary": dict(vary),
        "objectives": [one if isinstance(one, dict) else {"measure": one} for one in objectives],
        "constraints": [],
        "seed": 0,
        "trials": len(trials),
        **config,
    }
    record = RunRecord(
        name=path.name, kind="tune", state=state, config=values, versions={}, figures=dict(figures or {})
    )
    RunFolder(path).write_record(record)
    return OpenedRun(RunFolder(path))


def usual(path: Path, count: int = 60, **options: Any) -> OpenedRun:
    """Write a sweep of `KEYS` in which a few trials failed, were stopped or repeat others."""
    trials = [row(k, point, likely(point)) for k, point in enumerate(drawn(count))]
    for k in range(count):
        if k % 17 == 5:
            trials[k] = failed(trials[k])
        elif k % 11 == 7:
            trials[k] = stopped(trials[k])
        elif k % 23 == 22:
            trials[k] = repeated(trials[k], trials[0])
    return write_sweep(path, trials, **options)
